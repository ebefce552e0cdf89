//! One test for every number type: trajectories are packed into a number's lanes and unpacked into `f64`.

use meva_core::scalar::{Real, Scalar};

use crate::tolerance::Precision;

/// `f64`, `f32`, or lanes of `f32`.
pub trait Number: Scalar<Lane = <Self as Scalar>::Real> {
    /// The precision of each lane.
    fn precision() -> Precision {
        if size_of::<Self::Real>() == size_of::<f64>() {
            Precision::Double
        } else {
            Precision::Single
        }
    }

    /// A number whose lane `l` is the value nearest to `value(l)`.
    fn pack(value: impl Fn(usize) -> f64) -> Self {
        let mut packed = Self::ZERO;
        for l in 0..Self::LANES {
            packed.set_lane(l, Self::Real::round(value(l)));
        }
        packed
    }

    /// Lane `l`, which is exact in `f64`.
    fn unpack(&self, l: usize) -> f64 {
        self.lane(l).to_f64()
    }
}

impl<S: Scalar<Lane = <S as Scalar>::Real>> Number for S {}

/// Packs `B` rows of `A` numbers per lane.
pub fn pack_rows<S: Number, const A: usize, const B: usize>(value: impl Fn(usize) -> [[f64; A]; B]) -> [[S; A]; B] {
    core::array::from_fn(|b| core::array::from_fn(|a| S::pack(|l| value(l)[b][a])))
}

/// Packs `A` numbers per lane.
pub fn pack_row<S: Number, const A: usize>(value: impl Fn(usize) -> [f64; A]) -> [S; A] {
    core::array::from_fn(|a| S::pack(|l| value(l)[a]))
}

/// Lane `l` of many numbers.
pub fn unpack<'a, S: Number>(values: impl IntoIterator<Item = &'a S>, l: usize) -> Vec<f64> {
    values.into_iter().map(|value| value.unpack(l)).collect()
}
