//! Runs in directories: started or resumed, trained on the CPU or side by side on a GPU, and saved as they progress.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use meva::config::Config;
//! use meva::training::{self, Backend, Event, Run};
//! # let scratch = tempfile::tempdir().unwrap();
//! # let runs = scratch.path();
//!
//! let mut config = Config::preset("logistic")?;
//! for change in ["hidden=16", "batch=8", "outer=3"] {
//!     config.set(change)?;
//! }
//! let run = Run::new(&config, runs.join("a"))?;
//! let report = |event: Event| {
//!     if let Event::Iteration(progress) = event {
//!         println!("{} of {}: loss {}", progress.iteration, progress.outer, progress.loss);
//!     }
//! };
//! let interrupt = AtomicBool::new(false); // may be set at any time, by any thread
//! for finished in training::run(vec![run], &Backend::Cpu, report, &interrupt)? {
//!     let finished = finished?;
//!     assert_eq!(finished.iterations, 3);
//!     assert!(finished.directory.file("model.safetensors").exists());
//! }
//! # Ok::<(), meva::error::Error>(())
//! ```

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use meva_core::choice;
use meva_core::game::GameName;

use super::directory::{CONFIG, EVALUATION, Lock, METRICS, PREVIOUS, RunDirectory, STATE};
use super::evaluation;
use super::metrics::MetricsLog;
use super::trainer::Trainer;
use crate::config::Config;
use crate::cpu::WIDTH;
use crate::cpu::team::Team;
use crate::error::{Error, Result};
use crate::files::{MOST_NUMBERS, read_text};
use crate::gpu::{Gpu, Memory, Plan, device};
use crate::model::Model;
use crate::model::tensors::TensorFile;
use crate::ranks::Ranks;

pub(super) mod side_by_side;

/// How often the model and the state are saved, unless [`Run::save_every`] says otherwise.
const SAVE_EVERY: Duration = Duration::from_secs(10);
/// Rows of `metrics.csv` in a run.
const LOGGED: usize = 200;
/// The columns of the metrics after the step: the mean loss since the previous row, and how long the run has been
/// trained for, by all processes.
const COLUMNS: [&str; 2] = ["loss", "seconds"];

/// What trains runs. A run does not record its backend and can be resumed on another one.
#[derive(Clone)]
#[non_exhaustive]
pub enum Backend {
    /// Vector instructions and threads; as many runs at once as it takes to keep the threads busy.
    Cpu,
    /// A device with a Vulkan, Metal or DirectX 12 driver. It trains its runs side by side, so they may differ only in
    /// their seeds.
    Gpu(Arc<Gpu>),
    /// The ranks of an MPI job.
    Ranks(OnRanks),
}

/// How the ranks of an MPI job train runs.
#[derive(Clone)]
pub struct OnRanks {
    /// The ranks; this is rank 0.
    pub(super) ranks: Arc<Ranks>,
    /// What trains runs on this rank; the others have one with the same name.
    pub(super) own: Box<Backend>,
    /// The adapter that was asked for, for all of them.
    pub(super) adapter: Option<String>,
    /// What is spread over them.
    pub(super) parallel: Parallel,
}

impl OnRanks {
    /// Ranks that train with the backend of this name, on this adapter if there is one. Is called on rank 0.
    ///
    /// # Errors
    /// As [`Backend::open`], or the backend cannot share a batch.
    pub fn new(ranks: &Arc<Ranks>, name: &str, adapter: Option<&str>, parallel: Parallel) -> Result<Self> {
        if parallel == Parallel::Batch && name != Backend::Cpu.name() {
            return Err(Error::usage("only the CPU engine shares a batch among ranks")
                .at("--parallel batch")
                .hint("with --engine gpu, ranks share runs: --parallel runs"));
        }
        Ok(OnRanks {
            own: Box::new(Backend::open_on(ranks, name, adapter)?),
            ranks: Arc::clone(ranks),
            adapter: adapter.map(str::to_owned),
            parallel,
        })
    }
}

/// What is shared among the ranks of an MPI job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parallel {
    /// Runs: each is trained by one rank.
    Runs,
    /// The batch: all ranks train one run after the other.
    Batch,
}

