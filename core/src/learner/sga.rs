//! Symplectic gradient adjustment (Balduzzi et al., 2018, section 3.3), as a maximisation.
//!
//! ```text
//! field = g - lambda A^T g          A^T g = (J^T g - J g) / 2
//! lambda = alpha sign(1/10 - <g, J^T g> <A^T g, J^T g> / (2 N))
//! ```
//!
//! with `g` the simultaneous gradient, `J` its Jacobian, and `A` the part of `J` that only turns. The sign makes the
//! adjustment attract to stable fixed points and repel from unstable ones. (Losses have the other sign, and so do their
//! gradient and their Hessian.)

use super::consensus::transposed;
use super::{Learner, dot};
use crate::game::Game;
use crate::player::Player;
use crate::scalar::Scalar;

/// Both players correct for the rotation that their gradients make together.
///
/// ```
/// use meva_core::{game::Bilinear, learner::{Learner, Sga}};
/// assert_eq!(Sga { alpha: 0.5 }.field(&Bilinear, &[[1.0_f64], [2.0]]), [[1.5], [-2.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sga {
    /// The weight of the adjustment.
    pub alpha: f64,
}

/// What breaks ties towards attraction: what the authors use.
const EPSILON: f64 = 0.1;

impl<S: Scalar, const N: usize> Learner<S, N> for Sga {
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let mut field = game.own_gradients(x);
        let back = transposed(game, x, &field);
        let ahead = Player::BOTH.map(|player| game.hvp(player, x, &field)[player.index()]);
        let mut adjustment = back;
        for i in 0..2 {
            for n in 0..N {
                adjustment[i][n] = S::from_f64(0.5) * (back[i][n] - ahead[i][n]);
            }
        }
        let alignment = dot(&field, &back) * dot(&adjustment, &back) / S::from_f64(2.0 * N as f64);
        let (towards, away) = (S::from_f64(self.alpha), S::from_f64(-self.alpha));
        let lambda = S::select_less(alignment, S::from_f64(EPSILON), towards, away);
        for i in 0..2 {
            for n in 0..N {
                field[i][n] -= lambda * adjustment[i][n];
            }
        }
        field
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::{Quadratic, Tandem};

    /// In a game with a potential nothing turns, and nothing is adjusted.
    #[test]
    fn potential_games_are_not_adjusted() {
        let x = [[1.5_f64], [-4.0]];
        assert_eq!(Sga { alpha: 3.0 }.field(&Tandem, &x), Tandem.own_gradients(&x));
    }

    /// `A^T g` is at a right angle to `g` turned by `A`, and adjusting towards a stable fixed point goes inwards.
    #[test]
    fn it_goes_inwards() {
        let x = [[1.5_f64], [-4.0]];
        let field = Sga { alpha: 1.0 }.field(&Quadratic, &x);
        let naive = Quadratic.own_gradients(&x);
        assert!(dot(&field, &x) < dot(&naive, &x), "{field:?} {naive:?}");
    }
}
