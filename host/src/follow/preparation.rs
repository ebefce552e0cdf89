//! What players learn before a match: M-MAML where to start, M-FOS its meta-policy.
//!
//! Everything is determined by the game, the players, the rate, and the seed of the starts: one command makes a table again.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use meva_core::Player;
use meva_core::game::IteratedMatrix;

use crate::cpu::Cpu;
use crate::cpu::estimate::Playable;
use crate::draws::Start;
use crate::error::{Error, Result};
use crate::follow::ascent::{Agent, Learned};
use crate::follow::learner::{Learner, Rival};
use crate::follow::m_fos::policy::MetaPolicy;
use crate::follow::m_fos::training::{self as m_fos, Seat};
use crate::follow::m_maml;
use crate::follow::starts::{Conditions, place, set_out};
use crate::model::Model;

/// How long players prepare themselves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// M-MAML.
    pub m_maml: m_maml::Training,
    /// M-FOS.
    pub m_fos: m_fos::Training,
}

impl Effort {
    /// That of matches and leagues.
    pub const USUAL: Self = Effort {
        m_maml: m_maml::Training::USUAL,
        m_fos: m_fos::Training::USUAL,
    };

    /// Enough to see that everything works.
    pub const TRIAL: Self = Effort {
        m_maml: m_maml::Training {
            iterations: 2,
            groups: 1,
            steps: 4,
            ..m_maml::Training::USUAL
        },
        m_fos: m_fos::Training {
            iterations: 2,
            groups: 1,
            steps: 8,
            ..m_fos::Training::USUAL
        },
    };
}

/// A player by its index, for whom (if that matters) it prepares itself, in which role (likewise), and with which seed.
type Key = (usize, Option<usize>, usize, u64);

/// Two players of a match.
#[derive(Clone, Copy)]
pub struct Pair<'a> {
    /// Their indices among all players, by which it is known who prepared already; equal for a player that meets itself.
    pub indices: [usize; 2],
    /// Their learners.
    pub learners: [Learner; 2],
    /// The models that they follow, if any.
    pub models: [Option<&'a Model>; 2],
}

/// What players have learned before matches, so that none learns it twice.
pub struct Preparation<'a, G, const N: usize> {
    game: &'a G,
    cpu: Cpu,
    rate: f64,
    start: Start,
    effort: Effort,
    alike: bool,
    known: Mutex<BTreeMap<Key, Learned<N>>>,
}

impl<'a, G: Playable<N>, const N: usize> Preparation<'a, G, N> {
    /// For matches on a game at a rate, from starts like these.
    pub fn new(game: &'a G, cpu: Cpu, rate: f64, start: Start, effort: Effort) -> Self {
        Preparation {
            game,
            cpu,
            rate,
            start,
            effort,
            alike: (game as &dyn Any)
                .downcast_ref::<IteratedMatrix>()
                .is_some_and(IteratedMatrix::is_symmetric),
            known: Mutex::default(),
        }
    }

