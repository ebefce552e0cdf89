//! Training: a configuration becomes a model, in memory or in a directory of files that grows with the run.

pub mod directory;
pub mod fleet;
pub mod metrics;
pub mod run;
pub mod trainer;

pub use directory::RunDirectory;
pub use fleet::Fleet;
pub use run::{Backend, Event, Finished, Progress, Run, run};
pub use trainer::Trainer;
