//! Text as outlines: the bundled font, measuring, fitting into a width.
//!
//! The font is Noto Sans, regular and bold, (c) Google, under the SIL Open Font License 1.1; its licence text comes
//! with the crate `notosans`. Advance widths are the font's; there is no kerning (the files carry no `kern` table) and
//! no shaping: enough for Latin and Greek labels.

use std::fmt::Write;
use std::sync::OnceLock;

use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// Units per em of the bundled font, the unit of [`Outline::data`].
pub(super) const UNITS_PER_EM: f64 = 2048.0;

/// Height of a capital letter relative to the size of its text.
pub(super) const CAPITAL: f64 = 1462.0 / UNITS_PER_EM;

/// Distance between two baselines relative to the size of the text: tight, for labels.
pub(super) const LEADING: f64 = 1.2;

/// A subscript's size relative to that of its text, and how far it is lowered in units of the text's size.
const SUBSCRIPT: (f64, f64) = (0.68, 0.16);

/// The smallest size that text is shrunk to, in SVG units: anything smaller is unreadable in print.
pub(super) const SMALLEST: f64 = 6.5;

const ELLIPSIS: &str = "\u{2026}";

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// Size in SVG units, and weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    pub size: f64,
    pub weight: Weight,
}

impl Style {
    pub const fn regular(size: f64) -> Self {
        Self {
            size,
            weight: Weight::Regular,
        }
    }

    pub const fn bold(size: f64) -> Self {
        Self {
            size,
            weight: Weight::Bold,
        }
    }

    /// Distance between two baselines in SVG units.
    pub fn line_height(self) -> f64 {
        self.size * LEADING
    }
}

/// A line of text as a path from the start of its baseline, y up, in font units; its width in SVG units.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub data: String,
    pub width: f64,
}

fn face(weight: Weight) -> &'static Face<'static> {
    static REGULAR: OnceLock<Face<'static>> = OnceLock::new();
    static BOLD: OnceLock<Face<'static>> = OnceLock::new();
    let (cell, bytes) = match weight {
        Weight::Regular => (&REGULAR, notosans::REGULAR_TTF),
        Weight::Bold => (&BOLD, notosans::BOLD_TTF),
    };
    cell.get_or_init(|| Face::parse(bytes, 0).expect("the bundled font is sound"))
}

/// A character to set, and whether it is a subscript.
type Symbol = (char, bool);

/// Reads `x_1` as x with a subscript 1: digits that follow `_` after a single letter.
fn symbols(words: &str) -> Vec<Symbol> {
    let c: Vec<char> = words.chars().collect();
    let stands_alone = |k: usize| c[k].is_alphabetic() && (k == 0 || !(c[k - 1].is_alphanumeric() || c[k - 1] == '_'));
    let mut symbols = Vec::with_capacity(c.len());
    let mut k = 0;
    while k < c.len() {
        let opens = c[k] == '_' && k > 0 && stands_alone(k - 1) && c.get(k + 1).is_some_and(char::is_ascii_digit);
        if opens {
            k += 1;
            while c.get(k).is_some_and(char::is_ascii_digit) {
                symbols.push((c[k], true));
                k += 1;
            }
        } else {
            symbols.push((c[k], false));
            k += 1;
        }
    }
    symbols
}

/// Each glyph of the text with its left end and its scale (1 or the subscript's), and the width, all in font units.
fn set(words: &str, face: &Face) -> (Vec<(GlyphId, f64, f64)>, f64) {
    let mut pen = 0.0;
    let mut glyphs = Vec::new();
    for (c, is_subscript) in symbols(words) {
        let glyph = face
            .glyph_index(if c.is_control() { ' ' } else { c })
            .unwrap_or_default();
        let scale = if is_subscript { SUBSCRIPT.0 } else { 1.0 };
        glyphs.push((glyph, pen, scale));
        pen += scale * f64::from(face.glyph_hor_advance(glyph).unwrap_or(0));
    }
    (glyphs, pen)
}

/// Width of a line of text in SVG units.
pub(super) fn width(words: &str, style: Style) -> f64 {
    set(words, face(style.weight)).1 * style.size / UNITS_PER_EM
}

/// The line as a path.
pub(super) fn outline(words: &str, style: Style) -> Outline {
    let face = face(style.weight);
    let (glyphs, advance) = set(words, face);
    let mut pen = Pen {
        data: String::new(),
        origin: 0.0,
        scale: 1.0,
        drop: 0.0,
    };
    for (glyph, origin, scale) in glyphs {
        let drop = if scale == 1.0 { 0.0 } else { SUBSCRIPT.1 * UNITS_PER_EM };
        pen = Pen {
            origin,
            scale,
            drop,
            ..pen
        };
        face.outline_glyph(glyph, &mut pen);
    }
    Outline {
        data: pen.data,
        width: advance * style.size / UNITS_PER_EM,
    }
}

