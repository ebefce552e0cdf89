//! The operations that `meva check` compares, generic for those that bring an engine and as objects for all else.
//!
//! Objects are made in this crate: so single numbers, dual numbers and finite differences, which are much code and run for a moment, are
//! compiled with this crate's settings, for size, and not once more with every engine.

use crate::algorithm1::Update;
use crate::cases::Single;
use crate::operation::{Formula, Operation, Visitor};
use meva_core::game::{IteratedMatrix, PlaneGame};

/// Hidden units of the networks that are checked.
pub const H: usize = 16;
/// Their residual blocks.
pub const R: usize = 1;
/// Their quantiles.
pub const M: usize = 16;

/// Updates of these networks: five trajectories of three steps.
pub type SmallUpdate<G, const N: usize> = Update<G, N, H, R, M, 1, 5, 4>;

/// Shows the visitor every operation that is checked.
pub fn each(visitor: &mut impl Visitor) {
    crate::each::<H, R, M>(visitor);
}

/// Calls `with` with the operation that [`each`] shows at a place, counted from 0.
///
/// ```
/// let mut names = Vec::new();
/// meva_operations::checked::nth(0, &mut |operation| names.push(operation.module()));
/// assert_eq!(names, ["elementary"]);
/// ```
pub fn nth(place: usize, with: &mut dyn FnMut(&dyn Single)) {
    struct Nth<'a> {
        place: usize,
        seen: usize,
        with: &'a mut dyn FnMut(&dyn Single),
    }
    impl Visitor for Nth<'_> {
        fn formula<F: Formula>(&mut self, formula: &F) {
            self.operation(formula);
        }
        fn operation<O: Operation>(&mut self, operation: &O) {
            if self.seen == self.place {
                (self.with)(operation);
            }
            self.seen += 1;
        }
    }
    each(&mut Nth { place, seen: 0, with });
}

/// An update in a game on the plane, as an object.
#[inline(never)] // Where it is inlined, the formulas are compiled anew.
pub fn on_the_plane(update: &SmallUpdate<PlaneGame, 1>) -> &dyn Single {
    update
}

/// An update in an iterated game, as an object.
#[inline(never)] // As above.
pub fn iterated(update: &SmallUpdate<IteratedMatrix, 5>) -> &dyn Single {
    update
}
