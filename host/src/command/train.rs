//! `meva train`: from a preset or a configuration file to a run directory.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use meva_core::game::PlaneGame;
use serde_json::{Value, json};

use super::drawing;
use super::options::{diverged_in_part, seeds};
use super::progress::Bars;
use super::{INTERRUPTED, Outcome, listen_to_ctrl_c, path_json, print, tell};
use meva::config::{Algorithm, Config};
use meva::cpu::Cpu;
use meva::error::{Error, Result};
use meva::follow::plane::{Basin, Grid, ascent, basin};
use meva::follow::{Agent, Learner};
use meva::limits::room_for;
use meva::model::Model;
use meva::paper::figures::{Content, Figure, Panel};
use meva::training::fleet::Fleet;
use meva::training::run;
use meva::training::{self, Backend, Event, Finished, Run, RunDirectory, Trainer};

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
    #[arg(long, value_name = "NAME", value_parser = Backend::NAMES, default_value = "cpu")]
    engine: String,
    /// The adapter that --engine gpu uses, as `meva devices` lists them
    #[arg(long, value_name = "NAME|INDEX")]
    adapter: Option<String>,
    /// Before training on a GPU, print where the time of an update goes: milliseconds by stage, operations, and what was chosen
    /// for this many trajectories
    #[arg(long, conflicts_with = "resume")]
    profile: bool,
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
    let Backend::Gpu(gpu) = backend else {
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
    pub(super) fn run(&self) -> Result<Outcome> {
        if let Some(path) = &self.resume {
            return self.resume(path);
        }
        let (config, seeds) = self.config()?;
        if self.print_config {
            print(&config.to_toml()?)?;
            return Ok(Outcome::Done);
        }
        let backend = self.backend()?;
        self.period()?;
        let several = self.seeds.is_some();
        let first = Trainer::new(&config)?;
        let count = usize::try_from(seeds.end - seeds.start).unwrap_or(usize::MAX);
        let all = first.bytes_at_rest().saturating_mul(count as u128);
        room_for(all, &format!("--seeds {}..{}", seeds.start, seeds.end))?;
        backend.check(&first, count)?;
        let configs: Vec<Config> = seeds.map(|seed| config.with_seed(seed)).collect();
        let trainers = configs.iter().map(Trainer::new).collect::<Result<Vec<Trainer>>>()?;
        if self.profile {
            profile(&backend, &trainers)?;
        }
        // Check all of them before anything is written: one that is taken must not leave the others half made.
        let directories = configs
            .iter()
            .map(|config| self.create_directory(config, several))
            .collect::<Result<Vec<RunDirectory>>>()?;
        let runs = trainers
            .into_iter()
            .zip(directories)
            .map(|(trainer, directory)| Run::begin(trainer, directory))
            .collect::<Result<Vec<Run>>>()?;
        self.train(runs, &backend)
    }

    fn resume(&self, path: &Path) -> Result<Outcome> {
        let backend = self.backend()?;
        let run = Run::resume_with(path, |trainer| self.lengthen(path, trainer))?;
        self.train(vec![run], &backend)
    }

    /// Makes a run that is resumed as long as `--set outer=N` says.
    fn lengthen(&self, path: &Path, trainer: &mut Trainer) -> Result<()> {
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
        Ok(())
    }

    fn period(&self) -> Result<Duration> {
        Duration::try_from_secs_f64(self.save_every).map_err(|error| {
            Error::usage(format!("a period of {} s: {error}", self.save_every))
                .at("--save-every")
                .hint("give a number of seconds, such as 10")
        })
    }

    fn backend(&self) -> Result<Backend> {
        let backend = Backend::open(&self.engine, self.adapter.as_deref())?;
        if let Backend::Gpu(gpu) = &backend
            && gpu.description.is_software()
        {
            eprintln!(
                "note: {} computes on the CPU, many times slower than --engine cpu",
                gpu.description
            );
        }
        Ok(backend)
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

    fn create_directory(&self, config: &Config, several: bool) -> Result<RunDirectory> {
        match &self.out {
            Some(out) if several => RunDirectory::create(out.join(format!("seed-{}", config.seed))),
            Some(out) => RunDirectory::create(out.clone()),
            None => RunDirectory::create(Path::new("runs").join(run::name(config))),
        }
    }

    fn train(&self, runs: Vec<Run>, backend: &Backend) -> Result<Outcome> {
        listen_to_ctrl_c()?;
        let period = self.period()?;
        let runs = runs.into_iter().map(|run| run.save_every(period)).collect();
        let bars = Bars::default();
        let unshown = Mutex::new(Vec::new());
        let report = |event: Event| {
            bars.report(&event);
            if let Event::End(_, Ok(finished)) = event {
                let shown = self.show(finished);
                unshown
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend(shown.err());
            }
        };
        let results = training::run(runs, backend, report, &INTERRUPTED)?;
        let mut outcome = Outcome::Done;
        let mut errors = unshown.into_inner().unwrap_or_else(PoisonError::into_inner);
        for result in results {
            match result {
                Ok(finished) if finished.interrupted => outcome = Outcome::Interrupted,
                Ok(_) => {}
                Err(error) => errors.push(error),
            }
        }
        // All errors but the last are reported here; the last one is reported where the program ends.
        let last = errors.pop();
        errors.iter().for_each(tell);
        if INTERRUPTED.load(Ordering::Relaxed) {
            outcome = Outcome::Interrupted;
        }
        last.map_or(Ok(outcome), Err)
    }

    /// Prints the outcome of a run.
    fn show(&self, run: &Finished) -> Result<()> {
        let config = run.model.config();
        let basins = if run.interrupted { None } else { basins(&run.model)? };
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
        print(&text)
    }
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
