//! `meva trajectories`: where agents go from random starts.

use std::path::PathBuf;

use clap::Args;
use meva_core::random::{Purpose, Stream};
use serde_json::json;

use super::agents::{AgentOptions, finite};
use super::figure::{save, trajectories_panel};
use super::{Outcome, print};
use meva::cpu::Cpu;
use meva::error::{Error, Result};
use meva::figure::{Figure, Row};
use meva::follow::ascent::Joint;

/// Follow agents from random starts.
#[derive(Debug, Args)]
pub struct Trajectories {
    #[command(flatten)]
    agents: AgentOptions,
    #[command(flatten)]
    starts: StartOptions,
    /// Draw the trajectories into this .svg or .png file
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    /// Print one JSON object: options, and `paths` by start, step and player
    #[arg(long)]
    json: bool,
}

/// Random starts.
#[derive(Debug, Args)]
pub struct StartOptions {
    /// How many starts
    #[arg(long, default_value_t = 50)]
    starts: usize,
    /// The largest coordinate of a start
    #[arg(long, default_value_t = 8.0, allow_negative_numbers = true)]
    range: f64,
    /// Seed of the starts
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl StartOptions {
    /// The starts, uniform on a square.
    pub fn draw(&self) -> Result<Vec<Joint<1>>> {
        if self.starts == 0 {
            return Err(Error::usage("no starts, no trajectories")
                .at("--starts")
                .hint("give at least 1"));
        }
        Ok(uniform_starts(
            self.starts,
            finite(self.range, "--range", 0.0)?,
            self.seed,
        ))
    }
}

/// `count` joint policies, uniform on `[-range, range]^2`.
pub fn uniform_starts(count: usize, range: f64, seed: u64) -> Vec<Joint<1>> {
    let mut stream = Stream::new(seed, Purpose::Evaluation, 0);
    (0..count)
        .map(|_| [[stream.uniform(-range, range)], [stream.uniform(-range, range)]])
        .collect()
}

impl Trajectories {
    pub(super) fn run(&self) -> Result<Outcome> {
        let (starts, agents) = (self.starts.draw()?, self.agents.check()?);
        let cpu = Cpu::detect()?;
        let paths: Vec<Vec<[f64; 2]>> = agents
            .ascent
            .paths([agents.agent()?; 2], &agents.game, cpu, &starts)
            .iter()
            .map(|path| path.iter().map(|[[a], [b]]| [*a, *b]).collect())
            .collect();
        if let Some(path) = &self.figure {
            let panel = trajectories_panel(agents.title(), paths.clone(), agents.game, cpu);
            let figure = Figure {
                rows: vec![Row {
                    label: String::new(),
                    panels: vec![panel],
                }],
                panel_size: [240.0; 2],
            };
            save(&figure, path)?;
        }
        if self.json {
            let mut value = agents.json();
            value["paths"] = json!(paths);
            print(&value.to_string())?;
        } else {
            let line = |path: &Vec<[f64; 2]>| {
                let ([a, b], [c, d]) = (path[0], path[path.len() - 1]);
                format!("({a:8.4}, {b:8.4}) -> ({c:8.4}, {d:8.4})\n")
            };
            print(&(format!("{}\n", agents.title()) + &paths.iter().map(line).collect::<String>()))?;
        }
        Ok(Outcome::Done)
    }
}
