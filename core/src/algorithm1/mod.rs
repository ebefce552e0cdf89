//! Algorithm 1, meta-value learning, in the order in which the paper prints it (appendix C).
//!
//! One *update* explores for `k` steps, rolls out `k` steps on policy, forms the targets and descends the loss. An
//! outer iteration of the paper is `T / k` updates that share their starts, their exploration discounts and their sign
//! flips. The players share a network (`P = 1`), or each has its own (`P = 2`), as asymmetric games need: a shared
//! network cannot tell which player it predicts for. Trajectories come in *groups*: one trajectory per group for a
//! plain scalar, `W` for lanes. Groups are independent until their gradients are added, in the order of the groups.
//!
//! A player may be moved by an opponent with a rule of its own instead of by the network: then only the other one learns
//! ([`Opponents`]).
//!
//! Nothing here draws random numbers or allocates: draws and memory are passed in.

use crate::game::Estimator;
use crate::kernels::Kernels;
use crate::meta_value::Tape;
use crate::networks::Networks;
use crate::parameters::{self, Parameters};
use crate::player::Player;
use crate::scalar::{Real, Scalar};
use crate::{lambda_return, quantile_huber, target_network};

mod opponents;
mod settings;
mod state;
mod workspace;

use opponents::World;
pub use opponents::{Follow, Opponents, Rule};
pub use settings::{Bootstrap, Exploration, Settings};
pub use state::{Rollout, State, Step, Trajectory};
pub use workspace::Workspace;

/// One update of the networks from all groups, in order. Returns the loss: the mean of `D` over the batch, steps and players.
///
/// There are as many `states` and `gradients` as networks: one for both players, or one each. `gradients` and the
/// `rollout` are scratch memory; `game` is a [`Game`](crate::Game), or another [`Estimator`] of its returns. With at most
/// one step, no tape, or weights that sum to zero, there is nothing to learn from and nothing changes.
///
/// [`Workspace::update`] does this in memory whose sizes are known at compile time, and has an example.
pub fn update<S, E, K, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize>(
    kernels: &K,
    game: &mut E,
    settings: &Settings,
    states: &mut [State<S::Real, N, H, R, M>; P],
    groups: &mut [Trajectory<S, N, H>],
    rollout: &mut Rollout<'_, S, N, H, R, M, P>,
    gradients: &mut [Parameters<S::Real, N, H, R, M>; P],
) -> S::Real
where
    S: Scalar<Lane = <S as Scalar>::Real>,
    E: Estimator<S, N> + ?Sized,
    K: Kernels<S>,
{
    let mut trajectories = S::Real::ZERO;
    for group in groups.iter() {
        trajectories += group.weight.sum_lanes();
    }
    let Some(share) = share::<S::Real>(trajectories, rollout.steps.len()).filter(|_| !rollout.tapes.is_empty()) else {
        return S::Real::ZERO;
    };
    for gradient in gradients.iter_mut() {
        gradient.clear();
    }
    let algorithm1 = Algorithm1::new(kernels, settings, states);
    let mut loss = S::Real::ZERO;
    for group in groups {
        loss += algorithm1.learn(game, group, share, rollout, gradients);
    }
    for (state, gradient) in states.iter_mut().zip(gradients) {
        descend(settings, state, gradient);
    }
    loss
}

/// The factor that turns a sum over trajectories, steps and players into a mean; `None` if there is nothing to average. A
/// trajectory in which one player learns and the other does not counts half.
pub fn share<T: Real>(trajectories: T, steps: usize) -> Option<T> {
    let terms = 2.0 * steps.saturating_sub(1) as f64 * trajectories.to_f64();
    (terms > 0.0).then(|| T::round(1.0 / terms))
}

/// What all groups of an update share: the kernels, the settings, and the networks before the update.
#[derive(Clone, Copy, Debug)]
pub struct Algorithm1<'a, S: Scalar, K, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize>
{
    /// The slice operations.
    pub kernels: &'a K,
    /// What an update does.
    pub settings: &'a Settings,
    /// The networks that predict.
    pub theta: Networks<'a, S::Real, N, H, R, M, P>,
    /// The networks that targets are based on, if there are target networks.
    pub target: Option<Networks<'a, S::Real, N, H, R, M, P>>,
}

