//! Jacobians of fields on joint policies, as matrices: one block of `N x N` for each pair of players.
//!
//! ```text
//! J[i][j][(m, n)] = d field_i[m] / d x_j[n]
//! ```
//!
//! A column is the field evaluated on dual numbers that move along its parameter. The field may be a gradient, in which
//! case the Jacobian is a Hessian ([`Game::hessian`](crate::Game::hessian)); a learner's field
//! ([`learner::jacobian`](crate::learner::jacobian)); or a network's own gradients.

use nalgebra::SMatrix;

use crate::dual::{self, Dual};
use crate::scalar::Scalar;

/// A matrix over joint policies by blocks; the first index is the player of the rows.
pub type Blocks<S, const N: usize> = [[SMatrix<S, N, N>; 2]; 2];

/// The Jacobian of `field` at `x`, in `2 N` evaluations.
///
/// ```
/// use meva_core::jacobian::jacobian;
/// // The field (x_0 x_1, x_0 + 3 x_1) turns (1, 0) into (x_1, 1) and (0, 1) into (x_0, 3).
/// let blocks = jacobian(&[[2.0_f64], [5.0]], |[[a], [b]]| [[*a * *b], [*a + *b + *b + *b]]);
/// assert_eq!(blocks.map(|row| row.map(|block| block[(0, 0)])), [[5.0, 2.0], [1.0, 3.0]]);
/// ```
pub fn jacobian<S: Scalar, const N: usize>(
    x: &[[S; N]; 2],
    field: impl Fn(&[[Dual<S>; N]; 2]) -> [[Dual<S>; N]; 2],
) -> Blocks<S, N> {
    let mut blocks: Blocks<S, N> = [[SMatrix::repeat(S::ZERO); 2]; 2];
    for j in 0..2 {
        for n in 0..N {
            let mut direction = [[S::ZERO; N]; 2];
            direction[j][n] = S::ONE;
            for (row, blocks) in field(&dual::along(x, &direction)).iter().zip(&mut blocks) {
                blocks[j].data.0[n] = dual::tangents(row);
            }
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Player;
    use crate::game::{Game, IteratedMatrix, Logistic};
    use crate::learner::{self, Lola, Naive};
    use nalgebra::SVector;

    /// `J v`, by blocks.
    fn times<const N: usize>(blocks: &Blocks<f64, N>, v: &[[f64; N]; 2]) -> [[f64; N]; 2] {
        let [a, b] = v.map(SVector::from);
        let product = |[own, other]: &[SMatrix<f64, N, N>; 2]| (own * a + other * b).data.0[0];
        [product(&blocks[0]), product(&blocks[1])]
    }

    fn close<const N: usize>(got: &[[f64; N]; 2], expected: &[[f64; N]; 2]) {
        for (got, expected) in got.as_flattened().iter().zip(expected.as_flattened()) {
            assert!((got - expected).abs() <= 1e-12, "{got} {expected}");
        }
    }

    const X: [[f64; 5]; 2] = [[0.5, -1.0, 2.0, 0.25, 1.0], [-0.5, 1.5, 0.75, -2.0, 0.0]];
    const V: [[f64; 5]; 2] = [[1.0, -2.0, 0.5, 3.0, 0.25], [-1.5, 0.0, 2.0, 1.0, -0.5]];

    /// A Hessian is symmetric, and its product with a vector equals what dual numbers along that vector give.
    #[test]
    fn hessians_agree_with_their_products() {
        fn law<G: Game<N>, const N: usize>(game: &G, x: &[[f64; N]; 2], v: &[[f64; N]; 2]) {
            for player in Player::BOTH {
                let hessian = game.hessian(player, x);
                close(&times(&hessian, v), &game.hvp(player, x, v));
                for j in 0..2 {
                    for k in 0..2 {
                        let asymmetry = hessian[j][k] - hessian[k][j].transpose();
                        assert!(asymmetry.amax() <= 1e-12, "{asymmetry}");
                    }
                }
                assert!(hessian[0][1].amax() > 0.0);
            }
        }
        law(&Logistic, &[[0.5], [-1.0]], &[[2.0], [-3.0]]);
        law(&IteratedMatrix::PRISONERS_DILEMMA, &X, &V);
        law(&IteratedMatrix::CHICKEN, &X, &V);
    }

    /// The naive field's rows are those of the two Hessians, and any field's Jacobian times a vector is its derivative
    /// along that vector.
    #[test]
    fn jacobians_are_derivatives_of_fields() {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let naive = learner::jacobian(&Naive, &game, &X);
        for player in Player::BOTH {
            assert_eq!(naive[player.index()], game.hessian(player, &X)[player.index()]);
        }
        let lola = Lola::new(1.0);
        let along = learner::Learner::field(&lola, &game, &dual::along(&X, &V)).map(|row| dual::tangents(&row));
        close(&times(&learner::jacobian(&lola, &game, &X), &V), &along);
    }

    /// Lanes give the same numbers as a single evaluation in `f32`.
    #[test]
    fn lanes_have_the_bits_of_one() {
        use crate::{Lanes, Scalar};
        let (x, wide) = (
            X.map(|row| row.map(|x| x as f32)),
            X.map(|row| row.map(Lanes::<4>::from_f64)),
        );
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let (one, wide) = (game.hessian(Player::One, &x), game.hessian(Player::One, &wide));
        for (one, wide) in one.as_flattened().iter().zip(wide.as_flattened()) {
            assert!(one.iter().zip(wide.iter()).all(|(one, wide)| wide.0 == [*one; 4]));
        }
    }
}
