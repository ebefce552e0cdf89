//! Updates of Algorithm 1 with every draw given.

use meva_core::adamw::AdamW;
use meva_core::algorithm1::{self, Algorithm1, Bootstrap, Exploration, Rollout, Settings, State, Step, Trajectory};
use meva_core::game::rollouts::Episode;
use meva_core::game::{IteratedMatrix, Logistic, Rollouts};
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::Tape;
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::{Real, Scalar};

use crate::bounds::Quantity;
use crate::game::Played;
use crate::meta_value::{ITERATED, PLANE};
use crate::operation::{Domain, Operation, Output, Packed, Sink, Source, Visitor, WithDuals, give, plain, tensors};
use crate::rollouts::{LANES, SEEDS};

/// Updates of `P` networks from a batch of at most `B` trajectories of at most `L - 1` steps each.
#[derive(Clone, Copy, Debug)]
pub struct Update<
    G,
    const N: usize,
    const H: usize,
    const R: usize,
    const M: usize,
    const P: usize,
    const B: usize,
    const L: usize,
> {
    /// The name of the game.
    pub subject: &'static str,
    /// The game.
    pub game: G,
    /// What an update does.
    pub settings: Settings,
    /// Number of trajectories.
    pub batch: usize,
    /// `k`, the steps of a rollout.
    pub stride: usize,
    /// Number of earlier updates of the state.
    pub before: u32,
    /// Number of consecutive updates.
    pub updates: usize,
}

/// The outputs of an update, with networks that are given.
pub const OUTPUTS: [Output; 10] = [
    plain("after.explored", Quantity::Explored),
    plain("after.path", Quantity::Path),
    plain("after.targets", Quantity::Targets),
    plain("after.loss", Quantity::UpdateLoss),
    plain("after.grad", Quantity::UpdateGradient),
    plain("after.theta", Quantity::UpdateTheta),
    plain("after.target", Quantity::UpdateTarget),
    plain("after.m", Quantity::UpdateMoments),
    plain("after.v", Quantity::UpdateSecondMoment),
    plain("reached", Quantity::Reached),
];

impl<
    G: Played<N>,
    const N: usize,
    const H: usize,
    const R: usize,
    const M: usize,
    const P: usize,
    const B: usize,
    const L: usize,
> Operation for Update<G, N, H, R, M, P, B, L>
{
    fn module(&self) -> &'static str {
        "algorithm1"
    }

    fn subject(&self) -> &'static str {
        self.subject
    }

    fn outputs(&self) -> &'static [Output] {
        &OUTPUTS
    }

    fn cases(&self) -> usize {
        1
    }

    fn evaluate<S: Packed, K: WithDuals<S>>(&self, kernels: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let mut game = self.game.with_constants(source);
        run(self, &mut game, kernels, source, sink);
    }
}

/// Updates based on estimates of chicken from sampled episodes.
#[derive(Clone, Copy, Debug)]
pub struct SampledUpdate(Update<IteratedMatrix, 5, 8, 1, 4, 1, 5, 4>);

impl Operation for SampledUpdate {
    fn module(&self) -> &'static str {
        "algorithm1"
    }

    fn subject(&self) -> &'static str {
        self.0.subject
    }

    fn outputs(&self) -> &'static [Output] {
        &OUTPUTS
    }

    fn cases(&self) -> usize {
        1
    }

    /// Every lane plays with its own stream, so a trajectory in a lane differs from one alone.
    fn has_lanes(&self) -> bool {
        false
    }

    fn evaluate<S: Packed, K: WithDuals<S>>(&self, kernels: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let mut seed = [<S::Real as Scalar>::ZERO];
        source.reals("seed", SEEDS, &mut seed);
        let mut game = Rollouts {
            game: &self.0.game,
            length: 6,
            episodes: &mut [Episode::START; 3],
            streams: &mut core::array::from_fn::<Stream, LANES, _>(|lane| {
                Stream::new(seed[0].to_f64() as u64, Purpose::Rollouts, lane as u64)
            }),
        };
        run(&self.0, &mut game, kernels, source, sink);
    }
}

/// Names of the parameters of each player's network.
const THETA: [&str; 2] = ["theta", "theta of player 1"];
const TARGET: [&str; 2] = ["target", "target of player 1"];

fn run<
    S,
    K,
    E,
    G,
    const N: usize,
    const H: usize,
    const R: usize,
    const M: usize,
    const P: usize,
    const B: usize,
    const L: usize,
