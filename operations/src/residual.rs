//! The gated sum of a residual block, and its adjoints.

use meva_core::kernels::Kernels;
use meva_core::{Scalar, residual};

use crate::bounds::Quantity;
use crate::dense::product;
use crate::operation::{Domain, Formula, Output, Relation, Sink, Source, plain, reals, related, row};

const H: usize = 10;

/// `g h + (1 - g) y` with `g = sigmoid(gate)`, and its adjoint `dm`.
#[derive(Clone, Copy, Debug)]
pub struct Residual;

impl Formula for Residual {
    fn module(&self) -> &'static str {
        "residual"
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 5] = [
            plain("forward", Quantity::Residual),
            related("product", Quantity::Residual, Relation::Auxiliary),
            related(
                "vjp_kept",
                Quantity::ResidualVjp,
                Relation::Jacobian { of: "product", by: "h" },
            ),
            related(
                "vjp_branch",
                Quantity::ResidualVjp,
                Relation::Jacobian { of: "product", by: "y" },
            ),
            plain("vjp_gate", Quantity::ResidualVjpGate),
        ];
        &OUTPUTS
    }

    fn formula<S: Scalar, K: Kernels<S>>(&self, kernels: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let g: [S::Real; H] = residual::gates(&reals::<S, H>(source, "gate", Domain::Uniform(-2.0, 2.0)));
        let h: [S; H] = row(source, "h", Domain::Uniform(-2.0, 2.0));
        let y: [S; H] = row(source, "y", Domain::Uniform(-2.0, 2.0));
        let dm: [S; H] = row(source, "dm", Domain::Uniform(-1.0, 1.0));
        let mut merged = [S::ZERO; H];
        kernels.residual(&g, &h, &y, &mut merged);
        sink.numbers("forward", &merged);
        if sink.wants("product") {
            sink.numbers("product", &[product(&merged, &dm)]);
        }
        let (mut dh, mut dy) = (dm, [S::ZERO; H]);
        kernels.residual_vjp(&g, &mut dh, &mut dy);
        sink.numbers("vjp_kept", &dh);
        sink.numbers("vjp_branch", &dy);
        let mut dgate = [S::Lane::ZERO; H];
        kernels.residual_vjp_gate(&g, &h, &y, &dm, &mut dgate);
        sink.sums("vjp_gate", &dgate);
    }
}
