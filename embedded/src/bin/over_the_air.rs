//! Updates over the air: two slots, a check, a switch, and back to the older model when the newer one is damaged. Ends with a
//! failure if any of that goes otherwise than it should.
#![no_std]
#![no_main]

use meva_core::image::Image;
use meva_core::kernels::Portable;
use meva_core::parameters::Parameters;
use meva_core::{Players, meta_value::Tape};
use meva_digest::Fnv;
use meva_embedded::platform::{exit, print};
use meva_embedded::print::line;
use meva_embedded::scene::MODEL;
use meva_embedded::slots::{Model, Slot, Slots};
use meva_embedded::static_cell::StaticCell;

meva_embedded::panic_never!();
meva_embedded::main!(main);

static SLOTS: StaticCell<Slots> = StaticCell::new(Slots::EMPTY);
/// What a server sends: the built-in model, with other agents' learning rates.
static SENT: StaticCell<Model> = StaticCell::new(Model::EMPTY);

fn main() {
    let (Some(slots), Some(sent), Ok(mut model)) = (SLOTS.take(), SENT.take(), MODEL.header.model()) else {
        return exit_failed("the start");
    };
    used("nothing was sent yet", slots, None);

    model.alpha = 0.5;
    sent.write(&model, &MODEL.parameters);
    receive(slots, sent.words().take(1000));
    refused("cut off", slots);
    used("an update was cut off", slots, None);

    receive(slots, sent.words());
    switched("the first update", slots);
    used("the first update has arrived", slots, Some(Slot::A));

    model.alpha = 0.25;
    sent.write(&model, &MODEL.parameters);
    receive(slots, sent.words().enumerate().map(|(k, word)| if k == 5000 { word ^ 1 } else { word }));
    refused("damaged", slots);
    used("a bit of the second was flipped on its way", slots, Some(Slot::A));

    let small = Image::<1, 8, 1, 4>::new(&model, &Parameters::ZERO);
    receive(slots, small.words());
    refused("of another shape", slots);
    used("a model of another shape was sent", slots, Some(Slot::A));

    receive(slots, sent.words());
    switched("the second update", slots);
    used("the second update has arrived", slots, Some(Slot::B));

    slots.program(Slot::B, 7000, core::iter::once(0));
    used("the second decayed in flash", slots, Some(Slot::A));
}

/// Writes what arrives to the spare slot.
fn receive(slots: &mut Slots, words: impl Iterator<Item = u32>) {
    let spare = slots.spare();
    slots.erase(spare);
    slots.program(spare, 0, words);
}

fn switched(what: &str, slots: &mut Slots) {
    if slots.switch_to(slots.spare()).is_err() {
        exit_failed(what);
    }
}

/// The spare slot's contents are not accepted, with words that say why.
fn refused(what: &str, slots: &mut Slots) {
    match slots.switch_to(slots.spare()) {
        Ok(()) => exit_failed(what),
        Err(error) => {
            print("refused: ");
            print(error.message().as_str());
            print("\n");
        }
    }
}

/// The model that is used from here on, and what it computes.
fn used(when: &str, slots: &Slots, expected: Option<Slot>) {
    let found = slots.current();
    if found != expected {
        exit_failed(when);
    }
    let slot = match found {
        None => "built-in",
        Some(Slot::A) => "A",
        Some(Slot::B) => "B",
    };
    let mut fnv = Fnv::EMPTY;
    let image = slots.model(&MODEL);
    if let (Ok(network), Ok(model)) = (image.network(), image.header.model()) {
        let mut tape = Tape::ZERO;
        network.forward(&Portable, &[[3.0_f32], [-2.0]], &[0.9; 2], Players::Both, &mut tape);
        fnv.take_all(&meva_core::Player::BOTH.map(|player| network.mean(player, &tape)));
        fnv.take_all(&[model.alpha as f32]);
    }
    line(&[when, "->", slot], fnv.finish());
}

fn exit_failed(what: &str) {
    print("otherwise than it should be: ");
    print(what);
    print("\n");
    exit(false);
}
