//! Named streams of random numbers: randomness is data, drawn by the host and passed to an engine.
//!
//! A stream is determined by a seed, a purpose and an index (such as that of an outer iteration). Streams are
//! independent, so a run that resumes at iteration `n` needs to remember only `n`.

use rand_core::Rng;
use rand_pcg::Pcg64;

/// What a stream's numbers are used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial parameters of the network.
    Parameters = 1,
    /// Initial joint policies.
    Policies = 2,
    /// Discounts of the rollouts that are trained on.
    Discounts = 3,
    /// Discounts of the exploring trajectories.
    ExplorationDiscounts = 4,
    /// Which units' signs are flipped while exploring.
    SignFlips = 5,
    /// Policies that a trained model is evaluated on.
    Evaluation = 6,
    /// Actions in sampled episodes of a game.
    Rollouts = 7,
    /// By how much actions of a meta-policy that is being trained differ from their means.
    MetaActions = 8,
    /// Which opponents a learner meets.
    Opponents = 9,
}

/// A stream of random numbers.
///
/// ```
/// use meva_core::random::{Purpose, Stream};
/// let mut stream = Stream::new(0, Purpose::Policies, 7);
/// let x = stream.uniform(-8.0, 8.0);
/// assert_eq!(Stream::new(0, Purpose::Policies, 7).uniform(-8.0, 8.0), x);
/// assert_ne!(Stream::new(1, Purpose::Policies, 7).uniform(-8.0, 8.0), x);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream(Pcg64);

impl Stream {
    /// The stream of `seed` for `purpose` at `index`.
    pub fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        let [state, stream] = Self::key(seed, purpose, index);
        Stream(Pcg64::new(state, stream))
    }

    /// The state and the increment that the stream's generator starts from, for implementations elsewhere: a state follows as
    /// `s <- a s + c` modulo 2^128 with the multiplier `a` of PCG64, and the first number is that of the second state to follow.
    pub fn generator(seed: u64, purpose: Purpose, index: u64) -> [u128; 2] {
        let [state, stream] = Self::key(seed, purpose, index);
        let increment = stream << 1 | 1;
        [state.wrapping_add(increment), increment]
    }

    /// What PCG64 is given. Mixed, since generators of this family with neighbouring states or increments are correlated.
    fn key(seed: u64, purpose: Purpose, index: u64) -> [u128; 2] {
        let key = mix(mix(mix(seed).wrapping_add(purpose as u64)).wrapping_add(index));
        [0, 2].map(|salt: u64| {
            u128::from(mix(key.wrapping_add(salt))) << 64 | u128::from(mix(key.wrapping_add(salt.wrapping_add(1))))
        })
    }

    /// Uniform on [0, 1), a multiple of 2^-53.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform on [low, high).
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Standard normal, `sqrt(-2 ln u) cos(2 pi v)` (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.unit(), self.unit());
        libm::sqrt(-2.0 * libm::log(u)) * libm::cos(2.0 * core::f64::consts::PI * v)
    }

    /// A discount from Beta(1/2, 1/2), the arcsine distribution: `sin^2(pi u / 2)` (section 4.2).
    pub fn discount(&mut self) -> f64 {
        let s = libm::sin(core::f64::consts::FRAC_PI_2 * self.unit());
        s * s
    }

    /// -1 with probability `p`, else 1 (section 4.3).
    pub fn sign(&mut self, p: f64) -> f64 {
        if self.unit() < p { -1.0 } else { 1.0 }
    }
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): a bijection in which every bit depends on every bit.
fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moments of 40 000 draws are within 5 standard errors of those of the distributions.
    #[test]
    fn moments() {
        let draws = 40_000;
        let check = |name: &str, mean: f64, variance: f64, draw: fn(&mut Stream) -> f64| {
            let mut stream = Stream::new(3, Purpose::Evaluation, 0);
            let average = (0..draws).map(|_| draw(&mut stream)).sum::<f64>() / f64::from(draws);
            let bound = 5.0 * libm::sqrt(variance / f64::from(draws));
            assert!(
                (average - mean).abs() <= bound,
                "{name}: mean {average}, expected {mean} within {bound}"
            );
        };
        check("uniform", 1.0, 16.0 / 12.0, |s| s.uniform(-1.0, 3.0));
        check("normal", 0.0, 1.0, Stream::normal);
        check("normal squared", 1.0, 2.0, |s| {
            let z = s.normal();
            z * z
        });
        check("discount", 0.5, 0.125, Stream::discount);
        check("discount squared", 0.375, 35.0 / 128.0 - 0.375 * 0.375, |s| {
            let g = s.discount();
            g * g
        });
        check("sign", 1.0 - 2.0 / 16.0, 1.0 - 0.875 * 0.875, |s| s.sign(1.0 / 16.0));
    }

    #[test]
    fn streams_differ_by_seed_purpose_and_index() {
        let first = |seed, purpose, index| Stream::new(seed, purpose, index).0.next_u64();
        let base = first(0, Purpose::Policies, 0);
        assert_ne!(base, first(1, Purpose::Policies, 0));
        assert_ne!(base, first(0, Purpose::Discounts, 0));
        assert_ne!(base, first(0, Purpose::Policies, 1));
    }

    /// A generator that is stepped as its documentation says gives the numbers of the stream.
    #[test]
    fn generators_are_those_of_the_streams() {
        let mut stream = Stream::new(5, Purpose::Rollouts, 6);
        let [mut state, increment] = Stream::generator(5, Purpose::Rollouts, 6);
        let mut step = || {
            state = state
                .wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645)
                .wrapping_add(increment);
            ((state >> 64) as u64 ^ state as u64).rotate_right((state >> 122) as u32)
        };
        step();
        for _ in 0..3 {
            assert_eq!(step(), stream.0.next_u64());
        }
    }

    /// The numbers are part of every published result: changing this constant changes the numerics.
    #[test]
    fn first_numbers_are_fixed() {
        let mut stream = Stream::new(0, Purpose::Parameters, 0);
        let drawn = [stream.unit(), stream.normal(), stream.discount()];
        let expected = [
            4_602_238_962_005_028_806,
            4_602_793_349_273_753_070,
            4_576_798_316_864_328_094,
        ];
        assert_eq!(drawn.map(f64::to_bits), expected);
    }
}