choice! { Parallel, "way to share work":
    Runs = "runs",
    Batch = "batch",
}

impl Backend {
    /// The names that [`Backend::open`] accepts.
    pub const NAMES: [&str; 2] = ["cpu", "gpu"];

    /// The backend with this name. On a GPU, `adapter` selects an adapter by index, name or part of the name; without
    /// it, the best one is used.
    ///
    /// ```
    /// use meva::training::Backend;
    /// assert_eq!(Backend::open("cpu", None)?.name(), "cpu");
    /// let error = Backend::open("tpu", None).err().unwrap();
    /// assert_eq!(error.to_string(), "unknown backend `tpu`\n  hint: use cpu or gpu");
    /// # Ok::<(), meva::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// There is no such backend, adapter or driver.
    pub fn open(name: &str, adapter: Option<&str>) -> Result<Self> {
        match (name, adapter) {
            ("cpu", None) => Ok(Backend::Cpu),
            ("cpu", Some(_)) => Err(Error::usage("the CPU engine has no adapter")
                .at("--adapter")
                .hint("add --engine gpu")),
            ("gpu", adapter) => Ok(Backend::Gpu(Gpu::open(adapter)?.with_cache(None).into())),
            _ => Err(Error::usage(format!("unknown backend `{name}`")).hint("use cpu or gpu")),
        }
    }

    /// The backend with this name of one of the ranks of an MPI job. Without an `adapter`, the ranks of a host take different
    /// ones as long as there are enough.
    ///
    /// # Errors
    /// As [`Backend::open`].
    pub fn open_on(ranks: &Ranks, name: &str, adapter: Option<&str>) -> Result<Self> {
        if name != "gpu" || adapter.is_some() {
            return Backend::open(name, adapter);
        }
        let (adapters, _) = device::list();
        let every = || 0..adapters.len();
        let hardware: Vec<usize> = every().filter(|index| !adapters[*index].is_software()).collect();
        let choice = if hardware.is_empty() {
            every().collect()
        } else {
            hardware
        };
        let own = choice.get(ranks.on_host().0 % choice.len().max(1));
        Backend::open(name, own.map(usize::to_string).as_deref())
    }

    /// Checks that this many runs like that of the trainer can be trained, before anything is allocated for them.
    ///
    /// # Errors
    /// The machine or the device cannot hold them, or the backend cannot train them.
    pub fn check(&self, trainer: &Trainer, runs: usize) -> Result<()> {
        match self {
            Backend::Cpu => {
                let threads = rayon::current_num_threads();
                trainer.room_for(at_once(trainer.config().batch, threads).min(runs))
            }
            Backend::Gpu(gpu) => {
                let config = trainer.config();
                let plan = Plan::of(config, runs)?.on(gpu);
                Memory::of(&plan, config.updates_per_outer(), gpu.binds()).map(drop)
            }
            Backend::Ranks(OnRanks { ranks, own, .. }) => own.check(trainer, runs.div_ceil(ranks.size())),
        }
    }

    /// The device of this process, if it trains on one.
    pub fn gpu(&self) -> Option<&Arc<Gpu>> {
        match self {
            Backend::Cpu => None,
            Backend::Gpu(gpu) => Some(gpu),
            Backend::Ranks(OnRanks { own, .. }) => own.gpu(),
        }
    }

    /// Its name: `cpu` or `gpu`.
    pub fn name(&self) -> &'static str {
        match self {
            Backend::Cpu => "cpu",
            Backend::Gpu(_) => "gpu",
            Backend::Ranks(OnRanks { own, .. }) => own.name(),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Backend({self})")
    }
}

/// A run that is ready to be trained: a trainer and the directory that it is saved in.
pub struct Run {
    trainer: Trainer,
    directory: RunDirectory,
    _lock: Lock,
    log: MetricsLog,
    save_every: Duration,
    /// How the run is evaluated as it goes, if it is.
    evaluations: Option<Evaluations>,
    /// The outer iteration of the state in the directory, if that is whole.
    saved: Option<usize>,
    /// Seconds that earlier processes trained it for.
    before: f64,
    /// Its index among the runs that are trained together.
    index: usize,
    /// Outer iterations done before this process took over.
    first: usize,
    start: Instant,
    /// Sum and number of the losses since the last row of metrics.
    tally: (f64, u32),
    /// The loss of the last row.
    loss: f64,
}

