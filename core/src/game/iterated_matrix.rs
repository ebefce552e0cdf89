//! Iterated 2 x 2 games with memory of one turn, by their exact value (Foerster et al., 2018).
//!
//! A policy is five log-odds of cooperating: at the start, then after DD, DC, CD, CC with the player's *own* action
//! first. Joint states are ordered DD, DC, CD, CC with player 0's action first, so player 1's parameters are read through
//! the permutation (0, 1, 3, 2, 4).
//!
//! ```text
//! d = (I - delta P)^-T p0          v_i = (I - delta P)^-1 r_i          f_i = (1 - delta) d . r_i = (1 - delta) p0 . v_i
//! df_i = (1 - delta) (dp0 . v_i + delta d . dP v_i)
//! ```
//!
//! with `p0` the first turn's distribution over joint states, `P` the transitions, `r_i` the payoffs. `I - delta P` is
//! strictly diagonally dominant for `delta < 1`, so elimination needs no pivoting.
//!
//! `1 - delta` is one minus the *rounded* `delta`, as on the diagonal: occupancies then sum to 1 however close `delta`
//! is to 1. With the rounded `1 - delta`, all values would have a relative error of `fl(delta) / (1 - delta)`.

use nalgebra::{SMatrix, SVector};

use super::{Game, natural_by_log_odds, sigmoid};
use crate::player::Player;
use crate::scalar::Scalar;

/// An iterated 2 x 2 game: five parameters per policy.
///
/// ```
/// use meva_core::game::{Game, IteratedMatrix};
/// let always = |log_odds: f64| [log_odds; 5];
/// let game = IteratedMatrix::PRISONERS_DILEMMA;
/// let [a, b] = game.value(&[always(40.0), always(-40.0)]);
/// assert!((a + 3.0).abs() < 1e-12 && b.abs() < 1e-12); // the cooperator is exploited
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IteratedMatrix {
    /// `payoffs[state][player]`, states DD, DC, CD, CC with player 0's action first; per turn.
    pub payoffs: [[f64; 2]; 4],
    /// `delta` in [0, 1): how much the next turn counts. Not the meta-discount `gamma`.
    pub discount: f64,
}

/// Reorders a player's numbers for the start and for DD, DC, CD, CC from its own action first to player 0's action
/// first; and back again.
fn player_zero_first<S>(player: Player, [start, dd, dc, cd, cc]: [S; 5]) -> [S; 5] {
    match player {
        Player::Zero => [start, dd, dc, cd, cc],
        Player::One => [start, dd, cd, dc, cc],
    }
}

/// Both players' probabilities of cooperating at the start and after each joint state.
struct Chain<S> {
    cooperate: [[S; 5]; 2],
    start: Joint<S>,
    /// `P^T`: a column of probabilities for each current joint state.
    transitions: Matrix<S>,
}

/// A number for each joint state.
type Joint<S> = SVector<S, 4>;
/// A number for each pair of joint states.
type Matrix<S> = SMatrix<S, 4, 4>;

impl IteratedMatrix {
    /// The discount of the published experiments.
    pub const DISCOUNT: f64 = 0.96;
    /// The iterated prisoner's dilemma.
    pub const PRISONERS_DILEMMA: Self = IteratedMatrix {
        payoffs: [[-2.0, -2.0], [0.0, -3.0], [-3.0, 0.0], [-1.0, -1.0]],
        discount: Self::DISCOUNT,
    };
    /// Iterated matching pennies, a zero-sum game.
    pub const MATCHING_PENNIES: Self = IteratedMatrix {
        payoffs: [[1.0, -1.0], [-1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]],
        discount: Self::DISCOUNT,
    };
    /// Iterated chicken, with the crash at -100.
    pub const CHICKEN: Self = IteratedMatrix {
        payoffs: [[-100.0, -100.0], [1.0, -1.0], [-1.0, 1.0], [0.0, 0.0]],
        discount: Self::DISCOUNT,
    };

    /// The iterated stag hunt: a stag is worth 4 to both and takes both; a hare is worth 3 alone, 2 if both hunt it.
    /// Cooperating is hunting the stag.
    pub const STAG_HUNT: Self = IteratedMatrix {
        payoffs: [[2.0, 2.0], [3.0, 0.0], [0.0, 3.0], [4.0, 4.0]],
        discount: Self::DISCOUNT,
    };
    /// Iterated hawk-dove over a prize of 2, where a lost fight costs 4: doves, who cooperate, share; hawks fight.
    pub const HAWK_DOVE: Self = IteratedMatrix {
        payoffs: [[-1.0, -1.0], [2.0, 0.0], [0.0, 2.0], [1.0, 1.0]],
        discount: Self::DISCOUNT,
    };
    /// The iterated battle of the sexes: both gain from meeting, player 0 more where both cooperate, player 1 more where
    /// both defect.
    pub const BATTLE_OF_THE_SEXES: Self = IteratedMatrix {
        payoffs: [[2.0, 3.0], [0.0, 0.0], [0.0, 0.0], [3.0, 2.0]],
        discount: Self::DISCOUNT,
    };

