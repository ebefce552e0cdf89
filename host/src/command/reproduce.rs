//! `meva reproduce`: from nothing to a report that compares our numbers with the published ones.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::options::{at_least_one, seeds};
use super::progress::Bars;
use super::{INTERRUPTED, Outcome, listen_to_ctrl_c, path_json, print};
use meva::config::sweep::BYTES_WAITING;
use meva::error::Result;
use meva::limits::room_for;
use meva::paper::published::Comparison;
use meva::paper::report::Report;
use meva::paper::reproduction::{Cut, Progress, REPORT, SEEDS, reproduce_on};
use meva::ranks::Ranks;
use meva::training::Backend;
use meva::training::run::{OnRanks, Parallel};

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
    /// Train for at most N outer iterations: smaller than published, for a trial run
    #[arg(long, value_name = "N")]
    outer: Option<usize>,
    /// Follow at most N pairs for each seed: smaller than published, for a trial run
    #[arg(long, value_name = "N")]
    pairs: Option<usize>,
    /// Follow agents for at most N steps: smaller than published, for a trial run
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Print one JSON object: `report`, `cut`, `numbers` (published and ours) and `seconds` by stage
    #[arg(long)]
    json: bool,
}

impl Reproduce {
    pub(super) fn run(&self, ranks: Option<&Arc<Ranks>>) -> Result<Outcome> {
        let (default, quick, count) = if self.quick {
            ("reproduction-quick", Cut::QUICK, 2)
        } else {
            ("reproduction", Cut::default(), SEEDS)
        };
        let cut = Cut {
            outer: self.outer.or(quick.outer),
            pairs: self.pairs.or(quick.pairs),
            steps: self.steps.or(quick.steps),
        };
        for (count, option) in [(cut.outer, "--outer"), (cut.pairs, "--pairs"), (cut.steps, "--steps")] {
            at_least_one(count.unwrap_or(1), option)?;
        }
        let path = self.out.clone().unwrap_or_else(|| default.into());
        let seeds = self.seeds.clone().unwrap_or(0..count);
        room_for(
            u128::from(seeds.end - seeds.start).saturating_mul(BYTES_WAITING),
            &format!("--seeds {}..{}", seeds.start, seeds.end),
        )?;
        listen_to_ctrl_c()?;
        let bars = Bars::default();
        let tell = |progress: Progress| match progress {
            Progress::Stage(stage) => eprintln!("{stage}"),
            Progress::Training(event) => bars.report(&event),
            _ => {}
        };
        let backend = match ranks {
            None => Backend::Cpu,
            Some(ranks) => Backend::Ranks(OnRanks::new(ranks, Backend::Cpu.name(), None, Parallel::Runs)?),
        };
        let Some(report) = reproduce_on(&backend, &path, seeds, cut, tell, &INTERRUPTED)? else {
            eprintln!("interrupted; the same command goes on from here");
            return Ok(Outcome::Interrupted);
        };
        self.show(&path.join(REPORT), &report)
    }

    fn show(&self, path: &Path, report: &Report) -> Result<Outcome> {
        let numbers: Vec<&Comparison> = report.comparisons().collect();
        let agree = numbers.iter().filter(|number| number.agrees()).count();
        if self.json {
            let number = |comparison: &&Comparison| {
                json!({
                    "what": comparison.what,
                    "source": comparison.source,
                    "published": comparison.published,
                    "ours": comparison.ours,
                    "tolerance": comparison.tolerance,
                    "agrees": comparison.agrees(),
                })
            };
            let value = json!({
                "report": path_json(path),
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
