//! The Tandem game (Letcher et al., 2018; Willi et al., 2022), as a maximisation.
//!
//! ```text
//! f_i(x) = -(x_0 + x_1)^2 + 2 x_i
//! ```

use super::Game;
use crate::player::Player;
use crate::scalar::Scalar;

/// The Tandem game: one parameter per policy.
///
/// ```
/// use meva_core::game::{Game, Tandem};
/// assert_eq!(Tandem.value(&[[1.0_f64], [2.0]]), [-7.0, -5.0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tandem;

impl Game<1> for Tandem {
    #[inline]
    fn value<S: Scalar>(&self, x: &[[S; 1]; 2]) -> [S; 2] {
        let ([[a], [b]], two) = (*x, S::from_f64(2.0));
        let square = (a + b) * (a + b);
        [two * a - square, two * b - square]
    }

    #[inline]
    fn gradient<S: Scalar>(&self, player: Player, x: &[[S; 1]; 2]) -> [[S; 1]; 2] {
        let two = S::from_f64(2.0);
        let slope = -(two * (x[0][0] + x[1][0]));
        let mut gradient = [[slope]; 2];
        gradient[player.index()] = [two + slope];
        gradient
    }
}
