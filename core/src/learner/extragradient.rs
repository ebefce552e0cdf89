//! The extragradient method (Korpelevich, 1976): both players look one step ahead, together.
//!
//! ```text
//! field(x) = g(x + alpha g(x))          g the simultaneous gradient
//! ```

use super::Learner;
use crate::game::Game;
use crate::scalar::{Real, Scalar};

/// Both players follow their gradients at the point that a naive step of both leads to.
///
/// ```
/// use meva_core::{game::Bilinear, learner::{Extragradient, Learner}};
/// assert_eq!(Extragradient { alpha: 0.5 }.field(&Bilinear, &[[1.0_f64], [2.0]]), [[1.5], [-2.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extragradient {
    /// Length of the step ahead.
    pub alpha: f64,
}

impl<S: Scalar, const N: usize> Learner<S, N> for Extragradient {
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let mut y = *x;
        for (y, step) in y
            .as_flattened_mut()
            .iter_mut()
            .zip(game.own_gradients(x).as_flattened())
        {
            y.add_scaled(S::Real::round(self.alpha), step);
        }
        game.own_gradients(&y)
    }
}
