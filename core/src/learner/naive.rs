//! Naive learning, or simultaneous gradient ascent (eq. 1).

use super::{Learner, Surrogate};
use crate::game::Game;
use crate::player::Player;
use crate::scalar::Scalar;

/// Each player follows `d f_i / d x_i` as if the other player did not move.
///
/// ```
/// use meva_core::{game::Tandem, learner::{Learner, Naive}};
/// assert_eq!(Naive.field(&Tandem, &[[1.0_f64], [2.0]]), [[-4.0], [-4.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Naive;

impl<const N: usize> Surrogate<N> for Naive {
    fn gradient<G: Game<N>, S: Scalar>(&self, game: &G, player: Player, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        game.gradient(player, x)
    }
}

impl<S: Scalar, const N: usize> Learner<S, N> for Naive {
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        game.own_gradients(x)
    }
}
