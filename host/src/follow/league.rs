//! A league: every player against every other, from the same random starts, seed by seed.
//!
//! A player's mean return against another is over both roles: as player 0, and, in a game whose roles differ, in as many
//! pairs as player 1. Against itself it is over both players. Returns are exact; where neither learns, they are those of the
//! two strategies, without starts or seeds. Pairs that diverge are counted and left out.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use meva_core::game::{AnyGame, IteratedMatrix, NamedGame};
use meva_core::strategy::{best_response, extortion};
use meva_core::{Player, Scalar};
use serde_json::{Value, json};

use crate::config::Sharing;
use crate::cpu::Cpu;
use crate::cpu::estimate::Playable;
use crate::draws::{Sampling, Start};
use crate::error::{Error, Result};
use crate::follow::ascent::{Agent, Ascent, Joint, Precision};
use crate::follow::play::{Match, Mean};
use crate::follow::player::Entrant;
use crate::follow::preparation::{Effort, Pair, Preparation};
use crate::follow::starts::{place, set_out, starts};
use crate::follow::statistics::{interquartile_mean, interval};
use crate::hand_out::{Spread, Work, over_ranks, serve};
use crate::model::Model;
use crate::ranks::Ranks;

/// How players meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// Pairs for each seed, at least 1.
    pub pairs: usize,
    /// Steps that two players learn together.
    pub steps: usize,
    /// Learning rate of all players.
    pub rate: f64,
    /// How initial policies are drawn.
    pub start: Start,
    /// The first seed of the starts.
    pub seed: u64,
    /// How many seeds, at least 1; trained players use their models in turn.
    pub seeds: usize,
    /// How naive gradients are estimated, if they are not exact; the seed in it is replaced by that of the starts.
    pub sampling: Option<Sampling>,
    /// How long M-MAML and M-FOS prepare themselves, with the seed of the starts.
    pub effort: Effort,
}

impl Terms {
    /// Those of the published tournaments, on games with `N` parameters per policy: 1024 pairs that take 300 steps, with the starts
    /// and the rate of other [matches](Match::published).
    pub fn published<const N: usize>() -> Self {
        let Match { rate, start, .. } = Match::published::<N>();
        Terms {
            pairs: 1024,
            steps: 300,
            rate,
            start,
            seed: 0,
            seeds: 1,
            sampling: None,
            effort: Effort::USUAL,
        }
    }
}

/// How one player fares against another.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The mean over seeds; NaN if every pair of a seed diverged.
    pub mean: f64,
    /// The interquartile mean over seeds.
    pub interquartile: f64,
    /// Its 95 % interval; `None` for a single seed.
    pub interval: Option<[f64; 2]>,
    /// The mean return of each seed's pairs; one number where neither player learns.
    pub by_seed: Vec<f64>,
    /// Pairs that diverged, over all seeds: a policy of a learner or a return is not finite.
    pub diverged: usize,
    /// Pairs in all; 0 where neither player learns.
    pub pairs: usize,
}

/// What is said of a player over all its opponents.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The mean return over all opponents, itself included.
    pub mean: f64,
    /// The interquartile mean over opponents and seeds.
    pub interquartile: f64,
    /// Its 95 % interval, with opponents as strata; `None` for a single seed.
    pub interval: Option<[f64; 2]>,
    /// How much more it gets from itself than from an exact best response to the policies that it reaches there, in
    /// iterated games.
    pub exploitability: Option<f64>,
    /// What the best responses get.
    pub response: Option<f64>,
    /// The median of the factors by which those policies come closest to extorting ([`extortion`]).
    pub extortion: Option<f64>,
    /// The median root mean square by which they miss that line.
    pub residual: Option<f64>,
}

/// The result of a league.
#[derive(Clone, Debug, PartialEq)]
pub struct League {
    /// The players' names.
    pub players: Vec<String>,
    /// `cells[i][j]`: how `i` fares against `j`.
    pub cells: Vec<Vec<Cell>>,
    /// By player.
    pub standings: Vec<Standing>,
}

