//! The paper: what was published, and its reproduction.

pub mod drawing;
pub mod figures;
pub mod published;
pub mod report;
