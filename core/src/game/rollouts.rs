//! Returns and their gradients estimated from play: Monte-Carlo episodes of an iterated game, and REINFORCE (Williams, 1992).
//!
//! `K` episodes of `L` turns estimate the return per turn
//!
//! ```text
//! f_i = c sum_t delta^t E r_i(t)          c = (1 - delta) / (1 - delta^L)
//! ```
//!
//! which differs from the exact value of [`IteratedMatrix`] by at most `delta^L` times the range of the payoffs. With
//! the score `e(t) = d log pi_i(a_i(t) | s(t)) / d x_i`, `z(t) = e(0) + .. + e(t)`, and episodes `j`,
//!
//! ```text
//! df_i/dx_i = c E sum_t delta^t r_i(t) z(t)
//!           ~ c / K sum_j sum_t delta^t (r_j(t) - b_j(t)) z_j(t)          b_j(t) = mean of r_l(t) over l != j
//! ```
//!
//! The baseline `b_j` leaves out episode `j`, so it is independent of `z_j` and the estimate is unbiased. The sum
//! equals `K / (K - 1)` times the covariance of `r` and `z` over the episodes, which takes one pass over the turns and
//! does not store them.

use super::{Estimator, IteratedMatrix};
use crate::player::Player;
use crate::random::Stream;
use crate::scalar::{Real, Scalar};

/// What an episode carries from turn to turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Episode {
    /// The index at which each player's policy is read next: 0 at the start, then 1 to 4 after DD, DC, CD, CC, own
    /// action first.
    at: [usize; 2],
    /// The sum of scores so far.
    score: [[f64; 5]; 2],
}

impl Episode {
    /// Before the first turn.
    pub const START: Self = Episode {
        at: [0; 2],
        score: [[0.0; 5]; 2],
    };
}

/// Estimates an iterated game's returns and own gradients from episodes, in memory provided by the caller.
///
/// Each lane draws from its own stream, two numbers per turn of each episode. Sums are `f64` whatever the scalar.
///
/// ```
/// use meva_core::game::{rollouts::Episode, Estimator, Game, IteratedMatrix, Rollouts};
/// use meva_core::random::{Purpose, Stream};
/// let game = IteratedMatrix::PRISONERS_DILEMMA;
/// let mut streams = [Stream::new(0, Purpose::Rollouts, 0)];
/// let mut episodes = [Episode::START; 1000];
/// let mut rollouts = Rollouts { game: &game, length: 100, episodes: &mut episodes, streams: &mut streams };
/// let x = [[0.5_f64, -1.0, 1.0, -1.0, 1.0]; 2];
/// let (value, gradient) = rollouts.estimate(&x);
/// assert!((value[0] - game.value(&x)[0]).abs() < 0.05);
/// assert!((gradient[0][4] - game.own_gradients(&x)[0][4]).abs() < 0.1);
/// ```
#[derive(Debug)]
pub struct Rollouts<'a> {
    /// The game that is played.
    pub game: &'a IteratedMatrix,
    /// `L`, turns per episode.
    pub length: usize,
    /// `K` episodes, given by the size of this memory. With a single one there is no baseline.
    pub episodes: &'a mut [Episode],
    /// A stream for each lane; lanes beyond the last stream get zeros.
    pub streams: &'a mut [Stream],
}

impl Rollouts<'_> {
    /// The estimates for one lane: returns, and own gradients.
    fn play(&mut self, lane: usize, x: &[[f64; 5]; 2]) -> ([f64; 2], [[f64; 5]; 2]) {
        let (mut value, mut gradient) = ([0.0; 2], [[0.0; 5]; 2]);
        let Some(stream) = self.streams.get_mut(lane) else {
            return (value, gradient);
        };
        let cooperate = x.map(|row| row.map(f64::sigmoid));
        self.episodes.fill(Episode::START);
        let count = self.episodes.len() as f64;
        let (mut weight, mut weights) = (1.0, 0.0);
        for _ in 0..self.length {
            // Over the episodes: sums of rewards, of scores, and of their products.
            let (mut rewards, mut scores, mut products) = ([0.0; 2], [[0.0; 5]; 2], [[0.0; 5]; 2]);
            for Episode { at, score } in self.episodes.iter_mut() {
                let mut action = [0; 2];
                for i in 0..2 {
                    let p = cooperate[i][at[i]];
                    action[i] = usize::from(stream.unit() < p);
                    score[i][at[i]] += action[i] as f64 - p;
                }
                let reward = self.game.payoffs[2 * action[0] + action[1]];
                for i in 0..2 {
                    at[i] = 1 + 2 * action[i] + action[1 - i];
                    rewards[i] += reward[i];
                    for n in 0..5 {
                        scores[i][n] += score[i][n];
                        products[i][n] += reward[i] * score[i][n];
                    }
                }
            }
            for i in 0..2 {
                value[i] += weight * rewards[i];
                for n in 0..5 {
                    gradient[i][n] += weight
                        * if count > 1.0 {
                            (count * products[i][n] - rewards[i] * scores[i][n]) / (count - 1.0)
                        } else {
                            products[i][n]
                        };
                }
            }
            weights += weight;
            weight *= self.game.discount;
        }
        let share = weights * count;
        if share > 0.0 {
            value = value.map(|sum| sum / share);
            gradient = gradient.map(|row| row.map(|sum| sum / share));
        }
        (value, gradient)
    }
}

impl<S: Scalar<Lane = <S as Scalar>::Real>> Estimator<S, 5> for Rollouts<'_> {
    fn estimate_value(&mut self, x: &[[S; 5]; 2]) -> [S; 2] {
        self.estimate(x).0
    }

    fn estimate(&mut self, x: &[[S; 5]; 2]) -> ([S; 2], [[S; 5]; 2]) {
        let (mut values, mut gradients) = ([S::ZERO; 2], [[S::ZERO; 5]; 2]);
        for lane in 0..S::LANES {
            let one = x.map(|row| row.map(|number| number.lane(lane).to_f64()));
            let (value, gradient) = self.play(lane, &one);
            for player in Player::BOTH {
                let i = player.index();
                values[i].set_lane(lane, S::Real::round(value[i]));
                for n in 0..5 {
                    gradients[i][n].set_lane(lane, S::Real::round(gradient[i][n]));
                }
            }
        }
        (values, gradients)
    }
}
