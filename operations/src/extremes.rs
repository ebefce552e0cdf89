//! Inputs at the ends of `f32`: +-1e30, whose squares it cannot hold, and subnormal numbers.
//!
//! There a result is one of two things: as accurate as elsewhere, or not finite where the formula leaves the range of `f32`. A finite number
//! that is wrong is neither. Where a formula leaves that range is not listed but found: by the same formula in `f64`, at inputs
//! that lie as far out in the range of `f64`. Where an operation has an [alarm](crate::Operation::alarm), it is enough that the alarm is not finite.
//!
//! Numbers of [unbounded domains](Domain::is_unbounded) are moved to the ends, two in three of them, so that they meet ordinary
//! numbers. Huge and subnormal numbers do not meet: their products depend on digits that a subnormal number does not have.

use std::vec::Vec;

use meva_core::parameters::Tensor;

use crate::bounds::{Bound, HARDWARE, Implementation, Unit};
use crate::cases::{Case, Numbers, Single, by_formula, conditions, in_f64};
use crate::compare::{rms, ulp_error};
use crate::operation::{Domain, Draws, EDGES, Source};

/// Cases at each end.
const CASES: usize = 12;
/// How far out huge numbers lie, as `f32` holds it.
const HUGE: f64 = 1e30_f32 as f64;
/// As far out in `f64`: 308 decimal exponents against 38.
const HUGE_IN_F64: f64 = 1e243;
/// Subnormal numbers of `f32`, exact, down to the least.
const TINY: [f64; 4] = [1e-38_f32 as f64, 3e-40_f32 as f64, 1e-42_f32 as f64, 1e-45_f32 as f64];
/// The least normal number of `f32`: a rounding below it, or a subnormal number taken for zero, costs at most this much.
const UNDERFLOW: f64 = f32::MIN_POSITIVE as f64;

/// Moves the numbers of unbounded domains to the ends: with every choice of signs, and every third stays as it is drawn.
struct Ends<'a> {
    draws: Draws,
    ends: &'a [f64],
    case: usize,
    /// How many numbers have been given.
    count: usize,
}

impl Ends<'_> {
    fn place(&mut self, numbers: &mut [f64]) {
        for number in numbers {
            let turn = self.case + self.count;
            if turn % 3 != 2 {
                let end = self.ends[turn % self.ends.len()];
                *number = if (self.case >> (self.count % 3)) & 1 == 0 {
                    end
                } else {
                    -end
                };
            }
            self.count += 1;
        }
    }
}

impl Source<f64> for Ends<'_> {
    fn numbers(&mut self, name: &'static str, domain: Domain, numbers: &mut [f64]) {
        self.draws.numbers(name, domain, numbers);
        if domain.is_unbounded() {
            self.place(numbers);
        }
    }
    fn reals(&mut self, name: &'static str, domain: Domain, reals: &mut [f64]) {
        Source::<f64>::reals(&mut self.draws, name, domain, reals);
    }
    fn constants(&mut self, name: &'static str, constants: &mut [f64]) {
        Source::<f64>::constants(&mut self.draws, name, constants);
    }
    fn tensor(&mut self, name: &'static str, domain: Domain, tensor: &Tensor, values: &mut [f64]) {
        Source::<f64>::tensor(&mut self.draws, name, domain, tensor, values);
    }
    fn weight(&mut self) -> f64 {
        Source::<f64>::weight(&mut self.draws)
    }
}

fn cases(operation: &dyn Single, ends: &[f64]) -> Vec<Case> {
    let of = |case: usize| {
        let mut source = Ends {
            draws: Draws::new(EDGES + case),
            ends,
            case,
            count: 0,
        };
        Case::record(operation, &mut source, &by_formula)
    };
    (0..CASES).map(of).collect()
}

/// An operation at the ends of `f32`, with what it should give there.
pub struct Extremes<'a> {
    operation: &'a dyn Single,
    /// The cases: huge ones, then subnormal ones.
    pub cases: Vec<Case>,
    expected: Vec<Numbers>,
    /// The huge ones as far out in `f64`: what is not finite here may be so in `f32`.
    further: Vec<Numbers>,
    /// How far each output moves with its inputs and intermediate results, case by case.
    conditions: Vec<Vec<f64>>,
}

/// A comparison at the ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worst {
    /// The error that uses most of its bound; NaN where nothing could be compared.
    pub error: f64,
    /// Its bound.
    pub bound: Bound,
}

impl<'a> Extremes<'a> {
    /// The cases of an operation and their results in `f64`. `None` if all its inputs are bounded, or if it gives nothing
    /// case by case.
    pub fn new(operation: &'a dyn Single) -> Option<Self> {
        let (huge, tiny) = (cases(operation, &[HUGE]), cases(operation, &TINY));
        let further = cases(operation, &[HUGE_IN_F64]);
        if huge == further || !operation.has_lanes() {
            return None;
        }
        let all = [huge, tiny].concat();
        let in_f64 = |cases: &[Case]| in_f64(operation, cases, &by_formula);
        Some(Extremes {
            operation,
            expected: in_f64(&all),
            further: in_f64(&further),
            conditions: all
                .iter()
                .map(|case| conditions(operation, case, &by_formula))
                .collect(),
            cases: all,
        })
    }

