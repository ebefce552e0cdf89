//! The one table of bounds: operation and scalar, how far a result may be from what it should be, and why.
//!
//! Errors are relative to the root mean square of the expected array, so that a number which cancels to nothing does not
//! ask for more than its neighbours carry; where [`Scale::RmsPlus`](crate::compare::Scale) is named, also to the size of
//! what cancels. Bounds of the elementary functions are in units of the last place.
//!
//! Bounds in `f64` against the vectors are what the vectors promise. Bounds in `f32` are two to four times the worst error
//! seen on vectors of six seeds. One unit roundoff of `f32` is 6e-8.

/// How many bits a number has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// `f64`.
    Double,
    /// `f32`, alone or in lanes.
    Single,
}

/// What is compared.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    // Against vectors: games and learners.
    GameValue,
    GameGradient,
    GameJacobian,
    GameHvp,
    LookAhead,
    Lola,
    LolaTaylor,
    Hola2,
    Hola3,
    // The network.
    Quantiles,
    MeanGradient,
    MaskedGradient,
    MeanJacobian,
    MeanHvp,
    FieldJvp,
    NetworkLoss,
    NetworkLossGradient,
    // The network as COLA's step.
    ColaStep,
    ColaTarget,
    ColaLoss,
    ColaLossGradient,
    // The pieces of an update.
    QuantileHuber,
    QuantileHuberGradient,
    LambdaReturn,
    AdamWTheta,
    AdamWMoments,
    // A whole update.
    Explored,
    Path,
    Targets,
    UpdateLoss,
    UpdateGradient,
    UpdateTheta,
    UpdateFirstMoment,
    UpdateSecondMoment,
    UpdateTarget,
    // Laws.
    HessianSymmetry,
    HessianLinearity,
    Swap,
    Duals,
    FiniteDifference,
    ParameterFiniteDifference,
    PayoffTable,
    KnownValue,
    FixedPoint,
    TaylorOrder,
    NetworkHessian,
    NormInvariance,
    MeanOfQuantiles,
    HeadsAdd,
    Translation,
    BatchMean,
    LaneOrder,
    LossByHand,
    LambdaLimit,
    Adjoint,
    // Elementary functions.
    Exp,
    Tanh,
    Sigmoid,
    Gelu,
    GeluSlope,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// Bound in `f64`.
    pub double: f64,
    /// Bound in `f32`.
    pub single: f64,
    /// Why these.
    pub reason: &'static str,
}

impl Tolerance {
    /// The bound in a precision.
    ///
    /// # Panics
    ///
    /// If the operation is not compared in this precision.
    pub fn bound(&self, precision: Precision) -> f64 {
        let bound = match precision {
            Precision::Double => self.double,
            Precision::Single => self.single,
        };
        assert!(bound.is_finite(), "no bound in {precision:?}: {}", self.reason);
        bound
    }
}

/// What the vectors promise in `f64`.
const VECTORS: f64 = 1e-10;
/// What they promise of parameters after the optimiser, whose division by small second moments magnifies.
const OPTIMIZED: f64 = 1e-8;
/// Not compared in this precision.
const NONE: f64 = f64::NAN;

