//! Laws of the learners.

use meva_core::game::{Bilinear, IteratedMatrix, Tandem};
use meva_core::kernels::Portable;
use meva_core::learner::meta_value::{Field, REACH};
use meva_core::learner::{
    Cgd, Consensus, Extragradient, Hola, KLevel, Learner, LearnerName, Lola, Lola2018, LolaTaylor, LookAhead,
    MetaValueLearner, Naive, Sga, Sos,
};
use meva_core::meta_value::{MetaValue, Tape};
use meva_core::random::{Purpose, Stream};
use meva_core::scalar::Real;
use meva_core::{Game, Player, Players, game};
use meva_tests::compare::{Check, Ledger, Scale};
use meva_tests::games::{self, BuiltIn, Visit};
use meva_tests::number::Number;
use meva_tests::tolerance::{Law, Precision};

use crate::{SIGMOID, TENTH, points, round, theta, wide};

const POINTS: u64 = 6;

/// What agents follow.
type Follow<'a, const N: usize> = dyn Fn(&[[f64; N]; 2]) -> [[f64; N]; 2] + 'a;

/// With an imagined step of length 0, every learner is naive.
#[test]
fn without_a_step_all_are_naive() {
    struct Walk<'a>(&'a mut Ledger);
    impl Walk<'_> {
        fn check<T: Real + Number, G: Game<N>, const N: usize>(&mut self, name: &str, game: &G, x: &[[f64; N]; 2]) {
            let x = round::<T, N>(x);
            let alpha = 0.0;
            let lola = Lola::new(alpha);
            let fields = [
                LookAhead { alpha }.field(game, &x),
                lola.field(game, &x),
                LolaTaylor { alpha }.field(game, &x),
                Hola { alpha, opponent: lola }.field(game, &x),
                Lola2018 { alpha }.field(game, &x),
                Sos { alpha }.field(game, &x),
                Consensus { alpha }.field(game, &x),
                Sga { alpha }.field(game, &x),
                Cgd { alpha }.field(game, &x),
                Extragradient { alpha }.field(game, &x),
                KLevel { alpha, levels: 3 }.field(game, &x),
            ];
            let naive = wide(Naive.field(game, &x).as_flattened());
            for field in fields {
                self.0.equal(name, &wide(field.as_flattened()), &naive);
            }
        }
    }
    impl Visit for Walk<'_> {
        fn visit<G: Game<N> + BuiltIn, const N: usize>(&mut self, name: &str, game: G) {
            for x in points::<N>(POINTS) {
                self.check::<f64, G, N>(name, &game, &x);
                // In f32 the analytic row rounds in the same way for both players together and for one alone.
                self.check::<f32, G, N>(name, &game, &x);
            }
        }
    }
    let mut ledger = Ledger::default();
    for name in games::ALL {
        games::visit(name, &mut Walk(&mut ledger));
    }
    ledger.finish();
}

/// LOLA differs from its Taylor expansion by terms of second order: half the step gives a quarter of the difference.
#[test]
fn the_taylor_expansion_is_of_first_order() {
    struct Walk<'a>(&'a mut Ledger);
    impl Visit for Walk<'_> {
        fn visit<G: Game<N> + BuiltIn, const N: usize>(&mut self, name: &str, game: G) {
            for x in points::<N>(POINTS) {
                let rest = |alpha: f64, factor: f64| -> Vec<f64> {
                    let (lola, taylor) = (Lola::new(alpha).field(&game, &x), LolaTaylor { alpha }.field(&game, &x));
                    let pairs = lola.concat().into_iter().zip(taylor.concat());
                    pairs
                        .map(|(lola, taylor)| factor * (lola - taylor) / (alpha * alpha))
                        .collect()
                };
                let alpha = 1e-4;
                let label = format!("{name} at {x:?}");
                let mut check = Check::new(Law::TaylorOrder, label, rest(alpha, 1.0), rest(alpha / 2.0, 1.0));
                let field = Naive
                    .field(&game, &x)
                    .concat()
                    .into_iter()
                    .map(f64::abs)
                    .fold(0.0, f64::max);
                check.scale = Scale::RmsPlus(field);
                self.0.check(Precision::Double, &check);
            }
        }
    }
    let mut ledger = Ledger::default();
    for name in games::ALL {
        games::visit(name, &mut Walk(&mut ledger));
    }
    ledger.finish();
}

