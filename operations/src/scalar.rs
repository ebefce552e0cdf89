//! Arithmetic, selection and sums over lanes.

use meva_core::kernels::Kernels;
use meva_core::{Real, Scalar};

use crate::bounds::Quantity;
use crate::operation::{Domain, Formula, Output, Sink, Source, number, plain};

/// The arithmetic that every formula is made of, on two numbers.
#[derive(Clone, Copy, Debug)]
pub struct Arithmetic;

impl Formula for Arithmetic {
    fn module(&self) -> &'static str {
        "scalar"
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 3] = [
            plain("arithmetic", Quantity::Arithmetic),
            plain("select_less", Quantity::Arithmetic),
            plain("sum_lanes", Quantity::Arithmetic),
        ];
        &OUTPUTS
    }

    fn formula<S: Scalar, K: Kernels<S>>(&self, _: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let x: S = number(source, "x", Domain::Uniform(-3.0, 3.0));
        let y: S = number(source, "y", Domain::Uniform(0.5, 2.0));
        // A factor that is not exact in any format.
        let third = S::Real::round(1.0 / 3.0);
        let mut sum = x * x + S::ONE / y;
        sum.add_scaled(third, &-x);
        sum -= x.scale(third);
        sink.numbers("arithmetic", &[sum]);
        sink.numbers("select_less", &[S::select_less(x, y, -x, x * x)]);
        sink.sums("sum_lanes", &[x.sum_lanes()]);
    }
}
