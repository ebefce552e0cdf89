//! Laws of sampled games: estimates are unbiased, whatever the baseline, and every trajectory samples for itself.

use meva_core::dual::{along, tangents};
use meva_core::game::rollouts::Episode;
use meva_core::game::{Estimator, IteratedMatrix, Rollouts};
use meva_core::random::{Purpose, Stream};
use meva_core::{Game, Lanes, Player, Scalar};

use crate::points;

const GAMES: [(&str, IteratedMatrix); 2] = [
    ("prisoners_dilemma", IteratedMatrix::PRISONERS_DILEMMA),
    ("matching_pennies", IteratedMatrix::MATCHING_PENNIES),
];

/// Returns over `length` turns, `(1 - delta) / (1 - delta^L) sum_t delta^t r(t)`, from the distribution over joint
/// states turn by turn.
fn truncated<S: Scalar>(game: &IteratedMatrix, length: usize, x: &[[S; 5]; 2]) -> [S; 2] {
    // Player 0's joint states DD, DC, CD, CC are DD, CD, DC, CC to player 1.
    let joint = |k: usize| {
        let (a, b) = (x[0][k].sigmoid(), x[1][[0, 1, 3, 2, 4][k]].sigmoid());
        [(S::ONE - a) * (S::ONE - b), (S::ONE - a) * b, a * (S::ONE - b), a * b]
    };
    let (mut now, mut weight, mut weights, mut sums) = (joint(0), 1.0, 0.0, [S::ZERO; 2]);
    for _ in 0..length {
        let mut next = [S::ZERO; 4];
        for state in 0..4 {
            for i in 0..2 {
                sums[i] += now[state] * S::from_f64(weight * game.payoffs[state][i]);
            }
            let onwards = joint(1 + state);
            for to in 0..4 {
                next[to] += now[state] * onwards[to];
            }
        }
        now = next;
        weights += weight;
        weight *= game.discount;
    }
    sums.map(|sum| sum * S::from_f64(1.0 / weights))
}

/// Returns and own gradients of [`truncated`], in one row.
fn exact(game: &IteratedMatrix, length: usize, x: &[[f64; 5]; 2]) -> Vec<f64> {
    let mut row = truncated(game, length, x).to_vec();
    for player in Player::BOTH {
        for n in 0..5 {
            let mut direction = [[0.0; 5]; 2];
            direction[player.index()][n] = 1.0;
            row.push(tangents(&truncated(game, length, &along(x, &direction)))[player.index()]);
        }
    }
    row
}

/// By how many standard errors the mean of `count` estimates differs from `expected`, for each of its numbers.
fn distances(
    game: &IteratedMatrix,
    episodes: usize,
    length: usize,
    x: &[[f64; 5]; 2],
    count: usize,
    expected: &[f64],
) -> Vec<f64> {
    let mut memory = vec![Episode::START; episodes];
    let mut streams = [Stream::new(5, Purpose::Rollouts, 0)];
    let mut rollouts = Rollouts {
        game,
        length,
        episodes: &mut memory,
        streams: &mut streams,
    };
    let (mut sums, mut squares) = (vec![0.0; expected.len()], vec![0.0; expected.len()]);
    for _ in 0..count {
        let (value, gradient) = rollouts.estimate(x);
        for (k, number) in value.iter().chain(gradient.as_flattened()).enumerate() {
            sums[k] += number;
            squares[k] += number * number;
        }
    }
    let count = count as f64;
    let distance = |k: usize| {
        let mean = sums[k] / count;
        let variance = (squares[k] / count - mean * mean).max(0.0) * count / (count - 1.0);
        (mean - expected[k]) / (variance / count).sqrt()
    };
    (0..expected.len()).map(distance).collect()
}

/// Means of 4000 estimates are within 5 standard errors of the exact numbers, which fails by chance for one in 1.7 million;
/// with a baseline (8 episodes, 2 episodes) and without (1). The comparison is shown to fail for numbers that are off by
/// 0.05.
#[test]
fn estimates_are_unbiased() {
    for (name, game) in GAMES {
        for (index, x) in points::<5>(2).iter().enumerate() {
            for (episodes, length) in [(8, 30), (2, 30), (1, 30), (8, 1)] {
                let expected = exact(&game, length, x);
                let worst = |expected: &[f64]| {
                    let distances = distances(&game, episodes, length, x, 4000, expected);
                    // A number that is the same in all estimates, as beyond the first of one turn, has no error.
                    distances
                        .into_iter()
                        .filter(|d| !d.is_nan())
                        .fold(0.0, |worst: f64, d| worst.max(d.abs()))
                };
                let label = format!("{name}, point {index}, {episodes} episodes of {length} turns");
                assert!(worst(&expected) <= 5.0, "{label}: {} standard errors", worst(&expected));
                let wrong: Vec<f64> = expected.iter().map(|number| number + 0.05).collect();
                assert!(worst(&wrong) > 5.0, "{label}: a wrong number is not noticed");
            }
        }
    }
}

