//! Algorithm 1, meta-value learning, top to bottom as on the paper's page (appendix C).
//!
//! One *update* explores for `k` steps, rolls out `k` steps on policy, forms the targets and descends the loss; an outer
//! iteration of the paper is `T / k` updates that share their starts, their exploration discounts and their sign flips.
//! The players share a network (`P = 1`), or each has one of its own (`P = 2`), as asymmetric games need: a shared network
//! cannot tell who it plays for. Trajectories come in *groups*: one trajectory per group for a plain scalar, `W` for lanes.
//! Groups are independent until their gradients are added, in the order of the groups.
//!
//! Nothing is drawn here and nothing is allocated: draws and memory are handed in.

use crate::adamw::AdamW;
use crate::game::Estimator;
use crate::kernels::Kernels;
use crate::learner::meta_value::Field;
use crate::meta_value::{Architecture, Heads, MetaValue, Tape};
use crate::parameters::{self, Parameters};
use crate::player::Player;
use crate::scalar::{Real, Scalar};
use crate::{lambda_return, quantile_huber, target_network};

/// Where the gradient of the loss flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Bootstrap {
    /// Targets are constants.
    SemiGradient,
    /// Targets are differentiated by the parameters that predict them, and [`Settings::phi`] of that gradient is followed
    /// (Baird, 1995); needs a model without target network.
    Residual,
}

/// How starts for the rollouts are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Exploration {
    /// A rollout starts where the trajectory is, and the next one where it ended.
    None,
    /// The trajectory follows the network's gradient alone with the signs of its last hidden units flipped by a mask
    /// (section 4.3, footnote 2); rollouts branch off it.
    SignFlips,
}

/// What an update does, apart from its sizes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The network's input and last activation.
    pub architecture: Architecture,
    /// What the network models and agents follow.
    pub field: Field,
    /// How starts for the rollouts are found.
    pub exploration: Exploration,
    /// Where the gradient of the loss flows.
    pub bootstrap: Bootstrap,
    /// `phi` in [0, 1], with [`Bootstrap::Residual`]: how much of what flows through the targets counts. 1 is the gradient of
    /// the loss, 0 the semi-gradient.
    pub phi: f64,
    /// `alpha`, the agents' learning rate.
    pub alpha: f64,
    /// `lambda` in [0, 1]: how much of a target is observed rather than predicted.
    pub lambda: f64,
    /// `rho` in [0, 1): inertia of the target network; none: targets are predicted by `theta` itself.
    pub rho: Option<f64>,
    /// The optimiser.
    pub optimizer: AdamW,
}

/// A group's trajectory and the draws that belong to it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Trajectory<S, const N: usize, const H: usize> {
    /// The joint policy that the trajectory has reached: `x~`.
    pub x: [[S; N]; 2],
    /// Each player's discount while exploring: `gamma~`.
    pub exploration_gamma: [S; 2],
    /// Signs of each player's last hidden units while exploring: `theta~`.
    pub mask: [[S; H]; 2],
    /// Each player's discount in the next rollout: `gamma`.
    pub gamma: [S; 2],
    /// The weight of each trajectory's loss: 1 for a trajectory, 0 for a lane that only fills its group.
    pub weight: S,
}

impl<S: Scalar, const N: usize, const H: usize> Trajectory<S, N, H> {
    /// At the origin, without look-ahead or flips, of weight 1.
    pub const ZERO: Self = Trajectory {
        x: [[S::ZERO; N]; 2],
        exploration_gamma: [S::ZERO; 2],
        mask: [[S::ONE; H]; 2],
        gamma: [S::ZERO; 2],
        weight: S::ONE,
    };
}

/// A step of a rollout.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Step<S, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize = 1> {
    /// The joint policy `x(t)`.
    pub x: [[S; N]; 2],
    /// The returns `f(x(t))`.
    pub value: [S; 2],
    /// The predictions `q(x(t); theta)`; after learning, their adjoints.
    pub quantiles: [[S; M]; 2],
    /// The predictions that targets rest on, `q(x(t); theta_bar)`.
    pub bootstrap: [[S; M]; 2],
    /// The targets `Y(t)`.
    pub targets: [[S; M]; 2],
    tapes: [Tape<S, N, H, R>; P],
}