impl Run {
    /// A new run in a new directory.
    ///
    /// # Errors
    /// As [`Trainer::new`], [`RunDirectory::create`] and [`Run::begin`].
    pub fn new(config: &Config, path: impl Into<PathBuf>) -> Result<Self> {
        // Everything that may be rejected comes first, so that no directory is left behind.
        let trainer = Trainer::new(config)?;
        Run::begin(trainer, RunDirectory::create(path)?)
    }

    /// The run stored in a directory, continued from where it was last saved.
    ///
    /// # Errors
    /// As [`RunDirectory::open`], [`RunDirectory::lock`], [`saved`] and [`Run::go_on`].
    pub fn resume(path: impl Into<PathBuf>) -> Result<Self> {
        Run::resume_with(path, |_| Ok(()))
    }

    /// As [`Run::resume`], with a change to the trainer, such as [`Trainer::set_outer`] to make the run longer.
    ///
    /// # Errors
    /// As [`Run::resume`], and those of the change.
    pub fn resume_with(path: impl Into<PathBuf>, change: impl FnOnce(&mut Trainer) -> Result<()>) -> Result<Self> {
        Run::of_directory(RunDirectory::open(path)?, change)
    }

    /// As [`Run::resume_with`], in a directory that is open.
    pub(super) fn of_directory(
        directory: RunDirectory,
        change: impl FnOnce(&mut Trainer) -> Result<()>,
    ) -> Result<Self> {
        let lock = directory.lock()?;
        let mut trainer = saved(&directory)?;
        change(&mut trainer)?;
        Run::continued(trainer, directory, lock)
    }

    /// The same run, as one of several that are trained together.
    pub(super) fn with_index(self, index: usize) -> Self {
        Run { index, ..self }
    }

    /// Starts a run: writes the configuration, empty metrics and the state before the first outer iteration.
    ///
    /// # Errors
    /// They cannot be written, or there is a run in the directory.
    pub fn begin(trainer: Trainer, directory: RunDirectory) -> Result<Self> {
        let lock = directory.lock()?;
        // Another process may have been faster.
        RunDirectory::create(directory.path())?;
        directory.write_atomically(CONFIG, trainer.config().to_toml()?.as_bytes())?;
        let log = MetricsLog::create(&directory, METRICS, &COLUMNS)?;
        let mut run = Run::of(trainer, directory, lock, log);
        run.save()?;
        Ok(run)
    }

    /// Continues a run from the state of its trainer, usually one from [`saved`]: later metrics are dropped.
    ///
    /// # Errors
    /// Another process trains it, its configuration is damaged or another one than the trainer's, or something cannot be
    /// read or written.
    pub fn go_on(trainer: Trainer, directory: RunDirectory) -> Result<Self> {
        let lock = directory.lock()?;
        Run::continued(trainer, directory, lock)
    }

    fn continued(trainer: Trainer, directory: RunDirectory, lock: Lock) -> Result<Self> {
        if directory.file(CONFIG).exists() {
            same_run(&directory, trainer.config())?;
        } else {
            log::warn!(
                "{CONFIG} was missing in `{}`: it is written anew",
                directory.path().display()
            );
        }
        // The state first: it says how long the run is, and if it cannot be written nothing has changed.
        let state = trainer.state()?;
        let found = TensorFile::load(&directory.file(STATE)).ok();
        if found.as_ref() != Some(&state) {
            let model = trainer.model_file()?.to_bytes()?;
            directory.save(&model, &state.to_bytes()?, found.is_some())?;
        }
        directory.write_atomically(CONFIG, trainer.config().to_toml()?.as_bytes())?;
        let log = MetricsLog::resume(&directory, METRICS, &COLUMNS, trainer.iteration() as u64 + 1)?;
        let before = seconds(&directory)?;
        Ok(Run {
            before,
            saved: Some(trainer.iteration()),
            ..Run::of(trainer, directory, lock, log)
        })
    }

