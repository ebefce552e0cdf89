//! Learners and their settings, and strategies that do not learn.

use std::fmt;
use std::str::FromStr;

use meva_core::learner::LearnerName;
use meva_core::strategy::Strategy;

use crate::config::{Algorithm, unknown};
use crate::error::{Error, Result};
use crate::model::Model;

/// A learner with its setting: a formula, or a trained network without its numbers, which are in a [`Model`].
///
/// ```
/// use meva::follow::Learner;
///
/// let lola: Learner = "lola".parse()?;
/// assert_eq!((lola.setting(), lola.setting_name()), (1.0, "alpha"));
/// assert_eq!(lola.with(10.0).title(), "LOLA, \u{3b1} = 10");
/// assert_eq!(Learner::MetaValue { gamma: 0.95 }.title(), "MeVa, \u{3b3} = 0.95");
/// assert_eq!("meva".parse(), Ok(Learner::MetaValue { gamma: 0.95 }));
/// # Ok::<(), meva::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Learner {
    /// Follows a formula.
    Formula {
        /// Which one.
        name: LearnerName,
        /// Length of the imagined step; a naive learner ignores it.
        alpha: f64,
    },
    /// Follows a trained COLA.
    Cola {
        /// Length of the imagined step.
        alpha: f64,
    },
    /// Follows a trained meta-value.
    MetaValue {
        /// Its own meta-discount.
        gamma: f64,
    },
    /// Does not learn: plays a strategy of an iterated game.
    Strategy {
        /// The strategy as player 0 and as player 1.
        by_player: [Strategy; 2],
    },
    /// Follows its own gradient from a start that it has [learned](crate::follow::m_maml).
    MMaml,
    /// Plays what its [meta-policy](crate::follow::m_fos) says.
    MFos {
        /// Who the meta-policy is trained against.
        rival: Rival,
    },
}

/// Who a meta-policy is trained against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rival {
    /// Each opponent that it meets, anew: as published.
    Opponent,
    /// Itself.
    Itself,
    /// A learner given by a formula.
    Formula {
        /// Which one.
        name: LearnerName,
        /// Length of the imagined step.
        alpha: f64,
    },
}

impl Learner {
    /// Follows its own gradient.
    pub const NAIVE: Learner = Learner::Formula {
        name: LearnerName::Naive,
        alpha: 0.0,
    };

    /// The learner that follows `model`, at a setting.
    pub fn of(model: &Model, setting: f64) -> Self {
        match model.config().algorithm {
            Algorithm::Cola => Learner::Cola { alpha: setting },
            Algorithm::Meva => Learner::MetaValue { gamma: setting },
        }
    }

    /// The names of the learners: formulas first, then trained learners, then those that learn before each match.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        LearnerName::NAMES
            .iter()
            .copied()
            .chain(["cola", "meva", "m-maml", "m-fos"])
    }

    /// Whether it learns something of its own for a match before it can play: it has no direction at a joint policy alone.
    pub fn prepares(self) -> bool {
        matches!(self, Learner::MMaml | Learner::MFos { .. })
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Learner::Formula { name, .. } => name.name(),
            Learner::Cola { .. } => "cola",
            Learner::MetaValue { .. } => "meva",
            Learner::Strategy { .. } => "strategy",
            Learner::MMaml => "m-maml",
            Learner::MFos { .. } => "m-fos",
        }
    }

    /// Its name in figures.
    pub fn label(self) -> &'static str {
        match self {
            Learner::Formula { name, .. } => name.title(),
            Learner::Cola { .. } => "COLA",
            Learner::MetaValue { .. } => "MeVa",
            Learner::Strategy { .. } => "Strategy",
            Learner::MMaml => "M-MAML",
            Learner::MFos { .. } => "M-FOS",
        }
    }

    /// The label with the setting, if there is one.
    pub fn title(self) -> String {
        if self.is_naive() {
            "Naive".to_string()
        } else if self.strategy().is_some() || self.prepares() {
            self.label().to_string()
        } else {
            format!("{}, {} = {}", self.label(), self.symbol(), self.setting())
        }
    }

    /// As [`Learner::title`], for two learners that differ at most in their settings.
    pub fn title_of_both([zero, one]: [Learner; 2]) -> String {
        if zero == one {
            zero.title()
        } else {
            format!("{}, {}", zero.title(), one.setting())
        }
    }

    /// The length of the imagined step, or the meta-discount; 0 for those that have no setting: strategies, M-MAML, M-FOS.
    pub fn setting(self) -> f64 {
        match self {
            Learner::Formula { alpha, .. } | Learner::Cola { alpha } => alpha,
            Learner::MetaValue { gamma } => gamma,
            Learner::Strategy { .. } | Learner::MMaml | Learner::MFos { .. } => 0.0,
        }
    }

    /// The same learner at another setting.
    #[must_use]
    pub fn with(self, setting: f64) -> Self {
        match self {
            Learner::Formula { name, .. } => Learner::Formula { name, alpha: setting },
            Learner::Cola { .. } => Learner::Cola { alpha: setting },
            Learner::MetaValue { .. } => Learner::MetaValue { gamma: setting },
            Learner::Strategy { .. } | Learner::MMaml | Learner::MFos { .. } => self,
        }
    }

    /// The name of the setting: `alpha` or `gamma`.
    pub fn setting_name(self) -> &'static str {
        match self {
            Learner::MetaValue { .. } => "gamma",
            _ => "alpha",
        }
    }

    /// The setting's symbol in figures.
    pub fn symbol(self) -> &'static str {
        match self {
            Learner::MetaValue { .. } => "\u{3b3}",
            _ => "\u{3b1}",
        }
    }

    /// The meta-discount that an opponent's meta-value assumes for this learner: 0 unless it is a meta-value learner.
    pub fn discount(self) -> f64 {
        match self {
            Learner::MetaValue { gamma } => gamma,
            _ => 0.0,
        }
    }

    /// The algorithm that trains it, if any.
    pub fn algorithm(self) -> Option<Algorithm> {
        match self {
            Learner::Cola { .. } => Some(Algorithm::Cola),
            Learner::MetaValue { .. } => Some(Algorithm::Meva),
            _ => None,
        }
    }

    /// Checks that a model was trained for this learner.
    ///
    /// # Errors
    /// The model was trained for another learner, or this learner is a formula.
    pub fn check(self, model: &Model) -> Result<()> {
        let trained = Learner::of(model, 0.0);
        if self.algorithm() == trained.algorithm() {
            return Ok(());
        }
        Err(
            Error::usage(format!("the model was trained for learner `{trained}`, not `{self}`"))
                .hint("meta-values are followed by learner meva, COLA by learner cola"),
        )
    }

    /// The strategy as player 0 and as player 1, if it does not learn.
    pub fn strategy(self) -> Option<[Strategy; 2]> {
        match self {
            Learner::Strategy { by_player } => Some(by_player),
            _ => None,
        }
    }

    /// Checks that it works with estimates of its gradient.
    ///
    /// # Errors
    /// It needs second derivatives, which sampled episodes do not estimate.
    pub fn samples(self) -> Result<()> {
        match self {
            Learner::Formula { .. } if !self.is_naive() => Err(Error::usage(format!(
                "learner `{self}` needs second derivatives, which rollouts do not estimate"
            ))
            .hint("use naive, meva or a strategy, or --estimator exact")),
            Learner::MMaml | Learner::MFos { .. } => Err(Error::usage(format!(
                "learner `{self}` prepares itself on the exact game, not on rollouts"
            ))
            .hint("use naive, meva or a strategy, or --estimator exact")),
            _ => Ok(()),
        }
    }

    /// Whether it follows its own gradient and nothing else.
    pub fn is_naive(self) -> bool {
        matches!(self, Learner::Formula { name, .. } if !name.looks_ahead())
    }
}

