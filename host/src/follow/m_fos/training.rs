//! Meta-policies play meta-episodes and learn from them.

use meva_core::adamw::AdamW;
use meva_core::random::{Purpose, Stream};
use meva_core::{Player, Scalar};
use rayon::prelude::*;

use crate::cpu::estimate::Playable;
use crate::cpu::{Cpu, Number, WIDTH};
use crate::follow::ascent::{Agent, Follow64};
use crate::follow::m_fos::policy::{self, MetaPolicy};
use crate::follow::m_fos::ppo::{Learning, Ppo, Step};
use crate::follow::starts::Conditions;

/// How long meta-policies are trained, and on what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// Iterations: each plays meta-episodes and learns from them.
    pub iterations: usize,
    /// Groups of 64 meta-episodes in each iteration.
    pub groups: usize,
    /// Steps of a meta-episode.
    pub steps: usize,
    /// The optimisation.
    pub ppo: Ppo,
}

impl Training {
    /// What players of matches and leagues are trained with.
    pub const USUAL: Self = Training {
        iterations: 400,
        groups: 4,
        steps: 100,
        ppo: Ppo {
            gamma: 0.99,
            lambda: 0.95,
            clip: 0.2,
            epochs: 4,
            parts: 4,
            adam: AdamW {
                eta: 1e-3,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
                weight_decay: 0.0,
            },
        },
    };
}

/// Who sits in a player's place while meta-policies are trained.
#[derive(Clone, Copy)]
pub enum Seat<'a, const N: usize> {
    /// A meta-policy that is trained.
    Learns,
    /// An agent that plays as it does in matches.
    Plays {
        /// What it follows.
        agent: Agent<'a, N>,
        /// Where it starts, if not at random.
        start: Option<[f64; N]>,
    },
}

impl<const N: usize> Seat<'_, N> {
    const NAIVE: Self = Seat::Plays {
        agent: Agent::NAIVE,
        start: None,
    };

    fn learns(&self) -> bool {
        matches!(self, Seat::Learns)
    }
}

/// What a group of meta-episodes gave a player that learns: its steps, and the critic's values of the states after them.
type Played<const N: usize> = (Vec<Step<N>>, Number);

/// Trains the meta-policies of the seats that learn.
pub fn train<const N: usize, G: Playable<N>>(
    game: &G,
    cpu: Cpu,
    seats: [Seat<N>; 2],
    conditions: &Conditions,
    training: &Training,
) -> [Option<MetaPolicy<N>>; 2] {
    let both = seats.iter().all(Seat::learns);
    let index = |player: Player| if both && conditions.alike { 0 } else { player.index() };
    let mut learning = [0, 1].map(|index| Learning::new(conditions.seed, index));
    for iteration in 0..training.iterations {
        // Players who both learn meet naive learners first.
        let left = 1.0 - 2.0 * iteration as f64 / training.iterations as f64;
        let naive = if both {
            (training.groups as f64 * left).ceil().max(0.0) as usize
        } else {
            0
        };
        let of_group = |group: usize| {
            let seats = match (group < naive, group % 2) {
                (false, _) => seats,
                (true, 0) => [Seat::Learns, Seat::NAIVE],
                (true, _) => [Seat::NAIVE, Seat::Learns],
            };
            let actors = Player::BOTH.map(|player| &learning[index(player)]);
            let stream = (iteration * training.groups + group) as u64;
            play(game, cpu, seats, actors, conditions, training.steps, stream)
        };
        let played: Vec<[Option<Played<N>>; 2]> = (0..training.groups).into_par_iter().map(of_group).collect();
        let mut by_actor = [const { (Vec::new(), Vec::new()) }; 2];
        for of_group in played {
            for (player, played) in Player::BOTH.into_iter().zip(of_group) {
                let (groups, last) = &mut by_actor[index(player)];
                if let Some((steps, value)) = played {
                    groups.push(steps);
                    last.push(value);
                }
            }
        }
        for (learning, (groups, last)) in learning.iter_mut().zip(&mut by_actor) {
            if !groups.is_empty() {
                learning.update(cpu, &training.ppo, groups, last);
            }
        }
    }
    Player::BOTH.map(|player| {
        let actor = &learning[index(player)].actor;
        seats[player.index()]
            .learns()
            .then_some(MetaPolicy { mean: actor.mean })
    })
}

