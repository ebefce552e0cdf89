//! `meva reproduce`: from nothing to a report that sets our numbers beside the published ones.
//!
//! ```text
//! reproduction.json    what was asked for; an output directory without it holds something else
//! runs/                a run directory for each model
//! evaluations/         results, each with what it depends on: whatever still fits is not computed again
//! figures/             every figure as SVG and PNG
//! times.json           seconds that each stage took, resumptions included
//! report.html          the result
//! ```
//!
//! A command that was interrupted goes on where it was when it is given again.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Args;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::options::at_least_one;
use super::options::seeds;
use super::progress::Bars;
use super::{INTERRUPTED, Outcome, interrupted, listen_to_ctrl_c, print};
use meva::config::{Config, VERSION};
use meva::cpu::Cpu;
use meva::error::{Error, Result};
use meva::files::write_atomically;
use meva::follow::plane::{Grid, ascent, basin, count};
use meva::follow::reciprocity::{self, Curve, GAMMAS, Protocol, Returns, Sweep, lola_learners, meta_value_learners};
use meva::follow::{Agent, Learner};
use meva::model::MODEL;
use meva::model::Model;
use meva::paper::drawing;
use meva::paper::figures::{Figure, Number, figure_1, figure_2a, figure_2b, figure_3, on_the_logistic_game};
use meva::paper::published::{BASINS, Basin, Comparison, RETURN_TOLERANCE, RETURNS, Scope, TIMES, Time, Verdict};
use meva::paper::report::{Report, Timing};
use meva::training::directory::{CONFIG, RunDirectory, STATE};
use meva::training::run::{self, at_once, saved, seconds};
use meva::training::{self, Backend, Event, Run, Trainer};
use meva_core::game::PlaneGame;

/// Reproduce the paper: train what is missing, evaluate, draw every figure, and write a report beside the published numbers.
///
/// After Ctrl-C the same command goes on where it was.
#[derive(Debug, Args)]
pub struct Reproduce {
    /// Where everything goes [default: reproduction, or reproduction-quick with --quick]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Take a few minutes: fewer outer iterations, seeds and pairs; the report says what was cut
    #[arg(long)]
    quick: bool,
    /// Seeds of the models: from A up to, not including, B [default: 0..8, or 0..2 with --quick]
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Option<Range<u64>>,
    /// Train for at most N outer iterations: smaller than published, for a try
    #[arg(long, value_name = "N")]
    outer: Option<usize>,
    /// Follow at most N pairs for each seed: smaller than published, for a try
    #[arg(long, value_name = "N")]
    pairs: Option<usize>,
    /// Follow agents for at most N steps: smaller than published, for a try
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Print one JSON object: `report`, `cut`, `numbers` (published and ours) and `seconds` by stage
    #[arg(long)]
    json: bool,
}

/// What --quick cuts down to.
const QUICK: Cut = Cut {
    outer: Some(300),
    pairs: Some(64),
    steps: None,
};
/// How many models the paper's Figure 3 has.
const SEEDS: u64 = 8;
/// Steps over which basins are counted.
const BASIN_STEPS: usize = 200;
/// The presets that are trained; of COLA, one model.
const PRESETS: [&str; 3] = ["logistic", "cola", "ipd"];

/// What keeps the reproduction smaller than the original, if anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
struct Cut {
    outer: Option<usize>,
    pairs: Option<usize>,
    steps: Option<usize>,
}

impl Cut {
    fn outer(self, published: usize) -> usize {
        published.min(self.outer.unwrap_or(usize::MAX))
    }

