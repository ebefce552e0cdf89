//! The elementary functions and the activations built from them.

use meva_core::Scalar;
use meva_core::activation::Activation;
use meva_core::kernels::Kernels;

use crate::bounds::Quantity;
use crate::operation::{Domain, Formula, Output, Relation, Sink, Source, number, plain, related};

/// exp, tanh, sigmoid, the square root of |x|, and GELU and tanh as activations, of one number `x`.
#[derive(Clone, Copy, Debug)]
pub struct Elementary;

impl Formula for Elementary {
    fn module(&self) -> &'static str {
        "elementary"
    }

    fn outputs(&self) -> &'static [Output] {
        const fn slope(of: &'static str) -> Relation {
            Relation::Along {
                of,
                by: "x",
                direction: "one",
            }
        }
        const OUTPUTS: [Output; 8] = [
            plain("exp", Quantity::Exp),
            plain("tanh", Quantity::Tanh),
            plain("sigmoid", Quantity::Sigmoid),
            plain("sqrt", Quantity::Sqrt),
            plain("gelu", Quantity::Gelu),
            related("gelu_slope", Quantity::GeluSlope, slope("gelu")),
            plain("activation_tanh", Quantity::Tanh),
            related("tanh_slope", Quantity::TanhSlope, slope("activation_tanh")),
        ];
        &OUTPUTS
    }

    fn cases(&self) -> usize {
        4096
    }

    fn formula<S: Scalar, K: Kernels<S>>(&self, _: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let x = number(source, "x", Domain::Argument);
        let mut one = [S::ONE];
        source.numbers("one", Domain::Given, &mut one);
        let (gelu, gelu_slope) = Activation::Gelu.value_and_slope(x);
        let (tanh, tanh_slope) = Activation::Tanh.value_and_slope(x);
        // The root of a square would hide a rounding.
        let size = S::select_less(x, S::ZERO, -x, x);
        for (name, number) in [
            ("exp", x.exp()),
            ("tanh", x.tanh()),
            ("sigmoid", x.sigmoid()),
            ("sqrt", size.sqrt()),
            ("gelu", gelu),
            ("gelu_slope", gelu_slope),
            ("activation_tanh", tanh),
            ("tanh_slope", tanh_slope),
        ] {
            sink.numbers(name, &[number]);
        }
    }
}
