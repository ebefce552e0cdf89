//! Collects comparisons under the bounds of laws, so that one run shows every failure. The comparator itself is
//! [`meva_operations::compare`].

use std::collections::BTreeMap;

pub use meva_operations::compare::Scale;
use meva_operations::compare::{identical, relative};

use crate::tolerance::{Law, Precision};

/// A result and its expected value.
#[derive(Clone, Debug)]
pub struct Check {
    /// The law that bounds the error.
    pub law: Law,
    /// A label for the input.
    pub label: String,
    /// The result.
    pub got: Vec<f64>,
    /// The expected value.
    pub expected: Vec<f64>,
    /// The scale of the error.
    pub scale: Scale,
}

impl Check {
    /// A check relative to the root mean square of the expected numbers.
    pub fn new(law: Law, label: impl Into<String>, got: Vec<f64>, expected: Vec<f64>) -> Self {
        Check {
            law,
            label: label.into(),
            got,
            expected,
            scale: Scale::Rms,
        }
    }
}

/// Collects checks, so that one run shows every failure and the worst error of each law.
#[derive(Debug, Default)]
pub struct Ledger {
    worst: BTreeMap<(Law, Precision), (f64, String)>,
    failures: Vec<String>,
    checks: usize,
}

impl Ledger {
    /// Compares under the table's bound.
    pub fn check(&mut self, precision: Precision, check: &Check) {
        let Check {
            law,
            label,
            got,
            expected,
            scale,
        } = check;
        self.checks += 1;
        let bound = law.tolerance().bound(precision);
        let label = format!("{law:?} in {precision:?}, {label}");
        match relative(&label, got, expected, *scale, bound) {
            Ok(used) => {
                let entry = self.worst.entry((*law, precision)).or_insert((used, label.clone()));
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

    /// Prints the worst errors, and fails if any check failed or if there was nothing to check.
    pub fn finish(self) {
        for ((law, precision), (used, label)) in &self.worst {
            let bound = law.tolerance().bound(*precision);
            println!(
                "{law:?} {precision:?}: {:.2e}, {:.0} % of the bound {bound:.1e} ({label})",
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

    fn check(got: f64) -> Check {
        Check::new(Law::Swap, "made up", vec![got], vec![1.0])
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
