//! What ranks tell one another about runs: which to train, how far they are, and what came of them. Their files are in
//! directories that all ranks see.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::directory::RunDirectory;
use super::job::Job;
use super::run::{Finished, Progress};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::model::{MODEL, Model};

/// What to train, and on what.
#[derive(Serialize, Deserialize)]
pub struct Order {
    /// The name of the backend.
    pub engine: String,
    /// The adapter that was asked for.
    pub adapter: Option<String>,
    /// Side by side if there are several.
    pub jobs: Vec<Place>,
}

/// A job, by where it is.
#[derive(Serialize, Deserialize)]
pub struct Place {
    directory: String,
    /// How long it is, if not as long as its directory says.
    outer: usize,
    save_every: Option<Duration>,
}

impl Place {
    /// Where a job is. The job must not be held by this process any more.
    ///
    /// # Errors
    /// The directory's name is not Unicode.
    pub fn of(job: &Job) -> Result<Self> {
        let path = job.directory().path();
        // Ranks may have other working directories.
        let path = std::path::absolute(path).map_err(|cause| Error::io("find", path, cause))?;
        let directory = path.to_str().ok_or_else(|| {
            Error::files("the name of a run's directory cannot be sent to another rank: it is not Unicode")
                .at(path.display())
        })?;
        Ok(Place {
            directory: directory.to_owned(),
            outer: job.config().outer,
            save_every: job.saved_every(),
        })
    }

    /// The job.
    ///
    /// # Errors
    /// This rank does not see its directory, or cannot read it.
    pub fn job(&self) -> Result<Job> {
        let directory = self.directory()?;
        let config = Config {
            outer: self.outer,
            ..directory.config()?
        };
        let job = Job::stored(config, 0, directory);
        Ok(match self.save_every {
            Some(period) => job.save_every(period),
            None => job,
        })
    }

    /// Its directory.
    ///
    /// # Errors
    /// This rank does not see it.
    pub fn directory(&self) -> Result<RunDirectory> {
        RunDirectory::open(&self.directory).map_err(|error| {
            error.hint("all ranks must see the same directories: put runs on a file system that they share")
        })
    }

    /// Its length.
    pub fn outer(&self) -> usize {
        self.outer
    }
}

/// How far a run is, with its index in an order.
#[derive(Serialize, Deserialize)]
pub struct Far {
    run: usize,
    seed: u64,
    first: usize,
    iteration: usize,
    outer: usize,
    /// NaN is `None`.
    loss: Option<f64>,
    /// As `loss`.
    latest: Option<f64>,
    elapsed: Duration,
}

impl From<Progress> for Far {
    fn from(progress: Progress) -> Self {
        let Progress {
            run,
            seed,
            first,
            iteration,
            outer,
            loss,
            latest,
            elapsed,
        } = progress;
        Far {
            run,
            seed,
            first,
            iteration,
            outer,
            loss: Some(loss),
            latest: Some(latest),
            elapsed,
        }
    }
}

impl Far {
    /// The same, with the run's index among those of the whole job if the order's first one has index `start`.
    pub fn progress(self, start: usize) -> Progress {
        let Far {
            run,
            seed,
            first,
            iteration,
            outer,
            loss,
            latest,
            elapsed,
        } = self;
        Progress {
            run: start + run,
            seed,
            first,
            iteration,
            outer,
            loss: loss.unwrap_or(f64::NAN),
            latest: latest.unwrap_or(f64::NAN),
            elapsed,
        }
    }
}

/// What came of a run.
#[derive(Serialize, Deserialize)]
pub enum Outcome {
    /// It has ended; what was learned is in its directory.
    Ended {
        iterations: usize,
        /// NaN is `None`.
        loss: Option<f64>,
        seconds: f64,
        interrupted: bool,
        clipped: u64,
    },
    /// An error, as JSON.
    Failed(Value),
}

impl From<&Result<Finished>> for Outcome {
    fn from(result: &Result<Finished>) -> Self {
        match result {
            Ok(finished) => Outcome::Ended {
                iterations: finished.iterations,
                loss: Some(finished.loss),
                seconds: finished.seconds,
                interrupted: finished.interrupted,
                clipped: finished.clipped,
            },
            Err(error) => Outcome::Failed(error.json()),
        }
    }
}

impl Outcome {
    /// The outcome of the run in a directory.
    ///
    /// # Errors
    /// The run's own, or this rank cannot read what was learned.
    pub fn finished(self, directory: RunDirectory) -> Result<Finished> {
        match self {
            Outcome::Ended {
                iterations,
                loss,
                seconds,
                interrupted,
                clipped,
            } => Ok(Finished {
                model: Model::load(&directory.file(MODEL))?,
                directory,
                iterations,
                loss: loss.unwrap_or(f64::NAN),
                seconds,
                interrupted,
                clipped,
            }),
            Outcome::Failed(error) => Err(Error::of_json(&error)),
        }
    }
}
