//! Compares operations on every implementation with `f64`, and their derivatives with those computed in other ways.

use std::sync::Arc;

use meva_operations::bounds::{Derivative, Implementation, Unit};
use meva_operations::cases::{Case, Numbers, Single, all, by_formula, evaluate, in_f32, in_f64, sensitivities, stray};
use meva_operations::checked::nth;
use meva_operations::compare::{relative_error, rms, ulp_error};
use meva_operations::differences::{by_differences, deviation};
use meva_operations::extremes::Extremes;
use meva_operations::{Formula, Operation, Output, Relation, Visitor};

use super::gpu;
use super::report::Report;
use crate::cpu::{Cpu, Number};
use crate::error::Result;
use crate::gpu::Gpu;

/// Number of runs with random rounding.
const RUNS: u64 = 4;

/// An operation in the lanes of this processor.
type Lanes<'a> = dyn Fn(&[Case], &dyn Fn(&Output) -> bool) -> Vec<Numbers> + 'a;

/// Visits operations and adds checks to a report.
pub(super) struct Holder<'a> {
    report: &'a mut Report,
    cpu: Cpu,
    gpus: &'a [Arc<Gpu>],
    /// How many operations have been held.
    place: usize,
    failure: Result<()>,
}

impl<'a> Holder<'a> {
    pub(super) fn new(report: &'a mut Report, cpu: Cpu, gpus: &'a [Arc<Gpu>]) -> Self {
        Holder {
            report,
            cpu,
            gpus,
            place: 0,
            failure: Ok(()),
        }
    }

    /// What went wrong, if anything.
    pub(super) fn finish(self) -> Result<()> {
        self.failure
    }

    fn hold<O: Operation>(&mut self, operation: &O) {
        let cpu = self.cpu;
        let lanes: &Lanes = &|cases, wants| evaluate::<Number, _, _>(operation, &cpu, cases, wants);
        let place = self.place;
        self.place += 1;
        nth(place, &mut |single| self.hold_single(single, lanes));
    }

    fn hold_single(&mut self, operation: &dyn Single, lanes: &Lanes) {
        let cases = Case::drawn(operation, operation.cases());
        let held = Held::new(operation, &cases);
        let mut implementations = vec![(Implementation::F32, in_f32(operation, &cases, &|_| true))];
        if operation.has_lanes() {
            implementations.push((Implementation::Lanes, lanes(&cases, &|_| true)));
        }
        held.derivatives(self.report, &cases, &implementations);
        for (implementation, got) in &implementations {
            held.formulas(self.report, *implementation, got);
        }
        for device in self.gpus {
            match gpu::answers(device, operation, &cases) {
                Ok(Some(got)) => held.formulas(self.report, gpu::implementation(device), &got),
                Ok(None) => {}
                Err(error) => self.failure = Err(error),
            }
        }
        self.hold_at_the_ends(operation, lanes);
    }

    /// An operation that is not among those that are checked, where numbers are huge or subnormal.
    pub(super) fn hold_only_at_the_ends<O: Operation>(&mut self, operation: &O) {
        let cpu = self.cpu;
        self.hold_at_the_ends(operation, &|cases, wants| {
            evaluate::<Number, _, _>(operation, &cpu, cases, wants)
        });
    }

    /// Where numbers are huge or subnormal, case by case.
    fn hold_at_the_ends(&mut self, operation: &dyn Single, lanes: &Lanes) {
        let Some(extremes) = Extremes::new(operation) else {
            return;
        };
        let cases = &extremes.cases;
        let mut implementations = vec![
            (Implementation::F32, in_f32(operation, cases, &by_formula)),
            (Implementation::Lanes, lanes(cases, &by_formula)),
        ];
        for device in self.gpus {
            match gpu::answers(device, operation, cases) {
                Ok(Some(got)) => implementations.push((gpu::implementation(device), got)),
                Ok(None) => {}
                Err(error) => self.failure = Err(error),
            }
        }
        let subject = format!("extreme {}", operation.subject());
        for (implementation, got) in &implementations {
            for (k, output) in operation
                .outputs()
                .iter()
                .enumerate()
                .filter(|(_, output)| by_formula(output))
            {
                if let Some(worst) = extremes.worst(k, *implementation, got) {
                    let derivative = output.quantity.is_derivative().then_some(Derivative::Analytic);
                    let computed = (*implementation, derivative);
                    self.report
                        .add(subject.trim_end(), output.quantity, computed, worst.error, worst.bound);
                }
            }
        }
    }
}

impl Visitor for Holder<'_> {
    fn formula<F: Formula>(&mut self, formula: &F) {
        self.hold(formula);
    }
    fn operation<O: Operation>(&mut self, operation: &O) {
        self.hold(operation);
    }
}