/// Long episodes estimate the exact game: `delta^400` is 8e-8.
#[test]
fn long_episodes_estimate_the_whole_game() {
    for (name, game) in GAMES {
        let x = points::<5>(1)[0];
        let whole: Vec<f64> = [game.value(&x).as_slice(), game.own_gradients(&x).as_flattened()].concat();
        let finite = exact(&game, 400, &x);
        for (k, (whole, finite)) in whole.iter().zip(&finite).enumerate() {
            assert!(
                (whole - finite).abs() < 1e-6,
                "{name}, number {k}: {whole}, {finite} in 400 turns"
            );
        }
        let worst = distances(&game, 8, 400, &x, 500, &whole)
            .into_iter()
            .fold(0.0, |worst: f64, d| worst.max(d.abs()));
        assert!(worst <= 5.0, "{name}: {worst} standard errors");
    }
}

/// The purpose of a baseline is to reduce variance: with the episodes of one estimate it is far below that of single
/// episodes.
#[test]
fn baselines_reduce_the_variance() {
    let (game, x) = (IteratedMatrix::PRISONERS_DILEMMA, [[1.0, -0.5, 0.5, -1.0, 1.0]; 2]);
    let variance = |episodes: usize, count: usize| {
        let mut memory = vec![Episode::START; episodes];
        let mut streams = [Stream::new(9, Purpose::Rollouts, 0)];
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..count {
            let mut rollouts = Rollouts {
                game: &game,
                length: 50,
                episodes: &mut memory,
                streams: &mut streams,
            };
            let (_, gradient): (_, [[f64; 5]; 2]) = rollouts.estimate(&x);
            sum += gradient[0][4];
            squares += gradient[0][4] * gradient[0][4];
        }
        squares / count as f64 - (sum / count as f64).powi(2)
    };
    // From the same 16 000 episodes.
    let (with, without) = (16.0 * variance(16, 1000), variance(1, 16_000));
    assert!(
        with < 0.5 * without,
        "{with} per episode with the baseline, {without} without"
    );
}

/// Each lane has the bits that its stream gives a single trajectory; lanes without a stream stay at zero.
#[test]
fn lanes_sample_for_themselves() {
    let game = IteratedMatrix::CHICKEN;
    let stream = |l| Stream::new(2, Purpose::Rollouts, l);
    let points = points::<5>(3)
        .iter()
        .map(|x| x.map(|row| row.map(|number| number as f32)))
        .collect::<Vec<_>>();
    let mut x = [[Lanes::<4>::ZERO; 5]; 2];
    for (l, point) in points.iter().enumerate() {
        for i in 0..2 {
            for n in 0..5 {
                x[i][n].set_lane(l, point[i][n]);
            }
        }
    }
    let (mut memory, mut streams) = ([Episode::START; 5], [0, 1, 2].map(stream));
    let mut rollouts = Rollouts {
        game: &game,
        length: 20,
        episodes: &mut memory,
        streams: &mut streams,
    };
    let (value, gradient) = rollouts.estimate(&x);
    for (l, point) in points.iter().enumerate() {
        let (mut memory, mut streams) = ([Episode::START; 5], [stream(l as u64)]);
        let mut alone = Rollouts {
            game: &game,
            length: 20,
            episodes: &mut memory,
            streams: &mut streams,
        };
        let (alone_value, alone_gradient) = alone.estimate(point);
        assert_eq!(value.map(|number| number.lane(l)), alone_value);
        assert_eq!(gradient.map(|row| row.map(|number| number.lane(l))), alone_gradient);
    }
    assert_eq!(value.map(|number| number.lane(3)), [0.0; 2]);
}

/// In a zero-sum game the estimates sum to zero, and without episodes they are zero.
#[test]
fn edges() {
    let game = IteratedMatrix::MATCHING_PENNIES;
    let mut streams = [Stream::new(3, Purpose::Rollouts, 0)];
    let mut memory = [Episode::START; 3];
    let x = points::<5>(1)[0];
    for length in [0, 1, 7] {
        let mut rollouts = Rollouts {
            game: &game,
            length,
            episodes: &mut memory,
            streams: &mut streams,
        };
        let [a, b] = rollouts.estimate_value(&x);
        assert!((a + b).abs() < 1e-15, "{length} turns: {a} and {b}");
    }
    let mut nothing = Rollouts {
        game: &game,
        length: 7,
        episodes: &mut [],
        streams: &mut streams,
    };
    assert_eq!(nothing.estimate(&x), ([0.0; 2], [[0.0; 5]; 2]));
}
