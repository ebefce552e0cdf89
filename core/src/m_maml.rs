//! Multi-agent MAML (M-MAML; Lu, Willi, Schroeder de Witt and Foerster, 2022, after Finn, Abbeel and Levine, 2017): where to
//! start, if both players follow their own gradients from there.
//!
//! ```text
//! z_0 = (x_0, x_1)          z_(t+1) = z_t + alpha g(z_t)          g_j = d f_j / d x_j
//! J_i = mean over t = 0 .. T of f_i(z_t)
//! ```
//!
//! The gradient of `J_i` with respect to `z_0` goes through all of the learning, by reverse accumulation:
//!
//! ```text
//! dz_T = d f_i(z_T) / (T + 1)
//! dz_t = d f_i(z_t) / (T + 1) + dz_(t+1) + alpha sum over j of H_j(z_t) (row j of dz_(t+1))
//! ```
//!
//! since the Jacobian of `g` consists of row `j` of the Hessian `H_j` of `f_j` for each `j`, and Hessians are symmetric: two
//! Hessian-vector products a step.

use crate::game::Game;
use crate::learner::{extrapolate, only};
use crate::player::Player;
use crate::scalar::{Real, Scalar};

/// `J_i` of a player, and its gradient with respect to both players' starts.
///
/// `path` is memory for `z_0 .. z_T`, of which the first is the start and the others are overwritten: its length says how
/// long they learn. Of an empty path everything is 0.
///
/// ```
/// use meva_core::{game::{Game, Tandem}, m_maml, Player};
/// let mut path = [[[1.0_f64], [2.0]]; 2];
/// let (value, gradient) = m_maml::value_and_gradient(&Tandem, Player::Zero, 0.25, &mut path);
/// // f_0 = 2 x_0 - s^2 with s the sum of both; own gradients are 2 - 2 s, so that s goes from 3 to 1 and x_0 to 0.
/// assert_eq!(path[1], [[0.0], [1.0]]);
/// assert_eq!(value, ((2.0 - 9.0) + (0.0 - 1.0)) / 2.0);
/// // The second s is 1 whatever the first, and the second x_0 is x_0 + (2 - 2 s) / 4.
/// assert_eq!(gradient, [[(2.0 - 6.0 + 1.0) / 2.0], [(-6.0 - 1.0) / 2.0]]);
/// ```
pub fn value_and_gradient<S: Scalar, G: Game<N>, const N: usize>(
    game: &G,
    player: Player,
    alpha: f64,
    path: &mut [[[S; N]; 2]],
) -> (S, [[S; N]; 2]) {
    let mut value = S::ZERO;
    let mut dz = [[S::ZERO; N]; 2];
    let share = S::Real::round(1.0 / path.len() as f64);
    let Some((start, later)) = path.split_first_mut() else {
        return (value, dz);
    };
    let mut z = *start;
    for next in later {
        z = step(game, alpha, &z);
        *next = z;
    }
    for z in path.iter().rev() {
        let later = dz;
        for mover in Player::BOTH {
            let through = game.hvp(mover, z, &only(mover, later[mover.index()]));
            for i in 0..2 {
                for n in 0..N {
                    dz[i][n].add_scaled(S::Real::round(alpha), &through[i][n]);
                }
            }
        }
        value.add_scaled(share, &game.value(z)[player.index()]);
        let gradient = game.gradient(player, z);
        for i in 0..2 {
            for n in 0..N {
                dz[i][n].add_scaled(share, &gradient[i][n]);
            }
        }
    }
    (value, dz)
}

/// `J_i` alone, without memory for a path of `steps` steps; on dual numbers, with its derivative along a direction.
pub fn value<S: Scalar, G: Game<N>, const N: usize>(
    game: &G,
    player: Player,
    alpha: f64,
    start: &[[S; N]; 2],
    steps: usize,
) -> S {
    let mut sum = game.value(start)[player.index()];
    let mut z = *start;
    for _ in 0..steps {
        z = step(game, alpha, &z);
        sum += game.value(&z)[player.index()];
    }
    sum.scale(S::Real::round(1.0 / (steps as f64 + 1.0)))
}

