//! Players who learn where to start (M-MAML): by ascending [what they get](meva_core::m_maml) while both players follow
//! their own gradients, over the opponents' random starts. In matches they start there exactly.

use meva_core::adamw::AdamW;
use meva_core::random::{Purpose, Stream};
use meva_core::{Player, Real, Scalar, m_maml};
use rayon::prelude::*;

use crate::cpu::estimate::Playable;
use crate::cpu::{Number, WIDTH};
use crate::follow::starts::Conditions;

/// How long a start is learned, and on what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// Steps of the optimiser.
    pub iterations: usize,
    /// Groups of 64 opponents for each of them.
    pub groups: usize,
    /// Steps that both players learn.
    pub steps: usize,
    /// The optimiser.
    pub adam: AdamW,
}

impl Training {
    /// What players of matches and leagues are trained with.
    pub const USUAL: Self = Training {
        iterations: 200,
        groups: 2,
        steps: 100,
        adam: AdamW {
            eta: 0.1,
            beta1: 0.9,
            beta2: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.0,
        },
    };
}

/// The start that a player learns. Its first one is random, as those of naive learners are.
///
/// Where learning is chaotic, gradients through it explode: each opponent's is shortened to a length of 1, and left out if
/// it is not finite.
///
/// ```
/// use meva::draws::Start;
/// use meva::follow::m_maml::{Training, train};
/// use meva::follow::starts::Conditions;
/// use meva_core::{Player, game::Tandem};
///
/// let conditions = Conditions { rate: 0.1, start: Start::Uniform(1.0), seed: 0, alike: true };
/// let few = Training { iterations: 20, steps: 10, ..Training::USUAL };
/// let [start] = train(&Tandem, Player::Zero, &conditions, &few);
/// // Who begins with more keeps more, for as long as nobody overdoes it.
/// assert!(start > 1.0);
/// ```
pub fn train<const N: usize, G: Playable<N>>(
    game: &G,
    player: Player,
    conditions: &Conditions,
    training: &Training,
) -> [f64; N] {
    let Conditions { rate, start, seed, .. } = *conditions;
    let i = player.index();
    let mut first = Stream::new(seed, Purpose::Parameters, i as u64);
    let mut own: [f64; N] = std::array::from_fn(|_| start.draw(&mut first));
    let (mut m, mut v) = ([0.0; N], [0.0; N]);
    for update in 1..=training.iterations as u32 {
        let of_group = |group: usize| {
            let index = u64::from(update) * training.groups as u64 + group as u64;
            let mut opponents = Stream::new(seed, Purpose::Policies, index);
            let mut x = [own.map(Number::from_f64); 2];
            for x in &mut x[1 - i] {
                *x = Number::from_lanes(|_| start.draw(&mut opponents) as f32);
            }
            let mut path = vec![x; training.steps + 1];
            let (_, gradient) = m_maml::value_and_gradient(game, player, rate, &mut path);
            shortened(&gradient[i])
        };
        let gradients: Vec<[f64; N]> = (0..training.groups).into_par_iter().map(of_group).collect();
        let pairs = (training.groups * WIDTH) as f64;
        // The optimiser descends.
        let mean: [f64; N] =
            std::array::from_fn(|n| -gradients.iter().map(|gradient| gradient[n]).sum::<f64>() / pairs);
        training.adam.step::<f64>(update, &mean, &mut own, &mut m, &mut v);
    }
    own
}

/// The sum of the gradients of 64 pairs, none of them longer than 1.
fn shortened<const N: usize>(gradient: &[Number; N]) -> [f64; N] {
    let mut sum = [0.0; N];
    for l in 0..WIDTH {
        let of_pair = gradient.map(|number| number.lane(l).to_f64());
        let length = of_pair.iter().map(|number| number * number).sum::<f64>().sqrt();
        if length.is_finite() {
            for (sum, number) in sum.iter_mut().zip(of_pair) {
                *sum += number / length.max(1.0);
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Start;
    use meva_core::game::IteratedMatrix;

    const CONDITIONS: Conditions = Conditions {
        rate: 25.0,
        start: Start::Normal(1.0),
        seed: 0,
        alike: true,
    };

    /// What a start gets on average from naive learners who start at random.
    fn returns(own: [f64; 5], player: Player) -> f64 {
        let mut opponents = Stream::new(7, Purpose::Evaluation, 0);
        let mut one = || {
            let mut x = [own; 2];
            x[1 - player.index()] = std::array::from_fn(|_| CONDITIONS.start.draw(&mut opponents));
            m_maml::value(&IteratedMatrix::PRISONERS_DILEMMA, player, CONDITIONS.rate, &x, 100)
        };
        (0..64).map(|_| one()).sum::<f64>() / 64.0
    }

    /// In either role: the learned start is worth more than those it began from, and the same seed learns the same.
    #[test]
    fn learned_starts_are_better() {
        let few = Training {
            iterations: 40,
            groups: 1,
            ..Training::USUAL
        };
        for player in Player::BOTH {
            let train = |training| train(&IteratedMatrix::PRISONERS_DILEMMA, player, &CONDITIONS, &training);
            let learned = train(few);
            assert_eq!(learned, train(few));
            let before = returns(train(Training { iterations: 0, ..few }), player);
            let after = returns(learned, player);
            assert!(after > before + 0.1, "{before} {after}");
        }
    }

    #[test]
    fn gradients_are_short_and_finite() {
        let mut gradient = [Number::from_f64(0.0); 2];
        for (l, [a, b]) in [[3.0, 4.0], [0.25, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 1.0]]
            .into_iter()
            .enumerate()
        {
            gradient[0].set_lane(l, a);
            gradient[1].set_lane(l, b);
        }
        let [a, b] = shortened(&gradient);
        assert!((a - 0.85).abs() < 1e-12 && (b - 0.8).abs() < 1e-12);
    }
}
