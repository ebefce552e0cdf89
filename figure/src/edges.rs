//! A panel's lower and left edge: ticks, tick labels, axis label. Edges are measured first, so that the layout can make
//! room, and then drawn.

use super::axis::{Axis, Ticks};
use super::colour;
use super::svg::{Anchor, Path, Rect, Svg};
use super::text;
use super::text::Style;

const TICK_STYLE: Style = Style::regular(7.5);
const LABEL_STYLE: Style = Style::regular(8.5);
/// Length of a tick, outwards.
const TICK: f64 = 2.5;
/// Gap between a tick and its label, and between tick labels and the axis label.
const GAP: f64 = 2.5;
/// Gap between adjacent tick labels.
const BETWEEN: f64 = 4.0;
/// Space that one round tick takes along the horizontal and the vertical axis.
const ROOM: [f64; 2] = [26.0, 22.0];
/// Whether an edge shows its numbers and its name, or leaves them to a neighbour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Labels {
    Shown,
    Hidden,
}

/// Ticks as (distance along the axis in SVG units, label); the label may be empty.
type Placed = Vec<(f64, String)>;

/// The lower edge.
#[derive(Debug)]
pub(super) struct Bottom {
    ticks: Placed,
    label: String,
    width: f64,
}

/// The left edge.
#[derive(Debug)]
pub(super) struct Left {
    ticks: Placed,
    label: String,
    height: f64,
}

fn place(axis: &Axis, most: usize, length: f64) -> Placed {
    let ticks = axis.ticks(most).into_iter();
    ticks.map(|(t, label)| (t * length, label)).collect()
}

/// What an edge shows: its tick labels and its name, or neither. The ticks stay in place.
fn say(mut ticks: Placed, axis: &Axis, labels: Labels) -> (Placed, String) {
    match labels {
        Labels::Shown => (ticks, axis.label.clone()),
        Labels::Hidden => {
            ticks.iter_mut().for_each(|(_, label)| label.clear());
            (ticks, String::new())
        }
    }
}

/// Whether labels centred at their ticks keep their distance.
fn are_apart(ticks: &Placed) -> bool {
    let half = |label: &str| text::width(label, TICK_STYLE) / 2.0;
    ticks
        .windows(2)
        .all(|w| w[0].0 + half(&w[0].1) + BETWEEN <= w[1].0 - half(&w[1].1))
}

/// Space for an axis label next to the tick labels.
fn label_height(label: &str) -> f64 {
    if label.is_empty() {
        0.0
    } else {
        GAP + LABEL_STYLE.line_height()
    }
}

impl Bottom {
    pub fn new(axis: &Axis, width: f64, labels: Labels) -> Self {
        let most = (width / ROOM[0]) as usize;
        let mut ticks = place(axis, most, width);
        if axis.ticks == Ticks::Round {
            // As many as fit; all panels of a column share the choice even where labels are hidden.
            let mut fewer = (2..most).rev().map(|most| place(axis, most, width));
            if !are_apart(&ticks) {
                ticks = fewer.find(are_apart).unwrap_or(ticks);
            }
        }
        let (ticks, label) = say(ticks, axis, labels);
        Self { ticks, label, width }
    }

    /// Space below the frame.
    pub fn height(&self) -> f64 {
        TICK + self.tick_label_height() + label_height(&self.label)
    }

    fn tick_label_height(&self) -> f64 {
        if self.ticks.iter().all(|(_, label)| label.is_empty()) {
            0.0
        } else {
            GAP + TICK_STYLE.size
        }
    }

    /// How far tick labels extend beyond the frame on its left and right.
    pub fn overhang(&self) -> [f64; 2] {
        let ticks = || (self.ticks.iter()).map(|(at, label)| (at, text::width(label, TICK_STYLE) / 2.0));
        [
            ticks().map(|(at, half)| half - at).fold(0.0, f64::max),
            ticks().map(|(at, half)| at + half - self.width).fold(0.0, f64::max),
        ]
    }

