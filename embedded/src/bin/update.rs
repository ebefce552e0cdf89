//! Training alone, to see what it takes.
#![no_std]
#![no_main]

meva_embedded::panic_never!();
meva_embedded::main!(meva_embedded::scene::train);
