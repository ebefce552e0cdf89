//! `meva basins`: which starts lead to the good solution.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::drawing;
use super::options::{AgentOptions, diverged_in_part, diverged_wholly, finite};
use super::{Outcome, print};
use meva::cpu::Cpu;
use meva::error::{Error, Result};
use meva::follow::plane::{Grid, basin};
use meva::paper::figures::{Content, Figure, Panel};

/// Follow agents from a grid of starts and count the cells that lead to B, the positive quadrant.
#[derive(Debug, Args)]
pub struct Basins {
    #[command(flatten)]
    agents: AgentOptions,
    #[command(flatten)]
    grid: GridOptions,
    /// Draw the basins into this .svg or .png file
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    /// Print one JSON object: options, `cells_in_b`, `diverged`, and `cells` by first and second coordinate
    #[arg(long)]
    json: bool,
}

/// The grid of starts.
#[derive(Debug, Args)]
pub struct GridOptions {
    /// Points along each side of the grid
    #[arg(long, default_value_t = Grid::PUBLISHED.side, value_name = "POINTS")]
    grid: usize,
    /// The largest coordinate
    #[arg(long, default_value_t = Grid::PUBLISHED.range, allow_negative_numbers = true)]
    range: f64,
}

impl GridOptions {
    /// The grid, if it is one.
    pub fn check(&self) -> Result<Grid> {
        if !(2..=1000).contains(&self.grid) {
            return Err(Error::usage(format!("a grid of {} points along each side", self.grid))
                .at("--grid")
                .hint("give 2 to 1000: both ends of the range are on the grid"));
        }
        let range = finite(self.range, "--range", 0.0)?;
        if range == 0.0 {
            return Err(Error::usage("a grid without extent")
                .at("--range")
                .hint("give a positive number"));
        }
        Ok(Grid { side: self.grid, range })
    }
}

impl Basins {
    pub(super) fn run(&self) -> Result<Outcome> {
        if self.figure.is_some() {
            drawing::check()?;
        }
        let (grid, agents) = (self.grid.check()?, self.agents.check()?);
        let basin = basin(agents.agents()?, &agents.game, Cpu::detect()?, grid, agents.ascent);
        let (in_b, diverged) = (basin.count(), basin.diverged);
        let cells = basin.cells;
        diverged_wholly(diverged, cells.len(), "starts")?;
        if let Some(path) = &self.figure {
            let panel = Panel {
                title: agents.title(),
                content: Content::Basins {
                    grid,
                    cells: cells.clone(),
                },
            };
            drawing::save(&Figure::of(vec![panel], 240.0), path)?;
        }
        if self.json {
            let mut value = agents.json();
            value["grid"] = grid.side.into();
            value["range"] = grid.range.into();
            value["cells_in_b"] = in_b.into();
            value["diverged"] = diverged.into();
            value["cells"] = json!(cells.chunks(grid.side).collect::<Vec<_>>());
            print(&value.to_string())?;
        } else {
            print(&format!(
                "{}{}: {in_b} of {} cells in B{}",
                map(&cells, grid),
                agents.title(),
                cells.len(),
                diverged_in_part(diverged, "starts")
            ))?;
        }
        Ok(Outcome::Done)
    }
}

/// The basins as characters, second coordinate upwards; nothing if the grid is too wide for a terminal.
fn map(cells: &[bool], grid: Grid) -> String {
    if grid.side > 60 {
        return String::new();
    }
    let row = |j: usize| -> String {
        (0..grid.side)
            .map(|i| if cells[i * grid.side + j] { "# " } else { ". " })
            .collect()
    };
    (0..grid.side)
        .rev()
        .map(|j| row(j).trim_end().to_string() + "\n")
        .collect()
}
