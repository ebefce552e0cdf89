//! Means that outliers do not move, and how sure they are: the interquartile mean with stratified bootstrap intervals, as
//! Agarwal et al. (2021) recommend for a handful of seeds.

use meva_core::random::{Purpose, Stream};

/// The mean of the middle half: a quarter of the numbers, rounded down, is left out at either end. NaN if there are none.
///
/// ```
/// use meva::follow::statistics::interquartile_mean;
/// assert_eq!(interquartile_mean(&[1.0, 2.0, 3.0, 100.0]), 2.5);
/// assert_eq!(interquartile_mean(&[1.0, 2.0, 6.0]), 3.0);
/// ```
pub fn interquartile_mean(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let out = sorted.len() / 4;
    let middle = &sorted[out..sorted.len() - out];
    middle.iter().sum::<f64>() / middle.len() as f64
}

/// Spearman's rank correlation: the correlation of the ranks, where equal numbers share the mean of theirs. NaN if either
/// side is the same everywhere.
///
/// # Panics
/// The sides differ in length.
///
/// ```
/// use meva::follow::statistics::rank_correlation;
/// assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[1.0, 10.0, 100.0]), 1.0);
/// assert_eq!(rank_correlation(&[1.0, 2.0, 3.0, 4.0], &[4.0, 3.0, 2.0, 1.0]), -1.0);
/// assert!(rank_correlation(&[1.0, 2.0], &[5.0, 5.0]).is_nan());
/// ```
pub fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "each number needs its partner");
    let middle = (a.len() as f64 - 1.0) / 2.0;
    let [a, b] = [ranks(a), ranks(b)];
    let product = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a - middle) * (b - middle)).sum() };
    product(&a, &b) / libm::sqrt(product(&a, &a) * product(&b, &b))
}

/// The rank of each number, from 0; equal numbers share the mean of their ranks.
fn ranks(numbers: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|a, b| numbers[*a].total_cmp(&numbers[*b]));
    let mut ranks = vec![0.0; numbers.len()];
    let mut first = 0;
    for tied in order.chunk_by(|a, b| numbers[*a] == numbers[*b]) {
        let rank = first as f64 + (tied.len() as f64 - 1.0) / 2.0;
        tied.iter().for_each(|index| ranks[*index] = rank);
        first += tied.len();
    }
    ranks
}

/// How many samples a bootstrap takes.
const SAMPLES: usize = 2000;
/// The quantiles of an interval that holds 95 %.
const ENDS: [f64; 2] = [0.025, 0.975];

/// The 95 % interval of the interquartile mean of all strata together, by drawing as many numbers as each stratum has from
/// that stratum, with replacement, 2000 times. The draws depend on the seed alone. `None` if no stratum has two numbers.
///
/// ```
/// use meva::follow::statistics::interval;
/// let strata = [vec![1.0, 2.0, 3.0], vec![11.0, 12.0, 13.0]];
/// let [low, high] = interval(&strata, 0).expect("several seeds");
/// assert!(low >= 1.0 && low < 7.0 && high > 7.0 && high <= 13.0);
/// assert_eq!(interval(&[vec![1.0]], 0), None);
/// ```
pub fn interval(strata: &[Vec<f64>], seed: u64) -> Option<[f64; 2]> {
    if strata.iter().all(|stratum| stratum.len() < 2) {
        return None;
    }
    // Index 0 is the stream of the starts, and episodes follow it.
    let mut stream = Stream::new(seed, Purpose::Evaluation, 1 << 48);
    let mut sample = || {
        let mut drawn = Vec::new();
        for stratum in strata {
            let last = stratum.len().saturating_sub(1);
            let index = |unit: f64| ((unit * stratum.len() as f64) as usize).min(last);
            drawn.extend(stratum.iter().map(|_| stratum[index(stream.unit())]));
        }
        interquartile_mean(&drawn)
    };
    let mut means: Vec<f64> = (0..SAMPLES).map(|_| sample()).collect();
    means.sort_by(f64::total_cmp);
    Some(ENDS.map(|q| means[(q * (SAMPLES - 1) as f64).round() as usize]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of normal numbers, 95 intervals in 100 should hold the mean; of as few as eight, somewhat fewer do.
    #[test]
    fn intervals_hold_the_mean() {
        let mut stream = Stream::new(7, Purpose::Evaluation, 0);
        let held = (0..200)
            .filter(|trial| {
                let numbers: Vec<f64> = (0..8).map(|_| stream.normal()).collect();
                let [low, high] = interval(&[numbers], *trial).unwrap();
                low <= 0.0 && 0.0 <= high
            })
            .count();
        assert!((160..=198).contains(&held), "{held} of 200");
    }

    #[test]
    fn equal_numbers_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [2.5, 0.0, 2.5, 1.0]);
        // scipy.stats.spearmanr([1, 2, 2, 4], [1, 3, 2, 4]).statistic
        let found = rank_correlation(&[1.0, 2.0, 2.0, 4.0], &[1.0, 3.0, 2.0, 4.0]);
        assert!((found - 0.948_683_298_050_513_8).abs() < 1e-15, "{found}");
    }

    /// Differences between strata are no uncertainty.
    #[test]
    fn strata_are_drawn_from_alone() {
        let strata = [vec![0.0; 4], vec![10.0; 4]];
        assert_eq!(interval(&strata, 0), Some([5.0, 5.0]));
        assert_eq!(interval(&strata, 1), interval(&strata, 1));
    }
}
