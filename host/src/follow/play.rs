//! What becomes of two agents that learn together, measured: returns, and for iterated games the policies they arrive at.

use meva_core::learner::LearnerName;
use meva_core::random::{Purpose, Stream};
use meva_core::{Game, Scalar};

use crate::cpu::Cpu;
use crate::cpu::estimate::Playable;
use crate::draws::Start;
use crate::follow::ascent::{Agent, Ascent, Joint};

/// `count` joint policies to start from.
pub fn starts<const N: usize>(count: usize, start: Start, seed: u64) -> Vec<Joint<N>> {
    let mut stream = Stream::new(seed, Purpose::Evaluation, 0);
    let mut draw = || match start {
        Start::Uniform(scale) => stream.uniform(-scale, scale),
        Start::Normal(deviation) => deviation * stream.normal(),
    };
    (0..count)
        .map(|_| std::array::from_fn(|_| std::array::from_fn(|_| draw())))
        .collect()
}

/// Holds player 0 of each pair where it is and lets player 1 start anew and follow its own gradient: towards the best
/// response, which tells whether player 0 can be exploited.
pub fn best_responses<const N: usize, G: Playable<N>>(
    game: &G,
    cpu: Cpu,
    held: &[Joint<N>],
    fresh: &[Joint<N>],
    ascent: Ascent,
) -> Vec<Joint<N>> {
    let naive = Agent::Learner {
        learner: LearnerName::Naive,
        alpha: 0.0,
    };
    let starts: Vec<Joint<N>> = held
        .iter()
        .zip(fresh)
        .map(|(held, fresh)| [held[0], fresh[1]])
        .collect();
    ascent.ends([Agent::Fixed, naive], game, cpu, &starts)
}

/// A mean with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// The standard error of the mean; NaN for fewer than two numbers.
    pub error: f64,
}

impl Mean {
    /// Of some numbers.
    ///
    /// ```
    /// let mean = meva::follow::play::Mean::of(&[1.0, 2.0, 3.0]);
    /// assert_eq!(mean.mean, 2.0);
    /// assert!((mean.error - (1.0_f64 / 3.0).sqrt()).abs() < 1e-15);
    /// ```
    pub fn of(numbers: &[f64]) -> Self {
        let count = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / count;
        let squares: f64 = numbers.iter().map(|number| (number - mean) * (number - mean)).sum();
        Mean {
            mean,
            error: (squares / (count - 1.0) / count).sqrt(),
        }
    }
}

/// A mean with the least and the greatest of what it is the mean of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The least number.
    pub least: f64,
    /// The greatest number.
    pub greatest: f64,
}

impl Spread {
    /// Of some numbers, at least one.
    ///
    /// ```
    /// let spread = meva::follow::play::Spread::of(&[1.0, 2.0, 6.0]);
    /// assert_eq!((spread.mean, spread.least, spread.greatest), (3.0, 1.0, 6.0));
    /// ```
    pub fn of(numbers: &[f64]) -> Self {
        Spread {
            mean: Mean::of(numbers).mean,
            least: numbers.iter().copied().fold(f64::INFINITY, f64::min),
            greatest: numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// How a player fared.
#[derive(Clone, Debug, PartialEq)]
pub struct Fared {
    /// Its mean return over all pairs.
    pub pooled: Mean,
    /// The mean return of each seed's pairs.
    pub by_seed: Vec<f64>,
    /// The returns below which 5, 25, 50, 75 and 95 % of the pairs lie.
    pub quantiles: [f64; 5],
    /// In iterated games, how its policies play.
    pub style: Option<Style>,
}

/// How policies of an iterated game play.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// The share of policies that are more likely to cooperate after the opponent's C and to defect after its D.
    pub tit_for_tat: f64,
    /// The mean probability of cooperating at the start and after DD, DC, CD, CC, own action first.
    pub cooperation: [f64; 5],
}

/// How both players fared, from the ends of each seed's pairs.
pub fn measure<const N: usize, G: Game<N>>(game: &G, ends: &[Vec<Joint<N>>]) -> [Fared; 2] {
    [0, 1].map(|i| {
        let returns: Vec<Vec<f64>> = ends
            .iter()
            .map(|pairs| pairs.iter().map(|x| game.value(x)[i]).collect())
            .collect();
        let mut pooled: Vec<f64> = returns.iter().flatten().copied().collect();
        let mean = Mean::of(&pooled);
        pooled.sort_by(f64::total_cmp);
        let last = pooled.len().saturating_sub(1) as f64;
        Fared {
            pooled: mean,
            by_seed: returns.iter().map(|returns| Mean::of(returns).mean).collect(),
            quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map(|q| pooled[(q * last).round() as usize]),
            style: style(ends.iter().flatten().map(|x| x[i].as_slice())),
        }
    })
}

/// None for policies that are not those of an iterated game.
fn style<'a>(policies: impl Iterator<Item = &'a [f64]>) -> Option<Style> {
    let (mut count, mut alike, mut sums) = (0.0, 0.0, [0.0; 5]);
    for policy in policies {
        let &[_, dd, dc, cd, cc] = policy else { return None };
        count += 1.0;
        if dc > 0.0 && cc > 0.0 && dd < 0.0 && cd < 0.0 {
            alike += 1.0;
        }
        for (sum, log_odds) in sums.iter_mut().zip(policy) {
            *sum += log_odds.sigmoid();
        }
    }
    Some(Style {
        tit_for_tat: alike / count,
        cooperation: sums.map(|sum| sum / count),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follow::ascent::Precision;
    use meva_core::game::IteratedMatrix;

    const TIT_FOR_TAT: [f64; 5] = [9.0, -9.0, 9.0, -9.0, 9.0];

    #[test]
    fn tit_for_tat_is_recognised() {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let [first, second] = measure(&game, &[vec![[TIT_FOR_TAT, [-9.0; 5]]], vec![[TIT_FOR_TAT, [9.0; 5]]]]);
        assert_eq!(first.style.map(|style| style.tit_for_tat), Some(1.0));
        assert_eq!(second.style.map(|style| style.tit_for_tat), Some(0.0));
        assert!(first.by_seed[0] < -1.9 && first.by_seed[1] > -1.1);
        assert_eq!(
            first.quantiles,
            [
                first.by_seed[0],
                first.by_seed[0],
                first.by_seed[1],
                first.by_seed[1],
                first.by_seed[1]
            ]
        );
    }

    /// Against tit-for-tat it pays to cooperate, against a cooperator to defect.
    #[test]
    fn best_responses_respond() {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let ascent = Ascent {
            rate: 2.0,
            steps: 2000,
            precision: Precision::F32,
        };
        let held = [[TIT_FOR_TAT, [0.0; 5]], [[9.0; 5], [0.0; 5]]];
        let ends = best_responses(
            &game,
            Cpu::detect().unwrap(),
            &held,
            &starts(2, Start::Normal(1.0), 0),
            ascent,
        );
        assert_eq!((ends[0][0][0], ends[1][0][0]), (9.0, 9.0), "player 0 is held");
        assert!(game.value(&ends[0])[1] > -1.1, "{:?}", game.value(&ends[0]));
        assert!(game.value(&ends[1])[1] > -0.1, "{:?}", game.value(&ends[1]));
    }
}
