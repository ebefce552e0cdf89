//! Training: a configuration becomes a model, in memory or in a directory of files that grows with the run.

pub mod directory;
pub mod fleet;
pub mod metrics;
pub mod trainer;

pub use fleet::Fleet;
pub use trainer::Trainer;
