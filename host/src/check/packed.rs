//! Points packed into lanes: the same evaluation works for `f64`, `f32` and lanes.

use meva_core::Real;
use meva_core::parameters::Parameters;
use meva_operations::Packed;

/// A number whose lane `l` is the value nearest to `value(l)`.
pub fn pack<S: Packed>(value: impl Fn(usize) -> f64) -> S {
    let mut packed = S::ZERO;
    for l in 0..S::LANES {
        packed.set_lane(l, S::Real::round(value(l)));
    }
    packed
}

/// `A` numbers per lane.
pub fn pack_row<S: Packed, const A: usize>(value: impl Fn(usize) -> [f64; A]) -> [S; A] {
    std::array::from_fn(|a| pack(|l| value(l)[a]))
}

/// `B` rows of `A` numbers per lane.
pub fn pack_rows<S: Packed, const A: usize, const B: usize>(value: impl Fn(usize) -> [[f64; A]; B]) -> [[S; A]; B] {
    std::array::from_fn(|b| std::array::from_fn(|a| pack(|l| value(l)[b][a])))
}

/// Evaluates at all points, as many at once as the scalar has lanes; lanes beyond the last point repeat one. The
/// numbers of each result are ordered by point.
pub fn in_lanes<S: Packed, P, const K: usize>(
    points: &[P],
    mut results: impl FnMut(&[&P]) -> [Vec<S>; K],
) -> [Vec<f64>; K] {
    let mut numbers = [(); K].map(|()| Vec::new());
    for group in points.chunks(S::LANES) {
        let filled: Vec<&P> = (0..S::LANES).map(|l| group.get(l).unwrap_or(&group[0])).collect();
        let results = results(&filled);
        for (numbers, result) in numbers.iter_mut().zip(&results) {
            for l in 0..group.len() {
                numbers.extend(result.iter().map(|number| number.lane(l).to_f64()));
            }
        }
    }
    numbers
}

/// Parameters in a different precision.
pub fn rounded<T: Real, const N: usize, const H: usize, const R: usize, const M: usize>(
    theta: &Parameters<f64, N, H, R, M>,
) -> Box<Parameters<T, N, H, R, M>> {
    let mut rounded = Box::new(Parameters::ZERO);
    for (rounded, value) in rounded.numbers_mut().zip(theta.numbers()) {
        *rounded = T::round(*value);
    }
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;
    use meva_core::Lanes;

    /// An incomplete last group returns only as many numbers as it has points.
    #[test]
    fn lanes_give_what_points_give() {
        let points = [1.0, 2.0, 3.0, 4.0, 5.0];
        fn squares<S: Packed>(points: &[f64]) -> [Vec<f64>; 2] {
            in_lanes(points, |group| {
                let x: S = pack(|l| *group[l]);
                [vec![x * x], vec![x, -x]]
            })
        }
        let expected = [
            vec![1.0, 4.0, 9.0, 16.0, 25.0],
            vec![1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 4.0, -4.0, 5.0, -5.0],
        ];
        assert_eq!(squares::<f64>(&points), expected);
        assert_eq!(squares::<Lanes<2>>(&points), expected);
    }
}
