//! `meva train`: from a preset or a configuration file to a run directory.

use std::fmt::Write as _;
use std::fs;
use std::io::IsTerminal;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::{Outcome, interrupted, listen_to_ctrl_c, print};
use meva::config::{Algorithm, Config};
use meva::cpu::Cpu;
use meva::cpu::WIDTH;
use meva::error::{Error, Kind, Result};
use meva::follow::plane::{Grid, ascent, basin, count};
use meva::follow::{Agent, Learner};
use meva::gpu::Gpu;
use meva::model::MODEL;
use meva::model::Model;
use meva::model::tensors::TensorFile;
use meva::paper::drawing;
use meva::paper::figures::{Content, Figure, Panel};
use meva::training::directory::{CONFIG, METRICS, RunDirectory, STATE};
use meva::training::fleet::{Fleet, diverged};
use meva::training::metrics::MetricsLog;
use meva::training::trainer::Trainer;
use meva_core::game::PlaneGame;

/// Train a model. Without --out, runs/PRESET-seed-N is made.
#[derive(Debug, Args)]
pub struct Train {
    /// A preset's name or a TOML file
    #[arg(value_name = "PRESET|CONFIG", required_unless_present = "resume")]
    what: Option<String>,
    /// Seed of every random draw
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Train one model for each seed from A up to, not including, B
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Option<Range<u64>>,
    /// Change a key of the configuration; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The run directory; with --seeds, what holds one for each seed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Continue the run of this directory, to the same bits; --set outer=N makes it longer, and a falling learning rate
    /// follows the new length
    #[arg(long, value_name = "DIR", conflicts_with_all = ["what", "seed", "seeds", "out", "print_config"])]
    resume: Option<PathBuf>,
    /// Where to compute; a GPU trains the models of --seeds side by side
    #[arg(long, value_enum, default_value_t = Engine::Cpu)]
    engine: Engine,
    /// The adapter that --engine gpu uses, as `meva devices` lists them
    #[arg(long, value_name = "NAME|INDEX")]
    adapter: Option<String>,
    /// Print the complete configuration and stop
    #[arg(long)]
    print_config: bool,
    /// Print one JSON object per run
    #[arg(long)]
    json: bool,
}

/// What computes a training; runs do not remember it and can be resumed by the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// Vector instructions and threads.
    Cpu,
    /// WGSL on any adapter with a Vulkan, Metal or DirectX 12 driver.
    Gpu,
}

/// A range of seeds, as options take it.
pub(super) fn seeds(text: &str) -> std::result::Result<Range<u64>, String> {
    let parsed = text
        .split_once("..")
        .and_then(|(a, b)| Some(a.parse().ok()?..b.parse().ok()?));
    match parsed {
        Some(range) if range.start < range.end => Ok(range),
        _ => Err("write two numbers, the first below the second, as in 0..8".to_string()),
    }
}

/// How often the model and the state are written.
const SAVE_EVERY: Duration = Duration::from_secs(10);
/// How often a line is printed where there is no terminal.
const PRINT_EVERY: Duration = Duration::from_secs(5);
/// Rows of `metrics.csv` in a run.
const LOGGED: usize = 200;
/// What a finished run of the Logistic Game is shown for: discounts, or lengths of COLA's imagined step.
fn settings(algorithm: Algorithm) -> &'static [f64] {
    match algorithm {
        Algorithm::Meva => &[0.0, 0.5, 0.8, 0.9, 0.95, 0.99],
        Algorithm::Cola => &[0.0, 1.0, 2.0, 5.0, 10.0],
    }
}

impl Train {
    pub(super) fn run(&self) -> Result<Outcome> {
        if let Some(path) = &self.resume {
            return self.resume(path);
        }
        let configs = self.configs()?;
        if self.print_config {
            print(&configs[0].to_toml()?)?;
            return Ok(Outcome::Done);
        }
        let gpu = self.gpu()?;
        let several = self.seeds.is_some();
        let trainers = configs.iter().map(Trainer::new).collect::<Result<Vec<Trainer>>>()?;
        // All of them before anything is written: one that is taken must not leave the others half made.
        let directories = configs
            .iter()
            .map(|config| self.create_directory(config, several))
            .collect::<Result<Vec<RunDirectory>>>()?;
        let runs = trainers
            .into_iter()
            .zip(directories)
            .map(|(trainer, directory)| Run::begin(trainer, directory))
            .collect::<Result<Vec<Run>>>()?;
        self.train(runs, gpu.as_ref())
    }

