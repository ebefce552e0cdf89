//! Contours: filled bands and contour lines of a function on a grid.
//!
//! Each square of the grid is divided into four triangles by its centre, whose value is the mean of the corners; inside
//! a triangle the function is linear, so no case is ambiguous. For a level L the region `f >= L` is bounded by
//! - one segment in each triangle that has corners on both sides of L, and
//! - the parts of the grid's own border that lie inside.
//!
//! Directed with the region on their left, these edges join into closed rings, which are filled from the lowest level
//! to the highest. The segments alone join into the contour line.

use std::collections::{BTreeMap, BTreeSet};

use super::axis::round_numbers;
use super::colour;
use super::frame::Frame;
use super::svg::{Path, Rect, Svg};

/// The maximum number of levels in a scale: enough to see the shape, few enough to tell the bands apart.
const MOST_LEVELS: usize = 20;

/// The levels that all contour panels of a figure share, ascending, with their labels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    pub levels: Vec<(f64, String)>,
}

impl Scale {
    /// Round levels within the range of the finite values.
    pub fn of<'a>(values: impl Iterator<Item = &'a f64>) -> Self {
        let finite = values.copied().filter(|v| v.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let mut levels = round_numbers([low, high], MOST_LEVELS);
        levels.retain(|(level, _)| low < *level && *level < high);
        Self { levels }
    }

    /// The colour of the band that has `below` levels below it.
    pub fn colour(&self, below: usize) -> String {
        colour::scale(below as f64 / self.levels.len().max(1) as f64)
    }
}

pub(super) fn draw(svg: &mut Svg, frame: &Frame, scale: &Scale, side: usize, values: &[f64]) {
    let page = Rect {
        left: 0.0,
        top: 0.0,
        width: frame.size[0],
        height: frame.size[1],
    };
    svg.rect(&page, &format!("fill=\"{}\"", colour::MISSING));
    let grid = Grid::new(side, values);

    let mut lines = Path::default();
    let floor = std::iter::once(f64::NEG_INFINITY);
    for (below, level) in floor.chain(scale.levels.iter().map(|(level, _)| *level)).enumerate() {
        let segments = grid.segments(level);
        let mut region = Path::default();
        for ring in join(segments.iter().copied().chain(grid.border_inside(level))) {
            region.polygon(&grid.places(&ring, level, frame));
        }
        // The stroke covers the hairline between a band and the one below it.
        let fill = scale.colour(below);
        svg.path(
            &region,
            &format!("fill=\"{fill}\" stroke=\"{fill}\" stroke-width=\"0.3\""),
        );
        for line in join(segments.into_iter()) {
            lines.polyline(&grid.places(&line, level, frame));
        }
    }
    svg.path(
        &lines,
        "fill=\"none\" stroke=\"#000\" stroke-width=\"0.5\" stroke-opacity=\"0.4\" stroke-linejoin=\"round\"",
    );
}

/// Index of a node: `i * side + j` for the corner (i, j), plus the number of corners for the centre of the square to
/// its upper right.
type Node = usize;

/// A point of a region's boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    At(Node),
    /// Where the level is crossed between two nodes, the smaller index first.
    Between(Node, Node),
}

impl Point {
    fn between(a: Node, b: Node) -> Self {
        Self::Between(a.min(b), a.max(b))
    }
}

type Edge = (Point, Point);

struct Grid {
    side: usize,
    /// Corners, then centres.
    values: Vec<f64>,
    /// Counterclockwise.
    triangles: Vec<[Node; 3]>,
    /// Edges of squares with no square on the other side.
    border: BTreeSet<(Node, Node)>,
}