    pub fn draw(&self, svg: &mut Svg, frame: &Rect) {
        let ink = format!("fill=\"{}\"", colour::INK);
        let mut path = Path::default();
        for (at, label) in &self.ticks {
            let x = frame.left + at;
            path.polyline(&[[x, frame.bottom()], [x, frame.bottom() + TICK]]);
            let baseline = frame.bottom() + TICK + GAP + text::CAPITAL * TICK_STYLE.size;
            svg.text(label, TICK_STYLE, Anchor::Middle, [x, baseline], 0.0, &ink);
        }
        svg.path(&path, &tick_paint());
        let top = frame.bottom() + TICK + self.tick_label_height() + GAP;
        let at = [frame.middle()[0], top + text::CAPITAL * LABEL_STYLE.size];
        svg.text(&self.label, LABEL_STYLE, Anchor::Middle, at, 0.0, &ink);
    }
}

impl Left {
    pub fn new(axis: &Axis, height: f64, labels: Labels) -> Self {
        let (ticks, label) = say(place(axis, (height / ROOM[1]) as usize, height), axis, labels);
        Self { ticks, label, height }
    }

    /// Space to the left of the frame.
    pub fn width(&self) -> f64 {
        TICK + self.tick_label_width() + label_height(&self.label)
    }

    /// The positions of the ticks, from 0 at the bottom to 1 at the top.
    pub fn fractions(&self) -> Vec<f64> {
        self.ticks.iter().map(|(at, _)| at / self.height).collect()
    }

    fn tick_label_width(&self) -> f64 {
        let widest = self
            .ticks
            .iter()
            .map(|(_, label)| text::width(label, TICK_STYLE))
            .fold(0.0, f64::max);
        if widest == 0.0 { 0.0 } else { GAP + widest }
    }

    pub fn draw(&self, svg: &mut Svg, frame: &Rect) {
        let ink = format!("fill=\"{}\"", colour::INK);
        let mut path = Path::default();
        for (at, label) in &self.ticks {
            let y = frame.top + self.height - at;
            path.polyline(&[[frame.left - TICK, y], [frame.left, y]]);
            let end = [frame.left - TICK - GAP, y + 0.5 * text::CAPITAL * TICK_STYLE.size];
            svg.text(label, TICK_STYLE, Anchor::End, end, 0.0, &ink);
        }
        svg.path(&path, &tick_paint());
        let right = frame.left - TICK - self.tick_label_width() - GAP;
        let at = [right - 0.25 * LABEL_STYLE.size, frame.middle()[1]];
        svg.text(&self.label, LABEL_STYLE, Anchor::Middle, at, -90.0, &ink);
    }
}

fn tick_paint() -> String {
    format!("fill=\"none\" stroke=\"{}\" stroke-width=\"0.7\"", colour::FRAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_side_by_side_never_touch() {
        for width in [40.0, 60.0, 90.0, 150.0, 400.0] {
            for axis in [Axis::new("", -1e5, 1e5), Axis::new("", 0.0, 1.0)] {
                let edge = Bottom::new(&axis, width, Labels::Shown);
                let two_long_numbers = edge.ticks.len() <= 2;
                assert!(two_long_numbers || are_apart(&edge.ticks), "{width} {axis:?}");
            }
        }
    }

    #[test]
    fn hidden_labels_leave_the_ticks_where_they_are() {
        let axis = Axis::new("x_1", -10.0, 10.0);
        let places = |labels| {
            Bottom::new(&axis, 150.0, labels)
                .ticks
                .into_iter()
                .map(|t| t.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(places(Labels::Shown), places(Labels::Hidden));
        assert_eq!(Bottom::new(&axis, 150.0, Labels::Hidden).height(), TICK);
        assert_eq!(Left::new(&axis, 150.0, Labels::Hidden).width(), TICK);
        assert!(Left::new(&axis, 150.0, Labels::Shown).width() > TICK + LABEL_STYLE.line_height());
    }

    #[test]
    fn labels_at_the_ends_stand_out_beyond_the_frame() {
        let [left, right] = Bottom::new(&Axis::new("", -10.0, 10.0), 150.0, Labels::Shown).overhang();
        assert!(left > right && right > 0.0);
    }
}
