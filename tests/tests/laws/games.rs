//! Laws of the games.

use meva_core::game::{IteratedMatrix, Logistic, Tandem};
use meva_core::learner::{Learner, Lola, LookAhead, Naive};
use meva_core::scalar::Real;
use meva_core::{Game, Player, Scalar};
use meva_tests::compare::{Check, Ledger, Scale};
use meva_tests::games::{self, BuiltIn, Visit, outputs, scales};
use meva_tests::number::Number;
use meva_tests::tolerance::{Law, Precision};

use crate::{points, round, wide};

const POINTS: u64 = 12;

/// Runs a law on each built-in game, in both precisions.
macro_rules! on_games {
    ($(#[$doc:meta])* $name:ident in $games:expr, |$ledger:ident, $label:ident, $game:ident, $x:ident : $t:ident| $law:block) => {
        $(#[$doc])*
        #[test]
        fn $name() {
            struct Walk<'a, T>(&'a mut Ledger, std::marker::PhantomData<T>);
            impl<$t: Real + Number> Visit for Walk<'_, $t> {
                fn visit<G: Game<N> + BuiltIn, const N: usize>(&mut self, name: &str, $game: G) {
                    for $x in points::<N>(POINTS) {
                        let $label = format!("{name} at {:?}", $x);
                        let $ledger = &mut *self.0;
                        $law
                    }
                }
            }
            let mut ledger = Ledger::default();
            for name in $games {
                games::visit(name, &mut Walk(&mut ledger, std::marker::PhantomData::<f64>));
                games::visit(name, &mut Walk(&mut ledger, std::marker::PhantomData::<f32>));
            }
            ledger.finish();
        }
    };
}

/// Two directions for the point `x`.
fn directions<const N: usize>(x: &[[f64; N]; 2]) -> [[[f64; N]; 2]; 2] {
    let [row, other] = *x;
    [
        [other.map(|x| x - 0.5), row.map(|x| 1.0 - x)],
        [row.map(|x| x.sin()), other.map(|x| x.cos())],
    ]
}

fn dot<'a, T: Real>(a: impl IntoIterator<Item = &'a T>, b: impl IntoIterator<Item = &'a T>) -> (f64, f64) {
    let terms = a.into_iter().zip(b).map(|(a, b)| a.to_f64() * b.to_f64());
    terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()))
}

on_games! {
    /// u . H v = v . H u
    hessians_are_symmetric in games::ALL, |ledger, label, game, x: T| {
        let [u, v] = directions(&x).map(|d| round::<T, N>(&d));
        let at = round(&x);
        for player in Player::BOTH {
            let (hu, hv) = (game.hvp(player, &at, &u), game.hvp(player, &at, &v));
            let (left, size) = dot(u.as_flattened(), hv.as_flattened());
            let (right, _) = dot(v.as_flattened(), hu.as_flattened());
            let mut check = Check::new(Law::HessianSymmetry, &label, vec![left], vec![right]);
            check.scale = Scale::RmsPlus(size);
            ledger.check(T::precision(), &check);
        }
    }
}

on_games! {
    /// H (2 u - 3 v) = 2 H u - 3 H v
    hvps_are_linear in games::ALL, |ledger, label, game, x: T| {
        let [u, v] = directions(&x);
        let both = core::array::from_fn(|i| core::array::from_fn(|k| 2.0 * u[i][k] - 3.0 * v[i][k]));
        let at = round::<T, N>(&x);
        for player in Player::BOTH {
            let of = |direction: &[[f64; N]; 2]| wide(game.hvp(player, &at, &round(direction)).as_flattened());
            let (hu, hv) = (of(&u), of(&v));
            let expected: Vec<f64> = hu.iter().zip(&hv).map(|(u, v)| 2.0 * u - 3.0 * v).collect();
            let size = hu.iter().chain(&hv).map(|h| h.abs()).fold(0.0, f64::max);
            let mut check = Check::new(Law::HessianLinearity, &label, of(&both), expected);
            check.scale = Scale::RmsPlus(size);
            ledger.check(T::precision(), &check);
        }
    }
}

/// Forwards only the value: the derivatives are those that the trait computes with dual numbers.
#[derive(Clone, Copy)]
struct OnlyValue<G>(G);

impl<G: Game<N>, const N: usize> Game<N> for OnlyValue<G> {
    fn value<S: Scalar>(&self, x: &[[S; N]; 2]) -> [S; 2] {
        self.0.value(x)
    }
}

