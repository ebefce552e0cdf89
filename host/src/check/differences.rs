//! Derivatives as limits of differences, in `f64`.

use super::condition::rms;

/// The longer of two lengths. It is near the fifth root of the unit roundoff, where rounding, `u / h`, and what is cut off,
/// `h^4`, are alike.
const H: f64 = 1e-3;

/// `f'(0)` from central differences at two lengths, combined so that the error of order `h^2` cancels.
pub fn central(f: impl Fn(f64) -> f64) -> f64 {
    let slope = |h: f64| (f(h) - f(-h)) / (2.0 * h);
    (4.0 * slope(H / 2.0) - slope(H)) / 3.0
}

/// How far [`central`] differences may be from `slopes`, in units of their root mean square, if `values` are off by `deviation` in
/// units of theirs: two values enter with the weight `4 / (3 h)`, two with `1 / (6 h)`. What is cut off, `h^4 / 480 = 2e-15` of the fifth
/// derivative, is less.
pub fn deviation(values: &[f64], deviation: f64, slopes: &[f64]) -> f64 {
    3.0 / H * deviation * rms(values) / rms(slopes)
}

/// [`central`] for each of several numbers.
pub fn central_of<const K: usize>(f: impl Fn(f64) -> [f64; K]) -> [f64; K] {
    std::array::from_fn(|k| central(|h| f(h)[k]))
}

/// `x` with one parameter of one player moved by `h`.
pub fn moved<const N: usize>(x: &[[f64; N]; 2], i: usize, n: usize, h: f64) -> [[f64; N]; 2] {
    let mut x = *x;
    x[i][n] += h;
    x
}

/// `x + h v`.
pub fn along<const N: usize>(x: &[[f64; N]; 2], v: &[[f64; N]; 2], h: f64) -> [[f64; N]; 2] {
    std::array::from_fn(|i| std::array::from_fn(|n| x[i][n] + h * v[i][n]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_known_functions() {
        assert!((central(f64::sin) - 1.0).abs() < 1e-12);
        assert!((central(|h| (1.0 + h).powi(4)) - 4.0).abs() < 1e-11);
        let [a, b] = central_of(|h| [3.0 * h, -h]);
        assert!((a - 3.0).abs() < 1e-12 && (b + 1.0).abs() < 1e-12);
    }
}
