//! Lines: means with a band, over a light grid; and rings for comparison.

use super::colour;
use super::frame::Frame;
use super::svg::{Path, Svg};

/// A line of means with a band around it, or values to compare such lines with.
///
/// ```
/// use meva_figure::{Look, Point, Series};
/// let series = Series {
///     name: "player 1".into(),
///     points: vec![Point { x: 0.0, mean: -2.0, low: -2.1, high: -1.9 }],
///     colour: 0,
///     look: Look::Line,
/// };
/// assert_eq!(series.points.len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name in the legend; a series without a name is not listed.
    pub name: String,
    /// Joined in this order. A mean that is not finite breaks the line; a bound that is not finite breaks the band.
    pub points: Vec<Point>,
    /// Index into a palette of seven colours; indices past its end start over.
    pub colour: usize,
    /// How it is drawn.
    pub look: Look,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    /// A line through the means, with the band.
    #[default]
    Line,
    /// A ring at each mean, without a band: values measured elsewhere.
    Rings,
}

/// A mean and the band's bounds, in the units of the axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Its position; the index for an axis of categories.
    pub x: f64,
    /// The value on the line.
    pub mean: f64,
    /// The band's lower bound, such as the mean minus its standard error.
    pub low: f64,
    /// The band's upper bound.
    pub high: f64,
}

impl Point {
    /// A value without a band.
    pub fn at([x, y]: [f64; 2]) -> Self {
        Point {
            x,
            mean: y,
            low: f64::NAN,
            high: f64::NAN,
        }
    }
}

/// `ticks` are the fractions of the y axis at which grid lines run.
pub(super) fn draw(svg: &mut Svg, frame: &Frame, ticks: &[f64], series: &[Series]) {
    let mut grid = Path::default();
    for &tick in ticks {
        grid.polyline(&[frame.unit([0.0, tick]), frame.unit([1.0, tick])]);
    }
    svg.path(
        &grid,
        &format!("fill=\"none\" stroke=\"{}\" stroke-width=\"0.6\"", colour::GRID),
    );

    let (lines, rings): (Vec<_>, Vec<_>) = series.iter().partition(|series| series.look == Look::Line);
    for line in &lines {
        band(svg, frame, line);
    }
    for line in &lines {
        let colour = colour::series(line.colour);
        let runs = frame.runs(line.points.iter().map(|p| [p.x, p.mean]));
        let mut path = Path::default();
        runs.iter().for_each(|run| path.polyline(run));
        let round = "stroke-linejoin=\"round\" stroke-linecap=\"round\"";
        svg.path(
            &path,
            &format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.4\" {round}"),
        );
        for place in runs.iter().flatten() {
            svg.circle(*place, 1.8, &format!("fill=\"{colour}\""));
        }
    }
    for series in &rings {
        for point in &series.points {
            if let Some(place) = frame.place([point.x, point.mean]) {
                ring(svg, place, colour::series(series.colour));
            }
        }
    }
}

/// A small circle through which whatever is below remains visible.
pub(super) fn ring(svg: &mut Svg, at: [f64; 2], colour: &str) {
    svg.circle(
        at,
        3.0,
        &format!("fill=\"#fff\" fill-opacity=\"0.5\" stroke=\"{colour}\" stroke-width=\"1\""),
    );
}

/// The band of a series: a polygon for each run of points with both bounds.
fn band(svg: &mut Svg, frame: &Frame, line: &Series) {
    let colour = colour::series(line.colour);
    let bounds = |p: &Point| Some((frame.place([p.x, p.low])?, frame.place([p.x, p.high])?));
    let places: Vec<_> = line.points.iter().map(bounds).collect();
    for run in places.split(Option::is_none) {
        let (low, high): (Vec<_>, Vec<_>) = run.iter().flatten().copied().unzip();
        let outline: Vec<_> = low.into_iter().chain(high.into_iter().rev()).collect();
        let mut path = Path::default();
        path.polygon(&outline);
        svg.path(&path, &format!("fill=\"{colour}\" fill-opacity=\"0.2\""));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;

    fn drawn(look: Look, points: &[(f64, f64, f64, f64)]) -> String {
        let axis = Axis::new("", 0.0, 10.0);
        let points = points
            .iter()
            .map(|&(x, mean, low, high)| Point { x, mean, low, high })
            .collect();
        let mut svg = Svg::default();
        let series = [Series {
            name: "s".into(),
            points,
            colour: 0,
            look,
        }];
        draw(
            &mut svg,
            &Frame {
                size: [100.0, 10.0],
                x: &axis,
                y: &axis,
            },
            &[0.5],
            &series,
        );
        svg.finish(100.0, 10.0)
    }

    #[test]
    fn the_band_runs_out_along_the_lower_bounds_and_back_along_the_upper() {
        let svg = drawn(Look::Line, &[(1.0, 5.0, 4.0, 6.0), (2.0, 5.0, 3.0, 7.0)]);
        assert!(svg.contains(r##"d="M10 6L20 7L20 3L10 4Z" fill="#0072b2""##), "{svg}");
        assert!(svg.contains(r#"d="M10 5L20 5""#), "{svg}");
        assert!(svg.contains(r#"d="M0 5L100 5""#), "no grid line: {svg}");
    }

    #[test]
    fn what_is_not_finite_breaks_its_own_line_or_band_only() {
        let svg = drawn(
            Look::Line,
            &[
                (1.0, 5.0, 4.0, 6.0),
                (2.0, 5.0, f64::NAN, 6.0),
                (3.0, f64::INFINITY, 4.0, 6.0),
                (4.0, 5.0, 4.0, 6.0),
            ],
        );
        assert!(svg.contains(r#"d="M10 5L20 5M40 5""#), "{svg}");
        assert!(svg.contains(r#"d="M30 6L40 6L40 4L30 4Z""#), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 3);
    }

    #[test]
    fn rings_have_neither_line_nor_band() {
        let svg = drawn(Look::Rings, &[(1.0, 5.0, 4.0, 6.0), (2.0, f64::NAN, 3.0, 7.0)]);
        assert_eq!(
            (svg.matches("<circle").count(), svg.matches("<path").count()),
            (1, 1),
            "{svg}"
        );
    }
}
