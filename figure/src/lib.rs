//! Figures as small multiples: plain data in, SVG and PNG out.
//!
//! A [`Figure`] is a grid of [`Panel`]s in labelled [`Row`]s. What a panel shows is its [`Content`]: basins of
//! attraction, trajectories, contours, vector fields, heat maps or lines with bands. [`Figure::svg`] lays the grid out and draws it;
//! [`Figure::png`] rasterises that very SVG, so the two cannot differ.
//!
//! Conventions:
//! - The unit of length is the SVG user unit (1/96 inch at 100 %). On the page y points down, in data it points up.
//! - Text is drawn as glyph outlines of the bundled Noto Sans (SIL Open Font License 1.1), so it looks the same
//!   everywhere and no system font is read. Each text carries its words as `aria-label`.
//! - A digit after `_` after a one-letter symbol is set as a subscript: `x_1`, `f_2(x)`.
//! - The same figure gives the same bytes.
//!
//! No function fails on odd data: a point that is not finite is left out and breaks its line, a missing cell stays
//! grey, an axis without extent is widened.
//!
//! Why no plotting crate: the same figures were drawn with kuva 0.6 for comparison. It drew the curves of Figure 3
//! equally well, but contours as a polygon for each cell (28 MB of SVG for Figure 1 rather than 0.55) and basins as a
//! rectangle for each, both with visible seams in the image; it scales the colours of each contour panel separately,
//! and has neither row labels nor rings in a legend. Its SVG needs a font (3.2 MB if embedded), has no `viewBox`, and
//! numbers its clip paths throughout the process, so that the same figure drawn twice differs.

mod axis;
mod basins;
mod colour;
mod contours;
mod edges;
mod field;
mod frame;
mod heat;
mod layout;
mod legend;
mod lines;
mod marks;
mod png;
mod svg;
mod text;
mod trajectories;

pub use axis::{Axis, Ticks};
pub use field::Kind;
pub use lines::{Look, Point, Series};
pub use marks::Mark;
pub use png::PngError;

/// A grid of panels.
///
/// ```
/// use meva_figure::{Axis, Content, Figure, Mark, Panel, Row};
///
/// let panel = Panel {
///     title: "Naive".into(),
///     x: Axis::new("x_1", -10.0, 10.0),
///     y: Axis::new("x_2", -10.0, 10.0),
///     content: Content::Basins { side: 2, cells: vec![false, true, true, true] },
///     marks: vec![Mark { at: [5.0, 5.0], label: "B".into() }],
/// };
/// let figure = Figure { rows: vec![Row { label: "Logistic".into(), panels: vec![panel] }], ..Figure::default() };
/// assert!(figure.svg().starts_with("<svg"));
/// assert!(figure.png(2.0).is_ok_and(|bytes| bytes.starts_with(b"\x89PNG")));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// From top to bottom. Rows may have different numbers of panels; they are left-aligned.
    pub rows: Vec<Row>,
    /// Width and height of each panel's frame in SVG units, positive.
    pub panel_size: [f64; 2],
}

impl Default for Figure {
    /// No rows, panels of 150 x 150.
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            panel_size: [150.0, 150.0],
        }
    }
}

/// Panels side by side, with a label on the left.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// Reads upwards to the left of the row; may be empty.
    pub label: String,
    /// From left to right.
    pub panels: Vec<Panel>,
}

/// One frame with its axes.
///
/// Tick labels and axis labels that the neighbour below or to the left already shows (an equal [`Axis`]) are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The title above the frame; wrapped, then shrunk, then cut with an ellipsis if it is too long. May be empty.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn inside the frame, clipped to it.
    pub content: Content,
    /// Named points of the plane, drawn on top.
    pub marks: Vec<Mark>,
}

/// What a panel shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Where each starting point of a grid ends up: white for B, the solution in the positive quadrant, black for
    /// anywhere else (the paper's Figure 2b).
    ///
    /// The cells tile the axes. For cells *centred* on a grid from a to b with step d, let the axes go from a - d/2 to
    /// b + d/2.
    Basins {
        /// Cells per side.
        side: usize,
        /// `cells[i * side + j]` started at `x_1 = grid[i]` (horizontal), `x_2 = grid[j]` (vertical). Cells past the
        /// end stay grey.
        cells: Vec<bool>,
    },
    /// Curves over the plane, coloured by the quadrant of their end (the paper's Figure 2a), with a ring at the start
    /// of each curve and a dot at its end.
    Trajectories {
        /// Each is a list of `[x_1, x_2]`.
        paths: Vec<Vec<[f64; 2]>>,
    },
    /// A function of the plane as filled bands with contour lines (the paper's Figure 1). All contour panels of a
    /// figure share one colour scale, so they can be compared.
    Contours {
        /// Nodes per side. The first and last node lie on the ends of the axes.
        side: usize,
        /// `values[i * side + j]` at `x_1` node i (horizontal), `x_2` node j (vertical). Squares with a corner that is
        /// not finite stay grey, and so does the whole frame if there are not `side * side` values.
        values: Vec<f64>,
    },
    /// A vector field over the plane as arrows of one length, darker where the field is longer, with its fixed points.
    Field {
        /// Where each arrow is centred, and its direction; what has no direction has no arrow.
        arrows: Vec<([f64; 2], [f64; 2])>,
        /// The fixed points and how agents move near them.
        points: Vec<([f64; 2], Kind)>,
    },
    /// A table of numbers as colours from the least to the greatest, each with its number. The cells fill the frame: let
    /// the axes be [categories](Axis::categories), the vertical one from the last row to the first.
    Heat {
        /// By row, from top to bottom, and column; what is not finite stays grey.
        values: Vec<Vec<f64>>,
    },
    /// Means with bands (the paper's Figure 3).
    Lines {
        /// Drawn in this order; the legend lists each name and colour once.
        series: Vec<Series>,
        /// What the bands show, for the legend; may be empty.
        band: String,
    },
}

impl Figure {
    /// The figure as an SVG document.
    ///
    /// ```
    /// assert!(meva_figure::Figure::default().svg().ends_with("</svg>\n"));
    /// ```
    pub fn svg(&self) -> String {
        layout::draw(self)
    }

    /// The figure as a PNG file with `scale` pixels per SVG unit: 1 for a screen, 3 or more for print.
    ///
    /// # Errors
    ///
    /// If `scale` is not positive, or the image would have more than 2^28 pixels.
    ///
    /// ```
    /// let figure = meva_figure::Figure::default();
    /// assert!(figure.png(1.0).is_ok());
    /// assert!(figure.png(0.0).is_err());
    /// ```
    pub fn png(&self, scale: f32) -> Result<Vec<u8>, PngError> {
        png::encode(&self.svg(), scale)
    }
}

#[cfg(test)]
mod tests;
