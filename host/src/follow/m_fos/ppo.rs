//! Proximal policy optimisation (Schulman et al., 2017) of a meta-policy, with generalised advantage estimation.
//!
//! ```text
//! a ~ Normal(mu(s), sigma^2)                            log-odds of one's next policy
//! e_t = (1 - gamma) r_t + gamma v(s_(t+1)) - v(s_t)     A_t = e_t + gamma lambda A_(t+1)
//! q = p(a | s) / p_old(a | s)                           loss = -min(q A, clip(q, 1 - epsilon, 1 + epsilon) A) + (v - v_old - A_t)^2 / 2
//! ```
//!
//! Values are normalised, as everywhere; the loss's advantages `A` are `A_t` less their mean, in units of their standard
//! deviation. The last state is not an end: its value counts.

use meva_core::Scalar;
use meva_core::adamw::AdamW;
use meva_core::random::{Purpose, Stream};
use rayon::prelude::*;

use super::policy::{Mlp, Tape};
use crate::cpu::{Cpu, Number, WIDTH};

/// The settings of the optimisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ppo {
    /// The meta-discount.
    pub gamma: f64,
    /// How far advantages look beyond the critic.
    pub lambda: f64,
    /// How far a ratio of probabilities may leave 1.
    pub clip: f64,
    /// How often each iteration's steps are learned from.
    pub epochs: usize,
    /// Into how many parts an epoch divides them.
    pub parts: usize,
    /// The optimiser of all networks.
    pub adam: AdamW,
}

/// A step of 64 meta-episodes.
#[derive(Clone, Copy, Debug)]
pub struct Step<const N: usize> {
    /// What the networks saw.
    pub state: [[Number; N]; 2],
    /// What was done.
    pub action: [Number; N],
    /// The logarithm of its probability density, without constants.
    pub log_probability: Number,
    /// The critic's value of the state.
    pub value: Number,
    /// What was earned.
    pub reward: Number,
    /// The estimated advantage of the action.
    pub advantage: Number,
}

/// What is learned: a policy, and a critic of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Actor<const N: usize> {
    /// The means of actions.
    pub mean: Mlp<f32, N, N>,
    /// The logarithms of their standard deviations.
    pub log_deviation: [f32; N],
    /// The values of states.
    pub critic: Mlp<f32, N, 1>,
}

/// Numbers as many as those of an [`Actor`].
type Numbers<const N: usize> = Actor<N>;

/// An actor in training.
pub struct Learning<const N: usize> {
    /// The actor.
    pub actor: Actor<N>,
    moments: [Numbers<N>; 2],
    updates: u32,
}

impl<const N: usize> Actor<N> {
    const ZERO: Self = Actor {
        mean: Mlp::ZERO,
        log_deviation: [0.0; N],
        critic: Mlp::ZERO,
    };

    fn pieces(&self) -> [&[f32]; 15] {
        let ([a, b, c, d, e, f, g], [h, i, j, k, l, m, n]) = (self.mean.pieces(), self.critic.pieces());
        [a, b, c, d, e, f, g, &self.log_deviation, h, i, j, k, l, m, n]
    }

    fn pieces_mut(&mut self) -> [&mut [f32]; 15] {
        let ([a, b, c, d, e, f, g], [h, i, j, k, l, m, n]) = (self.mean.pieces_mut(), self.critic.pieces_mut());
        [a, b, c, d, e, f, g, &mut self.log_deviation, h, i, j, k, l, m, n]
    }

    /// Acts in 64 states, with noise of standard normal numbers.
    pub fn act(&self, cpu: Cpu, state: &[[Number; N]; 2], noise: &[Number; N]) -> Step<N> {
        let mean = self.mean.forward(&cpu, state).y;
        let deviation = self.log_deviation.map(|log| Number::from_real(log).exp());
        let action = std::array::from_fn(|n| mean[n] + deviation[n] * noise[n]);
        Step {
            state: *state,
            action,
            log_probability: self.log_probability(&mean, &action),
            value: self.value(cpu, state),
            reward: Number::ZERO,
            advantage: Number::ZERO,
        }
    }

    /// The critic's values of 64 states.
    pub fn value(&self, cpu: Cpu, state: &[[Number; N]; 2]) -> Number {
        self.critic.forward(&cpu, state).y[0]
    }

    /// How many standard deviations an action is from its mean.
    fn distances(&self, mean: &[Number; N], action: &[Number; N]) -> [Number; N] {
        std::array::from_fn(|n| {
            let deviation = Number::from_real(self.log_deviation[n]).exp();
            (action[n] - mean[n]) / deviation
        })
    }

    fn log_probability(&self, mean: &[Number; N], action: &[Number; N]) -> Number {
        let distances = self.distances(mean, action);
        let mut sum = Number::ZERO;
        for n in 0..N {
            sum += (distances[n] * distances[n]).scale(-0.5) - Number::from_real(self.log_deviation[n]);
        }
        sum
    }

