//! Digests of every operation of the core, one on each line.
#![no_std]
#![no_main]

use meva_embedded::print::line;

meva_embedded::panic_exit!();
meva_embedded::main!(main);

fn main() {
    meva_digest::portable(&mut |words, digest| line(words, digest));
}
