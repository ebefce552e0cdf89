//! Axes: range, ticks at round numbers or named positions, tick labels.

/// One axis of a panel.
///
/// ```
/// use meva_figure::{Axis, Ticks};
/// let axis = Axis::categories("discount", &["0", "0.5", "0.9"]);
/// assert_eq!(axis.range, [-0.5, 2.5]);
/// assert_eq!(Axis::new("x_1", -7.0, 7.0).ticks, Ticks::Round);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The axis label, next to the ticks; may be empty.
    pub label: String,
    /// Data at the left (bottom) and right (top) end. The first may be the greater one.
    pub range: [f64; 2],
    /// The positions of the ticks.
    pub ticks: Ticks,
}

/// The positions and labels of ticks.
#[derive(Debug, Clone, PartialEq)]
pub enum Ticks {
    /// At multiples of 1, 2 or 5 times a power of ten, as many as there is room for.
    Round,
    /// At these values; those outside the range are left out.
    At(Vec<f64>),
    /// At these positions with these names; those outside the range are left out.
    Named(Vec<(f64, String)>),
}

impl Axis {
    /// A numeric axis with round ticks.
    ///
    /// ```
    /// let axis = meva_figure::Axis::new("x_1", -7.0, 7.0);
    /// assert_eq!(axis.range, [-7.0, 7.0]);
    /// ```
    pub fn new(label: impl Into<String>, low: f64, high: f64) -> Self {
        Self {
            label: label.into(),
            range: [low, high],
            ticks: Ticks::Round,
        }
    }

    /// Evenly spaced categories: the k-th of n is at k, and the range is -0.5 to n - 0.5.
    ///
    /// ```
    /// let axis = meva_figure::Axis::categories("alpha", &["1", "10"]);
    /// assert_eq!(axis.range, [-0.5, 1.5]);
    /// ```
    pub fn categories<S: AsRef<str>>(label: impl Into<String>, names: &[S]) -> Self {
        let ticks = names
            .iter()
            .enumerate()
            .map(|(k, name)| (k as f64, name.as_ref().to_string()))
            .collect();
        Self {
            label: label.into(),
            range: [-0.5, names.len() as f64 - 0.5],
            ticks: Ticks::Named(ticks),
        }
    }

    /// The range, made non-empty: [0, 1] if it is not finite, half a unit to each side if both ends are equal.
    pub(super) fn span(&self) -> [f64; 2] {
        let [low, high] = self.range;
        let is_sound = low.is_finite() && high.is_finite() && (high - low).is_finite();
        if !is_sound {
            [0.0, 1.0]
        } else if low == high {
            let margin = 0.5_f64.max(low.abs() * 1e-6);
            [low - margin, low + margin]
        } else {
            [low, high]
        }
    }

    /// 0 at the first end of the range, 1 at the second. `None` if not finite.
    pub(super) fn fraction(&self, value: f64) -> Option<f64> {
        let [low, high] = self.span();
        Some((value - low) / (high - low)).filter(|t| t.is_finite())
    }

    /// Ticks within the range as (fraction, label), for an axis with room for `most` of them.
    pub(super) fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        let ticks = match &self.ticks {
            Ticks::Round => round_numbers(self.span(), most),
            Ticks::At(values) => values
                .iter()
                .map(|value| (*value, with_true_minus(&value.to_string())))
                .collect(),
            Ticks::Named(ticks) => ticks.clone(),
        };
        // An end of the range counts as inside, despite rounding.
        const SLACK: f64 = 1e-9;
        let place = |(value, label)| Some((self.fraction(value)?, label));
        ticks
            .into_iter()
            .filter_map(place)
            .filter(|(t, _)| (-SLACK..=1.0 + SLACK).contains(t))
            .collect()
    }
}

/// At most `most` multiples of a round step within the range, with labels that show the step's decimals.
pub(super) fn round_numbers(range: [f64; 2], most: usize) -> Vec<(f64, String)> {
    let (low, high) = (range[0].min(range[1]), range[0].max(range[1]));
    let most = most.max(2);
    let Some((step, exponent)) = round_step(low, high, most) else {
        return Vec::new();
    };
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    (0..=most)
        .map(|k| first + k as f64)
        .take_while(|k| *k <= last)
        .map(|k| (k * step, say(k * step, exponent)))
        .collect()
}

/// The smallest step of 1, 2 or 5 times a power of ten with at most `most` multiples in the range, and that power of ten.
fn round_step(low: f64, high: f64, most: usize) -> Option<(f64, i32)> {
    let start = ((high - low) / most as f64).log10().floor();
    if !start.is_finite() {
        return None;
    }
    let start = start as i32;
    for exponent in start..=start + 2 {
        for digit in [1.0, 2.0, 5.0] {
            // Divided by a positive power, so that 0.1 is the number nearest to a tenth.
            let step = if exponent < 0 {
                digit / 10_f64.powi(-exponent)
            } else {
                digit * 10_f64.powi(exponent)
            };
            let count = (high / step + 1e-9).floor() - (low / step - 1e-9).ceil() + 1.0;
            if step > 0.0 && count <= most as f64 {
                return Some((step, exponent));
            }
        }
    }
    None
}

