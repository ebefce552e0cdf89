//! `meva trajectories`: where agents go from random starts.

use std::path::PathBuf;

use clap::Args;
use meva_core::game::PlaneGame;
use serde_json::json;

use super::drawing;
use super::options::{AgentOptions, Checked, at_least_one, diverged_wholly, finite};
use super::{Outcome, print, print_part};
use meva::cpu::Cpu;
use meva::draws::Start;
use meva::error::Result;
use meva::follow::Joint;
use meva::follow::plane::{stable_fixed_points, trajectories};
use meva::follow::starts::all_starts;
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
    /// How many starts; any number as text, which is printed as it is computed
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
    pub fn draw(&self) -> Result<impl Iterator<Item = Joint<1>>> {
        at_least_one(self.starts, "--starts")?;
        let range = finite(self.range, "--range", 0.0)?;
        Ok(all_starts(Start::Uniform(range), self.seed).take(self.starts))
    }
}

/// Starts whose trajectories are computed at a time, where each is printed and forgotten: enough to keep every thread busy.
const AT_A_TIME: usize = 1024;

/// Trajectories of some starts, each up to where it leaves the numbers.
struct Paths {
    paths: Vec<Vec<[f64; 2]>>,
    diverged: usize,
}

impl Paths {
    fn new(mut paths: Vec<Vec<[f64; 2]>>) -> Self {
        let is_lost = |point: &[f64; 2]| !point.iter().all(|number| number.is_finite());
        let mut diverged = 0;
        for path in &mut paths {
            if let Some(end) = path.iter().position(is_lost) {
                path.truncate(end);
                diverged += 1;
            }
        }
        Paths { paths, diverged }
    }
}

impl Trajectories {
    pub(super) fn run(&self) -> Result<Outcome> {
        if self.figure.is_some() {
            drawing::check()?;
        }
        let agents = self.agents.check()?;
        let whole = self.json || self.figure.is_some();
        let held = self.starts.starts.min(if whole { usize::MAX } else { AT_A_TIME });
        // A joint policy as it is computed, as it is kept, and as text.
        let point = 2 * size_of::<[f64; 2]>() + if self.json { 48 } else { 0 };
        room_for(
            product([held, agents.ascent.steps.saturating_add(1), point]),
            &format!("--starts {} with --steps {}", self.starts.starts, agents.ascent.steps),
        )?;
        let (followed, cpu, mut starts) = (agents.agents()?, Cpu::detect()?, self.starts.draw()?);
        let mut parts = std::iter::from_fn(|| {
            let starts: Vec<_> = starts.by_ref().take(held).collect();
            let follow = || trajectories(followed, &agents.game, cpu, &starts, agents.ascent);
            (!starts.is_empty()).then(|| Paths::new(follow()))
        });
        if !whole {
            self.print_lines(&agents, parts)?;
            return Ok(Outcome::Done);
        }
        let all = parts.next().unwrap_or_else(|| Paths::new(Vec::new()));
        diverged_wholly(all.diverged, all.paths.len(), "starts")?;
        if let Some(path) = &self.figure {
            let panel = Panel {
                title: agents.title(),
                content: Content::Trajectories {
                    paths: all.paths.clone(),
                    fixed_points: (agents.game == PlaneGame::Logistic).then(|| stable_fixed_points(cpu)),
                },
            };
            drawing::save(&Figure::of(vec![panel], 240.0), path)?;
        }
        if self.json {
            let mut value = agents.json();
            value["diverged"] = all.diverged.into();
            value["paths"] = json!(all.paths);
            print(&value.to_string())?;
        } else {
            self.print_lines(&agents, std::iter::once(all))?;
        }
        Ok(Outcome::Done)
    }

    /// Prints a line for each start, part by part, until nobody reads on.
    fn print_lines(&self, agents: &Checked, parts: impl Iterator<Item = Paths>) -> Result<()> {
        let line = |path: &Vec<[f64; 2]>| {
            let ([a, b], [c, d]) = (path[0], path[path.len() - 1]);
            let lost = if path.len() <= agents.ascent.steps {
                "  diverged"
            } else {
                ""
            };
            format!("({a:8.4}, {b:8.4}) -> ({c:8.4}, {d:8.4}){lost}\n")
        };
        let mut text = agents.title() + "\n";
        let (mut count, mut diverged) = (0, 0);
        for part in parts {
            count += part.paths.len();
            diverged += part.diverged;
            if count == self.starts.starts {
                diverged_wholly(diverged, count, "starts")?;
            }
            text.extend(part.paths.iter().map(line));
            if !print_part(&std::mem::take(&mut text))? {
                return Ok(());
            }
        }
        if diverged > 0 {
            print(&format!("{diverged} of {count} starts diverged"))?;
        }
        Ok(())
    }
}