impl<'a, S: Scalar, K: Kernels<S>, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize>
    Algorithm1<'a, S, K, N, H, R, M, P>
{
    /// Prepares the networks of `states` for evaluation.
    pub fn new(kernels: &'a K, settings: &'a Settings, states: &'a [State<S::Real, N, H, R, M>; P]) -> Self {
        let networks = |parameters| Networks::new(parameters, settings.architecture);
        Algorithm1 {
            kernels,
            settings,
            theta: networks(states.each_ref().map(|state| &state.theta)),
            target: settings
                .rho
                .map(|_| networks(states.each_ref().map(|state| &state.target))),
        }
    }

    /// The contribution of one group to an update in which both players learn: as [`Algorithm1::learn_against`], without opponents.
    pub fn learn<E: Estimator<S, N> + ?Sized>(
        &self,
        game: &mut E,
        group: &mut Trajectory<S, N, H>,
        share: S::Real,
        rollout: &mut Rollout<'_, S, N, H, R, M, P>,
        gradients: &mut [Parameters<S::Lane, N, H, R, M>; P],
    ) -> S::Lane {
        self.learn_against(&mut Opponents::none(), game, group, share, rollout, gradients)
    }

    /// The contribution of one group to an update: explores, rolls out, forms targets, and adds the gradient of the
    /// loss of those who learn. Returns the group's part of the loss.
    pub fn learn_against<E: Estimator<S, N> + ?Sized>(
        &self,
        opponents: &mut Opponents<'_, '_, S, N>,
        game: &mut E,
        group: &mut Trajectory<S, N, H>,
        share: S::Real,
        rollout: &mut Rollout<'_, S, N, H, R, M, P>,
        gradients: &mut [Parameters<S::Lane, N, H, R, M>; P],
    ) -> S::Lane {
        let Rollout { steps, tapes } = rollout;
        let world = &mut World { game, opponents };
        if self.settings.exploration == Exploration::SignFlips {
            self.explore(world, group, steps.len(), tapes);
        }
        let weight = group.weight.scale(share);
        let mut learning = Learning::new(Player::BOTH.map(|player| weight * world.opponents.learns(player)));
        match tapes {
            [tape, other, ..] if self.settings.is_one_step() => {
                self.learn_step_by_step(world, group, steps, [tape, other], &mut learning, gradients);
            }
            _ => {
                self.roll_out(world, group, steps, tapes);
                self.bootstrap(&group.gamma, steps, tapes);
                self.form_targets(&group.gamma, steps);
                self.add_gradients(&group.gamma, steps, tapes, &mut learning, gradients);
            }
        }
        if self.settings.exploration == Exploration::None
            && let Some(last) = steps.last()
        {
            group.x = last.x;
        }
        learning.loss.sum_lanes()
    }

    /// `x~ <- x~ + alpha d U_mean(x~; theta~, gamma~)`, `k` times.
    fn explore<E: Estimator<S, N> + ?Sized>(
        &self,
        world: &mut World<'_, '_, '_, S, E, N>,
        group: &mut Trajectory<S, N, H>,
        steps: usize,
        tapes: &mut [[Tape<S, N, H, R>; P]],
    ) {
        let Some(tape) = tapes.first_mut() else {
            return;
        };
        for _ in 1..steps {
            let gamma = &group.exploration_gamma;
            self.theta.forward(self.kernels, &group.x, gamma, tape);
            let mut directions = Player::BOTH.map(|player| {
                let mask = Some(&group.mask[player.index()]);
                self.theta.own_gradient(self.kernels, player, mask, tape)
            });
            world.redirect(&group.x, gamma, None, &mut directions);
            step_along(&mut group.x, self.settings.alpha, &directions);
        }
    }

    /// `x(t+1) = x(t) + alpha field(x(t); theta, gamma)` from `x(0) = x~`. Every step's predictions are kept, except
    /// that those of the last step are not computed if there is a target network, since no target uses them.
    fn roll_out<E: Estimator<S, N> + ?Sized>(
        &self,
        world: &mut World<'_, '_, '_, S, E, N>,
        group: &Trajectory<S, N, H>,
        steps: &mut [Step<S, N, M>],
        tapes: &mut [[Tape<S, N, H, R>; P]],
    ) {
        let kept = tapes.len() >= steps.len();
        let k = steps.len().saturating_sub(1);
        let mut x = group.x;
        for (t, step) in steps.iter_mut().enumerate() {
            let tape = tapes.get_mut(if kept { t } else { 0 });
            match tape {
                Some(tape) if t < k => self.pass(world, &group.gamma, &mut x, step, tape),
                tape => self.arrive(
                    world.game,
                    &group.gamma,
                    &x,
                    step,
                    tape.filter(|_| self.target.is_none()),
                ),
            }
        }
    }

    /// Passes through the step `x = x(t)`, which moves on to `x(t+1)`.
    fn pass<E: Estimator<S, N> + ?Sized>(
        &self,
        world: &mut World<'_, '_, '_, S, E, N>,
        gamma: &[S; 2],
        x: &mut [[S; N]; 2],
        step: &mut Step<S, N, M>,
        tape: &mut [Tape<S, N, H, R>; P],
    ) {
        step.x = *x;
        let naive = if self.settings.field.is_correction() {
            let (value, own_gradients) = world.game.estimate(x);
            step.value = value;
            Some(own_gradients)
        } else {
            step.value = world.game.estimate_value(x);
            None
        };
        self.predict(gamma, step, tape);
        let of_field = naive.unwrap_or([[S::ZERO; N]; 2]);
        let mut directions = Player::BOTH.map(|player| {
            let i = player.index();
            let network = self.theta.own_gradient(self.kernels, player, None, tape);
            self.settings.field.direction(&of_field[i], &network, gamma[i])
        });
        world.redirect(x, gamma, naive, &mut directions);
        step_along(x, self.settings.alpha, &directions);
    }

    /// Ends a rollout at the step `x = x(k)`, with predictions if a tape is given.
    fn arrive<E: Estimator<S, N> + ?Sized>(
        &self,
        game: &mut E,
        gamma: &[S; 2],
        x: &[[S; N]; 2],
        step: &mut Step<S, N, M>,
        tape: Option<&mut [Tape<S, N, H, R>; P]>,
    ) {
        step.x = *x;
        step.value = game.estimate_value(x);
        if let Some(tape) = tape {
            self.predict(gamma, step, tape);
        }
    }

    /// `q(x(t); theta)`, which targets are based on unless there is a target network.
    fn predict(&self, gamma: &[S; 2], step: &mut Step<S, N, M>, tape: &mut [Tape<S, N, H, R>; P]) {
        self.theta.forward(self.kernels, &step.x, gamma, tape);
        self.theta.quantiles(self.kernels, tape, &mut step.quantiles);
        step.bootstrap = step.quantiles;
    }

    /// The predictions that targets are based on, if there is a target network: its own.
    fn bootstrap(&self, gamma: &[S; 2], steps: &mut [Step<S, N, M>], tapes: &mut [[Tape<S, N, H, R>; P]]) {
        // All tapes but the last are still needed for the backward passes.
        let (Some(target), Some(tape)) = (&self.target, tapes.last_mut()) else {
            return;
        };
        // No target uses the first prediction.
        for Step { x, bootstrap, .. } in steps.iter_mut().skip(1) {
            target.forward(self.kernels, x, gamma, tape);
            target.quantiles(self.kernels, tape, bootstrap);
        }
    }

    /// `Y(t)` from `Y(k) = q(k)`, backwards.
    fn form_targets(&self, gamma: &[S; 2], steps: &mut [Step<S, N, M>]) {
        let Some((last, mut before)) = steps.split_last_mut() else {
            return;
        };
        last.targets = last.bootstrap;
        let mut next = &*last;
        while let Some((now, earlier)) = before.split_last_mut() {
            self.form_target(gamma, now, next);
            (next, before) = (now, earlier);
        }
    }

    /// `Y(t) = (1 - gamma) f + gamma ((1 - lambda) q(t+1) + lambda Y(t+1))`. The meta-reward is `f(x(t))` for V and
    /// `f(x(t+1))` for U.
    fn form_target(&self, gamma: &[S; 2], now: &mut Step<S, N, M>, next: &Step<S, N, M>) {
        let lambda = S::Real::round(self.settings.lambda);
        let reward = if self.settings.field.is_correction() {
            next.value
        } else {
            now.value
        };
        for i in 0..2 {
            now.targets[i] = next.targets[i];
            lambda_return::step(reward[i], &next.bootstrap[i], gamma[i], lambda, &mut now.targets[i]);
        }
    }

    /// Adds the gradient of `weight D(q(x(t)), Y(t))`, summed over steps and players.
    fn add_gradients(
        &self,
        gamma: &[S; 2],
        steps: &mut [Step<S, N, M>],
        tapes: &mut [[Tape<S, N, H, R>; P]],
        learning: &mut Learning<S, M>,
        gradients: &mut [Parameters<S::Lane, N, H, R, M>; P],
    ) {
        let kept = tapes.len() >= steps.len();
        let k = steps.len().saturating_sub(1);
        for (t, step) in steps.iter_mut().enumerate() {
            let Some(tape) = tapes.get_mut(if kept { t } else { 0 }) else {
                return;
            };
            if !kept {
                self.theta.forward(self.kernels, &step.x, gamma, tape);
            }
            self.add_gradient(gamma, t == k, step, tape, learning, gradients);
        }
    }

    /// Adds the gradient of one step, the steps in order; of the last, that of the other steps' targets.
    fn add_gradient(
        &self,
        gamma: &[S; 2],
        is_last: bool,
        step: &mut Step<S, N, M>,
        tape: &[Tape<S, N, H, R>; P],
        learning: &mut Learning<S, M>,
        gradients: &mut [Parameters<S::Lane, N, H, R, M>; P],
    ) {
        let Settings { lambda, phi, .. } = *self.settings;
        let (lambda, phi) = (S::Real::round(lambda), S::Real::round(phi));
        let residual = self.is_residual();
        let Learning {
            weight,
            loss,
            dy,
            through,
        } = learning;
        for i in 0..2 {
            let mut dq = [S::ZERO; M];
            let mut dtarget = [S::ZERO; M];
            if !is_last {
                let (q, y) = (&step.quantiles[i], &step.targets[i]);
                *loss += weight[i] * self.kernels.quantile_huber(q, y, &mut dq);
                if residual {
                    quantile_huber::gradient_by_targets(q, y, &mut dtarget);
                }
            }
            for m in 0..M {
                step.quantiles[i][m] = weight[i] * dq[m] + through[i][m];
                // Y(k) is q(k) itself.
                if is_last {
                    step.quantiles[i][m] += dy[i][m];
                }
                dy[i][m] += weight[i] * dtarget[m].scale(phi);
            }
            through[i] = [S::ZERO; M];
            if residual {
                lambda_return::vjp(gamma[i], lambda, &mut dy[i], &mut through[i]);
            }
        }
        if !is_last || residual {
            self.theta
                .vjp_parameters(self.kernels, tape, &step.quantiles, gradients);
        }
    }

    /// The same as rolling out, forming targets and adding gradients one after the other, where a target needs no more
    /// than the next step's prediction: a step is learned from as soon as the next one has been predicted, so that two
    /// tapes, which stay in the processor's cache, are all that is kept.
    fn learn_step_by_step<E: Estimator<S, N> + ?Sized>(
        &self,
        world: &mut World<'_, '_, '_, S, E, N>,
        group: &Trajectory<S, N, H>,
        steps: &mut [Step<S, N, M>],
        [mut tape, mut next_tape]: [&mut [Tape<S, N, H, R>; P]; 2],
        learning: &mut Learning<S, M>,
        gradients: &mut [Parameters<S::Lane, N, H, R, M>; P],
    ) {
        let gamma = &group.gamma;
        let mut x = group.x;
        let (mut now, mut after) = match steps {
            [] => return,
            [last] => return self.arrive(world.game, gamma, &x, last, Some(tape)),
            [first, after @ ..] => (first, after),
        };
        self.pass(world, gamma, &mut x, now, tape);
        while let Some((next, later)) = after.split_first_mut() {
            if later.is_empty() {
                self.arrive(world.game, gamma, &x, next, Some(next_tape));
            } else {
                self.pass(world, gamma, &mut x, next, next_tape);
            }
            next.targets = next.bootstrap;
            self.form_target(gamma, now, next);
            self.add_gradient(gamma, false, now, tape, learning, gradients);
            (now, after) = (next, later);
            (tape, next_tape) = (next_tape, tape);
        }
        self.add_gradient(gamma, true, now, tape, learning, gradients);
    }

    /// Whether gradients also flow through the targets.
    fn is_residual(&self) -> bool {
        self.settings.bootstrap == Bootstrap::Residual && self.settings.rho.is_none()
    }
}