    /// Adds the gradient of the loss at some steps, each with this weight.
    fn vjp(&self, cpu: Cpu, step: &Step<N>, clip: f64, weight: f32, gradient: &mut Numbers<N>) {
        let tape: Tape<Number, N, N> = self.mean.forward(&cpu, &step.state);
        let (one, advantage) = (Number::ONE, step.advantage);
        let ratio = (self.log_probability(&tape.y, &step.action) - step.log_probability).exp();
        // Beyond the clip nothing is gained by going on.
        let (low, high) = (Number::from_f64(1.0 - clip), Number::from_f64(1.0 + clip));
        let below = Number::select_less(ratio, high, one, Number::ZERO);
        let above = Number::select_less(low, ratio, one, Number::ZERO);
        let inside = Number::select_less(Number::ZERO, advantage, below, above);
        let slope = (inside * ratio * advantage).scale(-weight);
        let distances = self.distances(&tape.y, &step.action);
        let dmean = std::array::from_fn(|n| {
            let deviation = Number::from_real(self.log_deviation[n]).exp();
            slope * distances[n] / deviation
        });
        for n in 0..N {
            gradient.log_deviation[n] += (slope * (distances[n] * distances[n] - one)).sum_lanes();
        }
        self.mean.vjp(&cpu, &tape, &dmean, &mut gradient.mean);
    }

    fn vjp_critic(&self, cpu: Cpu, step: &Step<N>, target: Number, weight: f32, gradient: &mut Numbers<N>) {
        let tape = self.critic.forward(&cpu, &step.state);
        let dy = [(tape.y[0] - target).scale(weight)];
        self.critic.vjp(&cpu, &tape, &dy, &mut gradient.critic);
    }
}

impl<const N: usize> Learning<N> {
    /// A new actor, which knows nothing: its actions have means near 0 and standard deviations of 1.
    pub fn new(seed: u64, index: u64) -> Self {
        let mut stream = Stream::new(seed, Purpose::Parameters, index);
        let actor = Actor {
            mean: Mlp::random(&mut stream, 0.01),
            log_deviation: [0.0; N],
            critic: Mlp::random(&mut stream, 1.0),
        };
        Learning {
            actor,
            moments: [Numbers::ZERO; 2],
            updates: 0,
        }
    }

    /// Learns from groups of 64 meta-episodes each, whose critic said `last` of the states after their last steps.
    pub fn update(&mut self, cpu: Cpu, ppo: &Ppo, groups: &mut [Vec<Step<N>>], last: &[Number]) {
        for (steps, last) in groups.iter_mut().zip(last) {
            estimate_advantages(ppo, steps, *last);
        }
        // Targets of the critic, before advantages are standardised.
        let targets: Vec<Vec<Number>> = groups
            .iter()
            .map(|steps| steps.iter().map(|step| step.value + step.advantage).collect())
            .collect();
        standardise(groups);
        for _ in 0..ppo.epochs {
            for part in 0..ppo.parts {
                let in_part = |t: usize| t % ppo.parts == part;
                let count: usize = groups
                    .iter()
                    .map(|steps| (0..steps.len()).filter(|t| in_part(*t)).count())
                    .sum();
                let weight = 1.0 / (count * WIDTH) as f32;
                let actor = &self.actor;
                let of_group = |(steps, targets): (&Vec<Step<N>>, &Vec<Number>)| {
                    let mut gradient = Numbers::ZERO;
                    for (t, (step, target)) in steps.iter().zip(targets).enumerate() {
                        if in_part(t) {
                            actor.vjp(cpu, step, ppo.clip, weight, &mut gradient);
                            actor.vjp_critic(cpu, step, *target, weight, &mut gradient);
                        }
                    }
                    gradient
                };
                let gradients: Vec<Numbers<N>> = groups.par_iter().zip(&targets).map(of_group).collect();
                self.step(&ppo.adam, &gradients);
            }
        }
    }

    /// A step of the optimiser along the sum of gradients, in their order.
    fn step(&mut self, adam: &AdamW, gradients: &[Numbers<N>]) {
        let mut sum = Numbers::<N>::ZERO;
        for gradient in gradients {
            for (sum, piece) in sum.pieces_mut().into_iter().zip(gradient.pieces()) {
                sum.iter_mut().zip(piece).for_each(|(sum, term)| *sum += *term);
            }
        }
        self.updates += 1;
        let [m, v] = &mut self.moments;
        let moments = m.pieces_mut().into_iter().zip(v.pieces_mut());
        for ((theta, gradient), (m, v)) in self.actor.pieces_mut().into_iter().zip(sum.pieces()).zip(moments) {
            adam.step(self.updates, gradient, theta, m, v);
        }
    }
}

/// Sets the advantages of 64 meta-episodes, whose states after the last steps have these values.
fn estimate_advantages<const N: usize>(ppo: &Ppo, steps: &mut [Step<N>], last: Number) {
    let (gamma, rest) = (ppo.gamma as f32, (1.0 - ppo.gamma) as f32);
    let (mut next, mut advantage) = (last, Number::ZERO);
    for step in steps.iter_mut().rev() {
        let error = step.reward.scale(rest) + next.scale(gamma) - step.value;
        advantage = error + advantage.scale((ppo.gamma * ppo.lambda) as f32);
        step.advantage = advantage;
        next = step.value;
    }
}

