//! What C hands over: pointers are looked at before they are followed, numbers before they are used.

use meva_core::Player;

use crate::error::MevaError::{self, *};
use crate::error::Outcome;

/// The alignment of images, workspaces and training memory, in bytes.
pub const MEVA_ALIGNMENT: usize = 4;

/// A pointer to `needed` elements of the `count` that there are, if it is good.
pub(crate) fn good<T>(pointer: *const T, count: usize, needed: usize) -> Outcome {
    if pointer.is_null() {
        Err(MevaNullPointer)
    } else if count < needed {
        Err(MevaBufferTooSmall)
    } else if !pointer.is_aligned() {
        Err(MevaMisaligned)
    } else {
        Ok(())
    }
}

/// A copy of `L` finite numbers.
pub(crate) unsafe fn numbers<const L: usize>(pointer: *const f32, count: usize) -> Result<[f32; L], MevaError> {
    good(pointer, count, L)?;
    // SAFETY: the caller vouches for `count` readable numbers, and there are at least L.
    let numbers = unsafe { pointer.cast::<[f32; L]>().read() };
    if numbers.iter().all(|number| number.is_finite()) {
        Ok(numbers)
    } else {
        Err(MevaNotFinite)
    }
}

/// Both players' discounts, in [0, 1].
pub(crate) unsafe fn discounts(pointer: *const f32, count: usize) -> Result<[f32; 2], MevaError> {
    // SAFETY: the caller vouches for `count` readable numbers.
    let gamma: [f32; 2] = unsafe { numbers(pointer, count) }?;
    if gamma.iter().all(|gamma| (0.0..=1.0).contains(gamma)) {
        Ok(gamma)
    } else {
        Err(MevaOutOfRange)
    }
}

/// A joint policy.
pub(crate) unsafe fn policies<const N: usize>(x: *const f32, count: usize) -> Result<[[f32; N]; 2], MevaError> {
    // SAFETY: the caller vouches for `count` readable numbers.
    unsafe {
        good(x, count, 2 * N)?;
        Ok([numbers(x, N)?, numbers(x.add(N), N)?])
    }
}

/// Writes two rows to a place that is good for them.
pub(crate) unsafe fn write_rows<const N: usize>(rows: &[[f32; N]; 2], to: *mut f32) {
    // SAFETY: the caller has checked the place; an array of arrays lies without gaps.
    unsafe { to.cast::<[[f32; N]; 2]>().write(*rows) }
}

/// A copy of what a pointer points to.
pub(crate) unsafe fn value<T: Copy>(pointer: *const T) -> Result<T, MevaError> {
    good(pointer, 1, 1)?;
    // SAFETY: checked above; the caller vouches for a readable value.
    Ok(unsafe { pointer.read() })
}

pub(crate) fn player_of(player: u32) -> Result<Player, MevaError> {
    match player {
        0 => Ok(Player::Zero),
        1 => Ok(Player::One),
        _ => Err(MevaOutOfRange),
    }
}
