//! Memory-one strategies of iterated 2 x 2 games that do not learn, and exact best responses to them.
//!
//! A strategy is a player's probabilities of cooperating at the start and after DD, DC, CD, CC, own action first.
//!
//! **Zero-determinant strategies** (Press and Dyson, 2012; with discounting Hilbe, Traulsen and Sigmund, 2015) enforce a
//! line on which both returns lie, whatever the opponent does:
//!
//! ```text
//! f_0 - l_0 = chi (f_1 - l_1)          l_i = P_i + generosity (R_i - P_i)
//! delta p_k + (1 - delta) p_start - [own action in k is C] = phi ((r_0k - l_0) - chi (r_1k - l_1))
//! ```
//!
//! with `P` the payoffs of DD and `R` those of CC. Generosity 0 extorts, 1 is generous. Of all `phi` that keep every `p_k`
//! a probability the middle one is taken, with `p_start` the generosity.
//!
//! **Best responses.** Against a memory-one strategy the game is a Markov decision process, which a deterministic policy
//! solves: one of 32 is a best response. All are tried.

use crate::choice::choice;
use crate::game::IteratedMatrix;
use crate::player::Player;

/// Probabilities of cooperating: at the start and after DD, DC, CD, CC, own action first.
pub type Strategy = [f64; 5];

/// A classic strategy by its name. The last two enforce their lines in the prisoner's dilemma at a discount of 0.96.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StrategyName {
    /// Cooperates.
    AlwaysCooperate,
    /// Defects.
    AlwaysDefect,
    /// Begins with C, then does what the opponent did.
    TitForTat,
    /// Begins with D, then does what the opponent did.
    SuspiciousTitForTat,
    /// Begins with C, and changes its action after the opponent's D.
    WinStayLoseShift,
    /// Cooperates until the first D.
    Grim,
    /// Throws a coin.
    Random,
    /// Tit-for-tat that forgives one D in three.
    GenerousTitForTat,
    /// Enforces `f_0 + 2 = 3 (f_1 + 2)`.
    Extort3,
    /// Enforces `f_1 = -3/2`.
    Equalizer,
}

choice! { StrategyName, "strategy":
    AlwaysCooperate = "always-cooperate",
    AlwaysDefect = "always-defect",
    TitForTat = "tit-for-tat",
    SuspiciousTitForTat = "suspicious-tit-for-tat",
    WinStayLoseShift = "win-stay-lose-shift",
    Grim = "grim",
    Random = "random",
    GenerousTitForTat = "generous-tit-for-tat",
    Extort3 = "extort-3",
    Equalizer = "equalizer",
}

impl StrategyName {
    /// The probabilities.
    ///
    /// ```
    /// use meva_core::strategy::StrategyName;
    /// assert_eq!(StrategyName::TitForTat.probabilities(), [1.0, 0.0, 1.0, 0.0, 1.0]);
    /// ```
    pub const fn probabilities(self) -> Strategy {
        match self {
            StrategyName::AlwaysCooperate => [1.0; 5],
            StrategyName::AlwaysDefect => [0.0; 5],
            StrategyName::TitForTat => [1.0, 0.0, 1.0, 0.0, 1.0],
            StrategyName::SuspiciousTitForTat => [0.0, 0.0, 1.0, 0.0, 1.0],
            StrategyName::WinStayLoseShift => [1.0, 1.0, 0.0, 0.0, 1.0],
            StrategyName::Grim => [1.0, 0.0, 0.0, 0.0, 1.0],
            StrategyName::Random => [0.5; 5],
            StrategyName::GenerousTitForTat => [1.0, 1.0 / 3.0, 1.0, 1.0 / 3.0, 1.0],
            StrategyName::Extort3 => [0.0, 0.0, 25.0 / 48.0, 5.0 / 16.0, 5.0 / 6.0],
            StrategyName::Equalizer => [0.5, 3.0 / 16.0, 29.0 / 48.0, 19.0 / 48.0, 13.0 / 16.0],
        }
    }
}

