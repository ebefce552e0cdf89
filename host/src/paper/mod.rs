//! The paper: what was published, and its reproduction.
//!
//! [`figures`] computes what its figures show, [`drawing`] draws that; [`reproduction`] does all there is to do and writes a
//! [`report`], which sets the [`published`] numbers beside ours.

mod archive;
pub mod drawing;
pub mod figures;
pub mod machine;
pub mod published;
pub mod report;
pub mod reproduction;

pub use reproduction::reproduce;
