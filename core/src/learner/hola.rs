//! HOLA(n): learners that anticipate learners that anticipate others (Foerster et al., 2018; appendix B of the paper).
//!
//! ```text
//! s_i(x) = f_i(x_i, y_j)          y_j = x_j + alpha d s'_j / d x_j          field_i = d s_i / d x_i
//! ```
//!
//! with `s'` the surrogate that the opponent is believed to follow: the game itself for HOLA(1) = LOLA, HOLA(n-1)'s
//! surrogate for HOLA(n). The step is differentiated through. Its derivative needs no automatic differentiation beyond
//! dual numbers: since the believed step is a gradient, its transposed Jacobian times `u` is the derivative of the
//! whole gradient of `s'_j` along `u` in `x_j`.

use super::{Learner, Surrogate, extrapolate, only};
use crate::dual;
use crate::game::Game;
use crate::player::Player;
use crate::scalar::{Real, Scalar};

/// Each player differentiates through a step of an opponent that it believes to be an `Opponent`.
///
/// ```
/// use meva_core::{game::Tandem, learner::{Hola, Learner, Lola}};
/// let hola2 = Hola { alpha: 0.5, opponent: Lola::new(0.5) };
/// assert_eq!(hola2.field(&Tandem, &[[1.0_f64], [2.0]]), [[-6.0], [-6.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hola<Opponent> {
    /// Length of the imagined step.
    pub alpha: f64,
    /// The learner that the opponent is believed to be.
    pub opponent: Opponent,
}

impl<const N: usize, Opponent: Surrogate<N>> Surrogate<N> for Hola<Opponent> {
    fn gradient<G: Game<N>, S: Scalar>(&self, game: &G, player: Player, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let opponent = player.opponent();
        let step = self.opponent.gradient(game, opponent, x)[opponent.index()];
        let y = extrapolate(x, opponent, self.alpha, &step);
        let mut gradient = game.gradient(player, &y);
        let u = gradient[opponent.index()];
        let through = self
            .opponent
            .gradient(game, opponent, &dual::along(x, &only(opponent, u)));
        for (row, through) in gradient.iter_mut().zip(&through) {
            for (d, through) in row.iter_mut().zip(through) {
                d.add_scaled(S::Real::round(self.alpha), &through.tangent);
            }
        }
        gradient
    }
}

impl<S: Scalar, const N: usize, Opponent: Surrogate<N>> Learner<S, N> for Hola<Opponent> {
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        self.own_gradients(game, x)
    }

    fn direction<G: Game<N>>(&self, game: &G, player: Player, x: &[[S; N]; 2]) -> [S; N] {
        self.gradient(game, player, x)[player.index()]
    }
}
