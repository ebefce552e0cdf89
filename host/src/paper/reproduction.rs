//! From nothing to a report that compares our numbers with the published ones: trains the missing models, evaluates
//! them, and draws every figure. Results are kept on disk, so that an interrupted reproduction resumes where it stopped.
//!
//! ```text
//! reproduction.json    what was asked for; a directory without it holds something else
//! runs/                a run directory for each model
//! evaluations/         results, each with what it depends on: whatever still fits is not computed again
//! figures/             every figure as SVG and PNG
//! times.json           seconds that each stage took, resumptions included
//! report.html          the result
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use meva_core::game::PlaneGame;
use serde::Serialize;
use serde_json::json;

use super::archive::{Archive, digest};
use super::drawing;
use super::figures::{Figure, Number, STEPS, figure_1, figure_2a, figure_2b, figure_3, on_the_logistic_game};
use super::published::{BASINS, Basin, Comparison, RETURN_TOLERANCE, RETURNS, Scope, TIMES, TOURNAMENTS, Time};
use super::report::{MEMBERS, Report, Timing};
use super::tournament::{self, Compared, Table};
use crate::config::Config;
use crate::cpu::Cpu;
use crate::error::{Error, Result};
use crate::files::{self, MOST_NUMBERS, write_atomically};
use crate::follow::league::Terms;
use crate::follow::m_fos::training as m_fos;
use crate::follow::m_maml;
use crate::follow::plane::{Grid, ascent, basin};
use crate::follow::preparation::Effort;
use crate::follow::reciprocity::{self, Curve, GAMMAS, Protocol, Returns, Sweep, lola_learners, meta_value_learners};
use crate::follow::{Agent, Learner};
use crate::model::{MODEL, Model};
use crate::training::directory::RunDirectory;
use crate::training::run::{self, Backend, Event, at_once};
use crate::training::{self, Job};

/// The file with the result.
pub const REPORT: &str = "report.html";
/// How many models the paper's Figure 3 has.
pub const SEEDS: u64 = 8;
/// The presets that are trained; of COLA, one model.
const PRESETS: [&str; 5] = ["logistic", "cola", "ipd", "chicken", "imp"];

/// Limits for a reproduction that is smaller than the published experiments; each, if given, is an upper bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Outer iterations of each training.
    pub outer: Option<usize>,
    /// Pairs of agents for each seed.
    pub pairs: Option<usize>,
    /// Steps that agents are followed for.
    pub steps: Option<usize>,
}

impl Cut {
    /// A reproduction that takes a few minutes.
    pub const QUICK: Cut = Cut {
        outer: Some(300),
        pairs: Some(64),
        steps: None,
    };

    fn outer(self, published: usize) -> usize {
        published.min(self.outer.unwrap_or(usize::MAX))
    }

    /// Steps over which basins are counted.
    fn basin_steps(self) -> usize {
        STEPS.min(self.steps.unwrap_or(usize::MAX))
    }

    /// On which terms tournaments are played, but for the seed; players prepare themselves with at most as many iterations as
    /// other trainings have, and over at most as many steps.
    fn tournament(self) -> Terms {
        let most = |limit: Option<usize>| limit.unwrap_or(usize::MAX);
        let published = Terms::published::<5>();
        let Effort { m_maml, m_fos } = published.effort;
        Terms {
            pairs: published.pairs.min(most(self.pairs)),
            steps: published.steps.min(most(self.steps)),
            effort: Effort {
                m_maml: m_maml::Training {
                    iterations: self.outer(m_maml.iterations),
                    steps: m_maml.steps.min(most(self.steps)),
                    ..m_maml
                },
                m_fos: m_fos::Training {
                    iterations: self.outer(m_fos.iterations),
                    steps: m_fos.steps.min(most(self.steps)),
                    ..m_fos
                },
            },
            ..published
        }
    }

    fn protocol(self) -> Protocol {
        let Protocol {
            pairs,
            steps,
            response_steps,
        } = Protocol::PUBLISHED;
        let most = self.steps.unwrap_or(usize::MAX);
        Protocol {
            pairs: pairs.min(self.pairs.unwrap_or(usize::MAX)),
            steps: steps.min(most),
            response_steps: response_steps.min(most),
        }
    }
}

