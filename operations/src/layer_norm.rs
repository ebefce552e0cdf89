//! Layer norm with the activation after it, and the adjoints.

use meva_core::Scalar;
use meva_core::activation::Activation;
use meva_core::kernels::Kernels;
use meva_core::layer_norm::{LayerNorm as Norm, LayerTape};

use crate::bounds::Quantity;
use crate::dense::product;
use crate::operation::{Domain, Formula, Output, Relation, Sink, Source, plain, reals, related, row};

const H: usize = 10;

/// `activation(scale norm(z) + shift)` with its adjoint `dy`.
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm {
    subject: &'static str,
    activation: Activation,
}

/// With GELU.
pub const LAYER_NORM_GELU: LayerNorm = LayerNorm {
    subject: "gelu",
    activation: Activation::Gelu,
};

/// With tanh.
pub const LAYER_NORM_TANH: LayerNorm = LayerNorm {
    subject: "tanh",
    activation: Activation::Tanh,
};

impl Formula for LayerNorm {
    fn module(&self) -> &'static str {
        "layer_norm"
    }

    fn subject(&self) -> &'static str {
        self.subject
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 7] = [
            plain("output", Quantity::LayerNorm),
            plain("normalized", Quantity::LayerNorm),
            plain("inverse_deviation", Quantity::LayerNorm),
            plain("slope", Quantity::LayerNormSlope),
            related("product", Quantity::LayerNorm, Relation::Auxiliary),
            related(
                "vjp",
                Quantity::LayerNormVjp,
                Relation::Jacobian { of: "product", by: "z" },
            ),
            plain("vjp_parameters", Quantity::LayerNormVjpParameters),
        ];
        &OUTPUTS
    }

    fn formula<S: Scalar, K: Kernels<S>>(&self, kernels: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let norm = Norm {
            scale: reals::<S, H>(source, "scale", Domain::Uniform(0.5, 1.5)),
            shift: reals::<S, H>(source, "shift", Domain::Uniform(-0.5, 0.5)),
        };
        let mut tape = LayerTape {
            normalized: row(source, "z", Domain::Uniform(-2.0, 2.0)),
            ..LayerTape::ZERO
        };
        let dy: [S; H] = row(source, "dy", Domain::Uniform(-1.0, 1.0));
        kernels.layer_norm(&norm, self.activation, &mut tape);
        sink.numbers("output", &tape.output);
        sink.numbers("normalized", &tape.normalized);
        sink.numbers("inverse_deviation", &[tape.inverse_deviation]);
        sink.numbers("slope", &tape.slope);
        if sink.wants("product") {
            sink.numbers("product", &[product(&tape.output, &dy)]);
        }
        let mut dz = [S::ZERO; H];
        kernels.layer_norm_vjp(&norm, &tape, &dy, &mut dz);
        sink.numbers("vjp", &dz);
        let mut gradient = Norm {
            scale: [S::Lane::ZERO; H],
            shift: [S::Lane::ZERO; H],
        };
        kernels.layer_norm_vjp_parameters(&tape, &dy, &mut gradient);
        sink.sums("vjp_parameters", &gradient.scale);
        sink.sums("vjp_parameters", &gradient.shift);
    }
}
