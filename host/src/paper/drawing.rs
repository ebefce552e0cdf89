//! Draws what [`figures`](crate::paper::figures) computes, into SVG and PNG.

use std::fs;
use std::path::{Path, PathBuf};

use meva_figure::{
    Axis, Content as Drawn, Figure as Drawing, Kind as Shown, Look, Mark, Panel as Frame, Point, Row as Frames, Series,
    Ticks,
};

use crate::error::{Error, Result};
use crate::files::write_atomically;
use crate::follow::fixed_points::Kind;
use crate::follow::plane::Grid;
use crate::follow::play::Spread;
use crate::paper::figures::{Content, Figure, Line, Number, Panel};

/// Pixels per unit of the SVG.
const SCALE: f32 = 2.5;
/// The colour of a diagonal, which no other series of a figure is likely to have.
const DIAGONAL: usize = 6;

/// The figure as an SVG document.
///
/// ```
/// use meva::paper::{drawing, figures};
/// let figure = figures::figure_1(meva::cpu::Cpu::detect()?);
/// assert!(drawing::svg(&figure).starts_with("<svg"));
/// # Ok::<(), meva::error::Error>(())
/// ```
pub fn svg(figure: &Figure) -> String {
    drawing(figure).svg()
}

/// The figure as a PNG file, 240 pixels an inch.
///
/// # Errors
/// The image would be too large.
pub fn png(figure: &Figure) -> Result<Vec<u8>> {
    drawing(figure)
        .png(SCALE)
        .map_err(|error| Error::other(error.to_string()).because(error))
}

/// Writes a figure in the format of the file's extension, `.svg` or `.png`.
///
/// # Errors
/// The extension is a different one, or the file cannot be written.
pub fn save(figure: &Figure, path: &Path) -> Result<()> {
    let bytes = match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => svg(figure).into_bytes(),
        Some("png") => png(figure)?,
        _ => {
            return Err(Error::usage(format!("no format for `{}`", path.display()))
                .hint("name a file that ends in .svg or .png"));
        }
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| Error::io("create", parent, error))?;
    }
    write_atomically(path, &bytes).map(drop)
}

/// Writes a figure of the paper as SVG and PNG, and returns the paths.
///
/// # Errors
/// As [`save`].
pub fn save_both(figure: &Figure, directory: &Path, number: Number) -> Result<[PathBuf; 2]> {
    let files = ["svg", "png"].map(|extension| directory.join(format!("figure-{number}.{extension}")));
    files.iter().try_for_each(|path| save(figure, path))?;
    Ok(files)
}

fn drawing(figure: &Figure) -> Drawing {
    let heights = heights(figure);
    let rows = figure.rows.iter().map(|row| Frames {
        label: row.label.clone(),
        panels: row.panels.iter().map(|panel| frame(panel, heights)).collect(),
    });
    Drawing {
        rows: rows.collect(),
        panel_size: figure.panel_size,
    }
}

/// The range of the curves in all panels: at least from mutual defection, -2, to mutual cooperation, -1.
fn heights(figure: &Figure) -> [f64; 2] {
    let panels = figure.rows.iter().flat_map(|row| &row.panels);
    let lines = panels.flat_map(|panel| match &panel.content {
        Content::Curves { lines, .. } => &lines[..],
        _ => &[],
    });
    let ends = lines.flat_map(|line| {
        let own = line.returns.iter().flat_map(|spread| [spread.least, spread.greatest]);
        own.chain(line.published.iter().copied())
    });
    ends.fold([-2.0, -1.0], |[least, greatest], end| {
        [f64::min(least, end), f64::max(greatest, end)]
    })
}

