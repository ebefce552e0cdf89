//! The paper: what was published, and its reproduction.

pub mod published;
pub mod report;
