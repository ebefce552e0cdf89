//! LookAhead (Zhang and Lesser, 2010): the opponent's next step is anticipated but treated as a constant; and LookAhead of
//! more levels, where the step that is anticipated is that of an opponent who looks ahead too (as the k-level policy
//! gradient of Reddi et al., 2025, with all levels starting from the same point).
//!
//! ```text
//! s_i(0) = d f_i(x_i, x_j) / d x_i
//! s_i(k) = d f_i(x_i, y_j) / d x_i          y_j = x_j + alpha s_j(k - 1), held constant
//! ```
//!
//! LookAhead follows `s(1)`. Where the levels converge, each player replies to the step that the other really takes.

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
        KLevel {
            alpha: self.alpha,
            levels: 1,
        }
        .field(game, x)
    }

    fn direction<G: Game<N>>(&self, game: &G, player: Player, x: &[[S; N]; 2]) -> [S; N] {
        KLevel {
            alpha: self.alpha,
            levels: 1,
        }
        .direction(game, player, x)
    }
}

/// Each player follows its gradient at the point that the step of an opponent of one level less leads to; nothing is
/// differentiated through.
///
/// ```
/// use meva_core::{game::Tandem, learner::{KLevel, Learner, LookAhead, Naive}};
/// let (x, alpha) = ([[1.0_f64], [2.0]], 0.25);
/// assert_eq!(KLevel { alpha, levels: 0 }.field(&Tandem, &x), Naive.field(&Tandem, &x));
/// assert_eq!(KLevel { alpha, levels: 1 }.field(&Tandem, &x), LookAhead { alpha }.field(&Tandem, &x));
/// assert_eq!(KLevel { alpha, levels: 2 }.field(&Tandem, &x), [[-3.0], [-3.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KLevel {
    /// Length of the imagined steps.
    pub alpha: f64,
    /// How many levels of opponents are imagined; 0 is naive.
    pub levels: u32,
}

impl<S: Scalar, const N: usize> Learner<S, N> for KLevel {
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let mut steps = game.own_gradients(x);
        for _ in 0..self.levels {
            steps = Player::BOTH.map(|player| {
                let opponent = player.opponent();
                let y = extrapolate(x, opponent, self.alpha, &steps[opponent.index()]);
                game.gradient(player, &y)[player.index()]
            });
        }
        steps
    }

    fn direction<G: Game<N>>(&self, game: &G, player: Player, x: &[[S; N]; 2]) -> [S; N] {
        // Levels alternate between the players, and the last is this player's.
        let mut mover = if self.levels.is_multiple_of(2) {
            player
        } else {
            player.opponent()
        };
        let mut step = game.gradient(mover, x)[mover.index()];
        for _ in 0..self.levels {
            let y = extrapolate(x, mover, self.alpha, &step);
            mover = mover.opponent();
            step = game.gradient(mover, &y)[mover.index()];
        }
        step
    }
}
