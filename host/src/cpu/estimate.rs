//! How agents know the game that they play: from its formula, or from sampled episodes.

use std::any::Any;

use meva_core::game::rollouts::Episode;
use meva_core::game::{Estimator, IteratedMatrix, Rollouts};
use meva_core::random::Stream;
use meva_core::{Game, Scalar};

use crate::cpu::Number;
use crate::cpu::WIDTH;
use crate::draws::Sampling;
use crate::limits::product;

impl Sampling {
    /// The bytes that the episodes of this many pairs take while they play: each group that plays at once has those of both its players.
    pub fn bytes(&self, pairs: usize) -> u128 {
        let threads = std::thread::available_parallelism().map_or(usize::MAX, usize::from);
        let groups = pairs.div_ceil(WIDTH).min(threads);
        product([self.episodes, 2 * groups, size_of::<Episode>()])
    }
}

/// What 64 pairs of agents in lockstep know about their game.
pub trait Knowledge<const N: usize, S = Number>: Estimator<S, N> + Send {
    /// Sets the random streams for the episodes: one for each pair, fewer for a group that is not full.
    fn reseed(&mut self, streams: &[Stream]);
}

/// Exact knowledge needs no episodes.
impl<const N: usize, S: Scalar, G: Game<N> + Send> Knowledge<N, S> for G {
    fn reseed(&mut self, _: &[Stream]) {}
}

/// Games that agents on the host can play: any that can be copied and shared between threads.
pub trait Playable<const N: usize>: Game<N> + Clone + Send + Sync + 'static {
    /// Exact knowledge, or estimates from sampled episodes; a game without turns is always known exactly.
    fn knowledge(&self, sampling: Option<Sampling>) -> Box<dyn Knowledge<N>>;
}

impl<G: Game<N> + Clone + Send + Sync + 'static, const N: usize> Playable<N> for G {
    fn knowledge(&self, sampling: Option<Sampling>) -> Box<dyn Knowledge<N>> {
        sampling
            .and_then(|sampling| sampled(self, sampling))
            .unwrap_or_else(|| Box::new(self.clone()))
    }
}

/// Estimates of a game from episodes, if it has turns.
fn sampled<const N: usize>(
    game: &dyn Any,
    Sampling { episodes, turns, .. }: Sampling,
) -> Option<Box<dyn Knowledge<N>>> {
    let knowledge: Box<dyn Knowledge<5>> = Box::new(Sampled {
        game: *game.downcast_ref::<IteratedMatrix>()?,
        turns,
        episodes: vec![Episode::START; episodes].into(),
        streams: Vec::with_capacity(WIDTH),
    });
    // Policies of an iterated game have five parameters, so N is 5 here.
    let knowledge: Box<dyn Any> = Box::new(knowledge);
    knowledge.downcast().ok().map(|knowledge| *knowledge)
}

struct Sampled {
    game: IteratedMatrix,
    turns: usize,
    episodes: Box<[Episode]>,
    streams: Vec<Stream>,
}

impl Sampled {
    fn rollouts(&mut self) -> Rollouts<'_> {
        Rollouts {
            game: &self.game,
            length: self.turns,
            episodes: &mut self.episodes,
            streams: &mut self.streams,
        }
    }
}

impl Estimator<Number, 5> for Sampled {
    fn estimate_value(&mut self, x: &[[Number; 5]; 2]) -> [Number; 2] {
        self.rollouts().estimate_value(x)
    }

    fn estimate(&mut self, x: &[[Number; 5]; 2]) -> ([Number; 2], [[Number; 5]; 2]) {
        self.rollouts().estimate(x)
    }
}

impl Knowledge<5> for Sampled {
    fn reseed(&mut self, streams: &[Stream]) {
        self.streams.clear();
        self.streams.extend_from_slice(streams);
    }
}
