//! Where work is done: on threads with room on their stacks, without the interpreter's lock, with panics caught.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use pyo3::prelude::*;

use meva::{Error, Result};

use crate::error::{OrRaise, of_panic};

/// The stack of a thread: the engine's groups keep some hundred kilobytes on it.
pub const STACK: usize = 16 << 20;

/// Starts the threads, as many as `RAYON_NUM_THREADS` says or as there are processors, when they are first needed.
///
/// # Errors
/// They were started before this process was forked, and a fork has only the thread that made it.
pub fn threads() -> Result<()> {
    static STARTED_IN: OnceLock<u32> = OnceLock::new();
    let here = std::process::id();
    let started_in = *STARTED_IN.get_or_init(|| {
        // Whoever was faster has started threads that will do, too.
        let _ = rayon::ThreadPoolBuilder::new().stack_size(STACK).build_global();
        here
    });
    if started_in == here {
        return Ok(());
    }
    Err(
        Error::usage("this process was forked after meva had started its threads, and a fork has none of them")
            .hint("start processes afresh: multiprocessing.get_context(\"spawn\")"),
    )
}

/// Computes on meva's threads while other Python threads run.
pub fn compute<T: Send>(py: Python, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    let guarded = || catch_unwind(AssertUnwindSafe(|| threads().and_then(|()| rayon::scope(|_| work()))));
    match py.detach(guarded) {
        Ok(result) => result.or_raise(py),
        Err(panic) => Err(of_panic(py, &*panic)),
    }
}

/// Panics with these words on one of meva's threads, to show what comes of it.
#[pyfunction]
pub fn _panic(py: Python, words: String) -> PyResult<()> {
    compute(py, move || panic!("{words}"))
}
