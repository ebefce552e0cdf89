//! Numbers published by others, for comparison with ours. Each states its source.
//!
//! "First version" and "second version" refer to the notebooks that the authors published with the paper's first and
//! second version; these numbers are from their logs and figures.

use meva_core::game::IteratedMatrix;
use meva_core::learner::LearnerName;

use crate::follow::Learner;

/// Basins: how many of the 841 cells of [`Grid::PUBLISHED`](crate::follow::plane::Grid::PUBLISHED) lead to B in 200
/// steps at rate 1 (Figure 2b).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Basin {
    /// The learner.
    pub learner: Learner,
    /// Cells in B.
    pub cells: f64,
    /// By how many cells counts may differ and still agree.
    pub tolerance: f64,
    /// Which of our seeds it should hold for.
    pub scope: Scope,
    /// The source of the number.
    pub source: &'static str,
}

/// Which of our seeds a published number should hold for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// It comes from one seed, or is a mean over several: it should lie within the range of ours.
    AmongSeeds,
    /// It is claimed without exception.
    EverySeed,
}

const LOGS: &str = "authors' logs";
const FIRST: &str = "authors' first version, one seed";
const SECOND: &str = "authors' second version, one seed";
const PAPER: &str = "paper, Section 5.1: B from anywhere when \u{3b3} > 0.9";

/// A formula has one correct count, up to rounding: LOLA at 20 loses or gains a cell at the edge of its basin.
const FORMULA: f64 = 1.0;
/// Naive learners from the 29 starts on the anti-diagonal stay on it until rounding decides: any count from 405 to 427
/// is correct.
const ANTI_DIAGONAL: f64 = 15.0;
/// A network's basin depends on its seed, and each published network has a single seed: 2 % of the cells.
const NETWORK: f64 = 17.0;

const fn formula(name: LearnerName, alpha: f64, cells: f64, tolerance: f64) -> Basin {
    Basin {
        learner: Learner::Formula { name, alpha },
        cells,
        tolerance,
        scope: Scope::AmongSeeds,
        source: LOGS,
    }
}

const fn trained(learner: Learner, cells: f64, source: &'static str) -> Basin {
    Basin {
        learner,
        cells,
        tolerance: NETWORK,
        scope: Scope::AmongSeeds,
        source,
    }
}

const fn cola(alpha: f64, cells: f64) -> Basin {
    trained(Learner::Cola { alpha }, cells, LOGS)
}

const fn meva(gamma: f64, cells: f64, source: &'static str) -> Basin {
    trained(Learner::MetaValue { gamma }, cells, source)
}

/// The paper's claim: from all cells, when gamma > 0.9.
const fn claimed(gamma: f64) -> Basin {
    Basin {
        tolerance: 0.0,
        scope: Scope::EverySeed,
        ..meva(gamma, 841.0, PAPER)
    }
}

/// The published basins.
pub const BASINS: [Basin; 22] = [
    formula(LearnerName::Naive, 0.0, 412.0, ANTI_DIAGONAL),
    formula(LearnerName::Lola, 1.0, 445.0, FORMULA),
    formula(LearnerName::Lola, 10.0, 435.0, FORMULA),
    formula(LearnerName::Lola, 20.0, 510.0, FORMULA),
    formula(LearnerName::Hola2, 1.0, 451.0, FORMULA),
    formula(LearnerName::Hola2, 10.0, 466.0, FORMULA),
    formula(LearnerName::Hola2, 20.0, 208.0, FORMULA),
    cola(0.0, 384.0),
    cola(1.0, 400.0),
    cola(5.0, 424.0),
    cola(10.0, 509.0),
    meva(0.0, 415.0, FIRST),
    meva(0.0, 441.0, SECOND),
    meva(0.8, 509.0, SECOND),
    meva(0.85, 617.0, FIRST),
    meva(0.86, 754.0, FIRST),
    meva(0.87, 831.0, FIRST),
    meva(0.9, 593.0, SECOND),
    claimed(0.91),
    meva(0.95, 841.0, SECOND),
    claimed(0.95),
    claimed(0.99),
];

