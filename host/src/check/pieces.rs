//! The pieces of an update: the quantile Huber loss, lambda-returns and AdamW.

use meva_core::adamw::AdamW;
use meva_core::kernels::{Kernels, Portable};
use meva_core::random::{Purpose, Stream};
use meva_core::{Dual, Real, Scalar, lambda_return, quantile_huber};

use super::condition::{Nudge, sensitivities};
use super::differences::{central, deviation};
use super::games::POINTS;
use super::packed::{Packed, in_lanes, pack, pack_row};
use super::report::{Basis, Derivative, Engine, Report};
use super::stochastic::{Stochastic, deviations};
use super::tolerance::{Operation, Spread};
use crate::cpu::Cpu;
use crate::cpu::Number;
use crate::error::Result;

/// Runs in numbers that round at random.
const RUNS: u64 = 8;

/// Predictions with what they should have been.
#[derive(Clone, Copy, Debug)]
pub struct Predicted<const M: usize> {
    /// The quantiles.
    pub q: [f64; M],
    /// The targets.
    pub y: [f64; M],
}

impl<const M: usize> Predicted<M> {
    /// The same, moved.
    pub fn nudged(&self, nudge: &mut Nudge) -> Self {
        Predicted {
            q: self.q.map(|q| nudge.number(q)),
            y: self.y.map(|y| nudge.number(y)),
        }
    }
}

/// What is compared of the loss, in the order of [`losses`].
pub const LOSS: [Operation; 2] = [Operation::QuantileHuber, Operation::QuantileHuberGradient];

/// The loss and its gradient by the predictions.
pub fn losses<S: Packed, K: Kernels<S>, const M: usize>(kernels: &K, points: &[Predicted<M>]) -> [Vec<f64>; 2] {
    in_lanes(points, |group| {
        let mut dq = [S::ZERO; M];
        let q: [S; M] = pack_row(|l| group[l].q);
        let loss = kernels.quantile_huber(&q, &pack_row(|l| group[l].y), &mut dq);
        [vec![loss], dq.to_vec()]
    })
}

/// The gradient by the predictions, from the loss on dual numbers.
fn loss_by_duals<S: Packed, const M: usize>(points: &[Predicted<M>]) -> [Vec<f64>; 1] {
    in_lanes(points, |group| {
        let q: [S; M] = pack_row(|l| group[l].q);
        let y: [S; M] = pack_row(|l| group[l].y);
        let slope = |k: usize| {
            let one = |m| if m == k { S::ONE } else { S::ZERO };
            let q: [Dual<S>; M] = std::array::from_fn(|m| Dual::new(q[m], one(m)));
            let y = y.map(|y| Dual::new(y, S::ZERO));
            quantile_huber::value_and_gradient(&q, &y, &mut [Dual::ZERO; M]).tangent
        };
        [(0..M).map(slope).collect()]
    })
}

fn loss_by_differences<const M: usize>(points: &[Predicted<M>]) -> [Vec<f64>; 1] {
    let mut gradient = Vec::new();
    for Predicted { q, y } in points {
        for m in 0..M {
            gradient.push(central(|h| {
                let mut q = *q;
                q[m] += h;
                quantile_huber::value_and_gradient(&q, y, &mut [0.0; M])
            }));
        }
    }
    [gradient]
}

/// Rewards and predictions of `k` steps.
#[derive(Clone, Debug)]
pub struct Rollout<const M: usize> {
    /// The reward of each step.
    pub rewards: Vec<f64>,
    /// The predictions after each step.
    pub bootstrap: Vec<[f64; M]>,
    /// The discount.
    pub gamma: f64,
    /// How much of a target is observed.
    pub lambda: f64,
}

impl<const M: usize> Rollout<M> {
    /// The same, moved; lambda stays.
    pub fn nudged(&self, nudge: &mut Nudge) -> Self {
        Rollout {
            rewards: self.rewards.iter().map(|reward| nudge.number(*reward)).collect(),
            bootstrap: self.bootstrap.iter().map(|row| row.map(|q| nudge.number(q))).collect(),
            gamma: nudge.number(self.gamma),
            lambda: self.lambda,
        }
    }
}

/// The targets of each step; rollouts have as many steps and the same lambda.
pub fn returns<S: Packed, const M: usize>(rollouts: &[Rollout<M>]) -> [Vec<f64>; 1] {
    in_lanes(rollouts, |group| {
        let lambda = S::Real::round(group[0].lambda);
        let gamma = pack(|l| group[l].gamma);
        let k = group[0].rewards.len();
        let bootstrap = |t: usize| pack_row::<S, M>(|l| group[l].bootstrap[t]);
        let mut y = bootstrap(k - 1);
        let mut targets = vec![[S::ZERO; M]; k];
        for t in (0..k).rev() {
            lambda_return::step(pack(|l| group[l].rewards[t]), &bootstrap(t), gamma, lambda, &mut y);
            targets[t] = y;
        }
        [targets.concat()]
    })
}

/// Parameters with the gradients that they meet.
#[derive(Clone, Debug)]
pub struct Descent {
    /// The optimiser.
    pub optimizer: AdamW,
    /// Where it starts.
    pub theta: Vec<f64>,
    /// The gradient of each step.
    pub gradients: Vec<Vec<f64>>,
}

impl Descent {
    /// The same, moved.
    pub fn nudged(&self, nudge: &mut Nudge) -> Self {
        let mut moved = |numbers: &[f64]| numbers.iter().map(|number| nudge.number(*number)).collect::<Vec<f64>>();
        Descent {
            optimizer: self.optimizer,
            theta: moved(&self.theta),
            gradients: self.gradients.iter().map(|gradient| moved(gradient)).collect(),
        }
    }
}