    fn resume(&self, path: &Path) -> Result<Outcome> {
        let gpu = self.gpu()?;
        let directory = RunDirectory::open(path)?;
        let mut trainer = saved(&directory)?;
        for assignment in &self.set {
            match assignment.split_once('=') {
                Some((key, _)) if key.trim() == "outer" => {
                    let mut config = trainer.config().clone();
                    config.set(assignment)?;
                    config.validate()?;
                    trainer.set_outer(config.outer);
                }
                _ => {
                    return Err(Error::usage("a run that is resumed keeps its configuration")
                        .at(format!("--set {assignment}"))
                        .hint("only outer can change; start a new run for anything else"));
                }
            }
        }
        if trainer.iteration() >= trainer.config().outer {
            return Err(
                Error::usage(format!("the run has {} outer iterations already", trainer.iteration()))
                    .at(path.display())
                    .hint("make it longer with --set outer=N"),
            );
        }
        self.train(vec![Run::go_on(trainer, directory)?], gpu.as_ref())
    }

    /// The device, if one is wanted.
    fn gpu(&self) -> Result<Option<Arc<Gpu>>> {
        match (self.engine, &self.adapter) {
            (Engine::Gpu, adapter) => Ok(Some(Arc::new(Gpu::open(adapter.as_deref())?))),
            (Engine::Cpu, None) => Ok(None),
            (Engine::Cpu, Some(_)) => Err(Error::usage("the CPU engine has no adapter")
                .at("--adapter")
                .hint("add --engine gpu")),
        }
    }

    /// A configuration for each seed.
    fn configs(&self) -> Result<Vec<Config>> {
        let what = self.what.as_deref().unwrap_or_default();
        let path = Path::new(what);
        let mut config = if what.ends_with(".toml") || what.contains(std::path::MAIN_SEPARATOR) || path.is_file() {
            Config::load(path)?
        } else {
            Config::preset(what)?
        };
        for assignment in &self.set {
            config.set(assignment)?;
        }
        if let Some(seed) = self.seed {
            config.seed = seed;
        }
        config.validate()?;
        Ok(match self.seeds.clone() {
            None => vec![config],
            Some(seeds) => seeds.map(|seed| Config { seed, ..config.clone() }).collect(),
        })
    }

    fn create_directory(&self, config: &Config, several: bool) -> Result<RunDirectory> {
        match &self.out {
            Some(out) if several => RunDirectory::create(out.join(format!("seed-{}", config.seed))),
            Some(out) => RunDirectory::create(out.clone()),
            None => {
                let name = config.preset.clone().unwrap_or_else(|| config.game.name().to_string());
                let path = Path::new("runs").join(format!("{name}-seed-{}", config.seed));
                // A second run of the same name goes beside the first.
                let taken = |path: &Path| path.read_dir().is_ok_and(|mut entries| entries.next().is_some());
                let mut candidates = std::iter::once(path.clone())
                    .chain((2..).map(|n| PathBuf::from(format!("{}-{n}", path.display()))));
                RunDirectory::create(candidates.find(|path| !taken(path)).unwrap_or(path))
            }
        }
    }

    fn train(&self, runs: Vec<Run>, gpu: Option<&Arc<Gpu>>) -> Result<Outcome> {
        listen_to_ctrl_c()?;
        let results = match gpu {
            None => train_on_cpu(runs, |trained| self.show(trained)),
            Some(gpu) => train_side_by_side(gpu, runs)?
                .into_iter()
                .map(|trained| trained.and_then(|trained| self.show(&trained).map(|()| trained.outcome)))
                .collect(),
        };
        let mut outcome = Outcome::Done;
        let mut failed = None;
        for result in results {
            match result {
                Ok(Outcome::Done) => {}
                Ok(other) => outcome = other,
                // All but the last are told here, that one by whoever ends the program.
                Err(error) => {
                    if let Some(before) = failed.replace(error) {
                        eprintln!("error: {before}");
                    }
                }
            }
        }
        failed.map_or(Ok(outcome), Err)
    }