/// What the backward passes of a group carry from step to step.
struct Learning<S, const M: usize> {
    /// The weight of each trajectory's loss, by player: 0 for one that does not learn.
    weight: [S; 2],
    /// The loss so far.
    loss: S,
    /// What flows through the targets into later predictions: the adjoint of `Y(t)`,
    dy: [[S; M]; 2],
    /// and of `q(t)`.
    through: [[S; M]; 2],
}

impl<S: Scalar, const M: usize> Learning<S, M> {
    fn new(weight: [S; 2]) -> Self {
        Learning {
            weight,
            loss: S::ZERO,
            dy: [[S::ZERO; M]; 2],
            through: [[S::ZERO; M]; 2],
        }
    }
}

/// `theta` by AdamW, then `theta_bar <- theta_bar + (1 - rho) (theta - theta_bar)`.
pub fn descend<T: Real, const N: usize, const H: usize, const R: usize, const M: usize>(
    settings: &Settings,
    state: &mut State<T, N, H, R, M>,
    gradient: &Parameters<T, N, H, R, M>,
) {
    let State {
        theta,
        target,
        m,
        v,
        updates,
    } = state;
    *updates += 1;
    // One tensor after the other: a list of all of them would take stack.
    for tensor in 0..Parameters::<T, N, H, R, M>::TENSORS {
        let (theta, target, gradient) = (
            theta.values_mut(tensor),
            target.values_mut(tensor),
            gradient.values(tensor),
        );
        let (m, v) = (m.values_mut(tensor), v.values_mut(tensor));
        settings.optimizer.step(*updates, gradient, theta, m, v);
        match settings.rho {
            Some(rho) => target_network::step(rho, theta, target),
            None => parameters::copy(theta, target),
        }
    }
}

