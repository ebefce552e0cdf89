//! `meva train`: from a preset or a configuration file to a run directory.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use meva_core::game::PlaneGame;
use serde_json::{Value, json};

use super::drawing;
use super::options::{EngineOptions, at_least_one, diverged_in_part, period, seeds};
use super::progress::Bars;
use super::{INTERRUPTED, Outcome, listen_to_ctrl_c, path_json, print, tell};
use meva::config::sweep::BYTES_WAITING;
use meva::config::{Algorithm, Config};
use meva::cpu::Cpu;
use meva::error::{Error, Result};
use meva::follow::plane::{Basin, Grid, ascent, basin};
use meva::follow::{Agent, Learner};
use meva::limits::room_for;
use meva::model::Model;
use meva::paper::figures::{Content, Figure, Panel};
use meva::ranks::Ranks;
use meva::training::directory::{CONFIG, STATE};
use meva::training::fleet::Fleet;
use meva::training::log::{Logs, appended};
use meva::training::run;
use meva::training::{self, Backend, Event, Finished, Job, RunDirectory, Trainer};

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
    /// Continue the runs of these directories, or those in them, to the same bits; --set outer=N makes them longer, and a
    /// falling learning rate follows the new length
    #[arg(long, value_name = "DIR", num_args = 1.., conflicts_with_all = ["what", "seed", "seeds", "out", "print_config"])]
    resume: Option<Vec<PathBuf>>,
    #[command(flatten)]
    engine: EngineOptions,
    /// Before training on a GPU, print where the time of an update goes: milliseconds by stage, operations, and what was chosen
    /// for this many trajectories
    #[arg(long, conflicts_with = "resume")]
    profile: bool,
    /// Evaluate the model after every N outer iterations: shares of starts that lead to B, or returns in self-play, in
    /// evaluation.csv and in logs
    #[arg(long, value_name = "N")]
    evaluate_every: Option<usize>,
    /// Append what happens to this file, an object of JSON on each line: configuration, machine, losses, evaluations
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Write curves and pictures for TensorBoard into the run directory: `tensorboard --logdir runs`
    #[arg(long)]
    tensorboard: bool,
    /// How often the run is saved, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    save_every: f64,
    /// Print the complete configuration and stop
    #[arg(long)]
    print_config: bool,
    /// Print one JSON object per run
    #[arg(long)]
    json: bool,
}

/// The settings at which a finished run of the Logistic Game is shown: discounts, or lengths of COLA's imagined step.
fn settings(algorithm: Algorithm) -> &'static [f64] {
    match algorithm {
        Algorithm::Meva => &[0.0, 0.5, 0.8, 0.9, 0.95, 0.99],
        Algorithm::Cola => &[0.0, 1.0, 2.0, 5.0, 10.0],
    }
}

/// Says where the time of an update goes. The runs are left as they are.
fn profile(backend: &Backend, trainers: &[Trainer]) -> Result<()> {
    let Some(gpu) = backend.gpu() else {
        return Err(Error::usage("only a GPU's time is known by stage")
            .at("--profile")
            .hint("add --engine gpu, or use a profiler such as perf for the CPU engine"));
    };
    let trainers: Vec<&Trainer> = trainers.iter().collect();
    let profile = Fleet::new(gpu, &trainers)?.profile()?;
    eprint!("{}\n{profile}", gpu.description);
    Ok(())
}

impl Train {
    /// Whether the ranks of an MPI job share its work: a single run without several ranks is nobody else's.
    pub(super) fn is_shared(&self) -> bool {
        cfg!(feature = "mpi") || self.seeds.is_some() || self.resume.as_ref().is_some_and(|paths| paths.len() > 1)
    }

    pub(super) fn run(&self, ranks: Option<&Arc<Ranks>>) -> Result<Outcome> {
        if let Some(paths) = &self.resume {
            return self.resume(paths, ranks);
        }
        let (config, seeds) = self.config()?;
        if self.print_config {
            print(&config.to_toml()?)?;
            return Ok(Outcome::Done);
        }
        self.check_logs(ranks)?;
        let several = self.seeds.is_some();
        let count = usize::try_from(seeds.end - seeds.start).unwrap_or(usize::MAX);
        let backend = self.engine.backend(ranks, count, config.batch)?;
        let first = Trainer::new(&config)?;
        // What a run takes before it starts: its configuration and its name.
        let waiting = (count as u128).saturating_mul(BYTES_WAITING);
        room_for(waiting, &format!("--seeds {}..{}", seeds.start, seeds.end))?;
        backend.check(&first, count)?;
        drop(first);
        let configs: Vec<Config> = seeds.map(|seed| config.with_seed(seed)).collect();
        if self.profile {
            let trainers = configs.iter().map(Trainer::new).collect::<Result<Vec<Trainer>>>()?;
            profile(&backend, &trainers)?;
        }
        // Check all of them before anything is written: one that is taken must not leave the others half made.
        for config in &configs {
            RunDirectory::create(self.path(config, several))?;
        }
        let jobs = configs
            .iter()
            .map(|config| Job::new(config, self.path(config, several)))
            .collect::<Result<Vec<Job>>>()?;
        self.train(jobs, &backend)
    }

