//! Who computes the gradients of a batch: this process alone, or several that each take some of its groups.
//!
//! The sum over groups is formed in their order, `((0 + g_0) + g_1) + ..`, whoever computed them, so the number of processes does
//! not change a bit.

use std::ops::Range;

/// What a group tells beside its gradients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// Its share of the loss.
    pub loss: f32,
    /// The first of its lanes that left the finite numbers and the step at which it did, if one has.
    pub lost: Option<(u32, u32)>,
}

/// The processes that train one model together. Each holds all of the training state and takes every step of the optimiser.
pub trait Team: Send + Sync {
    /// Is called before each outer iteration.
    fn begin(&self);

    /// Which of `groups` groups this process computes. In the order of processes, these ranges are `0..groups`.
    fn share(&self, groups: usize) -> Range<usize>;

    /// Sets `total` to the sum of all groups' gradients in the order of the groups, and returns all groups' reports in that
    /// order. `own` are the gradients of this process's groups, in pieces as long as those of `total`.
    fn add_up(&self, groups: usize, own: &[Vec<&[f32]>], reports: Vec<Report>, total: &mut [&mut [f32]])
    -> Vec<Report>;
}

/// A process that computes every group.
pub struct Alone;

impl Team for Alone {
    fn begin(&self) {}

    fn share(&self, groups: usize) -> Range<usize> {
        0..groups
    }

    fn add_up(&self, _: usize, own: &[Vec<&[f32]>], reports: Vec<Report>, total: &mut [&mut [f32]]) -> Vec<Report> {
        for (piece, sums) in total.iter_mut().enumerate() {
            sums.fill(0.0);
            for group in own {
                for (sum, term) in sums.iter_mut().zip(group[piece]) {
                    *sum += *term;
                }
            }
        }
        reports
    }
}

/// The groups of process `rank` of `ranks`, if they are spread as evenly as whole groups can be.
///
/// ```
/// use meva::cpu::team::share;
/// let shares = [0, 1, 2].map(|rank| share(7, rank, 3));
/// assert_eq!(shares, [0..2, 2..4, 4..7]);
/// assert_eq!([0, 1, 2].map(|rank| share(2, rank, 3)), [0..0, 0..1, 1..2]);
/// ```
pub fn share(groups: usize, rank: usize, ranks: usize) -> Range<usize> {
    groups * rank / ranks..groups * (rank + 1) / ranks
}