/// A multiple of a step with this power of ten, with the step's decimals and a true minus sign.
fn say(value: f64, exponent: i32) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let magnitude = value.abs().log10().floor() as i32;
    let text = if exponent < -4 || magnitude >= 6 {
        format!("{value:.*e}", usize::try_from(magnitude - exponent).unwrap_or(0))
    } else {
        format!("{value:.*}", usize::try_from(-exponent).unwrap_or(0))
    };
    with_true_minus(&text)
}

/// A number's text with U+2212 in place of the hyphen.
fn with_true_minus(number: &str) -> String {
    number.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, most: usize) -> Vec<String> {
        Axis::new("", low, high)
            .ticks(most)
            .into_iter()
            .map(|(_, label)| label)
            .collect()
    }

    #[test]
    fn ticks_are_round_and_include_both_ends() {
        assert_eq!(labels(-10.0, 10.0, 5), ["\u{2212}10", "\u{2212}5", "0", "5", "10"]);
        assert_eq!(labels(0.0, 0.3, 4), ["0", "0.1", "0.2", "0.3"]);
        assert_eq!(labels(-2.0, -1.0, 3), ["\u{2212}2.0", "\u{2212}1.5", "\u{2212}1.0"]);
    }

    #[test]
    fn great_and_small_numbers_are_written_with_a_power_of_ten() {
        assert_eq!(labels(-1e300, 1e300, 3), ["\u{2212}1e300", "0", "1e300"]);
        assert_eq!(labels(0.0, 3e-7, 4), ["0", "1e\u{2212}7", "2e\u{2212}7", "3e\u{2212}7"]);
        assert_eq!(labels(1_000_000.0, 1_200_000.0, 3), ["1.0e6", "1.1e6", "1.2e6"]);
        assert_eq!(labels(0.0, 100_000.0, 2), ["0", "100000"]);
    }

    #[test]
    fn ticks_are_never_more_than_asked_for() {
        for most in 2..12 {
            for range in [[0.0, 1.0], [-7.3, 911.0], [1e-9, 3e-9], [-1e12, 1e15], [5.0, -5.0]] {
                let count = Axis::new("", range[0], range[1]).ticks(most).len();
                assert!((1..=most).contains(&count), "{range:?} for {most}: {count}");
            }
        }
    }

    #[test]
    fn a_reversed_axis_puts_its_greater_end_first() {
        let axis = Axis::new("", 1.0, 0.0);
        assert_eq!(axis.fraction(1.0), Some(0.0));
        assert_eq!(axis.fraction(0.25), Some(0.75));
    }

    #[test]
    fn an_axis_without_a_sound_extent_is_given_one() {
        assert_eq!(Axis::new("", f64::NAN, 1.0).span(), [0.0, 1.0]);
        assert_eq!(Axis::new("", -f64::MAX, f64::MAX).span(), [0.0, 1.0]);
        assert_eq!(Axis::new("", 3.0, 3.0).span(), [2.5, 3.5]);
        let [low, high] = Axis::new("", 1e300, 1e300).span();
        assert!(low < high);
    }

    #[test]
    fn not_finite_and_far_values_have_no_tick() {
        let ticks = Ticks::Named(
            [(f64::NAN, "n"), (2.0, "far"), (0.5, "in")]
                .map(|(v, l)| (v, l.to_string()))
                .into(),
        );
        let axis = Axis {
            ticks,
            ..Axis::new("", 0.0, 1.0)
        };
        assert_eq!(axis.ticks(9), [(0.5, "in".to_string())]);
    }

    #[test]
    fn given_values_are_shown_in_full_with_a_true_minus_sign() {
        let at = |values: &[f64]| Axis {
            ticks: Ticks::At(values.into()),
            ..Axis::new("", -1.0, 1.0)
        };
        let labels: Vec<String> = (at(&[-1.0, -0.25, 0.0, f64::NAN, 2.0]).ticks(9).into_iter())
            .map(|(_, label)| label)
            .collect();
        assert_eq!(labels, ["\u{2212}1", "\u{2212}0.25", "0"]);
    }

    #[test]
    fn categories_stand_in_the_middle_of_equal_parts() {
        let ticks = Axis::categories("", &["a", "b"]).ticks(9);
        assert_eq!(ticks, [(0.25, "a".to_string()), (0.75, "b".to_string())]);
        assert_eq!(Axis::categories::<&str>("", &[]).span(), [-0.5 - 0.5, -0.5 + 0.5]);
    }
}