/// `x <- x + alpha direction`, for both players.
#[inline]
fn step_along<S: Scalar, const N: usize>(x: &mut [[S; N]; 2], alpha: f64, directions: &[[S; N]; 2]) {
    for i in 0..2 {
        for n in 0..N {
            x[i][n].add_scaled(S::Real::round(alpha), &directions[i][n]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use crate::adamw::AdamW;
    use crate::game::{Game, Logistic};
    use crate::kernels::Portable;
    use crate::learner::meta_value::Field;
    use crate::meta_value::{Architecture, Input};
    use crate::random::{Purpose, Stream};
    use core::array::{from_mut, from_ref};

    pub(super) const SETTINGS: Settings = Settings {
        architecture: Architecture {
            input: Input::Tenth,
            last_activation: Activation::Tanh,
        },
        field: Field::V,
        exploration: Exploration::None,
        bootstrap: Bootstrap::SemiGradient,
        phi: 1.0,
        alpha: 2.0,
        lambda: 0.5,
        rho: None,
        optimizer: AdamW {
            eta: 1e-3,
            beta1: 0.9,
            beta2: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.0,
        },
    };
    const START: Trajectory<f64, 1, 8> = Trajectory {
        x: [[2.0], [-1.0]],
        exploration_gamma: [0.5, 0.75],
        gamma: [0.5, 0.75],
        ..Trajectory::ZERO
    };
    type Small = Parameters<f64, 1, 8, 1, 4>;
    type Steps = [Step<f64, 1, 4>; 5];

    fn state() -> State<f64, 1, 8, 1, 4> {
        let mut state = State::ZERO;
        state.theta.initialize(&mut Stream::new(0, Purpose::Parameters, 0));
        state.target.initialize(&mut Stream::new(1, Purpose::Parameters, 0));
        state
    }

    type Learned = (f64, Trajectory<f64, 1, 8>, Steps, Small);

    fn learned(settings: &Settings, start: Trajectory<f64, 1, 8>) -> Learned {
        learned_with::<5>(settings, start)
    }

    fn learned_with<const TAPES: usize>(settings: &Settings, start: Trajectory<f64, 1, 8>) -> Learned {
        let (state, mut group, mut steps, mut gradient) = (state(), start, [Step::ZERO; 5], Small::ZERO);
        let mut tapes = [[Tape::ZERO]; TAPES];
        let algorithm1 = Algorithm1::new(&Portable, settings, from_ref(&state));
        let gradients = from_mut(&mut gradient);
        let rollout = &mut Rollout {
            steps: &mut steps,
            tapes: &mut tapes,
        };
        let loss = algorithm1.learn(&mut Logistic, &mut group, 0.125, rollout, gradients);
        (loss, group, steps, gradient)
    }

    /// Fewer tapes cost time, not bits: where targets need the next prediction alone, one tape follows the same path as
    /// two, which are used by turns.
    #[test]
    fn tapes_do_not_change_the_result() {
        for lambda in [0.0, 0.5] {
            for rho in [None, Some(0.5)] {
                for bootstrap in [Bootstrap::SemiGradient, Bootstrap::Residual] {
                    for field in [Field::V, Field::U] {
                        let settings = Settings {
                            lambda,
                            rho,
                            bootstrap,
                            field,
                            ..SETTINGS
                        };
                        let all = learned_with::<5>(&settings, START);
                        assert_ne!(all.3, Small::ZERO);
                        let [one, two, six] = [learned_with::<1>, learned_with::<2>, learned_with::<6>]
                            .map(|learned| learned(&settings, START));
                        for (count, some) in [(1, one), (2, two), (6, six)] {
                            assert!(some == all, "{count} tapes with {settings:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn shares_make_means() {
        assert_eq!(share(8.0_f64, 6), Some(1.0 / (8.0 * 5.0 * 2.0)));
        for (trajectories, steps) in [(0.0_f64, 6), (8.0, 1), (8.0, 0), (-1.0, 6), (f64::NAN, 6)] {
            assert_eq!(share(trajectories, steps), None);
        }
    }

    /// A rollout follows the field from the trajectory's current position and records the game's returns; the next one
    /// starts where it ended.
    #[test]
    fn rollouts_follow_the_field() {
        let (_, group, steps, _) = learned(&SETTINGS, START);
        let state = state();
        let theta = Networks::new([&state.theta], SETTINGS.architecture);
        assert_eq!(steps[0].x, START.x);
        for pair in steps.windows(2) {
            let mut tapes = [Tape::ZERO];
            theta.forward(&Portable, &pair[0].x, &START.gamma, &mut tapes);
            for player in Player::BOTH {
                let i = player.index();
                let [slope] = theta.own_gradient(&Portable, player, None, &tapes);
                assert_eq!(pair[1].x[i][0], pair[0].x[i][0] + 2.0 * slope);
            }
            assert_eq!(pair[1].value, Logistic.value(&pair[1].x));
        }
        assert_eq!(group.x, steps[4].x);
    }

    /// With no sign flipped and the rollout's discounts, exploration follows the path of a rollout of V, and the
    /// rollout then branches off there.
    #[test]
    fn exploring_without_flips_is_rolling_out() {
        let exploring = Settings {
            exploration: Exploration::SignFlips,
            ..SETTINGS
        };
        let (_, rolled, ..) = learned(&SETTINGS, START);
        let (_, explored, steps, _) = learned(&exploring, START);
        assert_eq!((explored.x, steps[0].x), (rolled.x, rolled.x));
        let flipped = Trajectory {
            mask: [[-1.0; 8], [1.0; 8]],
            ..START
        };
        assert_ne!(learned(&exploring, flipped).1.x, rolled.x);
    }

    /// Targets are the lambda-returns of the rewards and of the predictions that they are based on: the network's own,
    /// or a target network's.
    #[test]
    fn targets_are_lambda_returns() {
        for rho in [None, Some(0.5)] {
            let (_, _, steps, _) = learned(&Settings { rho, ..SETTINGS }, START);
            assert_eq!(steps[4].targets, steps[4].bootstrap);
            for pair in steps.windows(2) {
                for i in 0..2 {
                    let mut y = pair[1].targets[i];
                    lambda_return::step(pair[0].value[i], &pair[1].bootstrap[i], START.gamma[i], 0.5, &mut y);
                    assert_eq!(pair[0].targets[i], y);
                }
            }
        }
    }

    /// Loss and gradient are proportional to a trajectory's weight: with weight 0, nothing is learned from it.
    #[test]
    fn weights_weigh() {
        let weighted = |weight| learned(&SETTINGS, Trajectory { weight, ..START });
        let ((loss, .., gradient), (half, .., half_gradient)) = (weighted(1.0), weighted(0.5));
        assert!(loss > 0.0);
        assert_eq!(half, loss / 2.0);
        for (tensor, whole, half) in gradient.zip(&half_gradient) {
            assert!(
                whole.iter().zip(half).all(|(whole, half)| *half == whole / 2.0),
                "{tensor}"
            );
        }
        let (nothing, .., zero) = weighted(0.0);
        assert!(nothing == 0.0 && zero.numbers().all(|d| *d == 0.0));
    }

    /// A step of descent counts itself, moves the parameters, and moves the target network after them: fully without
    /// inertia, otherwise by the fraction that inertia leaves.
    #[test]
    fn descent_leads_the_target_network() {
        let gradient = learned(&SETTINGS, START).3;
        for rho in [None, Some(0.75)] {
            let before = state();
            let mut after = before;
            descend(&Settings { rho, ..SETTINGS }, &mut after, &gradient);
            assert_eq!(after.updates, 1);
            assert_ne!(after.theta, before.theta);
            for ((target, old), theta) in after
                .target
                .numbers()
                .zip(before.target.numbers())
                .zip(after.theta.numbers())
            {
                let expected = match rho {
                    None => *theta,
                    Some(_) => old + 0.25 * (theta - old),
                };
                assert_eq!(*target, expected);
            }
        }
    }

    /// The gradients of two players with a copy each of one network add up to that of the shared network.
    #[test]
    fn copies_learn_what_a_shared_network_learns() {
        let (shared_loss, shared_group, _, shared) = learned(&SETTINGS, START);
        let (states, mut group, mut gradients) = ([state(); 2], START, [Small::ZERO; 2]);
        let mut steps = [Step::ZERO; 5];
        let algorithm1 = Algorithm1::new(&Portable, &SETTINGS, &states);
        let mut tapes = [[Tape::ZERO; 2]; 5];
        let rollout = &mut Rollout {
            steps: &mut steps,
            tapes: &mut tapes,
        };
        let loss = algorithm1.learn(&mut Logistic, &mut group, 0.125, rollout, &mut gradients);
        assert_eq!((loss, group), (shared_loss, shared_group));
        for ((tensor, zero, one), shared) in gradients[0].zip(&gradients[1]).zip(shared.slices()) {
            let close = |m: usize| (zero[m] + one[m] - shared[m]).abs() <= 1e-12 * shared[m].abs().max(1e-3);
            assert!((0..shared.len()).all(close), "{tensor}");
        }
    }
}