impl<S: Scalar, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize> Step<S, N, H, R, M, P> {
    /// An empty step.
    pub const ZERO: Self = Step {
        x: [[S::ZERO; N]; 2],
        value: [S::ZERO; 2],
        quantiles: [[S::ZERO; M]; 2],
        bootstrap: [[S::ZERO; M]; 2],
        targets: [[S::ZERO; M]; 2],
        tapes: [Tape::ZERO; P],
    };
}

/// What a network has learned, and its optimiser's memory.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct State<T, const N: usize, const H: usize, const R: usize, const M: usize> {
    /// The parameters.
    pub theta: Parameters<T, N, H, R, M>,
    /// The target network's parameters, `theta_bar`; equal to `theta` without one.
    pub target: Parameters<T, N, H, R, M>,
    /// First moments.
    pub m: Parameters<T, N, H, R, M>,
    /// Second moments.
    pub v: Parameters<T, N, H, R, M>,
    /// Updates so far.
    pub updates: u32,
}

impl<T: Real, const N: usize, const H: usize, const R: usize, const M: usize> State<T, N, H, R, M> {
    /// Everything zero: to be initialised or loaded.
    pub const ZERO: Self = State {
        theta: Parameters::ZERO,
        target: Parameters::ZERO,
        m: Parameters::ZERO,
        v: Parameters::ZERO,
        updates: 0,
    };

    /// Copies `other`, number by number.
    pub fn copy_from(&mut self, other: &Self) {
        self.theta.copy_from(&other.theta);
        self.target.copy_from(&other.target);
        self.m.copy_from(&other.m);
        self.v.copy_from(&other.v);
        self.updates = other.updates;
    }
}

/// One update of the networks from all groups, one after the other. Returns the loss: the mean of `D` over the batch, steps
/// and players.
///
/// There are as many `states` and `gradients` as networks: one for both players, or one each. `steps` has `k + 1` elements,
/// `gradients` is scratch; `game` is a reference to a game, or another [`Estimator`] of its returns. With no more than one step, or weights that sum to zero, there is
/// nothing to learn from and nothing changes.
///
/// ```
/// use core::array::from_mut;
/// use meva_core::{activation::Activation, adamw::AdamW, algorithm1::*, game::Logistic, kernels::Portable};
/// use meva_core::{learner::meta_value::Field, meta_value::{Architecture, Input}, parameters::Parameters, random::*};
/// let settings = Settings {
///     architecture: Architecture { input: Input::Tenth, last_activation: Activation::Gelu },
///     field: Field::V, exploration: Exploration::None, bootstrap: Bootstrap::SemiGradient, phi: 1.0,
///     alpha: 1.0, lambda: 0.0, rho: None,
///     optimizer: AdamW { eta: 1e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.0 },
/// };
/// let mut state = State::<f64, 1, 8, 1, 4>::ZERO;
/// state.theta.initialize(&mut Stream::new(0, Purpose::Parameters, 0));
/// let (mut steps, mut gradient) = ([Step::ZERO; 6], Parameters::ZERO);
/// let mut losses = [0.0; 300];
/// for loss in &mut losses {
///     let mut batch = [Trajectory { x: [[2.0], [-1.0]], gamma: [0.5; 2], ..Trajectory::ZERO }];
///     let (state, gradient) = (from_mut(&mut state), from_mut(&mut gradient));
///     *loss = update(&Portable, &mut &Logistic, &settings, state, &mut batch, &mut steps, gradient);
/// }
/// assert!(losses[299] < losses[0] / 10.0);
/// ```
pub fn update<S, E, K, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize>(
    kernels: &K,
    game: &mut E,
    settings: &Settings,
    states: &mut [State<S::Real, N, H, R, M>; P],
    groups: &mut [Trajectory<S, N, H>],
    steps: &mut [Step<S, N, H, R, M, P>],
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
    let Some(share) = share::<S::Real>(trajectories, steps.len()) else {
        return S::Real::ZERO;
    };
    let (theta, target) = networks(settings, states);
    for gradient in gradients.iter_mut() {
        gradient.clear();
    }
    let mut loss = S::Real::ZERO;
    for group in groups {
        loss += learn(
            kernels,
            game,
            settings,
            &theta,
            target.as_ref(),
            group,
            share,
            steps,
            gradients,
        );
    }
    for (state, gradient) in states.iter_mut().zip(gradients) {
        descend(settings, state, gradient);
    }
    loss
}