impl League {
    /// Players from best to worst by a number that may be missing; the greatest is best.
    fn order(&self, by: impl Fn(&Standing) -> Option<f64>) -> Vec<usize> {
        let value = |k: usize| {
            by(&self.standings[k])
                .filter(|value| value.is_finite())
                .unwrap_or(f64::NEG_INFINITY)
        };
        let mut order: Vec<usize> = (0..self.players.len()).collect();
        order.sort_by(|a, b| value(*b).total_cmp(&value(*a)));
        order
    }

    /// Players by mean return, best first.
    pub fn by_return(&self) -> Vec<usize> {
        self.order(|standing| Some(standing.mean))
    }

    /// Players by exploitability, the least first.
    pub fn by_exploitability(&self) -> Vec<usize> {
        self.order(|standing| standing.exploitability.map(|exploitability| -exploitability))
    }

    /// Players by extortion factor, the greatest first.
    pub fn by_extortion(&self) -> Vec<usize> {
        self.order(|standing| standing.extortion)
    }

    /// Each pair of players of which pairs diverged, with how many did and of how many.
    pub fn diverged(&self) -> impl Iterator<Item = (&str, &str, usize, usize)> {
        let cells = self.players.iter().zip(&self.cells);
        cells.flat_map(|(player, row)| {
            let row = self.players.iter().zip(row).filter(|(_, cell)| cell.diverged > 0);
            row.map(move |(opponent, cell)| (player.as_str(), opponent.as_str(), cell.diverged, cell.pairs))
        })
    }
}

/// Both players' returns in each pair, or `None` where it diverged; the policies that they reached.
struct Meeting<const N: usize> {
    returns: Vec<Option<[f64; 2]>>,
    ends: Vec<Joint<N>>,
}

/// Two players at the starts of a seed.
#[derive(Clone, Copy)]
struct Pairing {
    seed: usize,
    i: usize,
    j: usize,
}

/// Lets every player meet every other; `progress` is told how many of how many meetings are done.
///
/// ```
/// use meva::cpu::Cpu;
/// use meva::follow::league::{Terms, league};
/// use meva::follow::player::Entrant;
/// use meva_core::game::IteratedMatrix;
///
/// let game = IteratedMatrix::PRISONERS_DILEMMA;
/// let names = ["naive", "tit-for-tat", "always-defect"];
/// let players = names.map(|name| Entrant::read(name, game.into())).into_iter().collect::<Result<Vec<_>, _>>()?;
/// let few = Terms { pairs: 8, steps: 100, seeds: 1, ..Terms::published::<5>() };
/// let league = league(&game, Cpu::detect()?, &players, &few, |_, _| ())?;
/// assert!((league.cells[1][2].mean + 2.04).abs() < 1e-12, "tit-for-tat is exploited once");
/// # Ok::<(), meva::error::Error>(())
/// ```
///
/// # Errors
/// A trained learner's models do not fit the game, or a learner needs more than estimates of its gradient.
pub fn league<const N: usize, G: Playable<N> + NamedGame<N>>(
    game: &G,
    cpu: Cpu,
    players: &[Entrant],
    terms: &Terms,
    progress: impl Fn(usize, usize),
) -> Result<League> {
    let table = Table::of(game, cpu, players, terms)?;
    let total = table.pairings.len();
    let mut meetings = Vec::with_capacity(total);
    for task in 0..total {
        meetings.push(table.meet(task)?);
        progress(task + 1, total);
    }
    Ok(table.league(&meetings))
}