    fn basin_steps(self) -> usize {
        BASIN_STEPS.min(self.steps.unwrap_or(usize::MAX))
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

impl Reproduce {
    pub(super) fn run(&self) -> Result<Outcome> {
        let (work, plan) = self.plan()?;
        claim(&work.out, work.cut)?;
        listen_to_ctrl_c()?;
        let Some(report) = work.run(&plan)? else {
            eprintln!("interrupted; the same command goes on from here");
            return Ok(Outcome::Interrupted);
        };
        let path = work.out.join("report.html");
        write_atomically(&path, report.html().as_bytes())?;
        self.show(&path, &report)
    }

    /// Checks the options.
    fn plan(&self) -> Result<(Work, Plan)> {
        let quick = if self.quick { QUICK } else { Cut::default() };
        let cut = Cut {
            outer: self.outer.or(quick.outer),
            pairs: self.pairs.or(quick.pairs),
            steps: self.steps.or(quick.steps),
        };
        for (count, option) in [(cut.outer, "--outer"), (cut.pairs, "--pairs"), (cut.steps, "--steps")] {
            at_least_one(count.unwrap_or(1), option)?;
        }
        let seeds = self.seeds.clone().unwrap_or(0..if self.quick { 2 } else { SEEDS });
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
        let (own, published) = (cut.protocol(), Protocol::PUBLISHED);
        for (own, published, what) in [
            (count as usize, SEEDS as usize, "seeds"),
            (own.pairs, published.pairs, "pairs of agents for each seed"),
            (own.steps, published.steps, "steps in the prisoner's dilemma"),
            (cut.basin_steps(), BASIN_STEPS, "steps in the Logistic Game"),
        ] {
            if own < published {
                cuts.push(format!("{what}: {own} rather than {published}"));
            }
        }
        let default = if self.quick {
            "reproduction-quick"
        } else {
            "reproduction"
        };
        let work = Work {
            out: self.out.clone().unwrap_or_else(|| default.into()),
            cut,
            cpu: Cpu::detect()?,
        };
        Ok((work, Plan { configs, cuts }))
    }

    fn show(&self, path: &Path, report: &Report) -> Result<Outcome> {
        let numbers: Vec<&Comparison> = report.comparisons().collect();
        let agrees = |comparison: &&&Comparison| comparison.verdict() == Verdict::Agrees;
        let agree = numbers.iter().filter(agrees).count();
        if self.json {
            let number = |comparison: &&Comparison| {
                json!({
                    "what": comparison.what,
                    "source": comparison.source,
                    "published": comparison.published,
                    "ours": comparison.ours,
                    "tolerance": comparison.tolerance,
                    "agrees": comparison.verdict() == Verdict::Agrees,
                })
            };
            let value = json!({
                "report": path,
                "cut": report.cuts,
                "agree": agree,
                "numbers": numbers.iter().map(number).collect::<Vec<_>>(),
                "seconds": report.stages.iter().cloned().collect::<BTreeMap<_, _>>(),
            });
            print(&value.to_string())?;
        } else {
            let mut text = format!("{agree} of {} published numbers agree with ours", numbers.len());
            if !report.cuts.is_empty() {
                text += " (smaller than published: ";
                text += &report.cuts.join(", ");
                text += ")";
            }
            print(&format!("{text}\n{}", path.display()))?;
        }
        Ok(Outcome::Done)
    }
}

/// Makes an output directory ours, or goes on with one that is.
fn claim(out: &Path, cut: Cut) -> Result<()> {
    let marker = out.join("reproduction.json");
    let wanted = json!({ "version": VERSION, "cut": cut }).to_string();
    match fs::read_to_string(&marker) {
        Ok(found) if found.trim() == wanted => return Ok(()),
        Ok(found) => {
            return Err(Error::files(format!(
                "`{}` holds a reproduction with other options or of another version: {}, not {wanted}",
                out.display(),
                found.trim()
            ))
            .hint("choose another directory with --out, or delete this one"));
        }
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
        Err(cause) => return Err(Error::io("read", &marker, &cause)),
    }
    fs::create_dir_all(out).map_err(|cause| Error::io("create the directory", out, &cause))?;
    let mut entries = fs::read_dir(out).map_err(|cause| Error::io("read the directory", out, &cause))?;
    if entries.next().is_some() {
        return Err(
            Error::files(format!("`{}` is not empty, and holds no reproduction", out.display()))
                .hint("choose another directory with --out"),
        );
    }
    write_atomically(&marker, wanted.as_bytes())
}

/// What is to be trained, and what of the published experiment is left out.
struct Plan {
    /// By preset.
    configs: BTreeMap<&'static str, Vec<Config>>,
    cuts: Vec<String>,
}

/// Where and how it is done.
struct Work {
    out: PathBuf,
    cut: Cut,
    cpu: Cpu,
}

/// The stages: first the trainings, in the order of [`PRESETS`].
const STAGES: [&str; 7] = [
    "train logistic",
    "train cola",
    "train ipd",
    "count basins",
    "follow meta-value learners",
    "follow LOLA",
    "draw figures",
];

/// Says how far a stage is.
fn say(stage: usize, words: &str) {
    eprintln!("[{}/{}] {}: {words}", stage + 1, STAGES.len(), STAGES[stage]);
}

/// A model with what identifies it.
struct Trained {
    /// Of its run directory.
    name: String,
    /// Of its file's bytes.
    digest: String,
    model: Model,
}

/// An evaluation with what it depends on.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    key: String,
    result: T,
}

/// Ends the function with none if the work was interrupted.
macro_rules! go_on {
    ($work:expr) => {
        match $work {
            Some(result) => result,
            None => return Ok(None),
        }
    };
}

impl Work {
    /// All stages; none if interrupted.
    fn run(&self, plan: &Plan) -> Result<Option<Report>> {
        for (stage, preset) in PRESETS.into_iter().enumerate() {
            go_on!(self.stage(stage, || self.train(stage, &plan.configs[preset]))?);
        }
        let trained = |preset: &str| -> Result<Vec<Trained>> {
            plan.configs[preset].iter().map(|config| self.trained(config)).collect()
        };
        let (logistic, cola, ipd) = (trained("logistic")?, trained("cola")?, trained("ipd")?);
        let basins = go_on!(self.stage(3, || self.basins(3, &logistic, &cola))?);
        let meva = go_on!(self.stage(4, || self.sweep_models(4, &ipd))?);
        let lola = go_on!(self.stage(5, || self.sweep_lola(5, ipd.len() as u64))?);
        let figures = go_on!(self.stage(6, || {
            say(6, "5 figures");
            self.figures(&logistic[0].model, &cola[0].model, &meva, &lola).map(Some)
        })?);
        let timing = |time: &'static Time| -> Result<Timing> {
            let configs = &plan.configs[time.preset];
            let seconds = |config| seconds(&RunDirectory::open(self.run_path(config))?);
            Ok(Timing {
                time,
                outer: configs[0].outer,
                seconds: configs.iter().map(seconds).collect::<Result<_>>()?,
            })
        };
        let toml = |preset: &str| Ok((preset.to_string(), plan.configs[preset][0].to_toml()?));
        let times = self.times()?;
        Ok(Some(Report {
            cuts: plan.cuts.clone(),
            seeds: plan.configs["ipd"].iter().map(|config| config.seed).collect(),
            protocol: self.cut.protocol(),
            basins: compare_basins(&basins),
            returns: compare_returns(&meva),
            timings: TIMES.iter().map(timing).collect::<Result<_>>()?,
            figures: figures
                .iter()
                .map(|(number, figure)| (*number, drawing::svg(figure)))
                .collect(),
            machine: machine(self.cpu, at_once(plan.configs["ipd"][0].batch)),
            stages: STAGES
                .iter()
                .map(|stage| (*stage, times.get(*stage).copied().unwrap_or(0.0)))
                .collect(),
            configs: PRESETS.into_iter().map(toml).collect::<Result<_>>()?,
        }))
    }

