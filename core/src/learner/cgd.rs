//! Competitive gradient descent (Schaefer and Anandkumar, 2019), as a maximisation.
//!
//! Both players play the Nash equilibrium of the game's bilinear approximation, with a quadratic penalty on steps:
//!
//! ```text
//! v_i maximises  d_i f_i . v_i + alpha v_i . (d_i d_j f_i) v_j - |v_i|^2 / 2
//! v_i = (I - alpha^2 D_i D_j)^-1 (d_i f_i + alpha D_i d_j f_j)          D_i = d_i d_j f_i
//! ```
//!
//! Agents that move by `alpha v` take the published step of length `alpha`. The system is solved exactly.

use super::Learner;
use crate::game::Game;
use crate::jacobian::jacobian;
use crate::player::Player;
use crate::scalar::Scalar;

/// Each player replies to the step that the other takes at the same time, knowing that it replies too.
///
/// ```
/// use meva_core::{game::Bilinear, learner::{Cgd, Learner}};
/// let [[a], [b]] = Cgd { alpha: 1.0 }.field(&Bilinear, &[[1.0_f64], [2.0]]);
/// assert_eq!([a, b], [0.5, -1.5]);
/// // Each is the other's reply: x_1 + alpha b, and -(x_0 + alpha a).
/// assert_eq!([2.0 + b, -(1.0 + a)], [a, b]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cgd {
    /// Length of the steps.
    pub alpha: f64,
}

impl<S: Scalar, const N: usize> Learner<S, N> for Cgd {
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let (alpha, naive) = (S::from_f64(self.alpha), game.own_gradients(x));
        let blocks = jacobian(x, |x| game.own_gradients(x));
        // alpha D_i, by rows.
        let mixed = Player::BOTH.map(|player| {
            let block = &blocks[player.index()][player.opponent().index()].data.0;
            let mut rows = [[S::ZERO; N]; N];
            for m in 0..N {
                for n in 0..N {
                    rows[m][n] = alpha * block[n][m];
                }
            }
            rows
        });
        Player::BOTH.map(|player| {
            let (i, j) = (player.index(), player.opponent().index());
            let (own, other) = (&mixed[i], &mixed[j]);
            let (mut system, mut right) = ([[S::ZERO; N]; N], naive[i]);
            for m in 0..N {
                for n in 0..N {
                    let mut product = S::ZERO;
                    for k in 0..N {
                        product += own[m][k] * other[k][n];
                    }
                    system[m][n] = (if m == n { S::ONE } else { S::ZERO }) - product;
                }
                for k in 0..N {
                    right[m] += own[m][k] * naive[j][k];
                }
            }
            solve(system, right)
        })
    }
}

/// `a^-1 b` by elimination with partial pivoting, `a` by rows; each lane chooses its own pivots. If `a` is singular, the
/// result is not finite.
pub(super) fn solve<S: Scalar, const N: usize>(mut a: [[S; N]; N], mut b: [S; N]) -> [S; N] {
    for pivot in 0..N {
        for row in pivot + 1..N {
            // Exchanges rows wherever this one has the larger pivot.
            let (upper, lower) = (a[pivot][pivot] * a[pivot][pivot], a[row][pivot] * a[row][pivot]);
            for column in 0..N {
                let (up, down) = (a[pivot][column], a[row][column]);
                a[pivot][column] = S::select_less(upper, lower, down, up);
                a[row][column] = S::select_less(upper, lower, up, down);
            }
            let (up, down) = (b[pivot], b[row]);
            b[pivot] = S::select_less(upper, lower, down, up);
            b[row] = S::select_less(upper, lower, up, down);
        }
        let inverse = S::ONE / a[pivot][pivot];
        for row in pivot + 1..N {
            let factor = a[row][pivot] * inverse;
            for column in pivot + 1..N {
                let term = factor * a[pivot][column];
                a[row][column] -= term;
            }
            let term = factor * b[pivot];
            b[row] -= term;
        }
    }
    for row in (0..N).rev() {
        for column in row + 1..N {
            let term = a[row][column] * b[column];
            b[row] -= term;
        }
        b[row] = b[row] / a[row][row];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lanes;
    use crate::game::IteratedMatrix;

    #[test]
    fn solutions_solve() {
        // Without exchanges the first pivot would be 0.
        let a = [[0.0_f64, 2.0, 1.0], [1.0, -1.0, 0.5], [4.0, 1.0, -3.0]];
        let x = solve(a, [1.0, 2.0, 3.0]);
        for (row, b) in a.iter().zip([1.0, 2.0, 3.0]) {
            let product: f64 = row.iter().zip(&x).map(|(a, x)| a * x).sum();
            assert!((product - b).abs() < 1e-14, "{x:?}");
        }
        let lanes = solve(
            a.map(|row| row.map(Lanes::<4>::from_f64)),
            [1.0, 2.0, 3.0].map(Lanes::from_f64),
        );
        let one = solve(a.map(|row| row.map(|a| a as f32)), [1.0_f32, 2.0, 3.0]);
        assert!(lanes.iter().zip(one).all(|(lanes, one)| lanes.0 == [one; 4]));
    }

    /// Each player's step maximises its bilinear approximation, given the other's.
    #[test]
    fn steps_are_an_equilibrium() {
        let (game, alpha) = (IteratedMatrix::CHICKEN, 0.02);
        let x = [[0.5, -1.0, 0.25, 1.5, -0.5], [-0.75, 0.5, 1.0, -0.25, 0.0_f64]];
        let v = Cgd { alpha }.field(&game, &x);
        let naive = game.own_gradients(&x);
        for player in crate::Player::BOTH {
            let (i, j) = (player.index(), player.opponent().index());
            let block = game.hessian(player, &x)[i][j];
            for m in 0..5 {
                let reply: f64 = (0..5).map(|n| alpha * block[(m, n)] * v[j][n]).sum();
                assert!(
                    (v[i][m] - naive[i][m] - reply).abs() < 1e-9 * (1.0 + v[i][m].abs()),
                    "{v:?}"
                );
            }
        }
    }
}
