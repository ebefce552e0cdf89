//! Training: turns a configuration into a model, in memory or in a directory that grows with the run.

pub mod directory;
pub mod fleet;
pub mod metrics;
pub mod run;
pub mod trainer;

pub use directory::RunDirectory;
pub use fleet::Fleet;
pub use run::{Backend, Event, Finished, Progress, Run, run};
pub use trainer::Trainer;
