//! Two-player differentiable games, `f : R^(2 x N) -> R^2` (section 2 of the paper).

use crate::dual;
use crate::jacobian::{Blocks, jacobian};
use crate::player::Player;
use crate::scalar::Scalar;

pub mod bilinear;
pub mod iterated_matrix;
pub mod logistic;
pub mod matching_pennies;
pub mod name;
pub mod quadratic;
pub mod rollouts;
pub mod tandem;

pub use bilinear::Bilinear;
pub use iterated_matrix::IteratedMatrix;
pub use logistic::Logistic;
pub use matching_pennies::MatchingPennies;
pub use name::{AnyGame, GameError, GameName, GameVisitor, NamedGame, PlaneGame};
pub use quadratic::Quadratic;
pub use rollouts::Rollouts;
pub use tandem::Tandem;

/// A game: each player's return, which it maximises, as a function of both players' `N` parameters.
///
/// A custom game needs only its value, generic over the scalar; derivatives follow by dual numbers.
///
/// ```
/// use meva_core::{game::Game, learner::{Learner, Lola}, Player, Scalar};
///
/// /// Each player wants the product of the two to be near its own goal.
/// struct Product { goals: [f64; 2] }
///
/// impl Game<1> for Product {
///     fn value<S: Scalar>(&self, x: &[[S; 1]; 2]) -> [S; 2] {
///         let product = x[0][0] * x[1][0];
///         self.goals.map(|goal| { let miss = product - S::from_f64(goal); -(miss * miss) })
///     }
/// }
///
/// let game = Product { goals: [1.0, 2.0] };
/// let x = [[1.0_f64], [1.0]];
/// assert_eq!(game.value(&x), [0.0, -1.0]);
/// assert_eq!(game.gradient(Player::One, &x), [[2.0], [2.0]]);
/// assert_eq!(game.own_gradients(&x), [[0.0], [2.0]]);
/// let field = Lola::new(0.1).field(&game, &x);
/// assert!(field[0][0] != 0.0, "player 0 foresees player 1's step");
/// ```
pub trait Game<const N: usize> {
    /// `f(x)`, both players' returns.
    fn value<S: Scalar>(&self, x: &[[S; N]; 2]) -> [S; 2];

    /// `d f_i / d (x_0, x_1)` for player `i`.
    fn gradient<S: Scalar>(&self, player: Player, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        core::array::from_fn(|i| {
            core::array::from_fn(|n| {
                let mut direction = [[S::ZERO; N]; 2];
                direction[i][n] = S::ONE;
                self.value(&dual::along(x, &direction))[player.index()].tangent
            })
        })
    }

    /// The simultaneous gradient, `g_i = d f_i / d x_i` (eq. 1).
    fn own_gradients<S: Scalar>(&self, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        Player::BOTH.map(|player| self.gradient(player, x)[player.index()])
    }

    /// The product of the Hessian of `f_i` over the joint policy with `v`.
    fn hvp<S: Scalar>(&self, player: Player, x: &[[S; N]; 2], v: &[[S; N]; 2]) -> [[S; N]; 2] {
        self.gradient(player, &dual::along(x, v))
            .map(|row| dual::tangents(&row))
    }

    /// The Hessian of `f_i` over the joint policy, by blocks: `H[j][k][(m, n)] = d^2 f_i / d x_j[m] d x_k[n]`.
    ///
    /// ```
    /// use meva_core::{game::{Game, Tandem}, nalgebra::Matrix1, Player};
    /// assert_eq!(Tandem.hessian(Player::Zero, &[[1.0_f64], [2.0]]), [[Matrix1::new(-2.0); 2]; 2]);
    /// ```
    fn hessian<S: Scalar>(&self, player: Player, x: &[[S; N]; 2]) -> Blocks<S, N> {
        jacobian(x, |x| self.gradient(player, x))
    }