    /// Continues the runs in these directories, or in directories of these; of several, those that are finished are left alone.
    fn resume(&self, paths: &[PathBuf], ranks: Option<&Arc<Ranks>>) -> Result<Outcome> {
        self.check_logs(ranks)?;
        let mut runs = Vec::new();
        for path in paths {
            let inside = directories_of_runs(path)?;
            if inside.is_empty() {
                runs.push(path.clone());
            }
            runs.extend(inside);
        }
        let mut jobs = Vec::new();
        for path in &runs {
            match Job::resume(path, |config| self.lengthen(config))? {
                Some(job) => jobs.push(job),
                None if runs.len() == 1 => {
                    return Err(Error::usage("the run has all its outer iterations already")
                        .at(path.display())
                        .hint("make it longer with --set outer=N"));
                }
                None => {}
            }
        }
        let finished = runs.len() - jobs.len();
        if finished > 0 {
            eprintln!("note: {finished} of {} runs are finished already", runs.len());
        }
        let batch = jobs.iter().map(|job| job.config().batch).max().unwrap_or_default();
        let backend = self.engine.backend(ranks, jobs.len(), batch)?;
        self.train(jobs, &backend)
    }

    /// Makes a run that is resumed as long as `--set outer=N` says.
    fn lengthen(&self, config: &mut Config) -> Result<()> {
        for assignment in &self.set {
            match assignment.split_once('=') {
                Some((key, _)) if key.trim() == "outer" => {
                    config.set(assignment)?;
                }
                _ => {
                    return Err(Error::usage("a run that is resumed keeps its configuration")
                        .at(format!("--set {assignment}"))
                        .hint("only outer can change; start a new run for anything else"));
                }
            }
        }
        config.validate()
    }

    /// Finds out what would be in the way once runs have begun.
    fn check_logs(&self, ranks: Option<&Arc<Ranks>>) -> Result<()> {
        period(self.save_every)?;
        at_least_one(self.evaluate_every.unwrap_or(1), "--evaluate-every")?;
        if ranks.is_some() && self.evaluate_every.is_some() {
            return Err(Error::usage("the ranks of an MPI job do not evaluate what they train")
                .at("--evaluate-every")
                .hint("leave it out, or train without mpirun"));
        }
        self.log.as_deref().map_or(Ok(()), |path| appended(path).map(drop))
    }

    /// The configuration of the first run, and the seeds of all of them.
    fn config(&self) -> Result<(Config, Range<u64>)> {
        let what = self.what.as_deref().unwrap_or_default();
        let path = Path::new(what);
        let mut renamed = Vec::new();
        let mut config = if what.ends_with(".toml") || what.contains(std::path::MAIN_SEPARATOR) || path.is_file() {
            let (config, old) = Config::load_noting(path)?;
            renamed.extend(old);
            config
        } else {
            Config::preset(what)?
        };
        for assignment in &self.set {
            renamed.extend(config.set(assignment)?);
        }
        for name in renamed {
            eprintln!("note: {name}");
        }
        let single = self.seed.unwrap_or(config.seed);
        let seeds = self.seeds.clone().unwrap_or(single..single.saturating_add(1));
        config.seed = seeds.start;
        config.validate()?;
        config.with_seed(seeds.end - 1).validate()?;
        Ok((config, seeds))
    }

    fn path(&self, config: &Config, several: bool) -> PathBuf {
        match &self.out {
            Some(out) if several => out.join(format!("seed-{}", config.seed)),
            Some(out) => out.clone(),
            None => Path::new("runs").join(run::name(config)),
        }
    }

    fn train(&self, jobs: Vec<Job>, backend: &Backend) -> Result<Outcome> {
        listen_to_ctrl_c()?;
        let period = period(self.save_every)?;
        let ready = |job: Job| {
            let job = job.save_every(period);
            match self.evaluate_every {
                None => job,
                Some(every) => job.evaluate_every(every),
            }
        };
        let jobs: Vec<Job> = jobs.into_iter().map(ready).collect();
        let logs = Mutex::new(Logs::start(self.log.as_deref(), self.tensorboard, &jobs, backend)?);
        let (total, started) = (jobs.len(), AtomicUsize::new(0));
        let bars = Bars::default();
        let errors = Mutex::new(Vec::new());
        let report = |event: Event| {
            bars.report(&event);
            let mut found: Vec<Error> = locked(&logs).report(&event).err().into_iter().collect();
            if let Event::End(index, result) = event {
                started.fetch_add(1, Ordering::Relaxed);
                match result
                    .as_ref()
                    .map(|finished| (finished.iterations, self.show(finished)))
                {
                    Ok((step, Ok(Some(figure)))) if locked(&logs).has_boards() => {
                        let shown = drawing::png(&figure);
                        found.extend(
                            shown
                                .and_then(|png| locked(&logs).image(index, "basins", step, &png))
                                .err(),
                        );
                    }
                    Ok((_, Ok(_))) => {}
                    Ok((_, Err(error))) => found.push(error),
                    Err(error) => found.push(error.clone()),
                }
            }
            locked(&errors).extend(found);
        };
        training::run_each(jobs, backend, report, &INTERRUPTED)?;
        let mut errors = errors.into_inner().unwrap_or_else(PoisonError::into_inner);
        let left = total - started.into_inner();
        if left > 0 {
            eprintln!("note: {left} of {total} runs have not started; --resume with their directories starts them too");
        }
        // All errors but the last are reported here; the last one is reported where the program ends.
        let last = errors.pop();
        errors.iter().for_each(tell);
        let outcome = if INTERRUPTED.load(Ordering::Relaxed) {
            Outcome::Interrupted
        } else {
            Outcome::Done
        };
        last.map_or(Ok(outcome), Err)
    }

