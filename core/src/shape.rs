//! The network shapes that are compiled in, for code that learns sizes only at run time: one list, and visitors that
//! turn the sizes back into constants.

use core::fmt;

use crate::game::{IteratedMatrix, NamedGame, PlaneGame};

/// Sizes of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Parameters per policy, `N`.
    pub parameters: usize,
    /// Hidden units, `H`.
    pub hidden: usize,
    /// Residual blocks, `R`.
    pub residual_blocks: usize,
    /// Quantiles, `M`; for COLA, the parameters of a step.
    pub quantiles: usize,
}

/// No network with this shape is compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownShape {
    /// The requested shape.
    pub shape: Shape,
    /// The shapes that are compiled in, for policies of any size.
    pub compiled: &'static [Shape],
}

impl fmt::Display for UnknownShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no network of this shape is compiled in: {}", self.shape)
    }
}

impl core::error::Error for UnknownShape {}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shape {
            parameters,
            hidden,
            residual_blocks,
            quantiles,
        } = self;
        write!(
            f,
            "hidden = {hidden}, residual_blocks = {residual_blocks}, quantiles = {quantiles} \
             for policies of {parameters} parameter{}",
            if *parameters == 1 { "" } else { "s" }
        )
    }
}

/// Something to do with a meta-value network, whatever its sizes.
///
/// ```
/// use meva_core::game::NamedGame;
/// use meva_core::parameters::Parameters;
/// use meva_core::shape::{Shape, ShapeVisitor};
///
/// struct Numbers;
///
/// impl ShapeVisitor for Numbers {
///     type Output = usize;
///     fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> usize {
///         Parameters::<f32, N, H, R, M>::LEN
///     }
/// }
///
/// assert_eq!(Shape::new(1, 64, 1, 16).visit(Numbers), Ok(35_344));
/// assert!(Shape::new(1, 65, 1, 16).visit(Numbers).is_err());
/// ```
pub trait ShapeVisitor {
    /// The result.
    type Output;

    /// Called for a network with `H` hidden units, `R` residual blocks and `M` quantiles; `G` is the type of the named
    /// games whose policies have its `N` parameters.
    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Self::Output;
}

/// Something to do with one of COLA's networks, which have as many outputs as a policy has parameters, whatever its sizes.
pub trait ColaVisitor {
    /// The result.
    type Output;

    /// Called for a network with `H` hidden units and `R` residual blocks; `G` is the type of the named games whose
    /// policies have its `N` parameters.
    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize>(self) -> Self::Output;
}

/// Generates the lists and their visits from one table of sizes.
macro_rules! compiled {
    (
        meta_values: $(($game:ty, $n:literal, $h:literal, $r:literal, $m:literal)),+;
        cola: $(($cola_game:ty, $cola_n:literal, $cola_h:literal, $cola_r:literal)),+;
    ) => {
        impl Shape {
            /// The meta-values that are compiled in.
            pub const COMPILED: &'static [Shape] = &[$(Shape::new($n, $h, $r, $m)),+];
            /// COLA's networks that are compiled in.
            pub const COLA: &'static [Shape] = &[$(Shape::new($cola_n, $cola_h, $cola_r, $cola_n)),+];

            /// Passes the sizes of a meta-value to a visitor, as constants.
            ///
            /// # Errors
            /// The shape is not one of [`Shape::COMPILED`].
            pub fn visit<V: ShapeVisitor>(self, visitor: V) -> Result<V::Output, UnknownShape> {
                match self.sizes() {
                    $([$n, $h, $r, $m] => Ok(visitor.visit::<$game, $n, $h, $r, $m>()),)+
                    _ => Err(UnknownShape { shape: self, compiled: Self::COMPILED }),
                }
            }

            /// Passes the sizes of one of COLA's networks to a visitor, as constants.
            ///
            /// # Errors
            /// The shape is not one of [`Shape::COLA`].
            pub fn visit_cola<V: ColaVisitor>(self, visitor: V) -> Result<V::Output, UnknownShape> {
                match self.sizes() {
                    $([$cola_n, $cola_h, $cola_r, $cola_n] => Ok(visitor.visit::<$cola_game, $cola_n, $cola_h, $cola_r>()),)+
                    _ => Err(UnknownShape { shape: self, compiled: Self::COLA }),
                }
            }
        }
    };
}

compiled! {
    meta_values:
        (PlaneGame, 1, 64, 1, 16), (PlaneGame, 1, 16, 1, 16),
        (IteratedMatrix, 5, 64, 2, 32), (IteratedMatrix, 5, 16, 1, 16);
    cola:
        (PlaneGame, 1, 64, 1), (IteratedMatrix, 5, 64, 2);
}

impl Shape {
    /// A shape by its sizes `N, H, R, M`.
    pub const fn new(parameters: usize, hidden: usize, residual_blocks: usize, quantiles: usize) -> Self {
        Shape {
            parameters,
            hidden,
            residual_blocks,
            quantiles,
        }
    }

    /// `[N, H, R, M]`.
    pub const fn sizes(self) -> [usize; 4] {
        [self.parameters, self.hidden, self.residual_blocks, self.quantiles]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sizes;

    impl ShapeVisitor for Sizes {
        type Output = [usize; 4];
        fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> [usize; 4] {
            [N, H, R, M]
        }
    }

    impl ColaVisitor for Sizes {
        type Output = [usize; 4];
        fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize>(self) -> [usize; 4] {
            [N, H, R, N]
        }
    }

    #[test]
    fn visits_are_of_the_sizes_listed() {
        for shape in Shape::COMPILED {
            assert_eq!(shape.visit(Sizes), Ok(shape.sizes()));
            assert!(shape.visit_cola(Sizes).is_err());
        }
        for shape in Shape::COLA {
            assert_eq!(shape.visit_cola(Sizes), Ok(shape.sizes()));
            let error = shape.visit(Sizes).unwrap_err();
            assert_eq!((error.shape, error.compiled), (*shape, Shape::COMPILED));
        }
    }
}