/// How two different players fare against each other: the cells of a [`league`] in which nobody meets itself.
///
/// # Errors
/// As [`league`].
pub fn versus<const N: usize, G: Playable<N> + NamedGame<N>>(
    game: &G,
    cpu: Cpu,
    players: &[Entrant; 2],
    terms: &Terms,
) -> Result<[Cell; 2]> {
    let mut table = Table::of(game, cpu, players, terms)?;
    table.pairings.retain(|pairing| pairing.i != pairing.j);
    let meetings = (0..table.pairings.len()).map(|task| table.meet(task));
    let played = table.league(&meetings.collect::<Result<Vec<_>>>()?);
    Ok([played.cells[0][1].clone(), played.cells[1][0].clone()])
}

/// As [`league`], with meetings shared among the ranks of an MPI job. All of them call it; on ranks other than 0 the result is
/// `None`.
///
/// # Errors
/// As [`league`], or `interrupt` was set.
pub fn league_on<const N: usize, G: Playable<N> + NamedGame<N>>(
    ranks: &Ranks,
    game: &G,
    cpu: Cpu,
    players: &[Entrant],
    terms: &Terms,
    progress: impl Fn(usize, usize) + Sync,
    interrupt: &AtomicBool,
) -> Result<Option<League>> {
    let table = Table::of(game, cpu, players, terms)?;
    if ranks.rank() > 0 {
        let answer = |order: &Value, _: &(dyn Fn(Value) + Sync)| match order.as_u64() {
            Some(task) if (task as usize) < table.pairings.len() => {
                let meeting = table.meet(task as usize);
                meeting.map_or_else(|error| error.json(), |meeting| json!(meeting.words()))
            }
            _ => Error::other("a meeting that does not exist").json(),
        };
        serve(ranks, interrupt, answer, |_| ());
        return Ok(None);
    }
    let shared = Shared {
        meetings: table.pairings.iter().map(|_| Mutex::new(None)).collect(),
        table: &table,
        done: AtomicUsize::new(0),
        progress: &progress,
    };
    over_ranks(&shared, ranks, interrupt);
    let meetings = shared.meetings.into_iter().map(|meeting| {
        let meeting = meeting.into_inner().unwrap_or_else(PoisonError::into_inner);
        meeting.unwrap_or_else(|| Err(Error::other("the league was interrupted")))
    });
    Ok(Some(table.league(&meetings.collect::<Result<Vec<_>>>()?)))
}

/// Meetings that ranks share.
struct Shared<'a, G, const N: usize, F> {
    table: &'a Table<'a, G, N>,
    meetings: Vec<Mutex<Option<Result<Meeting<N>>>>>,
    done: AtomicUsize,
    progress: &'a F,
}

impl<G: Playable<N>, const N: usize, F: Fn(usize, usize) + Sync> Shared<'_, G, N, F> {
    fn keep(&self, task: usize, meeting: Result<Meeting<N>>) {
        *self.meetings[task].lock().unwrap_or_else(PoisonError::into_inner) = Some(meeting);
        (self.progress)(self.done.fetch_add(1, Ordering::Relaxed) + 1, self.meetings.len());
    }
}

impl<G: Playable<N>, const N: usize, F: Fn(usize, usize) + Sync> Work for Shared<'_, G, N, F> {
    fn tasks(&self) -> usize {
        self.meetings.len()
    }

    /// A meeting uses all threads.
    fn at_once(&self, _: usize, _: usize) -> usize {
        1
    }

    fn carry_out(&self, task: usize) {
        self.keep(task, self.table.meet(task));
    }
}

impl<G: Playable<N>, const N: usize, F: Fn(usize, usize) + Sync> Spread for Shared<'_, G, N, F> {
    fn order(&self, task: usize) -> Value {
        json!(task)
    }

    fn note(&self, _: usize, _: Value) {}

    fn answer(&self, task: usize, said: Value) {
        let meeting = match serde_json::from_value::<Vec<u64>>(said.clone()) {
            Ok(words) => Meeting::of_words(&words)
                .ok_or_else(|| Error::other("a rank answered with another number of pairs than it was asked for")),
            Err(_) => Err(Error::of_json(&said)),
        };
        self.keep(task, meeting);
    }

    fn name(&self, task: usize) -> String {
        let Pairing { seed, i, j } = self.table.pairings[task];
        let [a, b] = [i, j].map(|k| &self.table.players[k].name);
        format!("{a} against {b}, seed {seed}")
    }
}

