//! Where players start.

use meva_core::Player;
use meva_core::random::{Purpose, Stream};

use crate::draws::Start;
use crate::error::{Error, Result};
use crate::follow::ascent::{Joint, Learned};
use crate::follow::learner::Learner;

/// On which terms players learn something for a match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Learning rate of all players who follow gradients.
    pub rate: f64,
    /// How initial policies are drawn.
    pub start: Start,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// Whether roles are alike, so that players who both learn meta-policies learn one.
    pub alike: bool,
}

/// `count` initial joint policies.
pub fn starts<const N: usize>(count: usize, start: Start, seed: u64) -> Vec<Joint<N>> {
    all_starts(start, seed).take(count).collect()
}

/// Initial joint policies without end, of which [`starts`] takes the first.
pub fn all_starts<const N: usize>(start: Start, seed: u64) -> impl Iterator<Item = Joint<N>> {
    let mut stream = Stream::new(seed, Purpose::Evaluation, 0);
    std::iter::repeat_with(move || std::array::from_fn(|_| std::array::from_fn(|_| start.draw(&mut stream))))
}

/// The log-odds of a probability; infinite if it is 0 or 1.
pub fn log_odds(p: f64) -> f64 {
    libm::log(p / (1.0 - p))
}

/// The starts, with players that do not learn where their strategies are, as log-odds: infinite where they are certain.
///
/// # Errors
/// A strategy in a game whose policies are not of five parameters.
pub fn place<const N: usize>(starts: &[Joint<N>], learners: [Learner; 2]) -> Result<Vec<Joint<N>>> {
    let mut placed = starts.to_vec();
    for player in Player::BOTH {
        let i = player.index();
        let Some(strategies) = learners[i].strategy() else {
            continue;
        };
        let row = <[f64; N]>::try_from(&strategies[i].map(log_odds)[..]).map_err(|_| {
            Error::usage("strategies are for iterated games, and this game has no turns").hint("name a learner")
        })?;
        placed.iter_mut().for_each(|x| x[i] = row);
    }
    Ok(placed)
}

/// The starts, with players who learned where to start there.
pub fn set_out<const N: usize>(mut starts: Vec<Joint<N>>, learned: &[Learned<N>; 2]) -> Vec<Joint<N>> {
    for (i, learned) in learned.iter().enumerate() {
        if let Learned::Start(start) = learned {
            starts.iter_mut().for_each(|x| x[i] = *start);
        }
    }
    starts
}
