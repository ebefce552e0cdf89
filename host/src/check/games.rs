//! Games and learners: values, gradients, Hessian-vector products, fields.

use meva_core::game::{AnyGame, IteratedMatrix, PlaneGame};
use meva_core::learner::LearnerName;
use meva_core::random::{Purpose, Stream};
use meva_core::{Game, Player, Scalar};

use super::condition::{MovedGradients, Nudge, sensitivities};
use super::differences::{along, central, deviation, moved};
use super::packed::{Packed, in_lanes, pack_rows};
use super::report::{Basis, Derivative, Engine, Report};
use super::stochastic::{Stochastic, deviations};
use super::tolerance::{Operation, Spread};
use crate::cpu::Number;

/// Points that everything is compared at: one group of the CPU engine.
pub const POINTS: usize = 64;

/// Runs in numbers that round at random.
pub const RUNS: u64 = 4;

/// A built-in game.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// Its name on the command line, which is also that of a preset but for tandem.
    pub name: &'static str,
    /// Its name in files of vectors.
    pub vector_name: &'static str,
    /// The game.
    pub game: AnyGame,
    /// The length of imagined steps that moves policies by about one.
    pub alpha: f64,
}

/// The built-in games.
pub const GAMES: [BuiltIn; 5] = [
    BuiltIn {
        name: "logistic",
        vector_name: "logistic",
        game: AnyGame::Plane(PlaneGame::Logistic),
        alpha: 1.0,
    },
    BuiltIn {
        name: "tandem",
        vector_name: "tandem",
        game: AnyGame::Plane(PlaneGame::Tandem),
        alpha: 0.1,
    },
    BuiltIn {
        name: "ipd",
        vector_name: "iterated_prisoners_dilemma",
        game: AnyGame::IteratedMatrix(IteratedMatrix::PRISONERS_DILEMMA),
        alpha: 1.0,
    },
    BuiltIn {
        name: "imp",
        vector_name: "iterated_matching_pennies",
        game: AnyGame::IteratedMatrix(IteratedMatrix::MATCHING_PENNIES),
        alpha: 1.0,
    },
    BuiltIn {
        name: "chicken",
        vector_name: "iterated_chicken",
        game: AnyGame::IteratedMatrix(IteratedMatrix::CHICKEN),
        alpha: 0.02,
    },
];

/// A game whose constants can be moved.
pub trait Nudged: Copy + Sync {
    /// Whether parameters are log-odds of probabilities.
    fn has_log_odds(&self) -> bool;
    /// The game with its constants moved.
    fn nudged(&self, nudge: &mut Nudge) -> Self;
}

impl<G: TryFrom<AnyGame> + Into<AnyGame> + Copy + Sync> Nudged for G {
    fn has_log_odds(&self) -> bool {
        matches!((*self).into(), AnyGame::IteratedMatrix(_))
    }

    fn nudged(&self, nudge: &mut Nudge) -> Self {
        let moved = match (*self).into() {
            AnyGame::Plane(game) => game.into(),
            AnyGame::IteratedMatrix(game) => AnyGame::from(IteratedMatrix {
                payoffs: nudge.rows(&game.payoffs),
                discount: nudge.number(game.discount),
            }),
        };
        G::try_from(moved).unwrap_or(*self)
    }
}

/// A joint policy and a direction.
#[derive(Clone, Copy, Debug)]
pub struct Point<const N: usize> {
    /// The policy.
    pub x: [[f64; N]; 2],
    /// The direction of Hessian-vector products.
    pub v: [[f64; N]; 2],
}

impl<const N: usize> Point<N> {
    /// The point, moved.
    pub fn nudged(&self, nudge: &mut Nudge) -> Self {
        Point {
            x: nudge.rows(&self.x),
            v: nudge.rows(&self.v),
        }
    }
}

/// A joint policy as training may meet it, of numbers that `f32` holds: uniform on [-8, 8] for games of one parameter,
/// standard normal for others.
pub fn policy<const N: usize>(stream: &mut Stream) -> [[f64; N]; 2] {
    let mut draw = || match N {
        1 => stream.uniform(-8.0, 8.0),
        _ => stream.normal(),
    };
    [(); 2].map(|()| [(); N].map(|()| f64::from(draw() as f32)))
}

/// A direction of numbers that `f32` holds.
pub fn direction<const N: usize>(stream: &mut Stream) -> [[f64; N]; 2] {
    [(); 2].map(|()| [(); N].map(|()| f64::from(stream.normal() as f32)))
}

/// The points that games are compared at.
pub fn points<const N: usize>() -> Vec<Point<N>> {
    let mut stream = Stream::new(1, Purpose::Evaluation, N as u64);
    let mut point = || Point {
        x: policy(&mut stream),
        v: direction(&mut stream),
    };
    (0..POINTS).map(|_| point()).collect()
}

/// What is compared of a game, in the order of [`outputs`].
pub const OPERATIONS: [Operation; 4] = [
    Operation::Value,
    Operation::OwnGradient,
    Operation::Gradient,
    Operation::Hvp,
];
/// Those of them that are derivatives.
const DERIVATIVES: [Operation; 3] = [Operation::OwnGradient, Operation::Gradient, Operation::Hvp];

