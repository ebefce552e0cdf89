//! The core for C: include/meva.h is made from this crate, and tests check that it is current. What its users may rely on
//! stands at the top of the header (cbindgen.toml).
//!
//! No panic can be reached: built without the feature `std`, the library links only if that is so.
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
mod shape;
mod train;
mod version;

pub use choice::*;
pub use error::*;
pub use game::*;
pub use learner::*;
pub use model::*;
pub use network::*;
pub use pointer::*;
pub use shape::*;
pub use train::*;
pub use version::*;

#[cfg(not(feature = "std"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unsafe extern "C" {
        safe fn a_panic_can_be_reached() -> !;
    }
    a_panic_can_be_reached()
}
