//! The networks that two players learn with: one that both share, or one each.
//!
//! `P = 1`: one `theta` predicts for both players, who differ in whose representation comes first. `P = 2`: each player
//! has its own `theta`, as asymmetric games need. Only this module knows which network predicts for whom; each
//! network's forward pass uses its own tape.

use crate::kernels::Kernels;
use crate::meta_value::{Architecture, MetaValue, Tape};
use crate::parameters::Parameters;
use crate::player::{Player, Players};
use crate::scalar::{Real, Scalar};

/// One network for both players (`P = 1`), or one for each (`P = 2`), ready for evaluation.
///
/// ```
/// use meva_core::{activation::Activation, kernels::Portable, meta_value::*, networks::Networks, random::*};
/// use meva_core::{parameters::Parameters, Player};
/// let mut theta = [Parameters::<f64, 1, 8, 1, 4>::ZERO; 2];
/// for (n, theta) in theta.iter_mut().enumerate() {
///     theta.initialize(&mut Stream::new(0, Purpose::Parameters, n as u64));
/// }
/// let architecture = Architecture { input: Input::Tenth, last_activation: Activation::Gelu };
/// let networks = Networks::new(theta.each_ref(), architecture);
/// let mut tapes = [Tape::ZERO; 2];
/// networks.forward(&Portable, &[[3.0], [-2.0]], &[0.9, 0.9], &mut tapes);
/// let slopes = Player::BOTH.map(|player| networks.own_gradient(&Portable, player, None, &tapes));
/// assert_ne!(slopes[0], slopes[1]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Networks<'a, T, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize> {
    each: [MetaValue<'a, T, N, H, R, M>; P],
}

/// Which of `networks` (one or two) predicts for `player`.
pub const fn speaker(player: Player, networks: usize) -> usize {
    if networks == 1 { 0 } else { player.index() }
}

/// The players that network `n` of `networks` predicts for.
const fn audience(n: usize, networks: usize) -> Players {
    match (networks, n) {
        (1, _) => Players::Both,
        (_, 0) => Players::Only(Player::Zero),
        _ => Players::Only(Player::One),
    }
}

impl<'a, T: Real, const N: usize, const H: usize, const R: usize, const M: usize, const P: usize>
    Networks<'a, T, N, H, R, M, P>
{
    /// Prepares what depends only on the parameters.
    pub fn new(parameters: [&'a Parameters<T, N, H, R, M>; P], architecture: Architecture) -> Self {
        const { assert!(P == 1 || P == 2, "players share a network or have one each") };
        Networks {
            each: parameters.map(|parameters| MetaValue::new(parameters, architecture)),
        }
    }

    /// The network that predicts for a player.
    pub const fn of(&self, player: Player) -> &MetaValue<'a, T, N, H, R, M> {
        &self.each[speaker(player, P)]
    }

    /// Evaluates each network up to the last hidden layer, for the players that it predicts for.
    pub fn forward<S: Scalar<Real = T>, K: Kernels<S>>(
        &self,
        kernels: &K,
        x: &[[S; N]; 2],
        gamma: &[S; 2],
        tapes: &mut [Tape<S, N, H, R>; P],
    ) {
        for n in 0..P {
            self.each[n].forward(kernels, x, gamma, audience(n, P), &mut tapes[n]);
        }
    }

    /// Both players' quantiles.
    pub fn quantiles<S: Scalar<Real = T>, K: Kernels<S>>(
        &self,
        kernels: &K,
        tapes: &[Tape<S, N, H, R>; P],
        q: &mut [[S; M]; 2],
    ) {
        for player in Player::BOTH {
            let tape = &tapes[speaker(player, P)];
            self.of(player).quantiles(kernels, player, tape, &mut q[player.index()]);
        }
    }

    /// `d mean(q_i) / d x_i`; with `mask`, for the network whose last hidden units are multiplied by it.
    pub fn own_gradient<S: Scalar<Real = T>, K: Kernels<S>>(
        &self,
        kernels: &K,
        player: Player,
        mask: Option<&[S; H]>,
        tapes: &[Tape<S, N, H, R>; P],
    ) -> [S; N] {
        self.of(player)
            .own_gradient(kernels, player, mask, &tapes[speaker(player, P)])
    }

    /// Adds to each network's gradient the adjoint of its `theta` that corresponds to the adjoints `dq` of both
    /// players' quantiles, summed over the lanes.
    pub fn vjp_parameters<S: Scalar<Real = T>, K: Kernels<S>>(
        &self,
        kernels: &K,
        tapes: &[Tape<S, N, H, R>; P],
        dq: &[[S; M]; 2],
        gradients: &mut [Parameters<S::Lane, N, H, R, M>; P],
    ) {
        for n in 0..P {
            self.each[n].vjp_parameters(kernels, audience(n, P), &tapes[n], dq, &mut gradients[n]);
        }
    }
}
