//! How agents know the game that they play: by its formula, or by episodes that they sample.

use meva_core::Game;
use meva_core::game::rollouts::Episode;
use meva_core::game::{Estimator, IteratedMatrix, Rollouts};
use meva_core::random::Stream;

use crate::cpu::Number;
use crate::cpu::WIDTH;
use crate::game::PlaneGame;

/// Returns and gradients are estimated from so many episodes of so many turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Episodes per estimate.
    pub episodes: usize,
    /// Turns per episode.
    pub length: usize,
    /// What the episodes follow from.
    pub seed: u64,
}

/// What 64 pairs of agents in lockstep know of their game.
pub trait Knowledge<const N: usize>: Estimator<Number, N> + Send {
    /// Takes the streams that episodes are drawn from: one for each pair, fewer for a group that is not full.
    fn reseed(&mut self, streams: &[Stream]);
}

/// Games that agents of the host can know.
pub trait Known<const N: usize>: Game<N> + Copy + PartialEq + Send + Sync + 'static {
    /// Exact knowledge, or that of sampled episodes; a game that has no turns is known exactly in any case.
    fn knowledge(&self, sampling: Option<Sampling>) -> Box<dyn Knowledge<N>>;
}

impl Known<1> for PlaneGame {
    fn knowledge(&self, _: Option<Sampling>) -> Box<dyn Knowledge<1>> {
        Box::new(Exact(*self))
    }
}

impl Known<5> for IteratedMatrix {
    fn knowledge(&self, sampling: Option<Sampling>) -> Box<dyn Knowledge<5>> {
        match sampling {
            None => Box::new(Exact(*self)),
            Some(Sampling { episodes, length, .. }) => Box::new(Sampled {
                game: *self,
                length,
                episodes: vec![Episode::START; episodes].into(),
                streams: Vec::with_capacity(WIDTH),
            }),
        }
    }
}

struct Exact<G>(G);

impl<const N: usize, G: Game<N>> Estimator<Number, N> for Exact<G> {
    fn estimate_value(&mut self, x: &[[Number; N]; 2]) -> [Number; 2] {
        (&self.0).estimate_value(x)
    }

    fn estimate(&mut self, x: &[[Number; N]; 2]) -> ([Number; 2], [[Number; N]; 2]) {
        (&self.0).estimate(x)
    }
}

impl<const N: usize, G: Game<N> + Send> Knowledge<N> for Exact<G> {
    fn reseed(&mut self, _: &[Stream]) {}
}

struct Sampled {
    game: IteratedMatrix,
    length: usize,
    episodes: Box<[Episode]>,
    streams: Vec<Stream>,
}

impl Sampled {
    fn rollouts(&mut self) -> Rollouts<'_> {
        Rollouts {
            game: &self.game,
            length: self.length,
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