/// Figure 3a: returns per step by [`Curve`](crate::follow::reciprocity::Curve) and, along the rows, by
/// [`GAMMAS`](crate::follow::reciprocity::GAMMAS). From the authors' first version, means over its models.
pub const RETURNS: [[f64; 9]; 5] = [
    [-1.98, -1.97, -1.90, -1.60, -1.19, -1.07, -1.07, -1.05, -1.11],
    [-1.99, -1.99, -1.93, -1.72, -1.41, -1.26, -1.26, -1.04, -1.10],
    [-1.98, -1.97, -1.89, -1.59, -1.14, -1.03, -1.03, -1.03, -1.09],
    [-1.97, -1.97, -1.95, -1.88, -1.745, -1.20, -1.00, -1.02, -1.12],
    [-1.97, -1.97, -1.95, -1.93, -1.90, -1.72, -1.69, -1.50, -1.43],
];
/// By how much returns may differ and still agree: a twentieth of the distance between mutual defection and cooperation.
pub const RETURN_TOLERANCE: f64 = 0.05;

/// The source of [`TOURNAMENTS`].
pub const TOURNAMENT: &str = "authors' second version, tournament";

/// A table of mean returns of the row's player against the column's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tournament {
    /// The game's name in a heading.
    pub title: &'static str,
    /// The game.
    pub game: IteratedMatrix,
    /// The preset here that trains its meta-value learners.
    pub preset: &'static str,
    /// By row and column: naive, LOLA of 2018, M-MAML, M-FOS, MeVa at gamma 0.95; `None` where nothing was published.
    pub returns: [[Option<f64>; 5]; 5],
}

/// Where nothing was published.
const N: Option<f64> = None;
/// A published number.
const fn p(number: f64) -> Option<f64> {
    Some(number)
}

/// The tournaments of the second version: 300 steps, 10 models, 1024 pairs.
#[rustfmt::skip]
pub const TOURNAMENTS: [Tournament; 3] = [
    Tournament {
        title: "The iterated prisoner\u{2019}s dilemma",
        game: IteratedMatrix::PRISONERS_DILEMMA,
        preset: "ipd",
        returns: [
            [p(-1.988), p(-1.377), p(-1.524), p(-2.023), p(-1.999)],
            [p(-1.357), p(-1.041), p(-0.974), p(-1.023), p(-1.032)],
            [p(-1.398), p(-1.290), p(-1.224), N,         p(-1.993)],
            [p(-0.560), p(-1.024), N,         p(-1.006), N        ],
            [p(-0.551), p(-1.145), p(-0.534), N,         p(-1.052)],
        ],
    },
    Tournament {
        title: "Iterated chicken",
        game: IteratedMatrix::CHICKEN,
        preset: "chicken",
        returns: [
            [p(-0.049), p(-0.402), p(-0.994), p(-1.027), p(-0.985)],
            [p(0.377),  p(-1.641), p(-0.805), p(0.794),  p(0.138) ],
            [p(0.983),  p(0.778),  p(-0.447), N,         p(-0.908)],
            [N,         N,         N,         N,         N        ],
            [p(0.964),  p(-0.232), p(0.175),  N,         p(-0.082)],
        ],
    },
    Tournament {
        title: "Iterated matching pennies",
        game: IteratedMatrix::MATCHING_PENNIES,
        preset: "imp",
        returns: [
            [p(0.009),  p(0.028), p(-0.096), p(-0.196), p(-0.243)],
            [p(-0.028), p(0.027), p(-0.052), p(-0.189), p(-0.298)],
            [p(0.096),  p(0.052), p(-0.002), N,         p(-0.013)],
            [N,         N,        N,         N,         N        ],
            [p(0.243),  p(0.298), p(0.013),  N,         p(0.0)   ],
        ],
    },
];

/// How long a training took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Time {
    /// The preset here that trains the same.
    pub preset: &'static str,
    /// Outer iterations.
    pub outer: usize,
    /// Seconds in all.
    pub seconds: f64,
    /// The hardware.
    pub hardware: &'static str,
    /// The source of the number.
    pub source: &'static str,
}

