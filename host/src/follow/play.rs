//! Two agents learn together; how do they fare? Returns, and for iterated games the policies that they reach.

use std::any::Any;

use meva_core::game::IteratedMatrix;
use meva_core::strategy::best_response;
use meva_core::{Game, Player, Scalar};

use crate::cpu::Cpu;
use crate::cpu::estimate::Playable;
use crate::draws::{Sampling, Start};
use crate::error::{Error, Result};
use crate::follow::ascent::{Agent, Ascent, Joint, Precision};
use crate::follow::learner::Learner;
use crate::follow::preparation::{Effort, Pair, Preparation};
use crate::follow::starts::{log_odds, place, set_out, starts};
use crate::model::Model;

/// A player: its learner and, for a trained learner, the models that it follows, one per seed.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The learner.
    pub learner: Learner,
    /// The models of a trained learner. Where the other side has more, these are used in turn.
    pub models: &'a [Model],
}

impl<'a> Side<'a> {
    /// A learner given by a formula.
    pub fn formula(learner: Learner) -> Self {
        Side { learner, models: &[] }
    }

    /// The model for a seed, if the learner follows one.
    fn model(&self, seed: usize) -> Option<&'a Model> {
        self.learner.algorithm()?;
        self.models.get(seed % self.models.len().max(1))
    }
}

/// The opponent of player 0.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Opponent<'a> {
    /// A learner of the same kind.
    Itself,
    /// First a learner of the same kind. Then player 0 is held fixed where it ended, and player 1 starts anew and follows
    /// its own gradient for this many steps, towards the best response. This shows whether player 0 can be exploited.
    BestResponse {
        /// Steps of the best response.
        steps: usize,
    },
    /// As [`Opponent::BestResponse`], but player 1 is an exact best response, one of the 32 deterministic policies: what no
    /// learner may find, and none can exceed. For iterated games.
    ExactResponse,
    /// Another learner, or a strategy that does not learn.
    Other(Side<'a>),
}

/// How many pairs play, for how long, and from where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Pairs of agents for each seed, at least 1.
    pub pairs: usize,
    /// Steps that the agents learn together.
    pub steps: usize,
    /// Learning rate of all agents.
    pub rate: f64,
    /// How initial policies are drawn.
    pub start: Start,
    /// Seed for the starts of the first model; each following model uses the next seed.
    pub seed: u64,
    /// How naive gradients are estimated, if they are not exact; the seed in it is replaced by that of the starts.
    pub sampling: Option<Sampling>,
}

impl Match {
    /// 256 pairs that take 500 steps from seed 0, as in the published experiments on games with `N` parameters per
    /// policy: from uniform policies at rate 1 on the plane, from normal policies at rate 2 in iterated games.
    pub fn published<const N: usize>() -> Self {
        let (rate, start) = if N == 1 {
            (1.0, Start::Uniform(8.0))
        } else {
            (2.0, Start::Normal(1.0))
        };
        Match {
            pairs: 256,
            steps: 500,
            rate,
            start,
            seed: 0,
            sampling: None,
        }
    }
}

/// Lets pairs of agents learn together, one set of pairs per seed, and measures how both players fare. Agents learn in
/// `f32`; returns and best responses are exact even where [`Match::sampling`] makes the agents estimate their gradients.
///
/// # Errors
/// As [`Preparation::of`], [`Agent::pair`] and [`place`]; an exact response in a game that is not iterated; or every pair of a seed diverged: its
/// policies or returns became infinite or NaN.
///
/// ```
/// use meva::cpu::Cpu;
/// use meva::follow::play::{Match, Opponent, Side, play};
/// use meva_core::game::IteratedMatrix;
///
/// let game = IteratedMatrix::PRISONERS_DILEMMA;
/// let naive = Side::formula("naive".parse()?);
/// let few = Match { pairs: 4, steps: 200, ..Match::published::<5>() };
/// let [zero, one] = play(&game, Cpu::detect()?, naive, Opponent::Itself, &few)?;
/// assert!(zero.pooled.mean < -1.9 && one.pooled.mean < -1.9, "naive learners come to defect");
/// # Ok::<(), meva::error::Error>(())
/// ```
pub fn play<const N: usize, G: Playable<N>>(
    game: &G,
    cpu: Cpu,
    player: Side,
    opponent: Opponent,
    how: &Match,
) -> Result<[Fared; 2]> {
    let other = match opponent {
        Opponent::Itself | Opponent::BestResponse { .. } | Opponent::ExactResponse => player,
        Opponent::Other(side) => side,
    };
    let ascent = Ascent {
        rate: how.rate,
        steps: how.steps,
        precision: Precision::F32,
    };
    let preparation = Preparation::new(game, cpu, how.rate, how.start, Effort::USUAL);
    let pairs = |index: usize| -> Result<Vec<Joint<N>>> {
        let seed = how.seed.wrapping_add(index as u64);
        let draw = |seed| starts(how.pairs, how.start, seed);
        let pair = Pair {
            indices: if matches!(opponent, Opponent::Other(_)) {
                [0, 1]
            } else {
                [0, 0]
            },
            learners: [player.learner, other.learner],
            models: [player.model(index), other.model(index)],
        };
        let learned = preparation.of(pair, seed)?;
        let agents = Agent::prepared(pair.learners, pair.models, &learned)?;
        let sampling = how.sampling.map(|sampling| Sampling { seed, ..sampling });
        let starts = set_out(place(&draw(seed), pair.learners)?, &learned);
        let ends = ascent.ends_knowing(agents, game, sampling, cpu, &starts);
        Ok(match opponent {
            Opponent::ExactResponse => exact_responses(game, &ends)?,
            Opponent::BestResponse { steps } => {
                best_responses(game, cpu, &ends, &draw(!seed), Ascent { steps, ..ascent })
            }
            Opponent::Itself | Opponent::Other(_) => ends,
        })
    };
    let seeds = player.models.len().max(other.models.len()).max(1);
    let responds = matches!(opponent, Opponent::ExactResponse);
    let learner = player.learner;
    let is_certain = |player: &Player| match player {
        Player::Zero => learner.strategy().is_some(),
        Player::One => responds || other.learner.strategy().is_some(),
    };
    let certain: Vec<Player> = Player::BOTH.into_iter().filter(is_certain).collect();
    measure(game, &(0..seeds).map(pairs).collect::<Result<Vec<_>>>()?, &certain)
}

