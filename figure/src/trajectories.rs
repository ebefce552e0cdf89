//! Trajectories: a curve for each path, with a ring at its start and a dot at its end, in the colour of its end.

use super::colour;
use super::frame::Frame;
use super::svg::{Path, Svg};

/// Points of a curve that are closer than this many SVG units are merged: a third of the curve's width. This keeps
/// files small where a path creeps towards its end.
const STEP: f64 = 0.3;

/// Where a path ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// In the negative quadrant.
    A,
    /// In the positive quadrant.
    B,
    /// In a mixed quadrant, or on an axis.
    Elsewhere,
}

impl End {
    /// The end of a path is its last finite point; a path without one has no end.
    pub fn of(path: &[[f64; 2]]) -> Option<Self> {
        let [x, y] = path.iter().rfind(|point| point.iter().all(|v| v.is_finite()))?;
        Some(if *x < 0.0 && *y < 0.0 {
            Self::A
        } else if *x > 0.0 && *y > 0.0 {
            Self::B
        } else {
            Self::Elsewhere
        })
    }

    pub fn colour(self) -> &'static str {
        colour::ENDS[self as usize]
    }

    pub fn name(self) -> &'static str {
        ["ends in A", "ends in B", "ends elsewhere"][self as usize]
    }
}

pub(super) fn draw(svg: &mut Svg, frame: &Frame, paths: &[Vec<[f64; 2]>]) {
    let zero = Path::cross(frame);
    svg.path(
        &zero,
        &format!("fill=\"none\" stroke=\"{}\" stroke-width=\"0.7\"", colour::GRID),
    );

    let colour_and_runs = |path: &Vec<_>| Some((End::of(path)?.colour(), frame.runs(path.iter().copied())));
    let placed: Vec<_> = paths.iter().filter_map(colour_and_runs).collect();
    let stroke = "stroke-width=\"0.9\" stroke-opacity=\"0.8\" stroke-linejoin=\"round\" stroke-linecap=\"round\"";
    for (colour, runs) in &placed {
        let mut curve = Path::default();
        runs.iter().for_each(|run| curve.polyline(&thinned(run)));
        svg.path(&curve, &format!("fill=\"none\" stroke=\"{colour}\" {stroke}"));
    }
    // Rings and dots are drawn above all curves.
    for (colour, runs) in &placed {
        if let Some(start) = runs.first().and_then(|run| run.first()) {
            let ring = format!("fill=\"#fff\" stroke=\"{colour}\" stroke-width=\"0.5\" stroke-opacity=\"0.7\"");
            svg.circle(*start, 1.2, &ring);
        }
    }
    for (colour, runs) in &placed {
        if let Some(end) = runs.last().and_then(|run| run.last()) {
            svg.circle(*end, 1.9, &format!("fill=\"{colour}\""));
        }
    }
}

/// A run without the points closer than [`STEP`] to the last one kept; its ends are kept.
fn thinned(run: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut kept: Vec<[f64; 2]> = Vec::new();
    for (k, &point) in run.iter().enumerate() {
        let is_far = kept
            .last()
            .is_none_or(|last| (point[0] - last[0]).hypot(point[1] - last[1]) >= STEP);
        if is_far || k + 1 == run.len() {
            kept.push(point);
        }
    }
    kept
}

impl Path {
    /// The lines through zero, where they are inside the frame.
    fn cross(frame: &Frame) -> Self {
        let mut path = Self::default();
        let [width, height] = frame.size;
        if let Some([x, _]) = frame.place([0.0, frame.y.span()[0]]) {
            path.polyline(&[[x, 0.0], [x, height]]);
        }
        if let Some([_, y]) = frame.place([frame.x.span()[0], 0.0]) {
            path.polyline(&[[0.0, y], [width, y]]);
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;

    #[test]
    fn a_path_is_told_by_the_quadrant_of_its_last_finite_point() {
        assert_eq!(End::of(&[[1.0, 1.0], [-1.0, -2.0]]), Some(End::A));
        assert_eq!(End::of(&[[-1.0, -1.0], [1.0, 2.0], [f64::NAN, 0.0]]), Some(End::B));
        assert_eq!(End::of(&[[1.0, -1.0]]), Some(End::Elsewhere));
        assert_eq!(End::of(&[[f64::NAN, 1.0]]), None);
        assert_eq!(End::of(&[]), None);
    }

    #[test]
    fn thinning_keeps_both_ends_and_every_visible_step() {
        let run: Vec<_> = (0..=100).map(|k| [0.1 * f64::from(k), 0.0]).collect();
        let kept = thinned(&run);
        assert_eq!((kept.first(), kept.last()), (run.first(), run.last()));
        assert!((25..=36).contains(&kept.len()), "{}", kept.len());
        assert_eq!(thinned(&[[0.0, 0.0], [0.1, 0.0]]), [[0.0, 0.0], [0.1, 0.0]]);
    }

    #[test]
    fn a_curve_breaks_where_it_is_not_finite() {
        let axis = Axis::new("", 0.0, 10.0);
        let mut svg = Svg::default();
        let path = vec![[1.0, 1.0], [2.0, 1.0], [f64::NAN, 1.0], [3.0, 1.0], [4.0, 1.0]];
        draw(
            &mut svg,
            &Frame {
                size: [10.0, 10.0],
                x: &axis,
                y: &axis,
            },
            &[path, vec![]],
        );
        let svg = svg.finish(10.0, 10.0);
        assert!(svg.contains("d=\"M1 9L2 9M3 9L4 9\""), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(!svg.contains("NaN"));
    }
}
