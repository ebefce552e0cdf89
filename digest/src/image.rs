//! Model images: writing them and reading them back.

use meva_core::game::{AnyGame, Game, IteratedMatrix};
use meva_core::image::{Image, Model};
use meva_core::learner::meta_value::Field;

use crate::Report;
use crate::bits::{Fnv, draw_rows, inputs};
use crate::network::{H, ITERATED, parameters};

/// An image's words with its checksum, and the game in an image that passed its check.
pub fn run(report: &mut Report) {
    let stream = &mut inputs(10);
    let model = Model {
        architecture: ITERATED,
        field: Field::U,
        game: AnyGame::IteratedMatrix(IteratedMatrix::CHICKEN),
        alpha: 0.7,
    };
    let image = Image::<5, H, 2, 3>::new(&model, &parameters(stream));
    let mut fnv = Fnv::EMPTY;
    for word in image.words() {
        fnv.take(u64::from(word));
    }
    report("image::words", "u32", fnv.finish());
    if let Ok(Model {
        game: AnyGame::IteratedMatrix(game),
        ..
    }) = image.check()
    {
        let (mut fnv, x) = (Fnv::EMPTY, draw_rows::<f64, 5, 2>(stream, -3.0, 3.0));
        fnv.take_all(&game.value(&x));
        report("image::check", "f64", fnv.finish());
    }
}
