//! Writing SVG: the few elements that the figures need, numbers with two decimals, attributes escaped.
//!
//! A panel's content is a nested `<svg>`, which clips to its box without an id, so that several figures can be placed
//! in one HTML page.

use std::fmt::Write;

use super::text;
use super::text::Style;

/// A rectangle on the page; y points down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub fn middle(&self) -> [f64; 2] {
        [self.left + self.width / 2.0, self.top + self.height / 2.0]
    }
}

/// The horizontal anchor of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A number with at most two decimals. Numbers that are not finite are written as 0: callers drop such points beforehand.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "0".into();
    }
    let fixed = format!("{value:.2}");
    let short = fixed.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".into() } else { short.into() }
}

/// Text made safe inside a double-quoted attribute. Control characters, which XML does not allow, become spaces.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

/// The `d` attribute of a path. Points that round to the previous one are left out.
#[derive(Debug, Default)]
pub(super) struct Path {
    data: String,
    last: String,
}

impl Path {
    pub fn move_to(&mut self, at: [f64; 2]) {
        self.last = format!("{} {}", number(at[0]), number(at[1]));
        let _ = write!(self.data, "M{}", self.last);
    }

    pub fn line_to(&mut self, at: [f64; 2]) {
        let point = format!("{} {}", number(at[0]), number(at[1]));
        if point != self.last {
            let _ = write!(self.data, "L{point}");
            self.last = point;
        }
    }

    pub fn close(&mut self) {
        self.data.push('Z');
    }

    pub fn polyline(&mut self, points: &[[f64; 2]]) {
        for (k, &point) in points.iter().enumerate() {
            if k == 0 {
                self.move_to(point)
            } else {
                self.line_to(point)
            }
        }
    }

    pub fn polygon(&mut self, points: &[[f64; 2]]) {
        if !points.is_empty() {
            self.polyline(points);
            self.close();
        }
    }

    pub fn rect(&mut self, rect: &Rect) {
        let Rect { left, top, .. } = *rect;
        self.polygon(&[
            [left, top],
            [rect.right(), top],
            [rect.right(), rect.bottom()],
            [left, rect.bottom()],
        ]);
    }

    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
}

/// The body of a document under construction.
#[derive(Debug, Default)]
pub(super) struct Svg {
    body: String,
}

impl Svg {
    /// `paint` is the remaining attributes, such as `fill="#fff"`: written in the source, never by the user.
    pub fn path(&mut self, path: &Path, paint: &str) {
        if !path.is_empty() {
            let _ = writeln!(self.body, r#"<path d="{}" {paint}/>"#, path.data);
        }
    }

    pub fn rect(&mut self, rect: &Rect, paint: &str) {
        let _ = writeln!(
            self.body,
            r#"<rect x="{}" y="{}" width="{}" height="{}" {paint}/>"#,
            number(rect.left),
            number(rect.top),
            number(rect.width),
            number(rect.height)
        );
    }

    pub fn circle(&mut self, centre: [f64; 2], radius: f64, paint: &str) {
        let [x, y] = centre.map(number);
        let _ = writeln!(
            self.body,
            r#"<circle cx="{x}" cy="{y}" r="{}" {paint}/>"#,
            number(radius)
        );
    }

    /// Opens a nested coordinate system whose origin is the rectangle's top left and which clips to it.
    pub fn begin_clip(&mut self, rect: &Rect) {
        let _ = writeln!(
            self.body,
            r#"<svg x="{}" y="{}" width="{}" height="{}" overflow="hidden">"#,
            number(rect.left),
            number(rect.top),
            number(rect.width),
            number(rect.height)
        );
    }

    pub fn end_clip(&mut self) {
        self.body.push_str("</svg>\n");
    }

    /// Text on one line with its baseline at `at`, rotated clockwise by `degrees` about that point.
    pub fn text(&mut self, words: &str, style: Style, anchor: Anchor, at: [f64; 2], degrees: f64, paint: &str) {
        let outline = text::outline(words, style);
        if outline.data.is_empty() {
            return;
        }
        let shift = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -outline.width / 2.0,
            Anchor::End => -outline.width,
        };
        let scale = style.size / text::UNITS_PER_EM;
        let place = if degrees == 0.0 {
            format!("translate({} {})", number(at[0] + shift), number(at[1]))
        } else {
            let [x, y] = at.map(number);
            format!(
                "translate({x} {y}) rotate({}) translate({} 0)",
                number(degrees),
                number(shift)
            )
        };
        let _ = writeln!(
            self.body,
            r#"<path role="img" aria-label="{}" transform="{place} scale({scale:.6} -{scale:.6})" d="{}" {paint}/>"#,
            escape(words),
            outline.data,
        );
    }

    /// The whole document.
    pub fn finish(self, width: f64, height: f64) -> String {
        let (w, h) = (number(width), number(height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n\
             <rect width=\"{w}\" height=\"{h}\" fill=\"#fff\"/>\n{}</svg>\n",
            self.body
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_never_minus_zero_or_nan() {
        for (value, wanted) in [
            (0.0, "0"),
            (-0.001, "0"),
            (1.5, "1.5"),
            (10.0, "10"),
            (-2.346, "-2.35"),
            (f64::NAN, "0"),
        ] {
            assert_eq!(number(value), wanted);
        }
    }

    #[test]
    fn escape_leaves_nothing_that_ends_an_attribute() {
        assert_eq!(escape("a<b & \"c\"'\u{0}>"), "a&lt;b &amp; &quot;c&quot;&#39; &gt;");
    }

    #[test]
    fn a_path_leaves_out_points_that_round_to_the_one_before() {
        let mut path = Path::default();
        path.polyline(&[[0.0, 0.0], [0.001, 0.0], [1.0, 0.0]]);
        assert_eq!(path.data, "M0 0L1 0");
    }
}
