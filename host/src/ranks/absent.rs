//! Stand-ins in a build without the feature `mpi`: a process is always alone.

use std::convert::Infallible;
use std::sync::Arc;

use serde_json::Value;

use crate::error::{Error, Result};

/// Where a launcher of MPI jobs says how many processes it has started.
const SIZES: [&str; 2] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"];

/// The part that this process takes in an MPI job: none.
pub struct Session(());

impl Session {
    /// A process alone.
    ///
    /// # Errors
    /// None.
    pub fn start(_: Option<usize>, _: fn(&Error)) -> Result<Self> {
        Ok(Session(()))
    }

    /// None.
    pub fn ranks(&self) -> Option<&Arc<Ranks>> {
        None
    }

    /// Refuses work that is meant to be shared, if this is one of several processes: each of them would do all of it.
    ///
    /// # Errors
    /// A launcher has started several processes.
    pub fn check_alone(&self) -> Result<()> {
        let size = |name: &&str| std::env::var(name).ok()?.parse::<usize>().ok();
        match SIZES.iter().find_map(size) {
            Some(size) if size > 1 => Err(Error::usage(format!(
                "this is one of {size} processes, and this build of meva cannot share work among them: its feature `mpi` is off"
            ))
            .hint("build meva with `--features mpi`, or start one process")),
            _ => Ok(()),
        }
    }
}

/// The ranks of an MPI job; without the feature `mpi` there are none.
pub struct Ranks(Infallible);

impl Ranks {
    /// Cannot be called: there are no ranks.
    pub fn rank(&self) -> usize {
        match self.0 {}
    }

    /// Cannot be called: there are no ranks.
    pub fn size(&self) -> usize {
        match self.0 {}
    }

    /// Cannot be called: there are no ranks.
    pub fn threads(&self, _: usize) -> usize {
        match self.0 {}
    }

    /// Cannot be called: there are no ranks.
    pub fn on_host(&self) -> (usize, usize) {
        match self.0 {}
    }

    /// Cannot be called: there are no ranks.
    pub fn name(&self, _: usize) -> &str {
        match self.0 {}
    }

    /// Cannot be called: there are no ranks.
    pub fn tell(&self, _: &Error) {
        match self.0 {}
    }

    /// Cannot be called: there are no ranks.
    pub fn send(&self, _: usize, _: &Value) {
        match self.0 {}
    }

    /// Cannot be called: there are no ranks.
    pub fn receive(&self) -> Option<(usize, Value)> {
        match self.0 {}
    }

    /// Cannot be called: there are no ranks.
    pub fn broadcast(&self, _: &mut [u32]) {
        match self.0 {}
    }

    /// Cannot be called: there are no ranks.
    pub fn all_to_all(&self, _: &[u32], _: &[usize], _: &mut [u32], _: &[usize]) {
        match self.0 {}
    }

    /// Cannot be called: there are no ranks.
    pub fn all_gather(&self, _: &[u32], _: &mut [u32], _: &[usize]) {
        match self.0 {}
    }

    /// Cannot be called: there are no ranks.
    pub fn abort(&self, _: u8) -> ! {
        match self.0 {}
    }
}
