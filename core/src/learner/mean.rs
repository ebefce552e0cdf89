//! Several learners followed as one: an ensemble.
//!
//! ```text
//! field(x) = 1/n sum of field_j(x)
//! ```

use super::Learner;
use crate::game::Game;
use crate::player::Player;
use crate::scalar::Scalar;

/// Both players follow the mean of these learners' fields, added up in their order; at least one is needed, or the field is NaN.
///
/// With trained networks, what one of them makes up is outvoted.
///
/// ```
/// use meva_core::{game::Bilinear, learner::{Extragradient, Learner, Mean}};
/// let learners = [0.0, 1.0].map(|alpha| Extragradient { alpha });
/// assert_eq!(Mean(&learners).field(&Bilinear, &[[1.0_f64], [2.0]]), [[1.5], [-2.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean<'a, L>(pub &'a [L]);

impl<S: Scalar, L: Learner<S, N>, const N: usize> Learner<S, N> for Mean<'_, L> {
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let mut mean = [[S::ZERO; N]; 2];
        for learner in self.0 {
            for (sum, row) in mean.iter_mut().zip(learner.field(game, x)) {
                add(sum, row);
            }
        }
        mean.map(|sum| self.share(sum))
    }

    fn direction<G: Game<N>>(&self, game: &G, player: Player, x: &[[S; N]; 2]) -> [S; N] {
        let mut mean = [S::ZERO; N];
        for learner in self.0 {
            add(&mut mean, learner.direction(game, player, x));
        }
        self.share(mean)
    }
}

impl<L> Mean<'_, L> {
    fn share<S: Scalar, const N: usize>(&self, sum: [S; N]) -> [S; N] {
        let count = S::from_f64(self.0.len() as f64);
        sum.map(|sum| sum / count)
    }
}

fn add<S: Scalar, const N: usize>(sum: &mut [S; N], row: [S; N]) {
    for (sum, number) in sum.iter_mut().zip(row) {
        *sum += number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::Logistic;
    use crate::learner::Extragradient;

    #[test]
    fn the_mean_is_between_and_known_row_by_row() {
        let x = [[0.3_f64], [-1.2]];
        let learners = [1.0, 4.0, 10.0].map(|alpha| Extragradient { alpha });
        let mean = Mean(&learners);
        let field = mean.field(&Logistic, &x);
        for player in Player::BOTH {
            let i = player.index();
            let fields = learners.map(|learner| learner.field(&Logistic, &x)[i][0]);
            assert!((field[i][0] - fields.iter().sum::<f64>() / 3.0).abs() < 1e-15);
            assert_eq!(mean.direction(&Logistic, player, &x), field[i]);
        }
        assert_eq!(
            Mean(&learners[..1]).field(&Logistic, &x),
            learners[0].field(&Logistic, &x)
        );
        assert!(Mean::<Extragradient>(&[]).field(&Logistic, &x)[0][0].is_nan());
    }
}