/// LOLA and HOLA2 ascend `f_i(x_i, x_j + alpha step_j(x))`: finite differences of that surrogate give their fields.
#[test]
fn fields_are_limits_of_differences_of_surrogates() {
    struct Walk<'a>(&'a mut Ledger);
    impl Visit for Walk<'_> {
        fn visit<G: Game<N> + BuiltIn, const N: usize>(&mut self, name: &str, game: G) {
            const H: f64 = 1e-3;
            let alpha = 0.1;
            let lola = Lola::new(alpha);
            let hola2 = Hola { alpha, opponent: lola };
            for x in points::<N>(POINTS) {
                let mut check = |level: &str, field: [[f64; N]; 2], step: &Follow<'_, N>| {
                    for player in Player::BOTH {
                        let (i, j) = (player.index(), player.opponent().index());
                        let surrogate = |k: usize, h: f64| {
                            let mut y = x;
                            y[i][k] += h;
                            let steps = step(&y);
                            for (y, step) in y[j].iter_mut().zip(steps[j]) {
                                *y += alpha * step;
                            }
                            game.value(&y)[i]
                        };
                        let slope = |k: usize, h: f64| (surrogate(k, h) - surrogate(k, -h)) / (2.0 * h);
                        let expected: Vec<f64> =
                            (0..N).map(|k| (4.0 * slope(k, H / 2.0) - slope(k, H)) / 3.0).collect();
                        let label = format!("{level}, {name} at {x:?}");
                        let mut check = Check::new(Law::FiniteDifference, label, field[i].to_vec(), expected);
                        check.scale = Scale::RmsPlus(game.value(&x)[i].abs());
                        self.0.check(Precision::Double, &check);
                    }
                };
                check("LOLA", lola.field(&game, &x), &|x| Naive.field(&game, x));
                check("HOLA2", hola2.field(&game, &x), &|x| lola.field(&game, x));
            }
        }
    }
    let mut ledger = Ledger::default();
    for name in games::ALL {
        games::visit(name, &mut Walk(&mut ledger));
    }
    ledger.finish();
}

/// In a symmetric game, if players swap policies, their directions are swapped.
#[test]
fn swapped_players_swap_fields() {
    struct Walk<'a>(&'a mut Ledger);
    impl Visit for Walk<'_> {
        fn visit<G: Game<N> + BuiltIn, const N: usize>(&mut self, name: &str, game: G) {
            let alpha = 0.5;
            for x in points::<N>(POINTS) {
                let swapped = [x[1], x[0]];
                let mut check = |learner: &str, [a, b]: [[f64; N]; 2], there: [[f64; N]; 2]| {
                    let label = format!("{learner}, {name} at {x:?}");
                    let mut check = Check::new(Law::Swap, label, there.concat(), [b, a].concat());
                    // Each level of a learner multiplies what it follows by second derivatives of this size.
                    let size = game.value(&x).into_iter().map(f64::abs).fold(0.0, f64::max);
                    check.scale = Scale::RmsPlus(size);
                    self.0.check(Precision::Double, &check);
                };
                macro_rules! learners {
                    ($($learner:expr),*) => {
                        $(check(stringify!($learner), $learner.field(&game, &x), $learner.field(&game, &swapped));)*
                    };
                }
                let lola = Lola::new(alpha);
                let hola2 = Hola { alpha, opponent: lola };
                learners!(
                    Naive,
                    LookAhead { alpha },
                    lola,
                    LolaTaylor { alpha },
                    hola2,
                    Lola2018 { alpha }
                );
                learners!(
                    Consensus { alpha },
                    Extragradient { alpha },
                    KLevel { alpha, levels: 2 }
                );
            }
        }
    }
    let mut ledger = Ledger::default();
    for name in ["logistic", "tandem", "iterated_prisoners_dilemma", "iterated_chicken"] {
        games::visit(name, &mut Walk(&mut ledger));
    }
    ledger.finish();
}

