//! Opponents: who moves a player that does not learn.
//!
//! In a trajectory with an opponent one player learns and follows the network, and the other follows a rule of its own: the
//! naive gradient, any other direction, or none, which holds a strategy. Only the learner's predictions have weight in the
//! loss. Which discount the network is told for the opponent is in the trajectory, as that of any player.

use crate::game::Estimator;
use crate::player::Player;
use crate::scalar::Scalar;

/// A direction that a player follows at a joint policy, where both players have these discounts.
pub type Follow<'a, S, const N: usize> = dyn FnMut(Player, &[[S; N]; 2], &[S; 2]) -> [S; N] + 'a;

/// How an opponent moves.
pub enum Rule<'a, S, const N: usize> {
    /// It stays where it is.
    Fixed,
    /// Along its own gradient, exact or estimated, as the learner knows its own.
    Naive,
    /// Along this direction.
    Follow(&'a mut Follow<'a, S, N>),
}

/// Who moves which player in a group of trajectories, each of which may have another opponent.
///
/// ```
/// use meva_core::{algorithm1::{Opponents, Rule}, Player};
/// let rules = &mut [Rule::Naive, Rule::Fixed];
/// // Player 1 is held.
/// let opponents = Opponents::<f32, 5> { movers: [0.0, 2.0], rules };
/// assert_eq!(Player::BOTH.map(|player| opponents.learns(player)), [1.0, 0.0]);
/// ```
pub struct Opponents<'r, 'a, S, const N: usize> {
    /// By player: 0 where it learns and follows the network, `k + 1` where it follows rule `k`.
    pub movers: [S; 2],
    /// The rules of all opponents of the run, whether or not they occur in this group.
    pub rules: &'r mut [Rule<'a, S, N>],
}

impl<S: Scalar, const N: usize> Opponents<'_, '_, S, N> {
    /// Both players learn.
    pub const fn none() -> Self {
        Opponents {
            movers: [S::ZERO; 2],
            rules: &mut [],
        }
    }

    /// 1 in the trajectories in which a player learns, 0 in the others.
    pub fn learns(&self, player: Player) -> S {
        S::select_less(self.movers[player.index()], S::from_f64(0.5), S::ONE, S::ZERO)
    }

    /// 1 in the trajectories in which a player follows rule `k`, 0 in the others.
    fn follows(&self, player: Player, k: usize) -> S {
        let mover = self.movers[player.index()];
        let [low, high] = [0.5, 1.5].map(|end| S::from_f64(k as f64 + end));
        let below = S::select_less(mover, high, S::ONE, S::ZERO);
        S::select_less(low, mover, below, S::ZERO)
    }

    /// Replaces the directions of the players that follow rules. Rules that no trajectory of the group follows are not
    /// evaluated; but if one of the run is naive, naive gradients are always asked for, so that what a trajectory samples
    /// does not depend on the others in its group.
    fn redirect(
        &mut self,
        x: &[[S; N]; 2],
        gamma: &[S; 2],
        naive: impl FnOnce() -> [[S; N]; 2],
        directions: &mut [[S; N]; 2],
    ) {
        let is_naive = |rule: &Rule<S, N>| matches!(rule, Rule::Naive);
        let naive = if self.rules.iter().any(is_naive) {
            naive()
        } else {
            [[S::ZERO; N]; 2]
        };
        for k in 0..self.rules.len() {
            for player in Player::BOTH {
                let (i, follows) = (player.index(), self.follows(player, k));
                if (0..S::LANES).all(|l| follows.lane(l) == S::Lane::ZERO) {
                    continue;
                }
                let own = match self.rules.get_mut(k) {
                    Some(Rule::Follow(follow)) => follow(player, x, gamma),
                    Some(Rule::Naive) => naive[i],
                    Some(Rule::Fixed) | None => [S::ZERO; N],
                };
                for (direction, own) in directions[i].iter_mut().zip(own) {
                    *direction = S::select_less(S::ZERO, follows, own, *direction);
                }
            }
        }
    }
}