/// Breaks text at spaces into at most `lines` lines of at most `limit` SVG units. Text that does not fit is set
/// smaller, down to [`SMALLEST`], and then cut with an ellipsis. Returns the lines and the style in which they fit.
pub(super) fn fit(words: &str, style: Style, limit: f64, lines: usize) -> (Vec<String>, Style) {
    let lines = lines.max(1);
    let mut style = style;
    loop {
        let broken = wrap(words, style, limit);
        if broken.len() <= lines && broken.iter().all(|line| width(line, style) <= limit) {
            return (broken, style);
        }
        if style.size <= SMALLEST {
            return (cut(broken, style, limit, lines), style);
        }
        style.size = (style.size - 0.5).max(SMALLEST);
    }
}

/// Greedy: a word goes on the line if it fits. A word wider than the limit gets its own line.
fn wrap(words: &str, style: Style, limit: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), style) <= limit => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

fn cut(mut broken: Vec<String>, style: Style, limit: f64, lines: usize) -> Vec<String> {
    let is_cut = broken.len() > lines;
    broken.truncate(lines);
    if let Some(last) = broken.last_mut().filter(|_| is_cut) {
        last.push_str(ELLIPSIS);
    }
    broken.iter().map(|line| shorten(line, style, limit)).collect()
}

/// Cuts a line that is too wide and ends it with an ellipsis.
pub(super) fn shorten(line: &str, style: Style, limit: f64) -> String {
    if width(line, style) <= limit {
        return line.into();
    }
    let mut kept = line.to_string();
    while !kept.is_empty() && width(&format!("{kept}{ELLIPSIS}"), style) > limit {
        kept.pop();
    }
    format!("{}{ELLIPSIS}", kept.trim_end())
}

/// Writes a glyph's outline at its position in the line.
struct Pen {
    data: String,
    origin: f64,
    scale: f64,
    drop: f64,
}

impl Pen {
    fn write(&mut self, command: char, points: &[[f32; 2]]) {
        self.data.push(command);
        for (k, [x, y]) in points.iter().enumerate() {
            let blank = if k == 0 { "" } else { " " };
            let x = self.origin + self.scale * f64::from(*x);
            let y = self.scale * f64::from(*y) - self.drop;
            let _ = write!(self.data, "{blank}{} {}", x.round() as i64, y.round() as i64);
        }
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.write('M', &[[x, y]]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.write('L', &[[x, y]]);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.write('Q', &[[x1, y1], [x, y]]);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.write('C', &[[x1, y1], [x2, y2], [x, y]]);
    }

    fn close(&mut self) {
        self.data.push('Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style::regular(10.0);

    #[test]
    fn the_bundled_fonts_have_the_metrics_and_glyphs_relied_on() {
        for weight in [Weight::Regular, Weight::Bold] {
            let face = face(weight);
            assert_eq!(f64::from(face.units_per_em()), UNITS_PER_EM);
            assert_eq!(
                face.capital_height().map(|h| f64::from(h) / UNITS_PER_EM),
                Some(CAPITAL)
            );
            for c in "AB09xyz.,=()[]-+\u{2212}\u{2026}\u{3b1}\u{3b3}\u{3bb}\u{b1}\u{d7}".chars() {
                assert!(face.glyph_index(c).is_some(), "no glyph for {c:?}");
            }
        }
    }

    #[test]
    fn width_grows_with_size_and_adds_up() {
        let one = width("a", STYLE);
        assert!(one > 0.0);
        assert!((width("aa", STYLE) - 2.0 * one).abs() < 1e-9);
        assert!((width("a", Style::regular(20.0)) - 2.0 * one).abs() < 1e-9);
        assert!(width("m", Style::bold(10.0)) > width("m", STYLE));
    }

    #[test]
    fn only_a_digit_after_a_lone_letter_is_a_subscript() {
        let raised = |words| symbols(words).iter().filter(|(_, is_subscript)| *is_subscript).count();
        assert_eq!(raised("x_1"), 1);
        assert_eq!(raised("f_12(x_2)"), 3);
        assert_eq!(symbols("x_1").len(), 2);
        for plain in ["x_i", "meta_2", "a_b_2", "_1", "x_", "2_1"] {
            assert_eq!(symbols(plain).len(), plain.len(), "{plain}");
        }
    }

    #[test]
    fn a_blank_has_width_but_no_outline() {
        let blank = outline(" ", STYLE);
        assert!(blank.data.is_empty() && blank.width > 0.0);
    }

    #[test]
    fn fit_keeps_short_text_wraps_long_text_and_always_stays_within() {
        let (lines, style) = fit("LOLA", STYLE, 100.0, 2);
        assert_eq!((lines, style), (vec!["LOLA".to_string()], STYLE));
        assert_eq!(fit("one two three four", STYLE, 60.0, 3).0.len(), 2);
        assert!(fit("", STYLE, 60.0, 3).0.is_empty());

        let long = "antidisestablishmentarianism ".repeat(9);
        for limit in [60.0, 5.0] {
            let (lines, style) = fit(&long, STYLE, limit, 2);
            assert_eq!(lines.len(), 2);
            assert_eq!(style.size, SMALLEST);
            assert!(lines[1].ends_with('\u{2026}'));
            assert!(limit < 10.0 || lines.iter().all(|line| width(line, style) <= limit));
        }
    }
}
