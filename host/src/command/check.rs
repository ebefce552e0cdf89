//! `meva check`: the cross-check report.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::{Outcome, print};
use meva::check::report::Report;
use meva::check::{model, operations, vectors};
use meva::error::{Error, Result};
use meva::gpu::Gpu;
use meva::gpu::device::list;

/// Hold every engine and derivative against f64 by formula, and say where they part.
///
/// Exit code 0: every error keeps to its bound; 1: one does not.
///
/// A file of points is one JSON object: {"points": [{"x": [[..], [..]], "gamma": [g0, g1], "quantiles": [[..], [..]],
/// "field": [[..], [..]]}, ..]}, a row for each player; "quantiles" and "field" may be left out. Where they are given, every
/// engine is held against them; "precision": "f32" beside "points" says that they were computed in f32.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Check {
    /// Hold the engines against the float64 vectors of this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["model", "points"])]
    vectors: Option<PathBuf>,
    /// Hold a trained model on every engine against f64: a run directory or model file
    #[arg(long, alias = "runs", value_name = "DIR")]
    model: Option<PathBuf>,
    /// With `--model`: where, and what it should give there [default: 64 points as training starts from]
    #[arg(long, value_name = "FILE", requires = "model")]
    points: Option<PathBuf>,
    /// Which engines: `all`, or `cpu` for none but the CPU's
    #[arg(long, value_name = "NAME", default_value = "all")]
    engine: Engines,
    /// This adapter only, by name or index; `meva devices` lists them [default: all]
    #[arg(long, value_name = "NAME|INDEX")]
    adapter: Option<String>,
    /// Only operations whose names contain this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Print one JSON object: `checks`, `ok`, `adapters` and `notes`
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engines {
    All,
    Cpu,
}

impl Check {
    pub(super) fn run(&self) -> Result<Outcome> {
        let mut report = Report::default();
        let gpus = self.gpus(&mut report)?;
        match (&self.vectors, &self.model) {
            (Some(folder), _) => vectors::check(&mut report, folder, &gpus)?,
            (None, Some(path)) => model::check(&mut report, path, self.points.as_deref(), &gpus)?,
            (None, None) => operations(&mut report, &gpus)?,
        }
        report.sort();
        if let Some(text) = &self.only {
            report.keep(text)?;
        }
        if self.json {
            print(&report.json().to_string())?;
        } else {
            print(&report.table())?;
        }
        Ok(if report.ok() { Outcome::Done } else { Outcome::Failed })
    }

    /// The adapters that take part.
    fn gpus(&self, report: &mut Report) -> Result<Vec<Arc<Gpu>>> {
        let wanted = match (self.engine, &self.adapter) {
            (Engines::Cpu, Some(_)) => {
                return Err(Error::usage("--engine cpu leaves all adapters out")
                    .at("--adapter")
                    .hint("leave out one of the two"));
            }
            (Engines::Cpu, None) => Vec::new(),
            (Engines::All, Some(adapter)) => vec![adapter.clone()],
            (Engines::All, None) => {
                let (adapters, _) = list();
                if adapters.is_empty() {
                    let note = "no GPU adapter was found: no GPU is checked (`meva devices` says what is missing)";
                    report.notes.push(note.into());
                }
                adapters.iter().map(|adapter| adapter.index.to_string()).collect()
            }
        };
        let gpus: Vec<Arc<Gpu>> = wanted
            .iter()
            .map(|wanted| Gpu::open(Some(wanted)).map(Arc::new))
            .collect::<Result<_>>()?;
        report.adapters = gpus.iter().map(|gpu| gpu.description.clone()).collect();
        Ok(gpus)
    }
}