    /// Whether the roles are alike: each player has the payoffs that the other would have in its place.
    pub const fn is_symmetric(&self) -> bool {
        let [dd, dc, cd, cc] = self.payoffs;
        dd[0] == dd[1] && cc[0] == cc[1] && dc[0] == cd[1] && dc[1] == cd[0]
    }

    /// Both players' returns if they cooperate with these probabilities: at the start and after DD, DC, CD, CC, own action
    /// first. Unlike log-odds, probabilities can be 0 and 1 without being infinite.
    ///
    /// ```
    /// use meva_core::game::IteratedMatrix;
    /// let (tit_for_tat, defector) = ([1.0, 0.0, 1.0, 0.0, 1.0], [0.0_f64; 5]);
    /// let [a, b] = IteratedMatrix::PRISONERS_DILEMMA.value_of_probabilities(&[tit_for_tat, defector]);
    /// assert!((a + 2.04).abs() < 1e-12 && (b + 1.92).abs() < 1e-12);
    /// ```
    pub fn value_of_probabilities<S: Scalar>(&self, p: &[[S; 5]; 2]) -> [S; 2] {
        let [[dd, dc, cd, cc]] = self.occupancy(&Self::chain(p)).data.0;
        self.payoffs(Player::BOTH)
            .data
            .0
            .map(|r: [S; 4]| dd * r[0] + dc * r[1] + cd * r[2] + cc * r[3])
    }

    /// The chain of two policies that are given as log-odds.
    fn chain_of_log_odds<S: Scalar>(x: &[[S; 5]; 2]) -> Chain<S> {
        Self::chain(&x.map(|row| row.map(sigmoid)))
    }

    /// The chain of two policies that are given as probabilities.
    fn chain<S: Scalar>(&[a, b]: &[[S; 5]; 2]) -> Chain<S> {
        let cooperate = [player_zero_first(Player::Zero, a), player_zero_first(Player::One, b)];
        let joint = |k: usize| {
            let (a, b) = (cooperate[0][k], cooperate[1][k]);
            let (not_a, not_b) = (S::ONE - a, S::ONE - b);
            [not_a * not_b, not_a * b, a * not_b, a * b]
        };
        Chain {
            cooperate,
            start: Joint::from(joint(0)),
            transitions: Matrix::from([joint(1), joint(2), joint(3), joint(4)]),
        }
    }

    /// `I - delta P^T`.
    fn matrix<S: Scalar>(&self, transitions: &Matrix<S>) -> Matrix<S> {
        let delta = S::from_f64(self.discount);
        transitions.map_with_location(|to, from, p| {
            let identity = if from == to { S::ONE } else { S::ZERO };
            identity - delta * p
        })
    }

    /// `1 - delta`.
    fn rest<S: Scalar>(&self) -> S {
        S::ONE - S::from_f64(self.discount)
    }

    /// `r_i` of the given players, as columns.
    fn payoffs<S: Scalar, const C: usize>(&self, players: [Player; C]) -> SMatrix<S, 4, C> {
        SMatrix::from_fn(|state, c| S::from_f64(self.payoffs[state][players[c].index()]))
    }

    /// `(1 - delta) d`: how often each joint state is visited, discounted; sums to 1.
    fn occupancy<S: Scalar>(&self, chain: &Chain<S>) -> Joint<S> {
        solve(self.matrix(&chain.transitions), chain.start).map(|d| self.rest::<S>() * d)
    }

    /// A player's row of the gradient of an objective whose values after each joint state are `v`.
    fn row<S: Scalar>(&self, chain: &Chain<S>, occupancy: &Joint<S>, v: &[S; 4], row: Player) -> [S; 5] {
        let [[dd, dc, cd, cc]] = occupancy.map(|d| S::from_f64(self.discount) * d).data.0;
        let weight = [self.rest(), dd, dc, cd, cc];
        let i = row.index();
        let mut by_state = [S::ZERO; 5];
        for k in 0..5 {
            // The derivative of joint . v with respect to this player's probability of cooperating: a mixture, by the
            // opponent's probabilities, of the two differences that switching from D to C makes.
            let (p, other) = (chain.cooperate[i][k], chain.cooperate[1 - i][k]);
            let slope = match row {
                Player::Zero => (S::ONE - other) * (v[2] - v[0]) + other * (v[3] - v[1]),
                Player::One => (S::ONE - other) * (v[1] - v[0]) + other * (v[3] - v[2]),
            };
            by_state[k] = weight[k] * slope * p * (S::ONE - p);
        }
        player_zero_first(row, by_state)
    }
}

