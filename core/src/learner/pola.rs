//! Proximal LOLA (Zhao, Lu, Grosse and Foerster, 2022): steps are measured in policies, not in parameters.
//!
//! ```text
//! z_i  maximises  f_i(z_i, y_j(z_i)) - D(z_i, x_i) / alpha          the outer proximal step
//! y_j(z_i)  maximises  f_j(z_i, y_j) - D(y_j, x_j) / alpha          the opponent's, differentiated through
//! ```
//!
//! `D(z, x)` is the sum over states of the Kullback-Leibler divergence of the actions of `z` from those of `x`, or half the
//! squared distance where parameters are their own policies. In log-odds its slope by the probabilities of `z` is `z - x`,
//! so that with the [natural gradient](Game::natural) `n` both conditions read
//!
//! ```text
//! z_i = x_i + alpha n_i(z_i)                n_i of f_i(z_i, y_j(z_i)), the whole derivative
//! y_j = x_j + alpha n_j(z_i, y_j)           n_j of f_j
//! d y_j / d z_i = (I - alpha d n_j / d y_j)^-1 alpha d n_j / d z_i
//! ```
//!
//! The field is `n_i` at the solution: agents that move by `alpha` times it land on `z`. The second condition is solved by
//! Newton steps, the first by inserting `z_i` into its right-hand side, which converges where `alpha` is so small that a
//! step is well-defined.

use super::cgd::solve;
use super::{Learner, only};
use crate::dual;
use crate::game::Game;
use crate::player::Player;
use crate::scalar::{Real, Scalar};

/// Each player takes a proximal step, through a proximal step of its opponent.
///
/// ```
/// use meva_core::{game::Tandem, learner::{Learner, Pola}};
/// // With s the sum of both, y = x + alpha (2 - 2 s): the opponent undoes 2 alpha / (1 + 2 alpha) of any change, and
/// // n = 2 - 2 s / (1 + 2 alpha).
/// let alpha = 0.02;
/// let [[n], _] = Pola { alpha }.field(&Tandem, &[[1.0_f64], [2.0]]);
/// let z = 1.0 + alpha * n;
/// let s = (z + 2.0 + 2.0 * alpha) / (1.0 + 2.0 * alpha);
/// assert!((n - (2.0 - 2.0 * s / (1.0 + 2.0 * alpha))).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pola {
    /// Length of both proximal steps, the inverse of the weight of the divergence.
    pub alpha: f64,
}

/// How often both conditions are inserted into each other. Where each insertion divides the error by six, as on random
/// policies of the prisoner's dilemma at alpha = 1, this leaves 1e-12 of it.
const INSERTIONS: usize = 16;

impl<S: Scalar, const N: usize> Learner<S, N> for Pola {
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        Player::BOTH.map(|player| self.direction(game, player, x))
    }

    fn direction<G: Game<N>>(&self, game: &G, player: Player, x: &[[S; N]; 2]) -> [S; N] {
        let alpha = S::Real::round(self.alpha);
        let opponent = player.opponent();
        let (i, j) = (player.index(), opponent.index());
        // Displacements rather than positions, which are infinite where probabilities are 0 or 1.
        let (mut direction, mut moved) = ([S::ZERO; N], [S::ZERO; N]);
        for _ in 0..INSERTIONS {
            let mut z = *x;
            for n in 0..N {
                z[i][n].add_scaled(alpha, &direction[n]);
                z[j][n] += moved[n];
            }
            let reply = |z: &[[_; N]; 2]| {
                let j = opponent.index();
                game.natural(&z[j], &game.gradient(opponent, z)[j])
            };
            // alpha times column n of d n_j / d y_j and of d n_j / d z_i, as rows.
            let by = |mover: Player| -> [[S; N]; N] {
                let mut columns = [[S::ZERO; N]; N];
                for n in 0..N {
                    let mut unit = [S::ZERO; N];
                    unit[n] = S::ONE;
                    columns[n] = dual::tangents(&reply(&dual::along(&z, &only(mover, unit)))).map(|d| d.scale(alpha));
                }
                columns
            };
            let (by_opponent, by_player) = (by(opponent), by(player));
            // I - alpha d n_j / d y_j, and transposed: its rows are the columns above.
            let (mut matrix, mut transposed) = ([[S::ZERO; N]; N], [[S::ZERO; N]; N]);
            for m in 0..N {
                for n in 0..N {
                    let entry = (if m == n { S::ONE } else { S::ZERO }) - by_opponent[m][n];
                    transposed[m][n] = entry;
                    matrix[n][m] = entry;
                }
            }
            let gradient = game.gradient(player, &z);
            let adjoint = solve(transposed, gradient[j]);
            let mut whole = gradient[i];
            for (d, column) in whole.iter_mut().zip(&by_player) {
                for (through, adjoint) in column.iter().zip(&adjoint) {
                    *d += *through * *adjoint;
                }
            }
            direction = game.natural(&z[i], &whole);
            let rest = natural_rest(game, opponent, &z, alpha, &moved);
            for (moved, correction) in moved.iter_mut().zip(solve(matrix, rest)) {
                *moved += correction;
            }
        }
        direction
    }
}

