//! Large values of plain numbers, created on the heap without passing through the stack.

use meva_core::algorithm1::{State, Step};
use meva_core::image::Image;
use meva_core::parameters::Parameters;
use meva_core::{Dual, Lanes, meta_value::Tape};

/// A type that consists only of `f32`, `f64` and `u32` numbers, for which all-zero bits are a valid value.
///
/// # Safety
/// Every part of an implementing type is such a number.
pub unsafe trait Plain: Copy {}

// SAFETY: structs of arrays of f32, and a u32.
unsafe impl<const N: usize, const H: usize, const R: usize, const M: usize> Plain for State<f32, N, H, R, M> {}
// SAFETY: structs of arrays of f32.
unsafe impl<const N: usize, const H: usize, const R: usize, const M: usize> Plain for Parameters<f32, N, H, R, M> {}
// SAFETY: an array of u32 and structs of arrays of f32.
unsafe impl<const N: usize, const H: usize, const R: usize, const M: usize> Plain for Image<N, H, R, M> {}
// SAFETY: structs of arrays of f64.
unsafe impl<const N: usize, const H: usize, const R: usize, const M: usize> Plain for Parameters<f64, N, H, R, M> {}
// SAFETY: nothing but such values.
unsafe impl<T: Plain, const L: usize> Plain for [T; L] {}
// SAFETY: structs of arrays of f32.
unsafe impl<const W: usize, const N: usize, const M: usize> Plain for Step<Lanes<W>, N, M> {}
// SAFETY: structs of arrays of f32.
unsafe impl<const W: usize, const N: usize, const H: usize, const R: usize> Plain for Tape<Lanes<W>, N, H, R> {}
// SAFETY: structs of arrays of f64.
unsafe impl<const W: usize, const N: usize, const H: usize, const R: usize> Plain for Tape<Lanes<W, f64>, N, H, R> {}

// SAFETY: structs of arrays of pairs of f32.
unsafe impl<const W: usize, const N: usize, const H: usize, const R: usize> Plain for Tape<Dual<Lanes<W>>, N, H, R> {}
// SAFETY: structs of arrays of pairs of f32.
unsafe impl<const N: usize, const H: usize, const R: usize, const M: usize> Plain
    for Parameters<Dual<f32>, N, H, R, M>
{
}

/// A value of zeros.
pub fn zeroed<T: Plain>() -> Box<T> {
    // SAFETY: all bits zero is a value of a plain type.
    unsafe { Box::new_zeroed().assume_init() }
}

/// `length` values of zeros.
pub fn zeroed_slice<T: Plain>(length: usize) -> Box<[T]> {
    // SAFETY: all bits zero is a value of a plain type.
    unsafe { Box::new_zeroed_slice(length).assume_init() }
}