/// An operation with its expected outputs.
pub(super) struct Held<'a> {
    operation: &'a dyn Single,
    /// The inputs `x`, which errors may be relative to.
    inputs: Vec<f64>,
    reference: Vec<Numbers>,
    expected: Vec<Vec<f64>>,
    sensitivities: Vec<f64>,
    /// How far rounding alone moves each output.
    strays: Vec<f64>,
}

impl<'a> Held<'a> {
    pub(super) fn new(operation: &'a dyn Single, cases: &[Case]) -> Self {
        let reference = in_f64(operation, cases, &|_| true);
        // Errors in units in the last place need no measure of rounding.
        let counted = |k: usize| operation.outputs()[k].quantity.row().unit == Unit::Rms;
        let any = (0..reference.len()).any(counted);
        let none = vec![f64::INFINITY; reference.len()];
        Held {
            operation,
            inputs: cases.iter().flat_map(|case| case.get("x")).copied().collect(),
            expected: all(&reference),
            sensitivities: if any {
                sensitivities(operation, cases, &|output| {
                    !matches!(output.relation, Relation::Duals(_))
                })
            } else {
                none.clone()
            },
            strays: if any {
                stray(operation, cases, RUNS, &reference, &|_| true)
            } else {
                none
            },
            reference,
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.operation.outputs().iter().position(|output| output.name == name)
    }

    /// Compares an implementation's outputs with those of the same formulas in `f64`; outputs that it does not compute
    /// are empty.
    pub(super) fn formulas(&self, report: &mut Report, implementation: Implementation, got: &[Numbers]) {
        for (k, output) in self.operation.outputs().iter().enumerate() {
            if !by_formula(output) || got[k] == Numbers::default() {
                continue;
            }
            let derivative = output.quantity.is_derivative().then_some(Derivative::Analytic);
            let stray = match output.quantity.row().unit {
                Unit::Rms => self.strays[k],
                _ => f64::INFINITY,
            };
            self.add(
                report,
                k,
                implementation,
                derivative,
                &got[k].all(),
                &self.expected[k],
                stray,
            );
        }
    }

    /// Compares derivatives computed by dual numbers and by finite differences with the analytic ones in `f64`.
    fn derivatives(&self, report: &mut Report, cases: &[Case], implementations: &[(Implementation, Vec<Numbers>)]) {
        for (k, output) in self.operation.outputs().iter().enumerate() {
            if let Relation::Duals(of) = output.relation
                && let Some(place) = self.place(of)
            {
                let expected = &self.expected[place];
                let both = libm::hypot(self.strays[k], self.strays[place]);
                let by_duals = |report: &mut Report, implementation, got: &Numbers, stray| {
                    let condition = self.sensitivity_of(place);
                    let bound = output
                        .quantity
                        .bound(implementation, Some(Derivative::Duals), condition, stray);
                    let error = relative_error(&got.all(), expected);
                    let subject = self.operation.subject();
                    report.add(
                        subject,
                        output.quantity,
                        (implementation, Some(Derivative::Duals)),
                        error,
                        bound,
                    );
                };
                by_duals(report, Implementation::F64, &self.reference[k], both);
                let computed = |(_, got): &&(Implementation, Vec<Numbers>)| got[k] != Numbers::default();
                for (implementation, got) in implementations.iter().filter(computed) {
                    by_duals(report, *implementation, &got[k], self.strays[k]);
                }
            }
            if output.quantity.row().unit != Unit::Rms {
                continue;
            }
            if let Some(differences) = by_differences(self.operation, k, cases, &self.reference)
                && let Some(of) = self.place(differences.of)
            {
                let stray = deviation(
                    &self.expected[of],
                    differences.walk * self.strays[of],
                    &differences.expected,
                );
                self.add(
                    report,
                    k,
                    Implementation::F64,
                    Some(Derivative::Differences),
                    &differences.got,
                    &differences.expected,
                    stray,
                );
            }
        }
    }

    fn sensitivity_of(&self, k: usize) -> f64 {
        self.sensitivities[k] / rms(&self.expected[k])
    }

    #[allow(clippy::too_many_arguments, reason = "each belongs to one line of the report")]
    fn add(
        &self,
        report: &mut Report,
        k: usize,
        implementation: Implementation,
        derivative: Option<Derivative>,
        got: &[f64],
        expected: &[f64],
        stray: f64,
    ) {
        let quantity = self.operation.outputs()[k].quantity;
        let error = match quantity.row().unit {
            Unit::Ulp => ulp_error(got, expected, |index| expected[index]),
            Unit::UlpOfInput => ulp_error(got, expected, |index| self.inputs[index]),
            Unit::UlpOfOne => ulp_error(got, expected, |_| 1.0),
            Unit::Rms => relative_error(got, expected),
        };
        let bound = quantity.bound(implementation, derivative, self.sensitivity_of(k), stray);
        report.add(
            self.operation.subject(),
            quantity,
            (implementation, derivative),
            error,
            bound,
        );
    }
}
