//! Checks and how they are presented: a table for people, an object for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use meva_operations::bounds::{Bound, Derivative, Implementation, Quantity, Unit};
use meva_operations::compare::keeps;

use crate::error::{Error, Result};
use crate::gpu::Description;

/// An operation on an implementation, compared with its expected result.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What was computed.
    pub operation: String,
    /// What computed it.
    pub engine: Implementation,
    /// How a derivative was computed; `None` if the result is not a derivative.
    pub derivative: Option<Derivative>,
    /// The largest error; NaN if any number is missing or not finite.
    pub error: f64,
    /// The unit of the error.
    pub unit: Unit,
    /// The bound on the error.
    pub bound: f64,
    /// The reason for this bound.
    pub reason: &'static str,
}

impl Check {
    /// Whether the error is within a finite bound; NaN never is.
    ///
    /// ```
    /// use meva::check::report::Check;
    /// use meva_operations::bounds::{Implementation, Unit};
    /// let check = Check {
    ///     operation: "exp".into(), engine: Implementation::F32, derivative: None, error: 1.5, unit: Unit::Ulp, bound: 2.0, reason: "",
    /// };
    /// assert!(check.ok());
    /// assert!(!Check { error: f64::NAN, ..check }.ok());
    /// ```
    pub fn ok(&self) -> bool {
        keeps(self.error, self.bound)
    }
}

/// All checks, in the order in which they were made.
#[derive(Debug, Default)]
pub struct Report {
    /// The checks.
    pub checks: Vec<Check>,
    /// The adapters that took part.
    pub adapters: Vec<Description>,
    /// Notes for the reader.
    pub notes: Vec<String>,
}

impl Report {
    /// Adds a check.
    pub fn add(
        &mut self,
        subject: &str,
        quantity: Quantity,
        (engine, derivative): (Implementation, Option<Derivative>),
        error: f64,
        bound: Bound,
    ) {
        let row = quantity.row();
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

    /// Adds a check, or merges it with the check of the same quantity by keeping the worse: the one whose error uses
    /// more of its bound.
    pub fn add_worst(
        &mut self,
        subject: &str,
        quantity: Quantity,
        computed: (Implementation, Option<Derivative>),
        error: f64,
        bound: Bound,
    ) {
        let before = self.checks.len();
        self.add(subject, quantity, computed, error, bound);
        let same =
            |a: &Check, b: &Check| (&a.operation, a.engine, a.derivative) == (&b.operation, b.engine, b.derivative);
        let added = &self.checks[before];
        let Some(known) = self.checks[..before].iter().position(|check| same(check, added)) else {
            return;
        };
        // NaN, whatever its sign, is worse than anything.
        let used = |check: &Check| match check.error {
            0.0 => 0.0,
            error => (error / check.bound).abs(),
        };
        let is_worse = used(added).total_cmp(&used(&self.checks[known])).is_gt();
        if let Some(added) = self.checks.pop()
            && is_worse
        {
            self.checks[known] = added;
        }
    }

    /// Keeps the operations whose names contain `text`, ignoring case.
    ///
    /// # Errors
    /// No operation matches.
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

    /// Groups the checks by operation, in the order of first appearance.
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

    /// Whether there is at least one check and all checks pass.
    pub fn ok(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(Check::ok)
    }

    /// One object: `checks` with `operation`, `engine`, `derivative`, `error`, `unit`, `bound`, `reason` and `ok`;
    /// `ok`, `adapters`, `notes`. An error that is not finite is null.
    pub fn json(&self) -> Value {
        let check = |check: &Check| {
            json!({
                "operation": check.operation,
                "engine": name(check.engine),
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
                name(check.engine),
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
                // Right-align the numbers.
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

/// The name of an implementation.
fn name(implementation: Implementation) -> String {
    match implementation {
        Implementation::F64 => "f64".into(),
        Implementation::F32 => "f32".into(),
        Implementation::Lanes => "lanes".into(),
        Implementation::Gpu { index, .. } => format!("gpu {index}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meva_operations::compare::relative_error;

    fn report(got: f64) -> Report {
        let mut report = Report::default();
        let error = relative_error(&[1.0, got], &[1.0, 2.0]);
        let bound = Quantity::Value.bound(Implementation::F32, None, 1.0, f64::INFINITY);
        report.add("logistic", Quantity::Value, (Implementation::F32, None), error, bound);
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
        for operation in [Quantity::Exp, Quantity::Tanh, Quantity::Exp] {
            let bound = operation.bound(Implementation::F32, None, 0.0, f64::INFINITY);
            report.add("", operation, (Implementation::F32, None), 0.0, bound);
        }
        report.sort();
        let names: Vec<&str> = report.checks.iter().map(|check| &*check.operation).collect();
        assert_eq!(names, ["exp", "exp", "tanh"]);
    }
}