/// What happens while the paper is reproduced.
#[non_exhaustive]
pub enum Progress<'a> {
    /// A stage has made progress.
    Stage(Stage),
    /// Something happened to a model in training.
    Training(Event<'a>),
}

/// A stage, and what remains of it. It displays as `[1/10] train logistic: 3 of 8 models to go`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    index: usize,
    left: String,
}

/// The stages: first the trainings, in the order of [`PRESETS`].
const STAGES: [&str; 10] = [
    "train logistic",
    "train cola",
    "train ipd",
    "train chicken",
    "train imp",
    "count basins",
    "follow meta-value learners",
    "follow LOLA",
    "play tournaments",
    "draw figures",
];
// Those that follow the trainings.
const COUNT: usize = PRESETS.len();
const FOLLOW_MEVA: usize = COUNT + 1;
const FOLLOW_LOLA: usize = COUNT + 2;
const PLAY: usize = COUNT + 3;
const DRAW: usize = COUNT + 4;

impl Stage {
    /// The number of stages.
    pub const COUNT: usize = STAGES.len();

    /// Its index among the stages, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// What the stage does.
    pub fn name(&self) -> &'static str {
        STAGES[self.index]
    }

    /// What remains of it, in words.
    pub fn left(&self) -> &str {
        &self.left
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "[{}/{}] {}: {}",
            self.index + 1,
            Stage::COUNT,
            self.name(),
            self.left
        )
    }
}

