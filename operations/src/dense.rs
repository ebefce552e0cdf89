//! The affine map and its adjoints.

use meva_core::Scalar;
use meva_core::kernels::Kernels;

use crate::bounds::Quantity;
use crate::operation::{Domain, Formula, Output, Relation, Sink, Source, plain, reals, related, row};

/// Numbers of inputs and outputs on both sides of the block size, and not multiples of it.
const I: usize = 5;
const O: usize = 10;

/// `y = W x + b` with the adjoint `dy` of `y`.
#[derive(Clone, Copy, Debug)]
pub struct Dense;

impl Formula for Dense {
    fn module(&self) -> &'static str {
        "dense"
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 5] = [
            plain("forward", Quantity::Dense),
            related("product", Quantity::Dense, Relation::Auxiliary),
            related(
                "vjp_input",
                Quantity::DenseVjp,
                Relation::Jacobian { of: "product", by: "x" },
            ),
            plain("vjp_weight", Quantity::DenseVjpWeight),
            plain("vjp_bias", Quantity::DenseVjpWeight),
        ];
        &OUTPUTS
    }

    fn formula<S: Scalar, K: Kernels<S>>(&self, kernels: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let flat: [S::Real; I * O] = reals(source, "w", Domain::Uniform(-1.0, 1.0));
        let w: [[S::Real; I]; O] = core::array::from_fn(|o| core::array::from_fn(|i| flat[o * I + i]));
        let x: [S; I] = row(source, "x", Domain::Uniform(-2.0, 2.0));
        let dy: [S; O] = row(source, "dy", Domain::Uniform(-1.0, 1.0));
        let mut y: [S; O] = row(source, "b", Domain::Uniform(-2.0, 2.0));
        kernels.dense(&w, &x, &mut y);
        sink.numbers("forward", &y);
        if sink.wants("product") {
            sink.numbers("product", &[product(&y, &dy)]);
        }
        let mut dx = [S::ZERO; I];
        kernels.dense_vjp_input(&w, &dy, &mut dx);
        sink.numbers("vjp_input", &dx);
        let mut dw = [[S::Lane::ZERO; I]; O];
        kernels.dense_vjp_weight(&dy, &x, &mut dw);
        sink.sums("vjp_weight", dw.as_flattened());
        let mut db = [S::Lane::ZERO; O];
        kernels.dense_vjp_bias(&dy, &mut db);
        sink.sums("vjp_bias", &db);
    }
}

/// The sum of products, of which adjoints are the gradient.
pub(crate) fn product<S: Scalar, const A: usize>(a: &[S; A], b: &[S; A]) -> S {
    let mut sum = S::ZERO;
    for (a, b) in a.iter().zip(b) {
        sum += *a * *b;
    }
    sum
}
