//! Learning with opponent-learning awareness (Foerster et al., 2018; appendix B of the paper), and its Taylor expansion.

use super::{Hola, Learner, Naive, only};
use crate::dual;
use crate::game::Game;
use crate::player::Player;
use crate::scalar::{Real, Scalar};

/// LOLA, or HOLA(1): each player differentiates through a naive step of its opponent.
///
/// ```
/// use meva_core::{game::Tandem, learner::{Learner, Lola}};
/// assert_eq!(Lola::new(0.5).field(&Tandem, &[[1.0_f64], [2.0]]), [[2.0], [2.0]]);
/// ```
pub type Lola = Hola<Naive>;

impl Lola {
    /// LOLA with an imagined step of length `alpha`.
    pub const fn new(alpha: f64) -> Self {
        Hola { alpha, opponent: Naive }
    }
}

/// The gradient of LOLA's surrogate expanded to first order in `alpha`,
///
/// ```text
/// s_i(x) = f_i + alpha (d f_i / d x_j) . (d f_j / d x_j)
/// field_i = d s_i / d x_i = d_i f_i + alpha (d_i d_j f_i) d_j f_j + alpha (d_i d_j f_j) d_j f_i
/// ```
///
/// The 2018 original omits the middle term.
///
/// ```
/// use meva_core::{game::Tandem, learner::{Learner, LolaTaylor}};
/// assert_eq!(LolaTaylor { alpha: 0.5 }.field(&Tandem, &[[1.0_f64], [2.0]]), [[6.0], [6.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LolaTaylor {
    /// Length of the imagined step.
    pub alpha: f64,
}

impl<S: Scalar, const N: usize> Learner<S, N> for LolaTaylor {
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        Player::BOTH.map(|player| {
            let opponent = player.opponent();
            let (i, j) = (player.index(), opponent.index());
            let by_player = game.gradient(player, x);
            let by_opponent = game.gradient(opponent, x);
            let middle = game.gradient(player, &dual::along(x, &only(opponent, by_opponent[j])))[i];
            let shaping = game.gradient(opponent, &dual::along(x, &only(opponent, by_player[j])))[i];
            let mut field = by_player[i];
            for n in 0..N {
                field[n].add_scaled(S::Real::round(self.alpha), &(middle[n].tangent + shaping[n].tangent));
            }
            field
        })
    }
}
