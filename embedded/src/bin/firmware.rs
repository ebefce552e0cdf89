//! The example: a trained model in flash that two agents follow, the other learners, and training in static memory.
#![no_std]
#![no_main]

use meva_embedded::scene;

meva_embedded::panic_never!();
meva_embedded::main!(main);

fn main() {
    scene::own_gradient();
    scene::follow();
    scene::learners();
    scene::train();
}