    /// The natural gradient: a gradient with respect to a player's parameters, divided by the Fisher information of the
    /// policy that they mean. Following it changes policies in the same way whatever scale parameters are written in.
    ///
    /// Where parameters are log-odds of probabilities `p`, the information is `p (1 - p)`, and the result is the gradient
    /// with respect to `p`, or 0 where `p` is 0 or 1. By default parameters are their own policies, and nothing changes.
    ///
    /// ```
    /// use meva_core::game::{Game, MatchingPennies};
    /// assert_eq!(MatchingPennies.natural(&[0.0_f64], &[0.5]), [2.0]);
    /// ```
    fn natural<S: Scalar>(&self, _parameters: &[S; N], gradient: &[S; N]) -> [S; N] {
        *gradient
    }
}

/// The probability that log-odds stand for. A function of its own: inlined into every game, in every scalar that games are
/// differentiated in, the polynomial of the exponential is a million bytes of program.
#[inline(never)]
pub(crate) fn sigmoid<S: Scalar>(log_odds: S) -> S {
    log_odds.sigmoid()
}

/// [`Game::natural`] where parameters are log-odds.
pub(crate) fn natural_by_log_odds<S: Scalar, const N: usize>(log_odds: &[S; N], gradient: &[S; N]) -> [S; N] {
    let mut natural = *gradient;
    for (d, log_odds) in natural.iter_mut().zip(log_odds) {
        let p = sigmoid(*log_odds);
        let information = p * (S::ONE - p);
        *d = S::select_less(S::ZERO, information, *d / information, S::ZERO);
    }
    natural
}

/// A reference to a game is also a game.
impl<const N: usize, G: Game<N>> Game<N> for &G {
    #[inline]
    fn value<S: Scalar>(&self, x: &[[S; N]; 2]) -> [S; 2] {
        (**self).value(x)
    }
    #[inline]
    fn gradient<S: Scalar>(&self, player: Player, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        (**self).gradient(player, x)
    }
    #[inline]
    fn own_gradients<S: Scalar>(&self, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        (**self).own_gradients(x)
    }
    #[inline]
    fn natural<S: Scalar>(&self, parameters: &[S; N], gradient: &[S; N]) -> [S; N] {
        (**self).natural(parameters, gradient)
    }
}

/// What agents know about a game at a point: their returns, and the gradients of their own returns; exact, or estimated
/// from play.
///
/// Every [`Game`] provides both exactly; [`Rollouts`] estimate them.
pub trait Estimator<S, const N: usize> {
    /// An estimate of `f(x)`.
    fn estimate_value(&mut self, x: &[[S; N]; 2]) -> [S; 2];
    /// Estimates of `f(x)` and of the simultaneous gradient `g(x)`, from the same play.
    fn estimate(&mut self, x: &[[S; N]; 2]) -> ([S; 2], [[S; N]; 2]);
}

impl<S: Scalar, const N: usize, G: Game<N>> Estimator<S, N> for G {
    #[inline]
    fn estimate_value(&mut self, x: &[[S; N]; 2]) -> [S; 2] {
        self.value(x)
    }
    #[inline]
    fn estimate(&mut self, x: &[[S; N]; 2]) -> ([S; 2], [[S; N]; 2]) {
        (self.value(x), self.own_gradients(x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only its value, so that derivatives are those of dual numbers.
    struct OnlyValue<G>(G);

    impl<G: Game<1>> Game<1> for OnlyValue<G> {
        fn value<S: Scalar>(&self, x: &[[S; 1]; 2]) -> [S; 2] {
            self.0.value(x)
        }
    }

    /// A game's gradients agree with those of dual numbers at a few points.
    pub(super) fn gradients_are_those_of_duals(game: impl Game<1> + Copy) {
        for x in [[[0.5_f64], [-1.25]], [[-3.0], [0.0]], [[2.0], [2.0]]] {
            for player in Player::BOTH {
                let (got, expected) = (game.gradient(player, &x), OnlyValue(game).gradient(player, &x));
                for (got, expected) in got.as_flattened().iter().zip(expected.as_flattened()) {
                    assert!(
                        (got - expected).abs() <= 1e-14 * (1.0 + expected.abs()),
                        "{got} {expected} at {x:?}"
                    );
                }
            }
        }
    }
}
