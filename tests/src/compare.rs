//! Comparators. NaN, infinity and length come first, then `!(error <= bound)`, so that nothing undefined passes. Every
//! comparator has a test in which it fails.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::tolerance::{Operation, Precision};

/// What an error is measured against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// The root mean square of the expected array.
    Rms,
    /// The root mean square of the expected array plus this much: the size of what cancels in it.
    RmsPlus(f64),
}

/// How much of the bound the worst number of `got` uses, at most 1; or what is wrong, in words.
///
/// The error of each number is its distance from the expected one over the scale. Where the scale is zero the numbers
/// must be equal.
pub fn relative(label: &str, got: &[f64], expected: &[f64], scale: Scale, bound: f64) -> Result<f64, String> {
    shape(label, got, expected)?;
    let square_sum: f64 = expected.iter().map(|e| e * e).sum();
    let rms = (square_sum / expected.len() as f64).sqrt();
    let scale = match scale {
        Scale::Rms => rms,
        Scale::RmsPlus(more) => rms + more,
    };
    let error = |k: usize| {
        let distance = (got[k] - expected[k]).abs();
        if distance == 0.0 { 0.0 } else { distance / scale }
    };
    let worst = (0..got.len()).fold(0, |worst, k| if error(k) > error(worst) { k } else { worst });
    let used = error(worst) / bound;
    if !(error(worst) <= bound) || !bound.is_finite() {
        return Err(describe(label, got, expected, worst)
            + &format!(
                "error {:.3e} of scale {scale:.3e}, {:.0} % of the bound {bound:.1e}",
                error(worst),
                100.0 * used
            ));
    }
    Ok(used)
}

/// Whether all numbers have the same bits; NaN is refused.
pub fn identical(label: &str, got: &[f64], expected: &[f64]) -> Result<(), String> {
    shape(label, got, expected)?;
    match (0..got.len()).find(|&k| got[k].to_bits() != expected[k].to_bits()) {
        Some(k) => Err(describe(label, got, expected, k) + "bits differ"),
        None => Ok(()),
    }
}

/// The distance of `got` from `exact` in units of the last place of the `f32` numbers around `exact`; or what is wrong.
///
/// NaN must meet NaN, a result beyond the largest number infinity, and signs agree, that of zero included.
pub fn ulps(label: &str, got: f32, exact: f64, bound: f64) -> Result<f64, String> {
    let fail = |what: &str| Err(describe(label, &[f64::from(got)], &[exact], 0) + what);
    if got.is_nan() || exact.is_nan() {
        return if got.is_nan() && exact.is_nan() {
            Ok(0.0)
        } else {
            fail("NaN on one side")
        };
    }
    if got.is_sign_negative() != exact.is_sign_negative() {
        return fail("signs differ");
    }
    if got.is_infinite() || (exact as f32).is_infinite() {
        return if got.is_infinite() && (exact as f32).is_infinite() {
            Ok(0.0)
        } else {
            fail("infinity on one side")
        };
    }
    let error = (f64::from(got) - exact).abs() / unit_in_the_last_place(exact);
    if !(error <= bound) {
        return fail(&format!(
            "{error:.3} ulp, {:.0} % of the bound {bound}",
            100.0 * error / bound
        ));
    }
    Ok(error)
}

