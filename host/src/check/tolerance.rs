//! The one table of bounds: operation, engine and derivative, how large an error may be, and why.
//!
//! An error is the largest distance of any number from what it should be, in units of the root mean square of all
//! numbers of the operation. A result of `n` roundings on its longest way may be off by
//!
//! ```text
//! 2 sqrt(n) u kappa
//! ```
//!
//! with `u` the unit roundoff of the engine's numbers, `kappa` the condition of the formula at the points at hand, in the
//! norm of the error ([`sensitivities`](super::condition::sensitivities) over the root mean square): how far it moves when
//! all that it is computed from moves by one relative unit. Roundings add like a random walk (Higham and Mary, 2019); 2 stands
//! for the walks that go further than most. `n` is counted, not fitted.
//!
//! That bounds any arithmetic of this unit roundoff, whatever the order of the sums, and so it allows too much of the one that
//! is used. Where the formula can be run at the points at hand in numbers that round at random, with twice the deviation of
//! rounding to the nearest ([`deviations`](super::stochastic::deviations)), the bound is
//!
//! ```text
//! 1.5 (the largest error of such runs)
//! ```
//!
//! if that is less, times the ratio of the unit roundoffs in `f64`. GPUs other than software devices keep to the first: they may
//! fuse products and sums, divide less exactly and sum in another order.
//!
//! The tests of this project have a table of their own: it bounds each input and tensor by itself instead of all together,
//! and it has rows for laws, which compare an engine with itself.

use super::report::{Derivative, Engine, Unit};
use crate::follow::ascent::Precision;
use meva_core::learner::LearnerName;

/// What is compared.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Exp,
    Tanh,
    Sigmoid,
    Gelu,
    GeluSlope,
    Value,
    OwnGradient,
    Gradient,
    Hvp,
    Learner(LearnerName),
    Quantiles,
    NetworkOwnGradient,
    NetworkMaskedGradient,
    NetworkGradient,
    NetworkHvp,
    NetworkFieldJvp,
    NetworkJacobian,
    NetworkVjp,
    NetworkLoss,
    NetworkLossGradient,
    QuantileHuber,
    QuantileHuberGradient,
    LambdaReturn,
    AdamWTheta,
    AdamWMoments,
    UpdateLoss,
    UpdateGradient,
    UpdateTheta,
    UpdateTarget,
    UpdateMoments,
    ColaStep,
    ColaTarget,
    ColaLoss,
    ColaLossGradient,
    ModelQuantiles,
    ModelField,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What the operation is called, after its subject.
    pub name: &'static str,
    /// How errors are measured.
    pub unit: Unit,
    /// Roundings on the longest way to a number, or units in the last place.
    pub amount: f64,
    /// Why so many.
    pub reason: &'static str,
}

/// Central differences at two lengths, `h = 1e-3` and half of it, so that the error of order `h^2` cancels. What is left,
/// `3 u / h = 3e-13` of the value and `h^4 / 480 = 2e-15` of the fifth derivative, is this at most where the value is 10^3
/// times, the fifth derivative 10^5 times the derivative. Four times the largest error there is, 2.5e-10 (LOLA in the prisoner's
/// dilemma): `f64` has the same bits on every processor.
const DIFFERENCES: f64 = 1e-9;
/// What float64 vectors promise (`tests/vectors/README.md`).
const VECTORS: f64 = 1e-10;
/// The same of parameters after an optimiser, whose division by small second moments magnifies.
const OPTIMIZED: f64 = 1e-8;
/// Vulkan lets a division be off by 2.5 units in the last place where IEEE has 0.5, so that sigmoid's 3 become 5; exp has
/// no division.
const HARDWARE_SIGMOID: f64 = 5.0 / 3.0;
/// The same for results with many divisions and roots.
const HARDWARE: f64 = 5.0;
/// Both derivatives are rounded, and dual numbers carry twice the numbers.
const DUALS: f64 = 2.0;
/// Runs that round at random err twice as much as rounding to the nearest may be expected to: this makes it three times, for
/// the points and formulas where that has bad luck. On processors and software devices all is the same everywhere, so that
/// no more is needed.
const STOCHASTIC: f64 = 1.5;

/// How large an error may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// In the operation's unit.
    pub value: f64,
    /// Why so large.
    pub reason: &'static str,
}

/// How far rounding moves the results of some operations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread<const K: usize> {
    /// Their [sensitivities](super::condition::sensitivities).
    pub sensitivities: [f64; K],
    /// Their [deviations](super::stochastic::deviations); infinite where none were measured.
    pub deviations: [f64; K],
}

