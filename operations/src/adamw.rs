//! AdamW, and the target network that follows it.

use meva_core::adamw::AdamW as Optimizer;
use meva_core::{Scalar, target_network};

use crate::bounds::Quantity;
use crate::operation::{Domain, Operation, Output, Packed, Sink, Source, WithDuals, plain};

/// The maximum number of parameters.
pub const PARAMETERS: usize = 64;

/// Several steps from gradients, at most [`PARAMETERS`] parameters.
#[derive(Clone, Copy, Debug)]
pub struct AdamW {
    /// The optimiser.
    pub optimizer: Optimizer,
    /// Number of parameters.
    pub parameters: usize,
    /// Number of steps.
    pub steps: u32,
}

impl AdamW {
    /// Five steps of sixty-four parameters.
    pub const DEFAULT: Self = AdamW {
        optimizer: Optimizer {
            eta: 1e-2,
            beta1: 0.9,
            beta2: 0.99,
            epsilon: 1e-8,
            weight_decay: 1e-2,
        },
        parameters: PARAMETERS,
        steps: 5,
    };
}

/// The inertia of the target network.
const RHO: f64 = 0.9;

impl Operation for AdamW {
    fn module(&self) -> &'static str {
        "adamw"
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 4] = [
            plain("trajectory", Quantity::AdamWTheta),
            plain("m", Quantity::AdamWMoments),
            plain("v", Quantity::AdamWMoments),
            plain("target_network", Quantity::TargetNetwork),
        ];
        &OUTPUTS
    }

    fn cases(&self) -> usize {
        1
    }

    fn has_lanes(&self) -> bool {
        false
    }

    fn evaluate<S: Packed, K: WithDuals<S>>(&self, _: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let zero = [<S::Real as Scalar>::ZERO; PARAMETERS];
        let (mut theta, mut m, mut v) = (zero, zero, zero);
        let count = self.parameters.min(PARAMETERS);
        source.reals("theta", Domain::Normal, &mut theta[..count]);
        let mut target = theta;
        for step in 1..=self.steps {
            let mut gradient = zero;
            source.reals("gradients", Domain::Normal, &mut gradient[..count]);
            self.optimizer.step(
                step,
                &gradient[..count],
                &mut theta[..count],
                &mut m[..count],
                &mut v[..count],
            );
            sink.sums("trajectory", &theta[..count]);
            target_network::step(RHO, &theta[..count], &mut target[..count]);
        }
        sink.sums("m", &m[..count]);
        sink.sums("v", &v[..count]);
        sink.sums("target_network", &target[..count]);
    }
}
