//! Estimates of an iterated game from sampled episodes.

use meva_core::Real;
use meva_core::game::rollouts::Episode;
use meva_core::game::{Estimator, IteratedMatrix, Rollouts as Sampled};
use meva_core::random::{Purpose, Stream};

use crate::bounds::Quantity;
use crate::operation::{Domain, Operation, Output, Packed, Sink, Source, Visitor, WithDuals, number, plain, rows};

/// The maximum number of lanes, each with a stream.
pub(crate) const LANES: usize = 64;

/// Values and own gradients from several episodes of chicken, or from a single one, which has no baseline.
#[derive(Clone, Copy, Debug)]
pub struct Rollouts {
    subject: &'static str,
    /// Episodes per estimate.
    pub episodes: usize,
}

/// Turns per episode.
pub const TURNS: usize = 12;

impl Rollouts {
    /// Both.
    const ALL: [Self; 2] = [
        Rollouts {
            subject: "several",
            episodes: 4,
        },
        Rollouts {
            subject: "alone",
            episodes: 1,
        },
    ];

    /// The one of this name.
    pub fn named(subject: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rollouts| rollouts.subject == subject)
    }
}

/// A stream of actions for each lane, selected by the lane's number.
pub(crate) fn streams<S: Packed>(seed: &S) -> [Stream; LANES] {
    core::array::from_fn(|lane| {
        let index = if lane < S::LANES {
            seed.lane(lane).to_f64() as u64
        } else {
            0
        };
        Stream::new(0, Purpose::Rollouts, index)
    })
}

/// Numbers that select a lane's stream.
pub(crate) const SEEDS: Domain = Domain::Uniform(0.0, 1e6);

impl Operation for Rollouts {
    fn module(&self) -> &'static str {
        "game::rollouts"
    }

    fn subject(&self) -> &'static str {
        self.subject
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 3] = [
            plain("value", Quantity::Rollouts),
            plain("own_gradients", Quantity::Rollouts),
            plain("value alone", Quantity::Rollouts),
        ];
        &OUTPUTS
    }

    fn evaluate<S: Packed, K: WithDuals<S>>(&self, _: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let x: [[S; 5]; 2] = rows(source, "x", Domain::policy::<5>());
        let seed: S = number(source, "seed", SEEDS);
        let mut episodes = [Episode::START; 4];
        let mut rollouts = Sampled {
            game: &IteratedMatrix::CHICKEN,
            length: TURNS,
            episodes: &mut episodes[..self.episodes.min(4)],
            streams: &mut streams(&seed),
        };
        let (value, own_gradients) = rollouts.estimate(&x);
        sink.numbers("value", &value);
        sink.numbers("own_gradients", own_gradients.as_flattened());
        sink.numbers("value alone", &rollouts.estimate_value(&x));
    }
}

/// Shows both to the visitor.
pub fn each(visitor: &mut impl Visitor) {
    for rollouts in &Rollouts::ALL {
        visitor.operation(rollouts);
    }
}