/// A player's payoffs after DD, DC, CD, CC, its own action first: its own and its opponent's.
fn payoffs(game: &IteratedMatrix, player: Player) -> [[f64; 2]; 4] {
    let [dd, dc, cd, cc] = game.payoffs;
    match player {
        Player::Zero => [dd, dc, cd, cc],
        Player::One => [dd, cd, dc, cc].map(|[zero, one]| [one, zero]),
    }
}

/// Whether the own action is C, after DD, DC, CD, CC.
const COOPERATED: [f64; 4] = [0.0, 0.0, 1.0, 1.0];

/// The zero-determinant strategy of a player that gains `chi` times what its opponent gains over the baseline; `None` if
/// no strategy does.
///
/// ```
/// use meva_core::{game::IteratedMatrix, strategy::zero_determinant, Player};
/// let game = IteratedMatrix::PRISONERS_DILEMMA;
/// let extort = zero_determinant(&game, Player::Zero, 3.0, 0.0).expect("the dilemma allows extortion");
/// let [own, other] = game.value_of_probabilities(&[extort, [0.75, 0.25, 0.5, 1.0, 0.125]]);
/// assert!((own + 2.0 - 3.0 * (other + 2.0)).abs() < 1e-12);
/// assert_eq!(zero_determinant(&game, Player::Zero, 1.0, 0.0), None);
/// ```
pub fn zero_determinant(game: &IteratedMatrix, player: Player, chi: f64, generosity: f64) -> Option<Strategy> {
    let (rows, delta) = (payoffs(game, player), game.discount);
    let baseline = [0, 1].map(|i| rows[0][i] + generosity * (rows[3][i] - rows[0][i]));
    let line = rows.map(|[own, other]| (own - baseline[0]) - chi * (other - baseline[1]));
    let first = (1.0 - delta) * generosity;
    // 0 <= C - first + phi line <= delta in every state bounds phi from both sides.
    let (mut least, mut greatest) = (f64::NEG_INFINITY, f64::INFINITY);
    for (line, cooperated) in line.into_iter().zip(COOPERATED) {
        let (low, high) = (first - cooperated, delta + first - cooperated);
        if line == 0.0 {
            // The smallest number that can be told from 0 next to 1.
            if low > f64::EPSILON || high < -f64::EPSILON {
                return None;
            }
            continue;
        }
        let (low, high) = if line > 0.0 {
            (low / line, high / line)
        } else {
            (high / line, low / line)
        };
        (least, greatest) = (least.max(low), greatest.min(high));
    }
    // At phi = 0 every line is enforced, and none.
    let phi = 0.5 * (least + greatest);
    if !(delta > 0.0 && least <= greatest && phi.is_finite() && phi != 0.0) {
        return None;
    }
    let mut strategy = [generosity; 5];
    for k in 0..4 {
        let p = (COOPERATED[k] - first + phi * line[k]) / delta;
        strategy[k + 1] = p.clamp(0.0, 1.0);
    }
    (0.0..=1.0).contains(&generosity).then_some(strategy)
}

/// The line that a strategy comes closest to enforcing, by least squares (Knight et al., 2018).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extortion {
    /// `chi`: how much more the player gains than its opponent along that line; not finite if it does not depend on the
    /// opponent's return.
    pub factor: f64,
    /// The root mean square by which the strategy misses the line's four equations; 0 for zero-determinant strategies.
    pub residual: f64,
}