    /// The game that the players prepare themselves for.
    pub fn game(&self) -> &'a G {
        self.game
    }

    /// What both players of a match have learned with this seed. Who needs to learn learns now.
    ///
    /// # Errors
    /// M-FOS in a game that is not iterated; a trained learner's model does not fit.
    pub fn of(&self, pair: Pair, seed: u64) -> Result<[Learned<N>; 2]> {
        if !pair.learners.iter().any(|learner| learner.prepares()) {
            return Ok([const { Learned::Nothing }; 2]);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Who prepares for an opponent does so after that.
        let (zero, one) = (Player::Zero, Player::One);
        let waits = |player: Player| pair.learners[player.index()] == Learner::MFos { rival: Rival::Opponent };
        let order = if waits(zero) { [one, zero] } else { [zero, one] };
        for player in order {
            self.learn(&mut known, player, pair, seed)?;
        }
        Ok(Player::BOTH.map(|player| {
            let key = self.key(player, pair, seed);
            known.get(&key).cloned().unwrap_or(Learned::Nothing)
        }))
    }

    /// The role that a player prepares itself for.
    fn role(&self, player: Player) -> Player {
        if self.alike { Player::Zero } else { player }
    }

    fn key(&self, player: Player, pair: Pair, seed: u64) -> Key {
        let [own, other] = [player, player.opponent()].map(|player| pair.indices[player.index()]);
        let waits = matches!(pair.learners[player.index()], Learner::MFos { rival: Rival::Opponent });
        (own, waits.then_some(other), self.role(player).index(), seed)
    }

    fn learn(&self, known: &mut BTreeMap<Key, Learned<N>>, player: Player, pair: Pair, seed: u64) -> Result<()> {
        let key = self.key(player, pair, seed);
        if known.contains_key(&key) {
            return Ok(());
        }
        let role = self.role(player);
        let conditions = Conditions {
            rate: self.rate,
            start: self.start,
            seed,
            alike: self.alike,
        };
        let learned = match pair.learners[player.index()] {
            Learner::MMaml => Learned::Start(m_maml::train(self.game, role, &conditions, &self.effort.m_maml)),
            Learner::MFos { rival } => {
                let opponent = player.opponent();
                // Two that would each wait for the other learn from one another.
                let waits_too = pair.learners[opponent.index()] == pair.learners[player.index()];
                let prepared = || {
                    let prepared = known.get(&self.key(opponent, pair, seed)).cloned();
                    same(prepared.unwrap_or(Learned::Nothing)).unwrap_or(Learned::Nothing)
                };
                let against = match rival {
                    Rival::Itself => None,
                    Rival::Opponent if waits_too => None,
                    Rival::Opponent => Some(Against {
                        learner: pair.learners[opponent.index()],
                        model: pair.models[opponent.index()],
                        learned: prepared(),
                    }),
                    Rival::Formula { name, alpha } => Some(Against {
                        learner: Learner::Formula { name, alpha },
                        model: None,
                        learned: Learned::Nothing,
                    }),
                };
                let both = against.is_none();
                let policies = meta_policies(self.game, self.cpu, role, against, &conditions, &self.effort.m_fos)?;
                let [zero, one] = policies.map(|policy| {
                    let learned = policy.map(|policy| Learned::MetaPolicy(Box::new(policy)));
                    learned.and_then(same).unwrap_or(Learned::Nothing)
                });
                let (own, others) = match role {
                    Player::Zero => (zero, one),
                    Player::One => (one, zero),
                };
                if both {
                    // The other half of what was learned together.
                    let other = match rival {
                        Rival::Itself => (key.0, key.1, role.opponent().index(), seed),
                        _ => self.key(opponent, pair, seed),
                    };
                    known.insert(other, others);
                }
                own
            }
            _ => return Ok(()),
        };
        known.insert(key, learned);
        Ok(())
    }
}

/// Who a meta-policy is trained against, if not itself.
struct Against<'a> {
    learner: Learner,
    model: Option<&'a Model>,
    learned: Learned<5>,
}

/// Trains the meta-policy of a role or, without an opponent, those of both: in iterated games, whose policies are probabilities.
fn meta_policies(
    game: &dyn Any,
    cpu: Cpu,
    role: Player,
    against: Option<Against>,
    conditions: &Conditions,
    training: &m_fos::Training,
) -> Result<[Option<MetaPolicy<5>>; 2]> {
    let game: &IteratedMatrix = game.downcast_ref().ok_or_else(|| {
        Error::usage("meta-policies are for iterated games, and this game has no turns")
            .hint("play ipd, or name another learner")
    })?;
    let Some(Against {
        learner,
        model,
        learned,
    }) = against
    else {
        return Ok(m_fos::train(game, cpu, [Seat::Learns; 2], conditions, training));
    };
    // Nobody knows how a meta-policy learns: those that look ahead see a naive learner in its place.
    let (learners, models) = (by_role(role, Learner::NAIVE, learner), by_role(role, None, model));
    let learned = by_role(role, Learned::Nothing, learned);
    let agents = Agent::prepared(learners, models, &learned)?;
    let placed = set_out(place(&[[[0.0; 5]; 2]], learners)?, &learned);
    let other = role.opponent().index();
    let starts_there = learner.strategy().is_some() || matches!(learned[other], Learned::Start(_));
    let opponent = Seat::Plays {
        agent: agents[other],
        start: placed.first().filter(|_| starts_there).map(|x| x[other]),
    };
    Ok(m_fos::train(
        game,
        cpu,
        by_role(role, Seat::Learns, opponent),
        conditions,
        training,
    ))
}