    fn of(trainer: Trainer, directory: RunDirectory, lock: Lock, log: MetricsLog) -> Self {
        Run {
            index: 0,
            first: trainer.iteration(),
            trainer,
            directory,
            _lock: lock,
            log,
            save_every: SAVE_EVERY,
            evaluations: None,
            saved: None,
            before: 0.0,
            start: Instant::now(),
            tally: (0.0, 0),
            loss: f64::NAN,
        }
    }

    /// The same run, saved this often while it is trained; by default every ten seconds.
    #[must_use]
    pub fn save_every(self, period: Duration) -> Self {
        Run {
            save_every: period,
            ..self
        }
    }

    /// How often it is saved.
    pub(super) fn saved_every(&self) -> Duration {
        self.save_every
    }

    /// The same run, trained by a team of which this process is the one that saves it.
    pub(super) fn join(mut self, team: Arc<dyn Team>) -> Self {
        self.trainer.join(team);
        self
    }

    /// The same run, with the model evaluated after every `period` outer iterations, and at the end: see [`evaluation`]. The
    /// scores are rows of `evaluation.csv`, and [events](Event::Evaluation). On a GPU an evaluation waits until the iterations
    /// that the device has been given are done.
    ///
    /// # Errors
    /// The period is 0, the game is custom, or the table cannot be written or has other columns.
    pub fn evaluate_every(mut self, period: usize) -> Result<Self> {
        if period == 0 {
            return Err(Error::usage("0 is no number of outer iterations").hint("evaluate after every 1 or more"));
        }
        let config = self.trainer.config();
        config.any_game()?;
        let is_logistic = config.game == GameName::Logistic.into();
        let names = evaluation::names(is_logistic, config.algorithm);
        let columns: Vec<&str> = names.iter().map(String::as_str).collect();
        let next = self.trainer.iteration() as u64 + 1;
        let log = MetricsLog::resume(&self.directory, EVALUATION, &columns, next)?;
        self.evaluations = Some(Evaluations {
            period,
            names,
            log,
            last: self.trainer.iteration(),
        });
        Ok(self)
    }

    /// What trains it on the CPU.
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    /// The directory that it is saved in.
    pub fn directory(&self) -> &RunDirectory {
        &self.directory
    }

    /// Records the loss of an outer iteration, after which `iteration` iterations are done.
    fn note(&mut self, iteration: usize, loss: f64, watch: &Watch) -> Result<()> {
        let (outer, seed) = (self.trainer.config().outer, self.trainer.config().seed);
        let elapsed = self.start.elapsed();
        self.tally = (self.tally.0 + loss, self.tally.1 + 1);
        if iteration.is_multiple_of(outer.div_ceil(LOGGED)) || iteration == outer {
            self.loss = self.tally.0 / f64::from(self.tally.1);
            self.tally = (0.0, 0);
            let seconds = self.before + elapsed.as_secs_f64();
            self.log.append(iteration as u64, &[self.loss, seconds])?;
        }
        (watch.report)(Event::Iteration(Progress {
            run: self.index,
            seed,
            first: self.first,
            iteration,
            outer,
            loss: if self.loss.is_nan() { loss } else { self.loss },
            latest: loss,
            elapsed,
        }));
        Ok(())
    }

    /// Whether the model is to be evaluated once `iteration` outer iterations are done.
    fn is_due(&self, iteration: usize) -> bool {
        let is_last = iteration == self.trainer.config().outer;
        self.evaluations
            .as_ref()
            .is_some_and(|each| iteration > each.last && (is_last || iteration / each.period > each.last / each.period))
    }

    /// Evaluates the model of the trainer.
    fn evaluate(&mut self, watch: &Watch) -> Result<()> {
        let (iteration, config) = (self.trainer.iteration(), self.trainer.config());
        let (seed, outer, loss) = (config.seed, config.outer, self.loss);
        let Some(each) = &mut self.evaluations else {
            return Ok(());
        };
        let scores = evaluation::scores(&self.trainer.model())?;
        each.log.append(iteration as u64, &scores)?;
        each.last = iteration;
        let named: Vec<(String, f64)> = each.names.iter().cloned().zip(scores).collect();
        let progress = Progress {
            run: self.index,
            seed,
            first: self.first,
            iteration,
            outer,
            loss,
            latest: loss,
            elapsed: self.start.elapsed(),
        };
        (watch.report)(Event::Evaluation(progress, &named));
        Ok(())
    }