/// Reproduces the paper in a directory, or resumes where an earlier call was interrupted: trains models for `seeds` (of
/// COLA, one model for the first seed), evaluates them, draws the figures, and writes [`REPORT`]. Returns `Ok(None)` if
/// interrupted: completed work is kept, and the same call resumes from there.
///
/// `progress` is also called from the training threads. `interrupt` may be set at any time, by any thread.
///
/// ```no_run
/// use std::sync::atomic::AtomicBool;
/// use meva::paper::reproduction::{Cut, Progress, reproduce};
///
/// let tell = |progress: Progress| {
///     if let Progress::Stage(stage) = progress {
///         println!("{stage}");
///     }
/// };
/// if let Some(report) = reproduce("reproduction-quick".as_ref(), 0..2, Cut::QUICK, tell, &AtomicBool::new(false))? {
///     let agree = report.comparisons().filter(|number| number.agrees()).count();
///     println!("{agree} of {} published numbers agree with ours", report.comparisons().count());
/// }
/// # Ok::<(), meva::error::Error>(())
/// ```
///
/// # Errors
/// There are no seeds, or the cut leaves nothing; the directory holds something else, or a reproduction with another
/// cut or from another version; a file cannot be read or written; a training diverged.
pub fn reproduce(
    path: &Path,
    seeds: Range<u64>,
    cut: Cut,
    progress: impl Fn(Progress<'_>) + Sync,
    interrupt: &AtomicBool,
) -> Result<Option<Report>> {
    reproduce_on(&Backend::Cpu, path, seeds, cut, progress, interrupt)
}

/// As [`reproduce`], with a backend to train on: the CPU, or the ranks of an MPI job.
///
/// # Errors
/// As [`reproduce`].
pub fn reproduce_on(
    backend: &Backend,
    path: &Path,
    seeds: Range<u64>,
    cut: Cut,
    progress: impl Fn(Progress<'_>) + Sync,
    interrupt: &AtomicBool,
) -> Result<Option<Report>> {
    carry_out(Plan::of(seeds, cut)?, backend, path, cut, &progress, interrupt)
}

fn carry_out(
    plan: Plan,
    backend: &Backend,
    path: &Path,
    cut: Cut,
    progress: &(dyn Fn(Progress<'_>) + Sync),
    interrupt: &AtomicBool,
) -> Result<Option<Report>> {
    let work = Work {
        cpu: Cpu::detect()?,
        backend,
        archive: Archive::claim(path, &cut)?,
        cut,
        progress,
        interrupt,
    };
    match work.all(plan) {
        Ok(report) => {
            write_atomically(&work.archive.place(REPORT), report.html().as_bytes())?;
            Ok(Some(report))
        }
        Err(Stop::Interrupted) => Ok(None),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Why work ends early.
enum Stop {
    Interrupted,
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Failed(error)
    }
}

/// The result of work that may be interrupted.
type Done<T> = std::result::Result<T, Stop>;

/// What to train, and how it is smaller than the published experiment.
struct Plan {
    /// By preset.
    configs: BTreeMap<&'static str, Vec<Config>>,
    /// In words.
    cuts: Vec<String>,
}

impl Plan {
    fn of(seeds: Range<u64>, cut: Cut) -> Result<Self> {
        if seeds.is_empty() {
            return Err(Error::usage("no seeds, nothing to train"));
        }
        if [cut.outer, cut.pairs, cut.steps].contains(&Some(0)) {
            return Err(Error::usage("0 outer iterations, pairs or steps show nothing").hint("leave at least 1"));
        }
        let mut cuts = Vec::new();
        let mut configs = BTreeMap::new();
        for preset in PRESETS {
            let whole = Config::preset(preset)?;
            let config = Config {
                outer: cut.outer(whole.outer),
                ..whole
            };
            if config.outer < whole.outer {
                cuts.push(format!(
                    "outer iterations of {preset}: {} rather than {}",
                    config.outer, whole.outer
                ));
            }
            let seeds = if preset == "cola" {
                seeds.start..seeds.start + 1
            } else {
                seeds.clone()
            };
            let seeded = seeds.map(|seed| Config { seed, ..config.clone() });
            configs.insert(preset, seeded.collect::<Vec<Config>>());
        }
        let count = seeds.end - seeds.start;
        let (own, published, terms) = (cut.protocol(), Protocol::PUBLISHED, Cut::default().tournament());
        for (own, published, what) in [
            (count as usize, SEEDS as usize, "seeds"),
            (own.pairs, published.pairs, "pairs of agents for each seed"),
            (own.steps, published.steps, "steps in the prisoner's dilemma"),
            (cut.basin_steps(), STEPS, "steps in the Logistic Game"),
            (
                cut.tournament().pairs,
                terms.pairs,
                "pairs in tournaments for each seed",
            ),
            (cut.tournament().steps, terms.steps, "steps in tournaments"),
            (
                cut.tournament().effort.m_fos.iterations,
                terms.effort.m_fos.iterations,
                "iterations of M-FOS",
            ),
        ] {
            if own < published {
                cuts.push(format!("{what}: {own} rather than {published}"));
            }
        }
        Ok(Plan { configs, cuts })
    }
}

/// A model with what identifies it.
struct Trained {
    /// The name of its run directory.
    name: String,
    /// The digest of its file's bytes.
    digest: String,
    model: Model,
}

/// Cells in B by [`BASINS`]; `None` for other learners than this one.
type Cells = Vec<Option<f64>>;

/// Where and how it is done.
struct Work<'a> {
    cpu: Cpu,
    backend: &'a Backend,
    archive: Archive,
    cut: Cut,
    progress: &'a (dyn Fn(Progress<'_>) + Sync),
    interrupt: &'a AtomicBool,
}

impl Work<'_> {
    /// All stages.
    fn all(&self, plan: Plan) -> Done<Report> {
        for (stage, preset) in PRESETS.into_iter().enumerate() {
            self.stage(stage, || self.train(stage, &plan.configs[preset]))?;
        }
        let trained = |preset: &str| -> Result<Vec<Trained>> {
            plan.configs[preset].iter().map(|config| self.trained(config)).collect()
        };
        let (logistic, cola, ipd) = (trained("logistic")?, trained("cola")?, trained("ipd")?);
        let basins = self.stage(COUNT, || self.basins(COUNT, &logistic, &cola))?;
        let meva = self.stage(FOLLOW_MEVA, || self.sweep_models(FOLLOW_MEVA, &ipd))?;
        let ensembles = self.ensembles(&plan.configs["ipd"])?;
        let ensembles = self.stage(FOLLOW_MEVA, || self.sweep_models(FOLLOW_MEVA, &ensembles))?;
        let lola = self.stage(FOLLOW_LOLA, || self.sweep_lola(FOLLOW_LOLA, ipd.len() as u64))?;
        let tournaments = self.stage(PLAY, || self.tournaments(PLAY, &plan))?;
        let figures = self.stage(DRAW, || {
            self.say(DRAW, format!("{} figures", Number::ALL.len()));
            Ok(self.figures([&cola[0].model, &logistic[0].model], &meva, &lola)?)
        })?;
        let timing = |time: &'static Time| -> Result<Timing> {
            let configs = &plan.configs[time.preset];
            let seconds = |config| run::seconds(&RunDirectory::open(self.archive.run(config))?);
            Ok(Timing {
                time,
                outer: configs[0].outer,
                seconds: configs.iter().map(seconds).collect::<Result<_>>()?,
            })
        };
        let toml = |preset: &str| Ok((preset.to_string(), plan.configs[preset][0].to_toml()?));
        let times = self.archive.times()?;
        let ipd = &plan.configs["ipd"];
        Ok(Report {
            seeds: ipd.iter().map(|config| config.seed).collect(),
            protocol: self.cut.protocol(),
            basins: compare_basins(&basins),
            returns: compare_returns(&meva),
            ensembles,
            tournaments,
            tournament_terms: self.cut.tournament(),
            timings: TIMES.iter().map(timing).collect::<Result<_>>()?,
            figures: figures
                .iter()
                .map(|(number, figure)| (number.name(), drawing::svg(figure)))
                .collect(),
            machine: crate::machine::describe(self.cpu),
            at_once: at_once(ipd[0].batch, rayon::current_num_threads()),
            stages: STAGES
                .iter()
                .map(|stage| (*stage, times.get(*stage).copied().unwrap_or(0.0)))
                .collect(),
            configs: PRESETS.into_iter().map(toml).collect::<Result<_>>()?,
            cuts: plan.cuts,
        })
    }

    /// Runs a stage and adds to its time.
    fn stage<T>(&self, stage: usize, work: impl FnOnce() -> Done<T>) -> Done<T> {
        let start = Instant::now();
        let result = work();
        self.archive.add_time(STAGES[stage], start.elapsed().as_secs_f64())?;
        result
    }

    /// Reports the progress of a stage.
    fn say(&self, index: usize, left: String) {
        (self.progress)(Progress::Stage(Stage { index, left }));
    }

    /// Stops the work if it was interrupted.
    fn go_on(&self) -> Done<()> {
        if self.interrupt.load(Ordering::Relaxed) {
            Err(Stop::Interrupted)
        } else {
            Ok(())
        }
    }

    /// Trains the models that are not trained yet.
    fn train(&self, stage: usize, configs: &[Config]) -> Done<()> {
        let jobs = configs
            .iter()
            .map(|config| Job::of(config, self.archive.run(config)))
            .collect::<Result<Vec<_>>>()?;
        let jobs: Vec<Job> = jobs.into_iter().flatten().collect();
        let left = AtomicUsize::new(jobs.len());
        let say = |left: usize| self.say(stage, format!("{left} of {} models to go", configs.len()));
        say(jobs.len());
        let failed = Mutex::new(None);
        let report = |event: Event| {
            let done = match &event {
                Event::End(_, Ok(finished)) => !finished.interrupted,
                Event::End(_, Err(error)) => {
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    failed.get_or_insert_with(|| error.clone());
                    false
                }
                Event::Iteration(_) | Event::Evaluation(..) => false,
            };
            (self.progress)(Progress::Training(event));
            if done {
                say(left.fetch_sub(1, Ordering::Relaxed) - 1);
            }
        };
        training::run_each(jobs, self.backend, report, self.interrupt)?;
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(Stop::Failed(error)),
            None => self.go_on(),
        }
    }

    fn trained(&self, config: &Config) -> Result<Trained> {
        let path = self.archive.run(config).join(MODEL);
        let bytes = files::read(&path, MOST_NUMBERS)?;
        Ok(Trained {
            name: run::name(config),
            digest: digest(&bytes),
            model: Model::load(&path)?,
        })
    }

    /// Ensembles of [`MEMBERS`] models each; those that are left over are in none.
    fn ensembles(&self, configs: &[Config]) -> Result<Vec<Trained>> {
        let ensemble = |configs: &[Config]| {
            let members = configs.iter().map(|config| self.trained(config));
            let members: Vec<Trained> = members.collect::<Result<_>>()?;
            let join = |of: fn(&Trained) -> &str| members.iter().map(of).collect::<Vec<_>>().join("+");
            Ok(Trained {
                name: join(|member| &member.name),
                digest: join(|member| &member.digest),
                model: Model::ensemble(members.into_iter().map(|member| member.model))?,
            })
        };
        configs.chunks_exact(MEMBERS).map(ensemble).collect()
    }

    /// The cells in B of every learner with a published basin: by learners and models, then by [`BASINS`].
    fn basins(&self, stage: usize, logistic: &[Trained], cola: &[Trained]) -> Done<Vec<Cells>> {
        let models: Vec<&Trained> = cola.iter().chain(logistic).collect();
        self.say(stage, format!("{} learners and models", models.len() + 1));
        let mut all = vec![self.cells("basins-learners", "", None)?];
        for (k, trained) in models.iter().enumerate() {
            self.say(stage, format!("{} of {} models to go", models.len() - k, models.len()));
            on_the_logistic_game(&trained.model)?;
            let name = format!("basins-{}", trained.name);
            all.push(self.cells(&name, &trained.digest, Some(&trained.model))?);
        }
        Ok(all)
    }

    /// The cells in B for each published basin of the learners that follow the model or, without a model, of those that
    /// are formulas.
    fn cells(&self, name: &str, digest: &str, model: Option<&Model>) -> Done<Cells> {
        let steps = self.cut.basin_steps();
        let what: Vec<String> = BASINS.iter().map(|basin| basin.learner.title()).collect();
        let key = json!({ "model": digest, "steps": steps, "basins": what });
        let algorithm = model.map(|model| model.config().algorithm);
        let cells = |Basin { learner, .. }: &Basin| -> Done<Option<f64>> {
            self.go_on()?;
            if learner.algorithm() != algorithm {
                return Ok(None);
            }
            let (agents, ascent) = (Agent::both(*learner, model)?, ascent(model, steps));
            let basin = basin(agents, &PlaneGame::Logistic, self.cpu, Grid::PUBLISHED, ascent);
            Ok(Some(basin.count() as f64))
        };
        self.archive.kept(name, &key, || BASINS.iter().map(cells).collect())
    }

    /// Figure 3a's curves, with the starts of `meva figure 3a`.
    fn sweep_models(&self, stage: usize, models: &[Trained]) -> Done<Sweep> {
        let (learners, mut by_seed) = (meta_value_learners(), Vec::new());
        for (seed, trained) in (0..).zip(models) {
            let left = models.len() - by_seed.len();
            self.say(stage, format!("{left} of {} models to go", models.len()));
            reciprocity::check(&trained.model)?;
            let name = format!("returns-{}", trained.name);
            by_seed.push(self.returns(&name, &trained.digest, Some(&trained.model), &learners, seed)?);
        }
        Ok(Sweep { learners, by_seed })
    }

    /// Figure 3b's curves, with the starts of `meva figure 3b`.
    fn sweep_lola(&self, stage: usize, seeds: u64) -> Done<Sweep> {
        let (learners, mut by_seed) = (lola_learners(), Vec::new());
        for seed in 0..seeds {
            self.say(stage, format!("{} of {seeds} seeds to go", seeds - seed));
            let name = format!("returns-lola-seed-{seed}");
            by_seed.push(self.returns(&name, "", None, &learners, seed)?);
        }
        Ok(Sweep { learners, by_seed })
    }

    fn returns(
        &self,
        name: &str,
        digest: &str,
        model: Option<&Model>,
        learners: &[Learner],
        seed: u64,
    ) -> Done<Vec<Returns>> {
        let protocol = self.cut.protocol();
        let settings: Vec<f64> = learners.iter().map(|learner| learner.setting()).collect();
        let key = json!({ "model": digest, "protocol": protocol, "settings": settings, "seed": seed });
        let returns = |learner: &Learner| -> Done<Returns> {
            self.go_on()?;
            Ok(reciprocity::returns(self.cpu, *learner, model, protocol, seed)?)
        };
        self.archive.kept(name, &key, || learners.iter().map(returns).collect())
    }

    /// The tournaments of the second version, with the models of each game.
    fn tournaments(&self, stage: usize, plan: &Plan) -> Done<Vec<Compared>> {
        let terms = self.cut.tournament();
        let mut tournaments = Vec::new();
        for tournament in &TOURNAMENTS {
            let mut by_seed: Vec<Table> = Vec::new();
            let configs = &plan.configs[tournament.preset];
            for (seed, config) in (0..).zip(configs) {
                let left = configs.len() - by_seed.len();
                self.say(
                    stage,
                    format!("{}, {left} of {} models to go", tournament.preset, configs.len()),
                );
                let Trained { name, digest, .. } = self.trained(config)?;
                let model = self.archive.run(config).join(MODEL);
                let terms = Terms { seed, ..terms };
                let key = json!({
                    "model": digest,
                    "pairs": terms.pairs,
                    "steps": terms.steps,
                    "effort": format!("{:?}", terms.effort),
                    "seed": seed,
                });
                let play = || tournament::play(tournament, self.cpu, &model, &terms, || self.go_on());
                by_seed.push(self.archive.kept(&format!("tournament-{name}"), &key, play)?);
            }
            tournaments.push((tournament, tournament::compare(tournament, &by_seed)));
        }
        Ok(tournaments)
    }

    /// Every figure of the paper, by its number; also writes the files.
    fn figures(&self, models: [&Model; 2], meva: &Sweep, lola: &Sweep) -> Result<Vec<(Number, Figure)>> {
        let steps = self.cut.basin_steps();
        let figure = |number: Number| {
            let figure = match number {
                Number::One => figure_1(self.cpu),
                Number::TwoA => figure_2a(&models, self.cpu, steps)?,
                Number::TwoB => figure_2b(&models, self.cpu, steps)?,
                Number::ThreeA => figure_3(meva),
                Number::ThreeB => figure_3(lola),
            };
            drawing::save_both(&figure, &self.archive.place("figures"), number)?;
            Ok((number, figure))
        };
        Number::ALL.into_iter().map(figure).collect()
    }
}