/// The spacing of `f32` numbers in the binade of `exact`, which lies within their range.
fn unit_in_the_last_place(exact: f64) -> f64 {
    const MANTISSA_BITS: i32 = 23;
    const LEAST_EXPONENT: i32 = -126;
    let exponent = ((exact.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    2.0_f64.powi(exponent.max(LEAST_EXPONENT) - MANTISSA_BITS)
}

fn shape(label: &str, got: &[f64], expected: &[f64]) -> Result<(), String> {
    if expected.is_empty() {
        return Err(format!("{label}: nothing to compare"));
    }
    if got.len() != expected.len() {
        return Err(format!("{label}: {} numbers, expected {}", got.len(), expected.len()));
    }
    match (0..got.len()).find(|&k| !got[k].is_finite() || !expected[k].is_finite()) {
        Some(k) => Err(describe(label, got, expected, k) + "not finite"),
        None => Ok(()),
    }
}

fn describe(label: &str, got: &[f64], expected: &[f64], k: usize) -> String {
    let bits = |value: f64| {
        let mut text = format!("{:#018x}", value.to_bits());
        if f64::from(value as f32) == value {
            let _ = write!(text, " or as f32 {:#010x}", (value as f32).to_bits());
        }
        text
    };
    format!(
        "{label}: number {k} of {} is {:e} ({}), expected {:e} ({}): ",
        got.len(),
        got[k],
        bits(got[k]),
        expected[k],
        bits(expected[k])
    )
}

/// A result and what it should be.
#[derive(Clone, Debug)]
pub struct Check {
    /// Which row of the table bounds the error.
    pub operation: Operation,
    /// Which input this is.
    pub label: String,
    /// The result.
    pub got: Vec<f64>,
    /// What it should be.
    pub expected: Vec<f64>,
    /// What the error is measured against.
    pub scale: Scale,
}

impl Check {
    /// A check relative to the root mean square of what is expected.
    pub fn new(operation: Operation, label: impl Into<String>, got: Vec<f64>, expected: Vec<f64>) -> Self {
        Check {
            operation,
            label: label.into(),
            got,
            expected,
            scale: Scale::Rms,
        }
    }
}

/// Collects checks, so that one run shows every failure and the worst error of each operation.
#[derive(Debug, Default)]
pub struct Ledger {
    worst: BTreeMap<(Operation, Precision), (f64, String)>,
    failures: Vec<String>,
    checks: usize,
}

impl Ledger {
    /// Compares under the table's bound.
    pub fn check(&mut self, precision: Precision, check: &Check) {
        let Check {
            operation,
            label,
            got,
            expected,
            scale,
        } = check;
        self.checks += 1;
        let bound = operation.tolerance().bound(precision);
        let label = format!("{operation:?} in {precision:?}, {label}");
        match relative(&label, got, expected, *scale, bound) {
            Ok(used) => {
                let entry = self
                    .worst
                    .entry((*operation, precision))
                    .or_insert((used, label.clone()));
                if used > entry.0 {
                    *entry = (used, label);
                }
            }
            Err(failure) => self.failures.push(failure),
        }
    }

    /// Compares bits.
    pub fn identical(&mut self, label: &str, got: &[f64], expected: &[f64]) {
        self.checks += 1;
        if let Err(failure) = identical(label, got, expected) {
            self.failures.push(failure);
        }
    }

    /// Compares bits, except that zeros may differ in sign.
    pub fn equal(&mut self, label: &str, got: &[f64], expected: &[f64]) {
        // -0 + 0 is 0 and every other sum with 0 is exact.
        let unsigned = |values: &[f64]| values.iter().map(|v| v + 0.0).collect::<Vec<_>>();
        self.identical(label, &unsigned(got), &unsigned(expected));
    }

    /// Prints the worst errors and fails if anything did, or if there was nothing to check.
    pub fn finish(self) {
        for ((operation, precision), (used, label)) in &self.worst {
            let bound = operation.tolerance().bound(*precision);
            println!(
                "{operation:?} {precision:?}: {:.2e}, {:.0} % of the bound {bound:.1e} ({label})",
                used * bound,
                100.0 * used
            );
        }
        assert!(self.checks > 0, "nothing was checked");
        assert!(
            self.failures.is_empty(),
            "{} of {} checks failed:\n{}",
            self.failures.len(),
            self.checks,
            self.failures.iter().take(20).cloned().collect::<Vec<_>>().join("\n")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRONG: [f64; 4] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.5];

    #[test]
    fn relative_accepts_and_measures() {
        // The root mean square of (3, 4, 0, 0) is 2.5.
        let used = relative("near", &[3.0, 4.25, 0.0, 0.0], &[3.0, 4.0, 0.0, 0.0], Scale::Rms, 0.2);
        assert_eq!(used, Ok(0.5));
        let used = relative("near", &[1.0, -2.0], &[-1.0, -2.0], Scale::RmsPlus(1e3), 0.01);
        assert!(used.is_ok_and(|used| used > 0.0), "what cancels widens the scale");
        assert_eq!(relative("zeros", &[0.0, -0.0], &[0.0, 0.0], Scale::Rms, 1e-10), Ok(0.0));
    }

    #[test]
    fn relative_rejects() {
        for wrong in WRONG {
            assert!(relative("got", &[1.0, wrong], &[1.0, 1.0], Scale::Rms, 0.1).is_err());
            assert!(relative("expected", &[1.0, 1.0], &[1.0, wrong], Scale::Rms, 0.1).is_err());
        }
        assert!(relative("both", &[f64::NAN], &[f64::NAN], Scale::Rms, 0.1).is_err());
        assert!(relative("both", &[f64::INFINITY], &[f64::INFINITY], Scale::Rms, 0.1).is_err());
        assert!(relative("sign", &[-1.0], &[1.0], Scale::Rms, 0.1).is_err());
        assert!(relative("short", &[1.0], &[1.0, 1.0], Scale::Rms, 0.1).is_err());
        assert!(relative("empty", &[], &[], Scale::Rms, 0.1).is_err());
        assert!(relative("zero", &[1e-300], &[0.0], Scale::Rms, 0.1).is_err());
        assert!(relative("bound", &[1.0], &[2.0], Scale::Rms, f64::NAN).is_err());
        assert!(relative("bound", &[1.0], &[2.0], Scale::Rms, f64::INFINITY).is_err());
        assert!(relative("scale", &[1.0], &[2.0], Scale::RmsPlus(f64::NAN), 0.1).is_err());
        assert!(
            relative("beyond", &[1.0 + 1.1e-10], &[1.0], Scale::Rms, 1e-10).is_err(),
            "just beyond the bound"
        );
    }

    #[test]
    fn failures_say_what_and_where() {
        let failure = relative("game at x", &[1.0, 2.5], &[1.0, 2.0], Scale::Rms, 0.1).unwrap_err();
        for part in [
            "game at x",
            "number 1 of 2",
            "2.5e0",
            "0x4004000000000000",
            "0x40200000",
            "2e0",
            "316 % of the bound",
        ] {
            assert!(failure.contains(part), "{part:?} is missing in {failure:?}");
        }
    }

    #[test]
    fn identical_rejects() {
        assert!(identical("same", &[1.0, -0.0], &[1.0, -0.0]).is_ok());
        for wrong in WRONG {
            assert!(identical("got", &[wrong], &[1.0]).is_err());
            assert!(identical("expected", &[1.0], &[wrong]).is_err());
        }
        assert!(identical("both", &[f64::NAN], &[f64::NAN]).is_err());
        assert!(identical("zero", &[0.0], &[-0.0]).is_err());
        assert!(identical("last bit", &[1.0 + f64::EPSILON], &[1.0]).is_err());
        assert!(identical("short", &[1.0], &[1.0, 1.0]).is_err());
        assert!(identical("empty", &[], &[]).is_err());
    }

    #[test]
    fn ulps_measures() {
        assert_eq!(ulps("one", 1.0 + f32::EPSILON, 1.0, 2.0), Ok(1.0));
        assert_eq!(ulps("subnormal", 3e-45, f64::from(f32::from_bits(1)), 2.0), Ok(1.0));
        assert_eq!(ulps("NaN", f32::NAN, f64::NAN, 2.0), Ok(0.0));
        assert_eq!(ulps("overflow", f32::INFINITY, 1e300, 2.0), Ok(0.0));
        assert_eq!(ulps("zero", 0.0, 1e-300, 2.0).map(|error| error < 1e-200), Ok(true));
    }

    #[test]
    fn ulps_rejects() {
        for wrong in [f32::NAN, f32::INFINITY, -1.0, 1.0 + 3.0 * f32::EPSILON] {
            assert!(ulps("got", wrong, 1.0, 2.0).is_err(), "{wrong}");
        }
        assert!(ulps("exact", 1.0, f64::NAN, 2.0).is_err());
        assert!(ulps("exact", f32::MAX, f64::INFINITY, 2.0).is_err());
        assert!(ulps("sign of zero", 0.0, -0.0, 2.0).is_err());
        assert!(ulps("bound", 1.0, 1.5, f64::NAN).is_err());
    }

    fn check(got: f64) -> Check {
        Check::new(Operation::GameValue, "made up", vec![got], vec![1.0])
    }

    #[test]
    fn a_ledger_accepts() {
        let mut ledger = Ledger::default();
        ledger.check(Precision::Double, &check(1.0));
        ledger.identical("bits", &[-0.0], &[-0.0]);
        ledger.equal("numbers", &[-0.0, 2.0], &[0.0, 2.0]);
        ledger.finish();
    }

    #[test]
    #[should_panic(expected = "nothing was checked")]
    fn an_empty_ledger_fails() {
        Ledger::default().finish();
    }

    #[test]
    #[should_panic(expected = "1 of 2 checks failed")]
    fn a_ledger_fails_by_one_wrong_number() {
        let mut ledger = Ledger::default();
        ledger.check(Precision::Single, &check(1.0));
        ledger.check(Precision::Single, &check(1.1));
        ledger.finish();
    }

    #[test]
    #[should_panic(expected = "not finite")]
    fn a_ledger_fails_by_nan() {
        let mut ledger = Ledger::default();
        ledger.check(Precision::Single, &check(f64::NAN));
        ledger.finish();
    }

    #[test]
    #[should_panic(expected = "bits differ")]
    fn a_ledger_fails_by_different_bits() {
        let mut ledger = Ledger::default();
        ledger.identical("zero", &[0.0], &[-0.0]);
        ledger.finish();
    }

    #[test]
    #[should_panic(expected = "bits differ")]
    fn a_ledger_fails_by_unequal_numbers() {
        let mut ledger = Ledger::default();
        ledger.equal("one", &[1.0], &[1.0 + f64::EPSILON]);
        ledger.finish();
    }
}
