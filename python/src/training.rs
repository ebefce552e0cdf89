//! Training into run directories, watched and interrupted from Python; and a trainer in memory.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use meva::Error;
use meva::training::log::Logs;
use meva::training::run::{name, period};
use meva::training::{self, Backend, Event, Finished, Job, Progress, Run, RunDirectory};

use crate::config::{dictionary, read};
use crate::error::{OrRaise, exception, of_panic};
use crate::model::{Model, Trained};
use crate::run::{STACK, compute, threads};

/// How often Python looks whether Ctrl-C was pressed.
const LOOK: Duration = Duration::from_millis(50);

/// Trains a preset or a configuration file, one run for each seed, or goes on with the run in `resume`.
///
/// `report` is called after every outer iteration; if it returns something true, or raises, or Ctrl-C is pressed, the runs are
/// saved and stop.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "they are named in Python")]
pub fn train<'py>(
    py: Python<'py>,
    what: &str,
    set: Vec<String>,
    seeds: Option<Vec<u64>>,
    out: Option<PathBuf>,
    resume: Option<PathBuf>,
    engine: &str,
    adapter: Option<&str>,
    save_every: f64,
    evaluate_every: Option<usize>,
    log: Option<PathBuf>,
    tensorboard: bool,
    report: Option<Py<PyAny>>,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let (runs, backend) = compute(py, || {
        let backend = Backend::open(engine, adapter)?;
        let period = period(save_every).map_err(|error| error.at("save_every"))?;
        let runs = match &resume {
            Some(path) => vec![resumed(path, &set)?],
            None => begun(what, &set, seeds.as_deref(), out.as_deref(), &backend)?,
        };
        let ready = |run: Run| match evaluate_every {
            None => Ok(run.save_every(period)),
            Some(every) => run
                .save_every(period)
                .evaluate_every(every)
                .map_err(|error| error.at("evaluate_every")),
        };
        Ok((runs.into_iter().map(ready).collect::<meva::Result<Vec<_>>>()?, backend))
    })?;
    let jobs: Vec<Job> = runs.into_iter().map(Job::from).collect();
    let logs = Logs::start(log.as_deref(), tensorboard, &jobs, &backend).or_raise(py)?;
    let results = supervise(py, jobs, &backend, logs, report)?;
    results
        .into_iter()
        .map(|result| result.or_raise(py).and_then(|finished| finished_run(py, finished)))
        .collect()
}

/// New runs, each in a directory of its own.
fn begun(
    what: &str,
    set: &[String],
    seeds: Option<&[u64]>,
    out: Option<&Path>,
    backend: &Backend,
) -> meva::Result<Vec<Run>> {
    let config = read(what, set)?;
    let configs: Vec<_> = match seeds {
        None => vec![config],
        Some([]) => return Err(Error::usage("there are no seeds").hint("give at least one, as in seeds=range(8)")),
        Some(seeds) => seeds.iter().map(|seed| config.with_seed(*seed)).collect(),
    };
    configs.iter().try_for_each(meva::Config::validate)?;
    let trainers = configs
        .iter()
        .map(meva::Trainer::new)
        .collect::<meva::Result<Vec<_>>>()?;
    backend.check(&trainers[0], trainers.len())?;
    // All directories are made before anything is written: one that is taken must not leave the others half made.
    let directories = configs
        .iter()
        .map(|config| match (out, seeds) {
            (Some(out), Some(_)) => RunDirectory::create(out.join(format!("seed-{}", config.seed))),
            (Some(out), None) => RunDirectory::create(out),
            (None, _) => RunDirectory::create(Path::new("runs").join(name(config))),
        })
        .collect::<meva::Result<Vec<_>>>()?;
    let runs = trainers
        .into_iter()
        .zip(directories)
        .map(|(trainer, directory)| Run::begin(trainer, directory));
    runs.collect()
}

/// A run that is continued, as long as `outer` says.
fn resumed(path: &Path, set: &[String]) -> meva::Result<Run> {
    Run::resume_with(path, |trainer| {
        for assignment in set {
            let mut config = trainer.config().clone();
            config.set(assignment)?;
            config.validate()?;
            trainer.set_outer(config.outer);
        }
        if trainer.iteration() < trainer.config().outer {
            return Ok(());
        }
        Err(
            Error::usage(format!("the run has {} outer iterations already", trainer.iteration()))
                .at(path.display())
                .hint("make it longer with outer=N"),
        )
    })
}