    /// Prints what a run came to.
    fn show(&self, run: &Trained) -> Result<()> {
        let config = run.model.config();
        let basins = run.basins()?;
        if let Some(basins) = &basins {
            let panel = |(learner, cells): &Basin| Panel {
                title: learner.title(),
                content: Content::Basins {
                    grid: Grid::PUBLISHED,
                    cells: cells.clone(),
                },
            };
            let figure = Figure::of(basins.iter().map(panel).collect(), 120.0);
            drawing::save(&figure, &run.directory.file("basins.svg"))?;
        }
        if self.json {
            let mut value = json!({
                "directory": run.directory.path(),
                "preset": config.preset,
                "seed": config.seed,
                "outer": run.iterations,
                "loss": run.loss,
                "seconds": run.seconds,
                "interrupted": matches!(run.outcome, Outcome::Interrupted),
            });
            if let Some(basins) = &basins {
                value["cells_in_b"] = basins
                    .iter()
                    .map(|(learner, cells)| json!({ (learner.setting_name()): learner.setting(), "cells": count(cells) }))
                    .collect::<Value>();
            }
            return print(&value.to_string());
        }
        let mut text = format!(
            "seed {}: {} outer iterations in {:.1} s, loss {:.5}; model in {}\n",
            config.seed,
            run.iterations,
            run.seconds,
            run.loss,
            run.directory.path().display()
        );
        if let Some(basins) = basins {
            let cells = Grid::PUBLISHED.side * Grid::PUBLISHED.side;
            let _ = write!(text, "starts that lead to B, of {cells}:");
            for (learner, cells) in &basins {
                let (name, setting) = (learner.setting_name(), learner.setting());
                let _ = write!(text, "  {} at {name} {setting}", count(cells));
            }
            text.push('\n');
        }
        if matches!(run.outcome, Outcome::Interrupted) {
            let _ = writeln!(
                text,
                "interrupted; continue with: meva train --resume {}",
                run.directory.path().display()
            );
        }
        print(&text)
    }
}

/// A learner, and for each cell of the published grid whether it leads to B.
type Basin = (Learner, Vec<bool>);

/// The columns of the metrics beside the step: the loss since the row before, and how long this process has trained.
const COLUMNS: [&str; 2] = ["loss", "seconds"];

/// A run under way.
pub(super) struct Run {
    trainer: Trainer,
    directory: RunDirectory,
    log: MetricsLog,
    start: Instant,
    /// Sum and number of the losses since the last row of metrics.
    tally: (f64, u32),
    /// The loss of the last row.
    loss: f64,
}

/// A run that has ended.
pub(super) struct Trained {
    directory: RunDirectory,
    model: Model,
    iterations: usize,
    loss: f64,
    seconds: f64,
    outcome: Outcome,
}

/// The training that a run directory keeps.
pub(super) fn saved(directory: &RunDirectory) -> Result<Trainer> {
    Trainer::resume(&TensorFile::load(&directory.file(STATE))?)
        .map_err(|error| error.at(directory.file(STATE).display()))
}

/// How many seconds a run was trained for, resumptions included, as its metrics tell.
pub(super) fn seconds(directory: &RunDirectory) -> Result<f64> {
    let path = directory.file(METRICS);
    let text = fs::read_to_string(&path).map_err(|cause| Error::io("read", &path, &cause))?;
    let rows = text.lines().skip(1).filter_map(|row| row.rsplit(',').next());
    let (mut before, mut last) = (0.0, 0.0);
    for seconds in rows.filter_map(|seconds| seconds.parse::<f64>().ok()) {
        // A process starts its clock at 0.
        if seconds < last {
            before += last;
        }
        last = seconds;
    }
    Ok(before + last)
}

impl Run {
    /// A run from its start, in a directory that is made.
    pub(super) fn begin(trainer: Trainer, directory: RunDirectory) -> Result<Self> {
        directory.write_atomically(CONFIG, trainer.config().to_toml()?.as_bytes())?;
        let log = MetricsLog::create(&directory, &COLUMNS)?;
        Ok(Run::new(trainer, directory, log))
    }

    /// A run from where it was [saved].
    pub(super) fn go_on(trainer: Trainer, directory: RunDirectory) -> Result<Self> {
        directory.write_atomically(CONFIG, trainer.config().to_toml()?.as_bytes())?;
        let log = MetricsLog::resume(&directory, &COLUMNS, trainer.iteration() as u64 + 1)?;
        Ok(Run::new(trainer, directory, log))
    }

