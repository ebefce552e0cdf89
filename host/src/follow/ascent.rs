//! Two agents that learn together: `x_i(t+1) = x_i(t) + rate direction_i(x(t))`, from many starts at once.

use meva_core::learner::LearnerName;
use meva_core::random::{Purpose, Stream};
use meva_core::{Game, Player, Real, Scalar, choice};
use rayon::prelude::*;

use crate::cpu::estimate::{Knowledge, Playable};
use crate::cpu::{Cpu, Number, WIDTH, Wide};
use crate::draws::Sampling;
use crate::error::{Error, Result};
use crate::follow::learner::Learner;
use crate::follow::m_fos::policy::MetaPolicy;
use crate::model::network::Lockstep;
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
    /// A meta-policy, which says where to go rather than in which direction.
    MetaPolicy(&'a MetaPolicy<N>),
}

/// What a player has learned for a match before it begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Learned<const N: usize> {
    /// Nothing: it is given by a formula, a strategy or a model.
    Nothing,
    /// Where to start.
    Start([f64; N]),
    /// Which policy to play in answer to which.
    MetaPolicy(Box<MetaPolicy<N>>),
}

/// The arithmetic to compute in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// `f32`, 64 starts in lockstep.
    F32,
    /// `f64`: agents with networks from 64 starts in lockstep, with the bits of one start after the other.
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
        self.fold(agents, game, None, cpu, starts, |path: &mut Path<N>, x| path.push(x))
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
        let last = self.fold(agents, game, sampling, cpu, starts, |last, x| *last = Some(x));
        last.into_iter().flatten().collect()
    }

    /// Follows the agents from each start, and keeps of each path what `keep` makes of it: it is given every joint policy in
    /// order, the start first. With `sampling` as [`Ascent::ends_knowing`].
    pub fn fold<const N: usize, G: Playable<N>, T: Default + Clone + Send>(
        &self,
        agents: [Agent<N>; 2],
        game: &G,
        sampling: Option<Sampling>,
        cpu: Cpu,
        starts: &[Joint<N>],
        keep: impl Fn(&mut T, Joint<N>) + Sync,
    ) -> Vec<T> {
        let chunks = starts.par_chunks(WIDTH);
        let is_trained = |agent: &Agent<N>| matches!(agent, Agent::Trained(_) | Agent::MetaPolicy(_));
        match self.precision {
            Precision::F32 => {
                let know = |chunk: usize, player: Player| {
                    let mut knowledge = game.knowledge(sampling);
                    if let Some(Sampling { seed, .. }) = sampling {
                        // Index 0 is the stream of the starts.
                        let index = |l| 1 + 2 * (chunk * WIDTH + l) + player.index();
                        let stream = |l| Stream::new(seed, Purpose::Evaluation, index(l) as u64);
                        let pairs = starts.len().min((chunk + 1) * WIDTH) - chunk * WIDTH;
                        knowledge.reseed(&(0..pairs).map(stream).collect::<Vec<_>>());
                    }
                    knowledge
                };
                let follow = |chunk| follow::<Number, N, G>(&agents, game, cpu, sampling.is_none(), |i| know(chunk, i));
                let in_lockstep = |(chunk, starts)| self.in_lockstep(&agents, starts, follow(chunk), &keep);
                chunks.enumerate().flat_map_iter(in_lockstep).collect()
            }
            Precision::F64 if agents.iter().any(is_trained) => {
                let know = |_| -> Box<dyn Knowledge<N, Wide>> { Box::new(game.clone()) };
                let follow = || follow::<Wide, N, G>(&agents, game, cpu, true, know);
                let in_lockstep = |starts| self.in_lockstep(&agents, starts, follow(), &keep);
                chunks.flat_map_iter(in_lockstep).collect()
            }
            Precision::F64 => {
                let one = |start: &Joint<N>| {
                    let (mut kept, mut x) = (T::default(), *start);
                    keep(&mut kept, x);
                    for _ in 0..self.steps {
                        let directions = Player::BOTH.map(|player| agents[player.index()].direction(player, game, &x));
                        advance(&mut x, self.rate, &directions);
                        keep(&mut kept, x);
                    }
                    kept
                };
                starts.par_iter().map(one).collect()
            }
        }
    }

    /// Follows agents from at most 64 starts.
    fn in_lockstep<S: Lockstep, T: Default + Clone, const N: usize>(
        &self,
        agents: &[Agent<N>; 2],
        starts: &[Joint<N>],
        mut follow: FollowBoth<S, N>,
        keep: impl Fn(&mut T, Joint<N>),
    ) -> Vec<T> {
        let mut paths = vec![T::default(); starts.len()];
        let mut x = [[S::ZERO; N]; 2];
        for (l, (path, start)) in paths.iter_mut().zip(starts).enumerate() {
            keep(path, *start);
            for i in 0..2 {
                for n in 0..N {
                    x[i][n].set_lane(l, S::Real::round(start[i][n]));
                }
            }
        }
        for _ in 0..self.steps {
            let (from, directions) = (x, follow(&x));
            advance(&mut x, self.rate, &directions);
            for player in Player::BOTH {
                if let Agent::MetaPolicy(policy) = &agents[player.index()] {
                    x[player.index()] = policy.act(player, &from);
                }
            }
            for (l, path) in paths.iter_mut().enumerate() {
                keep(path, x.map(|row| row.map(|number| number.lane(l).to_f64())));
            }
        }
        paths
    }
}