/// Shifts and scales all advantages to a mean of 0 and a standard deviation of 1.
fn standardise<const N: usize>(groups: &mut [Vec<Step<N>>]) {
    let advantages = || groups.iter().flatten().flat_map(|step| step.advantage.0).map(f64::from);
    let count = advantages().count() as f64;
    let mean = advantages().sum::<f64>() / count;
    let variance = advantages().map(|a| (a - mean) * (a - mean)).sum::<f64>() / count;
    let (mean, scale) = (mean as f32, (1.0 / (variance.sqrt() + 1e-8)) as f32);
    for step in groups.iter_mut().flatten() {
        step.advantage = (step.advantage - Number::from_real(mean)).scale(scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(reward: f32, value: f32) -> Step<1> {
        Step {
            state: [[Number::ZERO]; 2],
            action: [Number::ZERO],
            log_probability: Number::ZERO,
            value: Number::from_real(value),
            reward: Number::from_real(reward),
            advantage: Number::ZERO,
        }
    }

    const PPO: Ppo = Ppo {
        gamma: 0.5,
        lambda: 0.5,
        clip: 0.2,
        epochs: 4,
        parts: 1,
        adam: AdamW {
            eta: 0.01,
            beta1: 0.9,
            beta2: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.0,
        },
    };

    #[test]
    fn advantages_look_ahead() {
        let mut steps = [step(4.0, 1.0), step(8.0, 2.0)];
        estimate_advantages(&PPO, &mut steps, Number::from_real(6.0));
        // The second error is 4 + 3 - 2, the first 2 + 1 - 1, and a quarter of the second is added.
        assert_eq!(steps.map(|step| step.advantage.0[7]), [3.25, 5.0]);
    }

    /// Actions that did better than others become more probable, deviations from them rarer, and the critic learns what is
    /// earned.
    #[test]
    fn better_actions_become_probable() {
        let cpu = Cpu::detect().unwrap();
        let mut learning = Learning::<1>::new(0, 0);
        let state = [[Number::from_f64(0.5)], [Number::from_f64(-0.5)]];
        for iteration in 0..100 {
            let mut stream = Stream::new(0, Purpose::MetaActions, iteration);
            let noise = [Number::from_lanes(|_| stream.normal() as f32)];
            let mut step = learning.actor.act(cpu, &state, &noise);
            let miss = step.action[0] - Number::from_f64(1.5);
            step.reward = -(miss * miss);
            // A single step, after which nothing is earned.
            let before = learning.actor;
            learning.update(cpu, &Ppo { gamma: 0.0, ..PPO }, &mut [vec![step]], &[Number::ZERO]);
            assert_ne!(learning.actor, before);
        }
        let Actor {
            mean, log_deviation, ..
        } = learning.actor;
        let mean = mean.forward(&cpu, &state).y[0].0[0];
        assert!((mean - 1.5).abs() < 0.6, "{mean}");
        assert!(log_deviation[0] < 0.0, "{log_deviation:?}");
        let value = learning.actor.value(cpu, &state).0[0];
        assert!(value > -2.0 && value <= 0.3, "{value}");
    }

    /// The gradient of the loss, against differences in the action's mean and deviation; none beyond the clip.
    #[test]
    fn gradients_stop_at_the_clip() {
        let cpu = Cpu::detect().unwrap();
        let actor = Learning::<1>::new(0, 0).actor;
        let state = [[Number::from_f64(0.5)], [Number::from_f64(-0.5)]];
        let mut step = actor.act(cpu, &state, &[Number::from_f64(0.75)]);
        step.advantage = Number::ONE;
        let gradient = |actor: &Actor<1>| {
            let mut gradient = Numbers::ZERO;
            actor.vjp(cpu, &step, 0.2, 1.0 / WIDTH as f32, &mut gradient);
            gradient
        };
        let loss = |actor: &Actor<1>| {
            let mean = actor.mean.forward(&cpu, &step.state).y;
            let log_ratio = actor.log_probability(&mean, &step.action) - step.log_probability;
            -libm::exp(f64::from(log_ratio.0[0]))
        };
        let h = 1e-2;
        let moved = |by: f32| Actor {
            log_deviation: [actor.log_deviation[0] + by],
            ..actor
        };
        let expected = (loss(&moved(h)) - loss(&moved(-h))) / (2.0 * f64::from(h));
        let got = f64::from(gradient(&actor).log_deviation[0]);
        assert!((got - expected).abs() < 1e-3, "{got} {expected}");
        // Far narrower: the action is so improbable that only going back counts, so this step is still learned from;
        // far more probable: it is not.
        let mut likely = actor;
        likely.log_deviation = [-1.0];
        likely.mean.pieces_mut()[6][0] += 0.75;
        assert!(loss(&likely) < -1.2);
        assert_eq!(gradient(&likely), Numbers::ZERO);
        let unlikely = moved(-2.0);
        assert!(loss(&unlikely) > -0.8);
        assert_ne!(gradient(&unlikely), Numbers::ZERO);
    }
}
