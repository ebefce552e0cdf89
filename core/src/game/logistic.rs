//! The Logistic Game (Letcher, 2018), eq. 8 of the paper.
//!
//! ```text
//! f_i(x) = -4 s(x_i) (1 - 2 s(x_j)) - (x_0^2 x_1^2 + (x_0 - x_1)^2 (x_0 + x_1)^2) / 10000          s = sigmoid
//! ```
//!
//! There are two stable fixed points: A at the lower left, B at the upper right. Both players prefer B, and neither can
//! go there alone.

use super::{Game, sigmoid};
use crate::player::Player;
use crate::scalar::Scalar;

/// The Logistic Game: one parameter per policy.
///
/// ```
/// use meva_core::game::{Game, Logistic};
/// assert_eq!(Logistic.value(&[[0.0_f64], [0.0]]), [0.0, 0.0]);
/// let (a, b) = (Logistic.value(&[[-5.0_f64], [-5.0]]), Logistic.value(&[[5.0_f64], [5.0]]));
/// assert!(b[0] > a[0] && b[1] > a[1]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Logistic;

impl Logistic {
    /// The divisor of the quartic penalty (footnote 3 of the paper).
    pub const DIVISOR: f64 = 10_000.0;
}

impl Game<1> for Logistic {
    #[inline]
    fn value<S: Scalar>(&self, x: &[[S; 1]; 2]) -> [S; 2] {
        let ([[a], [b]], four, two) = (*x, S::from_f64(4.0), S::from_f64(2.0));
        let (sa, sb) = (sigmoid(a), sigmoid(b));
        let (product, difference) = (a * b, a * a - b * b);
        let penalty = (product * product + difference * difference) / S::from_f64(Self::DIVISOR);
        [
            -(four * sa * (S::ONE - two * sb)) - penalty,
            -(four * sb * (S::ONE - two * sa)) - penalty,
        ]
    }

    #[inline]
    fn gradient<S: Scalar>(&self, player: Player, x: &[[S; 1]; 2]) -> [[S; 1]; 2] {
        let (four, two, eight) = (S::from_f64(4.0), S::from_f64(2.0), S::from_f64(8.0));
        let (i, j) = (player.index(), player.opponent().index());
        let ([own], [other]) = (x[i], x[j]);
        let (s, t) = (sigmoid(own), sigmoid(other));
        // d/dx of x^2 y^2 + (x^2 - y^2)^2 = x^4 - x^2 y^2 + y^4 is 4 x^3 - 2 x y^2.
        let penalty = |x: S, y: S| (four * x * x * x - two * x * y * y) / S::from_f64(Self::DIVISOR);
        let mut gradient = [[S::ZERO]; 2];
        gradient[i] = [-(four * s * (S::ONE - s) * (S::ONE - two * t)) - penalty(own, other)];
        gradient[j] = [eight * s * t * (S::ONE - t) - penalty(other, own)];
        gradient
    }
}
