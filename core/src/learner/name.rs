//! Learners by name.

use super::{
    Cgd, Consensus, Extragradient, Hola, KLevel, Learner, Lola, Lola2018, LolaTaylor, LookAhead, Naive, Pola, Sga, Sos,
};
use crate::choice::choice;
use crate::game::Game;
use crate::player::Player;
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
    /// LOLA as it was published in 2018.
    Lola2018,
    /// Shapes the opponent as far as that is stable.
    Sos,
    /// Makes gradients short.
    Consensus,
    /// Corrects for rotation.
    Sga,
    /// Plays the equilibrium of the bilinear approximation.
    Cgd,
    /// Both look a step ahead together.
    Extragradient,
    /// Anticipates LookAhead as a constant.
    LookAhead2,
    /// Anticipates LookAhead of two levels as a constant.
    LookAhead3,
    /// LOLA with proximal steps.
    Pola,
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
    Lola2018 = "lola-2018" (6),
    Sos = "sos" (7),
    Consensus = "consensus" (8),
    Sga = "sga" (9),
    Cgd = "cgd" (10),
    Extragradient = "extragradient" (11),
    LookAhead2 = "lookahead2" (12),
    LookAhead3 = "lookahead3" (13),
    Pola = "pola" (14),
}

/// Does something with the learner that a name means.
macro_rules! on_learner {
    ($name:expr, $alpha:ident, $learner:ident => $body:expr) => {{
        let lola = Lola::new($alpha);
        let hola2 = Hola {
            alpha: $alpha,
            opponent: lola,
        };
        let alpha = $alpha;
        macro_rules! with {
            ($of:expr) => {{
                let $learner = $of;
                $body
            }};
        }
        match $name {
            LearnerName::Naive | LearnerName::Hola0 => with!(Naive),
            LearnerName::LookAhead => with!(LookAhead { alpha }),
            LearnerName::Lola | LearnerName::Hola1 => with!(lola),
            LearnerName::LolaTaylor => with!(LolaTaylor { alpha }),
            LearnerName::Hola2 => with!(hola2),
            LearnerName::Hola3 => with!(Hola { alpha, opponent: hola2 }),
            LearnerName::Lola2018 => with!(Lola2018 { alpha }),
            LearnerName::Sos => with!(Sos { alpha }),
            LearnerName::Consensus => with!(Consensus { alpha }),
            LearnerName::Sga => with!(Sga { alpha }),
            LearnerName::Cgd => with!(Cgd { alpha }),
            LearnerName::Extragradient => with!(Extragradient { alpha }),
            LearnerName::LookAhead2 => with!(KLevel { alpha, levels: 2 }),
            LearnerName::LookAhead3 => with!(KLevel { alpha, levels: 3 }),
            LearnerName::Pola => with!(Pola { alpha }),
        }
    }};
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
            LearnerName::Lola2018 => "LOLA (2018)",
            LearnerName::Sos => "SOS",
            LearnerName::Consensus => "Consensus",
            LearnerName::Sga => "SGA",
            LearnerName::Cgd => "CGD",
            LearnerName::Extragradient => "Extragradient",
            LearnerName::LookAhead2 => "LookAhead2",
            LearnerName::LookAhead3 => "LookAhead3",
            LearnerName::Pola => "POLA",
        }
    }

    /// Whether it does anything but follow its own gradient, and so depends on `alpha`.
    pub const fn looks_ahead(self) -> bool {
        !matches!(self, LearnerName::Naive | LearnerName::Hola0)
    }

    /// The field that both agents follow; `alpha` is the length of the imagined step, or the weight of the correction.
    pub fn field<S: Scalar, G: Game<N>, const N: usize>(self, alpha: f64, game: &G, x: &[[S; N]; 2]) -> [[S; N]; 2] {
        on_learner!(self, alpha, learner => learner.field(game, x))
    }

    /// One player's row of the [field](LearnerName::field), with the same bits.
    pub fn direction<S: Scalar, G: Game<N>, const N: usize>(
        self,
        alpha: f64,
        game: &G,
        player: Player,
        x: &[[S; N]; 2],
    ) -> [S; N] {
        on_learner!(self, alpha, learner => learner.direction(game, player, x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::{Logistic, Quadratic};

    /// Each name has the field of the learner that it names; the lower orders of HOLA are checked against naive and LOLA.
    #[test]
    fn names_are_learners() {
        let (x, alpha) = ([[0.5_f64], [-1.0]], 3.0);
        let lola = Lola::new(alpha);
        let hola2 = Hola { alpha, opponent: lola };
        let hola3 = Hola { alpha, opponent: hola2 };
        let k_level = |levels| KLevel { alpha, levels }.field(&Logistic, &x);
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
            Lola2018 { alpha }.field(&Logistic, &x),
            Sos { alpha }.field(&Logistic, &x),
            Consensus { alpha }.field(&Logistic, &x),
            Sga { alpha }.field(&Logistic, &x),
            Cgd { alpha }.field(&Logistic, &x),
            Extragradient { alpha }.field(&Logistic, &x),
            k_level(2),
            k_level(3),
            Pola { alpha }.field(&Logistic, &x),
        ];
        for (learner, field) in LearnerName::ALL.into_iter().zip(fields) {
            assert_eq!(learner.field(alpha, &Logistic, &x), field, "{learner}");
            let rows = Player::BOTH.map(|player| learner.direction(alpha, &Logistic, player, &x));
            assert_eq!(rows, field, "{learner}");
            // Nothing turns in the Logistic Game, so that SGA is naive there.
            let [longer, shorter] = [0.02, 0.01].map(|alpha| learner.field(alpha, &Quadratic, &x));
            assert_eq!(shorter != longer, learner.looks_ahead(), "{learner}");
        }
    }
}
