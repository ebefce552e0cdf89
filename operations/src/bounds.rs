//! The single table of bounds: what is compared, how large the error may be on which implementation, and why.
//!
//! Each row answers two questions.
//!
//! **Compared with our `f64`, all cases together** ([`Quantity::bound`]). The error is the largest distance of any
//! number from its expected value, in units of the root mean square of all numbers. A result with `n` roundings on its
//! longest path may be off by
//!
//! ```text
//! 2 sqrt(n) u kappa
//! ```
//!
//! with `u` the unit roundoff of the implementation's numbers and `kappa` the condition of the formula at the cases at
//! hand, in the norm of the error: how far the result moves when all its inputs and intermediate results move by one
//! relative unit. Roundings add up like a random walk (Higham and Mary, 2019); the factor 2 allows for walks that go
//! further than most. `n` is counted, not fitted.
//!
//! This bounds any arithmetic with this unit roundoff, whatever the order of the sums, and so it is too loose for the
//! arithmetic that is actually used. Where the formula can be run with random rounding, whose deviation is twice that
//! of rounding to nearest, the bound is 1.5 times the largest error of such runs if that is smaller; for `f64`, times
//! the ratio of the unit roundoffs. GPUs other than software devices get the first bound: they may fuse products and
//! sums, divide less exactly and sum in a different order.
//!
//! **Compared with external numbers, case by case and tensor by tensor** ([`Quantity::outside`]). The error is relative
//! to the root mean square of the array; for games and learners the condition of the formula at that case is added,
//! since cancellation needs more digits than the neighbouring numbers carry. In `f64` the bound is the one that the
//! vectors promise; in `f32` it is two to four times the largest error seen on vectors of six seeds.

use meva_core::learner::LearnerName;

/// What is compared.
#[allow(
    missing_docs,
    reason = "each has its name, its bounds and their reasons in the table below"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    Exp,
    Tanh,
    Sigmoid,
    Sqrt,
    Arithmetic,
    Gelu,
    GeluSlope,
    TanhSlope,
    Dense,
    DenseVjp,
    DenseVjpWeight,
    LayerNorm,
    LayerNormSlope,
    LayerNormVjp,
    LayerNormVjpParameters,
    Residual,
    ResidualVjp,
    ResidualVjpGate,
    Value,
    OwnGradient,
    Gradient,
    Hvp,
    Rollouts,
    Naive,
    LookAhead,
    Lola,
    LolaTaylor,
    Hola0,
    Hola1,
    Hola2,
    Hola3,
    Lola2018,
    Sos,
    Consensus,
    Sga,
    Cgd,
    Extragradient,
    LookAhead2,
    LookAhead3,
    Pola,
    Quantiles,
    NetworkMean,
    NetworkOwnGradient,
    NetworkMaskedGradient,
    NetworkGradient,
    NetworkVjpPolicy,
    NetworkHvp,
    NetworkFieldJvp,
    NetworkJacobian,
    NetworkVjp,
    NetworkLoss,
    NetworkLossGradient,
    MetaValueField,
    InitialParameters,
    QuantileHuber,
    QuantileHuberGradient,
    QuantileHuberTargetGradient,
    LambdaReturn,
    LambdaReturnVjp,
    AdamWTheta,
    AdamWMoments,
    TargetNetwork,
    Explored,
    Path,
    Reached,
    Targets,
    UpdateLoss,
    UpdateGradient,
    UpdateTheta,
    UpdateTarget,
    UpdateMoments,
    UpdateSecondMoment,
    ColaStep,
    ColaTarget,
    ColaLoss,
    ColaLossGradient,
    ModelQuantiles,
    ModelField,
}

/// The unit of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Units in the last place of the exact `f32` result.
    Ulp,
    /// Units in the last place of the input.
    UlpOfInput,
    /// Units in the last place of 1.
    UlpOfOne,
    /// Units of the root mean square of all expected numbers.
    Rms,
}

