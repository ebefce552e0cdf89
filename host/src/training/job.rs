//! Jobs: runs that wait in their directories until somebody is free to train them. A job takes no memory for its training
//! until it starts.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use meva::config::Config;
//! use meva::training::{self, Backend, Event, Job};
//! # let scratch = tempfile::tempdir().unwrap();
//! # let runs = scratch.path();
//!
//! let mut config = Config::preset("logistic")?;
//! for change in ["hidden=16", "batch=8", "outer=3"] {
//!     config.set(change)?;
//! }
//! let job = |seed: u64| Job::new(&config.with_seed(seed), runs.join(seed.to_string()));
//! let jobs = (0..8).map(job).collect::<meva::Result<Vec<Job>>>()?;
//! let report = |event: Event| {
//!     if let Event::End(index, Ok(finished)) = event {
//!         println!("job {index}: {} iterations, loss {}", finished.iterations, finished.loss);
//!     }
//! };
//! training::run_each(jobs, &Backend::Cpu, report, &AtomicBool::new(false))?;
//! assert!(runs.join("7").join("model.safetensors").exists());
//! # Ok::<(), meva::error::Error>(())
//! ```

use std::path::PathBuf;
use std::time::Duration;

use super::directory::{CONFIG, RunDirectory};
use super::run::{Run, stored};
use super::trainer::Trainer;
use crate::config::Config;
use crate::error::{Error, Result};

/// A run that is to be trained by whoever is free.
pub struct Job {
    config: Config,
    /// Outer iterations that are done already.
    iteration: usize,
    start: Start,
    /// After how many outer iterations it is evaluated, if it is.
    evaluate_every: Option<usize>,
}

/// How a job starts.
enum Start {
    /// It holds its trainer and its lock already.
    Made(Box<Run>),
    /// From its directory, which holds the configuration.
    Stored {
        directory: RunDirectory,
        save_every: Option<Duration>,
    },
}

impl From<Run> for Job {
    fn from(run: Run) -> Self {
        Job {
            config: run.trainer().config().clone(),
            iteration: run.trainer().iteration(),
            start: Start::Made(Box::new(run)),
            evaluate_every: None,
        }
    }
}

impl Job {
    /// A new run: makes its directory and writes the configuration into it.
    ///
    /// # Errors
    /// As [`Trainer::check`] and [`RunDirectory::create`], or the configuration cannot be written.
    pub fn new(config: &Config, path: impl Into<PathBuf>) -> Result<Self> {
        Trainer::check(config)?;
        let directory = RunDirectory::create(path)?;
        directory.write_atomically(CONFIG, config.to_toml()?.as_bytes())?;
        Ok(Job::stored(config.clone(), 0, directory))
    }

    /// What is left of the run in a directory, with `change`d configuration; `None` if that is nothing. Of the configuration
    /// only the length can change.
    ///
    /// # Errors
    /// As [`RunDirectory::open`] and [`super::run::saved`], or those of the change; or another process trains the run.
    pub fn resume(path: impl Into<PathBuf>, change: impl FnOnce(&mut Config) -> Result<()>) -> Result<Option<Self>> {
        let directory = RunDirectory::open(path)?;
        // Taken for a moment: a run that somebody trains is refused before any other starts.
        let _lock = directory.lock()?;
        let trainer = stored(&directory)?.trainer;
        let mut config = trainer.config().clone();
        change(&mut config)?;
        let iteration = trainer.iteration();
        Ok((iteration < config.outer).then(|| Job::stored(config, iteration, directory)))
    }

    /// The run of a configuration in a directory of its own: a new one, or what is left of it; `None` if that is nothing.
    ///
    /// # Errors
    /// As [`Job::new`] and [`Job::resume`], or there is a run of another configuration.
    pub fn of(config: &Config, path: impl Into<PathBuf>) -> Result<Option<Self>> {
        let path = path.into();
        if !path.join(CONFIG).exists() {
            return Job::new(config, path).map(Some);
        }
        let found = RunDirectory::open(&path)?.config()?;
        if let Some(key) = found.difference(config) {
            return Err(Error::files(format!(
                "`{}` was trained by another configuration: it differs in `{key}`",
                path.display()
            ))
            .hint("choose another directory with --out, or delete this one"));
        }
        Job::resume(path, |_| Ok(()))
    }

    /// A job that somebody else has made or resumed.
    pub(super) fn stored(config: Config, iteration: usize, directory: RunDirectory) -> Self {
        Job {
            config,
            iteration,
            start: Start::Stored {
                directory,
                save_every: None,
            },
            evaluate_every: None,
        }
    }

    /// The same job, saved this often while it is trained; by default every ten seconds.
    #[must_use]
    pub fn save_every(mut self, period: Duration) -> Self {
        self.start = match self.start {
            Start::Made(run) => Start::Made(Box::new(run.save_every(period))),
            Start::Stored { directory, .. } => Start::Stored {
                directory,
                save_every: Some(period),
            },
        };
        self
    }

    /// The same job, evaluated as [`Run::evaluate_every`] says; where ranks of an MPI job train it, it is not.
    #[must_use]
    pub fn evaluate_every(self, period: usize) -> Self {
        Job {
            evaluate_every: Some(period),
            ..self
        }
    }

    /// Outer iterations that are done already.
    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// What it trains.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where it is saved.
    pub fn directory(&self) -> &RunDirectory {
        match &self.start {
            Start::Made(run) => run.directory(),
            Start::Stored { directory, .. } => directory,
        }
    }

    /// How often it is saved, unless as by default.
    pub(super) fn saved_every(&self) -> Option<Duration> {
        match &self.start {
            Start::Made(run) => Some(run.saved_every()),
            Start::Stored { save_every, .. } => *save_every,
        }
    }

    /// Whether it can be trained side by side with another: they differ in their seeds alone.
    pub(super) fn is_like(&self, other: &Job) -> bool {
        self.iteration == other.iteration && self.config.with_seed(other.config.seed) == other.config
    }

    /// Makes what it takes to train it.
    pub(super) fn start(self, index: usize) -> Result<Run> {
        let run = match self.start {
            Start::Made(run) => *run,
            Start::Stored { directory, save_every } => {
                let lengthen = |trainer: &mut Trainer| {
                    trainer.set_outer(self.config.outer);
                    Ok(())
                };
                let run = Run::of_directory(directory, lengthen)?;
                match save_every {
                    Some(period) => run.save_every(period),
                    None => run,
                }
            }
        };
        let run = run.with_index(index);
        match self.evaluate_every {
            None => Ok(run),
            Some(period) => run.evaluate_every(period),
        }
    }
}