/// What belongs to a role and to the other, by player.
fn by_role<T>(role: Player, own: T, other: T) -> [T; 2] {
    match role {
        Player::Zero => [own, other],
        Player::One => [other, own],
    }
}

/// The same for policies of another number of parameters, if it is the same number.
fn same<const N: usize, const M: usize>(learned: Learned<N>) -> Option<Learned<M>> {
    let learned: Box<dyn Any> = Box::new(learned);
    learned.downcast().ok().map(|learned| *learned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 25.0;
    const START: Start = Start::Normal(1.0);

    fn learner(words: &str) -> Learner {
        words.parse().unwrap()
    }

    fn pair<'a>(indices: [usize; 2], words: [&str; 2]) -> Pair<'a> {
        Pair {
            indices,
            learners: words.map(learner),
            models: [None; 2],
        }
    }

    /// What is learned depends on the seed and, if it waits for its opponent, on the opponent; players with alike roles learn
    /// the same in both.
    #[test]
    fn players_learn_once_for_what_matters() {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let preparation = Preparation::<_, 5>::new(&game, Cpu::detect().unwrap(), RATE, START, Effort::TRIAL);
        let of = |indices, words, seed| preparation.of(pair(indices, words), seed).unwrap();
        let [start, nothing] = of([0, 1], ["m-maml", "naive"], 0);
        assert!(matches!(start, Learned::Start(_)));
        assert_eq!(nothing, Learned::Nothing);
        assert_eq!(of([2, 0], ["lola", "m-maml"], 0), [Learned::Nothing, start.clone()]);
        assert_ne!(of([0, 1], ["m-maml", "naive"], 1)[0], start);
        // In self-play one meta-policy is learned; against others, another for each.
        let [own, same] = of([3, 3], ["m-fos"; 2], 0);
        assert!(matches!(own, Learned::MetaPolicy(_)));
        assert_eq!(own, same);
        let [_, naive] = of([1, 3], ["naive", "m-fos"], 0);
        let [prepared, maml] = of([0, 3], ["m-maml", "m-fos"], 0);
        assert_eq!(prepared, start);
        assert!(naive != maml && naive != own && maml != own);
        // Against a rival it is learned once, and that is the one for such an opponent.
        let [fixed, _] = of([4, 2], ["m-fos:naive", "lola"], 0);
        assert_eq!(fixed, naive);
        // Who waits learns after the other.
        let [waited, other] = of([3, 4], ["m-fos", "m-fos:naive"], 0);
        assert_eq!(other, fixed);
        assert_ne!(waited, naive);
        assert_eq!(of([5, 1], ["m-fos:self", "naive"], 0)[0], own);
    }

    /// Where roles differ, players learn for each.
    #[test]
    fn roles_are_learned_for() {
        let game = IteratedMatrix::MATCHING_PENNIES;
        let preparation = Preparation::<_, 5>::new(&game, Cpu::detect().unwrap(), RATE, START, Effort::TRIAL);
        let of = |indices, words| preparation.of(pair(indices, words), 0).unwrap();
        let [zero, one] = of([0, 0], ["m-maml"; 2]);
        assert_ne!(zero, one);
        let [zero, one] = of([1, 1], ["m-fos:self"; 2]);
        assert_ne!(zero, one);
        assert_eq!(of([2, 1], ["naive", "m-fos:self"])[1], one);
        let [against, _] = of([3, 2], ["m-fos", "naive"]);
        assert_ne!(of([2, 3], ["naive", "m-fos"])[1], against);
    }

    #[test]
    fn meta_policies_need_probabilities() {
        let game = meva_core::game::Tandem;
        let preparation = Preparation::<_, 1>::new(&game, Cpu::detect().unwrap(), RATE, START, Effort::TRIAL);
        let refused = preparation.of(pair([0, 1], ["m-fos", "naive"]), 0).map(drop);
        crate::error::assert_says(refused, &["meta-policies are for iterated games"]);
        assert!(preparation.of(pair([0, 1], ["m-maml", "naive"]), 0).is_ok());
    }
}
