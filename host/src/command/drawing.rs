//! Drawing, if it is compiled in.

use meva::error::Result;

#[cfg(feature = "figures")]
pub use meva::paper::drawing::{png, save};

/// Whether figures can be drawn.
pub const AVAILABLE: bool = cfg!(feature = "figures");

/// Rejects drawing in a build that cannot draw, before any work is done.
pub fn check() -> Result<()> {
    #[cfg(feature = "figures")]
    return Ok(());
    #[cfg(not(feature = "figures"))]
    Err(absent::missing())
}

#[cfg(not(feature = "figures"))]
mod absent {
    use std::path::Path;

    use meva::error::{Error, Result};
    use meva::paper::figures::Figure;

    pub fn missing() -> Error {
        Error::usage("nothing can be drawn: this is a build of meva without its feature `figures`")
            .hint("build it with `--features figures`")
    }

    pub fn png(_: &Figure) -> Result<Vec<u8>> {
        Err(missing())
    }

    pub fn save(_: &Figure, _: &Path) -> Result<()> {
        Err(missing())
    }
}

#[cfg(not(feature = "figures"))]
pub use absent::{png, save};
