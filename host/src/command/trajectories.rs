//! `meva trajectories`: where agents go from random starts.

use std::path::PathBuf;

use clap::Args;
use meva_core::game::PlaneGame;
use serde_json::json;

use super::drawing;
use super::options::{AgentOptions, at_least_one, diverged_in_part, diverged_wholly, finite};
use super::{Outcome, print};
use meva::cpu::Cpu;
use meva::draws::Start;
use meva::error::Result;
use meva::follow::Joint;
use meva::follow::plane::{stable_fixed_points, trajectories};
use meva::follow::play::starts;
use meva::limits::{product, room_for};
use meva::paper::figures::{Content, Figure, Panel};

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
    /// Print one JSON object: options, `diverged`, and `paths` by start, step and player, up to where they diverge
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
        at_least_one(self.starts, "--starts")?;
        let range = finite(self.range, "--range", 0.0)?;
        Ok(starts(self.starts, Start::Uniform(range), self.seed))
    }
}

impl Trajectories {
    pub(super) fn run(&self) -> Result<Outcome> {
        if self.figure.is_some() {
            drawing::check()?;
        }
        let agents = self.agents.check()?;
        // A joint policy as it is computed, as it is kept, and as text.
        let point = 2 * size_of::<[f64; 2]>() + if self.json { 48 } else { 0 };
        let bytes = product([self.starts.starts, agents.ascent.steps.saturating_add(1), point]);
        room_for(
            bytes,
            &format!("--starts {} with --steps {}", self.starts.starts, agents.ascent.steps),
        )?;
        let starts = self.starts.draw()?;
        let cpu = Cpu::detect()?;
        let mut paths = trajectories(agents.agents()?, &agents.game, cpu, &starts, agents.ascent);
        // A path ends where it leaves the numbers.
        let mut diverged = 0;
        for path in &mut paths {
            let is_lost = |point: &[f64; 2]| !point.iter().all(|number| number.is_finite());
            if let Some(end) = path.iter().position(is_lost) {
                path.truncate(end);
                diverged += 1;
            }
        }
        diverged_wholly(diverged, paths.len(), "starts")?;
        if let Some(path) = &self.figure {
            let panel = Panel {
                title: agents.title(),
                content: Content::Trajectories {
                    paths: paths.clone(),
                    fixed_points: (agents.game == PlaneGame::Logistic).then(|| stable_fixed_points(cpu)),
                },
            };
            drawing::save(&Figure::of(vec![panel], 240.0), path)?;
        }
        if self.json {
            let mut value = agents.json();
            value["diverged"] = diverged.into();
            value["paths"] = json!(paths);
            print(&value.to_string())?;
        } else {
            let line = |path: &Vec<[f64; 2]>| {
                let ([a, b], [c, d]) = (path[0], path[path.len() - 1]);
                let lost = if path.len() <= agents.ascent.steps {
                    "  diverged"
                } else {
                    ""
                };
                format!("({a:8.4}, {b:8.4}) -> ({c:8.4}, {d:8.4}){lost}\n")
            };
            let note = diverged_in_part(diverged, "starts");
            print(&(format!("{}{note}\n", agents.title()) + &paths.iter().map(line).collect::<String>()))?;
        }
        Ok(Outcome::Done)
    }
}
