//! Laws of the learners.

use meva_core::kernels::Portable;
use meva_core::learner::meta_value::Field;
use meva_core::learner::{Hola, Learner, Lola, LolaTaylor, LookAhead, MetaValueLearner, Naive};
use meva_core::meta_value::{MetaValue, Tape};
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
                learners!(Naive, LookAhead { alpha }, lola, LolaTaylor { alpha }, hola2);
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