/// A step of both players along their own gradients.
fn step<S: Scalar, G: Game<N>, const N: usize>(game: &G, alpha: f64, z: &[[S; N]; 2]) -> [[S; N]; 2] {
    let steps = game.own_gradients(z);
    let mut next = *z;
    for mover in Player::BOTH {
        next = extrapolate(&next, mover, alpha, &steps[mover.index()]);
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dual;
    use crate::game::{IteratedMatrix, Logistic};
    use crate::{Dual, Lanes};

    const STEPS: usize = 40;
    const POLICIES: [[f64; 5]; 2] = [[0.5, -1.0, 0.75, 0.25, 1.0], [-0.5, 0.5, 0.75, -1.0, 0.0]];

    /// A number of the start and its derivative, for every number of both players.
    fn each<G: Game<N>, const N: usize>(
        game: &G,
        alpha: f64,
        x: [[f64; N]; 2],
        mut check: impl FnMut(f64, Player, usize, usize),
    ) {
        for player in Player::BOTH {
            let mut path = [x; STEPS + 1];
            let (found, gradient) = value_and_gradient(game, player, alpha, &mut path);
            assert_eq!(path[0], x);
            assert!((found - value(game, player, alpha, &x, STEPS)).abs() <= 1e-13 * found.abs());
            for i in 0..2 {
                for n in 0..N {
                    check(gradient[i][n], player, i, n);
                }
            }
        }
    }

    /// Against central differences of fourth order, relative to the gradient's greatest number.
    fn differences<G: Game<N>, const N: usize>(game: &G, alpha: f64, x: [[f64; N]; 2]) {
        let h = 1e-3;
        each(game, alpha, x, |got, player, i, n| {
            let at = |by: f64| {
                let mut x = x;
                x[i][n] += by * h;
                value(game, player, alpha, &x, STEPS)
            };
            let expected = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * h);
            assert!((got - expected).abs() <= 1e-6 * expected.abs(), "{got} {expected}");
        });
    }

    /// Against dual numbers, forwards through the learning.
    fn duals<G: Game<N>, const N: usize>(game: &G, alpha: f64, x: [[f64; N]; 2]) {
        each(game, alpha, x, |got, player, i, n| {
            let mut direction = [[0.0; N]; 2];
            direction[i][n] = 1.0;
            let forwards: Dual<f64> = value(game, player, alpha, &dual::along(&x, &direction), STEPS);
            let expected = forwards.tangent;
            assert!((got - expected).abs() <= 1e-11 * expected.abs(), "{got} {expected}");
        });
    }

    #[test]
    fn meta_gradients_are_limits_of_differences() {
        differences(&IteratedMatrix::PRISONERS_DILEMMA, 2.0, POLICIES);
        differences(&IteratedMatrix::MATCHING_PENNIES, 0.5, POLICIES);
        differences(&Logistic, 1.0, [[0.5], [-1.25]]);
    }

    #[test]
    fn meta_gradients_are_those_of_duals() {
        duals(&IteratedMatrix::PRISONERS_DILEMMA, 25.0, POLICIES);
        duals(&IteratedMatrix::MATCHING_PENNIES, 2.0, POLICIES);
        duals(&IteratedMatrix::CHICKEN, 0.1, POLICIES);
        duals(&Logistic, 1.0, [[0.5], [-1.25]]);
    }

    /// Without a step it is the game's gradient; without a path, nothing.
    #[test]
    fn short_paths() {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        for player in Player::BOTH {
            let (value, gradient) = value_and_gradient(&game, player, 1.0, &mut [POLICIES]);
            assert_eq!(value, game.value(&POLICIES)[player.index()]);
            assert_eq!(gradient, game.gradient(player, &POLICIES));
            let nothing: (f64, [[f64; 5]; 2]) = value_and_gradient(&game, player, 1.0, &mut []);
            assert_eq!(nothing, (0.0, [[0.0; 5]; 2]));
        }
    }

    #[test]
    fn lanes_have_the_bits_of_one() {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let x = POLICIES.map(|row| row.map(|x| x as f32));
        let wide = x.map(|row| row.map(|x| Lanes([x; 4])));
        let (one, many) = (
            value_and_gradient(&game, Player::One, 2.0, &mut [x; 9]),
            value_and_gradient(&game, Player::One, 2.0, &mut [wide; 9]),
        );
        assert_eq!(many.0.0, [one.0; 4]);
        for (one, many) in one.1.as_flattened().iter().zip(many.1.as_flattened()) {
            assert_eq!(many.0, [*one; 4]);
        }
    }
}
