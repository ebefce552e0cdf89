//! Ranks: the processes of an MPI job, which share work.
//!
//! `mpirun -n 4 meva train ipd --seeds 0..64` starts the same program four times. Rank 0 carries out the command; the others
//! [serve](crate::hand_out::serve) it until it is done. Work is shared in two ways:
//!
//! - tasks that do not depend on one another are [handed out](crate::hand_out) as ranks become free;
//! - one model is trained by all ranks as a [`Team`]: each computes its share of the groups of a batch.
//!
//! Without the crate's feature `mpi` there are no [`Ranks`].

#[cfg(feature = "mpi")]
pub mod world;

#[cfg(not(feature = "mpi"))]
#[path = "absent.rs"]
pub mod world;

pub mod team;

pub use team::Team;
pub use world::{Ranks, Session};