    /// The worst comparison of an output on an implementation; `None` if it does not compute it case by case.
    pub fn worst(&self, output: usize, implementation: Implementation, got: &[Numbers]) -> Option<Worst> {
        let of_cases = &got.get(output)?.of_cases;
        if of_cases.is_empty() {
            return None;
        }
        let alarm = self
            .operation
            .alarm()
            .and_then(|name| self.operation.outputs().iter().position(|output| output.name == name))
            .filter(|alarm| *alarm != output);
        let mut worst: Option<(f64, Worst)> = None;
        for (case, got_here) in of_cases.iter().enumerate() {
            let rings = |alarm: usize| !got[alarm].of_cases[case].iter().all(|number| number.is_finite());
            if alarm.is_some_and(rings) {
                continue;
            }
            let Some(found) = self.compare(output, case, implementation, got_here) else {
                continue;
            };
            // NaN uses more than anything.
            let used = found.error / found.bound.value;
            let used = if used.is_nan() { f64::INFINITY } else { used };
            if worst.is_none_or(|(most, _)| used > most) {
                worst = Some((used, found));
            }
        }
        Some(worst.map_or_else(|| self.nothing(output), |(_, worst)| worst))
    }

    fn nothing(&self, output: usize) -> Worst {
        let reason = self.operation.outputs()[output].quantity.row().reason;
        Worst {
            error: f64::NAN,
            bound: Bound { value: 0.0, reason },
        }
    }

