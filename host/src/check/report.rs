//! Checks and how they are shown: a table for people, an object for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::condition::rms;
use super::tolerance::{Bound, Operation, Spread};
use crate::error::{Error, Result};
use crate::follow::ascent::Precision;
use crate::gpu::Description;

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The core in `f64`.
    F64,
    /// The core in `f32`, one point at a time.
    F32,
    /// The CPU engine: 64 points in lockstep, with this processor's kernels.
    Lanes,
    /// A GPU adapter.
    Gpu {
        /// Its place in the list of adapters.
        index: usize,
        /// Whether it computes on the CPU, as IEEE says.
        software: bool,
    },
}

impl Engine {
    /// Its name.
    pub fn name(self) -> String {
        match self {
            Engine::F64 => "f64".into(),
            Engine::F32 => "f32".into(),
            Engine::Lanes => "lanes".into(),
            Engine::Gpu { index, .. } => format!("gpu {index}"),
        }
    }

    /// The unit roundoff of its numbers: 2^-53 or 2^-24.
    pub fn roundoff(self) -> f64 {
        match self {
            Engine::F64 => f64::EPSILON / 2.0,
            _ => f64::from(f32::EPSILON) / 2.0,
        }
    }
}

/// Where a derivative comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivative {
    /// A formula for the gradient; evaluated on dual numbers for second derivatives.
    Analytic,
    /// The value on dual numbers, nested for second derivatives.
    Duals,
    /// Central differences.
    Differences,
}

impl Derivative {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Derivative::Analytic => "analytic",
            Derivative::Duals => "duals",
            Derivative::Differences => "differences",
        }
    }
}

/// How errors are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// In units of the last place of the exact `f32` result.
    Ulp,
    /// In units of the last place of the input.
    UlpOfInput,
    /// In units of the last place of 1.
    UlpOfOne,
    /// In units of the root mean square of all that is expected.
    Rms,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Unit::Ulp => "ulp",
            Unit::UlpOfInput => "ulp of x",
            Unit::UlpOfOne => "ulp of 1",
            Unit::Rms => "rms",
        }
    }
}

/// An operation on an engine, held against what it should give.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What was computed.
    pub operation: String,
    /// What computed it.
    pub engine: Engine,
    /// Where a derivative comes from; none for what is no derivative.
    pub derivative: Option<Derivative>,
    /// The largest error; NaN if any number is not finite or missing.
    pub error: f64,
    /// What the error is measured in.
    pub unit: Unit,
    /// How large it may be.
    pub bound: f64,
    /// Why so large.
    pub reason: &'static str,
}

impl Check {
    /// Whether the error keeps to a finite bound; NaN never does.
    ///
    /// ```
    /// use meva::check::report::{Check, Engine, Unit};
    /// let check = Check {
    ///     operation: "exp".into(), engine: Engine::F32, derivative: None, error: 1.5, unit: Unit::Ulp, bound: 2.0, reason: "",
    /// };
    /// assert!(check.ok());
    /// assert!(!Check { error: f64::NAN, ..check }.ok());
    /// ```
    pub fn ok(&self) -> bool {
        self.error <= self.bound && self.bound.is_finite()
    }
}

/// What an engine's numbers are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Our own `f64`, by formula.
    Reference,
    /// Our own `f64`, the engine deriving in another way.
    Derived(Derivative),
    /// Numbers from outside, computed in this precision.
    Outside(Precision),
}

/// All checks, in the order in which they were made.
#[derive(Debug, Default)]
pub struct Report {
    /// The checks.
    pub checks: Vec<Check>,
    /// The adapters that took part.
    pub adapters: Vec<Description>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}

impl Report {
    /// Compares an engine's results with what they should be, operation by operation, which rounding moves by so much.
    /// `subject` says whose operations these are; it may be empty.
    pub fn compare<const K: usize>(
        &mut self,
        subject: &str,
        operations: [Operation; K],
        (engine, basis): (Engine, Basis),
        got: &[Vec<f64>; K],
        expected: &[Vec<f64>; K],
        spread: &Spread<K>,
    ) {
        for k in 0..K {
            let condition = spread.sensitivities[k] / rms(&expected[k]);
            let derivative = match basis {
                Basis::Derived(derivative) => Some(derivative),
                _ => operations[k].is_derivative().then_some(Derivative::Analytic),
            };
            let bound = match basis {
                Basis::Outside(precision) => operations[k].bound_outside(engine, precision, condition),
                _ => operations[k].bound(engine, derivative, condition, spread.deviations[k]),
            };
            self.add(
                subject,
                operations[k],
                (engine, derivative),
                relative_error(&got[k], &expected[k]),
                bound,
            );
        }
    }