/// Trains on threads while this one waits for events and for Ctrl-C.
fn supervise(
    py: Python,
    jobs: Vec<Job>,
    backend: &Backend,
    logs: Logs,
    report: Option<Py<PyAny>>,
) -> PyResult<Vec<meva::Result<Finished>>> {
    let interrupt = AtomicBool::new(false);
    let (sender, mut events) = sync_channel::<Progress>(64);
    let mut failure = None;
    let results = std::thread::scope(|scope| {
        let interrupt = &interrupt;
        let work = move || {
            let logs = Mutex::new(logs);
            let tell = |event: Event| {
                if let Err(error) = logs.lock().unwrap_or_else(PoisonError::into_inner).report(&event) {
                    log::warn!("{error}");
                }
                if let Event::Iteration(progress) = event {
                    // Whoever no longer listens has been told to stop.
                    let _ = sender.send(progress);
                }
            };
            catch_unwind(AssertUnwindSafe(|| {
                threads()?;
                training::run(jobs, backend, tell, interrupt)
            }))
        };
        let worker = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let worker = worker.map_err(|error| exception(py, &Error::other(format!("cannot start a thread: {error}"))))?;
        loop {
            let listen = &mut events;
            match py.detach(move || listen.recv_timeout(LOOK)) {
                Ok(progress) if failure.is_none() => match tell(py, report.as_ref(), &progress) {
                    Ok(false) => {}
                    Ok(true) => interrupt.store(true, Ordering::Relaxed),
                    Err(error) => failure = Some(error),
                },
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if failure.is_none() {
                failure = py.check_signals().err();
            }
            if failure.is_some() {
                interrupt.store(true, Ordering::Relaxed);
            }
        }
        match py.detach(|| worker.join()) {
            Ok(Ok(results)) => results.or_raise(py),
            Ok(Err(panic)) | Err(panic) => Err(of_panic(py, &*panic)),
        }
    });
    match failure {
        Some(error) => Err(error),
        None => results,
    }
}

/// Tells Python of an outer iteration; true if it wants to stop.
fn tell(py: Python, report: Option<&Py<PyAny>>, progress: &Progress) -> PyResult<bool> {
    let Some(report) = report else { return Ok(false) };
    let Progress {
        run,
        seed,
        first,
        iteration,
        outer,
        loss,
        elapsed,
        ..
    } = *progress;
    report
        .bind(py)
        .call1((run, seed, first, iteration, outer, loss, elapsed.as_secs_f64()))?
        .is_truthy()
}

fn finished_run<'py>(py: Python<'py>, finished: Finished) -> PyResult<Bound<'py, PyDict>> {
    let path = finished.directory.path().to_path_buf();
    let model = compute(py, || meva::Model::file(&path).and_then(Trained::of_file))?;
    let run = PyDict::new(py);
    run.set_item("directory", finished.directory.path())?;
    run.set_item("config", dictionary(py, finished.model.config())?)?;
    run.set_item("model", Model(model))?;
    run.set_item("iterations", finished.iterations)?;
    run.set_item("loss", finished.loss)?;
    run.set_item("seconds", finished.seconds)?;
    run.set_item("interrupted", finished.interrupted)?;
    run.set_item("clipped", finished.clipped)?;
    Ok(run)
}

/// A training in memory: an iterator over the losses of its outer iterations.
#[pyclass(frozen, subclass, module = "meva")]
pub struct Trainer(Mutex<meva::Trainer>);

impl Trainer {
    fn with<T: Send>(
        &self,
        py: Python,
        work: impl FnOnce(&mut meva::Trainer) -> meva::Result<T> + Send,
    ) -> PyResult<T> {
        compute(py, || work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[pymethods]
impl Trainer {
    #[new]
    fn new(py: Python, what: &str, set: Vec<String>) -> PyResult<Self> {
        compute(py, || Ok(Trainer(Mutex::new(meva::Trainer::new(&read(what, &set)?)?))))
    }

    fn __iter__(slf: Bound<Self>) -> Bound<Self> {
        slf
    }

    fn __next__(&self, py: Python) -> PyResult<Option<f32>> {
        self.with(py, |trainer| trainer.next().transpose())
    }

    /// Outer iterations so far.
    #[getter]
    fn iteration(&self, py: Python) -> PyResult<usize> {
        self.with(py, |trainer| Ok(trainer.iteration()))
    }

    /// The model as it is now.
    fn model(&self, py: Python) -> PyResult<Model> {
        self.with(py, |trainer| trainer.model_file().and_then(Trained::of_file).map(Model))
    }

    /// The complete configuration.
    #[getter]
    fn config<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let config = self.with(py, |trainer| Ok(trainer.config().clone()))?;
        dictionary(py, &config)
    }
}