    /// Does a stage and adds to its time.
    fn stage<T>(&self, stage: usize, work: impl FnOnce() -> Result<Option<T>>) -> Result<Option<T>> {
        let start = Instant::now();
        let result = work();
        let mut times = self.times()?;
        *times.entry(STAGES[stage].to_string()).or_default() += start.elapsed().as_secs_f64();
        let text = serde_json::to_vec_pretty(&times).map_err(unwritable)?;
        write_atomically(&self.out.join("times.json"), &text)?;
        result
    }

    /// Seconds by stage, resumptions included.
    fn times(&self) -> Result<BTreeMap<String, f64>> {
        let path = self.out.join("times.json");
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                Error::files(format!("`{}` cannot be read: {error}", path.display())).hint("delete it")
            }),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(cause) => Err(Error::io("read", &path, &cause)),
        }
    }

    fn run_path(&self, config: &Config) -> PathBuf {
        self.out.join("runs").join(run::name(config))
    }

    /// Trains what is not trained yet.
    fn train(&self, stage: usize, configs: &[Config]) -> Result<Option<()>> {
        let runs = configs.iter().map(|config| self.unfinished(config));
        let runs: Vec<Run> = runs.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        let left = AtomicUsize::new(runs.len());
        say(stage, &format!("{} of {} models to go", runs.len(), configs.len()));
        let bars = Bars::default();
        let report = |event: Event| {
            bars.report(&event);
            if let Event::End(_, Ok(finished)) = event
                && !finished.interrupted
            {
                let left = left.fetch_sub(1, Ordering::Relaxed) - 1;
                say(stage, &format!("{left} of {} models to go", configs.len()));
            }
        };
        let mut done = Some(());
        for result in training::run(runs, &Backend::Cpu, report, &INTERRUPTED)? {
            if result?.interrupted {
                done = None;
            }
        }
        Ok(done)
    }

    /// The run of a configuration, begun or gone on with; none if it is finished.
    fn unfinished(&self, config: &Config) -> Result<Option<Run>> {
        let path = self.run_path(config);
        if !path.join(CONFIG).exists() {
            return Run::begin(Trainer::new(config)?, RunDirectory::create(path)?).map(Some);
        }
        let directory = RunDirectory::open(path)?;
        if directory.config()? != *config {
            return Err(Error::files(format!(
                "`{}` was trained by another configuration",
                directory.path().display()
            ))
            .hint("choose another directory with --out, or delete this one"));
        }
        // Whoever is killed before the first save leaves no state.
        if !directory.file(STATE).exists() {
            return Run::begin(Trainer::new(config)?, directory).map(Some);
        }
        let trainer = saved(&directory)?;
        if trainer.iteration() >= config.outer {
            return Ok(None);
        }
        Run::go_on(trainer, directory).map(Some)
    }

    fn trained(&self, config: &Config) -> Result<Trained> {
        let path = self.run_path(config).join(MODEL);
        let bytes = fs::read(&path).map_err(|cause| Error::io("read", &path, &cause))?;
        Ok(Trained {
            name: run::name(config),
            digest: digest(&bytes),
            model: Model::load(&path)?,
        })
    }

    /// An evaluation from its file, if that still fits; else evaluates and keeps the result. None if interrupted.
    fn kept<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        key: &Value,
        evaluate: impl FnOnce() -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let directory = self.out.join("evaluations");
        let path = directory.join(format!("{name}.json"));
        let key = json!({ "version": VERSION, "of": key }).to_string();
        let kept = fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        if let Some(Kept { result, .. }) = kept.filter(|kept: &Kept<T>| kept.key == key) {
            return Ok(Some(result));
        }
        let kept = Kept {
            key,
            result: go_on!(evaluate()?),
        };
        fs::create_dir_all(&directory).map_err(|cause| Error::io("create the directory", &directory, &cause))?;
        let text = serde_json::to_vec_pretty(&kept).map_err(unwritable)?;
        write_atomically(&path, &text)?;
        Ok(Some(kept.result))
    }

    /// The cells in B of whoever has a published basin: by learners and models, then as [`BASINS`].
    fn basins(&self, stage: usize, logistic: &[Trained], cola: &[Trained]) -> Result<Option<Vec<Cells>>> {
        let models: Vec<&Trained> = cola.iter().chain(logistic).collect();
        say(stage, &format!("{} learners and models", models.len() + 1));
        let mut all = vec![go_on!(self.cells("basins-learners", "", None)?)];
        for (k, trained) in models.iter().enumerate() {
            say(stage, &format!("{} models to go", models.len() - k));
            on_the_logistic_game(&trained.model)?;
            let name = format!("basins-{}", trained.name);
            all.push(go_on!(self.cells(&name, &trained.digest, Some(&trained.model))?));
        }
        Ok(Some(all))
    }

    /// The cells in B of each published basin of the learners that follow the model or, without one, are formulas.
    fn cells(&self, name: &str, digest: &str, model: Option<&Model>) -> Result<Option<Cells>> {
        let steps = self.cut.basin_steps();
        let what: Vec<String> = BASINS.iter().map(|basin| basin.learner.title()).collect();
        let key = json!({ "model": digest, "steps": steps, "basins": what });
        let algorithm = model.map(|model| model.config().algorithm);
        self.kept(name, &key, || {
            let mut cells = Cells::new();
            for Basin { learner, .. } in &BASINS {
                if interrupted() {
                    return Ok(None);
                }
                cells.push(if learner.algorithm() == algorithm {
                    let agents = Agent::both(*learner, model)?;
                    let ascent = ascent(model, steps);
                    let cells = basin(agents, &PlaneGame::Logistic, self.cpu, Grid::PUBLISHED, ascent);
                    Some(count(&cells) as f64)
                } else {
                    None
                });
            }
            Ok(Some(cells))
        })
    }

    /// Figure 3a's curves, with the starts of `meva figure 3a`.
    fn sweep_models(&self, stage: usize, models: &[Trained]) -> Result<Option<Sweep>> {
        let (learners, mut by_seed) = (meta_value_learners(), Vec::new());
        for (seed, trained) in (0..).zip(models) {
            say(
                stage,
                &format!("{} of {} models to go", models.len() - by_seed.len(), models.len()),
            );
            reciprocity::check(&trained.model)?;
            let name = format!("returns-{}", trained.name);
            let model = Some(&trained.model);
            by_seed.push(go_on!(self.returns(&name, &trained.digest, model, &learners, seed)?));
        }
        Ok(Some(Sweep { learners, by_seed }))
    }

    /// Figure 3b's curves, with the starts of `meva figure 3b`.
    fn sweep_lola(&self, stage: usize, seeds: u64) -> Result<Option<Sweep>> {
        let (learners, mut by_seed) = (lola_learners(), Vec::new());
        for seed in 0..seeds {
            say(stage, &format!("{} of {seeds} seeds to go", seeds - seed));
            let name = format!("returns-lola-seed-{seed}");
            by_seed.push(go_on!(self.returns(&name, "", None, &learners, seed)?));
        }
        Ok(Some(Sweep { learners, by_seed }))
    }

    fn returns(
        &self,
        name: &str,
        digest: &str,
        model: Option<&Model>,
        learners: &[Learner],
        seed: u64,
    ) -> Result<Option<Vec<Returns>>> {
        let protocol = self.cut.protocol();
        let settings: Vec<f64> = learners.iter().map(|learner| learner.setting()).collect();
        let key = json!({ "model": digest, "protocol": protocol, "settings": settings, "seed": seed });
        self.kept(name, &key, || {
            let mut returns = Vec::new();
            for learner in learners {
                if interrupted() {
                    return Ok(None);
                }
                returns.push(reciprocity::returns(self.cpu, *learner, model, protocol, seed)?);
            }
            Ok(Some(returns))
        })
    }

    /// Every figure of the paper, by its number; written, too.
    fn figures(
        &self,
        logistic: &Model,
        cola: &Model,
        meva: &Sweep,
        lola: &Sweep,
    ) -> Result<Vec<(&'static str, Figure)>> {
        let steps = self.cut.basin_steps();
        let models = [cola, logistic];
        let figures = vec![
            (Number::One, figure_1(self.cpu)),
            (Number::TwoA, figure_2a(&models, self.cpu, steps)?),
            (Number::TwoB, figure_2b(&models, self.cpu, steps)?),
            (Number::ThreeA, figure_3(meva)),
            (Number::ThreeB, figure_3(lola)),
        ];
        for (number, figure) in &figures {
            drawing::save_both(figure, &self.out.join("figures"), *number)?;
        }
        Ok(figures
            .into_iter()
            .map(|(number, figure)| (number.name(), figure))
            .collect())
    }
}

