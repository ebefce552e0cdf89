//! Lambda-returns, backwards over a rollout, and their adjoint.

use meva_core::kernels::Kernels;
use meva_core::{Real, Scalar, lambda_return};

use crate::bounds::Quantity;
use crate::operation::{Domain, Formula, Output, Sink, Source, number, plain, row};

/// The maximum number of steps.
pub const STEPS: usize = 64;

/// The targets of `steps` steps with `M` quantiles each; at most [`STEPS`] steps.
#[derive(Clone, Copy, Debug)]
pub struct LambdaReturn<const M: usize> {
    /// Number of steps.
    pub steps: usize,
}

impl<const M: usize> Formula for LambdaReturn<M> {
    fn module(&self) -> &'static str {
        "lambda_return"
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 2] = [
            plain("targets", Quantity::LambdaReturn),
            plain("vjp", Quantity::LambdaReturnVjp),
        ];
        &OUTPUTS
    }

    fn formula<S: Scalar, K: Kernels<S>>(&self, _: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let steps = self.steps.min(STEPS);
        let (mut rewards, mut bootstrap) = ([S::ZERO; STEPS], [[S::ZERO; M]; STEPS]);
        source.numbers("rewards", Domain::Normal, &mut rewards[..steps]);
        source.numbers("bootstrap", Domain::Normal, bootstrap[..steps].as_flattened_mut());
        let gamma: S = number(source, "gamma", Domain::Discount);
        let mut lambda = [S::Real::round(0.9)];
        source.reals("lambda", Domain::Given, &mut lambda);
        let [lambda] = lambda;
        let mut targets = [[S::ZERO; M]; STEPS];
        let Some(last) = steps.checked_sub(1) else { return };
        let mut y = bootstrap[last];
        for t in (0..steps).rev() {
            lambda_return::step(rewards[t], &bootstrap[t], gamma, lambda, &mut y);
            targets[t] = y;
        }
        sink.numbers("targets", targets[..steps].as_flattened());
        if sink.wants("vjp") {
            let mut dy: [S; M] = row(source, "dy", Domain::Uniform(-1.0, 1.0));
            let mut dq = [S::ZERO; M];
            lambda_return::vjp(gamma, lambda, &mut dy, &mut dq);
            sink.numbers("vjp", &dy);
            sink.numbers("vjp", &dq);
        }
    }
}