    /// Trains the run to its end on the CPU, whatever happens to other runs.
    pub(super) fn train(mut self, watch: &Watch) -> Result<Finished> {
        self.start = Instant::now();
        let mut saved = Instant::now();
        while !watch.interrupted() {
            match self.trainer.next() {
                None => break,
                Some(Ok(loss)) => {
                    let iteration = self.trainer.iteration();
                    self.note(iteration, f64::from(loss), watch)?;
                    if self.is_due(iteration) {
                        self.evaluate(watch)?;
                    }
                }
                Some(Err(error)) => {
                    self.save()?;
                    return Err(error.at(self.directory.path().display()));
                }
            }
            if saved.elapsed() > self.save_every {
                self.save()?;
                saved = Instant::now();
            }
        }
        self.save()?;
        Ok(self.end())
    }

    fn end(mut self) -> Finished {
        if self.tally.1 > 0 {
            self.loss = self.tally.0 / f64::from(self.tally.1);
        }
        let iterations = self.trainer.iteration();
        Finished {
            clipped: self.trainer.clipped(),
            model: self.trainer.model(),
            directory: self.directory,
            iterations,
            loss: self.loss,
            seconds: self.start.elapsed().as_secs_f64(),
            interrupted: iterations < self.trainer.config().outer,
        }
    }

    /// Saves the run, unless what is in the directory is as far.
    fn save(&mut self) -> Result<()> {
        let iteration = self.trainer.iteration();
        if self.saved != Some(iteration) {
            let (model, state) = (
                self.trainer.model_file()?.to_bytes()?,
                self.trainer.state()?.to_bytes()?,
            );
            self.directory.save(&model, &state, self.saved.is_some())?;
            self.saved = Some(iteration);
        }
        Ok(())
    }
}

/// An error if the configuration in a directory is damaged, or differs from that of the run in more than its length.
fn same_run(directory: &RunDirectory, config: &Config) -> Result<()> {
    let path = directory.file(CONFIG);
    let written = directory.config().map_err(|error| {
        let what = error.to_string().lines().next().unwrap_or_default().to_owned();
        Error::files(format!("{CONFIG} is damaged: {what}"))
            .hint("delete it: the state holds the configuration too, and the file is written anew")
    })?;
    match written.difference(&Config { outer: written.outer, ..config.clone() }) {
        None => Ok(()),
        Some(key) => Err(Error::files(format!("{CONFIG} differs from the run's state in `{key}`"))
            .at(path.display())
            .hint("a run keeps its configuration: put the old value back, or delete the file, which is then written anew")),
    }
}

/// How a run is evaluated as it goes.
struct Evaluations {
    /// After how many outer iterations.
    period: usize,
    /// The names of the scores.
    names: Vec<String>,
    log: MetricsLog,
    /// The outer iteration of the last evaluation.
    last: usize,
}

/// The outcome of a run.
#[non_exhaustive]
pub struct Finished {
    /// The directory that it is saved in.
    pub directory: RunDirectory,
    /// The trained model.
    pub model: Model,
    /// Total number of outer iterations, including those of earlier processes.
    pub iterations: usize,
    /// Mean loss since the second-to-last row of metrics; NaN if this process ran no outer iteration.
    pub loss: f64,
    /// How long this process trained it.
    pub seconds: f64,
    /// Whether it was interrupted before its last outer iteration.
    pub interrupted: bool,
    /// How many gradients were clipped, in all processes together.
    pub clipped: u64,
}

