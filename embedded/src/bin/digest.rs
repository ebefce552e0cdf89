//! Digests of every operation of the core, one on each line.
#![no_std]
#![no_main]

use meva_core::kernels::Portable;
use meva_digest::{Memory, run};
use meva_embedded::print::line;
use meva_embedded::static_cell::StaticCell;

meva_embedded::panic_exit!();
meva_embedded::main!(main);

static MEMORY: StaticCell<Memory> = StaticCell::new(Memory::ZERO);

fn main() {
    if let Some(memory) = MEMORY.take() {
        run(&Portable, memory, &mut |operation, scalar, digest| {
            line(&[operation, scalar], digest)
        });
    }
}