on_games! {
    /// The analytic derivatives equal those of dual numbers.
    derivatives_are_those_of_duals in games::ALL, |ledger, label, game, x: T| {
        let [v, _] = directions(&x);
        let (at, along) = (round::<T, N>(&x), round(&v));
        let scales = scales(T::precision(), &game, &x, &v);
        let (analytic, by_duals) = (outputs(&game, &at, &along), outputs(&OnlyValue(game), &at, &along));
        for (((key, got), (_, expected)), scale) in analytic.iter().zip(&by_duals).zip(scales) {
            let mut check = Check::new(Law::Duals, format!("{key} of {label}"), wide(got), wide(expected));
            check.scale = scale;
            ledger.check(T::precision(), &check);
        }
    }
}

on_games! {
    /// A reference to a game behaves as the game.
    references_are_games in games::ALL, |ledger, label, game, x: T| {
        let [v, _] = directions(&x);
        let (at, along) = (round::<T, N>(&x), round(&v));
        for ((key, got), (_, expected)) in outputs(&&game, &at, &along).iter().zip(&outputs(&game, &at, &along)) {
            ledger.identical(&format!("{key} of {label}"), &wide(got), &wide(expected));
        }
    }
}

const SYMMETRIC: [&str; 4] = ["logistic", "tandem", "iterated_prisoners_dilemma", "iterated_chicken"];

fn swap<T: Copy>([a, b]: [T; 2]) -> [T; 2] {
    [b, a]
}

on_games! {
    /// In a symmetric game, if players swap policies, returns and gradients are swapped.
    swapped_players_swap_everything in SYMMETRIC, |ledger, label, game, x: T| {
        let scales = scales(T::precision(), &game, &x, &x);
        let (here, there) = (round::<T, N>(&x), round::<T, N>(&swap(x)));
        let mut compare = |what: &str, got: Vec<T>, expected: Vec<T>, scale| {
            let mut check = Check::new(Law::Swap, format!("{what} of {label}"), wide(&got), wide(&expected));
            check.scale = scale;
            ledger.check(T::precision(), &check);
        };
        compare("values", game.value(&there).to_vec(), swap(game.value(&here)).to_vec(), scales[0]);
        let gradients = swap(game.own_gradients(&here));
        compare("own gradients", game.own_gradients(&there).concat(), gradients.concat(), scales[1]);
        for player in Player::BOTH {
            let gradient = swap(game.gradient(player.opponent(), &here));
            compare("gradients", game.gradient(player, &there).concat(), gradient.concat(), scales[2]);
        }
    }
}

on_games! {
    /// In matching pennies, one player's gain is the other's loss, to the last bit.
    matching_pennies_sum_to_zero in ["iterated_matching_pennies"], |ledger, label, game, x: T| {
        let at = round::<T, N>(&x);
        let [a, b] = game.value(&at);
        ledger.equal(&label, &[a.to_f64()], &[-b.to_f64()]);
        let [a, b] = Player::BOTH.map(|player| wide(game.gradient(player, &at).as_flattened()));
        ledger.equal(&label, &a, &b.iter().map(|b| -b).collect::<Vec<_>>());
    }
}

on_games! {
    /// Only matching counts, not who plays what: swapping policies changes nothing.
    matching_pennies_do_not_know_the_players in ["iterated_matching_pennies"], |ledger, label, game, x: T| {
        let [scale, ..] = scales(T::precision(), &game, &x, &x);
        let (got, expected) = (game.value(&round::<T, N>(&swap(x))), game.value(&round::<T, N>(&x)));
        let mut check = Check::new(Law::Swap, &label, wide(&got), wide(&expected));
        check.scale = scale;
        ledger.check(T::precision(), &check);
    }
}

/// `(f(x + h e) - f(x - h e)) / 2 h` with two step lengths, combined so that the error of order `h^2` cancels.
fn central(f: impl Fn(f64) -> f64) -> f64 {
    const H: f64 = 1e-3;
    let slope = |h: f64| (f(h) - f(-h)) / (2.0 * h);
    (4.0 * slope(H / 2.0) - slope(H)) / 3.0
}

