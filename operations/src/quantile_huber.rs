//! The quantile Huber loss and its gradients.

use meva_core::arithmetic::Separate;
use meva_core::kernels::Kernels;
use meva_core::{Dual, Scalar, quantile_huber};

use crate::bounds::Quantity;
use crate::operation::{Domain, Formula, Output, Relation, Sink, Source, has_duals, plain, related, row};

/// The loss of `M` predictions `q` against `M` targets `y`.
#[derive(Clone, Copy, Debug)]
pub struct QuantileHuber<const M: usize>;

impl<const M: usize> Formula for QuantileHuber<M> {
    fn module(&self) -> &'static str {
        "quantile_huber"
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 4] = [
            plain("loss", Quantity::QuantileHuber),
            related(
                "gradient",
                Quantity::QuantileHuberGradient,
                Relation::Jacobian { of: "loss", by: "q" },
            ),
            related(
                "gradient_by_targets",
                Quantity::QuantileHuberTargetGradient,
                Relation::Jacobian { of: "loss", by: "y" },
            ),
            related(
                "gradient by duals",
                Quantity::QuantileHuberGradient,
                Relation::Duals("gradient"),
            ),
        ];
        &OUTPUTS
    }

    fn formula<S: Scalar, K: Kernels<S>>(&self, kernels: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let q: [S; M] = row(source, "q", Domain::Lattice(0.03));
        let y: [S; M] = row(source, "y", Domain::Lattice(0.0));
        let mut dq = [S::ZERO; M];
        sink.numbers("loss", &[kernels.quantile_huber(&q, &y, &mut dq)]);
        sink.numbers("gradient", &dq);
        let mut dy = [S::ZERO; M];
        quantile_huber::gradient_by_targets(&q, &y, &mut dy);
        sink.numbers("gradient_by_targets", &dy);
        if const { has_duals::<S>() } && sink.wants("gradient by duals") {
            let y = y.map(|y| Dual::new(y, S::ZERO));
            let slope = |k: usize| {
                let one = |m| if m == k { S::ONE } else { S::ZERO };
                let q: [Dual<S>; M] = core::array::from_fn(|m| Dual::new(q[m], one(m)));
                quantile_huber::value_and_gradient(Separate, &q, &y, &mut [Dual::ZERO; M]).tangent
            };
            sink.numbers("gradient by duals", &core::array::from_fn::<S, M, _>(slope));
        }
    }
}
