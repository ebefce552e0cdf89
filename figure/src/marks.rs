//! Marks: named points of the plane.

use super::colour;
use super::frame::Frame;
use super::svg::{Anchor, Svg};
use super::text;
use super::text::Style;

/// A point with a name, such as the solution A of a game.
///
/// ```
/// let b = meva_figure::Mark { at: [7.0, 7.0], label: "B".into() };
/// assert_eq!(b.label, "B");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// In the units of the axes; whatever is outside the frame is clipped.
    pub at: [f64; 2],
    /// The label, above the point and to its right.
    pub label: String,
}

const STYLE: Style = Style::bold(9.5);
const RADIUS: f64 = 2.6;
/// Offset from the point's centre to its label, in each direction.
const OFFSET: f64 = 4.2;

pub(super) fn draw(svg: &mut Svg, frame: &Frame, marks: &[Mark]) {
    for mark in marks {
        let Some([x, y]) = frame.place(mark.at) else {
            continue;
        };
        let ring = format!("fill=\"{}\" stroke=\"#fff\" stroke-width=\"1\"", colour::MARK);
        svg.circle([x, y], RADIUS, &ring);
        svg.text(
            &mark.label,
            STYLE,
            Anchor::Start,
            [x + OFFSET, y - OFFSET + 1.0],
            0.0,
            &paint(),
        );
    }
}

/// Ink with a white rim of one unit behind it, which sets a label off from its background. The stroke is in font units.
fn paint() -> String {
    let rim = 2.0 * text::UNITS_PER_EM / STYLE.size;
    let ink = colour::MARK;
    format!("fill=\"{ink}\" stroke=\"#fff\" stroke-width=\"{rim:.0}\" stroke-linejoin=\"round\" paint-order=\"stroke\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;

    #[test]
    fn a_label_stands_above_its_point_and_to_the_right() {
        let axis = Axis::new("", 0.0, 1.0);
        let frame = Frame {
            size: [100.0, 100.0],
            x: &axis,
            y: &axis,
        };
        let [at, label] = [[0.5, 0.5], [f64::NAN, 0.5]].map(|at| Mark { at, label: "B".into() });
        let mut svg = Svg::default();
        draw(&mut svg, &frame, &[at, label]);
        let svg = svg.finish(100.0, 100.0);
        assert!(
            svg.contains("cx=\"50\" cy=\"50\"") && svg.contains("translate(54.2 46.8)"),
            "{svg}"
        );
        assert_eq!(svg.matches("<circle").count(), 1, "a point that is not finite: {svg}");
    }
}