impl Unit {
    /// Its name in a report.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Ulp => "ulp",
            Unit::UlpOfInput => "ulp of x",
            Unit::UlpOfOne => "ulp of 1",
            Unit::Rms => "rms",
        }
    }
}

/// An implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Implementation {
    /// The core in `f64`.
    F64,
    /// The core in `f32`, one trajectory at a time.
    F32,
    /// The CPU engine: 64 trajectories in lockstep, with this processor's kernels.
    Lanes,
    /// A GPU adapter.
    Gpu {
        /// Its index in the list of adapters.
        index: usize,
        /// Whether it is a software device that computes on the CPU, following IEEE.
        software: bool,
    },
}

impl Implementation {
    /// The unit roundoff of its numbers: 2^-53 or 2^-24.
    pub fn roundoff(self) -> f64 {
        match self {
            Implementation::F64 => f64::EPSILON / 2.0,
            _ => f64::from(f32::EPSILON) / 2.0,
        }
    }
}

/// How a derivative is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivative {
    /// Analytically; for second derivatives, a gradient formula evaluated on dual numbers.
    Analytic,
    /// The value formula on dual numbers, nested for second derivatives.
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

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The name of the quantity, without its subject.
    pub name: &'static str,
    /// The unit of errors.
    pub unit: Unit,
    /// Number of roundings on the longest path to a result, or units in the last place.
    pub amount: f64,
    /// The reason for this number.
    pub reason: &'static str,
    /// The bound in `f32` on a case's array compared with external numbers, relative to its root mean square; NaN if
    /// there are none.
    pub single: f64,
    /// The reason for this bound.
    pub single_reason: &'static str,
}

/// Central differences with two step lengths, `h = 1e-3` and half of it, so that the error of order `h^2` cancels. The
/// remaining error, `3 u / h = 3e-13` of the value and `h^4 / 480 = 2e-15` of the fifth derivative, is at most this
/// large where the value is 10^3 times, and the fifth derivative 10^5 times, the derivative. It is four times the
/// largest error that occurs, 2.5e-10 (LOLA in the prisoner's dilemma): `f64` has the same bits on every processor.
const DIFFERENCES: f64 = 1e-9;
/// What the float64 vectors promise (`tests/vectors/README.md`).
const VECTORS: f64 = 1e-10;
/// The same for parameters after an optimiser step, where division by small second moments amplifies errors.
const OPTIMIZED: f64 = 1e-8;
/// Vulkan allows a division to be off by 2.5 units in the last place where IEEE allows 0.5, so sigmoid's 3 become 5;
/// exp has no division.
const HARDWARE_SIGMOID: f64 = 5.0 / 3.0;
/// The same for results with many divisions and roots.
pub(crate) const HARDWARE: f64 = 5.0;
/// Both derivatives are rounded, and dual numbers involve twice as many numbers.
const DUALS: f64 = 2.0;
/// Runs with random rounding have twice the error that is to be expected of rounding to nearest. This factor makes it
/// three times, for points and formulas that happen to be unlucky. Processors and software devices all give the same
/// results, so no more is needed.
const STOCHASTIC: f64 = 1.5;

/// The bound on an error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// In the quantity's unit.
    pub value: f64,
    /// The reason for this bound.
    pub reason: &'static str,
}

/// There are no vectors for it.
const NONE: f64 = f64::NAN;

