//! Meta-value learning: agents follow the gradient of a learned meta-value (sections 3 and 4 of the paper).
//!
//! ```text
//! V:  field_i = d V_i / d x_i                                                       (eq. 6)
//! U:  field_i = w d f_i / d x_i + gamma_i d U_i / d x_i                             (section 4.1)
//! ```
//!
//! with `w = 1` as Algorithm 1 prints it, or `w = 1 - gamma_i`, the convex combination that matches normalised values.
//!
//! U is normalised, an average of returns. So as gamma goes to 1 its gradient vanishes wherever all paths end alike, and the naive
//! gradient, at full strength, takes over. The third choice multiplies U by the square root of the horizon, which stands between the
//! average (a factor of 1) and the sum of the returns (the horizon):
//!
//! ```text
//! field_i = d f_i / d x_i + gamma_i sqrt(h_i) d U_i / d x_i          h_i = 1 / (REACH - gamma_i)
//! ```

use super::Learner;
use crate::choice::choice;
use crate::game::Game;
use crate::kernels::{Kernels, Portable};
use crate::meta_value::{MetaValue, Tape};
use crate::player::{Player, Players};
use crate::scalar::{Real, Scalar};

/// What the network models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// V, the whole meta-value; agents follow its gradient alone (eq. 6).
    V,
    /// U, a correction to the naive gradient, which has weight 1: Algorithm 1 as printed.
    U,
    /// U, with weight `1 - gamma` on the naive gradient.
    UNormalized,
    /// U times the square root of the horizon, with weight 1 on the naive gradient.
    URoot,
}

choice! { Field, "field":
    V = "v" (0),
    U = "u" (1),
    UNormalized = "u-normalized" (2),
    URoot = "u-root" (3),
}

/// What gamma is subtracted from in the horizon of [`Field::URoot`], which is thus at most 200 steps: as many as preset `ipd` trains on.
pub const REACH: f64 = 1.0 + 1.0 / 200.0;

impl Field {
    /// The direction that a player follows.
    #[inline]
    pub fn direction<S: Scalar, const N: usize>(self, naive: &[S; N], network: &[S; N], gamma: S) -> [S; N] {
        core::array::from_fn(|n| match self {
            Field::V => network[n],
            Field::U => naive[n] + gamma * network[n],
            Field::UNormalized => (S::ONE - gamma) * naive[n] + gamma * network[n],
            Field::URoot => naive[n] + gamma / (S::from_f64(REACH) - gamma).sqrt() * network[n],
        })
    }

    /// Whether the network corrects the naive gradient.
    pub const fn is_correction(self) -> bool {
        !matches!(self, Field::V)
    }
}

/// Both agents follow the network's field, each with its own discount.
///
/// ```
/// use meva_core::{activation::Activation, game::Logistic, learner::*, learner::meta_value::Field};
/// use meva_core::{meta_value::*, parameters::Parameters, random::*};
/// let mut theta = Parameters::<f32, 1, 8, 1, 4>::ZERO;
/// theta.initialize(&mut Stream::new(0, Purpose::Parameters, 0));
/// let network = MetaValue::new(&theta, Architecture { input: Input::Tenth, last_activation: Activation::Gelu });
/// let learner = MetaValueLearner { network, field: Field::U, gamma: [0.0, 0.9] };
/// let x = [[1.0_f32], [-2.0]];
/// // With discount 0 the correction vanishes.
/// assert_eq!(learner.field(&Logistic, &x)[0], Naive.field(&Logistic, &x)[0]);
/// assert_ne!(learner.field(&Logistic, &x)[1], Naive.field(&Logistic, &x)[1]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MetaValueLearner<'a, T, const N: usize, const H: usize, const R: usize, const M: usize> {
    /// The trained network.
    pub network: MetaValue<'a, T, N, H, R, M>,
    /// What it models.
    pub field: Field,
    /// Each player's discount, in [0, 1].
    pub gamma: [f64; 2],
}

impl<T: Real, const N: usize, const H: usize, const R: usize, const M: usize> MetaValueLearner<'_, T, N, H, R, M> {
    /// The field at `x`, in memory provided by the caller.
    pub fn field_in<S: Scalar<Real = T>, G: Game<N>, K: Kernels<S>>(
        &self,
        kernels: &K,
        game: &G,
        x: &[[S; N]; 2],
        tape: &mut Tape<S, N, H, R>,
    ) -> [[S; N]; 2] {
        let gamma = self.gamma.map(S::from_f64);
        self.network.forward(kernels, x, &gamma, Players::Both, tape);
        let naive = if self.field.is_correction() {
            game.own_gradients(x)
        } else {
            [[S::ZERO; N]; 2]
        };
        Player::BOTH.map(|player| {
            let i = player.index();
            self.field.direction(
                &naive[i],
                &self.network.own_gradient(kernels, player, None, tape),
                gamma[i],
            )
        })
    }
}

impl<S: Scalar, const N: usize, const H: usize, const R: usize, const M: usize> Learner<S, N>
    for MetaValueLearner<'_, S::Real, N, H, R, M>
{
    fn field<G: Game<N>>(&self, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let mut tape = Tape::ZERO;
        self.field_in(&Portable, game, x, &mut tape)
    }
}
