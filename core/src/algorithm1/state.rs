//! What an update reads and writes: trajectories, the steps of a rollout, and training states.

use crate::meta_value::Tape;
use crate::parameters::Parameters;
use crate::random::Stream;
use crate::scalar::{Real, Scalar};

/// A group's trajectory and the draws that belong to it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Trajectory<S, const N: usize, const H: usize> {
    /// The joint policy that the trajectory has reached: `x~`.
    pub x: [[S; N]; 2],
    /// Each player's discount during exploration: `gamma~`.
    pub exploration_gamma: [S; 2],
    /// The signs of each player's last hidden units during exploration: `theta~`.
    pub mask: [[S; H]; 2],
    /// Each player's discount in the next rollout: `gamma`.
    pub gamma: [S; 2],
    /// The weight of each trajectory's loss: 1 for a trajectory, 0 for a lane that only pads its group.
    pub weight: S,
}

impl<S: Scalar, const N: usize, const H: usize> Trajectory<S, N, H> {
    /// At the origin, without look-ahead or flips, with weight 1.
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
pub struct Step<S, const N: usize, const M: usize> {
    /// The joint policy `x(t)`.
    pub x: [[S; N]; 2],
    /// The returns `f(x(t))`.
    pub value: [S; 2],
    /// The predictions `q(x(t); theta)`; after learning, their adjoints.
    pub quantiles: [[S; M]; 2],
    /// The predictions that targets are based on, `q(x(t); theta_bar)`.
    pub bootstrap: [[S; M]; 2],
    /// The targets `Y(t)`.
    pub targets: [[S; M]; 2],
}

impl<S: Scalar, const N: usize, const M: usize> Step<S, N, M> {
    /// An empty step.
    pub const ZERO: Self = Step {
        x: [[S::ZERO; N]; 2],
        value: [S::ZERO; 2],
        quantiles: [[S::ZERO; M]; 2],
        bootstrap: [[S::ZERO; M]; 2],
        targets: [[S::ZERO; M]; 2],
    };
}

/// The memory of a rollout.
#[derive(Debug, PartialEq)]
pub struct Rollout<'a, S, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize> {
    /// `k + 1` steps.
    pub steps: &'a mut [Step<S, N, M>],
    /// At least one tape for each network. At best there are [`Settings::tapes`](super::Settings::tapes); with fewer,
    /// predictions are computed again for their backward pass, which does not change the result.
    pub tapes: &'a mut [[Tape<S, N, H, R>; P]],
}

/// The state of training for one network, with its optimiser's moments.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct State<T, const N: usize, const H: usize, const R: usize, const M: usize> {
    /// The parameters.
    pub theta: Parameters<T, N, H, R, M>,
    /// The target network's parameters, `theta_bar`; equal to `theta` if there is no target network.
    pub target: Parameters<T, N, H, R, M>,
    /// First moments.
    pub m: Parameters<T, N, H, R, M>,
    /// Second moments.
    pub v: Parameters<T, N, H, R, M>,
    /// Updates so far.
    pub updates: u32,
}

impl<T: Real, const N: usize, const H: usize, const R: usize, const M: usize> State<T, N, H, R, M> {
    /// All zeros, to be initialised or loaded.
    pub const ZERO: Self = State {
        theta: Parameters::ZERO,
        target: Parameters::ZERO,
        m: Parameters::ZERO,
        v: Parameters::ZERO,
        updates: 0,
    };

    /// Draws initial parameters, sets the target network to them, and resets the moments and the count of updates.
    pub fn initialize(&mut self, stream: &mut Stream) {
        let State {
            theta,
            target,
            m,
            v,
            updates,
        } = self;
        theta.initialize(stream);
        target.copy_from(theta);
        m.clear();
        v.clear();
        *updates = 0;
    }

    /// Copies `other`, number by number.
    pub fn copy_from(&mut self, other: &Self) {
        self.theta.copy_from(&other.theta);
        self.target.copy_from(&other.target);
        self.m.copy_from(&other.m);
        self.v.copy_from(&other.v);
        self.updates = other.updates;
    }
}
