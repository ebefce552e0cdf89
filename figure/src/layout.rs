//! The layout of the page. Everything that takes space is measured first; columns are as far apart as the widest of
//! their edges needs, rows as the tallest.

use super::axis::Axis;
use super::contours::Scale;
use super::edges::{Bottom, Labels, Left};
use super::frame::Frame;
use super::legend::Legend;
use super::svg::{Anchor, Rect, Svg};
use super::text::Style;
use super::{Content, Figure, Panel, basins, colour, contours, field, heat, legend, lines, marks, text, trajectories};

/// Margin around the figure.
const MARGIN: f64 = 8.0;
/// Gap between panels, in addition to what their edges need.
const GAP: f64 = 9.0;
const TITLE_STYLE: Style = Style::regular(9.0);
const TITLE_LINES: usize = 3;
/// Gap between a title and its frame.
const TITLE_GAP: f64 = 3.5;
const ROW_STYLE: Style = Style::bold(10.0);
/// Gap between a row's label and its panels, and between the panels and the legend.
const ROW_GAP: f64 = 7.0;
const LEGEND_GAP: f64 = 14.0;

/// A panel with its measured surroundings.
struct Cell<'a> {
    panel: &'a Panel,
    title: (Vec<String>, Style),
    bottom: Bottom,
    left: Left,
}

impl<'a> Cell<'a> {
    fn new(figure: &'a Figure, row: usize, column: usize, [width, height]: [f64; 2]) -> Self {
        let panel = &figure.rows[row].panels[column];
        let below = figure.rows.get(row + 1).and_then(|row| row.panels.get(column));
        let before = column.checked_sub(1).map(|column| &figure.rows[row].panels[column]);
        let unless = |other: Option<&Axis>, own: &Axis| {
            if other == Some(own) {
                Labels::Hidden
            } else {
                Labels::Shown
            }
        };
        Self {
            panel,
            title: text::fit(&panel.title, TITLE_STYLE, width, TITLE_LINES),
            bottom: Bottom::new(&panel.x, width, unless(below.map(|p| &p.x), &panel.x)),
            left: Left::new(&panel.y, height, unless(before.map(|p| &p.y), &panel.y)),
        }
    }

    fn title_height(&self) -> f64 {
        let (lines, style) = &self.title;
        if lines.is_empty() {
            0.0
        } else {
            lines.len() as f64 * style.line_height() + TITLE_GAP
        }
    }

    fn draw(&self, svg: &mut Svg, rect: &Rect, scale: &Scale) {
        let (lines, style) = &self.title;
        for (k, line) in lines.iter().rev().enumerate() {
            let baseline = rect.top - TITLE_GAP - k as f64 * style.line_height();
            svg.text(line, *style, Anchor::Middle, [rect.middle()[0], baseline], 0.0, &ink());
        }

        let frame = Frame {
            size: [rect.width, rect.height],
            x: &self.panel.x,
            y: &self.panel.y,
        };
        svg.begin_clip(rect);
        match &self.panel.content {
            Content::Basins { side, cells } => basins::draw(svg, &frame, *side, cells),
            Content::Trajectories { paths } => trajectories::draw(svg, &frame, paths),
            Content::Contours { side, values } => contours::draw(svg, &frame, scale, *side, values),
            Content::Field { arrows, points } => field::draw(svg, &frame, arrows, points),
            Content::Heat { values } => heat::draw(svg, &frame, values),
            Content::Lines { series, .. } => lines::draw(svg, &frame, &self.left.fractions(), series),
        }
        marks::draw(svg, &frame, &self.panel.marks);
        svg.end_clip();

        self.bottom.draw(svg, rect);
        self.left.draw(svg, rect);
        svg.rect(
            rect,
            &format!("fill=\"none\" stroke=\"{}\" stroke-width=\"0.8\"", colour::FRAME),
        );
    }
}

fn ink() -> String {
    format!("fill=\"{}\"", colour::INK)
}

fn greatest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, f64::max)
}

/// The whole figure as SVG.
pub(super) fn draw(figure: &Figure) -> String {
    let [width, height] = figure.panel_size;
    let scale = legend::scale(figure);
    let legend = Legend::of(figure, &scale);

    let columns = figure.rows.iter().map(|row| row.panels.len()).max().unwrap_or(0);
    let grid: Vec<Vec<Cell>> = (0..figure.rows.len())
        .map(|r| {
            (0..figure.rows[r].panels.len())
                .map(|c| Cell::new(figure, r, c, [width, height]))
                .collect()
        })
        .collect();

    // Across the page.
    let is_labelled = figure.rows.iter().any(|row| !row.label.is_empty());
    let label_width = if is_labelled { ROW_STYLE.line_height() } else { 0.0 };
    let mut x = MARGIN + if label_width > 0.0 { label_width + ROW_GAP } else { 0.0 };
    let mut lefts = Vec::new();
    for c in 0..columns {
        let cells = || grid.iter().filter_map(|row| row.get(c));
        let before = greatest(cells().map(|cell| cell.left.width().max(cell.bottom.overhang()[0])));
        let after = greatest(cells().map(|cell| cell.bottom.overhang()[1]));
        lefts.push(x + before);
        x += before + width + after + if c + 1 < columns { GAP } else { 0.0 };
    }
    let legend_left = x + LEGEND_GAP;
    let legend_width = legend.width();
    let page_width = MARGIN
        + if legend_width > 0.0 {
            legend_left + legend_width
        } else {
            x
        };

    // Down the page.
    let mut svg = Svg::default();
    let mut y = MARGIN;
    let mut legend_bottom = 0.0;
    for (r, row) in grid.iter().enumerate() {
        let top = y + greatest(row.iter().map(Cell::title_height));
        for (cell, &left) in row.iter().zip(&lefts) {
            cell.draw(
                &mut svg,
                &Rect {
                    left,
                    top,
                    width,
                    height,
                },
                &scale,
            );
        }
        let at = [MARGIN + 0.8 * ROW_STYLE.line_height(), top + height / 2.0];
        svg.text(&figure.rows[r].label, ROW_STYLE, Anchor::Middle, at, -90.0, &ink());
        if r == 0 {
            legend.draw(&mut svg, legend_left, top, height);
            legend_bottom = top + legend.height();
        }
        y = top + height + greatest(row.iter().map(|cell| cell.bottom.height()));
        y += if r + 1 < grid.len() { GAP } else { 0.0 };
    }
    svg.finish(page_width, f64::max(y, legend_bottom) + MARGIN)
}