/// Theta after each step, and both moments after the last.
pub fn descend<T: Real>(descent: &Descent) -> [Vec<f64>; 2] {
    let round = |numbers: &[f64]| numbers.iter().map(|number| T::round(*number)).collect::<Vec<T>>();
    let wide = |numbers: &[T]| numbers.iter().map(|number| number.to_f64()).collect::<Vec<f64>>();
    let mut theta = round(&descent.theta);
    let (mut m, mut v) = (vec![T::ZERO; theta.len()], vec![T::ZERO; theta.len()]);
    let mut trajectory = Vec::new();
    for (step, gradient) in (1..).zip(&descent.gradients) {
        descent
            .optimizer
            .step(step, &round(gradient), &mut theta, &mut m, &mut v);
        trajectory.extend(wide(&theta));
    }
    [trajectory, [wide(&m), wide(&v)].concat()]
}

/// The pieces on the CPU's engines.
///
/// # Errors
/// The variable that forces an instruction set names none.
pub fn check(report: &mut Report) -> Result<()> {
    const M: usize = 16;
    let cpu = Cpu::detect()?;
    let mut stream = Stream::new(4, Purpose::Evaluation, 0);

    // On lattices that lie between each other, so that no difference meets a kink of the loss.
    let mut lattice = |offset: f64| [(); M].map(|()| (8.0 * stream.uniform(-3.0, 3.0)).round() / 8.0 + offset);
    let points: Vec<Predicted<M>> = (0..POINTS)
        .map(|_| Predicted {
            q: lattice(1.0 / 32.0),
            y: lattice(0.0),
        })
        .collect();
    let reference = losses::<f64, _, M>(&Portable, &points);
    let spread = Spread {
        sensitivities: sensitivities(|nudge| {
            let moved: Vec<_> = points.iter().map(|point| point.nudged(nudge)).collect();
            losses::<f64, _, M>(&Portable, &moved)
        }),
        deviations: deviations(RUNS, &reference, || losses::<Stochastic, _, M>(&Portable, &points)),
    };
    let gradient = [reference[1].clone()];
    let gradient_spread = spread.of([1]);
    let dual_spread =
        gradient_spread.deviating(deviations(RUNS, &gradient, || loss_by_duals::<Stochastic, M>(&points)));
    let duals = Basis::Derived(Derivative::Duals);
    for (engine, basis, spread, got) in [
        (
            Engine::F64,
            duals,
            dual_spread.and(&gradient_spread),
            loss_by_duals::<f64, M>(&points),
        ),
        (Engine::F32, duals, dual_spread, loss_by_duals::<f32, M>(&points)),
        (
            Engine::F64,
            Basis::Derived(Derivative::Differences),
            gradient_spread.deviating([deviation(&reference[0], spread.deviations[0], &reference[1])]),
            loss_by_differences(&points),
        ),
    ] {
        let operation = [Operation::QuantileHuberGradient];
        report.compare("", operation, (engine, basis), &got, &gradient, &spread);
    }
    for (engine, got) in [
        (Engine::F32, losses::<f32, _, M>(&Portable, &points)),
        (Engine::Lanes, losses::<Number, _, M>(&cpu, &points)),
    ] {
        report.compare("", LOSS, (engine, Basis::Reference), &got, &reference, &spread);
    }

    let mut single = || f64::from(stream.normal() as f32);
    let mut rollouts: Vec<Rollout<M>> = (0..POINTS)
        .map(|_| Rollout {
            rewards: (0..10).map(|_| single()).collect(),
            bootstrap: (0..10).map(|_| [(); M].map(|()| single())).collect(),
            gamma: 0.0,
            lambda: 0.9,
        })
        .collect();
    for rollout in &mut rollouts {
        rollout.gamma = f64::from(stream.discount() as f32);
    }
    let reference = returns::<f64, M>(&rollouts);
    let spread = Spread {
        sensitivities: sensitivities(|nudge| {
            let moved: Vec<_> = rollouts.iter().map(|rollout| rollout.nudged(nudge)).collect();
            returns::<f64, M>(&moved)
        }),
        deviations: deviations(RUNS, &reference, || returns::<Stochastic, M>(&rollouts)),
    };
    for (engine, got) in [
        (Engine::F32, returns::<f32, M>(&rollouts)),
        (Engine::Lanes, returns::<Number, M>(&rollouts)),
    ] {
        let basis = (engine, Basis::Reference);
        report.compare("", [Operation::LambdaReturn], basis, &got, &reference, &spread);
    }

    let mut draws = |count: usize| {
        (0..count)
            .map(|_| f64::from(stream.normal() as f32))
            .collect::<Vec<f64>>()
    };
    let descent = Descent {
        optimizer: AdamW {
            eta: 1e-2,
            beta1: 0.9,
            beta2: 0.99,
            epsilon: 1e-8,
            weight_decay: 1e-2,
        },
        theta: draws(POINTS),
        gradients: (0..5).map(|_| draws(POINTS)).collect(),
    };
    let (got, reference) = (descend::<f32>(&descent), descend::<f64>(&descent));
    let operations = [Operation::AdamWTheta, Operation::AdamWMoments];
    let spread = Spread {
        sensitivities: sensitivities(|nudge| descend::<f64>(&descent.nudged(nudge))),
        deviations: deviations(RUNS, &reference, || descend::<Stochastic>(&descent)),
    };
    report.compare(
        "",
        operations,
        (Engine::F32, Basis::Reference),
        &got,
        &reference,
        &spread,
    );
    Ok(())
}