>(
    update: &Update<G, N, H, R, M, P, B, L>,
    game: &mut E,
    kernels: &K,
    source: &mut dyn Source<S>,
    sink: &mut dyn Sink<S>,
) where
    S: Packed,
    K: WithDuals<S>,
    E: meva_core::game::Estimator<S, N>,
{
    let mut states = [State::<S::Real, N, H, R, M>::ZERO; P];
    for (n, state) in states.iter_mut().enumerate() {
        let player = n.min(1);
        state
            .theta
            .initialize(&mut Stream::new(11, Purpose::Parameters, n as u64));
        state.target.copy_from(&state.theta);
        tensors(source, THETA[player], Domain::Near(0.1), &mut state.theta);
        tensors(source, TARGET[player], Domain::Near(0.1), &mut state.target);
        tensors(source, "moments.m", Domain::Uniform(-0.01, 0.01), &mut state.m);
        // With zeros, as at the start of training, a step has length `eta` whatever the gradient, and where the
        // gradient is only rounding error, the sign of the step is random.
        tensors(source, "moments.v", Domain::Uniform(0.005, 0.02), &mut state.v);
        state.updates = update.before;
    }

    // Trajectories are packed into lanes here: all lanes of an update belong to one case.
    let batch = update.batch.min(B);
    let count = batch.div_ceil(S::LANES);
    let mut groups = [Trajectory {
        weight: S::ZERO,
        ..Trajectory::<S, N, H>::ZERO
    }; B];
    for b in 0..batch {
        let (group, lane) = (&mut groups[b / S::LANES], b % S::LANES);
        let mut read = |name, domain, numbers: &mut [S]| {
            for number in numbers {
                let mut real = [<S::Real as Scalar>::ZERO];
                source.reals(name, domain, &mut real);
                // Lanes beyond the batch repeat its last trajectory, with weight 0.
                for lane in lane..S::LANES {
                    number.set_lane(lane, real[0]);
                }
            }
        };
        read("draws.x", Domain::policy::<N>(), group.x.as_flattened_mut());
        read("draws.gamma_explore", Domain::Discount, &mut group.exploration_gamma);
        read("draws.mask", Domain::Sign, group.mask.as_flattened_mut());
        read("draws.gamma", Domain::Discount, &mut group.gamma);
        group.weight.set_lane(lane, <S::Real as Scalar>::ONE);
    }
    let groups = &mut groups[..count];
    let mut steps = [Step::<S, N, M>::ZERO; L];
    let steps = &mut steps[..=update.stride.min(L - 1)];
    let mut tapes = [[Tape::<S, N, H, R>::ZERO; P]; L];
    let tapes = &mut tapes[..update.settings.tapes(steps.len() - 1)];
    let rollout = &mut Rollout { steps, tapes };
    let mut gradients = [Parameters::<S::Real, N, H, R, M>::ZERO; P];

    // What belongs to a trajectory, in a first pass that changes nothing else.
    if sink.wants("after.path")
        && let Some(share) = algorithm1::share(S::Real::round(batch as f64), rollout.steps.len())
    {
        let algorithm1 = Algorithm1::new(kernels, &update.settings, &states);
        for (index, group) in groups.iter().enumerate() {
            let mut group = *group;
            algorithm1.learn(game, &mut group, share, rollout, &mut gradients);
            for lane in 0..S::LANES.min(batch - index * S::LANES) {
                let mut show = |name, numbers: &[S]| {
                    for number in numbers {
                        sink.sums(name, &[number.lane(lane)]);
                    }
                };
                show("after.explored", rollout.steps[0].x.as_flattened());
                for step in rollout.steps.iter() {
                    show("after.path", step.x.as_flattened());
                }
                for step in &rollout.steps[..update.stride] {
                    show("after.targets", step.targets.as_flattened());
                }
            }
        }
    }
    for _ in 0..update.updates {
        let loss = algorithm1::update(
            kernels,
            game,
            &update.settings,
            &mut states,
            groups,
            rollout,
            &mut gradients,
        );
        sink.sums("after.loss", &[loss]);
    }
    for b in 0..batch {
        for number in groups[b / S::LANES].x.as_flattened() {
            sink.sums("reached", &[number.lane(b % S::LANES)]);
        }
    }
    for (state, gradient) in states.iter().zip(&gradients) {
        give(sink, "after.grad", gradient);
        give(sink, "after.theta", &state.theta);
        give(sink, "after.target", &state.target);
        give(sink, "after.m", &state.m);
        give(sink, "after.v", &state.v);
    }
}

/// The published recipe of the Logistic Game.
pub const LOGISTIC: Settings = Settings {
    architecture: PLANE,
    field: Field::V,
    exploration: Exploration::None,
    bootstrap: Bootstrap::Residual,
    phi: 1.0,
    alpha: 1.0,
    lambda: 0.0,
    rho: None,
    optimizer: AdamW {
        eta: 1e-3,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        weight_decay: 0.0,
    },
};

/// The published recipe of the iterated games.
pub const IPD: Settings = Settings {
    architecture: ITERATED,
    field: Field::U,
    exploration: Exploration::SignFlips,
    bootstrap: Bootstrap::SemiGradient,
    phi: 1.0,
    alpha: 2.0,
    lambda: 0.9,
    rho: Some(0.99),
    optimizer: AdamW {
        eta: 1e-4,
        weight_decay: 1e-2,
        ..LOGISTIC.optimizer
    },
};

/// Shows the visitor the published recipes, returns from sampled episodes, and a network for each player.
pub fn each(visitor: &mut impl Visitor) {
    fn update<G, const N: usize, const P: usize>(
        subject: &'static str,
        game: G,
        settings: Settings,
    ) -> Update<G, N, 8, 1, 4, P, 5, 4> {
        Update {
            subject,
            game,
            settings,
            batch: 5,
            stride: 3,
            before: 2,
            updates: 2,
        }
    }
    visitor.operation(&update::<_, 1, 1>("logistic core", Logistic, LOGISTIC));
    visitor.operation(&update::<_, 5, 1>("ipd core", IteratedMatrix::PRISONERS_DILEMMA, IPD));
    visitor.operation(&update::<_, 5, 2>(
        "imp separate",
        IteratedMatrix::MATCHING_PENNIES,
        IPD,
    ));
    let sampled = Settings {
        field: Field::UNormalized,
        bootstrap: Bootstrap::Residual,
        rho: None,
        ..IPD
    };
    visitor.operation(&SampledUpdate(update(
        "chicken sampled",
        IteratedMatrix::CHICKEN,
        sampled,
    )));
}
