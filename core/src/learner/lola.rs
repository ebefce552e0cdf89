//! Learning with opponent-learning awareness (Foerster et al., 2018; appendix B of the paper), its Taylor expansion, and
//! the part of the expansion that was published under its name.

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
        Player::BOTH.map(|player| self.direction(game, player, x))
    }

    fn direction<G: Game<N>>(&self, game: &G, player: Player, x: &[[S; N]; 2]) -> [S; N] {
        let Expansion { own, reply, shaping } = Expansion::of(game, player, x);
        let mut direction = own;
        for n in 0..N {
            direction[n].add_scaled(S::Real::round(self.alpha), &(reply[n] + shaping[n]));
        }
        direction
    }
}

/// LOLA as it was published and played in 2018: the Taylor expansion without the term of one's own mixed derivative,
///
/// ```text
/// field_i = d_i f_i + alpha (d_i d_j f_j) d_j f_i
/// ```
///
/// so that it shapes the opponent's step, and does not reply to it (Foerster et al., 2018, eq. 4.5).
///
/// ```
/// use meva_core::{game::Tandem, learner::{Learner, Lola2018}};
/// assert_eq!(Lola2018 { alpha: 0.5 }.field(&Tandem, &[[1.0_f64], [2.0]]), [[2.0], [2.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lola2018 {
    /// Length of the imagined step.
    pub alpha: f64,
}

impl<S: Scalar, const N: usize> Learner<S, N> for Lola2018 {
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        Player::BOTH.map(|player| self.direction(game, player, x))
    }

    fn direction<G: Game<N>>(&self, game: &G, player: Player, x: &[[S; N]; 2]) -> [S; N] {
        let gradient = game.gradient(player, x);
        let shaping = shaping(game, player, x, &gradient[player.opponent().index()]);
        let mut direction = gradient[player.index()];
        for (d, shaping) in direction.iter_mut().zip(&shaping) {
            d.add_scaled(S::Real::round(self.alpha), shaping);
        }
        direction
    }
}

/// The terms of a player's gradient of LOLA's surrogate, expanded in the length of the step.
pub(super) struct Expansion<S, const N: usize> {
    /// `d_i f_i`.
    pub own: [S; N],
    /// `(d_i d_j f_i) d_j f_j`: the reply to where the opponent steps.
    pub reply: [S; N],
    /// `(d_i d_j f_j) d_j f_i`: how the opponent's step is shaped.
    pub shaping: [S; N],
}

impl<S: Scalar, const N: usize> Expansion<S, N> {
    pub fn of<G: Game<N>>(game: &G, player: Player, x: &[[S; N]; 2]) -> Self {
        let opponent = player.opponent();
        let (i, j) = (player.index(), opponent.index());
        let by_player = game.gradient(player, x);
        let by_opponent = game.gradient(opponent, x);
        let reply = game.gradient(player, &dual::along(x, &only(opponent, by_opponent[j])));
        Expansion {
            own: by_player[i],
            reply: dual::tangents(&reply[i]),
            shaping: shaping(game, player, x, &by_player[j]),
        }
    }
}

/// `(d_i d_j f_j) u`.
fn shaping<S: Scalar, G: Game<N>, const N: usize>(game: &G, player: Player, x: &[[S; N]; 2], u: &[S; N]) -> [S; N] {
    let opponent = player.opponent();
    let along = game.gradient(opponent, &dual::along(x, &only(opponent, *u)));
    dual::tangents(&along[player.index()])
}