impl<const K: usize> Spread<K> {
    /// Where no formula was run in numbers that round at random.
    pub fn counted(sensitivities: [f64; K]) -> Self {
        Spread {
            sensitivities,
            deviations: [f64::INFINITY; K],
        }
    }

    /// The same operations by other formulas.
    #[must_use]
    pub fn deviating(self, deviations: [f64; K]) -> Self {
        Spread { deviations, ..self }
    }

    /// Of the difference of these formulas and others, whose roundings do not know of each other.
    #[must_use]
    pub fn and(self, others: &Self) -> Self {
        self.deviating(std::array::from_fn(|k| self.deviations[k].hypot(others.deviations[k])))
    }

    /// Of these operations alone.
    pub fn of<const L: usize>(&self, operations: [usize; L]) -> Spread<L> {
        Spread {
            sensitivities: operations.map(|k| self.sensitivities[k]),
            deviations: operations.map(|k| self.deviations[k]),
        }
    }
}

impl Operation {
    /// The operation's row.
    #[rustfmt::skip]
    pub fn row(self) -> Row {
        use Operation::*;
        match self {
            Exp => row("exp", Unit::Ulp, 2.0, "the core's promise: the reduction, the polynomial's end, the product"),
            Tanh => row("tanh", Unit::Ulp, 2.0, "the core's promise: as exp, and a division"),
            Sigmoid => row("sigmoid", Unit::Ulp, 3.0, "the core's promise: exp, a sum and a division"),
            Gelu => row("gelu", Unit::UlpOfInput, 4.0, "sigmoid's 3 at most, and a product"),
            GeluSlope => row("gelu slope", Unit::UlpOfOne, 55.0, "sigmoid's 3, 1.5 ulp of 1, times z inner, 35.6 where f32 loses 1 - s; and a sum"),
            Value => row("value", Unit::Rms, 40.0, "sigmoid 6, transitions 5, elimination and substitution 21, dot product 8"),
            OwnGradient => row("own gradient", Unit::Rms, 80.0, "two solves, and the derivatives of the transitions"),
            Gradient => row("gradient", Unit::Rms, 80.0, "as the own gradient"),
            Hvp => row("hvp", Unit::Rms, 160.0, "the gradient, each product of which has two terms"),
            Learner(learner) => match learner {
                LearnerName::Naive | LearnerName::Hola0 => row(learner.name(), Unit::Rms, 80.0, "the own gradient"),
                LearnerName::LookAhead => row(learner.name(), Unit::Rms, 160.0, "two gradients in a row"),
                LearnerName::Lola | LearnerName::Hola1 => row(learner.name(), Unit::Rms, 320.0, "two gradients and one on duals"),
                LearnerName::LolaTaylor => row(learner.name(), Unit::Rms, 240.0, "a gradient, and one on duals"),
                LearnerName::Hola2 => row(learner.name(), Unit::Rms, 1040.0, "LOLA 320, a gradient 80, LOLA on duals 640"),
                LearnerName::Hola3 => row(learner.name(), Unit::Rms, 3200.0, "HOLA2 1040, a gradient 80, HOLA2 on duals 2080"),
            },
            Quantiles => row("network quantiles", Unit::Rms, 16.0, "of each parameter: product, sum, norm 4, activation 10"),
            NetworkOwnGradient => row("network own gradient", Unit::Rms, 32.0, "forward and back"),
            NetworkMaskedGradient => row("network masked own gradient", Unit::Rms, 32.0, "as the own gradient"),
            NetworkGradient => row("network gradient", Unit::Rms, 32.0, "as the own gradient"),
            NetworkHvp => row("network hvp", Unit::Rms, 64.0, "the gradient, each product of which has two terms"),
            NetworkFieldJvp => row("network own gradient's jvp", Unit::Rms, 64.0, "as hvp"),
            NetworkJacobian => row("network own gradient's jacobian", Unit::Rms, 64.0, "as hvp"),
            NetworkVjp => row("network parameter vjp", Unit::Rms, 96.0, "forward and back, and a sum over 64 points"),
            NetworkLoss => row("network loss", Unit::Rms, 32.0, "the quantiles, and a sum of positive terms"),
            NetworkLossGradient => row("network loss gradient", Unit::Rms, 48.0, "the loss, forward and back"),
            QuantileHuber => row("quantile huber loss", Unit::Rms, 256.0, "a sum of M^2 = 256 positive terms"),
            QuantileHuberGradient => row("quantile huber gradient", Unit::Rms, 24.0, "sums of M = 16 products"),
            LambdaReturn => row("lambda-returns", Unit::Rms, 60.0, "ten steps of six"),
            AdamWTheta => row("adamw theta", Unit::Rms, 60.0, "five steps of twelve"),
            AdamWMoments => row("adamw moments", Unit::Rms, 20.0, "five steps of four"),
            UpdateLoss => row("algorithm1 loss", Unit::Rms, 256.0, "the quantiles along the path, targets, the loss's terms"),
            UpdateGradient => row("algorithm1 gradient", Unit::Rms, 256.0, "back from the loss, summed over batch, steps and players"),
            UpdateTheta => row("algorithm1 theta", Unit::Rms, 64.0, "theta's own roundings; the step is a thousandth of it"),
            UpdateTarget => row("algorithm1 target", Unit::Rms, 64.0, "as theta"),
            UpdateMoments => row("algorithm1 moments", Unit::Rms, 256.0, "the gradient, diluted by the old moments"),
            ColaStep => row("cola step", Unit::Rms, 16.0, "the network's quantiles"),
            ColaTarget => row("cola target", Unit::Rms, 112.0, "a game's gradient and a network's"),
            ColaLoss => row("cola loss", Unit::Rms, 128.0, "squares of step less target"),
            ColaLossGradient => row("cola loss gradient", Unit::Rms, 256.0, "back through both on duals"),
            ModelQuantiles => row("quantiles", Unit::Rms, 16.0, "as the network's"),
            ModelField => row("field", Unit::Rms, 112.0, "the network's own gradient and the game's"),
        }
    }

