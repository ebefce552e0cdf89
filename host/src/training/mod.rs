//! Training: turns a configuration into a model, in memory or in a directory that grows with the run.

pub mod directory;
pub mod evaluation;
pub mod fleet;
pub mod job;
pub mod log;
mod message;
pub mod metrics;
pub mod opponents;
pub mod run;
pub mod schedule;
pub mod trainer;

pub use directory::RunDirectory;
pub use fleet::Fleet;
pub use job::Job;
pub use run::{Backend, Event, Finished, Progress, Run};
pub use schedule::{run, run_each, serve};
pub use trainer::Trainer;