on_games! {
    /// Gradients and Hessian-vector products agree with finite differences. (In f32 finite differences are meaningless.)
    derivatives_are_limits_of_differences in games::ALL, |ledger, label, game, x: T| {
        if T::precision() == Precision::Double {
            let [v, _] = directions(&x);
            for player in Player::BOTH {
                let moved = |i: usize, k: usize, h: f64| {
                    let mut x = x;
                    x[i][k] += h;
                    game.value(&x)[player.index()]
                };
                let mut expected = Vec::new();
                for i in 0..2 {
                    for k in 0..N {
                        expected.push(central(|h| moved(i, k, h)));
                    }
                }
                let got = game.gradient(player, &x).concat();
                let mut check = Check::new(Law::FiniteDifference, format!("gradient of {label}"), got, expected);
                check.scale = Scale::RmsPlus(game.value(&x)[player.index()].abs());
                ledger.check(Precision::Double, &check);

                let along = |h: f64| core::array::from_fn(|i| core::array::from_fn(|k| x[i][k] + h * v[i][k]));
                let component = |index: usize| central(|h| game.gradient(player, &along(h)).as_flattened()[index]);
                let expected: Vec<f64> = (0..2 * N).map(component).collect();
                let got = game.hvp(player, &x, &v).concat();
                let size = game.gradient(player, &x).as_flattened().iter().map(|g| g.abs()).fold(0.0, f64::max);
                let mut check = Check::new(Law::FiniteDifference, format!("hvp of {label}"), got, expected);
                check.scale = Scale::RmsPlus(size);
                ledger.check(Precision::Double, &check);
            }
        }
    }
}

on_games! {
    /// Log-odds of +-50 and +-1000 give finite returns and derivatives, together with ordinary ones.
    saturated_policies_stay_finite in games::ALL, |ledger, label, game, x: T| {
        for extreme in [-1000.0, -50.0, 50.0, 1000.0] {
            for owners in [[true, false], [false, true], [true, true]] {
                let mut at = x;
                for (row, _) in at.iter_mut().zip(owners).filter(|(_, owner)| *owner) {
                    row.fill(extreme);
                }
                for (key, got) in outputs(&game, &round::<T, N>(&at), &round(&x)) {
                    let got = wide(&got);
                    // Comparing a number with itself checks that it is finite.
                    ledger.identical(&format!("{key} of {label} with {extreme} for {owners:?}"), &got, &got);
                }
            }
        }
    }
}