/// The line `own = chi other + c` that a player's strategy comes closest to enforcing: the least-squares solution of
///
/// ```text
/// delta p_k + (1 - delta) p_start - [own action in k is C] = a r_0k + b r_1k + c          chi = -b / a
/// ```
///
/// over DD, DC, CD, CC. `None` if the payoffs do not determine it.
///
/// ```
/// use meva_core::{game::IteratedMatrix, strategy::{extortion, StrategyName}, Player};
/// let game = IteratedMatrix::PRISONERS_DILEMMA;
/// let found = extortion(&game, Player::Zero, &StrategyName::Extort3.probabilities()).expect("a line");
/// assert!((found.factor - 3.0).abs() < 1e-10 && found.residual < 1e-12);
/// ```
pub fn extortion(game: &IteratedMatrix, player: Player, strategy: &Strategy) -> Option<Extortion> {
    let (rows, delta) = (payoffs(game, player), game.discount);
    let left: [f64; 4] =
        core::array::from_fn(|k| delta * strategy[k + 1] + (1.0 - delta) * strategy[0] - COOPERATED[k]);
    let mean = |of: &dyn Fn(usize) -> f64| (0..4).map(of).sum::<f64>() / 4.0;
    let centre = |of: &dyn Fn(usize) -> f64| -> [f64; 4] {
        let mean = mean(of);
        core::array::from_fn(|k| of(k) - mean)
    };
    let (own, other, left) = (centre(&|k| rows[k][0]), centre(&|k| rows[k][1]), centre(&|k| left[k]));
    let dot = |a: &[f64; 4], b: &[f64; 4]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (oo, ot, tt) = (dot(&own, &own), dot(&own, &other), dot(&other, &other));
    let determinant = oo * tt - ot * ot;
    // Below this the two players' payoffs are one another's multiples.
    if determinant <= 1e-12 * oo * tt {
        return None;
    }
    let (ol, tl) = (dot(&own, &left), dot(&other, &left));
    let (a, b) = ((tt * ol - ot * tl) / determinant, (oo * tl - ot * ol) / determinant);
    let missed = mean(&|k| {
        let miss = left[k] - a * own[k] - b * other[k];
        miss * miss
    });
    Some(Extortion {
        factor: -b / a,
        residual: libm::sqrt(missed),
    })
}

/// A best response to a strategy that is held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestResponse {
    /// The policy, each probability 0 or 1.
    pub strategy: Strategy,
    /// Its return.
    pub response: f64,
    /// What it leaves the held player; where several responses are equally good, the most.
    pub held: f64,
}

/// Returns closer than this, relative to the largest payoff, are equally good: the values of policies are rounded.
const TIE: f64 = 1e-12;

