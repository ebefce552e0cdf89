//! The paper: published results and their reproduction.
//!
//! [`figures`] computes the contents of the figures and [`drawing`] draws them; [`tournament`] plays those of the second version, [`reproduction`] runs everything and
//! writes a [`report`], which shows the [`published`] numbers next to ours.
//! Drawing, reproduction and report need the crate's feature `figures`.

pub mod figures;
pub mod published;
pub mod tournament;

#[cfg(feature = "figures")]
mod archive;
#[cfg(feature = "figures")]
pub mod drawing;
#[cfg(feature = "figures")]
pub mod report;
#[cfg(feature = "figures")]
pub mod reproduction;

#[cfg(feature = "figures")]
pub use reproduction::reproduce;