/// Holds player 0 of each pair fixed, and puts an exact best response in place of player 1.
///
/// # Errors
/// The game is not iterated.
pub fn exact_responses<const N: usize, G: Playable<N>>(game: &G, held: &[Joint<N>]) -> Result<Vec<Joint<N>>> {
    let game = (game as &dyn Any).downcast_ref::<IteratedMatrix>();
    let response = |x: &Joint<N>| {
        let held = <[f64; 5]>::try_from(&x[0][..]).ok()?;
        let best = best_response(game?, Player::Zero, &held.map(f64::sigmoid));
        Some([x[0], best.strategy.map(log_odds)[..].try_into().ok()?])
    };
    held.iter().map(response).collect::<Option<_>>().ok_or_else(|| {
        Error::usage("exact best responses are for iterated games, and this game has no turns")
            .hint("use best-response, which follows the gradient")
    })
}

/// Holds player 0 of each pair fixed, and lets player 1 start anew and follow its own gradient towards the best
/// response. This shows whether player 0 can be exploited.
pub fn best_responses<const N: usize, G: Playable<N>>(
    game: &G,
    cpu: Cpu,
    held: &[Joint<N>],
    fresh: &[Joint<N>],
    ascent: Ascent,
) -> Vec<Joint<N>> {
    let starts: Vec<Joint<N>> = held
        .iter()
        .zip(fresh)
        .map(|(held, fresh)| [held[0], fresh[1]])
        .collect();
    ascent.ends([Agent::Fixed, Agent::NAIVE], game, cpu, &starts)
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
    /// The mean of these numbers.
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

/// A mean with the minimum and the maximum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The minimum.
    pub least: f64,
    /// The maximum.
    pub greatest: f64,
}

impl Spread {
    /// Of these numbers; there must be at least one.
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

/// How a player fares.
#[derive(Clone, Debug, PartialEq)]
pub struct Fared {
    /// Its mean return over all pairs.
    pub pooled: Mean,
    /// The mean return of each seed's pairs.
    pub by_seed: Vec<f64>,
    /// The 5, 25, 50, 75 and 95 % quantiles of the pairs' returns.
    pub quantiles: [f64; 5],
    /// In iterated games, how its policies play.
    pub style: Option<Style>,
    /// How many pairs diverged: they are left out of everything else.
    pub diverged: usize,
}

/// How policies of an iterated game play.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// The share of policies that are more likely than not to cooperate after the opponent's C and to defect after its D.
    pub tit_for_tat: f64,
    /// The mean probability of cooperating at the start and after DD, DC, CD, CC, own action first.
    pub cooperation: [f64; 5],
}

