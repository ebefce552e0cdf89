//! `meva sweep`: one run for each combination of values of some keys, and for each seed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::options::{EngineOptions, period};
use super::progress::Bars;
use super::{INTERRUPTED, Outcome, listen_to_ctrl_c, path_json, print, tell};
use meva::config::sweep::{Point, Sweep as Points};
use meva::error::{Error, Result};
use meva::files::{MOST_TEXT, read_text, write_atomically};
use meva::ranks::Ranks;
use meva::training::directory::CONFIG;
use meva::training::run::{Logged, logged};
use meva::training::{self, Event, Job, RunDirectory, Trainer};

/// Train every combination of values that a file lists, with every seed, and tell how they fare. The same command goes on where
/// an earlier one was interrupted, and trains what has been added to the file.
///
/// The file is TOML: preset = "logistic" (or config = "base.toml"), seeds = "0..4", and below [keys] a value, a list or a range for
/// each key: outer = 300, eta = [1e-3, 3e-4], alpha = { from = 0.5, to = 2, count = 4, scale = "log" }, batch = { from = 64, to =
/// 256, step = 64 }.
#[derive(Debug, Args)]
pub struct Sweep {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What holds the runs, as KEY=VALUE/../seed-N [default: runs and the name of the file]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    engine: EngineOptions,
    /// How often each run is saved, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    save_every: f64,
    /// Print the table of what there is, and train nothing
    #[arg(long)]
    table: bool,
    /// Print one JSON object: `keys`, and `points` with their `values`, `runs` and `loss_mean`, `loss_min`, `loss_max`
    #[arg(long)]
    json: bool,
}

/// The file that a sweep's directory keeps of what was swept last.
const COPY: &str = "sweep.toml";

/// What is known of the run of a point and a seed.
struct Row<'a> {
    point: &'a Point,
    seed: u64,
    path: PathBuf,
    /// Its last row of metrics, if it has one.
    logged: Option<Logged>,
    /// Why it ended early, if it did so now.
    error: Option<Error>,
}

impl Row<'_> {
    fn is_finished(&self) -> bool {
        self.logged.is_some_and(|logged| logged.step == self.point.config.outer)
    }
}

impl Sweep {
    pub(super) fn run(&self, ranks: Option<&Arc<Ranks>>) -> Result<Outcome> {
        let sweep = Points::load(&self.file)?;
        let period = period(self.save_every)?;
        let name = self.file.file_stem().unwrap_or_default();
        let out = self.out.clone().unwrap_or_else(|| Path::new("runs").join(name));
        for point in &sweep.points {
            Trainer::check(&point.config)?;
        }
        let errors = if self.table {
            BTreeMap::new()
        } else {
            self.train(&sweep, &out, period, ranks)?
        };
        let rows = rows(&sweep, &out, errors)?;
        print(&if self.json {
            object(&sweep, &out, &rows).to_string()
        } else {
            text(&sweep, &rows)
        })?;
        let mut failed: Vec<&Error> = rows.iter().filter_map(|row| row.error.as_ref()).collect();
        let last = failed.pop();
        failed.into_iter().for_each(tell);
        match last {
            Some(error) => Err(error.clone()),
            None if INTERRUPTED.load(Ordering::Relaxed) => Ok(Outcome::Interrupted),
            None => Ok(Outcome::Done),
        }
    }