/// Values, own gradients, gradients, and the Hessians times `v`.
pub fn outputs<S: Packed, G: Game<N>, const N: usize>(game: &G, points: &[Point<N>]) -> [Vec<f64>; 4] {
    in_lanes(points, |group| {
        let x: [[S; N]; 2] = pack_rows(|l| group[l].x);
        let v: [[S; N]; 2] = pack_rows(|l| group[l].v);
        let gradient = Player::BOTH.map(|player| game.gradient(player, &x));
        let hvp = Player::BOTH.map(|player| game.hvp(player, &x, &v));
        [
            game.value(&x).to_vec(),
            game.own_gradients(&x).concat(),
            gradient.concat().concat(),
            hvp.concat().concat(),
        ]
    })
}

/// The [sensitivities] of [`outputs`].
pub fn output_sensitivities<G: Game<N> + Nudged, const N: usize>(game: &G, points: &[Point<N>]) -> [f64; 4] {
    sensitivities(|nudge| {
        let moved: Vec<Point<N>> = points.iter().map(|point| point.nudged(nudge)).collect();
        outputs::<f64, _, N>(&game.nudged(nudge), &moved)
    })
}

/// The fields of one learner.
pub fn fields<S: Packed, G: Game<N>, const N: usize>(
    (learner, alpha): (LearnerName, f64),
    game: &G,
    points: &[Point<N>],
) -> [Vec<f64>; 1] {
    in_lanes(points, |group| {
        let x: [[S; N]; 2] = pack_rows(|l| group[l].x);
        [learner.field(alpha, game, &x).concat()]
    })
}

/// The [sensitivity](sensitivities) of [`fields`].
pub fn field_sensitivity<G: Game<N> + Nudged, const N: usize>(
    learner: (LearnerName, f64),
    game: &G,
    points: &[Point<N>],
) -> [f64; 1] {
    sensitivities(|nudge| {
        let mut fields_of_points = Vec::new();
        for point in points {
            let game = MovedGradients::new(game.nudged(nudge), game.has_log_odds(), nudge);
            let [field] = fields::<f64, _, N>(learner, &game, &[point.nudged(nudge)]);
            fields_of_points.extend(field);
        }
        [fields_of_points]
    })
}

/// Forwards nothing but the value: derivatives are those that [`Game`] makes of dual numbers.
struct OnlyValue<'a, G>(&'a G);

impl<G: Game<N>, const N: usize> Game<N> for OnlyValue<'_, G> {
    fn value<S: Scalar>(&self, x: &[[S; N]; 2]) -> [S; 2] {
        self.0.value(x)
    }
}

/// Gradients as limits of differences of values, Hessian-vector products as those of gradients.
fn by_differences<G: Game<N>, const N: usize>(game: &G, points: &[Point<N>]) -> [Vec<f64>; 3] {
    let (mut own, mut gradient, mut hvp) = (Vec::new(), Vec::new(), Vec::new());
    for Point { x, v } in points {
        for player in Player::BOTH {
            for i in 0..2 {
                for n in 0..N {
                    let slope = central(|h| game.value(&moved(x, i, n, h))[player.index()]);
                    gradient.push(slope);
                    if i == player.index() {
                        own.push(slope);
                    }
                    hvp.push(central(|h| game.gradient(player, &along(x, v, h))[i][n]));
                }
            }
        }
    }
    [own, gradient, hvp]
}

/// A learner's field as the limit of differences of what it climbs: its own return after the step that it foresees.
fn field_by_differences<G: Game<N>, const N: usize>(
    (learner, alpha): (LearnerName, f64),
    game: &G,
    points: &[Point<N>],
) -> [Vec<f64>; 1] {
    let opponent = match learner {
        LearnerName::Naive | LearnerName::Hola0 => None,
        LearnerName::LookAhead | LearnerName::Lola | LearnerName::Hola1 | LearnerName::LolaTaylor => {
            Some(LearnerName::Naive)
        }
        LearnerName::Hola2 => Some(LearnerName::Lola),
        LearnerName::Hola3 => Some(LearnerName::Hola2),
    };
    let mut field = Vec::new();
    for Point { x, .. } in points {
        for player in Player::BOTH {
            let (i, j) = (player.index(), player.opponent().index());
            let objective = |y: [[f64; N]; 2]| {
                let Some(opponent) = opponent else {
                    return game.value(&y)[i];
                };
                // LookAhead holds the step constant.
                let seen_from = if learner == LearnerName::LookAhead { x } else { &y };
                let step = opponent.field(alpha, game, seen_from)[j];
                if learner == LearnerName::LolaTaylor {
                    let by_opponent = game.gradient(player, &y)[j];
                    let rise: f64 = by_opponent.iter().zip(&step).map(|(d, step)| d * step).sum();
                    return game.value(&y)[i] + alpha * rise;
                }
                let mut after = y;
                for n in 0..N {
                    after[j][n] += alpha * step[n];
                }
                game.value(&after)[i]
            };
            field.extend((0..N).map(|n| central(|h| objective(moved(x, i, n, h)))));
        }
    }
    [field]
}