/// A best response to `strategy`, which is held by `player`.
///
/// ```
/// use meva_core::{game::IteratedMatrix, strategy::{best_response, StrategyName}, Player};
/// let game = IteratedMatrix::PRISONERS_DILEMMA;
/// let found = best_response(&game, Player::Zero, &StrategyName::AlwaysCooperate.probabilities());
/// assert_eq!(found.strategy, [0.0; 5]);
/// assert!(found.response.abs() < 1e-12 && (found.held + 3.0).abs() < 1e-12);
/// ```
pub fn best_response(game: &IteratedMatrix, player: Player, strategy: &Strategy) -> BestResponse {
    let largest = game
        .payoffs
        .as_flattened()
        .iter()
        .fold(0.0, |most: f64, payoff| most.max(payoff.abs()));
    let tie = TIE * largest;
    let mut best = BestResponse {
        strategy: [0.0; 5],
        response: f64::NEG_INFINITY,
        held: f64::NEG_INFINITY,
    };
    for index in 0_u32..32 {
        let candidate = core::array::from_fn(|k| f64::from(index >> k & 1));
        let [response, held] = match player {
            Player::Zero => {
                let [held, response] = game.value_of_probabilities(&[*strategy, candidate]);
                [response, held]
            }
            Player::One => game.value_of_probabilities(&[candidate, *strategy]),
        };
        let better = response > best.response + tie;
        if better || (response >= best.response - tie && held > best.held) {
            best = BestResponse {
                strategy: candidate,
                response,
                held,
            };
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    fn random(stream: &mut Stream) -> Strategy {
        core::array::from_fn(|_| stream.uniform(0.0, 1.0))
    }

    /// Whatever the opponent does, returns lie on the line: extortionate and generous, for either player, and at other
    /// discounts.
    #[test]
    fn zero_determinant_strategies_enforce_their_lines() {
        let mut stream = Stream::new(0, Purpose::Evaluation, 0);
        for (chi, generosity, discount) in [
            (1.5, 0.0, 0.96),
            (3.0, 0.0, 0.96),
            (3.0, 1.0, 0.96),
            (2.0, 0.5, 0.96),
            (20.0, 1.0, 0.99),
        ] {
            let game = IteratedMatrix {
                discount,
                ..IteratedMatrix::PRISONERS_DILEMMA
            };
            let baseline = -2.0 + generosity;
            for player in Player::BOTH {
                let zd = zero_determinant(&game, player, chi, generosity).unwrap();
                for _ in 0..1000 {
                    let other = random(&mut stream);
                    let pair = match player {
                        Player::Zero => [zd, other],
                        Player::One => [other, zd],
                    };
                    let returns = game.value_of_probabilities(&pair);
                    let (own, other) = (returns[player.index()], returns[player.opponent().index()]);
                    let missed = own - baseline - chi * (other - baseline);
                    assert!(
                        missed.abs() < 1e-11 * chi,
                        "{missed} at chi {chi}, generosity {generosity}"
                    );
                }
                let line = extortion(&game, player, &zd).unwrap();
                assert!(
                    (line.factor - chi).abs() < 1e-9 * chi && line.residual < 1e-12,
                    "{line:?}"
                );
            }
        }
    }

    #[test]
    fn the_two_named_ones_enforce_theirs() {
        let (game, mut stream) = (
            IteratedMatrix::PRISONERS_DILEMMA,
            Stream::new(1, Purpose::Evaluation, 0),
        );
        for _ in 0..1000 {
            let other = random(&mut stream);
            let value = |name: StrategyName| game.value_of_probabilities(&[name.probabilities(), other]);
            let [own, against] = value(StrategyName::Extort3);
            assert!((own + 2.0 - 3.0 * (against + 2.0)).abs() < 1e-12);
            assert!((value(StrategyName::Equalizer)[1] + 1.5).abs() < 1e-12);
        }
    }

    #[test]
    fn what_cannot_be_enforced_is_none() {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let zd = |chi, generosity| zero_determinant(&game, Player::Zero, chi, generosity);
        assert_eq!(zd(1.0, 0.0), None, "the future would have to count in full");
        assert_eq!(zd(0.5, 0.0), None);
        assert_eq!(zd(f64::NAN, 0.0), None);
        assert_eq!(zd(3.0, 1.5), None);
        assert_eq!(zd(3.0, f64::NAN), None);
        let short = IteratedMatrix { discount: 0.0, ..game };
        assert_eq!(zero_determinant(&short, Player::Zero, 3.0, 0.0), None);
    }

    /// No memory-one policy does better, and no gradient points upwards from the response.
    #[test]
    fn nothing_beats_a_best_response() {
        let mut stream = Stream::new(2, Purpose::Evaluation, 0);
        for game in [
            IteratedMatrix::PRISONERS_DILEMMA,
            IteratedMatrix::CHICKEN,
            IteratedMatrix::BATTLE_OF_THE_SEXES,
        ] {
            for player in Player::BOTH {
                for _ in 0..20 {
                    let held = random(&mut stream);
                    let best = best_response(&game, player, &held);
                    let value = |other: Strategy| match player {
                        Player::Zero => game.value_of_probabilities(&[held, other]),
                        Player::One => {
                            let [a, b] = game.value_of_probabilities(&[other, held]);
                            [b, a]
                        }
                    };
                    assert_eq!(value(best.strategy), [best.held, best.response]);
                    for _ in 0..20 {
                        let [_, other] = value(random(&mut stream));
                        assert!(other <= best.response + 1e-9, "{other} {best:?}");
                    }
                }
            }
        }
    }
}
