//! AdamW, and the target network that follows it.

use meva_core::adamw::AdamW as Optimizer;
use meva_core::{Scalar, target_network};

use crate::bounds::Quantity;
use crate::operation::{Domain, Operation, Output, Packed, Sink, Source, WithDuals, number, plain};

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

/// A single step of a single parameter, from any moments and any target network: what [`extremes`](crate::extremes) look at.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The optimiser.
    pub optimizer: Optimizer,
    /// Which step it is, counted from 1.
    pub step: u32,
    /// The inertia of the target network.
    pub rho: f64,
}

impl Step {
    /// The last step of [`AdamW::DEFAULT`].
    pub const DEFAULT: Self = Step {
        optimizer: AdamW::DEFAULT.optimizer,
        step: AdamW::DEFAULT.steps,
        rho: RHO,
    };
}

impl Operation for Step {
    fn module(&self) -> &'static str {
        "adamw"
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 4] = [
            plain("theta", Quantity::AdamWTheta),
            plain("m", Quantity::AdamWMoments),
            plain("v", Quantity::AdamWMoments),
            plain("target", Quantity::TargetNetwork),
        ];
        &OUTPUTS
    }

    /// The square of a gradient may overflow, and the step is then 0.
    fn alarm(&self) -> Option<&'static str> {
        Some("v")
    }

    fn evaluate<S: Packed, K: WithDuals<S>>(&self, _: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let mut given = |name| number::<S>(source, name, Domain::Normal);
        let [mut v, mut theta, gradient, mut m, mut target] = ["v", "theta", "gradient", "m", "target"].map(&mut given);
        for l in 0..S::LANES {
            let zero = <S::Real as Scalar>::ZERO;
            let (mut own_theta, mut own_m, mut own_target) = ([theta.lane(l)], [m.lane(l)], [target.lane(l)]);
            // A mean of squares.
            let mut own_v = [if v.lane(l) < zero { -v.lane(l) } else { v.lane(l) }];
            self.optimizer
                .step(self.step, &[gradient.lane(l)], &mut own_theta, &mut own_m, &mut own_v);
            target_network::step(self.rho, &own_theta, &mut own_target);
            for (number, [own]) in [
                (&mut theta, own_theta),
                (&mut m, own_m),
                (&mut v, own_v),
                (&mut target, own_target),
            ] {
                number.set_lane(l, own);
            }
        }
        sink.numbers("theta", &[theta]);
        sink.numbers("m", &[m]);
        sink.numbers("v", &[v]);
        sink.numbers("target", &[target]);
    }
}
