//! Two agents that learn together: `x_i(t+1) = x_i(t) + rate direction_i(x(t))`, from many starts at once.

use meva_core::learner::LearnerName;
use meva_core::random::{Purpose, Stream};
use meva_core::{Game, Player, Real, Scalar, choice};
use rayon::prelude::*;

use crate::cpu::estimate::{Knowledge, Playable};
use crate::cpu::{Cpu, Number, WIDTH};
use crate::draws::Sampling;
use crate::error::{Error, Result};
use crate::follow::learner::Learner;
use crate::model::trained::{Follow, FollowBoth};
use crate::model::{Model, Trained};

/// A joint policy, `x[player][parameter]`.
pub type Joint<const N: usize> = [[f64; N]; 2];
/// The joint policies along the path from one start, which comes first.
pub type Path<const N: usize> = Vec<Joint<N>>;

/// What an agent follows.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Agent<'a, const N: usize> {
    /// Nothing: it stays where it is.
    Fixed,
    /// A learner given by a formula.
    Formula {
        /// Which one.
        name: LearnerName,
        /// Length of the imagined step.
        alpha: f64,
    },
    /// A trained network.
    Trained(Trained<'a, N>),
}

/// The arithmetic to compute in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// `f32`, 64 starts in lockstep.
    F32,
    /// `f64`, one start after the other.
    F64,
}

choice! { Precision, "scalar":
    F32 = "f32",
    F64 = "f64",
}

/// How far, how fast and in which precision to go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ascent {
    /// Learning rate of both agents.
    pub rate: f64,
    /// Number of steps.
    pub steps: usize,
    /// The arithmetic to compute in.
    pub precision: Precision,
}

impl Ascent {
    /// The path from each start: `steps + 1` joint policies.
    pub fn paths<const N: usize, G: Playable<N>>(
        &self,
        agents: [Agent<N>; 2],
        game: &G,
        cpu: Cpu,
        starts: &[Joint<N>],
    ) -> Vec<Path<N>> {
        self.run(agents, game, None, cpu, starts, |path, x| path.push(x))
    }

    /// The end point of the path from each start.
    pub fn ends<const N: usize, G: Playable<N>>(
        &self,
        agents: [Agent<N>; 2],
        game: &G,
        cpu: Cpu,
        starts: &[Joint<N>],
    ) -> Vec<Joint<N>> {
        self.ends_knowing(agents, game, None, cpu, starts)
    }

    /// The end point of the path from each start if naive gradients are estimated by sampling, separately for each
    /// player; all other learners still know the game exactly. In `f32`.
    pub fn ends_knowing<const N: usize, G: Playable<N>>(
        &self,
        agents: [Agent<N>; 2],
        game: &G,
        sampling: Option<Sampling>,
        cpu: Cpu,
        starts: &[Joint<N>],
    ) -> Vec<Joint<N>> {
        let last = self.run(agents, game, sampling, cpu, starts, |path, x| *path = vec![x]);
        last.into_iter().flatten().collect()
    }

    /// Follows the agents from each start. `keep` is given every joint policy in order, the start first, and stores in the
    /// path what is to be kept of it.
    fn run<const N: usize, G: Playable<N>>(
        &self,
        agents: [Agent<N>; 2],
        game: &G,
        sampling: Option<Sampling>,
        cpu: Cpu,
        starts: &[Joint<N>],
        keep: impl Fn(&mut Path<N>, Joint<N>) + Sync,
    ) -> Vec<Path<N>> {
        let started = |start: &Joint<N>| {
            let mut path = Path::new();
            keep(&mut path, *start);
            path
        };
        let one = |start: &Joint<N>| {
            let (mut path, mut x) = (started(start), *start);
            for _ in 0..self.steps {
                let directions = Player::BOTH.map(|player| agents[player.index()].direction(player, game, &x));
                advance(&mut x, self.rate, &directions);
                keep(&mut path, x);
            }
            path
        };
        let in_lockstep = |(chunk, starts): (usize, &[Joint<N>])| {
            let mut paths: Vec<Path<N>> = starts.iter().map(started).collect();
            let follow_each = || -> FollowBoth<N> {
                let mut follow = Player::BOTH.map(|player| {
                    let mut knowledge = game.knowledge(sampling);
                    if let Some(Sampling { seed, .. }) = sampling {
                        // Index 0 is the stream of the starts.
                        let index = |l| 1 + 2 * (chunk * WIDTH + l) + player.index();
                        let stream = |l| Stream::new(seed, Purpose::Evaluation, index(l) as u64);
                        knowledge.reseed(&(0..starts.len()).map(stream).collect::<Vec<_>>());
                    }
                    agents[player.index()].follow(player, game, knowledge, cpu)
                });
                Box::new(move |x| [follow[0](x), follow[1](x)])
            };
            // Players who sample know different estimates, and nothing in common.
            let together = match &agents {
                [Agent::Trained(a), Agent::Trained(b)] if sampling.is_none() => {
                    a.follow_both(b, game.knowledge(None), cpu)
                }
                _ => None,
            };
            let mut follow = together.unwrap_or_else(follow_each);
            let mut x = [[Number::ZERO; N]; 2];
            for (l, start) in starts.iter().enumerate() {
                for i in 0..2 {
                    for n in 0..N {
                        x[i][n].set_lane(l, start[i][n] as f32);
                    }
                }
            }
            for _ in 0..self.steps {
                let directions = follow(&x);
                advance(&mut x, self.rate, &directions);
                for (l, path) in paths.iter_mut().enumerate() {
                    keep(path, x.map(|row| row.map(|number| f64::from(number.lane(l)))));
                }
            }
            paths
        };
        match self.precision {
            Precision::F64 => starts.par_iter().map(one).collect(),
            Precision::F32 => starts
                .par_chunks(WIDTH)
                .enumerate()
                .flat_map_iter(in_lockstep)
                .collect(),
        }
    }
}

