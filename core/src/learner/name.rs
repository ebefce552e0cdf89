//! Learners by name.

use super::{Hola, Learner, Lola, LolaTaylor, LookAhead, Naive};
use crate::choice::choice;
use crate::game::Game;
use crate::scalar::Scalar;

/// A learner that needs no training, by its name in configurations, on command lines and in C.
///
/// ```
/// use meva_core::{game::Logistic, learner::LearnerName};
/// let x = [[0.5_f64], [-1.0]];
/// let lola: LearnerName = "lola".parse()?;
/// assert_eq!(LearnerName::Hola1.field(10.0, &Logistic, &x), lola.field(10.0, &Logistic, &x));
/// # Ok::<(), meva_core::choice::UnknownName>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LearnerName {
    /// Follows its own gradient.
    Naive,
    /// Anticipates the opponent's step as a constant.
    LookAhead,
    /// Differentiates through the opponent's naive step.
    Lola,
    /// LOLA's surrogate to first order.
    LolaTaylor,
    /// HOLA(0), the naive learner under another name.
    Hola0,
    /// HOLA(1), LOLA under another name.
    Hola1,
    /// Anticipates LOLA.
    Hola2,
    /// Anticipates HOLA(2).
    Hola3,
}

choice! { LearnerName, "learner":
    Naive = "naive" (0),
    LookAhead = "lookahead" (1),
    Lola = "lola" (2),
    LolaTaylor = "lola-taylor" (3),
    Hola0 = "hola0" (0),
    Hola1 = "hola1" (2),
    Hola2 = "hola2" (4),
    Hola3 = "hola3" (5),
}

impl LearnerName {
    /// The name in a figure or a sentence.
    pub const fn title(self) -> &'static str {
        match self {
            LearnerName::Naive => "Naive",
            LearnerName::LookAhead => "LookAhead",
            LearnerName::Lola => "LOLA",
            LearnerName::LolaTaylor => "LOLA (Taylor)",
            LearnerName::Hola0 => "HOLA0",
            LearnerName::Hola1 => "HOLA1",
            LearnerName::Hola2 => "HOLA2",
            LearnerName::Hola3 => "HOLA3",
        }
    }

    /// Whether it imagines a step of the opponent, and so depends on `alpha`.
    pub const fn looks_ahead(self) -> bool {
        !matches!(self, LearnerName::Naive | LearnerName::Hola0)
    }

    /// The field that both agents follow; `alpha` is the length of the imagined step.
    pub fn field<S: Scalar, G: Game<N>, const N: usize>(self, alpha: f64, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let hola2 = Hola {
            alpha,
            opponent: Lola::new(alpha),
        };
        match self {
            LearnerName::Naive | LearnerName::Hola0 => Naive.field(game, x),
            LearnerName::LookAhead => LookAhead { alpha }.field(game, x),
            LearnerName::Lola | LearnerName::Hola1 => Lola::new(alpha).field(game, x),
            LearnerName::LolaTaylor => LolaTaylor { alpha }.field(game, x),
            LearnerName::Hola2 => hola2.field(game, x),
            LearnerName::Hola3 => Hola { alpha, opponent: hola2 }.field(game, x),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::Logistic;

    /// Each name has the field of the learner that it names; the lower orders of HOLA are checked against naive and LOLA.
    #[test]
    fn names_are_learners() {
        let (x, alpha) = ([[0.5_f64], [-1.0]], 3.0);
        let lola = Lola::new(alpha);
        let hola2 = Hola { alpha, opponent: lola };
        let hola3 = Hola { alpha, opponent: hola2 };
        let naive = Naive.field(&Logistic, &x);
        let lola = lola.field(&Logistic, &x);
        let fields = [
            naive,
            LookAhead { alpha }.field(&Logistic, &x),
            lola,
            LolaTaylor { alpha }.field(&Logistic, &x),
            naive,
            lola,
            hola2.field(&Logistic, &x),
            hola3.field(&Logistic, &x),
        ];
        for (learner, field) in LearnerName::ALL.into_iter().zip(fields) {
            assert_eq!(learner.field(alpha, &Logistic, &x), field, "{learner}");
            let shorter = learner.field(0.5 * alpha, &Logistic, &x);
            assert_eq!(shorter != field, learner.looks_ahead(), "{learner}");
        }
    }
}