/// Networks as the passes read them, by network.
pub type Networks<'a, T, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize> =
    [MetaValue<'a, T, N, H, R, M>; P];

/// The networks that predict, and those that targets rest on where there are target networks.
pub fn networks<'a, T: Real, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize>(
    settings: &Settings,
    states: &'a [State<T, N, H, R, M>; P],
) -> (Networks<'a, T, N, H, R, M, P>, Option<Networks<'a, T, N, H, R, M, P>>) {
    let view = |parameters| MetaValue::new(parameters, settings.architecture);
    let theta = states.each_ref().map(|state| view(&state.theta));
    let target = settings.rho.map(|_| states.each_ref().map(|state| view(&state.target)));
    (theta, target)
}

/// Whom network `n` of `P` predicts for.
const fn heads<const P: usize>(n: usize) -> Heads {
    match (P, n) {
        (1, _) => Heads::Both,
        (_, 0) => Heads::Only(Player::Zero),
        _ => Heads::Only(Player::One),
    }
}

/// The network of `P` that predicts for a player.
const fn network_of<const P: usize>(player: Player) -> usize {
    if P == 1 { 0 } else { player.index() }
}

/// The factor that makes a mean over trajectories, steps and players of a sum; none if there is nothing to average.
pub fn share<T: Real>(trajectories: T, steps: usize) -> Option<T> {
    let terms = 2.0 * steps.saturating_sub(1) as f64 * trajectories.to_f64();
    (terms > 0.0).then(|| T::round(1.0 / terms))
}

/// What one group contributes to an update: explores, rolls out, forms targets, and adds the gradient of the loss. Returns
/// the group's part of the loss.
#[allow(clippy::too_many_arguments)]
pub fn learn<S, E, K, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize>(
    kernels: &K,
    game: &mut E,
    settings: &Settings,
    theta: &Networks<S::Real, N, H, R, M, P>,
    target: Option<&Networks<S::Real, N, H, R, M, P>>,
    group: &mut Trajectory<S, N, H>,
    share: S::Real,
    steps: &mut [Step<S, N, H, R, M, P>],
    gradients: &mut [Parameters<S::Lane, N, H, R, M>; P],
) -> S::Lane
where
    S: Scalar,
    E: Estimator<S, N> + ?Sized,
    K: Kernels<S>,
{
    const { assert!(P == 1 || P == 2, "players share a network or have one each") };
    if settings.exploration == Exploration::SignFlips {
        explore(kernels, settings, theta, group, steps);
    }
    roll_out(kernels, game, settings, theta, group, target.is_some(), steps);
    if settings.exploration == Exploration::None
        && let Some(last) = steps.last()
    {
        group.x = last.x;
    }
    bootstrap(kernels, target, &group.gamma, steps);
    form_targets(settings, &group.gamma, steps);
    let weight = group.weight.scale(share);
    add_gradient(kernels, settings, theta, &group.gamma, weight, steps, gradients)
}

/// `x~ <- x~ + alpha d U_mean(x~; theta~, gamma~)`, `k` times.
fn explore<S, K, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize>(
    kernels: &K,
    settings: &Settings,
    theta: &Networks<S::Real, N, H, R, M, P>,
    group: &mut Trajectory<S, N, H>,
    steps: &mut [Step<S, N, H, R, M, P>],
) where
    S: Scalar,
    K: Kernels<S>,
{
    let Some((Step { tapes, .. }, rest)) = steps.split_first_mut() else {
        return;
    };
    for _ in rest {
        for n in 0..P {
            theta[n].forward(
                kernels,
                &group.x,
                &group.exploration_gamma,
                heads::<P>(n),
                &mut tapes[n],
            );
        }
        for player in Player::BOTH {
            let (i, n) = (player.index(), network_of::<P>(player));
            let direction = theta[n].own_gradient(kernels, player, Some(&group.mask[i]), &tapes[n]);
            step_along(&mut group.x[i], settings.alpha, &direction);
        }
    }
}