    /// How large the error may be on an engine, by this derivative (none for what is no derivative), against `f64`, with the
    /// condition and the deviation of the formula in use.
    pub fn bound(self, engine: Engine, derivative: Option<Derivative>, condition: f64, deviation: f64) -> Bound {
        let Row {
            unit, amount, reason, ..
        } = self.row();
        let hardware = matches!(engine, Engine::Gpu { software: false, .. });
        let by_differences = derivative == Some(Derivative::Differences);
        let counted = match unit {
            Unit::Ulp | Unit::UlpOfInput | Unit::UlpOfOne if hardware && self != Operation::Exp => {
                amount * HARDWARE_SIGMOID
            }
            Unit::Ulp | Unit::UlpOfInput | Unit::UlpOfOne => amount,
            Unit::Rms if by_differences => DIFFERENCES,
            Unit::Rms => {
                let duals = if derivative == Some(Derivative::Duals) {
                    DUALS
                } else {
                    1.0
                };
                let device = if hardware { HARDWARE } else { 1.0 };
                2.0 * amount.sqrt() * engine.roundoff() * condition * duals * device
            }
        };
        let stochastic = STOCHASTIC * deviation * engine.roundoff() / Engine::F32.roundoff();
        let is_stochastic = stochastic < counted && !hardware;
        Bound {
            value: if is_stochastic { stochastic } else { counted },
            reason: match (is_stochastic, by_differences) {
                (false, false) => reason,
                (false, true) => "four times the largest error of differences in f64",
                (true, false) => "1.5 times the largest error here in numbers that round up or down at random",
                (true, true) => "as large an error of what is differenced, times 3 / h",
            },
        }
    }

    /// How large the error may be against numbers from outside that were computed in a precision.
    pub fn bound_outside(self, engine: Engine, precision: Precision, condition: f64) -> Bound {
        let bound = |engine| self.bound(engine, None, condition, f64::INFINITY).value;
        let value = match (precision, engine, self) {
            (Precision::F64, Engine::F64, Operation::UpdateTheta | Operation::UpdateTarget) => OPTIMIZED,
            (Precision::F64, Engine::F64, _) => VECTORS,
            (Precision::F64, _, _) => bound(engine),
            // Outside is rounded as much as we are.
            (Precision::F32, Engine::F64, _) => bound(Engine::F32),
            (Precision::F32, _, _) => 2.0 * bound(engine),
        };
        Bound {
            value,
            reason: self.row().reason,
        }
    }

    /// Whether there are several ways to compute it.
    pub fn is_derivative(self) -> bool {
        use Operation::*;
        !matches!(
            self,
            Exp | Tanh
                | Sigmoid
                | Gelu
                | Value
                | Quantiles
                | NetworkLoss
                | QuantileHuber
                | LambdaReturn
                | AdamWTheta
                | AdamWMoments
                | UpdateLoss
                | UpdateTheta
                | UpdateTarget
                | UpdateMoments
                | ColaStep
                | ColaLoss
                | ModelQuantiles
        )
    }
}

const fn row(name: &'static str, unit: Unit, amount: f64, reason: &'static str) -> Row {
    Row {
        name,
        unit,
        amount,
        reason,
    }
}