    fn new(trainer: Trainer, directory: RunDirectory, log: MetricsLog) -> Self {
        Run {
            trainer,
            directory,
            log,
            start: Instant::now(),
            tally: (0.0, 0),
            loss: f64::NAN,
        }
    }

    /// Takes down the loss of the outer iteration that makes them `iteration`.
    fn note(&mut self, iteration: usize, loss: f64, progress: &mut Progress) -> Result<()> {
        let outer = self.trainer.config().outer;
        self.tally = (self.tally.0 + loss, self.tally.1 + 1);
        if iteration.is_multiple_of(outer.div_ceil(LOGGED)) || iteration == outer {
            self.loss = self.tally.0 / f64::from(self.tally.1);
            self.tally = (0.0, 0);
            let seconds = self.start.elapsed().as_secs_f64();
            self.log.append(iteration as u64, &[self.loss, seconds])?;
        }
        progress.show(iteration, if self.loss.is_nan() { loss } else { self.loss });
        Ok(())
    }

    fn train(mut self, bars: &MultiProgress) -> Result<Trained> {
        let (outer, seed) = (self.trainer.config().outer, self.trainer.config().seed);
        let mut progress = Progress::new(bars, seed, outer, self.trainer.iteration());
        let mut saved = Instant::now();
        self.start = Instant::now();
        while self.trainer.iteration() < outer && !interrupted() {
            let loss = match self.trainer.outer_iteration() {
                Ok(loss) => f64::from(loss),
                Err(error) => {
                    self.save()?;
                    return Err(error.at(self.directory.path().display()));
                }
            };
            self.note(self.trainer.iteration(), loss, &mut progress)?;
            if saved.elapsed() > SAVE_EVERY {
                self.save()?;
                saved = Instant::now();
            }
        }
        self.save()?;
        progress.finish();
        Ok(self.end())
    }

    fn end(mut self) -> Trained {
        if self.tally.1 > 0 {
            self.loss = self.tally.0 / f64::from(self.tally.1);
        }
        let (iterations, outer) = (self.trainer.iteration(), self.trainer.config().outer);
        Trained {
            model: self.trainer.model(),
            directory: self.directory,
            iterations,
            loss: self.loss,
            seconds: self.start.elapsed().as_secs_f64(),
            outcome: if iterations < outer {
                Outcome::Interrupted
            } else {
                Outcome::Done
            },
        }
    }

    fn save(&self) -> Result<()> {
        self.directory
            .write_atomically(MODEL, &self.trainer.model_file()?.to_bytes()?)?;
        self.directory
            .write_atomically(STATE, &self.trainer.state()?.to_bytes()?)
    }
}

/// How many runs with such batches are trained at once: as many as there are cores to fill.
pub(super) fn at_once(batch: usize) -> usize {
    (rayon::current_num_threads() / batch.div_ceil(WIDTH)).max(1)
}

/// Trains the runs, [several at once](at_once), and shows each when it ends.
pub(super) fn train_on_cpu(runs: Vec<Run>, show: impl Fn(&Trained) -> Result<()> + Sync) -> Vec<Result<Outcome>> {
    let at_once = runs
        .first()
        .map_or(1, |run| at_once(run.trainer.config().batch))
        .min(runs.len());
    let bars = MultiProgress::new();
    let queue = Mutex::new(runs.into_iter());
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    // Bound first, so that the lock is not held while a run is trained.
                    let next = queue.lock().ok().and_then(|mut runs| runs.next());
                    let Some(run) = next else { break };
                    let result = run
                        .train(&bars)
                        .and_then(|trained| show(&trained).map(|()| trained.outcome));
                    if let Ok(mut results) = results.lock() {
                        results.push(result);
                    }
                }
            });
        }
    });
    results.into_inner().unwrap_or_default()
}

