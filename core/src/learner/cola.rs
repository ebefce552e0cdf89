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
//!
//! A network can be off by a little everywhere. Where it predicts a *correction* `h` instead of the step itself,
//!
//! ```text
//! g_i(x, alpha; theta) = d_i f_i(x) + alpha h_i(x, alpha; theta)
//! ```
//!
//! the step is exactly the naive gradient for `alpha = 0`, where consistency demands that. The formulas above stay, with
//! `d g_j / d x_i` now also that of the naive gradient, and `d g = alpha d h`.

use super::{Learner, only};
use crate::choice::choice;
use crate::dual::{self, Dual};
use crate::game::Game;
use crate::kernels::{Kernels, Portable};
use crate::meta_value::{MetaValue, Tape};
use crate::parameters::Parameters;
use crate::player::{Player, Players};
use crate::scalar::Scalar;

/// What COLA's network predicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// The step, as published.
    #[default]
    Direct,
    /// A correction to the naive gradient, with weight `alpha`.
    Correction,
}

choice! { Form, "form":
    Direct = "direct",
    Correction = "correction",
}

impl Form {
    /// A player's step, from its naive gradient (which [`Form::Direct`] ignores) and the network's outputs.
    ///
    /// ```
    /// use meva_core::learner::cola::Form;
    /// assert_eq!(Form::Direct.step(&[1.0_f64], &[3.0], 2.0), [3.0]);
    /// assert_eq!(Form::Correction.step(&[1.0_f64], &[3.0], 2.0), [7.0]);
    /// ```
    #[inline]
    pub fn step<S: Scalar, const N: usize>(self, naive: &[S; N], outputs: &[S; N], alpha: S) -> [S; N] {
        match self {
            Form::Direct => *outputs,
            Form::Correction => core::array::from_fn(|n| naive[n] + alpha * outputs[n]),
        }
    }

    /// The adjoint of an output that corresponds to the adjoint `dg` of the step.
    #[inline]
    fn vjp<S: Scalar>(self, dg: S, alpha: S) -> S {
        match self {
            Form::Direct => dg,
            Form::Correction => alpha * dg,
        }
    }
}

/// COLA's network: `N` outputs per player, with `alpha` in place of the discount, and how they become steps.
#[derive(Clone, Copy, Debug)]
pub struct Predictor<'a, T, const N: usize, const H: usize, const R: usize> {
    /// The network.
    pub network: MetaValue<'a, T, N, H, R, N>,
    /// What it predicts.
    pub form: Form,
}

/// Both agents follow the steps that the network predicts for an imagined step of length `alpha`.
#[derive(Clone, Copy, Debug)]
pub struct Cola<'a, T, const N: usize, const H: usize, const R: usize> {
    /// The network and its form.
    pub predictor: Predictor<'a, T, N, H, R>,
    /// Length of the imagined step.
    pub alpha: f64,
}

impl<S: Scalar, const N: usize, const H: usize, const R: usize> Learner<S, N> for Cola<'_, S::Real, N, H, R> {
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let mut tape = Tape::ZERO;
        steps(&Portable, game, &self.predictor, x, S::from_f64(self.alpha), &mut tape)
    }
}

/// `g(x; theta)`, both players' predicted steps.
pub fn steps<S: Scalar, G: Game<N>, K: Kernels<S>, const N: usize, const H: usize, const R: usize>(
    kernels: &K,
    game: &G,
    predictor: &Predictor<S::Real, N, H, R>,
    x: &[[S; N]; 2],
    alpha: S,
    tape: &mut Tape<S, N, H, R>,
) -> [[S; N]; 2] {
    let Predictor { network, form } = predictor;
    network.forward(kernels, x, &[alpha; 2], Players::Both, tape);
    let naive = match form {
        Form::Direct => [[S::ZERO; N]; 2],
        Form::Correction => game.own_gradients(x),
    };
    Player::BOTH.map(|player| {
        let mut outputs = [S::ZERO; N];
        network.quantiles(kernels, player, tape, &mut outputs);
        form.step(&naive[player.index()], &outputs, alpha)
    })
}

/// `t_i(x; theta)`, the own gradients of each player's return after its opponent's predicted step, which is
/// differentiated through; `tape` is that of the `steps` at `x`.
pub fn targets<S: Scalar, G: Game<N>, K: Kernels<S>, const N: usize, const H: usize, const R: usize>(
    kernels: &K,
    game: &G,
    predictor: &Predictor<S::Real, N, H, R>,
    x: &[[S; N]; 2],
    alpha: S,
    steps: &[[S; N]; 2],
    tape: &Tape<S, N, H, R>,
) -> [[S; N]; 2] {
    let Predictor { network, form } = predictor;
    Player::BOTH.map(|player| {
        let (i, opponent) = (player.index(), player.opponent());
        let j = opponent.index();
        let gradient = game.gradient(player, &after(x, opponent, alpha, &steps[j]));
        // (d g_j / d x_i)^T v_i, through the network and, for a correction, through the naive gradient.
        let through = network.vjp_policy(kernels, opponent, player, tape, &gradient[j]);
        let through = match form {
            Form::Direct => through,
            Form::Correction => form.step(&game.hvp(opponent, x, &only(opponent, gradient[j]))[i], &through, alpha),
        };
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
    predictor: &Predictor<S::Real, N, H, R>,
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
    let Predictor { network, form } = predictor;
    let predicted = steps(kernels, game, predictor, x, alpha, tape);
    let targets = targets(kernels, game, predictor, x, alpha, &predicted, tape);
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
        let steps = steps(kernels, game, predictor, &x, alpha, dual_tape);
        let v = game.gradient(player, &after(&x, opponent, alpha, &steps[j]))[j];
        let twice = weight + weight;
        let mut dq = [[Dual::ZERO; N]; 2];
        for n in 0..N {
            let through = alpha * v[n];
            dq[i][n] = form.vjp(Dual::new(S::ZERO, twice * residual[n]), alpha);
            dq[j][n] = form.vjp(Dual::new(-(twice * through.value), -(twice * through.tangent)), alpha);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use crate::game::{IteratedMatrix, Logistic};
    use crate::learner::Naive;
    use crate::meta_value::{Architecture, Input};
    use crate::random::{Purpose, Stream};

    /// Without an imagined step a correction is the naive learner, whatever the network says; with one it is not.
    fn is_naive_at_zero<G: Game<N>, const N: usize>(game: &G, input: Input) {
        let mut theta = Parameters::<f32, N, 8, 1, N>::ZERO;
        let mut stream = Stream::new(0, Purpose::Parameters, 0);
        theta.initialize(&mut stream);
        let last_activation = Activation::Gelu;
        let learner = |alpha| Cola {
            predictor: Predictor {
                network: MetaValue::new(&theta, Architecture { input, last_activation }),
                form: Form::Correction,
            },
            alpha,
        };
        for _ in 0..100 {
            let x: [[f32; N]; 2] = [(); 2].map(|()| [(); N].map(|()| 2.0 * stream.normal() as f32));
            let naive = Naive.field(game, &x);
            assert_eq!(
                learner(0.0).field(game, &x).map(|row| row.map(f32::to_bits)),
                naive.map(|row| row.map(f32::to_bits)),
                "{x:?}"
            );
            assert_ne!(learner(1.0).field(game, &x), naive, "{x:?}");
        }
    }

    #[test]
    fn a_correction_is_naive_without_an_imagined_step() {
        is_naive_at_zero(&Logistic, Input::Tenth);
        is_naive_at_zero(&IteratedMatrix::PRISONERS_DILEMMA, Input::Sigmoid);
    }
}
