//! Matching pennies played once: a parameter is the log-odds of showing heads, and player 0 wins if both show the same.
//!
//! ```text
//! f_0(x) = (2 p_0 - 1) (2 p_1 - 1) = tanh(x_0 / 2) tanh(x_1 / 2)          f_1(x) = -f_0(x)
//! ```

use super::{Game, natural_by_log_odds};
use crate::player::Player;
use crate::scalar::Scalar;

/// Matching pennies played once: one parameter per policy, zero-sum.
///
/// ```
/// use meva_core::game::{Game, MatchingPennies};
/// assert_eq!(MatchingPennies.value(&[[40.0_f64], [-40.0]]), [-1.0, 1.0]);
/// assert_eq!(MatchingPennies.own_gradients(&[[0.0_f64], [40.0]]), [[0.5], [0.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatchingPennies;

/// `2 p - 1` for both players.
fn balance<S: Scalar>(x: &[[S; 1]; 2]) -> [S; 2] {
    x.map(|[log_odds]| (S::from_f64(0.5) * log_odds).tanh())
}

impl Game<1> for MatchingPennies {
    #[inline]
    fn value<S: Scalar>(&self, x: &[[S; 1]; 2]) -> [S; 2] {
        let [a, b] = balance(x);
        let product = a * b;
        [product, -product]
    }

    #[inline]
    fn gradient<S: Scalar>(&self, player: Player, x: &[[S; 1]; 2]) -> [[S; 1]; 2] {
        let [a, b] = balance(x);
        let slope = |t: S, other: S| S::from_f64(0.5) * (S::ONE - t * t) * other;
        let [da, db] = [slope(a, b), slope(b, a)];
        match player {
            Player::Zero => [[da], [db]],
            Player::One => [[-da], [-db]],
        }
    }

    fn natural<S: Scalar>(&self, parameters: &[S; 1], gradient: &[S; 1]) -> [S; 1] {
        natural_by_log_odds(parameters, gradient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::tests::gradients_are_those_of_duals;

    #[test]
    fn gradients() {
        gradients_are_those_of_duals(MatchingPennies);
    }

    /// A natural gradient is the one with respect to the probability: `2 (2 q - 1)`.
    #[test]
    fn natural_gradients_are_of_probabilities() {
        let (x, game) = ([[1.5_f64], [-0.5]], MatchingPennies);
        let natural = game.natural(&x[0], &game.gradient(Player::Zero, &x)[0]);
        assert!(
            (natural[0] - 2.0 * (2.0 * x[1][0].sigmoid() - 1.0)).abs() < 1e-14,
            "{natural:?}"
        );
        assert_eq!(game.natural(&[f64::INFINITY], &[0.0]), [0.0]);
    }
}