    /// Prints the outcome of a run; its basins as a figure, if they were drawn.
    fn show(&self, run: &Finished) -> Result<Option<Figure>> {
        let config = run.model.config();
        let basins = if run.interrupted { None } else { basins(&run.model)? };
        let mut drawn = None;
        if let Some(basins) = basins.as_ref().filter(|_| drawing::AVAILABLE) {
            let panel = |(learner, basin): &(Learner, Basin)| Panel {
                title: learner.title(),
                content: Content::Basins {
                    grid: Grid::PUBLISHED,
                    cells: basin.cells.clone(),
                },
            };
            let figure = Figure::of(basins.iter().map(panel).collect(), 120.0);
            drawing::save(&figure, &run.directory.file("basins.svg"))?;
            drawn = Some(figure);
        }
        if self.json {
            let mut value = json!({
                "directory": path_json(run.directory.path()),
                "preset": config.preset,
                "seed": config.seed,
                "outer": run.iterations,
                "loss": run.loss,
                "seconds": run.seconds,
                "interrupted": run.interrupted,
                "clipped": run.clipped,
            });
            if let Some(basins) = &basins {
                value["cells_in_b"] = basins
                    .iter()
                    .map(|(learner, basin)| {
                        json!({
                            (learner.setting_name()): learner.setting(),
                            "cells": basin.count(),
                            "diverged": basin.diverged,
                        })
                    })
                    .collect::<Value>();
            }
            print(&value.to_string())?;
            return Ok(drawn);
        }
        let mut text = format!(
            "seed {}: {} outer iterations in {:.1} s, loss {:.5}; model in {}\n",
            config.seed,
            run.iterations,
            run.seconds,
            run.loss,
            run.directory.path().display()
        );
        if config.clip.is_some() {
            let _ = writeln!(text, "{} gradients were clipped", run.clipped);
        }
        if let Some(basins) = basins {
            let cells = Grid::PUBLISHED.side * Grid::PUBLISHED.side;
            let _ = write!(text, "starts that lead to B, of {cells}:");
            for (learner, basin) in &basins {
                let (name, setting) = (learner.setting_name(), learner.setting());
                let lost = diverged_in_part(basin.diverged, "starts");
                let _ = write!(text, "  {} at {name} {setting}{lost}", basin.count());
            }
            text.push('\n');
        }
        if run.interrupted {
            let _ = writeln!(
                text,
                "interrupted; continue with: meva train --resume {}",
                run.directory.path().display()
            );
        }
        print(&text)?;
        Ok(drawn)
    }
}

/// What a lock protects, also where another thread has panicked.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The directories of runs in a directory, by name; none if it is that of a run itself, or holds none.
fn directories_of_runs(path: &Path) -> Result<Vec<PathBuf>> {
    let is_run = |path: &Path| path.join(CONFIG).exists() || path.join(STATE).exists();
    if is_run(path) {
        return Ok(Vec::new());
    }
    let unreadable = |cause| Error::io("open the run", path, cause);
    let mut runs = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let inside = entry.map_err(unreadable)?.path();
        if is_run(&inside) {
            runs.push(inside);
        }
    }
    // seed-2 before seed-10.
    runs.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    Ok(runs)
}

/// For the Logistic Game, the basins at each of the [`settings`]; none once Ctrl-C was pressed.
fn basins(model: &Model) -> Result<Option<Vec<(Learner, Basin)>>> {
    let Some(game @ PlaneGame::Logistic) = model.game() else {
        return Ok(None);
    };
    let cpu = Cpu::detect()?;
    let ascent = ascent(Some(model), 200);
    let cells = |&setting: &f64| {
        if INTERRUPTED.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let learner = Learner::of(model, setting);
        let agents = Agent::both(learner, Some(model))?;
        Ok(Some((learner, basin(agents, game, cpu, Grid::PUBLISHED, ascent))))
    };
    let basins = settings(model.config().algorithm).iter().map(cells);
    basins.collect()
}