/// Trains all runs at once on a device. A run that diverges ends with an error of its own.
///
/// Trainers hold what was fetched from the device last, so whatever fails, what they save is whole.
fn train_side_by_side(gpu: &Arc<Gpu>, mut runs: Vec<Run>) -> Result<Vec<Result<Trained>>> {
    let trainers: Vec<&Trainer> = runs.iter().map(|run| &run.trainer).collect();
    let mut fleet = Fleet::new(gpu, &trainers)?;
    let Some(outer) = trainers.first().map(|trainer| trainer.config().outer) else {
        return Ok(Vec::new());
    };
    let bars = MultiProgress::new();
    let mut progress: Vec<Progress> = trainers
        .iter()
        .map(|trainer| Progress::new(&bars, trainer.config().seed, outer, trainer.iteration()))
        .collect();
    let mut ended: Vec<Option<Error>> = runs.iter().map(|_| None).collect();
    let mut saved = Instant::now();
    while fleet.iteration() < outer && !interrupted() && ended.iter().any(Option::is_none) {
        let first = fleet.iteration();
        let losses = match fleet.advance(outer - first) {
            Ok(losses) => losses,
            Err(error) => {
                runs.iter().try_for_each(Run::save)?;
                return Err(error.at(runs[0].directory.path().display()));
            }
        };
        for (iteration, losses) in (first + 1..).zip(losses) {
            for (index, run) in runs
                .iter_mut()
                .enumerate()
                .filter(|(index, _)| ended[*index].is_none())
                .collect::<Vec<_>>()
            {
                if losses[index].is_finite() {
                    run.note(iteration, f64::from(losses[index]), &mut progress[index])?;
                } else {
                    let error = diverged(iteration, &format!("the loss is {}", losses[index]));
                    ended[index] = Some(error.at(run.directory.path().display()));
                }
            }
        }
        if saved.elapsed() > SAVE_EVERY || fleet.iteration() == outer || interrupted() {
            for (index, run) in runs.iter_mut().enumerate() {
                if ended[index].is_none() {
                    match fleet.store(index, &mut run.trainer) {
                        Err(error) if error.kind() == Kind::Diverged => ended[index] = Some(error),
                        result => result.map_err(|error| error.at(run.directory.path().display()))?,
                    }
                }
                run.save()?;
            }
            saved = Instant::now();
        }
    }
    progress.iter().for_each(Progress::finish);
    let ends = runs.into_iter().zip(ended);
    Ok(ends
        .map(|(run, error)| error.map_or_else(|| Ok(run.end()), Err))
        .collect())
}

impl Trained {
    /// For the Logistic Game, the basins at each of the [`settings`].
    fn basins(&self) -> Result<Option<Vec<Basin>>> {
        let config = self.model.config();
        let Some(game @ PlaneGame::Logistic) = self.model.game() else {
            return Ok(None);
        };
        let cpu = Cpu::detect()?;
        let ascent = ascent(Some(&self.model), 200);
        let cells = |&setting: &f64| {
            let learner = Learner::of(&self.model, setting);
            let agents = Agent::both(learner, Some(&self.model))?;
            Ok((learner, basin(agents, game, cpu, Grid::PUBLISHED, ascent)))
        };
        let basins = settings(config.algorithm).iter().map(cells);
        basins.collect::<Result<_>>().map(Some)
    }
}

/// A bar on a terminal, a line now and then elsewhere; on stderr.
struct Progress {
    bar: Option<ProgressBar>,
    seed: u64,
    outer: usize,
    first: usize,
    start: Instant,
    printed: Instant,
}