impl<'a, const N: usize> Agent<'a, N> {
    /// Follows its own gradient.
    pub const NAIVE: Self = Agent::Formula {
        name: LearnerName::Naive,
        alpha: 0.0,
    };

    /// The agents of two learners that learn together, each with the model that it follows, if it is a trained learner.
    /// Models receive both players' [discounts](Learner::discount).
    ///
    /// # Errors
    /// A trained learner has no model, or one of another algorithm, or one whose policies do not have `N` parameters.
    pub fn pair(learners: [Learner; 2], models: [Option<&'a Model>; 2]) -> Result<[Self; 2]> {
        let gamma = learners.map(Learner::discount);
        let agent = |learner: Learner, model: Option<&'a Model>| {
            let setting = match learner {
                Learner::Formula { name, alpha } => return Ok(Agent::Formula { name, alpha }),
                Learner::Cola { alpha } => [alpha; 2],
                Learner::MetaValue { .. } => gamma,
                Learner::Strategy { .. } => return Ok(Agent::Fixed),
            };
            let model = model.ok_or_else(|| Error::usage(format!("learner `{learner}` needs a trained model")))?;
            learner.check(model)?;
            model.trained(setting).map(Agent::Trained)
        };
        Ok([agent(learners[0], models[0])?, agent(learners[1], models[1])?])
    }

    /// Two agents of the same learner, following the same model.
    ///
    /// # Errors
    /// As [`Agent::pair`].
    pub fn both(learner: Learner, model: Option<&'a Model>) -> Result<[Self; 2]> {
        Self::pair([learner; 2], [model; 2])
    }

    /// The direction at a joint policy, in `f64`.
    pub fn direction<G: Game<N>>(&self, player: Player, game: &G, x: &Joint<N>) -> [f64; N] {
        match *self {
            Agent::Fixed => [0.0; N],
            Agent::Formula { name, alpha } => name.direction(alpha, game, player, x),
            Agent::Trained(trained) => trained.direction(player, game, x),
        }
    }

    /// Evaluates the direction at 64 joint policies, in `f32`.
    fn follow<'b, G: Game<N>>(
        &self,
        player: Player,
        game: &'b G,
        mut knowledge: Box<dyn Knowledge<N>>,
        cpu: Cpu,
    ) -> Follow<'b, N>
    where
        'a: 'b,
    {
        let i = player.index();
        match *self {
            Agent::Fixed => Box::new(|_| [Number::ZERO; N]),
            Agent::Formula {
                name: LearnerName::Naive | LearnerName::Hola0,
                ..
            } => Box::new(move |x| knowledge.estimate(x).1[i]),
            Agent::Formula { name, alpha } => Box::new(move |x| {
                let mut directions = [Number::ZERO; N];
                for l in 0..WIDTH {
                    let one = x.map(|row| row.map(|number| number.lane(l)));
                    let direction = name.direction(alpha, game, player, &one);
                    for n in 0..N {
                        directions[n].set_lane(l, direction[n]);
                    }
                }
                directions
            }),
            Agent::Trained(trained) => trained.follow(player, knowledge, cpu),
        }
    }
}

/// `x <- x + rate direction`.
fn advance<S: Scalar, const N: usize>(x: &mut [[S; N]; 2], rate: f64, directions: &[[S; N]; 2]) {
    for (row, direction) in x.iter_mut().zip(directions) {
        for (x, direction) in row.iter_mut().zip(direction) {
            x.add_scaled(S::Real::round(rate), direction);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::draws::Start;
    use crate::follow::play::starts;
    use crate::training::trainer::Trainer;
    use meva_core::game::IteratedMatrix;

    /// Two players with one model and one setting are followed together, others one by one: with the same bits.
    #[test]
    fn following_together_is_following_each() {
        for networks in ["shared", "separate"] {
            let mut config = Config::preset("ipd").unwrap();
            for change in [
                "hidden=16",
                "residual_blocks=1",
                "quantiles=16",
                &format!("networks={networks}"),
            ] {
                config.set(change).unwrap();
            }
            let [one, copy] = [0, 1].map(|_| Trainer::new(&config).unwrap().model());
            let ascent = Ascent {
                rate: 2.0,
                steps: 5,
                precision: Precision::F32,
            };
            let learners = [0.5, 0.9].map(|gamma| Learner::MetaValue { gamma });
            let from = starts::<5>(70, Start::Normal(1.0), 0);
            let ends = |models| {
                let (game, agents) = (
                    IteratedMatrix::PRISONERS_DILEMMA,
                    Agent::pair(learners, models).unwrap(),
                );
                ascent.ends(agents, &game, Cpu::detect().unwrap(), &from)
            };
            let together = ends([Some(&one); 2]);
            assert_eq!(together, ends([Some(&one), Some(&copy)]), "{networks}");
            assert_ne!(together, from);
        }
    }
}
