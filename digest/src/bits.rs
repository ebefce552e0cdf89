//! From numbers to digests.

use meva_core::{Dual, Lanes, Scalar};

/// FNV-1a, 64 bits (Fowler, Noll and Vo).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fnv(u64);

impl Fnv {
    /// The digest of no input.
    pub const EMPTY: Self = Fnv(0xcbf2_9ce4_8422_2325);

    /// Adds the bytes of a number's bits, lowest first.
    pub fn take(&mut self, bits: u64) {
        for byte in bits.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Adds numbers in order.
    pub fn take_all<'a, S: Bits>(&mut self, numbers: impl IntoIterator<Item = &'a S>) {
        for number in numbers {
            number.digest(self);
        }
    }

    /// The digest of everything added.
    pub fn finish(self) -> u64 {
        self.0
    }
}

/// A scalar whose bits can be digested.
pub trait Bits: Scalar {
    /// Its name in a report.
    const NAME: &'static str;
    /// Adds the bits, with every NaN treated as the same.
    fn digest(&self, fnv: &mut Fnv);
}

impl Bits for f32 {
    const NAME: &'static str = "f32";
    fn digest(&self, fnv: &mut Fnv) {
        let canonical = if self.is_nan() {
            f32::NAN.to_bits() & 0x7fff_ffff
        } else {
            self.to_bits()
        };
        fnv.take(u64::from(canonical));
    }
}

impl Bits for f64 {
    const NAME: &'static str = "f64";
    fn digest(&self, fnv: &mut Fnv) {
        fnv.take(if self.is_nan() {
            f64::NAN.to_bits() & (u64::MAX >> 1)
        } else {
            self.to_bits()
        });
    }
}

impl<T: Bits> Bits for Dual<T> {
    const NAME: &'static str = "dual";
    fn digest(&self, fnv: &mut Fnv) {
        self.value.digest(fnv);
        self.tangent.digest(fnv);
    }
}

impl<const W: usize> Bits for Lanes<W> {
    const NAME: &'static str = "lanes";
    fn digest(&self, fnv: &mut Fnv) {
        fnv.take_all(&self.0);
    }
}