/// Who plays on which terms, and who meets whom.
struct Table<'a, G, const N: usize> {
    cpu: Cpu,
    players: &'a [Entrant],
    terms: &'a Terms,
    matrix: Option<IteratedMatrix>,
    pairings: Vec<Pairing>,
    preparation: Preparation<'a, G, N>,
}

impl<'a, G: Playable<N>, const N: usize> Table<'a, G, N> {
    fn of(game: &'a G, cpu: Cpu, players: &'a [Entrant], terms: &'a Terms) -> Result<Self>
    where
        G: NamedGame<N>,
    {
        if players.is_empty() {
            return Err(Error::usage("a league needs players"));
        }
        if terms.sampling.is_some() {
            players.iter().try_for_each(|player| player.learner.samples())?;
        }
        let any: AnyGame = (*game).into();
        let separate = |player: &Entrant| {
            let mut configs = player.models.iter().map(Model::config);
            configs.any(|config| config.networks == Sharing::Separate)
        };
        let alike = roles_are_alike(any) && !players.iter().any(separate);
        let count = players.len();
        let pairs = (0..count).flat_map(|i| (if alike { i } else { 0 }..count).map(move |j| (i, j)));
        let pairings = (0..terms.seeds).flat_map(|seed| pairs.clone().map(move |(i, j)| Pairing { seed, i, j }));
        Ok(Table {
            cpu,
            players,
            terms,
            matrix: IteratedMatrix::try_from(any).ok(),
            pairings: pairings.collect(),
            preparation: Preparation::new(game, cpu, terms.rate, terms.start, terms.effort),
        })
    }

    /// The game and both players' strategies, if neither learns: what they get is known exactly, without starts or seeds.
    fn exact(&self, Pairing { i, j, .. }: Pairing) -> Option<(IteratedMatrix, [[[f64; 5]; 2]; 2])> {
        let [a, b] = [i, j].map(|k| self.players[k].learner.strategy());
        Some((self.matrix?, [a?, b?]))
    }

    fn meet(&self, task: usize) -> Result<Meeting<N>> {
        let pairing @ Pairing { seed, i, j } = self.pairings[task];
        if self.exact(pairing).is_some() {
            return Ok(Meeting {
                returns: Vec::new(),
                ends: Vec::new(),
            });
        }
        let Terms { pairs, start, .. } = *self.terms;
        let starts: Vec<Joint<N>> = starts(pairs, start, self.terms.seed.wrapping_add(seed as u64));
        let players = [&self.players[i], &self.players[j]];
        let pair = Pair {
            indices: [i, j],
            learners: players.map(|player| player.learner),
            models: players.map(|player| player.models.get(seed % player.models.len().max(1))),
        };
        let meeting = meet(&self.preparation, self.cpu, pair, &starts, seed, self.terms)?;
        Ok(Meeting {
            // Only of players that meet themselves it is told what they reach.
            ends: if i == j { meeting.ends } else { Vec::new() },
            ..meeting
        })
    }

    /// What all meetings come to, which are in the order of the pairings.
    fn league(&self, meetings: &[Meeting<N>]) -> League {
        let (players, terms) = (self.players, self.terms);
        let count = players.len();
        // By player, opponent and seed.
        let mut sums: Vec<Vec<Vec<Tally>>> = vec![vec![vec![Tally::default(); terms.seeds]; count]; count];
        let mut reached: Vec<Vec<(Player, [f64; 5], f64)>> = vec![Vec::new(); count];
        for (pairing, meeting) in self.pairings.iter().zip(meetings) {
            let Pairing { seed, i, j } = *pairing;
            if let Some((game, [a, b])) = self.exact(*pairing) {
                if seed == 0 {
                    let returns = game.value_of_probabilities(&[a[0], b[1]]);
                    sums[i][j][0].add(Some(returns[0]), 0);
                    sums[j][i][0].add(Some(returns[1]), 0);
                    if i == j {
                        reached[i]
                            .extend(Player::BOTH.map(|player| (player, a[player.index()], returns[player.index()])));
                    }
                }
                continue;
            }
            for returns in &meeting.returns {
                sums[i][j][seed].add(returns.map(|returns| returns[0]), 1);
                sums[j][i][seed].add(returns.map(|returns| returns[1]), if i == j { 0 } else { 1 });
            }
            if i == j {
                for (returns, end) in meeting.returns.iter().zip(&meeting.ends) {
                    let Some(returns) = returns else { continue };
                    for player in Player::BOTH {
                        if let Ok(row) = <[f64; 5]>::try_from(&end[player.index()][..]) {
                            reached[i].push((player, row.map(f64::sigmoid), returns[player.index()]));
                        }
                    }
                }
            }
        }
        let matrix = self.matrix;
        let cells: Vec<Vec<Cell>> = sums
            .iter()
            .map(|row| row.iter().map(|tallies| cell(tallies, terms.seed)).collect())
            .collect();
        let standings = cells
            .iter()
            .zip(&reached)
            .map(|(row, reached)| standing(row, matrix.as_ref(), reached, terms.seed))
            .collect();
        League {
            players: players.iter().map(|player| player.name.clone()).collect(),
            cells,
            standings,
        }
    }
}

impl<const N: usize> Meeting<N> {
    /// All numbers, as bits: those of a pair that diverged need not be finite.
    fn words(&self) -> Vec<u64> {
        let returns = self.returns.iter().flat_map(|returns| {
            let [a, b] = returns.map_or([f64::NAN; 2], |returns| returns);
            [u64::from(returns.is_some()), a.to_bits(), b.to_bits()]
        });
        let ends = self
            .ends
            .iter()
            .flat_map(|end| end.as_flattened())
            .map(|number| number.to_bits());
        [self.returns.len() as u64]
            .into_iter()
            .chain(returns)
            .chain(ends)
            .collect()
    }