/// What the agents of a group are among: the game as they know it, and opponents.
pub(super) struct World<'w, 'r, 'a, S, E: ?Sized, const N: usize> {
    pub game: &'w mut E,
    pub opponents: &'w mut Opponents<'r, 'a, S, N>,
}

impl<S: Scalar, E: Estimator<S, N> + ?Sized, const N: usize> World<'_, '_, '_, S, E, N> {
    /// Lets opponents follow their rules; `naive` are the naive gradients at `x` if they are known already.
    pub fn redirect(
        &mut self,
        x: &[[S; N]; 2],
        gamma: &[S; 2],
        naive: Option<[[S; N]; 2]>,
        directions: &mut [[S; N]; 2],
    ) {
        let World { game, opponents } = self;
        opponents.redirect(x, gamma, || naive.unwrap_or_else(|| game.estimate(x).1), directions);
    }
}

#[cfg(test)]
mod tests {
    use core::array::from_ref;

    use super::*;
    use crate::algorithm1::{Algorithm1, Bootstrap, Exploration, Rollout, Settings, State, Step, Trajectory, tests};
    use crate::game::{Game, Logistic};
    use crate::kernels::Portable;
    use crate::lanes::Lanes;
    use crate::learner::meta_value::Field;
    use crate::learner::{Learner, Lola};
    use crate::meta_value::Tape;
    use crate::parameters::Parameters;
    use crate::random::{Purpose, Stream};

    const SETTINGS: Settings = Settings {
        field: Field::U,
        ..tests::SETTINGS
    };

    /// With exploration, with the field that needs no naive gradient, and step by step with the residual gradient.
    fn variants() -> [Settings; 3] {
        let exploring = Settings {
            exploration: Exploration::SignFlips,
            ..SETTINGS
        };
        let step_by_step = Settings {
            field: Field::V,
            bootstrap: Bootstrap::Residual,
            lambda: 0.0,
            ..SETTINGS
        };
        [SETTINGS, exploring, step_by_step]
    }

    fn start<S: Scalar>() -> Trajectory<S, 1, 8> {
        Trajectory {
            x: [[S::from_f64(2.0)], [S::from_f64(-1.0)]],
            exploration_gamma: [S::from_f64(0.5); 2],
            gamma: [S::from_f64(0.75); 2],
            ..Trajectory::ZERO
        }
    }

    type Learned<S> = (
        S,
        Trajectory<S, 1, 8>,
        [Step<S, 1, 4>; 5],
        [Parameters<f64, 1, 8, 1, 4>; 2],
    );

    /// What players with a network each learn in a group where they are moved like this: rule 0 is naive, 1 fixed, 2 LOLA.
    fn learned<S: Scalar<Real = f64, Lane = f64>>(settings: &Settings, movers: [S; 2]) -> Learned<S> {
        let mut states = [State::<f64, 1, 8, 1, 4>::ZERO; 2];
        for (n, state) in states.iter_mut().enumerate() {
            state.initialize(&mut Stream::new(n as u64, Purpose::Parameters, 0));
        }
        let (mut group, mut steps) = (start(), [Step::ZERO; 5]);
        let mut tapes = [[Tape::ZERO; 2]; 5];
        let mut gradients = [Parameters::ZERO; 2];
        let mut lola = |player: Player, x: &[[S; 1]; 2], _: &[S; 2]| Lola::new(3.0).direction(&Logistic, player, x);
        let rules = &mut [Rule::Naive, Rule::Fixed, Rule::Follow(&mut lola)];
        let loss = Algorithm1::<S, _, 1, 8, 1, 4, 2>::new(&Portable, settings, &states).learn_against(
            &mut Opponents { movers, rules },
            &mut Logistic,
            &mut group,
            0.125,
            &mut Rollout {
                steps: &mut steps,
                tapes: &mut tapes,
            },
            &mut gradients,
        );
        (S::splat(loss), group, steps, gradients)
    }

