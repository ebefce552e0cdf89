//! Support code for the benches: [`mod@count`] counts the operations of a formula, [`peak`] measures how many the
//! processor can do, [`Flops`] shows times as GFLOP/s and as shares of that peak.

pub mod count;
pub mod flops;
pub mod peak;

pub use count::{Count, count};
pub use flops::{Flops, each_cpu, group, label};

use meva_core::activation::Activation;
use meva_core::meta_value::{Architecture, Input};
use meva_core::random::{Purpose, Stream};
use meva_core::{Lanes, Scalar};

/// Trajectories in lockstep, as in the engine.
pub type Wide = Lanes<{ meva::cpu::WIDTH }>;

/// The network of the Logistic Game.
pub const LOGISTIC: Architecture = Architecture {
    input: Input::Tenth,
    last_activation: Activation::Gelu,
};

/// The network of iterated games.
pub const ITERATED: Architecture = Architecture {
    input: Input::Sigmoid,
    last_activation: Activation::Tanh,
};

/// Standard normal numbers in every lane.
pub fn normal<S: Scalar, const A: usize>(stream: &mut Stream) -> [S; A]
where
    S::Lane: Scalar,
{
    std::array::from_fn(|_| {
        let mut number = S::ZERO;
        for l in 0..S::LANES {
            number.set_lane(l, S::Lane::from_f64(stream.normal()));
        }
        number
    })
}

/// The stream that inputs are drawn from.
pub fn stream() -> Stream {
    Stream::new(0, Purpose::Evaluation, 0)
}