    /// Trains what is not trained yet. Returns the errors of runs, by directory.
    fn train(
        &self,
        sweep: &Points,
        out: &Path,
        period: Duration,
        ranks: Option<&Arc<Ranks>>,
    ) -> Result<BTreeMap<PathBuf, Error>> {
        std::fs::create_dir_all(out).map_err(|cause| Error::io("create the directory", out, cause))?;
        let _lock = RunDirectory::lock_at(out)?;
        let runs = || {
            let of = |point| sweep.seeds.iter().map(move |seed| (point, *seed));
            sweep.points.iter().flat_map(of)
        };
        let job =
            |(point, seed): (&Point, u64)| Job::of(&point.config.with_seed(seed), out.join(sweep.place(point, seed)));
        // What is there already first: if something else is, nothing is written.
        let exists = |(point, seed): &(&Point, u64)| out.join(sweep.place(point, *seed)).join(CONFIG).exists();
        let mut left: Vec<Option<Job>> = Vec::new();
        for run in runs().filter(exists) {
            left.push(job(run)?);
        }
        let text = read_text(&self.file, MOST_TEXT)?;
        write_atomically(&out.join(COPY), text.as_bytes())?;
        let new: Vec<(&Point, u64)> = runs().filter(|run| !exists(run)).collect();
        for run in new {
            left.push(job(run)?);
        }
        let total = left.len();
        let jobs: Vec<Job> = left.into_iter().flatten().map(|job| job.save_every(period)).collect();
        eprintln!(
            "{} points, {} seeds: {} of {total} runs to train",
            sweep.points.len(),
            sweep.seeds.len(),
            jobs.len()
        );
        if jobs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let batch = jobs.iter().map(|job| job.config().batch).max().unwrap_or_default();
        let backend = self.engine.backend(ranks, jobs.len(), batch)?;
        listen_to_ctrl_c()?;
        let paths: Vec<PathBuf> = jobs.iter().map(|job| job.directory().path().to_owned()).collect();
        let bars = Bars::default();
        let errors = Mutex::new(BTreeMap::new());
        let report = |event: Event| {
            bars.report(&event);
            if let Event::End(index, Err(error)) = event {
                let mut errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
                errors.insert(paths[index].clone(), error.clone());
            }
        };
        training::run_each(jobs, &backend, report, &INTERRUPTED)?;
        Ok(errors.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What there is of each point and seed.
fn rows<'a>(sweep: &'a Points, out: &Path, mut errors: BTreeMap<PathBuf, Error>) -> Result<Vec<Row<'a>>> {
    let mut rows = Vec::new();
    for point in &sweep.points {
        for seed in &sweep.seeds {
            let path = out.join(sweep.place(point, *seed));
            let logged = match RunDirectory::open(&path) {
                Ok(directory) => logged(&directory)?,
                Err(_) => None,
            };
            rows.push(Row {
                point,
                seed: *seed,
                error: errors.remove(&path),
                path,
                logged,
            });
        }
    }
    Ok(rows)
}

/// Mean, least and greatest loss of finished runs.
fn losses(rows: &[Row]) -> Option<[f64; 3]> {
    let finished = rows.iter().filter(|row| row.is_finished());
    let losses: Vec<f64> = finished.filter_map(|row| Some(row.logged?.loss)).collect();
    let mean = losses.iter().sum::<f64>() / losses.len() as f64;
    let least = losses.iter().copied().reduce(f64::min)?;
    let greatest = losses.iter().copied().reduce(f64::max)?;
    Some([mean, least, greatest])
}

fn seconds(rows: &[Row]) -> f64 {
    let each = rows.iter().filter_map(|row| Some(row.logged?.seconds));
    // A sum of nothing would be -0.
    each.fold(0.0, |sum, seconds| sum + seconds)
}

fn text(sweep: &Points, rows: &[Row]) -> String {
    let header = ["finished", "loss", "least", "greatest", "seconds"].map(str::to_owned);
    let mut lines = vec![[sweep.keys.clone(), header.to_vec()].concat()];
    for (point, rows) in sweep.points.iter().zip(rows.chunks(sweep.seeds.len())) {
        let finished = rows.iter().filter(|row| row.is_finished()).count();
        let losses = losses(rows).map_or(["-"; 3].map(str::to_owned), |losses| {
            losses.map(|loss| format!("{loss:.5}"))
        });
        let mut line = point.values.clone();
        line.push(format!("{finished} of {}", rows.len()));
        line.extend(losses);
        line.push(format!("{:.1}", seconds(rows)));
        lines.push(line);
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let line = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}"));
        cells.collect::<Vec<_>>().join("  ")
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn object(sweep: &Points, out: &Path, rows: &[Row]) -> Value {
    let run = |row: &Row| {
        json!({
            "directory": path_json(&row.path),
            "seed": row.seed,
            "iterations": row.logged.map_or(0, |logged| logged.step),
            "finished": row.is_finished(),
            "loss": row.logged.map(|logged| logged.loss),
            "seconds": row.logged.map_or(0.0, |logged| logged.seconds),
            "error": row.error.as_ref().map(|error| error.json()["error"].clone()),
        })
    };
    let points = sweep
        .points
        .iter()
        .zip(rows.chunks(sweep.seeds.len()))
        .map(|(point, rows)| {
            let values: serde_json::Map<String, Value> = sweep
                .keys
                .iter()
                .zip(&point.values)
                // Numbers are numbers.
                .map(|(key, value)| {
                    (
                        key.clone(),
                        serde_json::from_str(value).unwrap_or_else(|_| json!(value)),
                    )
                })
                .collect();
            let losses = losses(rows);
            let loss = |which: usize| losses.map(|losses| losses[which]);
            json!({
                "values": values,
                "runs": rows.iter().map(run).collect::<Vec<_>>(),
                "loss_mean": loss(0),
                "loss_min": loss(1),
                "loss_max": loss(2),
            })
        });
    json!({ "directory": path_json(out), "keys": sweep.keys, "points": points.collect::<Vec<_>>() })
}