    fn of_words(words: &[u64]) -> Option<Self> {
        let (pairs, words) = words.split_first()?;
        let (returns, ends) = words.split_at_checked(usize::try_from(*pairs).ok()?.checked_mul(3)?)?;
        let number = |word: u64| f64::from_bits(word);
        let returns = returns
            .chunks_exact(3)
            .map(|words| (words[0] == 1).then(|| [number(words[1]), number(words[2])]));
        let ends = ends
            .chunks_exact(2 * N)
            .map(|words| std::array::from_fn(|i| std::array::from_fn(|n| number(words[i * N + n]))));
        Some(Meeting {
            returns: returns.collect(),
            ends: ends.collect(),
        })
    }
}

/// One pair of players from all starts of a seed.
fn meet<const N: usize, G: Playable<N>>(
    preparation: &Preparation<G, N>,
    cpu: Cpu,
    pair: Pair,
    starts: &[Joint<N>],
    seed: usize,
    terms: &Terms,
) -> Result<Meeting<N>> {
    let (game, learners) = (preparation.game(), pair.learners);
    let seed = terms.seed.wrapping_add(seed as u64);
    let learned = preparation.of(pair, seed)?;
    let agents: [Agent<N>; 2] = Agent::prepared(learners, pair.models, &learned)?;
    let ascent = Ascent {
        rate: terms.rate,
        steps: terms.steps,
        precision: Precision::F32,
    };
    let sampling = terms.sampling.map(|sampling| Sampling { seed, ..sampling });
    let starts = set_out(place(starts, learners)?, &learned);
    let ends = ascent.ends_knowing(agents, game, sampling, cpu, &starts);
    let returns = ends.iter().map(|x| {
        let returns = game.value(x);
        let learned = |i: usize| learners[i].strategy().is_some() || x[i].iter().all(|number| number.is_finite());
        (returns.iter().all(|number| number.is_finite()) && learned(0) && learned(1)).then_some(returns)
    });
    Ok(Meeting {
        returns: returns.collect(),
        ends,
    })
}

/// Whether players may swap roles without a change.
fn roles_are_alike(game: AnyGame) -> bool {
    match game {
        AnyGame::Plane(game) => game.is_symmetric(),
        AnyGame::IteratedMatrix(game) => game.is_symmetric(),
    }
}

/// Returns of one seed.
#[derive(Clone, Copy, Default)]
struct Tally {
    sum: f64,
    count: usize,
    diverged: usize,
    pairs: usize,
}

impl Tally {
    fn add(&mut self, value: Option<f64>, pairs: usize) {
        self.pairs += pairs;
        match value {
            Some(value) => {
                self.sum += value;
                self.count += 1;
            }
            None => self.diverged += pairs,
        }
    }
}

fn cell(tallies: &[Tally], seed: u64) -> Cell {
    // Two strategies are tallied at the first seed alone, without pairs.
    let played = tallies.iter().filter(|tally| tally.pairs > 0 || tally.count > 0);
    let by_seed: Vec<f64> = played.map(|tally| tally.sum / tally.count as f64).collect();
    Cell {
        mean: Mean::of(&by_seed).mean,
        interquartile: interquartile_mean(&by_seed),
        interval: interval(std::slice::from_ref(&by_seed), seed),
        diverged: tallies.iter().map(|tally| tally.diverged).sum(),
        by_seed,
        pairs: tallies.iter().map(|tally| tally.pairs).sum(),
    }
}

fn standing(row: &[Cell], game: Option<&IteratedMatrix>, reached: &[(Player, [f64; 5], f64)], seed: u64) -> Standing {
    let strata: Vec<Vec<f64>> = row.iter().map(|cell| cell.by_seed.clone()).collect();
    let means: Vec<f64> = row.iter().map(|cell| cell.mean).collect();
    let game = game.filter(|_| !reached.is_empty());
    let average = |numbers: &[f64]| Mean::of(numbers).mean;
    let responses = game.map(|game| {
        let responses = reached.iter().map(|(player, policy, own)| {
            let best = best_response(game, *player, policy);
            (own - best.held, best.response)
        });
        responses.collect::<(Vec<f64>, Vec<f64>)>()
    });
    let lines = game.map(|game| {
        let lines = reached
            .iter()
            .filter_map(|(player, policy, _)| extortion(game, *player, policy));
        lines
            .map(|line| (line.factor, line.residual))
            .collect::<(Vec<f64>, Vec<f64>)>()
    });
    let lines = lines.filter(|(factors, _)| !factors.is_empty());
    Standing {
        mean: average(&means),
        interquartile: interquartile_mean(&strata.concat()),
        interval: interval(&strata, seed),
        exploitability: responses.as_ref().map(|(lost, _)| average(lost)),
        response: responses.as_ref().map(|(_, response)| average(response)),
        extortion: lines.as_ref().map(|(factors, _)| median(factors)),
        residual: lines.as_ref().map(|(_, residuals)| median(residuals)),
    }
}

/// The middle number, or the mean of the two in the middle.
fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        0.5 * (sorted[middle - 1] + sorted[middle])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meva_core::game::PlaneGame;

