//! Whether learners near a fixed point approach it: the spectrum of their field's Jacobian.
//!
//! Near a zero of the field, `x <- x + alpha field(x)` multiplies a small deviation by `I + alpha J`, where `J` is the
//! field's [Jacobian](meva_core::learner::jacobian). Deviations along an eigenvector of `J` with eigenvalue `lambda`
//! shrink if `|1 + alpha lambda| < 1`; imaginary parts make them rotate.

use meva_core::jacobian::Blocks;
use meva_core::nalgebra::{Complex, ComplexField, DMatrix, Schur};

/// Far more iterations than the QR algorithm has been seen to need; it takes about two for each eigenvalue.
const ITERATIONS: usize = 10_000;

/// The `2 N` eigenvalues of a field's Jacobian, in descending order of their real parts; `None` if the Jacobian is not
/// finite.
///
/// ```
/// use meva::follow::stability::{contraction, spectrum};
/// use meva_core::{game::Tandem, learner::{Naive, jacobian}, nalgebra::ComplexField};
/// // The naive field of the Tandem game is the same along each line x_0 + x_1 = c, and falls across them.
/// let spectrum = spectrum(&jacobian(&Naive, &Tandem, &[[0.5], [0.5]])).expect("a finite Jacobian");
/// assert!(spectrum[0].modulus() < 1e-12 && (spectrum[1].re + 4.0).abs() < 1e-12);
/// assert!(contraction(&spectrum[1..], 0.25) < 1e-12);
/// ```
pub fn spectrum<const N: usize>(jacobian: &Blocks<f64, N>) -> Option<Vec<Complex<f64>>> {
    let whole = DMatrix::from_fn(2 * N, 2 * N, |row, column| {
        jacobian[row / N][column / N][(row % N, column % N)]
    });
    if !whole.iter().all(|value| value.is_finite()) {
        return None;
    }
    let schur = Schur::try_new(whole, f64::EPSILON, ITERATIONS)?;
    let mut spectrum: Vec<_> = schur.complex_eigenvalues().iter().copied().collect();
    spectrum.sort_by(|a, b| b.re.total_cmp(&a.re).then(b.im.total_cmp(&a.im)));
    Some(spectrum)
}

/// The factor by which a step of length `alpha` multiplies the deviation that it shrinks least or stretches most:
/// `max |1 + alpha lambda|`. Below 1 the fixed point is attracting.
pub fn contraction(spectrum: &[Complex<f64>], alpha: f64) -> f64 {
    spectrum
        .iter()
        .map(|lambda| (lambda * alpha + 1.0).modulus())
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use meva_core::Scalar;
    use meva_core::game::{Game, IteratedMatrix, Logistic};
    use meva_core::learner::{Learner, LookAhead, Naive, jacobian};

    /// `f = (x_0 x_1, -x_0 x_1)`: naive learners circle the origin.
    struct Saddle;

    impl Game<1> for Saddle {
        fn value<S: Scalar>(&self, x: &[[S; 1]; 2]) -> [S; 2] {
            let product = x[0][0] * x[1][0];
            [product, -product]
        }
    }

    #[test]
    fn naive_learners_circle_around_a_saddle_and_lookahead_spirals_in() {
        let origin = [[0.0], [0.0]];
        let naive = spectrum(&jacobian(&Naive, &Saddle, &origin)).unwrap();
        assert_eq!(naive, [Complex::new(0.0, 1.0), Complex::new(0.0, -1.0)]);
        assert!(contraction(&naive, 0.1) > 1.0);
        // field = (x_1 - alpha x_0, -x_0 - alpha x_1)
        let lookahead = spectrum(&jacobian(&LookAhead { alpha: 0.5 }, &Saddle, &origin)).unwrap();
        for (lambda, im) in lookahead.iter().zip([1.0, -1.0]) {
            assert!((lambda - Complex::new(-0.5, im)).modulus() < 1e-12, "{lambda}");
        }
        assert!(contraction(&lookahead, 0.1) < 1.0);
    }

    /// The points where naive learners of the Logistic Game come to rest, in either basin, are attracting.
    #[test]
    fn fixed_points_of_the_logistic_game_attract() {
        for start in [-5.0, 5.0] {
            let mut x = [[start], [start]];
            for _ in 0..100_000 {
                let field = Naive.field(&Logistic, &x);
                for i in 0..2 {
                    x[i][0] += field[i][0];
                }
            }
            let spectrum = spectrum(&jacobian(&Naive, &Logistic, &x)).unwrap();
            assert!(
                spectrum[0].re < 0.0 && contraction(&spectrum, 1.0) < 1.0,
                "{spectrum:?}"
            );
        }
    }

    /// The eigenvalues sum to the trace, and their product is the determinant.
    #[test]
    fn the_spectrum_has_the_trace_and_the_determinant() {
        let x = [[0.5, -1.0, 2.0, 0.25, 1.0], [-0.5, 1.5, 0.75, -2.0, 0.0]];
        let blocks = jacobian(&LookAhead { alpha: 1.0 }, &IteratedMatrix::PRISONERS_DILEMMA, &x);
        let whole = DMatrix::from_fn(10, 10, |m, n| blocks[m / 5][n / 5][(m % 5, n % 5)]);
        let spectrum = spectrum(&blocks).unwrap();
        assert_eq!(spectrum.len(), 10);
        let sum: Complex<f64> = spectrum.iter().sum();
        assert!((sum - whole.trace()).modulus() < 1e-12, "{sum}");
        let (product, determinant): (Complex<f64>, f64) = (spectrum.iter().product(), whole.determinant());
        assert!(
            (product - determinant).modulus() <= 1e-9 * determinant.abs(),
            "{product} {determinant}"
        );
        assert!(spectrum.windows(2).all(|pair| pair[0].re >= pair[1].re));
    }

    #[test]
    fn what_is_not_finite_has_no_spectrum() {
        let mut blocks = jacobian(&Naive, &Saddle, &[[0.0], [0.0]]);
        blocks[1][0][(0, 0)] = f64::NAN;
        assert_eq!(spectrum(&blocks), None);
    }
}
