//! Marks: points of the plane with a name.

use super::colour;
use super::frame::Frame;
use super::svg::{Anchor, Rect, Svg};
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
    /// In the units of the axes. Outside the frame it is not drawn.
    pub at: [f64; 2],
    /// Beside the point, where there is room.
    pub label: String,
}

const STYLE: Style = Style::bold(9.5);
const RADIUS: f64 = 2.6;
/// From the point's centre to its label, each way.
const OFFSET: f64 = 4.2;

pub(super) fn draw(svg: &mut Svg, frame: &Frame, marks: &[Mark]) {
    let page = Rect {
        left: 0.0,
        top: 0.0,
        width: frame.size[0],
        height: frame.size[1],
    };
    let is_within =
        |[x, y]: &[f64; 2]| (page.left..=page.right()).contains(x) && (page.top..=page.bottom()).contains(y);
    let placed: Vec<_> = marks
        .iter()
        .filter_map(|m| Some((m, frame.place(m.at).filter(is_within)?)))
        .collect();

    let dot = |[x, y]: [f64; 2]| Rect {
        left: x - RADIUS,
        top: y - RADIUS,
        width: 2.0 * RADIUS,
        height: 2.0 * RADIUS,
    };
    let mut taken: Vec<Rect> = placed.iter().map(|(_, at)| dot(*at)).collect();
    for (mark, at) in &placed {
        let ring = format!("fill=\"{}\" stroke=\"#fff\" stroke-width=\"1\"", colour::MARK);
        svg.circle(*at, RADIUS, &ring);
        let Some(space) = label_box(&mark.label, *at, &page, &taken) else {
            continue;
        };
        let baseline = [space.left, space.bottom()];
        svg.text(&mark.label, STYLE, Anchor::Start, baseline, 0.0, &paint());
        taken.push(space);
    }
}

/// Ink with a white rim of one unit behind it, which sets a label off from what is below. The stroke is in font units.
fn paint() -> String {
    let rim = 2.0 * text::UNITS_PER_EM / STYLE.size;
    let ink = colour::MARK;
    format!("fill=\"{ink}\" stroke=\"#fff\" stroke-width=\"{rim:.0}\" stroke-linejoin=\"round\" paint-order=\"stroke\"")
}

/// The first of the four corners about a point where the label lies on the page and on nothing else; failing that, the
/// first where it lies on the page.
fn label_box(label: &str, [x, y]: [f64; 2], page: &Rect, taken: &[Rect]) -> Option<Rect> {
    let (width, height) = (text::width(label, STYLE), text::CAPITAL * STYLE.size);
    let (right, left) = (x + OFFSET, x - OFFSET - width);
    let (above, below) = (y - OFFSET + 1.0 - height, y + OFFSET - 1.0);
    let corners = [[right, above], [left, above], [right, below], [left, below]];
    let mut on_page = corners
        .map(|[left, top]| Rect {
            left,
            top,
            width,
            height,
        })
        .into_iter()
        .filter(|space| page.contains(space));
    let first = on_page.clone().next();
    on_page
        .find(|space| !taken.iter().any(|other| other.overlaps(space)))
        .or(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;

    const PAGE: Rect = Rect {
        left: 0.0,
        top: 0.0,
        width: 100.0,
        height: 100.0,
    };

    #[test]
    fn a_label_stays_on_the_page_and_off_what_is_taken() {
        let free = label_box("B", [50.0, 50.0], &PAGE, &[]).expect("room");
        assert!(free.left > 50.0 && free.bottom() < 50.0);
        let in_corner = label_box("B", [99.0, 1.0], &PAGE, &[]).expect("room");
        assert!(PAGE.contains(&in_corner) && in_corner.right() < 99.0);
        let moved = label_box("B", [50.0, 50.0], &PAGE, &[free]).expect("room");
        assert!(!moved.overlaps(&free));
        assert_eq!(label_box("B", [50.0, 50.0], &PAGE, &[PAGE]), Some(free));
        assert_eq!(label_box(&"B".repeat(99), [50.0, 50.0], &PAGE, &[]), None);
    }

    #[test]
    fn marks_outside_the_frame_are_not_drawn() {
        let axis = Axis::new("", 0.0, 1.0);
        let mark = |x| Mark {
            at: [x, 0.5],
            label: "m".into(),
        };
        let mut svg = Svg::default();
        let frame = Frame {
            size: [100.0, 100.0],
            x: &axis,
            y: &axis,
        };
        draw(&mut svg, &frame, &[mark(0.5), mark(1.1), mark(f64::NAN)]);
        assert_eq!(svg.finish(1.0, 1.0).matches("<circle").count(), 1);
    }
}