impl Grid {
    fn new(side: usize, values: &[f64]) -> Self {
        let mut grid = Self {
            side,
            values: Vec::new(),
            triangles: Vec::new(),
            border: BTreeSet::new(),
        };
        if side < 2 || side.checked_mul(side) != Some(values.len()) {
            return grid;
        }
        let corners = values.len();
        grid.values = [values, &vec![f64::NAN; corners]].concat();

        for i in 0..side - 1 {
            for j in 0..side - 1 {
                let square = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)].map(|(i, j)| i * side + j);
                let mean = square.iter().map(|&node| 0.25 * grid.values[node]).sum::<f64>();
                if !mean.is_finite() {
                    continue;
                }
                let centre = corners + square[0];
                grid.values[centre] = mean;
                for k in 0..4 {
                    let (a, b) = (square[k], square[(k + 1) % 4]);
                    grid.triangles.push([a, b, centre]);
                    if !grid.border.remove(&(b, a)) {
                        grid.border.insert((a, b));
                    }
                }
            }
        }
        grid
    }

    fn is_inside(&self, node: Node, level: f64) -> bool {
        self.values[node] >= level
    }

    /// The contour at a level, with a segment for each triangle that it crosses.
    fn segments(&self, level: f64) -> Vec<Edge> {
        let mut segments = Vec::new();
        for triangle in &self.triangles {
            let (mut leaves, mut enters) = (None, None);
            for k in 0..3 {
                let (a, b) = (triangle[k], triangle[(k + 1) % 3]);
                match (self.is_inside(a, level), self.is_inside(b, level)) {
                    (true, false) => leaves = Some(Point::between(a, b)),
                    (false, true) => enters = Some(Point::between(a, b)),
                    _ => {}
                }
            }
            segments.extend(leaves.zip(enters));
        }
        segments
    }

    /// The parts of the grid's border that are inside the region.
    fn border_inside(&self, level: f64) -> impl Iterator<Item = Edge> {
        self.border.iter().filter_map(
            move |&(a, b)| match (self.is_inside(a, level), self.is_inside(b, level)) {
                (true, true) => Some((Point::At(a), Point::At(b))),
                (true, false) => Some((Point::At(a), Point::between(a, b))),
                (false, true) => Some((Point::between(a, b), Point::At(b))),
                (false, false) => None,
            },
        )
    }

    /// In the unit square, y up.
    fn position(&self, node: Node) -> [f64; 2] {
        let corners = self.values.len() / 2;
        let shift = if node < corners { 0.0 } else { 0.5 };
        let corner = node % corners;
        let (i, j) = (corner / self.side, corner % self.side);
        [i, j].map(|k| (k as f64 + shift) / (self.side - 1) as f64)
    }

    fn places(&self, line: &[Point], level: f64, frame: &Frame) -> Vec<[f64; 2]> {
        let place = |point: &Point| match *point {
            Point::At(node) => self.position(node),
            Point::Between(a, b) => {
                let t = (level - self.values[a]) / (self.values[b] - self.values[a]);
                let (from, to) = (self.position(a), self.position(b));
                [0, 1].map(|k| from[k] + t * (to[k] - from[k]))
            }
        };
        line.iter().map(|point| frame.unit(place(point))).collect()
    }
}

/// Joins directed edges end to start: first the lines that begin where no edge ends, then the rings. A ring's first
/// point is repeated as its last.
fn join(edges: impl Iterator<Item = Edge>) -> Vec<Vec<Point>> {
    let mut next: BTreeMap<Point, Vec<Point>> = BTreeMap::new();
    let mut ends = BTreeSet::new();
    for (from, to) in edges {
        next.entry(from).or_default().push(to);
        ends.insert(to);
    }
    let mut starts: Vec<Point> = next.keys().copied().filter(|from| !ends.contains(from)).rev().collect();
    let mut lines = Vec::new();
    while let Some(start) = starts.pop().or_else(|| next.first_key_value().map(|(from, _)| *from)) {
        let mut line = vec![start];
        let mut here = start;
        while let Some(to) = follow(&mut next, here) {
            line.push(to);
            here = to;
            if here == start {
                break;
            }
        }
        lines.push(line);
    }
    lines
}