impl Game<5> for IteratedMatrix {
    fn value<S: Scalar>(&self, x: &[[S; 5]; 2]) -> [S; 2] {
        self.value_of_probabilities(&x.map(|row| row.map(sigmoid)))
    }

    fn gradient<S: Scalar>(&self, player: Player, x: &[[S; 5]; 2]) -> [[S; 5]; 2] {
        let chain = Self::chain_of_log_odds(x);
        let occupancy = self.occupancy(&chain);
        let [v] = solve(self.matrix(&chain.transitions).transpose(), self.payoffs([player]))
            .data
            .0;
        Player::BOTH.map(|row| self.row(&chain, &occupancy, &v, row))
    }

    fn own_gradients<S: Scalar>(&self, x: &[[S; 5]; 2]) -> [[S; 5]; 2] {
        let chain = Self::chain_of_log_odds(x);
        let occupancy = self.occupancy(&chain);
        let v = solve(self.matrix(&chain.transitions).transpose(), self.payoffs(Player::BOTH))
            .data
            .0;
        Player::BOTH.map(|player| self.row(&chain, &occupancy, &v[player.index()], player))
    }

    fn natural<S: Scalar>(&self, parameters: &[S; 5], gradient: &[S; 5]) -> [S; 5] {
        natural_by_log_odds(parameters, gradient)
    }
}

/// `a^-1 b` for each column of `b`, by elimination without pivoting, for diagonally dominant `a`.
///
/// Works on the columns as arrays: their lengths are known, so the compiler can see that no index is out of bounds.
fn solve<S: Scalar, const C: usize>(mut a: Matrix<S>, mut b: SMatrix<S, 4, C>) -> SMatrix<S, 4, C> {
    let (columns, right) = (&mut a.data.0, &mut b.data.0);
    for pivot in 0..4 {
        let inverse = S::ONE / columns[pivot][pivot];
        for row in pivot + 1..4 {
            let factor = columns[pivot][row] * inverse;
            for column in &mut columns[pivot + 1..] {
                let term = factor * column[pivot];
                column[row] -= term;
            }
            for column in &mut *right {
                let term = factor * column[pivot];
                column[row] -= term;
            }
        }
    }
    for row in (0..4).rev() {
        for b in &mut *right {
            for column in row + 1..4 {
                let term = columns[column][row] * b[column];
                b[row] -= term;
            }
            b[row] = b[row] / columns[row][row];
        }
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lanes;

    /// Tit-for-tat against itself cooperates for ever; against always-defect it is exploited once.
    #[test]
    fn tit_for_tat() {
        let (yes, no) = (60.0_f64, -60.0);
        let tit_for_tat = [yes, no, yes, no, yes]; // start C, then what the opponent did: after DD, DC, CD, CC
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let close = |value: [f64; 2], expected: [f64; 2]| {
            assert!(
                (0..2).all(|i| (value[i] - expected[i]).abs() < 1e-12),
                "{value:?}, expected {expected:?}"
            );
        };
        close(game.value(&[tit_for_tat, tit_for_tat]), [-1.0, -1.0]);
        let (once, always) = (0.04, 0.96);
        close(
            game.value(&[tit_for_tat, [no; 5]]),
            [-3.0 * once - 2.0 * always, -2.0 * always],
        );
        close(
            game.value(&[[no; 5], tit_for_tat]),
            [-2.0 * always, -3.0 * once - 2.0 * always],
        );
    }

    /// Players who cooperate for ever get the payoff of cooperation, however far ahead it counts: in `f32`, alone and
    /// in lanes.
    #[test]
    fn values_are_normalized_near_delta_one() {
        fn law<S: Scalar<Real = f32, Lane = f32>>() {
            let (yes, no) = (60.0, -60.0);
            let tit_for_tat = [yes, no, yes, no, yes].map(S::from_f64);
            for discount in [0.0, 0.5, 0.96, 0.999, 0.9999, 0.999_999] {
                let game = IteratedMatrix {
                    discount,
                    ..IteratedMatrix::PRISONERS_DILEMMA
                };
                for value in game.value(&[tit_for_tat; 2]) {
                    for l in 0..S::LANES {
                        assert!((value.lane(l) + 1.0).abs() <= 1e-6, "{value:?} at {discount}");
                    }
                }
            }
        }
        law::<f32>();
        law::<Lanes<4>>();
    }

    #[test]
    fn solve_inverts() {
        let a = Matrix::from_row_slice(&[
            4.0, 1.0, -1.0, 0.5, //
            0.0, 3.0, 1.0, 1.0, //
            1.0, -0.5, 5.0, 1.0, //
            0.25, 1.0, 1.0, 4.0,
        ]);
        let x = SMatrix::<f64, 4, 2>::from_columns(&[[1.0, -2.0, 3.0, 0.5].into(), [0.0, 1.0, 0.0, -4.0].into()]);
        let solved = solve(a, a * x);
        assert!((solved - x).amax() < 1e-14, "{solved:?}");
    }
}
