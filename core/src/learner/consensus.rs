//! Consensus optimisation (Mescheder, Nowozin and Geiger, 2017), as a maximisation.
//!
//! ```text
//! field = g - alpha d (|g|^2 / 2) / d x = g - alpha J^T g
//! (J^T g)_i = sum_k (d_i d_k f_k) g_k
//! ```
//!
//! with `g` the simultaneous gradient and `J` its Jacobian. A column of `J^T` belongs to one player's Hessian, so the
//! product is two Hessian-vector products.

use super::{Learner, only};
use crate::game::Game;
use crate::player::Player;
use crate::scalar::{Real, Scalar};

/// Both players follow their gradients, and agree to make them short.
///
/// ```
/// use meva_core::{game::Bilinear, learner::{Consensus, Learner}};
/// // The simultaneous gradient turns around the origin; consensus goes inwards.
/// assert_eq!(Consensus { alpha: 0.5 }.field(&Bilinear, &[[1.0_f64], [2.0]]), [[1.5], [-2.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Consensus {
    /// The weight of consensus.
    pub alpha: f64,
}

impl<S: Scalar, const N: usize> Learner<S, N> for Consensus {
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let mut field = game.own_gradients(x);
        let adjoint = transposed(game, x, &field);
        for (d, adjoint) in field.as_flattened_mut().iter_mut().zip(adjoint.as_flattened()) {
            d.add_scaled(S::Real::round(-self.alpha), adjoint);
        }
        field
    }
}

/// `J^T v` for the Jacobian `J` of the simultaneous gradient.
pub(super) fn transposed<S: Scalar, G: Game<N>, const N: usize>(
    game: &G,
    x: &[[S; N]; 2],
    v: &[[S; N]; 2],
) -> [[S; N]; 2] {
    let [mut sum, other] = Player::BOTH.map(|player| game.hvp(player, x, &only(player, v[player.index()])));
    for (sum, other) in sum.as_flattened_mut().iter_mut().zip(other.as_flattened()) {
        *sum += *other;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::IteratedMatrix;

    /// `g - field` is alpha times the slope of `|g|^2 / 2`.
    #[test]
    fn what_is_subtracted_is_the_slope_of_the_square() {
        let game = IteratedMatrix::CHICKEN;
        let x = [[0.5, -1.0, 0.25, 1.5, -0.5], [-0.75, 0.5, 1.0, -0.25, 0.0_f64]];
        let adjoint = transposed(&game, &x, &game.own_gradients(&x));
        let half = |x: &[[f64; 5]; 2]| {
            let g = game.own_gradients(x);
            0.5 * super::super::dot(&g, &g)
        };
        for i in 0..2 {
            for n in 0..5 {
                let at = |h: f64| {
                    let mut y = x;
                    y[i][n] += h;
                    half(&y)
                };
                let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!(
                    (adjoint[i][n] - slope).abs() < 1e-6 * (1.0 + slope.abs()),
                    "{slope} {}",
                    adjoint[i][n]
                );
            }
        }
    }
}
