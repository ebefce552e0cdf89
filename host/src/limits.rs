//! What this machine can hold. Sizes are compared with it before anything is allocated, because a process that asks for
//! more is killed.

use sysinfo::System;

use crate::error::{Error, Result};

/// How many bytes of memory are free, as far as the system says: within the limit of a container, if there is one.
fn available() -> u128 {
    let Ok(mut system) = System::new() else {
        return u128::MAX;
    };
    system.refresh_memory();
    let free = system.available_memory();
    let free = system
        .cgroup_limits()
        .map_or(free, |limits| free.min(limits.total_memory));
    // A system that says nothing is asked for everything.
    if free == 0 { u128::MAX } else { free.into() }
}

/// Refuses what would take more memory than is free. `what` names the option or the keys that decide, with their values.
///
/// ```
/// use meva::limits::room_for;
/// room_for(1 << 20, "--pairs 256")?;
/// let error = room_for(1 << 60, "--pairs 1000000000000").unwrap_err();
/// assert!(error.to_string().starts_with("--pairs 1000000000000 would take 1073741824.0 GiB of memory, and "));
/// assert_eq!(error.exit_code(), 2);
/// # Ok::<(), meva::Error>(())
/// ```
///
/// # Errors
/// There is not enough.
pub fn room_for(bytes: u128, what: &str) -> Result<()> {
    let free = available();
    if bytes <= free {
        return Ok(());
    }
    let gib = |bytes: u128| bytes as f64 / f64::from(1 << 30);
    Err(Error::usage(format!(
        "{what} would take {:.1} GiB of memory, and {:.1} GiB are free",
        gib(bytes),
        gib(free)
    ))
    .hint("make it smaller"))
}

/// A product of sizes that cannot overflow: it stays at the largest number.
///
/// ```
/// use meva::limits::product;
/// assert_eq!(product([2, 3]), 6);
/// assert_eq!(product([usize::MAX; 3]), u128::MAX);
/// ```
pub fn product<const L: usize>(sizes: [usize; L]) -> u128 {
    sizes
        .into_iter()
        .fold(1, |product: u128, size| product.saturating_mul(size as u128))
}
