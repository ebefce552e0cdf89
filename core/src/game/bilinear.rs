//! The bilinear game, on which simultaneous ascent spirals outwards (Balduzzi et al., 2018; Schaefer and Anandkumar, 2019).
//!
//! ```text
//! f_0(x) = x_0 x_1          f_1(x) = -x_0 x_1
//! ```

use super::Game;
use crate::player::Player;
use crate::scalar::Scalar;

/// The bilinear game: one parameter per policy, zero-sum, with its only fixed point at the origin.
///
/// ```
/// use meva_core::game::{Bilinear, Game};
/// assert_eq!(Bilinear.value(&[[2.0_f64], [3.0]]), [6.0, -6.0]);
/// assert_eq!(Bilinear.own_gradients(&[[2.0_f64], [3.0]]), [[3.0], [-2.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bilinear;

impl Game<1> for Bilinear {
    #[inline]
    fn value<S: Scalar>(&self, x: &[[S; 1]; 2]) -> [S; 2] {
        let product = x[0][0] * x[1][0];
        [product, -product]
    }

    #[inline]
    fn gradient<S: Scalar>(&self, player: Player, x: &[[S; 1]; 2]) -> [[S; 1]; 2] {
        let [[a], [b]] = *x;
        match player {
            Player::Zero => [[b], [a]],
            Player::One => [[-b], [-a]],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::tests::gradients_are_those_of_duals;

    #[test]
    fn gradients() {
        gradients_are_those_of_duals(Bilinear);
    }
}