/// Evaluates both agents' directions at 64 joint policies. Players who know the same are followed together, if they have
/// anything in common; those who sample know different estimates.
fn follow<'a, S: Lockstep, const N: usize, G: Game<N>>(
    agents: &[Agent<'a, N>; 2],
    game: &'a G,
    cpu: Cpu,
    know_the_same: bool,
    know: impl Fn(Player) -> Box<dyn Knowledge<N, S>>,
) -> FollowBoth<'a, S, N> {
    let together = match agents {
        [Agent::Trained(a), Agent::Trained(b)] if know_the_same => a.follow_both(b, know(Player::Zero), cpu),
        _ => None,
    };
    together.unwrap_or_else(|| {
        let mut each = Player::BOTH.map(|player| agents[player.index()].follow(player, game, know(player), cpu));
        Box::new(move |x| [each[0](x), each[1](x)])
    })
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
    /// A trained learner has no model, or one of another algorithm, or one whose policies do not have `N` parameters; a
    /// learner needs to [learn something](Learner::prepares) first.
    pub fn pair(learners: [Learner; 2], models: [Option<&'a Model>; 2]) -> Result<[Self; 2]> {
        Self::prepared(learners, models, &[const { Learned::Nothing }; 2])
    }

    /// As [`Agent::pair`], with what each has learned for the match.
    ///
    /// # Errors
    /// As [`Agent::pair`].
    pub fn prepared(
        learners: [Learner; 2],
        models: [Option<&'a Model>; 2],
        learned: &'a [Learned<N>; 2],
    ) -> Result<[Self; 2]> {
        let gamma = learners.map(Learner::discount);
        let agent = |learner: Learner, model: Option<&'a Model>, learned: &'a Learned<N>| {
            let setting = match (learner, learned) {
                (Learner::Formula { name, alpha }, _) => return Ok(Agent::Formula { name, alpha }),
                (Learner::Cola { alpha }, _) => [alpha; 2],
                (Learner::MetaValue { .. }, _) => gamma,
                (Learner::Strategy { .. }, _) => return Ok(Agent::Fixed),
                (Learner::MMaml, Learned::Start(_)) => return Ok(Agent::NAIVE),
                (Learner::MFos { .. }, Learned::MetaPolicy(policy)) => return Ok(Agent::MetaPolicy(policy)),
                (Learner::MMaml | Learner::MFos { .. }, _) => {
                    return Err(Error::usage(format!(
                        "learner `{learner}` prepares itself for each match, and has no field"
                    ))
                    .hint("let it play in `meva play` or `meva league`"));
                }
            };
            let model = model.ok_or_else(|| Error::usage(format!("learner `{learner}` needs a trained model")))?;
            learner.check(model)?;
            model.trained(setting).map(Agent::Trained)
        };
        Ok([
            agent(learners[0], models[0], &learned[0])?,
            agent(learners[1], models[1], &learned[1])?,
        ])
    }

    /// Two agents of the same learner, following the same model.
    ///
    /// # Errors
    /// As [`Agent::pair`].
    pub fn both(learner: Learner, model: Option<&'a Model>) -> Result<[Self; 2]> {
        Self::pair([learner; 2], [model; 2])
    }

    /// The direction at a joint policy, in `f64`; 0 for agents that follow none.
    pub fn direction<G: Game<N>>(&self, player: Player, game: &G, x: &Joint<N>) -> [f64; N] {
        match *self {
            Agent::Fixed | Agent::MetaPolicy(_) => [0.0; N],
            Agent::Formula { name, alpha } => name.direction(alpha, game, player, x),
            Agent::Trained(trained) => trained.direction(player, game, x),
        }
    }

    /// Evaluates the direction at 64 joint policies.
    fn follow<'b, S: Lockstep, G: Game<N>>(
        &self,
        player: Player,
        game: &'b G,
        mut knowledge: Box<dyn Knowledge<N, S>>,
        cpu: Cpu,
    ) -> Follow<'b, S, N>
    where
        'a: 'b,
    {
        let i = player.index();
        match *self {
            Agent::Fixed | Agent::MetaPolicy(_) => Box::new(|_| [S::ZERO; N]),
            Agent::Formula {
                name: LearnerName::Naive | LearnerName::Hola0,
                ..
            } => Box::new(move |x| knowledge.estimate(x).1[i]),
            Agent::Formula { name, alpha } => Box::new(move |x| {
                let mut directions = [S::ZERO; N];
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

/// One agent at 64 joint policies, in `f32`, where another decides what its opponent does.
pub struct Follow64<'a, const N: usize> {
    player: Player,
    direction: Follow<'a, Number, N>,
    policy: Option<&'a MetaPolicy<N>>,
}

impl<'a, const N: usize> Follow64<'a, N> {
    /// An agent in a player's place, which knows the game exactly.
    pub fn of<G: Playable<N>>(agent: &Agent<'a, N>, player: Player, game: &'a G, cpu: Cpu) -> Self {
        Follow64 {
            player,
            direction: agent.follow(player, game, game.knowledge(None), cpu),
            policy: match agent {
                Agent::MetaPolicy(policy) => Some(policy),
                _ => None,
            },
        }
    }

    /// Its next policies.
    pub fn next(&mut self, x: &[[Number; N]; 2], rate: f64) -> [Number; N] {
        if let Some(policy) = self.policy {
            return policy.act(self.player, x);
        }
        let mut next = x[self.player.index()];
        for (x, direction) in next.iter_mut().zip((self.direction)(x)) {
            x.add_scaled(<f32 as Real>::round(rate), &direction);
        }
        next
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
    use crate::follow::starts::starts;
    use crate::training::trainer::Trainer;
    use meva_core::game::IteratedMatrix;

    /// A model of a small network that nobody trained.
    fn model(networks: &str) -> Model {
        let mut config = Config::preset("ipd").unwrap();
        for change in ["hidden=16", "residual_blocks=1", "quantiles=16"] {
            config.set(change).unwrap();
        }
        config.set(&format!("networks={networks}")).unwrap();
        Trainer::new(&config).unwrap().model()
    }

    const GAME: IteratedMatrix = IteratedMatrix::PRISONERS_DILEMMA;

    fn ascent(precision: Precision) -> Ascent {
        Ascent {
            rate: 2.0,
            steps: 5,
            precision,
        }
    }

    /// Two players with one model and one setting are followed together, others one by one: with the same bits.
    #[test]
    fn following_together_is_following_each() {
        for (networks, precision) in [
            ("shared", Precision::F32),
            ("separate", Precision::F32),
            ("shared", Precision::F64),
        ] {
            let [one, copy] = [0, 1].map(|_| model(networks));
            let learners = [0.5, 0.9].map(|gamma| Learner::MetaValue { gamma });
            let from = starts::<5>(70, Start::Normal(1.0), 0);
            let ends = |models| {
                let agents = Agent::pair(learners, models).unwrap();
                ascent(precision).ends(agents, &GAME, Cpu::detect().unwrap(), &from)
            };
            let together = ends([Some(&one); 2]);
            assert_eq!(together, ends([Some(&one), Some(&copy)]), "{networks}");
            assert_ne!(together, from);
        }
    }

    /// In `f64`, agents that are followed in lockstep have the bits of those that are followed from one start after another.
    #[test]
    fn lockstep_in_f64_is_one_after_the_other() {
        let model = model("shared");
        let meva = Learner::MetaValue { gamma: 0.9 };
        let lola: Learner = "lola".parse().unwrap();
        for learners in [[meva; 2], [meva, Learner::NAIVE], [lola, meva]] {
            let agents = Agent::pair(learners, [Some(&model); 2]).unwrap();
            let ascent = ascent(Precision::F64);
            let mut x = starts::<5>(3, Start::Normal(1.0), 0);
            let ends = ascent.ends(agents, &GAME, Cpu::detect().unwrap(), &x);
            for _ in 0..ascent.steps {
                for x in &mut x {
                    let directions = Player::BOTH.map(|player| agents[player.index()].direction(player, &GAME, x));
                    advance(x, ascent.rate, &directions);
                }
            }
            assert_eq!(ends, x, "{} and {}", learners[0], learners[1]);
        }
    }
}
