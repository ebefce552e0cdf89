//! The codes of choices. They are published here; the core says which choice each stands for, and that both agree is checked
//! where this is compiled.

use meva_core::game::{AnyGame, IteratedMatrix, PlaneGame};
use meva_core::learner::LearnerName;
use meva_core::learner::meta_value::Field;

/// The Logistic Game.
pub const MEVA_LOGISTIC: u32 = 0;
/// The Tandem game.
pub const MEVA_TANDEM: u32 = 1;
/// An iterated 2 x 2 game.
pub const MEVA_ITERATED: u32 = 2;

/// Naive learning.
pub const MEVA_NAIVE: u32 = 0;
/// LookAhead.
pub const MEVA_LOOKAHEAD: u32 = 1;
/// LOLA, which is HOLA(1).
pub const MEVA_LOLA: u32 = 2;
/// LOLA by its first-order expansion.
pub const MEVA_LOLA_TAYLOR: u32 = 3;
/// HOLA(2).
pub const MEVA_HOLA2: u32 = 4;
/// HOLA(3).
pub const MEVA_HOLA3: u32 = 5;

/// Agents follow the gradient of V.
pub const MEVA_FIELD_V: u32 = 0;
/// Agents follow the naive gradient and gamma times that of U.
pub const MEVA_FIELD_U: u32 = 1;
/// The same with 1 - gamma times the naive gradient.
pub const MEVA_FIELD_U_NORMALIZED: u32 = 2;

const _: () = {
    let iterated = AnyGame::IteratedMatrix(IteratedMatrix::PRISONERS_DILEMMA);
    assert!(PlaneGame::Logistic.code() == MEVA_LOGISTIC);
    assert!(PlaneGame::Tandem.code() == MEVA_TANDEM);
    assert!(iterated.code() == MEVA_ITERATED);
    assert!(LearnerName::Naive.code() == MEVA_NAIVE);
    assert!(LearnerName::LookAhead.code() == MEVA_LOOKAHEAD);
    assert!(LearnerName::Lola.code() == MEVA_LOLA);
    assert!(LearnerName::LolaTaylor.code() == MEVA_LOLA_TAYLOR);
    assert!(LearnerName::Hola2.code() == MEVA_HOLA2);
    assert!(LearnerName::Hola3.code() == MEVA_HOLA3);
    assert!(Field::V.code() == MEVA_FIELD_V);
    assert!(Field::U.code() == MEVA_FIELD_U);
    assert!(Field::UNormalized.code() == MEVA_FIELD_U_NORMALIZED);
};
