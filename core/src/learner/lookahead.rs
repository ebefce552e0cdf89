//! LookAhead (Zhang and Lesser, 2010): the opponent's next step is anticipated but treated as a constant.
//!
//! ```text
//! field_i = d f_i(x_i, y_j) / d x_i          y_j = x_j + alpha d f_j / d x_j, held constant
//! ```

use super::{Learner, extrapolate};
use crate::game::Game;
use crate::player::Player;
use crate::scalar::Scalar;

/// Each player follows its gradient at the point that its opponent's naive step leads to.
///
/// ```
/// use meva_core::{game::Tandem, learner::{Learner, LookAhead}};
/// assert_eq!(LookAhead { alpha: 0.5 }.field(&Tandem, &[[1.0_f64], [2.0]]), [[0.0], [0.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LookAhead {
    /// Length of the imagined step.
    pub alpha: f64,
}

impl<S: Scalar, const N: usize> Learner<S, N> for LookAhead {
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let naive = game.own_gradients(x);
        Player::BOTH.map(|player| {
            let opponent = player.opponent();
            let y = extrapolate(x, opponent, self.alpha, &naive[opponent.index()]);
            game.gradient(player, &y)[player.index()]
        })
    }
}
