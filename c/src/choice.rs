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
/// Matching pennies played once.
pub const MEVA_MATCHING_PENNIES: u32 = 3;
/// The bilinear game.
pub const MEVA_BILINEAR: u32 = 4;
/// The quadratic game.
pub const MEVA_QUADRATIC: u32 = 5;

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
/// LOLA as it was published in 2018.
pub const MEVA_LOLA_2018: u32 = 6;
/// Stable opponent shaping.
pub const MEVA_SOS: u32 = 7;
/// Consensus optimisation.
pub const MEVA_CONSENSUS: u32 = 8;
/// Symplectic gradient adjustment.
pub const MEVA_SGA: u32 = 9;
/// Competitive gradient descent.
pub const MEVA_CGD: u32 = 10;
/// The extragradient method.
pub const MEVA_EXTRAGRADIENT: u32 = 11;
/// LookAhead of two levels.
pub const MEVA_LOOKAHEAD2: u32 = 12;
/// LookAhead of three levels.
pub const MEVA_LOOKAHEAD3: u32 = 13;
/// Proximal LOLA.
pub const MEVA_POLA: u32 = 14;

/// Agents follow the gradient of V.
pub const MEVA_FIELD_V: u32 = 0;
/// Agents follow the naive gradient and gamma times that of U.
pub const MEVA_FIELD_U: u32 = 1;
/// The same with 1 - gamma times the naive gradient.
pub const MEVA_FIELD_U_NORMALIZED: u32 = 2;
/// Agents follow the naive gradient and gamma times that of U times the square root of the horizon.
pub const MEVA_FIELD_U_ROOT: u32 = 3;

const _: () = {
    let iterated = AnyGame::IteratedMatrix(IteratedMatrix::PRISONERS_DILEMMA);
    assert!(PlaneGame::Logistic.code() == MEVA_LOGISTIC);
    assert!(PlaneGame::Tandem.code() == MEVA_TANDEM);
    assert!(iterated.code() == MEVA_ITERATED);
    assert!(PlaneGame::MatchingPennies.code() == MEVA_MATCHING_PENNIES);
    assert!(PlaneGame::Bilinear.code() == MEVA_BILINEAR);
    assert!(PlaneGame::Quadratic.code() == MEVA_QUADRATIC);
    assert!(LearnerName::Naive.code() == MEVA_NAIVE);
    assert!(LearnerName::LookAhead.code() == MEVA_LOOKAHEAD);
    assert!(LearnerName::Lola.code() == MEVA_LOLA);
    assert!(LearnerName::LolaTaylor.code() == MEVA_LOLA_TAYLOR);
    assert!(LearnerName::Hola2.code() == MEVA_HOLA2);
    assert!(LearnerName::Hola3.code() == MEVA_HOLA3);
    assert!(LearnerName::Lola2018.code() == MEVA_LOLA_2018);
    assert!(LearnerName::Sos.code() == MEVA_SOS);
    assert!(LearnerName::Consensus.code() == MEVA_CONSENSUS);
    assert!(LearnerName::Sga.code() == MEVA_SGA);
    assert!(LearnerName::Cgd.code() == MEVA_CGD);
    assert!(LearnerName::Extragradient.code() == MEVA_EXTRAGRADIENT);
    assert!(LearnerName::LookAhead2.code() == MEVA_LOOKAHEAD2);
    assert!(LearnerName::LookAhead3.code() == MEVA_LOOKAHEAD3);
    assert!(LearnerName::Pola.code() == MEVA_POLA);
    assert!(Field::V.code() == MEVA_FIELD_V);
    assert!(Field::U.code() == MEVA_FIELD_U);
    assert!(Field::UNormalized.code() == MEVA_FIELD_U_NORMALIZED);
    assert!(Field::URoot.code() == MEVA_FIELD_U_ROOT);
};