/// `alpha n_j - (y_j - x_j)`, which is 0 where the opponent's step ends.
fn natural_rest<S: Scalar, G: Game<N>, const N: usize>(
    game: &G,
    opponent: Player,
    z: &[[S; N]; 2],
    alpha: S::Real,
    moved: &[S; N],
) -> [S; N] {
    let j = opponent.index();
    let natural = game.natural(&z[j], &game.gradient(opponent, z)[j]);
    let mut rest = natural;
    for (rest, moved) in rest.iter_mut().zip(moved) {
        *rest = rest.scale(alpha) - *moved;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::IteratedMatrix;
    use crate::learner::Lola;

    const X: [[f64; 5]; 2] = [[0.5, -1.0, 0.25, 1.5, -0.5], [-0.75, 0.5, 1.0, -0.25, 0.0]];

    /// The objective of the outer step at `z_i`, with the opponent's step found by inserting it into its own condition.
    fn objective(game: &IteratedMatrix, alpha: f64, player: Player, z: &[f64; 5]) -> f64 {
        let (i, j) = (player.index(), player.opponent().index());
        let mut y = X;
        y[i] = *z;
        for _ in 0..400 {
            let natural = game.natural(&y[j], &game.gradient(player.opponent(), &y)[j]);
            for n in 0..5 {
                y[j][n] = 0.5 * y[j][n] + 0.5 * (X[j][n] + alpha * natural[n]);
            }
        }
        let divergence: f64 = (0..5)
            .map(|n| {
                let (p, q) = (z[n].sigmoid(), X[i][n].sigmoid());
                p * libm::log(p / q) + (1.0 - p) * libm::log((1.0 - p) / (1.0 - q))
            })
            .sum();
        game.value(&y)[i] - divergence / alpha
    }

    /// No other policy near the end of the step has a greater objective: its slope vanishes there.
    #[test]
    fn steps_maximise_the_objective() {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        for alpha in [0.1, 1.0] {
            let field = Pola { alpha }.field(&game, &X);
            for player in Player::BOTH {
                let i = player.index();
                let end: [f64; 5] = core::array::from_fn(|n| X[i][n] + alpha * field[i][n]);
                for n in 0..5 {
                    let at = |h: f64| {
                        let mut z = end;
                        z[n] += h;
                        objective(&game, alpha, player, &z)
                    };
                    let slope = (at(1e-4) - at(-1e-4)) / 2e-4;
                    assert!(slope.abs() < 1e-7, "slope {slope} at alpha {alpha}");
                    assert!(at(0.0) > at(0.1) && at(0.0) > at(-0.1));
                }
            }
        }
    }

    /// The same policies, as log-odds times a factor.
    struct Scaled(f64);

    impl Game<5> for Scaled {
        fn value<S: Scalar>(&self, x: &[[S; 5]; 2]) -> [S; 2] {
            IteratedMatrix::PRISONERS_DILEMMA.value(&self.log_odds(x))
        }
        fn natural<S: Scalar>(&self, parameters: &[S; 5], gradient: &[S; 5]) -> [S; 5] {
            // The information about a parameter is that about the log-odds, over the square of the factor.
            let [log_odds, _] = self.log_odds(&[*parameters; 2]);
            let square = S::from_f64(self.0 * self.0);
            IteratedMatrix::PRISONERS_DILEMMA
                .natural(&log_odds, gradient)
                .map(|d| square * d)
        }
    }

    impl Scaled {
        fn log_odds<S: Scalar>(&self, x: &[[S; 5]; 2]) -> [[S; 5]; 2] {
            x.map(|row| row.map(|x| x / S::from_f64(self.0)))
        }
    }

    /// A step leads to the same policies whether they are written as log-odds or as scaled log-odds. LOLA's does not.
    #[test]
    fn steps_do_not_depend_on_the_parameters() {
        let (alpha, game) = (0.5, Scaled(3.0));
        let scaled = X.map(|row| row.map(|x| 3.0 * x));
        let end = |x: &[[f64; 5]; 2], field: [[f64; 5]; 2], factor: f64| -> [[f64; 5]; 2] {
            core::array::from_fn(|i| core::array::from_fn(|n| ((x[i][n] + alpha * field[i][n]) / factor).sigmoid()))
        };
        let apart = |a: [[f64; 5]; 2], b: [[f64; 5]; 2]| {
            let pairs = a.as_flattened().iter().zip(b.as_flattened());
            pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        let plain = IteratedMatrix::PRISONERS_DILEMMA;
        let pola = Pola { alpha };
        let (one, other) = (
            end(&X, pola.field(&plain, &X), 1.0),
            end(&scaled, pola.field(&game, &scaled), 3.0),
        );
        assert!(apart(one, other) < 1e-9, "{one:?} {other:?}");
        assert!(apart(one, X.map(|row| row.map(f64::sigmoid))) > 1e-3, "the step moves");
        let lola = Lola::new(alpha);
        let (one, other) = (
            end(&X, lola.field(&plain, &X), 1.0),
            end(&scaled, lola.field(&game, &scaled), 3.0),
        );
        assert!(apart(one, other) > 1e-3, "{one:?} {other:?}");
    }

    /// Against an opponent that always does the same, with log-odds that are infinite, it still learns.
    #[test]
    fn opponents_may_be_certain() {
        let infinite = f64::INFINITY;
        let x = [X[0], [infinite, -infinite, infinite, -infinite, infinite]];
        let field = Pola { alpha: 0.5 }.field(&IteratedMatrix::PRISONERS_DILEMMA, &x);
        assert!(field.as_flattened().iter().all(|d| d.is_finite()), "{field:?}");
        assert_eq!(field[1], [0.0; 5]);
        assert!(field[0].iter().any(|d| *d != 0.0));
    }
}