/// The published times.
pub const TIMES: [Time; 3] = [
    Time {
        preset: "logistic",
        outer: 1000,
        seconds: 60.0,
        hardware: "one GPU",
        source: "paper, Appendix D: about a minute",
    },
    Time {
        preset: "ipd",
        outer: 2000,
        seconds: 1800.0,
        hardware: "one GPU",
        source: "paper, Appendix E: about half an hour",
    },
    Time {
        preset: "ipd",
        outer: 1001,
        seconds: 344.0,
        hardware: "one T4 GPU",
        source: "authors' second version, self-play",
    },
];

/// A published number next to ours.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What it measures, in words.
    pub what: String,
    /// Its source.
    pub source: &'static str,
    /// The published number.
    pub published: f64,
    /// Our numbers: one per seed, or a single one if no seed is involved.
    pub ours: Vec<f64>,
    /// By how much the two may differ.
    pub tolerance: f64,
    /// Which of our seeds the published number should hold for.
    pub scope: Scope,
}

/// How our numbers compare with a published one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// The published number lies within the range of ours, or outside it by at most the tolerance; with
    /// [`Scope::EverySeed`], each of ours differs from it by at most the tolerance.
    Agrees,
    /// Ours are greater by this much: the nearest of them or, with [`Scope::EverySeed`], the farthest.
    Higher(f64),
    /// Ours are less by this much, likewise.
    Lower(f64),
}

impl Comparison {
    /// Whether the [verdict](Comparison::verdict) is that they agree.
    pub fn agrees(&self) -> bool {
        self.verdict() == Verdict::Agrees
    }

    /// The verdict. If any of our numbers is NaN, they do not agree.
    ///
    /// ```
    /// use meva::paper::published::{Comparison, Scope, Verdict};
    /// let verdict = |published, scope| {
    ///     let ours = vec![3.0, 5.0];
    ///     Comparison { what: "LOLA".into(), source: "here", published, ours, tolerance: 1.0, scope }.verdict()
    /// };
    /// assert_eq!(verdict(2.0, Scope::AmongSeeds), Verdict::Agrees);
    /// assert_eq!(verdict(1.0, Scope::AmongSeeds), Verdict::Higher(2.0));
    /// assert_eq!(verdict(8.0, Scope::AmongSeeds), Verdict::Lower(3.0));
    /// assert_eq!(verdict(4.0, Scope::EverySeed), Verdict::Agrees);
    /// assert_eq!(verdict(5.0, Scope::EverySeed), Verdict::Lower(2.0));
    /// ```
    pub fn verdict(&self) -> Verdict {
        let least = self.ours.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = self.ours.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Decimal numbers differ from their binary representations by less than this.
        let tolerance = self.tolerance + 1e-9;
        let [above, below] = match self.scope {
            Scope::AmongSeeds => [least - self.published, self.published - greatest],
            Scope::EverySeed => [greatest - self.published, self.published - least],
        };
        if self.ours.iter().any(|own| own.is_nan()) {
            Verdict::Lower(f64::NAN)
        } else if below > tolerance {
            Verdict::Lower(below)
        } else if above > tolerance {
            Verdict::Higher(above)
        } else {
            Verdict::Agrees
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tolerance_is_the_last_that_agrees_and_what_is_no_number_does_not() {
        let verdict = |ours: f64| {
            Comparison {
                what: String::new(),
                source: "",
                published: -1.05,
                ours: vec![ours],
                tolerance: 0.05,
                scope: Scope::AmongSeeds,
            }
            .verdict()
        };
        assert_eq!([-1.1, -1.0].map(verdict), [Verdict::Agrees; 2]);
        assert!(matches!(verdict(-1.101), Verdict::Lower(by) if (by - 0.051).abs() < 1e-12));
        assert!(matches!(verdict(-0.99), Verdict::Higher(by) if (by - 0.06).abs() < 1e-12));
        assert_ne!(verdict(f64::NAN), Verdict::Agrees);
    }
}
