//! Tolerances of laws: what must hold whatever the numbers, comparing an implementation with itself. Bounds of
//! operations compared with other implementations and with external numbers are in [`meva_operations::bounds`].
//!
//! Errors are relative to the root mean square of the expected array, so that a number which cancels to nothing does
//! not require more accuracy than its neighbours; where [`Scale::RmsPlus`](crate::compare::Scale) is named, also to the
//! size of what cancels. One unit roundoff of `f32` is 6e-8.

/// The precision of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// `f64`.
    Double,
    /// `f32`, alone or in lanes.
    Single,
}

/// The laws.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
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
    PlayersAdd,
    Translation,
    BatchMean,
    LaneOrder,
    LossByHand,
    LambdaLimit,
    Adjoint,
    Residual,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// Bound in `f64`.
    pub double: f64,
    /// Bound in `f32`.
    pub single: f64,
    /// The reason for these bounds.
    pub reason: &'static str,
}

impl Tolerance {
    /// The bound in a precision.
    ///
    /// # Panics
    ///
    /// If the law is not compared in this precision.
    pub fn bound(&self, precision: Precision) -> f64 {
        let bound = match precision {
            Precision::Double => self.double,
            Precision::Single => self.single,
        };
        assert!(bound.is_finite(), "no bound in {precision:?}: {}", self.reason);
        bound
    }
}

/// Not compared in this precision.
const NONE: f64 = f64::NAN;

impl Law {
    /// The law's row.
    pub const fn tolerance(self) -> Tolerance {
        use Law::*;
        let (double, single, reason) = match self {
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
                "a gradient twice: elimination meets the states in another order",
            ),
            Duals => (
                1e-13,
                1e-5,
                "a Hessian-vector product twice, by solving and by differentiating the solution",
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
            PayoffTable => (6e-15, 6e-6, "a value and a gradient twice"),
            KnownValue => (1e-15, 3e-6, "a value where one state has all the weight"),
            FixedPoint => (2e-15, 2.4e-7, "a few units of roundoff of the terms that cancel"),
            TaylorOrder => (
                1e-3,
                NONE,
                "the next term, of relative size alpha = 1e-4 times third derivatives",
            ),
            NetworkHessian => (
                1e-14,
                6e-6,
                "a Hessian-vector product twice, relative to the largest number",
            ),
            NormInvariance => (8e-15, 5e-6, "quantiles twice; biases of size 1 are subtracted again"),
            MeanOfQuantiles => (4e-16, 1.8e-7, "dot products in another order"),
            PlayersAdd => (
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
            Residual => (
                1e-10,
                8e-5,
                "the network loss gradient at the points of a path, summed over the batch",
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
        let row = Law::Swap.tolerance();
        assert_eq!(row.bound(Precision::Double), 5e-14);
        assert_eq!(row.bound(Precision::Single), 6e-6);
    }

    #[test]
    #[should_panic(expected = "no bound in Single")]
    fn missing_bounds_fail() {
        Law::FiniteDifference.tolerance().bound(Precision::Single);
    }
}