fn frame(panel: &Panel, [least, greatest]: [f64; 2]) -> Frame {
    let (x, y, content, marked) = match &panel.content {
        Content::Returns {
            grid,
            values,
            fixed_points,
        } => {
            let [x, y] = plane(grid.range);
            let (side, values) = (grid.side, values.clone());
            (x, y, Drawn::Contours { side, values }, *fixed_points)
        }
        Content::Trajectories { paths, fixed_points } => {
            let [x, y] = plane(10.0);
            let paths = paths.clone();
            (x, y, Drawn::Trajectories { paths }, *fixed_points)
        }
        Content::Basins { grid, cells } => {
            let Grid { side, range } = *grid;
            // Cells are centred on the grid points.
            let [x, y] = plane(range * (1.0 + 1.0 / (side - 1) as f64));
            let cells = cells.clone();
            (x, y, Drawn::Basins { side, cells }, None)
        }
        Content::Field { range, arrows, points } => {
            let [x, y] = plane(*range);
            let arrows = arrows.clone();
            let kind = |kind: &Kind| match kind {
                Kind::Stable => Shown::Stable,
                Kind::Saddle => Shown::Saddle,
                Kind::Unstable => Shown::Unstable,
                Kind::Centre => Shown::Centre,
            };
            let points = points.iter().map(|(at, own)| (*at, kind(own))).collect();
            (x, y, Drawn::Field { arrows, points }, None)
        }
        Content::Heat { names, values } => {
            // Names are too long to stand side by side below narrow columns.
            let numbers: Vec<String> = (1..=names.len()).map(|k| k.to_string()).collect();
            let numbered = names
                .iter()
                .zip(&numbers)
                .map(|(name, number)| format!("{name}  {number}"));
            let upwards: Vec<String> = numbered.rev().collect();
            let values = values.clone();
            (
                Axis::categories("against", &numbers),
                Axis::categories("", &upwards),
                Drawn::Heat { values },
                None,
            )
        }
        Content::Agreement {
            axes,
            range,
            series,
            joined,
        } => {
            let [x, y] = axes.map(|label| Axis::new(label, range[0], range[1]));
            let look = if *joined { Look::Line } else { Look::Rings };
            let diagonal = Series {
                name: String::new(),
                points: range.map(|end| Point::at([end; 2])).into(),
                colour: DIAGONAL,
                look: Look::Line,
            };
            let own = |(colour, (name, points)): (usize, &(String, Vec<[f64; 2]>))| Series {
                name: name.clone(),
                points: points.iter().copied().map(Point::at).collect(),
                colour,
                look,
            };
            let series = [diagonal].into_iter().chain(series.iter().enumerate().map(own));
            let (series, band) = (series.collect(), String::new());
            (x, y, Drawn::Lines { series, band }, None)
        }
        Content::Curves {
            symbol,
            settings,
            lines,
            seeds,
        } => {
            let settings: Vec<String> = settings.iter().map(f64::to_string).collect();
            let band = match seeds {
                1 => String::new(),
                seeds => format!("range of {seeds} seeds"),
            };
            let series = lines.iter().flat_map(series).collect();
            (
                Axis::categories(*symbol, &settings),
                Axis::new("return per step", least - 0.1, greatest + 0.1),
                Drawn::Lines { series, band },
                None,
            )
        }
    };
    let mark = |(at, label): ([f64; 2], &str)| Mark {
        at,
        label: label.to_string(),
    };
    Frame {
        title: panel.title.clone(),
        x,
        y,
        content,
        marks: marked
            .into_iter()
            .flat_map(|points| points.into_iter().zip(["A", "B"]))
            .map(mark)
            .collect(),
    }
}

/// The axes of both players' parameters.
fn plane(range: f64) -> [Axis; 2] {
    [1, 2].map(|player| {
        let axis = Axis::new(format!("x_{player}"), -range, range);
        if (10.0..11.0).contains(&range) {
            Axis {
                ticks: Ticks::At(vec![-10.0, -5.0, 0.0, 5.0, 10.0]),
                ..axis
            }
        } else {
            axis
        }
    })
}

/// Rings for the published values, if any, and then the curve.
fn series(line: &Line) -> impl Iterator<Item = Series> {
    let point = |(k, Spread { mean, least, greatest }): (usize, Spread)| Point {
        x: k as f64,
        mean,
        low: least,
        high: greatest,
    };
    let alone = |mean: f64| Spread {
        mean,
        least: mean,
        greatest: mean,
    };
    let rings = (!line.published.is_empty()).then(|| Series {
        name: "published".to_string(),
        points: line
            .published
            .iter()
            .copied()
            .map(alone)
            .enumerate()
            .map(point)
            .collect(),
        colour: line.colour,
        look: Look::Rings,
    });
    let curve = Series {
        name: line.name.clone(),
        points: line.returns.iter().copied().enumerate().map(point).collect(),
        colour: line.colour,
        look: Look::Line,
    };
    rings.into_iter().chain([curve])
}
