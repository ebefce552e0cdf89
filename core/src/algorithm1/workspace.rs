//! The memory for training with sizes known at compile time.

use super::{Rollout, Settings, State, Step, Trajectory, update};
use crate::game::Estimator;
use crate::kernels::Kernels;
use crate::meta_value::Tape;
use crate::parameters::Parameters;
use crate::random::{Purpose, Stream};
use crate::scalar::Scalar;

/// All the memory that training needs besides the stack: `P` networks, rollouts of `STEPS = k + 1` steps, `TAPES`
/// records of forward passes, and a batch of `GROUPS` groups of trajectories.
///
/// Tapes are most of it. [`Settings::tapes`] says how many can be used: two for `lambda = 0` without a target network,
/// otherwise as many as there are steps. With fewer, down to one, training takes longer and has the same bits.
///
/// It is large and stays where its owner puts it: in a static or a box.
///
/// ```
/// use meva_core::{activation::Activation, adamw::AdamW, algorithm1::*, game::Logistic, kernels::Portable};
/// use meva_core::{learner::meta_value::Field, meta_value::{Architecture, Input}};
/// let settings = Settings {
///     architecture: Architecture { input: Input::Tenth, last_activation: Activation::Gelu },
///     field: Field::V, exploration: Exploration::None, bootstrap: Bootstrap::SemiGradient, phi: 1.0,
///     alpha: 1.0, lambda: 0.0, rho: None,
///     optimizer: AdamW { eta: 1e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.0 },
/// };
/// let mut workspace = Workspace::<f64, 1, 8, 1, 4, 6, 2, 1>::ZERO;
/// workspace.initialize(0);
/// let mut losses = [0.0; 300];
/// for loss in &mut losses {
///     workspace.groups = [Trajectory { x: [[2.0], [-1.0]], gamma: [0.5; 2], ..Trajectory::ZERO }];
///     *loss = workspace.update(&Portable, &mut Logistic, &settings);
/// }
/// assert!(losses[299] < losses[0] / 10.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)]
pub struct Workspace<
    S: Scalar,
    const N: usize,
    const H: usize,
    const R: usize,
    const M: usize,
    const STEPS: usize,
    const TAPES: usize,
    const GROUPS: usize,
    const P: usize = 1,
> {
    /// The training state, by network.
    pub states: [State<S::Real, N, H, R, M>; P],
    /// The gradients of the last update, by network.
    pub gradients: [Parameters<S::Real, N, H, R, M>; P],
    /// The batch: starts and draws, to be filled before each update.
    pub groups: [Trajectory<S, N, H>; GROUPS],
    /// The steps of the last rollout.
    pub steps: [Step<S, N, M>; STEPS],
    tapes: [[Tape<S, N, H, R>; P]; TAPES],
}

impl<
    S: Scalar,
    const N: usize,
    const H: usize,
    const R: usize,
    const M: usize,
    const STEPS: usize,
    const TAPES: usize,
    const GROUPS: usize,
    const P: usize,
> Workspace<S, N, H, R, M, STEPS, TAPES, GROUPS, P>
{
    /// All bits zero, so that a static takes no space in flash: networks have yet to be initialised, and trajectories
    /// have weight 0.
    pub const ZERO: Self = Workspace {
        states: [State::ZERO; P],
        gradients: [Parameters::ZERO; P],
        groups: [Trajectory {
            mask: [[S::ZERO; H]; 2],
            weight: S::ZERO,
            ..Trajectory::ZERO
        }; GROUPS],
        steps: [Step::ZERO; STEPS],
        tapes: [[Tape::ZERO; P]; TAPES],
    };

    /// Initialises the networks, each from a stream of its own derived from `seed`.
    pub fn initialize(&mut self, seed: u64) {
        for (n, state) in self.states.iter_mut().enumerate() {
            state.initialize(&mut Stream::new(seed, Purpose::Parameters, n as u64));
        }
    }

    /// One [`update`] from the groups. Returns the loss.
    pub fn update<E, K>(&mut self, kernels: &K, game: &mut E, settings: &Settings) -> S::Real
    where
        S: Scalar<Lane = <S as Scalar>::Real>,
        E: Estimator<S, N> + ?Sized,
        K: Kernels<S>,
    {
        let Workspace {
            states,
            gradients,
            groups,
            steps,
            tapes,
        } = self;
        update(
            kernels,
            game,
            settings,
            states,
            groups,
            &mut Rollout { steps, tapes },
            gradients,
        )
    }
}
