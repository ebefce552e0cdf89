//! Games and their values.

use meva_core::game::{AnyGame, GameVisitor, IteratedMatrix, NamedGame};

use crate::error::MevaError;
use crate::pointer::{good, policies, value};

/// A game.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct MevaGame {
    /// MEVA_LOGISTIC, MEVA_TANDEM, .., MEVA_QUADRATIC.
    pub kind: u32,
    /// Of an iterated game: how much the next turn counts, in [0, 1).
    pub discount: f64,
    /// Of an iterated game: payoffs after DD, DC, CD, CC (player 0's action first) for player 0 and 1.
    pub payoffs: [[f64; 2]; 4],
}

impl From<AnyGame> for MevaGame {
    fn from(game: AnyGame) -> Self {
        let (discount, payoffs) = match game {
            AnyGame::Plane(_) => Default::default(),
            AnyGame::IteratedMatrix(IteratedMatrix { payoffs, discount }) => (discount, payoffs),
        };
        MevaGame {
            kind: game.code(),
            discount,
            payoffs,
        }
    }
}

/// The game that a description means.
pub(crate) unsafe fn game_of(game: *const MevaGame) -> Result<AnyGame, MevaError> {
    // SAFETY: the caller vouches for a readable game.
    let MevaGame {
        kind,
        discount,
        payoffs,
    } = unsafe { value(game) }?;
    Ok(AnyGame::from_code(kind, payoffs, discount)?)
}

/// Both players' returns at the joint policy x, in any game: 2 numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_game_values(
    game: *const MevaGame,
    x: *const f32,
    x_count: usize,
    values: *mut f32,
    values_count: usize,
) -> MevaError {
    let evaluate = || {
        good(values, values_count, 2)?;
        // SAFETY: as the caller vouches; the place was checked.
        unsafe {
            let found = game_of(game)?.visit(Values { x, x_count })?;
            values.cast::<[f32; 2]>().write(found);
        }
        Ok(())
    };
    evaluate().into()
}

struct Values {
    x: *const f32,
    x_count: usize,
}

impl GameVisitor for Values {
    type Output = Result<[f32; 2], MevaError>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Self::Output {
        // SAFETY: as the caller vouches.
        Ok(game.value(&unsafe { policies::<N>(self.x, self.x_count) }?))
    }
}
