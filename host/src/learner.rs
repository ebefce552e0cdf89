//! Learners by name.

use meva_core::Game;
use meva_core::Scalar;
use meva_core::learner::{Hola, Learner, Lola, LolaTaylor, LookAhead, Naive};

/// A learner that a command line can name; each but the first takes the length `alpha` of an imagined step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedLearner {
    /// Follows its own gradient.
    Naive,
    /// Foresees the opponent's step as a constant.
    LookAhead,
    /// Differentiates through the opponent's naive step.
    Lola,
    /// LOLA's surrogate to first order.
    LolaTaylor,
    /// HOLA(0), the naive learner under another name.
    Hola0,
    /// HOLA(1), LOLA under another name.
    Hola1,
    /// Foresees LOLA.
    Hola2,
    /// Foresees HOLA(2).
    Hola3,
}

impl NamedLearner {
    /// All of them.
    pub const ALL: [NamedLearner; 8] = [
        NamedLearner::Naive,
        NamedLearner::LookAhead,
        NamedLearner::Lola,
        NamedLearner::LolaTaylor,
        NamedLearner::Hola0,
        NamedLearner::Hola1,
        NamedLearner::Hola2,
        NamedLearner::Hola3,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            NamedLearner::Naive => "naive",
            NamedLearner::LookAhead => "lookahead",
            NamedLearner::Lola => "lola",
            NamedLearner::LolaTaylor => "lola-taylor",
            NamedLearner::Hola0 => "hola0",
            NamedLearner::Hola1 => "hola1",
            NamedLearner::Hola2 => "hola2",
            NamedLearner::Hola3 => "hola3",
        }
    }

    /// Its name in a figure.
    pub fn title(self) -> &'static str {
        match self {
            NamedLearner::Naive => "Naive",
            NamedLearner::LookAhead => "LookAhead",
            NamedLearner::Lola => "LOLA",
            NamedLearner::LolaTaylor => "LOLA (Taylor)",
            NamedLearner::Hola0 => "HOLA0",
            NamedLearner::Hola1 => "HOLA1",
            NamedLearner::Hola2 => "HOLA2",
            NamedLearner::Hola3 => "HOLA3",
        }
    }

    /// The field that both agents follow.
    ///
    /// ```
    /// use meva::learner::NamedLearner;
    /// use meva_core::game::Logistic;
    /// let x = [[0.5_f64], [-1.0]];
    /// assert_eq!(NamedLearner::Hola1.field(10.0, &Logistic, &x), NamedLearner::Lola.field(10.0, &Logistic, &x));
    /// ```
    pub fn field<S: Scalar, G: Game<N>, const N: usize>(self, alpha: f64, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        let hola2 = Hola {
            alpha,
            opponent: Lola::new(alpha),
        };
        match self {
            NamedLearner::Naive | NamedLearner::Hola0 => Naive.field(game, x),
            NamedLearner::LookAhead => LookAhead { alpha }.field(game, x),
            NamedLearner::Lola | NamedLearner::Hola1 => Lola::new(alpha).field(game, x),
            NamedLearner::LolaTaylor => LolaTaylor { alpha }.field(game, x),
            NamedLearner::Hola2 => hola2.field(game, x),
            NamedLearner::Hola3 => Hola { alpha, opponent: hola2 }.field(game, x),
        }
    }
}