/// What happens while runs are trained.
#[non_exhaustive]
pub enum Event<'a> {
    /// A run has completed another outer iteration.
    Iteration(Progress),
    /// A run was evaluated: its scores by name.
    Evaluation(Progress, &'a [(String, f64)]),
    /// The run with this index has ended or diverged; its last good state is saved.
    End(usize, &'a Result<Finished>),
}

/// The progress of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Its index among the runs that are trained together.
    pub run: usize,
    /// Its seed.
    pub seed: u64,
    /// Outer iterations done before this process took over.
    pub first: usize,
    /// Outer iterations so far.
    pub iteration: usize,
    /// Outer iterations of the whole run.
    pub outer: usize,
    /// Mean loss in the last row of metrics; before the first row, the loss of this outer iteration.
    pub loss: f64,
    /// The loss of this outer iteration.
    pub latest: f64,
    /// How long this process has trained it.
    pub elapsed: Duration,
}

/// Who receives events, and who says when to stop.
pub(super) struct Watch<'a> {
    pub(super) report: &'a (dyn Fn(Event<'_>) + Sync),
    pub(super) interrupt: &'a AtomicBool,
}

impl Watch<'_> {
    pub(super) fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }
}

/// How many runs with such batches are trained at once on so many threads of the CPU: enough to keep them busy. Where groups
/// of trajectories and threads cannot be paired off, one more, whose groups fill the gaps.
///
/// ```
/// use meva::training::run::at_once;
/// assert_eq!(at_once(128, 2), 1, "two groups");
/// assert_eq!(at_once(64, 2), 2);
/// assert_eq!(at_once(192, 2), 2, "alone, every second round would leave a thread idle");
/// ```
pub fn at_once(batch: usize, threads: usize) -> usize {
    let groups = batch.div_ceil(WIDTH).max(1);
    let paired = groups.is_multiple_of(threads) || threads.is_multiple_of(groups);
    (threads / groups).max(1) + usize::from(!paired)
}

/// How often a run is saved: this many seconds.
///
/// # Errors
/// The number is negative, NaN or too large for a time.
pub fn period(seconds: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|error| {
        Error::usage(format!("a period of {seconds} s: {error}")).hint("give a number of seconds, such as 10")
    })
}

/// The name of a run, by what distinguishes it from others: `PRESET-seed-N`, or the game's name if there is no preset.
pub fn name(config: &Config) -> String {
    let preset = config.preset.as_deref().unwrap_or(config.game.name());
    format!("{preset}-seed-{}", config.seed)
}

/// The training stored in a run directory, as it was last saved. If the last state is damaged or missing, the one before
/// it is taken, with a note; if nothing has been saved yet, the training that the configuration describes, with a note if
/// something should have been.
///
/// # Errors
/// The states are damaged or are no training states, or there are none and the configuration is not valid.
pub fn saved(directory: &RunDirectory) -> Result<Trainer> {
    Ok(stored(directory)?.noted())
}

/// What a run directory holds.
pub(super) struct Stored {
    pub(super) trainer: Trainer,
    /// What the user should know of it.
    note: Option<String>,
}

impl Stored {
    /// The trainer, once the user has been told what there is to know of it.
    fn noted(self) -> Trainer {
        if let Some(note) = self.note {
            log::warn!("{note}");
        }
        self.trainer
    }
}

/// As [`saved`], telling nothing.
pub(super) fn stored(directory: &RunDirectory) -> Result<Stored> {
    let [last, previous] = [STATE, PREVIOUS].map(|name| directory.file(name));
    if !last.exists() && !previous.exists() {
        // A run that has metrics was started, and then there was a state.
        let note = directory.file(METRICS).exists().then(|| {
            format!(
                "nothing was saved in `{}` yet: the run starts from its configuration",
                directory.path().display()
            )
        });
        let trainer = Trainer::new(&directory.config()?)?;
        return Ok(Stored { trainer, note });
    }
    let read = |path: &PathBuf| Trainer::resume(&TensorFile::load(path)?).map_err(|error| error.at(path.display()));
    let whole = |trainer| Stored { trainer, note: None };
    read(&last).map(whole).or_else(|error| {
        // The last error is the one to tell.
        let trainer = read(&previous).map_err(|_| error.clone())?;
        let note = format!(
            "{error}\nnote: the state before it is whole: the run goes on from outer iteration {}",
            trainer.iteration()
        );
        Ok(Stored {
            trainer,
            note: Some(note),
        })
    })
}

