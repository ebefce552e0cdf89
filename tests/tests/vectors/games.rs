//! Values, own gradients, Jacobians and Hessian-vector products of the games.

use meva_core::{Game, Lanes};
use meva_tests::compare::{Check, Ledger, Scale};
use meva_tests::games::{self, BuiltIn, Visit};
use meva_tests::number::{Number, pack_rows, unpack};
use meva_tests::tolerance::Operation;
use meva_tests::vectors::{cases, numbers, rows, word};
use serde_json::Value;

/// What the game gives for each lane's case.
fn checks<S: Number, G: Game<N> + BuiltIn, const N: usize>(game: &G, group: &[&Value]) -> Vec<Vec<Check>> {
    let x: [[S; N]; 2] = pack_rows(|l| rows(&group[l]["x"]));
    let v: [[S; N]; 2] = pack_rows(|l| rows(&group[l]["v"]));
    let outputs = games::outputs(game, &x, &v);
    let in_lane = |l: usize| {
        let case = group[l];
        let scales = games::scales(S::precision(), game, &rows(&case["x"]), &rows(&case["v"]));
        let check = |((operation, key, got), scale): (&(Operation, &str, Vec<S>), Scale)| Check {
            operation: *operation,
            label: format!("{key} of {} at {}", word(&case["game"]), case["x"]),
            got: unpack(got, l),
            expected: numbers(&case[*key]),
            scale,
        };
        outputs.iter().zip(scales).map(check).collect()
    };
    (0..S::LANES).map(in_lane).collect()
}

struct OnCase<'a, S> {
    case: &'a Value,
    ledger: &'a mut Ledger,
    scalar: std::marker::PhantomData<S>,
}

impl<S: Number> Visit for OnCase<'_, S> {
    fn visit<G: Game<N> + BuiltIn, const N: usize>(&mut self, _name: &str, game: G) {
        for check in &checks::<S, G, N>(&game, &[self.case])[0] {
            self.ledger.check(S::precision(), check);
        }
    }
}

fn against_vectors<S: Number>() {
    let mut ledger = Ledger::default();
    for case in &cases("games.json") {
        let scalar = std::marker::PhantomData::<S>;
        let ledger = &mut ledger;
        games::visit(word(&case["game"]), &mut OnCase { case, ledger, scalar });
    }
    ledger.finish();
}

#[test]
fn games_in_f64() {
    against_vectors::<f64>();
}

#[test]
fn games_in_f32() {
    against_vectors::<f32>();
}

struct InLanes<'a, const W: usize> {
    cases: &'a [Value],
    ledger: &'a mut Ledger,
}

impl<const W: usize> Visit for InLanes<'_, W> {
    fn visit<G: Game<N> + BuiltIn, const N: usize>(&mut self, name: &str, game: G) {
        let of_game: Vec<_> = self.cases.iter().filter(|case| word(&case["game"]) == name).collect();
        for first in 0..of_game.len() {
            let group: Vec<_> = (0..W).map(|l| of_game[(first + l) % of_game.len()]).collect();
            for (l, lane) in checks::<Lanes<W>, G, N>(&game, &group).iter().enumerate() {
                let alone = &checks::<f32, G, N>(&game, &[group[l]])[0];
                for (lane, alone) in lane.iter().zip(alone) {
                    let label = format!("lane {l} of {W}, {}", lane.label);
                    self.ledger.identical(&label, &lane.got, &alone.got);
                }
            }
        }
    }
}

fn in_lanes<const W: usize>() {
    let mut ledger = Ledger::default();
    let cases = cases("games.json");
    let names: std::collections::BTreeSet<_> = cases.iter().map(|case| word(&case["game"])).collect();
    for name in names {
        let ledger = &mut ledger;
        let cases = &cases;
        games::visit(name, &mut InLanes::<W> { cases, ledger });
    }
    ledger.finish();
}

#[test]
fn games_in_lanes() {
    in_lanes::<1>();
    in_lanes::<4>();
    in_lanes::<64>();
}