/// `x(t+1) = x(t) + alpha field(x(t); theta, gamma)` from `x(0) = x~`; every step's predictions are kept, but for those of the
/// last where `only_before`: with a target network nothing rests on them.
fn roll_out<S, E, K, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize>(
    kernels: &K,
    game: &mut E,
    settings: &Settings,
    theta: &Networks<S::Real, N, H, R, M, P>,
    group: &Trajectory<S, N, H>,
    only_before: bool,
    steps: &mut [Step<S, N, H, R, M, P>],
) where
    S: Scalar,
    E: Estimator<S, N> + ?Sized,
    K: Kernels<S>,
{
    let predict = |x: &[[S; N]; 2], step: &mut Step<S, N, H, R, M, P>| {
        for n in 0..P {
            theta[n].forward(kernels, x, &group.gamma, heads::<P>(n), &mut step.tapes[n]);
        }
        for player in Player::BOTH {
            let (i, n) = (player.index(), network_of::<P>(player));
            theta[n].quantiles(kernels, player, &step.tapes[n], &mut step.quantiles[i]);
        }
    };
    let Some((last, before)) = steps.split_last_mut() else {
        return;
    };
    let mut x = group.x;
    for step in before {
        step.x = x;
        let naive = if settings.field.is_correction() {
            let (value, own_gradients) = game.estimate(&x);
            step.value = value;
            own_gradients
        } else {
            step.value = game.estimate_value(&x);
            [[S::ZERO; N]; 2]
        };
        predict(&x, step);
        for player in Player::BOTH {
            let (i, n) = (player.index(), network_of::<P>(player));
            let network = theta[n].own_gradient(kernels, player, None, &step.tapes[n]);
            let direction = settings.field.direction(&naive[i], &network, group.gamma[i]);
            step_along(&mut x[i], settings.alpha, &direction);
        }
    }
    last.x = x;
    last.value = game.estimate_value(&x);
    if !only_before {
        predict(&x, last);
    }
}

/// The predictions that targets rest on: the target network's, or else those made already.
fn bootstrap<S, K, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize>(
    kernels: &K,
    target: Option<&Networks<S::Real, N, H, R, M, P>>,
    gamma: &[S; 2],
    steps: &mut [Step<S, N, H, R, M, P>],
) where
    S: Scalar,
    K: Kernels<S>,
{
    let Some(target) = target else {
        for step in steps {
            step.bootstrap = step.quantiles;
        }
        return;
    };
    let Some((last, before)) = steps.split_last_mut() else {
        return;
    };
    let predict = |x: &[[S; N]; 2], tapes: &mut [Tape<S, N, H, R>; P]| {
        for n in 0..P {
            target[n].forward(kernels, x, gamma, heads::<P>(n), &mut tapes[n]);
        }
        let mut quantiles = [[S::ZERO; M]; 2];
        for player in Player::BOTH {
            let n = network_of::<P>(player);
            target[n].quantiles(kernels, player, &tapes[n], &mut quantiles[player.index()]);
        }
        quantiles
    };
    // Nothing rests on the first prediction. All tapes but the last are still needed for the passes back.
    for step in before.iter_mut().skip(1) {
        step.bootstrap = predict(&step.x, &mut last.tapes);
    }
    if !before.is_empty() {
        last.bootstrap = predict(&last.x, &mut last.tapes);
    }
}