/// Without look-ahead a correction has no effect; with look-ahead alone, the normalised field is the network's gradient.
#[test]
fn meta_values_at_the_ends_of_gamma() {
    fn check<T: Real + Number>(ledger: &mut Ledger) {
        let game = game::IteratedMatrix::PRISONERS_DILEMMA;
        let theta = theta::<T, 5, 12, 2, 6>();
        let network = MetaValue::new(&theta, SIGMOID);
        for x in points::<5>(POINTS) {
            let label = format!("{x:?}");
            let x = round::<T, 5>(&x);
            let field = |field, gamma| {
                wide(
                    MetaValueLearner { network, field, gamma }
                        .field(&game, &x)
                        .as_flattened(),
                )
            };
            let naive = wide(Naive.field(&game, &x).as_flattened());
            ledger.equal(&label, &field(Field::U, [0.0; 2]), &naive);
            ledger.equal(&label, &field(Field::UNormalized, [0.0; 2]), &naive);
            ledger.equal(&label, &field(Field::UNormalized, [1.0; 2]), &field(Field::V, [1.0; 2]));
            ledger.equal(&label, &field(Field::URoot, [0.0; 2]), &naive);
            // Between the ends, the network's gradient counts gamma times the root of the horizon.
            let (root, v) = (field(Field::URoot, [0.75; 2]), field(Field::V, [0.75; 2]));
            let weight = T::round(0.75) / (T::round(REACH) - T::round(0.75)).sqrt();
            let sum: Vec<f64> = (0..10)
                .map(|k| (T::round(naive[k]) + weight * T::round(v[k])).to_f64())
                .collect();
            ledger.equal(&label, &root, &sum);
            // Each player has its own discount: the network's gradient at this pair of discounts is V's field.
            let (u, v) = (field(Field::U, [0.0, 1.0]), field(Field::V, [0.0, 1.0]));
            ledger.equal(&label, &u[..5], &naive[..5]);
            let sum: Vec<f64> = (5..10)
                .map(|k| (T::round(naive[k]) + T::round(v[k])).to_f64())
                .collect();
            ledger.equal(&label, &u[5..], &sum);
        }
    }
    let mut ledger = Ledger::default();
    check::<f64>(&mut ledger);
    check::<f32>(&mut ledger);
    ledger.finish();
}

/// The field of V is the network's own gradient, whether in the caller's memory or in its own.
#[test]
fn the_field_of_v_is_the_own_gradient() {
    fn check<T: Real + Number>(ledger: &mut Ledger) {
        let theta = theta::<T, 1, 8, 1, 4>();
        let network = MetaValue::new(&theta, TENTH);
        let learner = MetaValueLearner {
            network,
            field: Field::V,
            gamma: [0.3, 0.9],
        };
        let mut tape = Tape::ZERO;
        for x in points::<1>(POINTS) {
            let label = format!("{x:?}");
            let x = round::<T, 1>(&x);
            network.forward(&Portable, &x, &learner.gamma.map(T::round), Players::Both, &mut tape);
            let own = Player::BOTH.map(|player| network.own_gradient(&Portable, player, None, &tape));
            let in_place = learner.field_in(&Portable, &game::Logistic, &x, &mut tape);
            ledger.identical(
                &label,
                &wide(learner.field(&game::Logistic, &x).as_flattened()),
                &wide(own.as_flattened()),
            );
            ledger.identical(&label, &wide(in_place.as_flattened()), &wide(own.as_flattened()));
        }
    }
    let mut ledger = Ledger::default();
    check::<f64>(&mut ledger);
    check::<f32>(&mut ledger);
    ledger.finish();
}

/// Where a learner that starts at `x` is after so many steps.
fn end<G: Game<N>, const N: usize>(
    learner: LearnerName,
    alpha: f64,
    game: &G,
    x: [[f64; N]; 2],
    rate: f64,
    steps: usize,
) -> [[f64; N]; 2] {
    let mut x = x;
    for _ in 0..steps {
        let field = learner.field(alpha, game, &x);
        for i in 0..2 {
            for n in 0..N {
                x[i][n] += rate * field[i][n];
            }
        }
    }
    x
}