    /// Adds a check.
    pub fn add(
        &mut self,
        subject: &str,
        operation: Operation,
        (engine, derivative): (Engine, Option<Derivative>),
        error: f64,
        bound: Bound,
    ) {
        let row = operation.row();
        self.checks.push(Check {
            operation: format!("{subject} {}", row.name).trim_start().to_owned(),
            engine,
            derivative,
            error,
            unit: row.unit,
            bound: bound.value,
            reason: bound.reason,
        });
    }

    /// Keeps the operations whose names contain `text`, upper and lower case alike.
    ///
    /// # Errors
    /// There is none.
    pub fn keep(&mut self, text: &str) -> Result<()> {
        let lower = text.to_lowercase();
        self.checks
            .retain(|check| check.operation.to_lowercase().contains(&lower));
        if self.checks.is_empty() {
            return Err(Error::usage(format!("no operation's name contains `{text}`"))
                .at("--only")
                .hint("`meva check` without it lists them all"));
        }
        Ok(())
    }

    /// Brings together what belongs to one operation, in the order of first appearance.
    pub fn sort(&mut self) {
        let mut names: Vec<String> = Vec::new();
        for check in &self.checks {
            if !names.contains(&check.operation) {
                names.push(check.operation.clone());
            }
        }
        let place = |check: &Check| names.iter().position(|name| *name == check.operation);
        self.checks.sort_by_key(place);
    }

    /// Whether there are checks and all of them hold.
    pub fn ok(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(Check::ok)
    }

