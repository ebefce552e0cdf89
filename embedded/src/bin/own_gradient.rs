//! A single own gradient, to measure its cost.
#![no_std]
#![no_main]

meva_embedded::panic_never!();
meva_embedded::main!(meva_embedded::scene::own_gradient);