/// `Y(t) = (1 - gamma) f + gamma ((1 - lambda) q(t+1) + lambda Y(t+1))` from `Y(k) = q(k)`, backwards. The meta-reward is
/// `f(x(t))` for V and `f(x(t+1))` for U.
fn form_targets<S, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize>(
    settings: &Settings,
    gamma: &[S; 2],
    steps: &mut [Step<S, N, H, R, M, P>],
) where
    S: Scalar,
{
    let lambda = S::Real::round(settings.lambda);
    let Some((last, mut before)) = steps.split_last_mut() else {
        return;
    };
    last.targets = last.bootstrap;
    let mut next = &*last;
    while let Some((now, earlier)) = before.split_last_mut() {
        let reward = if settings.field.is_correction() {
            next.value
        } else {
            now.value
        };
        for i in 0..2 {
            now.targets[i] = next.targets[i];
            lambda_return::step(reward[i], &next.bootstrap[i], gamma[i], lambda, &mut now.targets[i]);
        }
        (next, before) = (now, earlier);
    }
}

/// Adds the gradient of `weight D(q(x(t)), Y(t))`, summed over steps and players. Returns the sum.
fn add_gradient<S, K, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize>(
    kernels: &K,
    settings: &Settings,
    theta: &Networks<S::Real, N, H, R, M, P>,
    gamma: &[S; 2],
    weight: S,
    steps: &mut [Step<S, N, H, R, M, P>],
    gradients: &mut [Parameters<S::Lane, N, H, R, M>; P],
) -> S::Lane
where
    S: Scalar,
    K: Kernels<S>,
{
    let (lambda, phi) = (S::Real::round(settings.lambda), S::Real::round(settings.phi));
    let residual = settings.bootstrap == Bootstrap::Residual && settings.rho.is_none();
    let mut loss = S::ZERO;
    // What flows through the targets into later predictions: the adjoints of Y(t) and of q(t).
    let (mut dy, mut through) = ([[S::ZERO; M]; 2], [[S::ZERO; M]; 2]);
    let k = steps.len().saturating_sub(1);
    for (index, step) in steps.iter_mut().enumerate() {
        for i in 0..2 {
            let mut dq = [S::ZERO; M];
            let mut dtarget = [S::ZERO; M];
            if index < k {
                loss += weight * kernels.quantile_huber(&step.quantiles[i], &step.targets[i], &mut dq);
                if residual {
                    quantile_huber::gradient_by_targets(&step.quantiles[i], &step.targets[i], &mut dtarget);
                }
            }
            for m in 0..M {
                step.quantiles[i][m] = weight * dq[m] + through[i][m];
                // Y(k) is q(k) itself.
                if index == k {
                    step.quantiles[i][m] += dy[i][m];
                }
                dy[i][m] += weight * dtarget[m].scale(phi);
            }
            through[i] = [S::ZERO; M];
            if residual {
                lambda_return::vjp(gamma[i], lambda, &mut dy[i], &mut through[i]);
            }
        }
        if index < k || residual {
            for n in 0..P {
                theta[n].vjp_parameters(
                    kernels,
                    heads::<P>(n),
                    &step.tapes[n],
                    &step.quantiles,
                    &mut gradients[n],
                );
            }
        }
    }
    loss.sum_lanes()
}

/// `theta` by AdamW, then `theta_bar <- theta_bar + (1 - rho) (theta - theta_bar)`.
pub fn descend<T: Real, const N: usize, const H: usize, const R: usize, const M: usize>(
    settings: &Settings,
    state: &mut State<T, N, H, R, M>,
    gradient: &Parameters<T, N, H, R, M>,
) {
    state.updates += 1;
    for index in 0..Parameters::<T, N, H, R, M>::TENSORS {
        let theta = state.theta.values_mut(index);
        settings.optimizer.step(
            state.updates,
            gradient.values(index),
            theta,
            state.m.values_mut(index),
            state.v.values_mut(index),
        );
        match settings.rho {
            Some(rho) => target_network::step(rho, theta, state.target.values_mut(index)),
            None => parameters::copy(theta, state.target.values_mut(index)),
        }
    }
}

/// `x <- x + alpha direction`.
#[inline]
fn step_along<S: Scalar, const N: usize>(x: &mut [S; N], alpha: f64, direction: &[S; N]) {
    for n in 0..N {
        x[n].add_scaled(S::Real::round(alpha), &direction[n]);
    }
}