/// The last row of a run's metrics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logged {
    /// Outer iterations that were done: all of them if the run is finished.
    pub step: usize,
    /// The mean loss since the row before.
    pub loss: f64,
    /// Seconds of training, in all processes together.
    pub seconds: f64,
}

/// The last row of a run's metrics; `None` if there is none.
///
/// # Errors
/// The metrics cannot be read.
pub fn logged(directory: &RunDirectory) -> Result<Option<Logged>> {
    let path = directory.file(METRICS);
    if !path.exists() {
        return Ok(None);
    }
    let text = read_text(&path, MOST_NUMBERS)?;
    let row = |line: &str| {
        let mut cells = line.split(',');
        Some((cells.next()?.parse().ok()?, cells.next()?.parse().ok()?))
    };
    let seconds = seconds(directory)?;
    let last = text.lines().skip(1).filter_map(row).last();
    Ok(last.map(|(step, loss)| Logged { step, loss, seconds }))
}

/// How many seconds a run was trained for according to its metrics, in all processes together.
///
/// # Errors
/// The metrics cannot be read.
pub fn seconds(directory: &RunDirectory) -> Result<f64> {
    let text = read_text(&directory.file(METRICS), MOST_NUMBERS)?;
    let rows = text.lines().skip(1).filter_map(|row| row.rsplit(',').next());
    let (mut before, mut last) = (0.0, 0.0);
    for seconds in rows.filter_map(|seconds| seconds.parse::<f64>().ok()) {
        // In older files each process starts its clock at 0.
        if seconds < last {
            before += last;
        }
        last = seconds;
    }
    Ok(before + last)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::schedule::run;
    use super::*;
    use crate::error::assert_says;

    fn config(seed: u64, changes: &[&str]) -> Config {
        let mut config = Config::preset("logistic").unwrap();
        for change in [&["hidden=16", "batch=1", "steps=4", "stride=4", "outer=3"], changes].concat() {
            config.set(change).unwrap();
        }
        Config { seed, ..config }
    }

    /// Evaluations come when they are due and at the end, leave the run's bits alone, and go on where the run does.
    #[test]
    fn runs_are_evaluated_as_they_go() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        let train = |run: Run| {
            let told = Mutex::new(Vec::new());
            let report = |event: Event| {
                if let Event::Evaluation(progress, scores) = event {
                    assert_eq!(scores.len(), 3);
                    told.lock().unwrap().push(progress.iteration);
                }
            };
            let results =
                super::super::schedule::run(vec![run], &Backend::Cpu, report, &AtomicBool::new(false)).unwrap();
            assert!(results.iter().all(Result::is_ok));
            told.into_inner().unwrap()
        };
        let new = |name: &str| Run::new(&config(1, &["outer=5"]), at(name)).unwrap();
        assert_eq!(train(new("watched").evaluate_every(2).unwrap()), [2, 4, 5]);
        assert!(train(new("alone")).is_empty());
        let state = |name: &str| std::fs::read(at(name).join(STATE)).unwrap();
        assert!(state("watched") == state("alone"));
        let rows = |name: &str| {
            let text = std::fs::read_to_string(at(name).join(EVALUATION)).unwrap();
            let numbers = text.lines().map(|line| line.split(',').next().unwrap().to_owned());
            numbers.collect::<Vec<String>>()
        };
        assert_eq!(rows("watched"), ["step", "2", "4", "5"]);
        let longer = Run::resume_with(at("watched"), |trainer| {
            trainer.set_outer(8);
            Ok(())
        });
        assert_eq!(train(longer.unwrap().evaluate_every(3).unwrap()), [6, 8]);
        assert_eq!(rows("watched"), ["step", "2", "4", "5", "6", "8"]);
        assert_says(
            new("none").evaluate_every(0).map(drop),
            &["0 is no number of outer iterations"],
        );
    }

    #[test]
    fn results_come_in_order_and_every_outer_iteration_is_told() {
        let scratch = tempfile::tempdir().unwrap();
        let runs = (0..5).map(|seed| Run::new(&config(seed, &[]), scratch.path().join(seed.to_string())));
        let told = Mutex::new(vec![(0, false); 5]);
        let report = |event: Event| match event {
            Event::Iteration(progress) => {
                let mut told = told.lock().unwrap();
                let (iterations, ended) = &mut told[progress.run];
                *iterations += 1;
                assert_eq!(progress.iteration, *iterations);
                assert_eq!((progress.seed, progress.outer), (progress.run as u64, 3));
                assert!(!*ended);
            }
            Event::Evaluation(..) => panic!("nobody asked for it"),
            Event::End(run, result) => {
                assert!(result.is_ok());
                told.lock().unwrap()[run].1 = true;
            }
        };
        let runs = runs.collect::<Result<_>>().unwrap();
        let results = run(runs, &Backend::Cpu, report, &AtomicBool::new(false)).unwrap();
        for (seed, finished) in results.into_iter().enumerate() {
            let finished = finished.unwrap();
            assert_eq!(finished.model.config().seed, seed as u64);
            assert_eq!((finished.iterations, finished.interrupted), (3, false));
            assert_eq!(saved(&finished.directory).unwrap().iteration(), 3);
            assert!(seconds(&finished.directory).unwrap() <= finished.seconds);
        }
        assert_eq!(told.into_inner().unwrap(), [(3, true); 5]);
    }

    #[test]
    fn a_run_that_is_interrupted_goes_on_to_the_same_bits() {
        let scratch = tempfile::tempdir().unwrap();
        let of = |name: &str| scratch.path().join(name);
        let interrupt = AtomicBool::new(false);
        let stop = |event: Event| {
            if let Event::Iteration(Progress { iteration: 2, .. }) = event {
                interrupt.store(true, Ordering::Relaxed);
            }
        };
        let first = Run::new(&config(0, &[]), of("a")).unwrap();
        let stopped = run(vec![first], &Backend::Cpu, stop, &interrupt).unwrap().remove(0);
        let stopped = stopped.unwrap();
        assert_eq!((stopped.iterations, stopped.interrupted), (2, true));

        let runs = vec![
            Run::resume(of("a")).unwrap(),
            Run::new(&config(0, &[]), of("b")).unwrap(),
        ];
        let results = run(runs, &Backend::Cpu, |_| {}, &AtomicBool::new(false)).unwrap();
        let numbers = results.into_iter().map(|finished| {
            let directory = finished.unwrap().directory;
            saved(&directory).unwrap().numbers()
        });
        let [resumed, whole] = numbers.collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(resumed, whole);
    }

    #[test]
    fn a_run_that_diverges_leaves_the_others_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let run_with = |changes: &[&str], name: &str| Run::new(&config(0, changes), scratch.path().join(name)).unwrap();
        let runs = vec![run_with(&["eta=1e30"], "a"), run_with(&[], "b")];
        let mut results = run(runs, &Backend::Cpu, |_| {}, &AtomicBool::new(false)).unwrap();
        assert_eq!(results.pop().unwrap().unwrap().iterations, 3);
        let diverged = results.pop().unwrap().map(drop);
        assert_eq!(diverged.as_ref().unwrap_err().exit_code(), 4);
        assert_says(diverged, &["diverged in outer iteration 1", "(", "a)"]);
        let kept = saved(&RunDirectory::open(scratch.path().join("a")).unwrap()).unwrap();
        assert_eq!(kept.iteration(), 1);
    }

    #[test]
    fn what_is_refused_leaves_no_directory() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a");
        assert!(Run::new(&config(0, &["hidden=17"]), &path).is_err());
        assert!(!path.exists());
    }

    #[test]
    fn a_clock_that_starts_again_adds_up() {
        let scratch = tempfile::tempdir().unwrap();
        let directory = RunDirectory::create(scratch.path().join("a")).unwrap();
        directory
            .write_atomically(
                METRICS,
                b"step,loss,seconds\n1,0.5,2.0\n2,0.5,3.5\n3,0.5,1.0\n4,0.5,2.5\n",
            )
            .unwrap();
        assert_eq!(seconds(&directory), Ok(6.0));
    }
}