/// Players with constant policies repeat one joint action, and its payoff is the return.
#[test]
fn constant_policies_earn_the_payoffs() {
    fn check<T: Real + Number>(ledger: &mut Ledger) {
        for game in [
            IteratedMatrix::PRISONERS_DILEMMA,
            IteratedMatrix::MATCHING_PENNIES,
            IteratedMatrix::CHICKEN,
        ] {
            for (state, actions) in [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
                .into_iter()
                .enumerate()
            {
                for log_odds in [50.0, 1000.0] {
                    let x = actions.map(|sign| [T::round(sign * log_odds); 5]);
                    let label = format!("{game:?} in state {state}");
                    let (got, expected) = (wide(&game.value(&x)), game.payoffs[state].to_vec());
                    ledger.check(T::precision(), &Check::new(Law::KnownValue, label, got, expected));
                }
            }
        }
    }
    let mut ledger = Ledger::default();
    check::<f64>(&mut ledger);
    check::<f32>(&mut ledger);
    ledger.finish();
}

/// For any table of payoffs: scaling it scales returns and gradients, shifting it shifts returns and leaves gradients
/// unchanged, and a constant table gives that constant as the return.
#[test]
fn payoff_tables() {
    fn check<T: Real + Number>(ledger: &mut Ledger) {
        let game = IteratedMatrix {
            payoffs: [[3.0, -0.5], [0.25, 4.0], [-1.0, 2.0], [1.5, 0.0]],
            discount: 0.9,
        };
        let map = |f: fn(f64) -> f64| IteratedMatrix {
            payoffs: game.payoffs.map(|row| row.map(f)),
            ..game
        };
        let (scaled, shifted, constant) = (map(|r| -3.0 * r), map(|r| r + 7.0), map(|_| 7.0));
        for x in points::<5>(POINTS) {
            let at = round::<T, 5>(&x);
            let mut compare = |what: &str, got: Vec<f64>, expected: Vec<f64>, size| {
                let label = format!("{what} at {x:?}");
                let mut check = Check::new(Law::PayoffTable, label, got, expected);
                check.scale = Scale::RmsPlus(size);
                ledger.check(T::precision(), &check);
            };
            let (value, gradient) = (wide(&game.value(&at)), wide(&game.own_gradients(&at).concat()));
            let times = |values: &[f64]| values.iter().map(|v| -3.0 * v).collect();
            compare("scaled values", wide(&scaled.value(&at)), times(&value), 0.0);
            compare(
                "scaled gradients",
                wide(&scaled.own_gradients(&at).concat()),
                times(&gradient),
                0.0,
            );
            let plus = value.iter().map(|v| v + 7.0).collect();
            compare("shifted values", wide(&shifted.value(&at)), plus, 7.0);
            compare(
                "shifted gradients",
                wide(&shifted.own_gradients(&at).concat()),
                gradient,
                7.0,
            );
            compare("constant values", wide(&constant.value(&at)), vec![7.0; 2], 0.0);
            compare(
                "constant gradients",
                wide(&constant.own_gradients(&at).concat()),
                vec![0.0; 10],
                7.0,
            );
        }
    }
    let mut ledger = Ledger::default();
    check::<f64>(&mut ledger);
    check::<f32>(&mut ledger);
    ledger.finish();
}

/// With discount 0 only the first turn counts.
#[test]
fn discount_zero_is_the_one_shot_game() {
    fn check<T: Real + Number>(ledger: &mut Ledger) {
        let game = IteratedMatrix {
            discount: 0.0,
            ..IteratedMatrix::CHICKEN
        };
        for x in points::<5>(POINTS) {
            let [a, b] = x.map(|row| (-row[0]).exp().recip()).map(|odds| odds / (1.0 + odds));
            let joint = [(1.0 - a) * (1.0 - b), (1.0 - a) * b, a * (1.0 - b), a * b];
            let expected = [0, 1].map(|i| (0..4).map(|s| joint[s] * game.payoffs[s][i]).sum::<f64>());
            let label = format!("{x:?}");
            let got = wide(&game.value(&round::<T, 5>(&x)));
            let mut check = Check::new(Law::PayoffTable, &label, got, expected.to_vec());
            check.scale = Scale::RmsPlus(100.0);
            ledger.check(T::precision(), &check);
            for gradient in game.own_gradients(&round::<T, 5>(&x)) {
                ledger.equal(&label, &wide(&gradient[1..]), &[0.0; 4]);
            }
        }
    }
    let mut ledger = Ledger::default();
    check::<f64>(&mut ledger);
    check::<f32>(&mut ledger);
    ledger.finish();
}

/// Where `a + b = 1`, players in the Tandem game do not move, whether they learn naively or with LookAhead. LOLA's shaping
/// moves the fixed points to `a + b = (t - 2 alpha) / (1 - 2 alpha)` with `t = 1 / (1 - 2 alpha)`: 1.3125 for alpha 0.1.
#[test]
fn fixed_points_of_the_tandem_game() {
    fn check<T: Real + Number>(ledger: &mut Ledger)
    where
        Naive: Learner<T, 1>,
        LookAhead: Learner<T, 1>,
        Lola: Learner<T, 1>,
    {
        for a in [-3.0, 0.0, 0.5, 2.25] {
            let at = |sum: f64| [[T::round(a)], [T::round(sum - a)]];
            let label = format!("a = {a}");
            ledger.equal(&label, &wide(&Naive.field(&Tandem, &at(1.0)).concat()), &[0.0; 2]);
            let ahead = LookAhead { alpha: 0.1 }.field(&Tandem, &at(1.0));
            ledger.equal(&label, &wide(&ahead.concat()), &[0.0; 2]);
            let lola = Lola::new(0.1).field(&Tandem, &at(1.3125));
            let mut check = Check::new(Law::FixedPoint, label, wide(&lola.concat()), vec![0.0; 2]);
            check.scale = Scale::RmsPlus(2.0);
            ledger.check(T::precision(), &check);
        }
    }
    let mut ledger = Ledger::default();
    check::<f64>(&mut ledger);
    check::<f32>(&mut ledger);
    ledger.finish();
}

/// Naive learners of the Logistic Game end in A from the lower left and in B from the upper right; both prefer B.
#[test]
fn fixed_points_of_the_logistic_game() {
    let mut ledger = Ledger::default();
    let end = |start: f64| {
        let mut x = [[start], [start + 0.5]];
        for _ in 0..20_000 {
            let field = Naive.field(&Logistic, &x);
            x = [0, 1].map(|i| [x[i][0] + field[i][0]]);
        }
        x
    };
    let (a, b) = (end(-5.0), end(5.0));
    for (name, x) in [("A", a), ("B", b)] {
        let label = format!("{name} at {x:?}");
        let mut check = Check::new(
            Law::FixedPoint,
            &label,
            Logistic.own_gradients(&x).concat(),
            vec![0.0; 2],
        );
        check.scale = Scale::RmsPlus(1.0);
        ledger.check(Precision::Double, &check);
        let mut check = Check::new(Law::FixedPoint, label, x[0].to_vec(), x[1].to_vec());
        check.scale = Scale::Rms;
        ledger.check(Precision::Double, &check);
    }
    assert!(a[0][0] < 0.0 && b[0][0] > 0.0, "A {a:?}, B {b:?}");
    let (at_a, at_b) = (Logistic.value(&a), Logistic.value(&b));
    assert!(at_a[0] < at_b[0] && at_a[1] < at_b[1], "values {at_a:?}, {at_b:?}");
    ledger.finish();
}