impl fmt::Display for Learner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The learner with this name, with alpha = 1 or gamma = 0.95; for M-FOS, also with the learner that it is trained against:
/// `m-fos:naive`, `m-fos:lola:10`, `m-fos:self`.
impl FromStr for Learner {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(rival) = text.strip_prefix("m-fos:") {
            return Ok(Learner::MFos { rival: rival.parse()? });
        }
        match (text, text.parse()) {
            (_, Ok(name)) => Ok(Learner::Formula { name, alpha: 1.0 }),
            ("cola", Err(_)) => Ok(Learner::Cola { alpha: 1.0 }),
            ("meva", Err(_)) => Ok(Learner::MetaValue { gamma: 0.95 }),
            ("m-maml", Err(_)) => Ok(Learner::MMaml),
            ("m-fos", Err(_)) => Ok(Learner::MFos { rival: Rival::Opponent }),
            (_, Err(_)) => Err(unknown("learner", text, Learner::names())),
        }
    }
}

/// `self`, or a learner given by a formula, with its setting after a colon.
impl FromStr for Rival {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "self" {
            return Ok(Rival::Itself);
        }
        let (name, alpha) = text.split_once(':').unwrap_or((text, "1"));
        let name = name.parse().map_err(|_| {
            unknown(
                "rival of m-fos",
                name,
                LearnerName::NAMES.iter().copied().chain(["self"]),
            )
        })?;
        match alpha.parse() {
            Ok(alpha) if f64::is_finite(alpha) && alpha >= 0.0 => Ok(Rival::Formula { name, alpha }),
            _ => {
                Err(Error::usage(format!("alpha cannot be `{alpha}`")).hint("give a finite number that is at least 0"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::assert_says;

    #[test]
    fn names_come_back() {
        for name in Learner::names() {
            assert_eq!(name.parse::<Learner>().unwrap().to_string(), name);
        }
        assert_says(
            "lolla".parse::<Learner>(),
            &["unknown learner `lolla`", "did you mean `lola`?"],
        );
        assert_says("zzzzzzzz".parse::<Learner>(), &["choose from naive, ", "cola, meva"]);
        let rival = |rival| Ok(Learner::MFos { rival });
        let (name, alpha) = (LearnerName::Lola2018, 25.0);
        assert_eq!("m-fos:lola-2018:25".parse(), rival(Rival::Formula { name, alpha }));
        assert_eq!("m-fos:self".parse(), rival(Rival::Itself));
        assert_says(
            "m-fos:lolla".parse::<Learner>(),
            &["unknown rival of m-fos `lolla`", "did you mean `lola`?"],
        );
        for alpha in ["x", "-1", "inf", ""] {
            assert_says(
                format!("m-fos:lola:{alpha}").parse::<Learner>(),
                &["alpha cannot be", "at least 0"],
            );
        }
    }

    #[test]
    fn titles_say_what_matters() {
        let meva = |gamma| Learner::MetaValue { gamma };
        assert_eq!(
            Learner::title_of_both([meva(0.5), meva(0.9)]),
            "MeVa, \u{3b3} = 0.5, 0.9"
        );
        assert_eq!(Learner::title_of_both([meva(0.5); 2]), "MeVa, \u{3b3} = 0.5");
        let hola0: Learner = "hola0".parse().unwrap();
        assert_eq!(hola0.title(), Learner::NAIVE.title());
    }
}
