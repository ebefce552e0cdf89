//! Vector fields: an arrow at each point of a grid, all of the same length, darker where the field is longer; and its fixed
//! points with their kinds.

use super::colour;
use super::frame::Frame;
use super::svg::{Path, Svg};

/// How agents move near a fixed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Towards it: a disc.
    Stable,
    /// Towards it and away: a ring.
    Saddle,
    /// Away from it: a ring with a white rim and a white centre, smaller.
    Unstable,
    /// Around it: a ring with a dot.
    Centre,
}

impl Kind {
    /// All kinds, in the order of a legend.
    pub(super) const ALL: [Kind; 4] = [Kind::Stable, Kind::Saddle, Kind::Unstable, Kind::Centre];

    pub(super) fn name(self) -> &'static str {
        ["stable", "saddle", "unstable", "centre"][self as usize]
    }

    /// The mark of a fixed point.
    pub(super) fn draw(self, svg: &mut Svg, at: [f64; 2]) {
        let ring = |svg: &mut Svg, radius: f64, fill: &str, width: f64| {
            let paint = format!("fill=\"{fill}\" stroke=\"{}\" stroke-width=\"{width}\"", colour::MARK);
            svg.circle(at, radius, &paint);
        };
        match self {
            Kind::Stable => ring(svg, 3.2, colour::MARK, 0.8),
            Kind::Saddle => ring(svg, 3.0, "#ffffff", 1.4),
            Kind::Unstable => {
                ring(svg, 3.0, "#ffffff", 0.7);
                let arm = 2.1;
                let mut cross = Path::default();
                let [x, y] = at;
                cross.polyline(&[[x - arm, y - arm], [x + arm, y + arm]]);
                cross.polyline(&[[x - arm, y + arm], [x + arm, y - arm]]);
                svg.path(
                    &cross,
                    &format!("fill=\"none\" stroke=\"{}\" stroke-width=\"1\"", colour::MARK),
                );
            }
            Kind::Centre => {
                ring(svg, 3.2, "#ffffff", 0.9);
                ring(svg, 1.0, colour::MARK, 0.4);
            }
        }
    }
}

/// Length of an arrow relative to the distance between arrows.
const LENGTH: f64 = 0.62;
/// Length and half width of an arrow's head relative to its length.
const HEAD: [f64; 2] = [0.38, 0.17];
/// The darkest and the lightest arrow, as opacity.
const SHADES: [f64; 2] = [0.85, 0.25];

pub(super) fn draw(svg: &mut Svg, frame: &Frame, arrows: &[([f64; 2], [f64; 2])], points: &[([f64; 2], Kind)]) {
    let side = (arrows.len() as f64).sqrt().max(1.0);
    let length = LENGTH * frame.size[0].min(frame.size[1]) / side;
    let size = |direction: &[f64; 2]| direction[0].hypot(direction[1]);
    let mut sizes: Vec<f64> = arrows
        .iter()
        .map(|(_, direction)| size(direction))
        .filter(|size| size.is_finite())
        .collect();
    sizes.sort_by(f64::total_cmp);
    for (at, direction) in arrows {
        let (Some([x, y]), own) = (frame.place(*at), size(direction)) else {
            continue;
        };
        if !(own > 0.0 && own.is_finite()) {
            continue;
        }
        // By rank: fields differ by orders of magnitude.
        let rank = sizes.partition_point(|size| *size < own) as f64 / sizes.len() as f64;
        let opacity = SHADES[1] + rank * (SHADES[0] - SHADES[1]);
        // On the page y points down.
        let [dx, dy] = [direction[0] / own * length, -direction[1] / own * length];
        let (tail, tip) = ([x - 0.5 * dx, y - 0.5 * dy], [x + 0.5 * dx, y + 0.5 * dy]);
        let neck = [tip[0] - HEAD[0] * dx, tip[1] - HEAD[0] * dy];
        let mut shaft = Path::default();
        shaft.polyline(&[tail, neck]);
        let ink = colour::INK;
        svg.path(
            &shaft,
            &format!("fill=\"none\" stroke=\"{ink}\" stroke-width=\"0.7\" stroke-opacity=\"{opacity:.2}\""),
        );
        let mut head = Path::default();
        head.polygon(&[
            tip,
            [neck[0] - HEAD[1] * dy, neck[1] + HEAD[1] * dx],
            [neck[0] + HEAD[1] * dy, neck[1] - HEAD[1] * dx],
        ]);
        svg.path(&head, &format!("fill=\"{ink}\" fill-opacity=\"{opacity:.2}\""));
    }
    for (at, kind) in points {
        if let Some(place) = frame.place(*at) {
            kind.draw(svg, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;

    #[test]
    fn arrows_point_along_the_field_and_points_are_marked() {
        let axis = Axis::new("", -1.0, 1.0);
        let frame = Frame {
            size: [100.0, 100.0],
            x: &axis,
            y: &axis,
        };
        let mut svg = Svg::default();
        let arrows = [
            ([0.0, 0.0], [0.0, 3.0]),
            ([0.5, 0.5], [0.0, 0.0]),
            ([0.0, 0.5], [f64::NAN, 0.0]),
        ];
        draw(
            &mut svg,
            &frame,
            &arrows,
            &[([0.5, 0.0], Kind::Stable), ([f64::NAN, 0.0], Kind::Saddle)],
        );
        let svg = svg.finish(100.0, 100.0);
        // One arrow, upwards: its shaft ends above its start. One disc.
        assert_eq!(svg.matches("stroke-opacity").count(), 1, "{svg}");
        assert!(svg.contains("d=\"M50 "), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 1, "{svg}");
    }
}