    /// `None` where the formula leaves the range of `f32`, and says so.
    fn compare(&self, output: usize, case: usize, implementation: Implementation, got: &[f64]) -> Option<Worst> {
        let wrong = Some(self.nothing(output));
        let expected = &self.expected[output].of_cases[case];
        let further = self.further[output].of_cases.get(case);
        if got.len() != expected.len() {
            return wrong;
        }
        let mut left = false;
        for (k, number) in got.iter().enumerate().filter(|(_, number)| !number.is_finite()) {
            let beyond = !(expected[k] as f32).is_finite();
            if !beyond && further.is_none_or(|further| further[k].is_finite()) {
                return wrong;
            }
            // An infinity on the wrong side is worse than none.
            if number.is_infinite() && beyond && !expected[k].is_nan() && number.signum() != expected[k].signum() {
                return wrong;
            }
            left = true;
        }
        if left {
            return None;
        }
        if !expected.iter().all(|number| (*number as f32).is_finite()) {
            return wrong;
        }
        let quantity = self.operation.outputs()[output].quantity;
        let hardware = matches!(implementation, Implementation::Gpu { software: false, .. });
        // Devices may take subnormal numbers for zero.
        let got: Vec<f64> = got
            .iter()
            .zip(expected)
            .map(|(got, expected)| {
                let flushed = hardware && got.abs() <= UNDERFLOW && expected.abs() <= UNDERFLOW;
                if flushed { *expected } else { *got }
            })
            .collect();
        let of_input = |k: usize| self.cases[case].get("x").get(k).copied().unwrap_or(f64::NAN);
        let error = match quantity.row().unit {
            Unit::Ulp => ulp_error(&got, expected, |k| expected[k]),
            Unit::UlpOfInput => ulp_error(&got, expected, of_input),
            Unit::UlpOfOne => ulp_error(&got, expected, |_| 1.0),
            Unit::Rms => {
                let scale = rms(expected).max(UNDERFLOW);
                let furthest = got.iter().zip(expected).map(|(got, expected)| (got - expected).abs());
                let error = furthest.fold(0.0, f64::max) / scale;
                // A case alone: its roundings may all go one way. A result is itself rounded, however little it depends on its inputs.
                let condition = (self.conditions[case][output] / scale).max(1.0);
                let row = quantity.row();
                let device = if hardware { HARDWARE } else { 1.0 };
                return Some(Worst {
                    error,
                    bound: Bound {
                        value: row.amount * (device * implementation.roundoff() * condition + UNDERFLOW / scale),
                        reason: "n roundings that all go one way, times the condition at this case, and n times the least normal number",
                    },
                });
            }
        };
        Some(Worst {
            error,
            bound: quantity.bound(implementation, None, 0.0, f64::INFINITY),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::adamw::Step;
    use crate::cases::{evaluate, in_f32, with_room};
    use crate::compare::keeps;
    use crate::elementary::Elementary;
    use crate::operation::{Formula, Operation, Packed, Visitor};
    use meva_core::Lanes;
    use meva_core::kernels::Portable;

    /// What somebody takes for the exponential function.
    type Exponential = fn(f64) -> f64;

    fn of_exp(got: impl Fn(f64) -> f64) -> Worst {
        let extremes = Extremes::new(&Elementary).expect("its argument is unbounded");
        let mut numbers = vec![Numbers::default(); 8];
        numbers[0].of_cases = extremes.cases.iter().map(|case| vec![got(case.get("x")[0])]).collect();
        extremes
            .worst(0, Implementation::F32, &numbers)
            .expect("it has numbers")
    }

    /// `exp` overflows at 1e30, vanishes at -1e30 and is 1 at subnormal numbers; anything else is found.
    #[test]
    fn what_is_wrong_is_found() {
        let keeps = |worst: Worst| keeps(worst.error, worst.bound.value);
        assert!(keeps(of_exp(|x| f64::from((x as f32).exp()))));
        let wrong: [(&str, Exponential); 5] = [
            ("finite where it overflows", |x| x.exp().min(1e38)),
            ("infinite on the wrong side", |x| {
                if x > 1e9 { f64::NEG_INFINITY } else { x.exp() }
            }),
            ("NaN where it is 0", |x| if x < -1e9 { f64::NAN } else { x.exp() }),
            ("infinite at a subnormal number", |x| {
                if x.abs() < 1e-30 { f64::INFINITY } else { x.exp() }
            }),
            ("off at a subnormal number", |x| {
                if x.abs() < 1e-30 { 1.0 + 1e-6 } else { x.exp() }
            }),
        ];
        for (what, got) in wrong {
            assert!(!keeps(of_exp(got)), "{what}");
        }
    }

    /// Huge numbers, subnormal ones of either sign, and ordinary ones all occur.
    #[test]
    fn every_end_is_met() {
        let extremes = Extremes::new(&Elementary).expect("its argument is unbounded");
        let met: Vec<f64> = extremes.cases.iter().map(|case| case.get("x")[0]).collect();
        assert!(met.contains(&HUGE) && met.contains(&-HUGE), "{met:?}");
        assert!(met.iter().any(|x| *x != 0.0 && x.abs() < UNDERFLOW), "{met:?}");
        assert!(met.iter().any(|x| (1e-6..1e3).contains(&x.abs())), "{met:?}");
    }

    /// On `f32`, alone and in lanes.
    struct OnF32(usize);

    impl OnF32 {
        fn hold<S: Packed, O: Operation>(&mut self, operation: &O) {
            let Some(extremes) = Extremes::new(operation) else {
                return;
            };
            let got = evaluate::<S, _, _>(operation, &Portable, &extremes.cases, &by_formula);
            for (k, output) in operation.outputs().iter().enumerate() {
                if let Some(Worst { error, bound }) = extremes.worst(k, Implementation::F32, &got) {
                    let name = (operation.module(), operation.subject(), output.name);
                    assert!(keeps(error, bound.value), "{name:?}: {error:e} of {:e}", bound.value);
                    self.0 += 1;
                }
            }
        }
    }

    impl Visitor for OnF32 {
        fn formula<F: Formula>(&mut self, formula: &F) {
            self.operation(formula);
        }
        fn operation<O: Operation>(&mut self, operation: &O) {
            self.hold::<f32, O>(operation);
            self.hold::<Lanes<4>, O>(operation);
        }
    }

    #[test]
    fn operations_keep_to_their_bounds_or_say_that_they_cannot() {
        let mut held = OnF32(0);
        with_room(|| {
            crate::each::<6, 2, 5>(&mut held);
            held.operation(&Step::DEFAULT);
        });
        assert!(held.0 > 100, "{}", held.0);
    }

    /// A step of the optimiser whose second moment overflows may be wrong; one that hides it, or is wrong without, may not.
    #[test]
    fn an_alarm_excuses_what_it_is_for() {
        let extremes = Extremes::new(&Step::DEFAULT).expect("its inputs are unbounded");
        let got = in_f32(&Step::DEFAULT, &extremes.cases, &by_formula);
        let [theta, v] = [0, 2];
        let rings: Vec<bool> = got[v].of_cases.iter().map(|of_case| of_case[0].is_infinite()).collect();
        assert!(rings.contains(&true) && rings.contains(&false));
        let holds = |output: usize, got: &[Numbers]| {
            let worst = extremes
                .worst(output, Implementation::F32, got)
                .expect("it has numbers");
            keeps(worst.error, worst.bound.value)
        };
        assert!((0..4).all(|output| holds(output, &got)));
        let mut hidden = got.clone();
        hidden[v]
            .of_cases
            .iter_mut()
            .for_each(|of_case| of_case[0] = of_case[0].min(1e38));
        assert!(!holds(v, &hidden) && !holds(theta, &hidden));
        for case in (0..rings.len()).filter(|case| !rings[*case]) {
            let mut wrong = got.clone();
            wrong[theta].of_cases[case][0] = wrong[theta].of_cases[case][0] * 1.001 + 1e-3;
            assert!(!holds(theta, &wrong), "case {case}");
        }
    }
}
