//! Model images: writing them and reading them back.

use meva_core::arithmetic::ArithmeticName;
use meva_core::game::{AnyGame, Game, IteratedMatrix};
use meva_core::image::{Image, Model};
use meva_core::learner::meta_value::Field;
use meva_operations::meta_value::ITERATED;
use meva_operations::{Domain, Draws, EDGES, parameters, rows};

use crate::Report;
use crate::bits::{Bits, Fnv};

/// An image's words with its checksum, and the game in an image that passed its check.
pub fn run(report: &mut Report) {
    let mut source = Draws::new(EDGES);
    let model = Model {
        architecture: ITERATED,
        field: Field::U,
        game: AnyGame::IteratedMatrix(IteratedMatrix::CHICKEN),
        alpha: 0.7,
        arithmetic: ArithmeticName::Separate,
    };
    let image = Image::<5, 6, 2, 3>::new(&model, &parameters::<f32, 5, 6, 2, 3>(&mut source, "parameters"));
    let mut fnv = Fnv::EMPTY;
    for word in image.words() {
        fnv.take(u64::from(word));
    }
    report(&["image", "", "words", "u32"], fnv.finish());
    if let Ok(Model {
        game: AnyGame::IteratedMatrix(game),
        ..
    }) = image.check()
    {
        let x = rows::<f64, 5, 2>(&mut source, "x", Domain::policy::<5>());
        let mut fnv = Fnv::EMPTY;
        fnv.take_all(&game.value(&x));
        report(&["image", "", "check", f64::NAME], fnv.finish());
    }
}
