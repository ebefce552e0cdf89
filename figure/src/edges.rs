//! A panel's lower and left edge: ticks, tick labels, axis label. Measured first, so that the layout can make room,
//! then drawn.

use super::axis::{Axis, Ticks};
use super::colour;
use super::svg::{Anchor, Path, Rect, Svg};
use super::text;
use super::text::Style;

const TICK_STYLE: Style = Style::regular(7.5);
const LABEL_STYLE: Style = Style::regular(8.5);
/// Length of a tick, outwards.
const TICK: f64 = 2.5;
/// From a tick to its label, and from tick labels to the axis label.
const GAP: f64 = 2.5;
/// Between tick labels side by side.
const BETWEEN: f64 = 4.0;
/// Room that one round tick takes along the horizontal and the vertical axis.
const ROOM: [f64; 2] = [26.0, 22.0];
/// Longer tick labels are cut with an ellipsis.
const WIDEST: f64 = 80.0;

/// Whether an edge says its numbers and its name, or leaves that to a neighbour.
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
    style: Style,
    /// Tick labels run upwards to the right, because side by side they would overlap.
    is_turned: bool,
    label: Option<(Vec<String>, Style)>,
    width: f64,
}

/// The left edge.
#[derive(Debug)]
pub(super) struct Left {
    ticks: Placed,
    label: Option<(Vec<String>, Style)>,
    height: f64,
}

fn place(axis: &Axis, most: usize, length: f64, labels: Labels) -> Placed {
    let mut ticks = axis.ticks(most);
    ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let show = |label: String| match labels {
        Labels::Shown => text::shorten(&label, TICK_STYLE, WIDEST),
        Labels::Hidden => String::new(),
    };
    ticks.into_iter().map(|(t, label)| (t * length, show(label))).collect()
}

/// Whether labels centred at their ticks keep their distance.
fn are_apart(ticks: &Placed, style: Style) -> bool {
    let half = |label: &str| text::width(label, style) / 2.0;
    ticks
        .windows(2)
        .all(|w| w[0].0 + half(&w[0].1) + BETWEEN <= w[1].0 - half(&w[1].1))
}

/// Empties the labels that stand closer than `least` to the last one kept.
fn thin(ticks: &mut Placed, least: f64) {
    let mut last = f64::NEG_INFINITY;
    for (at, label) in ticks {
        if *at - last >= least {
            last = *at;
        } else {
            label.clear();
        }
    }
}

fn fit_label(axis: &Axis, length: f64, labels: Labels) -> Option<(Vec<String>, Style)> {
    let is_shown = labels == Labels::Shown && !axis.label.trim().is_empty();
    is_shown.then(|| text::fit(&axis.label, LABEL_STYLE, length, 2))
}

/// Room for an axis label beside the tick labels.
fn label_height(label: &Option<(Vec<String>, Style)>) -> f64 {
    label
        .as_ref()
        .map_or(0.0, |(lines, style)| GAP + lines.len() as f64 * style.line_height())
}

const FRACTION_OF_45_DEGREES: f64 = std::f64::consts::FRAC_1_SQRT_2;

impl Bottom {
    pub fn new(axis: &Axis, width: f64, labels: Labels) -> Self {
        let most = (width / ROOM[0]) as usize;
        let mut ticks = place(axis, most, width, labels);
        let mut style = TICK_STYLE;
        let mut is_turned = false;
        if axis.ticks == Ticks::Round {
            // As many as fit; all panels of a column share the choice even where labels are hidden.
            let fitting = (2..=most).rev().map(|most| place(axis, most, width, Labels::Shown));
            if let Some(fitting) = fitting.into_iter().find(|ticks| are_apart(ticks, style)) {
                let keep = |(at, label)| (at, if labels == Labels::Shown { label } else { String::new() });
                ticks = fitting.into_iter().map(keep).collect();
            }
        } else if !are_apart(&ticks, style) {
            style.size = text::SMALLEST;
            if !are_apart(&ticks, style) {
                style = TICK_STYLE;
                is_turned = true;
                thin(&mut ticks, style.line_height());
            }
        }
        Self {
            ticks,
            style,
            is_turned,
            label: fit_label(axis, width, labels),
            width,
        }
    }

    /// Room below the frame.
    pub fn height(&self) -> f64 {
        TICK + self.tick_label_height() + label_height(&self.label)
    }

    fn tick_label_height(&self) -> f64 {
        let widest = self.widths().fold(0.0, f64::max);
        if widest == 0.0 {
            0.0
        } else if self.is_turned {
            GAP + FRACTION_OF_45_DEGREES * (widest + self.style.size)
        } else {
            GAP + self.style.size
        }
    }

