//! Where the time of an update goes.

use std::fmt;
use std::time::Duration;

use super::stage::Stage;

/// The time of a stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StageTime {
    /// The stage.
    pub stage: Stage,
    /// Seconds per update, for all seeds together.
    pub seconds: f64,
    /// Floating-point operations of matrix products per update.
    pub operations: f64,
}

/// What a device's time was spent on.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The stages, in the order in which they run.
    pub stages: Vec<StageTime>,
    /// What the plan chose.
    pub choices: String,
    /// Whether the device took the times; otherwise stages were repeated and timed from outside.
    pub by_timestamps: bool,
    /// Seconds per update from one to the next, all included.
    pub update: f64,
    /// The longest that the device was given to do at once.
    pub longest_submission: Duration,
}

/// A table: a stage a line, then what an update takes as a whole.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.choices)?;
        writeln!(
            f,
            "{:<17} {:>13} {:>9} {:>9}",
            "stage", "ms per update", "GFLOP", "TFLOP/s"
        )?;
        for StageTime {
            stage,
            seconds,
            operations,
        } in &self.stages
        {
            write!(f, "{:<17} {:>13.4}", stage.name(), 1e3 * seconds)?;
            if *operations > 0.0 {
                write!(f, " {:>9.3} {:>9.3}", operations / 1e9, operations / seconds / 1e12)?;
            }
            writeln!(f)?;
        }
        let sum: f64 = self.stages.iter().map(|stage| stage.seconds).sum();
        writeln!(f, "{:<17} {:>13.4}", "all stages", 1e3 * sum)?;
        writeln!(f, "{:<17} {:>13.4}", "an update", 1e3 * self.update)?;
        writeln!(
            f,
            "times {}; longest submission {:.1} ms",
            if self.by_timestamps {
                "taken by the device"
            } else {
                "of repeated stages, by the clock"
            },
            1e3 * self.longest_submission.as_secs_f64()
        )
    }
}
