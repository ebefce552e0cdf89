//! A weak attractor with strong rotation (Balduzzi et al., 2018, section 2), as a maximisation.
//!
//! ```text
//! f_0(x) = -x_0^2 / 2 - 10 x_0 x_1          f_1(x) = -x_1^2 / 2 + 10 x_0 x_1
//! ```
//!
//! Simultaneous ascent reaches the fixed point at the origin only with steps shorter than 2 / 101.

use super::Game;
use crate::player::Player;
use crate::scalar::Scalar;

/// The quadratic game: one parameter per policy.
///
/// ```
/// use meva_core::game::{Game, Quadratic};
/// assert_eq!(Quadratic.value(&[[2.0_f64], [1.0]]), [-22.0, 19.5]);
/// assert_eq!(Quadratic.own_gradients(&[[2.0_f64], [1.0]]), [[-12.0], [19.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quadratic;

/// How much stronger rotation is than attraction.
const ROTATION: f64 = 10.0;

impl Game<1> for Quadratic {
    #[inline]
    fn value<S: Scalar>(&self, x: &[[S; 1]; 2]) -> [S; 2] {
        let ([[a], [b]], half) = (*x, S::from_f64(0.5));
        let product = S::from_f64(ROTATION) * (a * b);
        [-(half * (a * a)) - product, product - half * (b * b)]
    }

    #[inline]
    fn gradient<S: Scalar>(&self, player: Player, x: &[[S; 1]; 2]) -> [[S; 1]; 2] {
        let ([[a], [b]], rotation) = (*x, S::from_f64(ROTATION));
        match player {
            Player::Zero => [[-a - rotation * b], [-(rotation * a)]],
            Player::One => [[rotation * b], [rotation * a - b]],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::tests::gradients_are_those_of_duals;

    #[test]
    fn gradients() {
        gradients_are_those_of_duals(Quadratic);
    }
}