    /// One object: `checks` with `operation`, `engine`, `derivative`, `error`, `unit`, `bound`, `reason` and `ok`; `ok`,
    /// `adapters`, `notes`. An error that is not finite is null.
    pub fn json(&self) -> Value {
        let check = |check: &Check| {
            json!({
                "operation": check.operation,
                "engine": check.engine.name(),
                "derivative": check.derivative.map(Derivative::name),
                "error": check.error,
                "unit": check.unit.name(),
                "bound": check.bound,
                "reason": check.reason,
                "ok": check.ok(),
            })
        };
        json!({
            "checks": self.checks.iter().map(check).collect::<Vec<_>>(),
            "ok": self.ok(),
            "adapters": self.adapters.iter().map(Description::json).collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }

    /// A line for each check, then adapters, notes and a summary.
    pub fn table(&self) -> String {
        let mut rows = vec![["operation", "engine", "derivative", "error", "bound", "unit", ""].map(String::from)];
        rows.extend(self.checks.iter().map(|check| {
            [
                check.operation.clone(),
                check.engine.name(),
                check.derivative.map_or("-", Derivative::name).to_owned(),
                number(check.error, check.unit),
                number(check.bound, check.unit),
                check.unit.name().to_owned(),
                if check.ok() { "ok" } else { "FAIL" }.to_owned(),
            ]
        }));
        let widths: [usize; 7] = std::array::from_fn(|k| rows.iter().map(|row| row[k].len()).max().unwrap_or(0));
        let mut text = String::new();
        for row in &rows {
            let mut line = String::new();
            for (k, cell) in row.iter().enumerate() {
                // Numbers end below each other.
                let _ = match k {
                    3 | 4 => write!(line, "{cell:>width$}  ", width = widths[k]),
                    _ => write!(line, "{cell:<width$}  ", width = widths[k]),
                };
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.push('\n');
        for adapter in &self.adapters {
            let _ = writeln!(text, "gpu {adapter}");
        }
        for note in &self.notes {
            let _ = writeln!(text, "{note}");
        }
        let failed = self.checks.iter().filter(|check| !check.ok()).count();
        let _ = match failed {
            0 => write!(text, "{} checks, all ok", self.checks.len()),
            _ => write!(text, "{} checks, {failed} FAILED", self.checks.len()),
        };
        text
    }
}

fn number(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Rms => format!("{value:.1e}"),
        Unit::Ulp | Unit::UlpOfInput | Unit::UlpOfOne => format!("{value:.2}"),
    }
}

/// The largest distance of two numbers over the root mean square of all that is expected. NaN if there is nothing to
/// compare, if there are more or fewer numbers than expected, or if any is not finite.
///
/// ```
/// use meva::check::report::relative_error;
/// // The root mean square of (3, 4, 0, 0) is 2.5.
/// assert_eq!(relative_error(&[3.0, 4.25, 0.0, 0.0], &[3.0, 4.0, 0.0, 0.0]), 0.1);
/// assert!(relative_error(&[f64::NAN], &[1.0]).is_nan());
/// ```
pub fn relative_error(got: &[f64], expected: &[f64]) -> f64 {
    let size = rms(expected);
    largest(got, expected, |got, expected, _| match (got - expected).abs() {
        0.0 => 0.0,
        distance => distance / size,
    })
}

/// The largest distance in units of the last place that `f32` has at `size(k)`; NaN as in [`relative_error`].
///
/// ```
/// use meva::check::report::ulp_error;
/// assert_eq!(ulp_error(&[1.0 + 2.0_f64.powi(-23)], &[1.0], |_| 1.0), 1.0);
/// ```
pub fn ulp_error(got: &[f64], expected: &[f64], size: impl Fn(usize) -> f64) -> f64 {
    largest(got, expected, |got, expected, k| {
        (got - expected).abs() / unit_in_the_last_place(size(k))
    })
}

fn largest(got: &[f64], expected: &[f64], error: impl Fn(f64, f64, usize) -> f64) -> f64 {
    let finite = |numbers: &[f64]| numbers.iter().all(|number| number.is_finite());
    if expected.is_empty() || got.len() != expected.len() || !finite(got) || !finite(expected) {
        return f64::NAN;
    }
    let errors = got.iter().zip(expected).enumerate();
    errors
        .map(|(k, (got, expected))| error(*got, *expected, k))
        .fold(0.0, f64::max)
}

/// The spacing of `f32` numbers in the binade of `value`.
fn unit_in_the_last_place(value: f64) -> f64 {
    const MANTISSA_BITS: i32 = 23;
    const LEAST_EXPONENT: i32 = -126;
    let exponent = ((value.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    2.0_f64.powi(exponent.max(LEAST_EXPONENT) - MANTISSA_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(got: f64) -> Report {
        let mut report = Report::default();
        let reference = (Engine::F32, Basis::Reference);
        report.compare(
            "logistic",
            [Operation::Value],
            reference,
            &[vec![1.0, got]],
            &[vec![1.0, 2.0]],
            &Spread::counted([2.0]),
        );
        report
    }

    #[test]
    fn right_numbers_pass() {
        assert!(report(2.0).ok());
        assert!(report(2.0 + 1e-7).ok());
    }

    #[test]
    fn wrong_numbers_fail() {
        for wrong in [2.001, -2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let report = report(wrong);
            assert!(!report.ok(), "{wrong}");
            assert!(report.table().contains("FAIL"), "{wrong}");
            assert_eq!(report.json()["ok"], false, "{wrong}");
        }
    }

    #[test]
    fn errors_without_meaning_are_nan() {
        let nothing: [(&[f64], &[f64]); 6] = [
            (&[], &[]),
            (&[1.0], &[1.0, 2.0]),
            (&[f64::NAN], &[f64::NAN]),
            (&[f64::INFINITY], &[f64::INFINITY]),
            (&[1.0], &[f64::NAN]),
            (&[f64::NAN, 1.0], &[1.0, 1.0]),
        ];
        for (got, expected) in nothing {
            assert!(relative_error(got, expected).is_nan(), "{got:?} {expected:?}");
            assert!(ulp_error(got, expected, |_| 1.0).is_nan(), "{got:?} {expected:?}");
        }
        assert_eq!(relative_error(&[1e-300], &[0.0]), f64::INFINITY);
    }

    #[test]
    fn a_bound_that_is_not_finite_passes_nothing() {
        let [check] = &report(2.0).checks[..] else { panic!() };
        for bound in [f64::NAN, f64::INFINITY] {
            assert!(!Check { bound, ..check.clone() }.ok());
        }
    }

    #[test]
    fn a_report_of_nothing_is_not_ok() {
        assert!(!Report::default().ok());
        assert!(report(2.0).keep("tandem").is_err());
    }

    #[test]
    fn operations_come_together() {
        let mut report = Report::default();
        for operation in [Operation::Exp, Operation::Tanh, Operation::Exp] {
            let bound = operation.bound(Engine::F32, None, 0.0, f64::INFINITY);
            report.add("", operation, (Engine::F32, None), 0.0, bound);
        }
        report.sort();
        let names: Vec<&str> = report.checks.iter().map(|check| &*check.operation).collect();
        assert_eq!(names, ["exp", "exp", "tanh"]);
    }
}