/// Plays 64 meta-episodes.
fn play<const N: usize, G: Playable<N>>(
    game: &G,
    cpu: Cpu,
    seats: [Seat<N>; 2],
    learning: [&Learning<N>; 2],
    conditions: &Conditions,
    steps: usize,
    index: u64,
) -> [Option<Played<N>>; 2] {
    let mut starts = Stream::new(conditions.seed, Purpose::Policies, index);
    let mut noise = Stream::new(conditions.seed, Purpose::MetaActions, index);
    let mut x = [[Number::ZERO; N]; 2];
    for l in 0..WIDTH {
        for (row, seat) in x.iter_mut().zip(&seats) {
            for (n, x) in row.iter_mut().enumerate() {
                let drawn = conditions.start.draw(&mut starts);
                let start = match seat {
                    Seat::Plays { start: Some(start), .. } => start[n],
                    _ => drawn,
                };
                x.set_lane(l, start as f32);
            }
        }
    }
    let mut others = Player::BOTH.map(|player| match &seats[player.index()] {
        Seat::Learns => None,
        Seat::Plays { agent, .. } => Some(Follow64::of(agent, player, game, cpu)),
    });
    let mut played = [const { Vec::new() }; 2];
    for _ in 0..steps {
        let mut next = x;
        for player in Player::BOTH {
            let i = player.index();
            next[i] = match &mut others[i] {
                Some(other) => other.next(&x, conditions.rate),
                None => {
                    let noise = std::array::from_fn(|_| Number::from_lanes(|_| noise.normal() as f32));
                    let step = learning[i].actor.act(cpu, &policy::state(player, &x), &noise);
                    played[i].push(step);
                    step.action
                }
            };
        }
        x = next;
        let rewards = game.value(&x);
        for (played, reward) in played.iter_mut().zip(rewards) {
            if let Some(step) = played.last_mut() {
                step.reward = reward;
            }
        }
    }
    let mut played = played.into_iter();
    Player::BOTH.map(|player| {
        let steps = played.next().filter(|steps: &Vec<Step<N>>| !steps.is_empty())?;
        let last = learning[player.index()].actor.value(cpu, &policy::state(player, &x));
        Some((steps, last))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Start;
    use meva_core::game::IteratedMatrix;

    const GAME: IteratedMatrix = IteratedMatrix::PRISONERS_DILEMMA;
    const CONDITIONS: Conditions = Conditions {
        rate: 25.0,
        start: Start::Normal(1.0),
        seed: 0,
        alike: true,
    };
    const FEW: Training = Training {
        iterations: 40,
        groups: 1,
        steps: 16,
        ..Training::USUAL
    };

    /// Who cannot be shaped is answered: against a defector, a meta-policy learns to defect, in either role and to the same
    /// bits each time.
    #[test]
    fn meta_policies_learn_from_what_they_earn() {
        let defector = Seat::Plays {
            agent: Agent::Fixed,
            start: Some([-60.0; 5]),
        };
        for (player, seats) in [
            (Player::Zero, [Seat::Learns, defector]),
            (Player::One, [defector, Seat::Learns]),
        ] {
            let train = |training: &Training| train(&GAME, Cpu::detect().unwrap(), seats, &CONDITIONS, training);
            let returns = |policy: &MetaPolicy<5>| {
                let mut x = [[0.0_f64; 5]; 2];
                x[player.opponent().index()] = [-60.0; 5];
                for _ in 0..5 {
                    x[player.index()] = policy.act(player, &x);
                }
                meva_core::Game::value(&GAME, &x)[player.index()]
            };
            let i = player.index();
            let [before, after] = [0, FEW.iterations].map(|iterations| train(&Training { iterations, ..FEW }));
            assert_eq!(after, train(&FEW));
            assert!(after[1 - i].is_none());
            let [before, after] = [before, after].map(|policies| returns(&policies[i].unwrap()));
            assert!((before + 2.5).abs() < 0.1 && after > before + 0.15, "{before} {after}");
        }
    }

    /// Players with alike roles who both learn learn one meta-policy, others one each; naive learners come first.
    #[test]
    fn both_can_learn() {
        let few = Training {
            iterations: 2,
            groups: 2,
            ..FEW
        };
        let train = |alike| {
            let conditions = Conditions { alike, ..CONDITIONS };
            train(&GAME, Cpu::detect().unwrap(), [Seat::Learns; 2], &conditions, &few)
        };
        let [a, b] = train(true);
        assert!(a.is_some() && a == b);
        let [c, d] = train(false);
        assert!(c.is_some() && d.is_some() && c != d);
    }
}
