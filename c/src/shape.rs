//! The shapes of network that this library has: those that it was built with.

use meva_core::shape::{Shape, ShapeVisitor};

use crate::error::MevaError::{self, MevaShapeUnknown};

/// Sizes of a network. The library has these unless it was built with others (MEVA_SHAPES): (1, 64, 1, 16),
/// (1, 16, 1, 16), (5, 64, 2, 32), (5, 16, 1, 16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct MevaShape {
    /// Parameters per policy, N: 1, or 5 for iterated games.
    pub parameters: u32,
    /// Hidden units, H.
    pub hidden: u32,
    /// Residual blocks, R.
    pub residual_blocks: u32,
    /// Quantiles, M.
    pub quantiles: u32,
}

impl From<MevaShape> for Shape {
    fn from(shape: MevaShape) -> Self {
        let MevaShape {
            parameters,
            hidden,
            residual_blocks,
            quantiles,
        } = shape;
        let [n, h, r, m] = [parameters, hidden, residual_blocks, quantiles].map(|size| size as usize);
        Shape::new(n, h, r, m)
    }
}

impl From<Shape> for MevaShape {
    fn from(shape: Shape) -> Self {
        let [parameters, hidden, residual_blocks, quantiles] = shape.sizes().map(|size| size as u32);
        MevaShape {
            parameters,
            hidden,
            residual_blocks,
            quantiles,
        }
    }
}

macro_rules! built {
    ($(($game:ty, $n:literal, $h:literal, $r:literal, $m:literal)),+) => {
        /// Passes a shape's sizes to a visitor, as constants.
        pub(crate) fn visit<V: ShapeVisitor>(shape: Shape, visitor: V) -> Result<V::Output, MevaError> {
            match shape.sizes() {
                $([$n, $h, $r, $m] => Ok(visitor.visit::<$game, $n, $h, $r, $m>()),)+
                _ => Err(MevaShapeUnknown),
            }
        }
    };
}
include!(concat!(env!("OUT_DIR"), "/shapes.rs"));
