//! The core for C: include/meva.h is made from this crate, and tests check that it is current.
//!
//! - Memory is the caller's. Nothing is allocated, and no pointer is kept but that to a model's image.
//! - Every function returns an error code. When that is not `MEVA_OK`, nothing was written.
//! - No panic can be reached: built without the feature `std`, the library links only if that is so.
//! - Functions may be called from any thread; memory that one call writes must not be used by another at the same time.
#![cfg_attr(not(feature = "std"), no_std)]
// What is unsafe is in the functions' contract, which is that of C: pointers are null or good for what is said.
#![allow(clippy::missing_safety_doc)]

mod choice;
mod error;
mod game;
mod learner;
mod model;
mod network;
mod pointer;
mod train;

pub use choice::*;
pub use error::*;
pub use game::*;
pub use learner::*;
pub use model::*;
pub use network::*;
pub use pointer::*;
pub use train::*;

#[cfg(not(feature = "std"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unsafe extern "C" {
        safe fn a_panic_can_be_reached() -> !;
    }
    a_panic_can_be_reached()
}
