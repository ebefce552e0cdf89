//! The paper: what was published, and its reproduction.
//!
//! [`figures`] computes what its figures show, [`drawing`] draws that; [`reproduction`] does all there is to do and writes a
//! [`report`], which sets the [`published`] numbers beside ours.
//! Drawing, reproduction and report need the crate's feature `figures`.

pub mod figures;
pub mod machine;
pub mod published;

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
