//! Consistent LOLA (Willi et al., 2022; appendix B of the paper): a network predicts the step that it leads to itself.
//!
//! ```text
//! g_i(x) = d f_i(x_i, x_j + alpha g_j(x)) / d x_i          for both players: consistency
//! L(theta) = sum_i |g_i(x; theta) - t_i(x; theta)|^2       t_i the right-hand side
//! ```
//!
//! The network is the meta-value network with `M = N` outputs per player, read as its step, and with `alpha` in place
//! of the discount. The loss is differentiated through both sides. This takes mixed second derivatives of the network,
//! with respect to `x` and `theta`, which are a backward pass on dual numbers:
//!
//! ```text
//! t_i = d_i f_i(x_i, y_j) + alpha (d g_j / d x_i)^T v_i        y_j = x_j + alpha g_j,  v_i = d_j f_i(x_i, y_j)
//! r_i = g_i - t_i
//! 1/2 dL = sum_i r_i . dg_i - d(alpha v_i . g_j) along r_i in x_i
//! ```
//!
//! where the last term is the tangent of `theta`'s adjoint at `x + e r_i`, with `v_i` a dual number too.

use super::{Learner, only};
use crate::dual::{self, Dual};
use crate::game::Game;
use crate::kernels::{Kernels, Portable};
use crate::meta_value::{MetaValue, Tape};
use crate::parameters::Parameters;
use crate::player::{Player, Players};
use crate::scalar::Scalar;

/// Both agents follow the steps that the network predicts for an imagined step of length `alpha`.
#[derive(Clone, Copy, Debug)]
pub struct Cola<'a, T, const N: usize, const H: usize, const R: usize> {
    /// The network: `N` outputs per player, with `alpha` in place of the discount.
    pub network: MetaValue<'a, T, N, H, R, N>,
    /// Length of the imagined step.
    pub alpha: f64,
}

impl<S: Scalar, const N: usize, const H: usize, const R: usize> Learner<S, N> for Cola<'_, S::Real, N, H, R> {
    fn field<G: Game<N>>(&self, _game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let mut tape = Tape::ZERO;
        steps(&Portable, &self.network, x, S::from_f64(self.alpha), &mut tape)
    }
}

/// `g(x; theta)`, both players' predicted steps.
pub fn steps<S: Scalar, K: Kernels<S>, const N: usize, const H: usize, const R: usize>(
    kernels: &K,
    network: &MetaValue<S::Real, N, H, R, N>,
    x: &[[S; N]; 2],
    alpha: S,
    tape: &mut Tape<S, N, H, R>,
) -> [[S; N]; 2] {
    network.forward(kernels, x, &[alpha; 2], Players::Both, tape);
    let mut steps = [[S::ZERO; N]; 2];
    for player in Player::BOTH {
        network.quantiles(kernels, player, tape, &mut steps[player.index()]);
    }
    steps
}

/// `t_i(x; theta)`, the own gradients of each player's return after its opponent's predicted step, which is
/// differentiated through; `tape` is that of the `steps` at `x`.
pub fn targets<S: Scalar, G: Game<N>, K: Kernels<S>, const N: usize, const H: usize, const R: usize>(
    kernels: &K,
    game: &G,
    network: &MetaValue<S::Real, N, H, R, N>,
    x: &[[S; N]; 2],
    alpha: S,
    steps: &[[S; N]; 2],
    tape: &Tape<S, N, H, R>,
) -> [[S; N]; 2] {
    Player::BOTH.map(|player| {
        let (i, opponent) = (player.index(), player.opponent());
        let j = opponent.index();
        let gradient = game.gradient(player, &after(x, opponent, alpha, &steps[j]));
        let through = network.vjp_policy(kernels, opponent, player, tape, &gradient[j]);
        core::array::from_fn(|n| gradient[i][n] + alpha * through[n])
    })
}

/// `x` after one player's step.
fn after<S: Scalar, const N: usize>(x: &[[S; N]; 2], player: Player, alpha: S, step: &[S; N]) -> [[S; N]; 2] {
    let mut y = *x;
    for n in 0..N {
        y[player.index()][n] += alpha * step[n];
    }
    y
}

/// The consistency loss at `x`, summed over players and parameters. Adds `weight` times its gradient to `gradient`.
///
/// The tapes are memory provided by the caller; `dual_gradient` must be zero and is zero afterwards.
#[allow(clippy::too_many_arguments)]
pub fn loss_and_gradient<S, G, K, const N: usize, const H: usize, const R: usize>(
    kernels: &K,
    game: &G,
    network: &MetaValue<S::Real, N, H, R, N>,
    x: &[[S; N]; 2],
    alpha: S,
    weight: S,
    tape: &mut Tape<S, N, H, R>,
    dual_tape: &mut Tape<Dual<S>, N, H, R>,
    dual_gradient: &mut Parameters<Dual<S::Real>, N, H, R, N>,
    gradient: &mut Parameters<S::Real, N, H, R, N>,
) -> S
where
    S: Scalar<Lane = <S as Scalar>::Real>,
    G: Game<N>,
    K: Kernels<S> + Kernels<Dual<S>>,
{
    let predicted = steps(kernels, network, x, alpha, tape);
    let targets = targets(kernels, game, network, x, alpha, &predicted, tape);
    let mut loss = S::ZERO;
    for player in Player::BOTH {
        let (i, opponent) = (player.index(), player.opponent());
        let j = opponent.index();
        let mut residual = predicted[i];
        for n in 0..N {
            residual[n] -= targets[i][n];
            loss += residual[n] * residual[n];
        }
        // The dual numbers move along r_i in x_i.
        let x = dual::along(x, &only(player, residual));
        let alpha = Dual::new(alpha, S::ZERO);
        let steps = steps(kernels, network, &x, alpha, dual_tape);
        let v = game.gradient(player, &after(&x, opponent, alpha, &steps[j]))[j];
        let twice = weight + weight;
        let mut dq = [[Dual::ZERO; N]; 2];
        for n in 0..N {
            let through = alpha * v[n];
            dq[i][n] = Dual::new(S::ZERO, twice * residual[n]);
            dq[j][n] = Dual::new(-(twice * through.value), -(twice * through.tangent));
        }
        network.vjp_parameters(kernels, Players::Both, dual_tape, &dq, dual_gradient);
    }
    for (sums, duals) in gradient.slices_mut().zip(dual_gradient.slices_mut()) {
        for (sum, dual) in sums.iter_mut().zip(duals) {
            *sum += dual.tangent;
            *dual = Dual::ZERO;
        }
    }
    loss
}