impl Quantity {
    /// The quantity's row.
    #[rustfmt::skip]
    pub fn row(self) -> Row {
        use Quantity::*;
        use Unit::*;
        let (name, unit, amount, reason, single, single_reason) = match self {
            Exp => ("exp", Ulp, 2.0, "the core's promise: the reduction, the polynomial's end, the product", NONE, ""),
            Tanh => ("tanh", Ulp, 2.0, "the core's promise: as exp, and a division", NONE, ""),
            Sigmoid => ("sigmoid", Ulp, 3.0, "the core's promise: exp, a sum and a division", NONE, ""),
            Sqrt => ("sqrt", Ulp, 0.5, "IEEE: rounded correctly", NONE, ""),
            Arithmetic => ("arithmetic", Rms, 6.0, "a quotient, two products, three sums", NONE, ""),
            Gelu => ("gelu", UlpOfInput, 4.0, "sigmoid's 3 at most, and a product", NONE, ""),
            GeluSlope => ("gelu slope", UlpOfOne, 55.0, "sigmoid's 3, 1.5 ulp of 1, times z inner, 35.6 where f32 loses 1 - s; and a sum", NONE, ""),
            TanhSlope => ("tanh slope", UlpOfOne, 4.5, "tanh's 2, twice, and two roundings", NONE, ""),
            Dense => ("dense", Rms, 10.0, "five products and sums", NONE, ""),
            DenseVjp => ("dense vjp", Rms, 20.0, "ten products and sums", NONE, ""),
            DenseVjpWeight => ("dense parameter vjp", Rms, 2.0, "a product and a sum", NONE, ""),
            LayerNorm => ("layer norm", Rms, 40.0, "mean and variance of ten, a root and a division, the activation's 10", NONE, ""),
            LayerNormSlope => ("layer norm slope", Rms, 44.0, "as the layer norm, and the slope's products", NONE, ""),
            LayerNormVjp => ("layer norm vjp", Rms, 60.0, "as the layer norm, and two sums over ten", NONE, ""),
            LayerNormVjpParameters => ("layer norm parameter vjp", Rms, 46.0, "as the slope, two products and a sum", NONE, ""),
            Residual => ("residual", Rms, 6.0, "sigmoid 3, two products and a sum", NONE, ""),
            ResidualVjp => ("residual vjp", Rms, 5.0, "sigmoid 3, a difference and a product", NONE, ""),
            ResidualVjpGate => ("residual gate vjp", Rms, 9.0, "sigmoid 3, its slope 2, a difference, two products and a sum", NONE, ""),
            Value => ("value", Rms, 40.0, "sigmoid 6, transitions 5, elimination and substitution 21, dot product 8",
                4e-6, "zero sums cancel; 1 / (1 - delta) magnifies delta's rounding 25 times"),
            OwnGradient => ("own gradient", Rms, 80.0, "two solves, and the derivatives of the transitions", 1e-5, "differences of values 25 times the payoffs"),
            Gradient => ("gradient", Rms, 80.0, "as the own gradient", 1e-5, "as the own gradient"),
            Hvp => ("hvp", Rms, 160.0, "the gradient, each product of which has two terms", 1e-5, "as the gradient, whose derivative it is"),
            Rollouts => ("rollouts", Rms, 200.0, "twelve turns: a discount and a reward each, scores of ten log-odds", NONE, ""),
            Naive => ("naive", Rms, 80.0, "the own gradient", NONE, ""),
            Hola0 => ("hola0", Rms, 80.0, "the own gradient", NONE, ""),
            LookAhead => ("lookahead", Rms, 160.0, "two gradients in a row", 5e-6, "a step of length 10 magnifies every rounding before it"),
            Lola => ("lola", Rms, 320.0, "two gradients and one on duals", 5e-6, "as LookAhead, and a gradient through the step"),
            Hola1 => ("hola1", Rms, 320.0, "two gradients and one on duals", NONE, ""),
            LolaTaylor => ("lola-taylor", Rms, 240.0, "a gradient, and one on duals", 5e-6, "as LOLA, second derivatives in place of the step"),
            Hola2 => ("hola2", Rms, 1040.0, "LOLA 320, a gradient 80, LOLA on duals 640", 8e-6, "as LOLA, one level more"),
            Hola3 => ("hola3", Rms, 3200.0, "HOLA2 1040, a gradient 80, HOLA2 on duals 2080", 8e-6, "as LOLA, two levels more"),
            Lola2018 => ("lola-2018", Rms, 240.0, "a gradient, and one on duals", NONE, ""),
            Sos => ("sos", Rms, 360.0, "as LOLA-Taylor, two products over all directions and two divisions", NONE, ""),
            Consensus => ("consensus", Rms, 240.0, "a gradient, and one on duals", NONE, ""),
            Sga => ("sga", Rms, 400.0, "a gradient, and two on duals", NONE, ""),
            Cgd => ("cgd", Rms, 400.0, "a gradient and one on duals, products and an elimination of five", NONE, ""),
            Extragradient => ("extragradient", Rms, 160.0, "two gradients in a row", NONE, ""),
            LookAhead2 => ("lookahead2", Rms, 240.0, "three gradients in a row", NONE, ""),
            LookAhead3 => ("lookahead3", Rms, 320.0, "four gradients in a row", NONE, ""),
            Pola => ("pola", Rms, 1200.0, "where insertions end: gradients, one on duals, two eliminations, two quotients", NONE, ""),
            Quantiles => ("network quantiles", Rms, 16.0, "of each parameter: product, sum, norm 4, activation 10",
                3e-6, "up to ten layers of a dot product and a norm, a few units of roundoff each"),
            NetworkMean => ("network mean", Rms, 16.0, "as the quantiles", NONE, ""),
            NetworkOwnGradient => ("network own gradient", Rms, 32.0, "forward and back", 1.2e-5, "the quantiles, and back through the divisions of the norms"),
            NetworkMaskedGradient => ("network masked own gradient", Rms, 32.0, "as the own gradient", 1.5e-5, "as the own gradient; flipped signs cancel more"),
            NetworkGradient => ("network gradient", Rms, 32.0, "as the own gradient", 2e-5, "as the own gradient, with the smaller derivatives by the opponent's policy"),
            NetworkVjpPolicy => ("network policy vjp", Rms, 32.0, "as the own gradient", NONE, ""),
            NetworkHvp => ("network hvp", Rms, 64.0, "the gradient, each product of which has two terms", 2e-5, "the gradient differentiated once more"),
            NetworkFieldJvp => ("network own gradient's jvp", Rms, 64.0, "as hvp", 2e-5, "as hvp"),
            NetworkJacobian => ("network own gradient's jacobian", Rms, 64.0, "as hvp", NONE, ""),
            NetworkVjp => ("network parameter vjp", Rms, 96.0, "forward and back, and a sum over 64 points", NONE, ""),
            NetworkLoss => ("network loss", Rms, 32.0, "the quantiles, and a sum of positive terms", 8e-7, "a mean of positive terms"),
            NetworkLossGradient => ("network loss gradient", Rms, 48.0, "the loss, forward and back", 6e-5, "tensor by tensor: in some, adjoints nearly cancel in the norms"),
            MetaValueField => ("meta-value field", Rms, 112.0, "the network's own gradient and the game's", NONE, ""),
            InitialParameters => ("initial parameters", Rms, 1.0, "each is rounded once", NONE, ""),
            QuantileHuber => ("quantile huber loss", Rms, 256.0, "a sum of M^2 = 256 positive terms", 1e-6, "M^2 positive terms"),
            QuantileHuberGradient => ("quantile huber gradient", Rms, 24.0, "sums of M = 16 products", 8e-7, "M terms of either sign"),
            QuantileHuberTargetGradient => ("quantile huber gradient by targets", Rms, 24.0, "sums of M = 16 products", NONE, ""),
            LambdaReturn => ("lambda-returns", Rms, 60.0, "ten steps of six", 3e-6, "at gamma 0.99, 1 - gamma has 100 times gamma's relative error"),
            LambdaReturnVjp => ("lambda-return vjp", Rms, 6.0, "one step", NONE, ""),
            AdamWTheta => ("adamw theta", Rms, 60.0, "five steps of twelve", 8e-7, "five steps short against theta"),
            AdamWMoments => ("adamw moments", Rms, 20.0, "five steps of four", 1e-6, "five terms; gradients squared"),
            TargetNetwork => ("target network", Rms, 75.0, "five steps of AdamW's twelve and three", NONE, ""),
            Explored => ("algorithm1 explored", Rms, 96.0, "three steps along a network's own gradient", 8e-7, "a few steps along gradients smaller than the policy"),
            Path => ("algorithm1 path", Rms, 256.0, "and three along a game's", 1.2e-5, "the same along the game's gradient, up to alpha = 2 times it"),
            Reached => ("algorithm1 reached", Rms, 256.0, "the end of the path", NONE, ""),
            Targets => ("algorithm1 targets", Rms, 256.0, "quantiles at the end of the path, weighed against rewards",
                2.5e-5, "quantiles at the end of the path, weighed against rewards of the other sign"),
            UpdateLoss => ("algorithm1 loss", Rms, 256.0, "the quantiles along the path, targets, the loss's terms", 3e-6, "a mean of positive terms at the points of the path"),
            UpdateGradient => ("algorithm1 gradient", Rms, 256.0, "back from the loss, summed over batch, steps and players",
                8e-5, "the network loss gradient at the points of the path, summed over the batch"),
            UpdateTheta => ("algorithm1 theta", Rms, 64.0, "theta's own roundings; the step is a thousandth of it", 1e-6, "steps are a thousandth of theta, whose own rounding dominates"),
            UpdateTarget => ("algorithm1 target", Rms, 64.0, "as theta", 1e-6, "as theta"),
            UpdateMoments => ("algorithm1 moments", Rms, 256.0, "the gradient, diluted by the old moments", 6e-5, "the gradient diluted by the old moment"),
            UpdateSecondMoment => ("algorithm1 second moments", Rms, 512.0, "the gradient's square, diluted by the old moments", 1e-4, "twice the relative error of the gradient"),
            ColaStep => ("cola step", Rms, 16.0, "the network's quantiles", 1.6e-5, "the quantiles; one of them alone may be nearly zero"),
            ColaTarget => ("cola target", Rms, 112.0, "a game's gradient and a network's", 2.4e-5, "a game's gradient plus a network's, which may cancel"),
            ColaLoss => ("cola loss", Rms, 128.0, "squares of step less target", 6e-6, "squares of step less target"),
            ColaLossGradient => ("cola loss gradient", Rms, 256.0, "back through both on duals", 8e-5, "as the network loss gradient, with second derivatives"),
            ModelQuantiles => ("quantiles", Rms, 16.0, "as the network's", NONE, ""),
            ModelField => ("field", Rms, 112.0, "the network's own gradient and the game's", NONE, ""),
        };
        Row { name, unit, amount, reason, single, single_reason }
    }

