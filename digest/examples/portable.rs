//! Prints the digests of the portable formulas.

use std::sync::Mutex;

use meva_core::kernels::Portable;
use meva_digest::{Memory, run};

static MEMORY: Mutex<Memory> = Mutex::new(Memory::ZERO);

fn main() {
    let mut memory = MEMORY.lock().expect("nobody else has it");
    run(&Portable, &mut memory, &mut |operation, scalar, digest| {
        println!("{operation} {scalar} {digest:016x}");
    });
}
