//! Who the learner meets in the trajectories of a batch.
//!
//! Which opponent a trajectory has is drawn; which player learns against it follows from the trajectory's place in the batch:
//! player 0 and player 1 by turns, so that networks of their own both learn. Neither depends on groups, threads or processes.

use meva_core::algorithm1::{Follow, Rule};
use meva_core::learner::{Learner, Lola};
use meva_core::{Game, Player, Scalar};

use super::{Cpu, Number};

/// What an opponent does.
pub enum Rival<const N: usize> {
    /// There is none: both players learn.
    Itself,
    /// It follows its own gradient.
    Naive,
    /// It stays here, by player.
    Fixed([[f32; N]; 2]),
    /// It follows something else.
    Mover(Box<dyn Mover<N>>),
}

/// An opponent that learners meet in a share of the trajectories.
pub struct Opponent<const N: usize> {
    /// What it does.
    pub rival: Rival<N>,
    /// The discount that the network is told for it; `None` for one drawn for each rollout, as a learner's.
    pub gamma: Option<f32>,
}

/// Follows directions of its own, in 64 trajectories at once.
pub trait Mover<const N: usize>: Send + Sync {
    /// Gives the directions, in memory of their own.
    fn follow(&self, cpu: Cpu) -> Box<Follow<'_, Number, N>>;
}

/// LOLA, in a game that it knows exactly.
pub struct Shaping<G> {
    /// The game.
    pub game: G,
    /// Length of the imagined step.
    pub alpha: f64,
}

impl<G: Game<N> + Send + Sync, const N: usize> Mover<N> for Shaping<G> {
    fn follow(&self, _: Cpu) -> Box<Follow<'_, Number, N>> {
        let learner = Lola::new(self.alpha);
        Box::new(move |player, x, _| learner.direction(&self.game, player, x))
    }
}

/// The opponents of a run.
#[derive(Default)]
pub struct Mixture<const N: usize>(Vec<Opponent<N>>);

impl<const N: usize> Mixture<N> {
    /// These opponents, one of which is drawn for each trajectory. Without any, everybody meets themselves.
    pub const fn new(opponents: Vec<Opponent<N>>) -> Self {
        Mixture(opponents)
    }

    /// The mixture with what was drawn for each trajectory of a batch: the index of its opponent.
    pub fn assign<'a>(&'a self, drawn: &'a [usize]) -> Assignment<'a, N> {
        Assignment {
            opponents: &self.0,
            drawn,
        }
    }
}

/// Which opponent each trajectory of a batch has.
pub struct Assignment<'a, const N: usize> {
    opponents: &'a [Opponent<N>],
    drawn: &'a [usize],
}

impl<'a, const N: usize> Assignment<'a, N> {
    /// The player of a trajectory that does not learn, with the index of the opponent that it is; `None` if both learn.
    fn of(&self, trajectory: usize) -> Option<(Player, usize, &'a Opponent<N>)> {
        let index = *self.drawn.get(trajectory)?;
        let opponent = self.opponents.get(index)?;
        let player = Player::BOTH[(trajectory + 1) % 2];
        (!matches!(opponent.rival, Rival::Itself)).then_some((player, index, opponent))
    }

    /// How many players learn in a batch.
    pub fn learners(&self, batch: usize) -> usize {
        (0..batch).map(|b| if self.of(b).is_some() { 1 } else { 2 }).sum()
    }

    /// Where a trajectory starts, with an opponent that stays put where it stays.
    pub fn start(&self, trajectory: usize, mut x: [[f32; N]; 2]) -> [[f32; N]; 2] {
        if let Some((player, _, opponent)) = self.of(trajectory)
            && let Rival::Fixed(strategies) = &opponent.rival
        {
            x[player.index()] = strategies[player.index()];
        }
        x
    }

    /// The discounts that the network is told in a trajectory.
    pub fn told(&self, trajectory: usize, mut gamma: [f32; 2]) -> [f32; 2] {
        if let Some((player, _, opponent)) = self.of(trajectory) {
            let own = &mut gamma[player.index()];
            *own = opponent.gamma.unwrap_or(*own);
        }
        gamma
    }

    /// What moves the players of a group whose lanes hold these trajectories.
    pub fn moving(&self, cpu: Cpu, trajectory: impl Fn(usize) -> usize) -> Moving<'a, N> {
        let mover = |player, l| match self.of(trajectory(l)) {
            Some((moved, index, _)) if moved == player => index + 1,
            _ => 0,
        };
        let movers = Player::BOTH.map(|player| Number::from_lanes(|l| mover(player, l) as f32));
        let occurs = |index: usize| {
            let lanes = || (0..Number::LANES).map(|l| self.of(trajectory(l)));
            lanes().flatten().any(|(_, other, _)| other == index)
        };
        let follow = |(index, opponent): (usize, &'a Opponent<N>)| match &opponent.rival {
            Rival::Mover(mover) if occurs(index) => Some(mover.follow(cpu)),
            _ => None,
        };
        Moving {
            movers,
            opponents: self.opponents,
            follow: self.opponents.iter().enumerate().map(follow).collect(),
        }
    }
}

/// What moves the players of a group.
pub struct Moving<'a, const N: usize> {
    /// By player, as in [`Opponents`](meva_core::algorithm1::Opponents).
    pub movers: [Number; 2],
    opponents: &'a [Opponent<N>],
    /// The directions of those that occur in the group and follow their own.
    follow: Vec<Option<Box<Follow<'a, Number, N>>>>,
}

impl<const N: usize> Moving<'_, N> {
    /// The rule of each opponent.
    pub fn rules(&mut self) -> Vec<Rule<'_, Number, N>> {
        let mut rules = Vec::with_capacity(self.opponents.len());
        for (opponent, follow) in self.opponents.iter().zip(&mut self.follow) {
            rules.push(match (&opponent.rival, follow) {
                (_, Some(follow)) => Rule::Follow(&mut **follow),
                (Rival::Naive, None) => Rule::Naive,
                (_, None) => Rule::Fixed,
            });
        }
        rules
    }
}