    /// A player's row of a field.
    type Row = dyn Fn(Player, &[[f64; 1]; 2]) -> [f64; 1];

    /// An opponent follows its rule along the whole path, and its network learns nothing; the learner's does.
    #[test]
    fn opponents_follow_their_rules() {
        let naive = |player: Player, x: &[[f64; 1]; 2]| Logistic.own_gradients(x)[player.index()];
        let lola = |player: Player, x: &[[f64; 1]; 2]| Lola::new(3.0).direction(&Logistic, player, x);
        let rules: [&Row; 3] = [&naive, &|_, _| [0.0], &lola];
        for settings in variants() {
            for (k, rule) in rules.iter().enumerate() {
                for player in Player::BOTH {
                    let i = player.index();
                    let mut movers = [0.0; 2];
                    movers[i] = (k + 1) as f64;
                    let (loss, _, steps, gradients) = learned::<f64>(&settings, movers);
                    for pair in steps.windows(2) {
                        let [direction] = rule(player, &pair[0].x);
                        assert_eq!(pair[1].x[i][0], pair[0].x[i][0] + 2.0 * direction, "rule {k}");
                    }
                    let learns = [0, 1].map(|n| gradients[n].numbers().any(|d| *d != 0.0));
                    assert_eq!(learns, [i == 1, i == 0], "rule {k}");
                    assert!(loss > 0.0);
                }
            }
        }
    }

    /// Without opponents, learning against them is learning: an unused rule changes nothing.
    #[test]
    fn without_opponents_both_learn() {
        for settings in variants() {
            let mut states = [State::<f64, 1, 8, 1, 4>::ZERO];
            states[0].initialize(&mut Stream::new(0, Purpose::Parameters, 0));
            let run = |rules: Option<&mut [Rule<f64, 1>]>| {
                let (mut group, mut steps, mut gradient) = (start(), [Step::ZERO; 5], [Parameters::ZERO]);
                let mut tapes = [[Tape::ZERO]; 5];
                let rollout = &mut Rollout {
                    steps: &mut steps,
                    tapes: &mut tapes,
                };
                let algorithm1 = Algorithm1::new(&Portable, &settings, from_ref(&states[0]));
                let (game, group_mut, gradients) = (&mut Logistic, &mut group, &mut gradient);
                let loss = match rules {
                    None => algorithm1.learn(game, group_mut, 0.125, rollout, gradients),
                    Some(rules) => {
                        let movers = [0.0; 2];
                        let opponents = &mut Opponents { movers, rules };
                        algorithm1.learn_against(opponents, game, group_mut, 0.125, rollout, gradients)
                    }
                };
                (loss, group, steps, gradient)
            };
            assert!(run(None) == run(Some(&mut [Rule::Naive, Rule::Fixed])));
        }
    }

    /// Each lane of a group has its own opponent, and the bits of a trajectory alone.
    #[test]
    fn lanes_meet_their_own_opponents() {
        for settings in variants() {
            let movers = [[0.0, 1.0, 0.0, 3.0], [0.0, 0.0, 2.0, 0.0]];
            let (_, group, wide, _) = learned(&settings, movers.map(Lanes::<4, f64>));
            for l in 0..4 {
                let (_, alone, narrow, _) = learned(&settings, movers.map(|movers| movers[l]));
                for i in 0..2 {
                    assert_eq!(group.x[i][0].lane(l).to_bits(), alone.x[i][0].to_bits());
                    for (wide, narrow) in wide.iter().zip(&narrow) {
                        assert_eq!(wide.x[i][0].lane(l).to_bits(), narrow.x[i][0].to_bits());
                        for m in 0..4 {
                            assert_eq!(wide.quantiles[i][m].lane(l).to_bits(), narrow.quantiles[i][m].to_bits());
                        }
                    }
                }
            }
        }
    }
}