/// Removes an edge that starts here and returns it.
fn follow(next: &mut BTreeMap<Point, Vec<Point>>, here: Point) -> Option<Point> {
    let targets = next.get_mut(&here)?;
    let to = targets.pop();
    if targets.is_empty() {
        next.remove(&here);
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;

    fn sampled(side: usize, f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let at = |k: usize| k as f64 / (side - 1) as f64;
        (0..side * side).map(|k| f(at(k / side), at(k % side))).collect()
    }

    fn unit_frame(axis: &Axis) -> Frame<'_> {
        Frame {
            size: [1.0, 1.0],
            x: axis,
            y: axis,
        }
    }

    /// Signed area, y up: positive if counterclockwise.
    fn area(ring: &[[f64; 2]]) -> f64 {
        let twice: f64 = ring
            .windows(2)
            .map(|w| w[0][0] * (1.0 - w[1][1]) - w[1][0] * (1.0 - w[0][1]))
            .sum();
        twice / 2.0
    }

    fn region_area(side: usize, values: &[f64], level: f64) -> f64 {
        let axis = Axis::new("", 0.0, 1.0);
        let grid = Grid::new(side, values);
        let rings = join(grid.segments(level).into_iter().chain(grid.border_inside(level)));
        for ring in &rings {
            assert_eq!(ring.first(), ring.last(), "an open ring");
        }
        rings
            .iter()
            .map(|ring| area(&grid.places(ring, level, &unit_frame(&axis))))
            .sum()
    }

    #[test]
    fn the_region_of_a_linear_function_is_exact() {
        let values = sampled(5, |x, _| x);
        assert!((region_area(5, &values, 0.3) - 0.7).abs() < 1e-12);
        assert!((region_area(5, &values, f64::NEG_INFINITY) - 1.0).abs() < 1e-12);
        let values = sampled(4, |x, y| x - 2.0 * y);
        assert!((region_area(4, &values, 0.0) - 0.25).abs() < 1e-12);
        assert_eq!(region_area(4, &values, 9.0), 0.0);
    }

    #[test]
    fn a_disc_has_its_area_and_a_hole_is_left_out() {
        let square = |x: f64, y: f64| (x - 0.5).powi(2) + (y - 0.5).powi(2);
        let disc = region_area(101, &sampled(101, |x, y| -square(x, y)), -0.09);
        assert!((disc - 0.09 * std::f64::consts::PI).abs() < 1e-3, "{disc}");
        let rest = region_area(101, &sampled(101, square), 0.09);
        assert!((disc + rest - 1.0).abs() < 1e-9, "{rest}");
    }

    #[test]
    fn squares_with_a_corner_that_is_not_finite_are_left_out_and_so_is_what_is_no_grid() {
        let mut values = vec![1.0; 16];
        values[5] = f64::NAN;
        assert!((region_area(4, &values, 0.0) - 5.0 / 9.0).abs() < 1e-12);
        for (side, count) in [(0, 0), (1, 1), (3, 0), (4, 15), (usize::MAX, 1)] {
            assert_eq!(region_area(side, &values[..count], 0.0), 0.0, "{side} {count}");
        }
    }

    #[test]
    fn a_saddle_gives_two_lines_that_do_not_touch_the_region_s_border() {
        let values = sampled(2, |x, y| if x == y { 1.0 } else { -1.0 });
        let lines = join(Grid::new(2, &values).segments(0.5).into_iter());
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().flatten().all(|point| matches!(point, Point::Between(..))));
    }

    #[test]
    fn levels_are_round_and_strictly_inside() {
        let scale = Scale::of([0.0, 1.0, f64::NAN, f64::INFINITY].iter());
        assert_eq!(scale.levels.first().map(|(level, _)| *level), Some(0.1));
        assert_eq!(scale.levels.len(), 9);
        assert!(Scale::of([2.0, 2.0].iter()).levels.is_empty());
        assert!(Scale::of([].iter()).levels.is_empty());
        assert_ne!(scale.colour(0), scale.colour(9));
    }
}