/// All games and learners on the CPU's engines.
pub fn check(report: &mut Report) {
    for built_in in GAMES {
        match built_in.game {
            AnyGame::Plane(game) => check_game::<_, 1>(report, &built_in, &game),
            AnyGame::IteratedMatrix(game) => check_game::<_, 5>(report, &built_in, &game),
        }
    }
}

fn check_game<G: Game<N> + Nudged, const N: usize>(report: &mut Report, built_in: &BuiltIn, game: &G) {
    let points = points::<N>();
    let duals = Basis::Derived(Derivative::Duals);
    let differences = Basis::Derived(Derivative::Differences);
    let reference = outputs::<f64, _, N>(game, &points);
    let sensitivity = output_sensitivities(game, &points);
    let [_, own, gradient, hvp] = &reference;
    let derived = [own.clone(), gradient.clone(), hvp.clone()];
    let by_duals = |[_, own, gradient, hvp]: [Vec<f64>; 4]| [own, gradient, hvp];
    let spread = Spread {
        sensitivities: sensitivity,
        deviations: deviations(RUNS, &reference, || outputs::<Stochastic, _, N>(game, &points)),
    };
    let derived_spread = spread.of([1, 2, 3]);
    let dual_spread = derived_spread.deviating(deviations(RUNS, &derived, || {
        by_duals(outputs::<Stochastic, _, N>(&OnlyValue(game), &points))
    }));
    let name = built_in.name;
    for (engine, spread, got) in [
        (
            Engine::F64,
            dual_spread.and(&derived_spread),
            by_duals(outputs::<f64, _, N>(&OnlyValue(game), &points)),
        ),
        (
            Engine::F32,
            dual_spread,
            by_duals(outputs::<f32, _, N>(&OnlyValue(game), &points)),
        ),
        (
            Engine::Lanes,
            dual_spread,
            by_duals(outputs::<Number, _, N>(&OnlyValue(game), &points)),
        ),
    ] {
        report.compare(name, DERIVATIVES, (engine, duals), &got, &derived, &spread);
    }
    let got = by_differences(game, &points);
    let spread_of_differences = derived_spread.deviating([
        deviation(&reference[0], spread.deviations[0], own),
        deviation(&reference[0], spread.deviations[0], gradient),
        deviation(gradient, spread.deviations[2], hvp),
    ]);
    report.compare(
        name,
        DERIVATIVES,
        (Engine::F64, differences),
        &got,
        &derived,
        &spread_of_differences,
    );
    for (engine, got) in [
        (Engine::F32, outputs::<f32, _, N>(game, &points)),
        (Engine::Lanes, outputs::<Number, _, N>(game, &points)),
    ] {
        report.compare(name, OPERATIONS, (engine, Basis::Reference), &got, &reference, &spread);
    }
    for learner in LearnerName::ALL {
        let operation = [Operation::Learner(learner)];
        let learner = (learner, built_in.alpha);
        let reference = fields::<f64, _, N>(learner, game, &points);
        let spread = Spread {
            sensitivities: field_sensitivity(learner, game, &points),
            deviations: deviations(RUNS, &reference, || fields::<Stochastic, _, N>(learner, game, &points)),
        };
        let by_duals = || fields::<Stochastic, _, N>(learner, &OnlyValue(game), &points);
        let dual_spread = spread.deviating(deviations(RUNS, &reference, by_duals));
        for (engine, basis, spread, got) in [
            (
                Engine::F64,
                duals,
                dual_spread.and(&spread),
                fields::<f64, _, N>(learner, &OnlyValue(game), &points),
            ),
            (
                Engine::F64,
                differences,
                Spread::counted(spread.sensitivities),
                field_by_differences(learner, game, &points),
            ),
            (
                Engine::F32,
                Basis::Reference,
                spread,
                fields::<f32, _, N>(learner, game, &points),
            ),
        ] {
            report.compare(name, operation, (engine, basis), &got, &reference, &spread);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A payoff that is off by one part in 100 000 is seen.
    #[test]
    fn a_payoff_slightly_off_is_seen() {
        let game = IteratedMatrix::PRISONERS_DILEMMA;
        let mut wrong = game;
        wrong.payoffs[0][0] *= 1.0 + 1e-5;
        let points = points::<5>();
        let reference = outputs::<f64, _, 5>(&game, &points);
        let spread = Spread {
            sensitivities: output_sensitivities(&game, &points),
            deviations: deviations(RUNS, &reference, || outputs::<Stochastic, _, 5>(&game, &points)),
        };
        let failed = |game: &IteratedMatrix| {
            let mut report = Report::default();
            let got = outputs::<f32, _, 5>(game, &points);
            let against = (Engine::F32, Basis::Reference);
            report.compare("ipd", OPERATIONS, against, &got, &reference, &spread);
            println!("{}", report.table());
            report.checks.iter().filter(|check| !check.ok()).count()
        };
        assert_eq!(failed(&game), 0);
        assert!(failed(&wrong) > 0);
    }
}
