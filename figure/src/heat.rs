//! Heat maps: a table of numbers as colours, each with its number.

use super::colour;
use super::frame::Frame;
use super::svg::{Anchor, Path, Rect, Svg};
use super::text::{self, Style};

/// The largest and the smallest size of the numbers, in SVG units; in cells too narrow for the smallest there are none.
const SIZES: [f64; 2] = [9.0, text::SMALLEST];
/// How much of a cell's width its number takes at most.
const PART: f64 = 0.86;
/// Colours above this part of the scale are light enough for dark numbers.
const LIGHT: f64 = 0.55;

pub(super) fn draw(svg: &mut Svg, frame: &Frame, values: &[Vec<f64>]) {
    let page = Rect {
        left: 0.0,
        top: 0.0,
        width: frame.size[0],
        height: frame.size[1],
    };
    svg.rect(&page, &format!("fill=\"{}\"", colour::MISSING));
    let finite = || values.iter().flatten().copied().filter(|value| value.is_finite());
    let (least, greatest) = (
        finite().fold(f64::INFINITY, f64::min),
        finite().fold(f64::NEG_INFINITY, f64::max),
    );
    let columns = values.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let cell = [
        frame.size[0] / columns as f64,
        frame.size[1] / values.len().max(1) as f64,
    ];
    let widest = finite()
        .map(|value| text::width(&say(value), Style::regular(1.0)))
        .fold(0.0, f64::max);
    let size = SIZES[0].min(PART * cell[0] / widest);
    let mut grid = Path::default();
    for (i, row) in values.iter().enumerate() {
        for (j, value) in row.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            // Without a range all numbers are alike: the middle of the scale.
            let t = if greatest > least {
                (value - least) / (greatest - least)
            } else {
                0.5
            };
            let rect = Rect {
                left: j as f64 * cell[0],
                top: i as f64 * cell[1],
                width: cell[0],
                height: cell[1],
            };
            svg.rect(&rect, &format!("fill=\"{}\"", colour::scale(t)));
            grid.rect(&rect);
            if size >= SIZES[1] {
                let ink = if t > LIGHT { colour::INK } else { "#ffffff" };
                let [x, y] = rect.middle();
                let baseline = y + 0.5 * text::CAPITAL * size;
                svg.text(
                    &say(*value),
                    Style::regular(size),
                    Anchor::Middle,
                    [x, baseline],
                    0.0,
                    &format!("fill=\"{ink}\""),
                );
            }
        }
    }
    svg.path(&grid, "fill=\"none\" stroke=\"#ffffff\" stroke-width=\"0.8\"");
}

/// Two decimals, with a true minus sign.
fn say(value: f64) -> String {
    format!("{value:.2}").replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;

    fn drawn(values: &[Vec<f64>]) -> String {
        let axis = Axis::categories("", &["1", "2"]);
        let mut svg = Svg::default();
        let frame = Frame {
            size: [80.0, 80.0],
            x: &axis,
            y: &axis,
        };
        draw(&mut svg, &frame, values);
        svg.finish(80.0, 80.0)
    }

    #[test]
    fn the_first_row_is_on_top_and_what_is_missing_is_grey() {
        let svg = drawn(&[vec![0.0, f64::NAN], vec![-2.0, -1.0]]);
        let at = |label: &str| {
            svg.find(&format!("aria-label=\"{label}\""))
                .unwrap_or_else(|| panic!("{label} in {svg}"))
        };
        assert!(at("0.00") < at("\u{2212}2.00") && at("\u{2212}2.00") < at("\u{2212}1.00"));
        assert_eq!(svg.matches("aria-label").count(), 3);
        assert!(svg.contains(colour::scale(0.0).as_str()) && svg.contains(colour::scale(1.0).as_str()));
    }

    #[test]
    fn odd_tables_are_drawn() {
        assert!(!drawn(&[]).contains("aria-label"));
        assert!(drawn(&[vec![1.0; 2], vec![1.0; 2]]).contains(colour::scale(0.5).as_str()));
        assert!(
            !drawn(&[vec![-100.0; 40]]).contains("aria-label"),
            "too narrow for numbers"
        );
    }
}