/// Cells in B as [`BASINS`]; none where another than this one learns.
type Cells = Vec<Option<f64>>;

/// FNV-1a with 64 bits: tells files apart that are not made to be mistaken.
fn digest(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::other(error.to_string())
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
    Curve::ALL.map(comparisons).into()
}

/// What all this was computed with.
fn machine(cpu: Cpu, at_once: usize) -> Vec<(&'static str, String)> {
    let field = |path: &str, key: &str, separator: char| {
        let text = fs::read_to_string(path).ok()?;
        let value = |line: &str| {
            let (found, value) = line.split_once(separator)?;
            (found.trim() == key).then(|| value.trim().trim_matches('"').to_string())
        };
        text.lines().find_map(value)
    };
    let processor = field("/proc/cpuinfo", "model name", ':')
        .or_else(|| std::env::var("PROCESSOR_IDENTIFIER").ok())
        .unwrap_or_else(|| "unknown".to_string());
    let system = field("/etc/os-release", "PRETTY_NAME", '=').unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    vec![
        ("Processor", processor),
        ("Cores", cores.to_string()),
        ("Threads", rayon::current_num_threads().to_string()),
        ("Models trained at once", at_once.to_string()),
        (
            "Instruction set",
            format!("{} ({})", cpu.instruction_set().name(), std::env::consts::ARCH),
        ),
        (
            "System",
            format!("{} {system}", std::env::consts::OS).trim_end().to_string(),
        ),
        ("meva", VERSION.to_string()),
    ]
}