impl Progress {
    fn new(bars: &MultiProgress, seed: u64, outer: usize, first: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len}  {msg}  {eta} left")
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=> ");
            let bar = bars
                .add(ProgressBar::new(outer as u64))
                .with_prefix(format!("seed {seed}"))
                .with_style(style);
            bar.set_position(first as u64);
            bar.reset_eta();
            bar
        });
        Progress {
            bar,
            seed,
            outer,
            first,
            start: Instant::now(),
            printed: Instant::now(),
        }
    }

    fn show(&mut self, iteration: usize, loss: f64) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("loss {loss:.5}"));
            bar.set_position(iteration as u64);
        } else if self.printed.elapsed() > PRINT_EVERY {
            let each = self.start.elapsed().as_secs_f64() / (iteration - self.first) as f64;
            let left = each * (self.outer - iteration) as f64;
            eprintln!(
                "seed {}: {iteration}/{}, loss {loss:.5}, {left:.0} s left",
                self.seed, self.outer
            );
            self.printed = Instant::now();
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An adapter; without one the test says so and passes, but with `CI=true` in the environment it fails.
    fn gpu() -> Option<Gpu> {
        match Gpu::open(None) {
            Ok(gpu) => Some(gpu),
            Err(error) => {
                assert!(
                    std::env::var("CI").as_deref() != Ok("true"),
                    "CI must have a driver: {error}"
                );
                println!("SKIPPED, not tested: {error}");
                None
            }
        }
    }

    /// A run of one trajectory: of several the engines add gradients in another order.
    fn config() -> Config {
        let mut config = Config::preset("logistic").unwrap();
        for change in ["hidden=16", "batch=1", "steps=4", "stride=2", "outer=2"] {
            config.set(change).unwrap();
        }
        config
    }

    fn begin(path: PathBuf) -> Run {
        Run::begin(Trainer::new(&config()).unwrap(), RunDirectory::create(path).unwrap()).unwrap()
    }

    fn go_on(path: &Path, outer: usize) -> Run {
        let directory = RunDirectory::open(path).unwrap();
        let mut trainer = saved(&directory).unwrap();
        trainer.set_outer(outer);
        Run::go_on(trainer, directory).unwrap()
    }

    /// Trains to the end and gives all numbers of the state that is then in the directory.
    fn finish(gpu: Option<&Arc<Gpu>>, run: Run) -> Vec<u32> {
        let directory = run.directory.clone();
        match gpu {
            Some(gpu) => drop(train_side_by_side(gpu, vec![run]).unwrap().remove(0).unwrap()),
            None => drop(run.train(&MultiProgress::new()).unwrap()),
        }
        let numbers = saved(&directory).unwrap().numbers();
        numbers.iter().map(|number| number.to_bits()).collect()
    }

    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for name in [CONFIG, METRICS, MODEL, STATE] {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }

    /// A run of two outer iterations is made longer and fails on a device. It keeps the two; taken up from there by either
    /// engine, it ends like one that went on without a fault.
    ///
    /// The device cannot be made to fail from the command line, so this calls what `meva train --engine gpu` calls.
    fn a_fault_costs_no_run(faulty: Gpu, provoke: impl FnOnce(&Gpu, &Path) + Send, words: &str) {
        let gpu = Arc::new(gpu().unwrap());
        let scratch = tempfile::tempdir().unwrap();
        let of = |name: &str| scratch.path().join(name);
        let before = finish(Some(&gpu), begin(of("faulty")));
        for engine in ["cpu", "gpu"] {
            copy(&of("faulty"), &of(&format!("whole-{engine}")));
        }

        let (faulty, path) = (Arc::new(faulty), of("faulty"));
        let error = std::thread::scope(|scope| {
            scope.spawn(|| provoke(&faulty, &path));
            train_side_by_side(&faulty, vec![go_on(&path, 20_000)]).err().unwrap()
        });
        let text = error.to_string();
        println!("{text}");
        assert_eq!(error.exit_code(), 1);
        let hint = "the last saved state is kept: continue with `meva train --resume DIR`";
        for part in ["the GPU failed: ", words, &*path.to_string_lossy(), hint] {
            assert!(text.contains(part), "{text}");
        }
        let kept = saved(&RunDirectory::open(&path).unwrap()).unwrap();
        assert_eq!(kept.iteration(), 2);
        let kept: Vec<u32> = kept.numbers().iter().map(|number| number.to_bits()).collect();
        assert_eq!(kept, before);

        for (engine, gpu) in [("cpu", None), ("gpu", Some(&gpu))] {
            let (resumed, whole) = (of(&format!("resumed-{engine}")), of(&format!("whole-{engine}")));
            copy(&path, &resumed);
            let resumed = finish(gpu, go_on(&resumed, 4));
            assert_ne!(resumed, before, "{engine}");
            assert_eq!(resumed, finish(gpu, go_on(&whole, 4)), "{engine}");
        }
    }

    #[test]
    fn a_lost_device_costs_no_run() {
        let Some(faulty) = gpu() else { return };
        // In the midst of training: once a row of metrics has been written.
        let provoke = |gpu: &Gpu, path: &Path| {
            let rows = || {
                fs::read_to_string(path.join(METRICS))
                    .unwrap_or_default()
                    .lines()
                    .count()
            };
            let start = Instant::now();
            while rows() <= 3 && start.elapsed() < Duration::from_secs(120) {
                std::thread::sleep(Duration::from_millis(5));
            }
            gpu.destroy();
        };
        a_fault_costs_no_run(faulty, provoke, "lost");
    }

    #[test]
    fn a_device_that_hangs_costs_no_run() {
        let Some(faulty) = gpu() else { return };
        let faulty = faulty.with_patience(Duration::ZERO);
        a_fault_costs_no_run(faulty, |_, _| {}, "no answer in 0ns");
    }
}
