//! Learners that need no network.

use meva_core::Scalar;
use meva_core::game::{GameVisitor, NamedGame};
use meva_core::learner::LearnerName;

use crate::error::MevaError::{self, *};
use crate::error::Outcome;
use crate::game::{MevaGame, game_of};
use crate::pointer::{policies, write_rows};

/// One step of both agents, x <- x + rate field(x), in any game. The learner is MEVA_NAIVE, MEVA_LOOKAHEAD, .., alpha the
/// length of its imagined step. x has 2 N numbers, player 0's first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_learner_step(
    learner: u32,
    alpha: f64,
    rate: f64,
    game: *const MevaGame,
    x: *mut f32,
    x_count: usize,
) -> MevaError {
    let step = || {
        if !(alpha.is_finite() && rate.is_finite()) {
            return Err(MevaNotFinite);
        }
        let step = Stepping {
            learner: LearnerName::from_code(learner).ok_or(MevaOutOfRange)?,
            alpha,
            rate,
            x,
            x_count,
        };
        // SAFETY: as the caller vouches.
        unsafe { game_of(game) }?.visit(step)
    };
    step().into()
}

struct Stepping {
    learner: LearnerName,
    alpha: f64,
    rate: f64,
    x: *mut f32,
    x_count: usize,
}

impl GameVisitor for Stepping {
    type Output = Outcome;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Outcome {
        // SAFETY: as the caller vouches.
        let mut x = unsafe { policies::<N>(self.x, self.x_count) }?;
        let field = self.learner.field(self.alpha, &game, &x);
        for (number, direction) in x.as_flattened_mut().iter_mut().zip(field.as_flattened()) {
            number.add_scaled(self.rate as f32, direction);
        }
        // SAFETY: the place is where x came from.
        unsafe { write_rows(&x, self.x) };
        Ok(())
    }
}