    /// The quantity for a learner's field.
    pub const fn of_learner(learner: LearnerName) -> Self {
        match learner {
            LearnerName::Naive => Quantity::Naive,
            LearnerName::LookAhead => Quantity::LookAhead,
            LearnerName::Lola => Quantity::Lola,
            LearnerName::LolaTaylor => Quantity::LolaTaylor,
            LearnerName::Hola0 => Quantity::Hola0,
            LearnerName::Hola1 => Quantity::Hola1,
            LearnerName::Hola2 => Quantity::Hola2,
            LearnerName::Hola3 => Quantity::Hola3,
            LearnerName::Lola2018 => Quantity::Lola2018,
            LearnerName::Sos => Quantity::Sos,
            LearnerName::Consensus => Quantity::Consensus,
            LearnerName::Sga => Quantity::Sga,
            LearnerName::Cgd => Quantity::Cgd,
            LearnerName::Extragradient => Quantity::Extragradient,
            LearnerName::LookAhead2 => Quantity::LookAhead2,
            LearnerName::LookAhead3 => Quantity::LookAhead3,
            LearnerName::Pola => Quantity::Pola,
        }
    }

    /// How large the error may be compared with `f64`, all cases together: on an implementation, for this kind of
    /// derivative (`None` if the result is not a derivative), given the condition and the deviation of the formula.
    pub fn bound(
        self,
        implementation: Implementation,
        derivative: Option<Derivative>,
        condition: f64,
        deviation: f64,
    ) -> Bound {
        let Row {
            unit, amount, reason, ..
        } = self.row();
        let hardware = matches!(implementation, Implementation::Gpu { software: false, .. });
        let by_differences = derivative == Some(Derivative::Differences);
        let counted = match unit {
            Unit::Ulp | Unit::UlpOfInput | Unit::UlpOfOne if hardware && self != Quantity::Exp => {
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
                2.0 * libm::sqrt(amount) * implementation.roundoff() * condition * duals * device
            }
        };
        let stochastic = STOCHASTIC * deviation * implementation.roundoff() / Implementation::F32.roundoff();
        // The core adds up rewards in f64, whatever rounds; GPUs have f32 alone.
        let narrower = self == Quantity::Rollouts && matches!(implementation, Implementation::Gpu { .. });
        // Where nothing rounds, differences do.
        let is_stochastic = stochastic < counted && !hardware && !narrower && (deviation > 0.0 || !by_differences);
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

    /// How large the error may be compared with external float64 numbers, case by case and tensor by tensor.
    pub fn outside(self, implementation: Implementation) -> Bound {
        let row = self.row();
        match (implementation, self) {
            (Implementation::F64, Quantity::UpdateTheta | Quantity::UpdateTarget) => Bound {
                value: OPTIMIZED,
                reason: "what the vectors promise of parameters after a step of the optimiser",
            },
            (Implementation::F64, _) => Bound {
                value: VECTORS,
                reason: "what the vectors promise",
            },
            (Implementation::Gpu { software: false, .. }, _) => Bound {
                value: HARDWARE * row.single,
                reason: row.single_reason,
            },
            _ => Bound {
                value: row.single,
                reason: row.single_reason,
            },
        }
    }

    /// How large the error of a trained model may be compared with external numbers, all points together, computed in
    /// `f32` or `f64`.
    pub fn outside_together(self, implementation: Implementation, in_f32: bool, condition: f64) -> Bound {
        let bound = |implementation| self.bound(implementation, None, condition, f64::INFINITY).value;
        let value = match (in_f32, implementation) {
            (false, Implementation::F64) => VECTORS,
            (false, _) => bound(implementation),
            // External numbers are rounded as much as ours.
            (true, Implementation::F64) => bound(Implementation::F32),
            (true, _) => 2.0 * bound(implementation),
        };
        Bound {
            value,
            reason: self.row().reason,
        }
    }

    /// Whether errors are measured relative to what cancels as well: games and the learners that follow them.
    pub const fn cancels(self) -> bool {
        use Quantity::*;
        matches!(
            self,
            Value
                | OwnGradient
                | Gradient
                | Hvp
                | Naive
                | LookAhead
                | Lola
                | LolaTaylor
                | Hola0
                | Hola1
                | Hola2
                | Hola3
                | Lola2018
                | Sos
                | Consensus
                | Sga
                | Cgd
                | Extragradient
                | LookAhead2
                | LookAhead3
                | Pola
        )
    }

    /// Whether it can be computed in several ways.
    pub const fn is_derivative(self) -> bool {
        use Quantity::*;
        matches!(
            self,
            GeluSlope
                | TanhSlope
                | DenseVjp
                | DenseVjpWeight
                | LayerNormSlope
                | LayerNormVjp
                | LayerNormVjpParameters
                | ResidualVjp
                | ResidualVjpGate
                | OwnGradient
                | Gradient
                | Hvp
                | Naive
                | LookAhead
                | Lola
                | LolaTaylor
                | Hola0
                | Hola1
                | Hola2
                | Hola3
                | Lola2018
                | Sos
                | Consensus
                | Sga
                | Cgd
                | Extragradient
                | LookAhead2
                | LookAhead3
                | Pola
                | NetworkOwnGradient
                | NetworkMaskedGradient
                | NetworkGradient
                | NetworkVjpPolicy
                | NetworkHvp
                | NetworkFieldJvp
                | NetworkJacobian
                | NetworkVjp
                | NetworkLossGradient
                | MetaValueField
                | QuantileHuberGradient
                | QuantileHuberTargetGradient
                | LambdaReturnVjp
                | UpdateGradient
                | ColaTarget
                | ColaLossGradient
                | ModelField
        )
    }
}