    const FEW: Terms = Terms {
        pairs: 8,
        steps: 100,
        rate: 2.0,
        start: Start::Normal(1.0),
        seed: 3,
        seeds: 2,
        sampling: None,
        effort: Effort::TRIAL,
    };

    fn play<const N: usize, G: Playable<N> + NamedGame<N>>(game: G, names: &[&str], terms: &Terms) -> League {
        let players: Result<Vec<_>> = names.iter().map(|name| Entrant::read(name, game.into())).collect();
        league(&game, Cpu::detect().unwrap(), &players.unwrap(), terms, |_, _| ()).unwrap()
    }

    #[test]
    fn strategies_are_exact_and_learners_are_by_seed() {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let league = play(game, &["always-defect", "naive", "tit-for-tat"], &FEW);
        let cell = &league.cells[2][0];
        assert_eq!((cell.by_seed.len(), cell.pairs, cell.interval), (1, 0, None));
        assert!((cell.mean + 2.04).abs() < 1e-12);
        let cell = &league.cells[1][1];
        assert_eq!((cell.by_seed.len(), cell.pairs, cell.diverged), (2, 16, 0));
        assert!(cell.interval.is_some());
        // Against always-defect a naive learner comes to defect.
        assert!(league.cells[1][0].mean < -1.9 && league.cells[0][1].mean > -2.1);
        let standing = &league.standings[0];
        assert!((standing.exploitability.unwrap()).abs() < 1e-12, "{standing:?}");
        assert!(league.standings[1].exploitability.is_some());
        assert_eq!(league.by_return().len(), 3);
    }