fn compare_basins(all: &[Cells]) -> Vec<Comparison> {
    let comparison = |(k, basin): (usize, &Basin)| Comparison {
        what: basin.learner.title(),
        source: basin.source,
        published: basin.cells,
        ours: all.iter().filter_map(|cells| cells[k]).collect(),
        tolerance: basin.tolerance,
        scope: basin.scope,
    };
    BASINS.iter().enumerate().map(comparison).collect()
}

fn compare_returns(sweep: &Sweep) -> Vec<(Curve, Vec<Comparison>)> {
    let comparison = |curve: Curve, k: usize| Comparison {
        what: format!("{}, \u{3b3} = {}", curve.title("MeVa"), GAMMAS[k]),
        source: "authors' first version, Figure 3a",
        published: RETURNS[curve as usize][k],
        ours: sweep.returns(curve, k),
        tolerance: RETURN_TOLERANCE,
        scope: Scope::AmongSeeds,
    };
    let comparisons = |curve: Curve| (curve, (0..GAMMAS.len()).map(|k| comparison(curve, k)).collect());
    // Exact best responses were not published.
    let published = Curve::ALL.into_iter().filter(|curve| (*curve as usize) < RETURNS.len());
    published.map(comparisons).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::assert_says;

    #[test]
    fn what_was_cut_is_told() {
        let plan = Plan::of(0..SEEDS, Cut::default()).unwrap();
        assert_eq!(plan.cuts, [""; 0]);
        assert_eq!(plan.configs["ipd"].len(), 8);
        assert_eq!(plan.configs["cola"].len(), 1);
        let cut = Cut {
            steps: Some(100),
            ..Cut::QUICK
        };
        let plan = Plan::of(3..5, cut).unwrap();
        assert_eq!(plan.cuts[0], "outer iterations of logistic: 300 rather than 1000");
        assert_eq!(
            plan.cuts.len(),
            12,
            "five trainings, seeds, pairs, steps in either game; pairs, steps and M-FOS in tournaments"
        );
        assert_eq!(plan.configs["logistic"][1].seed, 4);
        assert_says(Plan::of(3..3, cut).map(drop), &["no seeds"]);
        let nothing = Cut { pairs: Some(0), ..cut };
        assert_says(Plan::of(0..1, nothing).map(drop), &["show nothing"]);
    }

    const ITERATED: &[&str] = &["batch=8", "steps=20", "hidden=16", "residual_blocks=1", "quantiles=16"];

    /// With networks and batches small enough for a test.
    fn small(cut: Cut) -> Plan {
        let mut plan = Plan::of(0..1, cut).unwrap();
        for (preset, changes) in [
            ("logistic", &["batch=8", "hidden=16"][..]),
            ("cola", &["batch=8"]),
            ("ipd", ITERATED),
            ("chicken", ITERATED),
            ("imp", ITERATED),
        ] {
            let configs = plan.configs.get_mut(preset).unwrap();
            for change in changes {
                configs
                    .iter_mut()
                    .for_each(|config| config.set(change).map(drop).unwrap());
            }
        }
        plan
    }

    /// Interrupted at every stage, a reproduction ends with the numbers of one that was not interrupted.
    #[test]
    fn an_interrupted_reproduction_goes_on() {
        let scratch = tempfile::tempdir().unwrap();
        let cut = Cut {
            outer: Some(2),
            pairs: Some(2),
            steps: Some(2),
        };
        let ours =
            |report: Report| -> Vec<Vec<f64>> { report.comparisons().map(|number| number.ours.clone()).collect() };
        let path = scratch.path().join("whole");
        let whole = carry_out(small(cut), &Backend::Cpu, &path, cut, &|_| {}, &AtomicBool::new(false)).unwrap();

        let path = scratch.path().join("parts");
        let reached = AtomicUsize::new(0);
        let mut calls = 0;
        let parts = loop {
            let interrupt = AtomicBool::new(false);
            // Interrupts as soon as a stage is reached that no earlier call reached; a training, after its first outer
            // iteration.
            let stop = |progress: Progress| {
                let stage = match progress {
                    Progress::Stage(stage) if stage.index() < PRESETS.len() => return,
                    Progress::Stage(stage) => stage.index(),
                    Progress::Training(Event::Iteration(training)) if training.iteration == 1 => 0,
                    Progress::Training(_) => return,
                };
                if stage == 0 || stage >= reached.load(Ordering::Relaxed) {
                    reached.store(stage + 1, Ordering::Relaxed);
                    interrupt.store(true, Ordering::Relaxed);
                }
            };
            calls += 1;
            assert!(calls <= 12, "it does not get on");
            if let Some(report) = carry_out(small(cut), &Backend::Cpu, &path, cut, &stop, &interrupt).unwrap() {
                break report;
            }
            assert!(!path.join(REPORT).exists());
        };
        assert_eq!(calls, 10, "five trainings, four evaluations, and to the end");
        assert!(path.join(REPORT).exists());
        assert_eq!(ours(parts), ours(whole.unwrap()));
    }

    #[test]
    fn stages_say_where_they_are() {
        let stage = Stage {
            index: COUNT,
            left: "2 of 8 models to go".to_string(),
        };
        assert_eq!(stage.to_string(), "[6/10] count basins: 2 of 8 models to go");
    }
}
