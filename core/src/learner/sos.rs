//! Stable opponent shaping (Letcher et al., 2019, algorithm 1), as a maximisation.
//!
//! ```text
//! l_i = d_i f_i + alpha (d_i d_j f_i) d_j f_j           LookAhead to first order
//! s_i = alpha (d_i d_j f_j) d_j f_i                     LOLA's shaping term
//! field = l + p s                                       p = min(p_1, p_2)
//! p_1 = 1 if <s, l> >= 0, otherwise min(1, -a |l|^2 / <s, l>)          a = 1/2
//! p_2 = |25 g|^2 if |25 g| < b, otherwise 1                            b = 1/10, g the simultaneous gradient
//! ```
//!
//! With `p = 1` this is LOLA's Taylor expansion. The first criterion never lets shaping turn agents against what LookAhead
//! does; the second lets it fade near fixed points of the game, which are kept: LOLA moves them. Norms and products are
//! over both players. The authors' returns of iterated games are sums, `1 / (1 - 0.96) = 25` times the means of this crate,
//! and `b` is in their unit.

use super::lola::Expansion;
use super::{Learner, dot};
use crate::game::Game;
use crate::player::Player;
use crate::scalar::{Real, Scalar};

/// Each player shapes its opponent as far as that keeps the game's stable fixed points.
///
/// ```
/// use meva_core::{game::Tandem, learner::{Learner, Lola, Sos}};
/// // At a fixed point of the Tandem game LOLA goes on; SOS stays.
/// let x = [[0.25_f64], [0.75]];
/// assert_eq!(Sos { alpha: 0.5 }.field(&Tandem, &x), [[0.0], [0.0]]);
/// assert_ne!(Lola::new(0.5).field(&Tandem, &x), [[0.0], [0.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sos {
    /// Length of the imagined step.
    pub alpha: f64,
}

/// How far shaping may work against LookAhead, in (0, 1): what the authors use.
const A: f64 = 0.5;
/// The length of the simultaneous gradient below which shaping fades, in (0, 1): what the authors use.
const B: f64 = 0.1;
/// The authors' unit of returns in this crate's: `1 / (1 - 0.96)`.
const UNIT: f64 = 25.0;

impl<S: Scalar, const N: usize> Learner<S, N> for Sos {
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let alpha = S::Real::round(self.alpha);
        let terms = Player::BOTH.map(|player| Expansion::of(game, player, x));
        let naive = [terms[0].own, terms[1].own];
        let (mut field, mut shaping) = (naive, [[S::ZERO; N]; 2]);
        for i in 0..2 {
            for n in 0..N {
                field[i][n].add_scaled(alpha, &terms[i].reply[n]);
                shaping[i][n].add_scaled(alpha, &terms[i].shaping[n]);
            }
        }
        let agreement = dot(&shaping, &field);
        let limit = -(S::from_f64(A) * dot(&field, &field)) / agreement;
        let limit = S::select_less(limit, S::ONE, limit, S::ONE);
        let first = S::select_less(agreement, S::ZERO, limit, S::ONE);
        let square = S::from_f64(UNIT * UNIT) * dot(&naive, &naive);
        let second = S::select_less(square, S::from_f64(B * B), square, S::ONE);
        let p = S::select_less(first, second, first, second);
        for i in 0..2 {
            for n in 0..N {
                field[i][n] += p * shaping[i][n];
            }
        }
        field
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::{IteratedMatrix, Tandem};
    use crate::learner::LolaTaylor;

    /// Far from fixed points, and where shaping agrees with LookAhead, it is LOLA's Taylor expansion.
    #[test]
    fn unhindered_it_is_the_taylor_expansion() {
        let (game, alpha) = (IteratedMatrix::PRISONERS_DILEMMA, 1.0);
        let mut unhindered = 0;
        for k in 0..20 {
            let x = [0.0, 1.0].map(|shift| core::array::from_fn(|n| libm::sin((5 * k + n) as f64 + 40.0 * shift)));
            let (sos, taylor) = (Sos { alpha }.field(&game, &x), LolaTaylor { alpha }.field(&game, &x));
            let naive: [[f64; 5]; 2] = game.own_gradients(&x);
            let difference = dot(&sos, &sos) - dot(&taylor, &taylor);
            if difference.abs() < 1e-12 && UNIT * UNIT * dot(&naive, &naive) > B * B {
                unhindered += 1;
            }
        }
        assert!(unhindered > 0, "shaping always contradicts LookAhead");
    }

    /// Shaping never makes the field point away from LookAhead's: `<field, l> >= (1 - a) |l|^2`.
    #[test]
    fn the_first_criterion_holds() {
        for s in [-4.0, 0.0, 0.3, 2.0, 7.5] {
            let x = [[s], [0.5_f64]];
            let field = Sos { alpha: 0.4 }.field(&Tandem, &x);
            // To first order LookAhead is exact here: the game is quadratic.
            let ahead = crate::learner::LookAhead { alpha: 0.4 }.field(&Tandem, &x);
            let kept = dot(&field, &ahead) - (1.0 - A) * dot(&ahead, &ahead);
            assert!(kept >= -1e-12, "{field:?} against {ahead:?}");
        }
    }
}