    /// Players who prepare themselves start where they learned to, and go where their meta-policy says.
    #[test]
    fn prepared_players_play() {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let names = ["naive", "m-maml", "m-fos", "m-fos:self"];
        let league = play(game, &names, &FEW);
        assert!(
            league
                .cells
                .iter()
                .flatten()
                .all(|cell| cell.mean.is_finite() && cell.diverged == 0)
        );
        // Both begin at one point in each seed, and each is the other's mirror image.
        let standing = &league.standings[1];
        assert!(standing.exploitability.is_some());
        assert_eq!(league.cells[1][1].pairs, 16);
        assert_eq!(league, play(game, &names, &FEW), "the same seed, the same league");
        let few = Terms { steps: 0, ..FEW };
        let still = play(game, &["m-maml"], &few);
        assert_eq!(still.cells[0][0].interquartile, still.cells[0][0].mean);
    }

    /// What one player wins in a zero-sum game the other loses, over both roles.
    #[test]
    fn roles_are_balanced_in_asymmetric_games() {
        let league = play(IteratedMatrix::MATCHING_PENNIES, &["naive", "lola:5"], &FEW);
        let [[_, a], [b, own]] = [0, 1].map(|i| [0, 1].map(|j| league.cells[i][j].mean));
        assert!((a + b).abs() < 1e-6, "{a} {b}");
        assert!(own.abs() < 1e-6, "{own}");
        assert_eq!(league.cells[0][1].pairs, 32);
    }

    #[test]
    fn meetings_come_back_from_messages() {
        let meeting = Meeting::<1> {
            returns: vec![Some([0.1, -2.0]), None],
            ends: vec![[[0.5], [f64::INFINITY]], [[-0.0], [1e-300]]],
        };
        let back = Meeting::<1>::of_words(&meeting.words()).unwrap();
        assert_eq!((back.returns, &back.ends), (meeting.returns.clone(), &meeting.ends));
        assert!(Meeting::<1>::of_words(&[]).is_none());
        assert!(Meeting::<1>::of_words(&[u64::MAX, 0]).is_none());
    }

    #[test]
    fn divergence_is_counted_and_named() {
        let terms = Terms { rate: 1e30, ..FEW };
        let league = play(PlaneGame::Bilinear, &["naive"], &terms);
        let cell = &league.cells[0][0];
        assert_eq!((cell.diverged, cell.pairs), (16, 16));
        assert!(cell.mean.is_nan());
        assert_eq!(league.diverged().collect::<Vec<_>>(), [("naive", "naive", 16, 16)]);
    }
}
