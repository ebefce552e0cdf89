//! Learners: the fields of directions that two agents follow. One file per learner.

use crate::Dual;
use crate::game::Game;
use crate::jacobian::{self, Blocks};
use crate::player::Player;
use crate::scalar::{Real, Scalar};

pub mod cgd;
pub mod cola;
pub mod consensus;
pub mod extragradient;
pub mod hola;
pub mod lola;
pub mod lookahead;
pub mod mean;
pub mod meta_value;
pub mod naive;
pub mod name;
pub mod pola;
pub mod sga;
pub mod sos;

pub use cgd::Cgd;
pub use cola::Cola;
pub use consensus::Consensus;
pub use extragradient::Extragradient;
pub use hola::Hola;
pub use lola::{Lola, Lola2018, LolaTaylor};
pub use lookahead::{KLevel, LookAhead};
pub use mean::Mean;
pub use meta_value::MetaValueLearner;
pub use naive::Naive;
pub use name::LearnerName;
pub use pola::Pola;
pub use sga::Sga;
pub use sos::Sos;

/// A rule that tells both agents where to go: `x <- x + rate * field(x)`.
pub trait Learner<S: Scalar, const N: usize> {
    /// The field at the joint policy `x`.
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2];

    /// One player's row of the field, with the same bits: less work where learners need not know the other row.
    fn direction<G: Game<N>>(&self, game: &G, player: Player, x: &[[S; N]; 2]) -> [S; N] {
        self.field(game, x)[player.index()]
    }
}

/// A learner whose field is the simultaneous gradient of a surrogate game (section 2.2).
pub trait Surrogate<const N: usize> {
    /// The gradient over the joint policy of player `i`'s surrogate objective.
    fn gradient<G: Game<N>, S: Scalar>(&self, game: &G, player: Player, x: &[[S; N]; 2]) -> [[S; N]; 2];

    /// The simultaneous gradient of the surrogate.
    fn own_gradients<G: Game<N>, S: Scalar>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        Player::BOTH.map(|player| self.gradient(game, player, x)[player.index()])
    }
}

/// The Jacobian at `x` of a learner's field, by blocks: `J[i][j][(m, n)] = d field_i[m] / d x_j[n]`.
///
/// Its spectrum tells whether agents near a fixed point approach it.
///
/// ```
/// use meva_core::{game::Tandem, learner::{Naive, jacobian}, nalgebra::Matrix1};
/// assert_eq!(jacobian(&Naive, &Tandem, &[[1.0_f64], [2.0]]), [[Matrix1::new(-2.0); 2]; 2]);
/// ```
pub fn jacobian<S: Scalar, G: Game<N>, L: Learner<Dual<S>, N>, const N: usize>(
    learner: &L,
    game: &G,
    x: &[[S; N]; 2],
) -> Blocks<S, N> {
    jacobian::jacobian(x, |x| learner.field(game, x))
}

/// `x` with `alpha * step` added to one player's row.
#[inline]
pub(crate) fn extrapolate<S: Scalar, const N: usize>(
    x: &[[S; N]; 2],
    player: Player,
    alpha: f64,
    step: &[S; N],
) -> [[S; N]; 2] {
    let mut y = *x;
    for (y, step) in y[player.index()].iter_mut().zip(step) {
        y.add_scaled(S::Real::round(alpha), step);
    }
    y
}

/// A direction in joint-policy space that moves one player.
#[inline]
pub(crate) fn only<S: Scalar, const N: usize>(player: Player, step: [S; N]) -> [[S; N]; 2] {
    let mut direction = [[S::ZERO; N]; 2];
    direction[player.index()] = step;
    direction
}

/// The inner product of two directions in joint-policy space.
#[inline]
pub(crate) fn dot<S: Scalar, const N: usize>(a: &[[S; N]; 2], b: &[[S; N]; 2]) -> S {
    let pairs = a.as_flattened().iter().zip(b.as_flattened());
    pairs.fold(S::ZERO, |sum, (a, b)| sum + *a * *b)
}