/// In the bilinear game naive learning spirals outwards, LookAhead without shaping and the comparators inwards.
#[test]
fn comparators_converge_on_the_bilinear_game() {
    let radius = |learner, rate| {
        let [[a], [b]] = end(learner, 0.5, &Bilinear, [[1.0], [-2.0]], rate, 200);
        a.hypot(b) / 1.0_f64.hypot(2.0)
    };
    assert!(radius(LearnerName::Naive, 0.2) > 10.0, "naive learners spiral outwards");
    for learner in [
        LearnerName::Cgd,
        LearnerName::Sga,
        LearnerName::Consensus,
        LearnerName::Extragradient,
        LearnerName::LookAhead,
        LearnerName::Sos,
    ] {
        let radius = radius(learner, 0.2);
        assert!(radius < 1e-3, "{learner}: {radius} of the initial distance is left");
    }
    // With steps of its own length, competitive gradient descent contracts by 1 / sqrt(1 + alpha^2) each.
    let [[a], [b]] = end(LearnerName::Cgd, 0.5, &Bilinear, [[1.0], [-2.0]], 0.5, 10);
    assert!((a.hypot(b) - 5.0_f64.sqrt() * 1.25_f64.powf(-5.0)).abs() < 1e-12);
}

/// The fixed points of the Tandem game have `x_0 + x_1 = 1`. SOS comes to rest there; LOLA and what it published in 2018
/// come to rest elsewhere.
#[test]
fn sos_keeps_fixed_points_that_lola_loses() {
    let sum = |learner| {
        let [[a], [b]] = end(learner, 0.1, &Tandem, [[1.5], [-0.25]], 0.1, 2000);
        a + b
    };
    for (learner, expected) in [
        (LearnerName::Naive, 1.0),
        (LearnerName::LookAhead, 1.0),
        (LearnerName::Sos, 1.0),
        (LearnerName::Cgd, 1.0),
        (LearnerName::Lola, 1.3125),
        (LearnerName::LolaTaylor, 4.0 / 3.0),
    ] {
        let sum = sum(learner);
        assert!((sum - expected).abs() < 1e-6, "{learner} rests at {sum}");
    }
}

/// Both players' returns on the prisoner's dilemma after 300 steps of 25 from `count` standard normal policies, each with
/// its standard error: the published tournaments, in the unit of this crate's returns.
fn tournament(players: [LearnerName; 2], count: usize) -> [(f64, f64); 2] {
    const UNIT: f64 = 25.0;
    let game = IteratedMatrix::PRISONERS_DILEMMA;
    let mut stream = Stream::new(1, Purpose::Evaluation, 0);
    let mut play = || {
        let mut x = [(); 2].map(|()| [(); 5].map(|()| stream.normal()));
        for _ in 0..300 {
            let steps = Player::BOTH.map(|player| players[player.index()].direction(UNIT, &game, player, &x));
            for (x, step) in x.as_flattened_mut().iter_mut().zip(steps.as_flattened()) {
                *x += UNIT * step;
            }
        }
        game.value(&x)
    };
    let returns: Vec<[f64; 2]> = (0..count).map(|_| play()).collect();
    [0, 1].map(|i| {
        let n = count as f64;
        let mean = returns.iter().map(|returns| returns[i]).sum::<f64>() / n;
        let squares: f64 = returns
            .iter()
            .map(|returns| (returns[i] - mean) * (returns[i] - mean))
            .sum();
        (mean, (squares / (n - 1.0) / n).sqrt())
    })
}

/// SOS cooperates as LOLA does, where naive learners defect.
#[test]
fn sos_cooperates_as_lola_does() {
    let [naive, lola, sos] =
        [LearnerName::Naive, LearnerName::LolaTaylor, LearnerName::Sos].map(|learner| tournament([learner; 2], 96)[0]);
    println!("naive {naive:?}, LOLA {lola:?}, SOS {sos:?}");
    assert!(naive.0 < -1.9, "{naive:?}");
    assert!(
        (sos.0 - lola.0).abs() < 3.0 * sos.1.hypot(lola.1),
        "SOS {sos:?}, LOLA {lola:?}"
    );
}

/// The authors of meta-values played this LOLA: -1.041 in self-play, -1.357 against a naive learner, which gets -1.377.
#[test]
fn lola_of_2018_has_its_published_returns() {
    let (lola, naive) = (LearnerName::Lola2018, LearnerName::Naive);
    let [one, _] = tournament([lola; 2], 256);
    let [against, other] = tournament([lola, naive], 256);
    println!("in self-play {one:?}, against naive {against:?}, which gets {other:?}");
    for ((mean, error), published) in [(one, -1.041), (against, -1.357), (other, -1.377)] {
        assert!(
            (mean - published).abs() < 3.0 * error,
            "{mean} +- {error}, published {published}"
        );
    }
}