impl Operation {
    /// The operation's row.
    pub const fn tolerance(self) -> Tolerance {
        use Operation::*;
        let (double, single, reason) = match self {
            GameValue => (
                VECTORS,
                4e-6,
                "RmsPlus, for zero sums cancel; 1 / (1 - delta) magnifies delta's rounding 25 times",
            ),
            GameGradient => (VECTORS, 1e-5, "RmsPlus: differences of values 25 times the payoffs"),
            GameJacobian => (VECTORS, 1e-5, "RmsPlus: as GameGradient"),
            GameHvp => (VECTORS, 1e-5, "RmsPlus: as GameGradient, whose derivative it is"),
            LookAhead => (
                VECTORS,
                5e-6,
                "RmsPlus: a step of length 10 magnifies every rounding before it",
            ),
            Lola => (VECTORS, 5e-6, "RmsPlus: as LookAhead, and a gradient through the step"),
            LolaTaylor => (
                VECTORS,
                5e-6,
                "RmsPlus: as Lola, second derivatives in place of the step",
            ),
            Hola2 => (VECTORS, 8e-6, "RmsPlus: as Lola, one level more"),
            Hola3 => (VECTORS, 8e-6, "RmsPlus: as Lola, two levels more"),
            Quantiles => (
                VECTORS,
                3e-6,
                "up to ten layers of a dot product and a norm, a few units of roundoff each",
            ),
            MeanGradient => (
                VECTORS,
                1.2e-5,
                "Quantiles, and back through the divisions of the norms",
            ),
            MaskedGradient => (VECTORS, 1.5e-5, "as MeanGradient; flipped signs cancel more"),
            MeanJacobian => (
                VECTORS,
                2e-5,
                "as MeanGradient, with the smaller derivatives by the opponent's policy",
            ),
            MeanHvp => (VECTORS, 2e-5, "MeanJacobian differentiated once more"),
            FieldJvp => (VECTORS, 2e-5, "as MeanHvp"),
            NetworkLoss => (VECTORS, 8e-7, "a mean of positive terms"),
            NetworkLossGradient => (
                VECTORS,
                6e-5,
                "tensor by tensor: in some, adjoints nearly cancel in the norms",
            ),
            ColaStep => (VECTORS, 1.6e-5, "Quantiles; one of them alone may be nearly zero"),
            ColaTarget => (VECTORS, 2.4e-5, "GameGradient plus MeanGradient, which may cancel"),
            ColaLoss => (VECTORS, 6e-6, "squares of ColaStep less ColaTarget"),
            ColaLossGradient => (VECTORS, 8e-5, "as NetworkLossGradient, with second derivatives"),
            QuantileHuber => (VECTORS, 1e-6, "M^2 positive terms"),
            QuantileHuberGradient => (VECTORS, 8e-7, "M terms of either sign"),
            LambdaReturn => (
                VECTORS,
                3e-6,
                "at gamma 0.99, 1 - gamma has 100 times gamma's relative error",
            ),
            AdamWTheta => (VECTORS, 8e-7, "five steps short against theta"),
            AdamWMoments => (VECTORS, 1e-6, "five terms; gradients squared"),
            Explored => (VECTORS, 8e-7, "a few steps along gradients smaller than the policy"),
            Path => (
                VECTORS,
                1.2e-5,
                "the same along the game's gradient, up to alpha = 2 times it",
            ),
            Targets => (
                VECTORS,
                2.5e-5,
                "Quantiles at the end of Path, weighed against rewards of the other sign",
            ),
            UpdateLoss => (VECTORS, 3e-6, "a mean of positive terms at the points of Path"),
            UpdateGradient => (
                VECTORS,
                8e-5,
                "NetworkLossGradient at the points of Path, summed over the batch",
            ),
            UpdateTheta => (
                OPTIMIZED,
                1e-6,
                "steps are a thousandth of theta, whose own rounding dominates",
            ),
            UpdateFirstMoment => (VECTORS, 6e-5, "UpdateGradient diluted by the old moment"),
            UpdateSecondMoment => (VECTORS, 1e-4, "twice the relative error of UpdateGradient"),
            UpdateTarget => (OPTIMIZED, 1e-6, "as UpdateTheta"),

            HessianSymmetry => (
                2e-14,
                1e-5,
                "two Hessian-vector products, relative to the terms of the dot product",
            ),
            HessianLinearity => (
                5e-14,
                1.5e-5,
                "three Hessian-vector products, relative to the largest number",
            ),
            Swap => (
                5e-14,
                6e-6,
                "GameGradient twice: elimination meets the states in another order",
            ),
            Duals => (
                1e-13,
                1e-5,
                "GameHvp twice, by solving and by differentiating the solution",
            ),
            FiniteDifference => (
                8e-11,
                NONE,
                "h = 1e-3 and order h^4: rounding, 2e-16 / h of the value, and 1e-12 of curvature",
            ),
            ParameterFiniteDifference => (
                4e-9,
                NONE,
                "as FiniteDifference along a direction of length sqrt(count)",
            ),
            PayoffTable => (6e-15, 6e-6, "GameValue and GameGradient twice"),
            KnownValue => (1e-15, 3e-6, "GameValue where one state has all the weight"),
            FixedPoint => (2e-15, 2.4e-7, "a few units of roundoff of the terms that cancel"),
            TaylorOrder => (
                1e-3,
                NONE,
                "the next term, of relative size alpha = 1e-4 times third derivatives",
            ),
            NetworkHessian => (1e-14, 6e-6, "MeanHvp twice, relative to the largest number"),
            NormInvariance => (8e-15, 5e-6, "Quantiles twice; biases of size 1 are subtracted again"),
            MeanOfQuantiles => (4e-16, 1.8e-7, "dot products in another order"),
            HeadsAdd => (
                4e-14,
                1.5e-5,
                "adjoints of the shared layers added before or after the pass back",
            ),
            Translation => (1.3e-15, 8e-7, "differences of moved numbers, rounded once more"),
            BatchMean => (1.2e-15, 7e-7, "sums in another order"),
            LaneOrder => (NONE, 3e-6, "sums in another order, tensor by tensor"),
            LossByHand => (7e-16, NONE, "the same formulas in another order"),
            LambdaLimit => (1.5e-15, 6e-7, "powers of gamma in place of repeated products"),
            Adjoint => (1.5e-16, 1.4e-7, "sums of products in another order"),

            Exp => (
                NONE,
                2.0,
                "the promise of the crate: one rounding of each factor and of the polynomial's end",
            ),
            Tanh => (NONE, 2.0, "the promise of the crate: as Exp, and one division"),
            Sigmoid => (NONE, 3.0, "the promise of the crate: Exp's error, a sum and a division"),
            Gelu => (NONE, 2e-7, "relative to the input: Sigmoid's error and a product"),
            GeluSlope => (
                NONE,
                3e-6,
                "absolute: near 5, the rounding of 1 - sigmoid is magnified 20 times",
            ),
        };
        Tolerance { double, single, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_by_precision() {
        let row = Operation::GameValue.tolerance();
        assert_eq!(row.bound(Precision::Double), VECTORS);
        assert_eq!(row.bound(Precision::Single), 4e-6);
    }

    #[test]
    #[should_panic(expected = "no bound in Double")]
    fn missing_bounds_fail() {
        Operation::Exp.tolerance().bound(Precision::Double);
    }
}