/// How both players fare, from the final policies of each seed's pairs. Pairs that diverged are counted and left out;
/// the policies of `certain` players, who do not learn, may have infinite log-odds.
///
/// # Errors
/// Every pair of a seed diverged.
pub fn measure<const N: usize, G: Game<N>>(game: &G, ends: &[Vec<Joint<N>>], certain: &[Player]) -> Result<[Fared; 2]> {
    type Measured<const N: usize> = (Joint<N>, [f64; 2]);
    let is_finite = |(x, values): &Measured<N>| {
        let learned = Player::BOTH.into_iter().filter(|player| !certain.contains(player));
        let mut numbers = learned.flat_map(|player| &x[player.index()]).chain(values);
        numbers.all(|number| number.is_finite())
    };
    let measured = |pairs: &Vec<Joint<N>>| -> Vec<Measured<N>> {
        let pairs = pairs.iter().map(|x| (*x, game.value(x)));
        pairs.filter(is_finite).collect()
    };
    let kept: Vec<Vec<Measured<N>>> = ends.iter().map(measured).collect();
    if let Some(seed) = kept.iter().position(Vec::is_empty) {
        let which = if ends.len() == 1 {
            String::new()
        } else {
            format!(" of model {}", seed + 1)
        };
        return Err(Error::diverged(format!(
            "all {} pairs{which} diverged: their policies or returns are infinite or NaN",
            ends[seed].len()
        ))
        .hint("use a smaller rate or a shorter imagined step"));
    }
    let diverged = ends.iter().map(Vec::len).sum::<usize>() - kept.iter().map(Vec::len).sum::<usize>();
    Ok([0, 1].map(|i| {
        let returns: Vec<Vec<f64>> = kept
            .iter()
            .map(|pairs| pairs.iter().map(|(_, values)| values[i]).collect())
            .collect();
        let mut pooled: Vec<f64> = returns.iter().flatten().copied().collect();
        let mean = Mean::of(&pooled);
        pooled.sort_by(f64::total_cmp);
        let last = pooled.len().saturating_sub(1) as f64;
        Fared {
            pooled: mean,
            by_seed: returns.iter().map(|returns| Mean::of(returns).mean).collect(),
            quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map(|q| pooled[(q * last).round() as usize]),
            style: style(kept.iter().flatten().map(|(x, _)| x[i].as_slice())),
            diverged,
        }
    }))
}

/// `None` if the policies are not those of an iterated game.
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
    use meva_core::game::IteratedMatrix;

    const TIT_FOR_TAT: [f64; 5] = [9.0, -9.0, 9.0, -9.0, 9.0];

    #[test]
    fn tit_for_tat_is_recognised() {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let [first, second] = measure(
            &game,
            &[vec![[TIT_FOR_TAT, [-9.0; 5]]], vec![[TIT_FOR_TAT, [9.0; 5]]]],
            &[],
        )
        .unwrap();
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

    /// Pairs that have left the numbers are counted, and nothing else is made of them.
    #[test]
    fn pairs_that_diverge_are_left_out() {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let (good, lost) = ([TIT_FOR_TAT; 2], [TIT_FOR_TAT, [f64::NAN; 5]]);
        let infinite = [[f64::INFINITY; 5], TIT_FOR_TAT];
        let alone = measure(&game, &[vec![good]], &[]).unwrap();
        let beside = measure(&game, &[vec![lost, good, infinite]], &[]).unwrap();
        for (alone, beside) in alone.into_iter().zip(beside) {
            assert_eq!((alone.diverged, beside.diverged), (0, 2));
            assert_eq!(
                (alone.by_seed, alone.quantiles, alone.style),
                (beside.by_seed, beside.quantiles, beside.style)
            );
        }
        let nothing = measure(&game, &[vec![good], vec![lost]], &[]).unwrap_err();
        assert_eq!(nothing.exit_code(), 4);
        assert!(
            nothing.to_string().contains("all 1 pairs of model 2 diverged"),
            "{nothing}"
        );
    }

    /// The exact best response to tit-for-tat cooperates, and ascent from defection does not find it.
    #[test]
    fn exact_responses_are_at_least_as_good_as_ascent() {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let held = starts::<5>(16, Start::Normal(2.0), 1);
        let exact = exact_responses(&game, &held).unwrap();
        let ascent = Ascent {
            rate: 2.0,
            steps: 500,
            precision: Precision::F32,
        };
        let climbed = best_responses(
            &game,
            Cpu::detect().unwrap(),
            &held,
            &starts(16, Start::Normal(1.0), 2),
            ascent,
        );
        for (exact, climbed) in exact.iter().zip(&climbed) {
            let (exact, climbed) = (game.value(exact)[1], game.value(climbed)[1]);
            assert!(exact.is_finite() && exact >= climbed - 1e-9, "{exact} {climbed}");
        }
        assert!(exact_responses(&meva_core::game::PlaneGame::Tandem, &[[[0.0], [0.0]]]).is_err());
    }

    #[test]
    fn strategies_stay_where_they_are() {
        let learner = Learner::Strategy {
            by_player: [[1.0, 0.0, 0.5, 0.0, 1.0], [0.5; 5]],
        };
        let placed = place(&[[[7.0; 5]; 2]], [learner, Learner::NAIVE]).unwrap();
        let infinite = f64::INFINITY;
        assert_eq!(placed, [[[infinite, -infinite, 0.0, -infinite, infinite], [7.0; 5]]]);
        assert!(place(&[[[7.0], [7.0]]], [learner, Learner::NAIVE]).is_err());
    }

    /// Against tit-for-tat cooperating pays; against an unconditional cooperator defecting does.
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