    fn widths(&self) -> impl Iterator<Item = f64> {
        self.ticks.iter().map(|(_, label)| text::width(label, self.style))
    }

    /// How far tick labels stand out beyond the frame at its left and right.
    pub fn overhang(&self) -> [f64; 2] {
        let before = if self.is_turned { FRACTION_OF_45_DEGREES } else { 0.5 };
        let after = if self.is_turned { 0.0 } else { 0.5 };
        let ticks = || self.ticks.iter().map(|(at, _)| *at).zip(self.widths());
        [
            ticks().map(|(at, w)| before * w - at).fold(0.0, f64::max),
            ticks().map(|(at, w)| at + after * w - self.width).fold(0.0, f64::max),
        ]
    }

    pub fn draw(&self, svg: &mut Svg, frame: &Rect) {
        let ink = format!("fill=\"{}\"", colour::INK);
        let mut path = Path::default();
        for (at, label) in &self.ticks {
            let x = frame.left + at;
            path.polyline(&[[x, frame.bottom()], [x, frame.bottom() + TICK]]);
            let top = frame.bottom() + TICK + GAP;
            let capital = text::CAPITAL * self.style.size;
            if self.is_turned {
                let end = [
                    x + FRACTION_OF_45_DEGREES * 0.5 * capital,
                    top + FRACTION_OF_45_DEGREES * 0.8 * capital,
                ];
                svg.text(label, self.style, Anchor::End, end, -45.0, &ink);
            } else {
                svg.text(label, self.style, Anchor::Middle, [x, top + capital], 0.0, &ink);
            }
        }
        svg.path(&path, &tick_paint());
        if let Some((lines, style)) = &self.label {
            let top = frame.bottom() + TICK + self.tick_label_height() + GAP;
            for (k, line) in lines.iter().enumerate() {
                let baseline = top + text::CAPITAL * style.size + k as f64 * style.line_height();
                svg.text(line, *style, Anchor::Middle, [frame.middle()[0], baseline], 0.0, &ink);
            }
        }
    }
}

impl Left {
    pub fn new(axis: &Axis, height: f64, labels: Labels) -> Self {
        let mut ticks = place(axis, (height / ROOM[1]) as usize, height, labels);
        thin(&mut ticks, TICK_STYLE.line_height());
        Self {
            ticks,
            label: fit_label(axis, height, labels),
            height,
        }
    }

    /// Room at the left of the frame.
    pub fn width(&self) -> f64 {
        TICK + self.tick_label_width() + label_height(&self.label)
    }

    /// Where the ticks stand, from 0 at the bottom to 1 at the top.
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
        if let Some((lines, style)) = &self.label {
            let mut baseline = frame.left - TICK - self.tick_label_width() - GAP;
            for line in lines.iter().rev() {
                let at = [baseline - 0.25 * style.size, frame.middle()[1]];
                svg.text(line, *style, Anchor::Middle, at, -90.0, &ink);
                baseline -= style.line_height();
            }
        }
    }
}

fn tick_paint() -> String {
    format!("fill=\"none\" stroke=\"{}\" stroke-width=\"0.7\"", colour::FRAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 8] = ["0", "0.25", "0.5", "0.7", "0.8", "0.9", "0.95", "0.99"];

    #[test]
    fn tick_labels_side_by_side_never_touch() {
        for width in [40.0, 60.0, 90.0, 150.0, 400.0] {
            for axis in [
                Axis::new("", -1e5, 1e5),
                Axis::new("", 0.0, 1.0),
                Axis::categories("", &NAMES),
            ] {
                let edge = Bottom::new(&axis, width, Labels::Shown);
                let two_long_numbers = edge.ticks.len() <= 2;
                assert!(
                    edge.is_turned || two_long_numbers || are_apart(&edge.ticks, edge.style),
                    "{width} {axis:?}"
                );
                assert!(edge.ticks.iter().any(|(_, label)| !label.is_empty()));
            }
        }
    }

    #[test]
    fn names_without_room_are_turned_and_then_thinned() {
        let axis = Axis::categories("", &NAMES);
        assert!(!Bottom::new(&axis, 220.0, Labels::Shown).is_turned);
        let narrow = Bottom::new(&axis, 100.0, Labels::Shown);
        assert!(narrow.is_turned && narrow.height() > Bottom::new(&axis, 220.0, Labels::Shown).height());
        let tiny = Bottom::new(&axis, 40.0, Labels::Shown);
        assert_eq!(tiny.ticks.len(), 8);
        assert!(tiny.ticks.iter().filter(|(_, label)| !label.is_empty()).count() <= 5);
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
