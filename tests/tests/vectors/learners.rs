//! The fields of the learners that look ahead.

use meva_core::learner::{Hola, Learner, Lola, LolaTaylor, LookAhead, Naive};
use meva_core::{Game, Lanes};
use meva_tests::compare::{Check, Ledger, Scale};
use meva_tests::condition::{MovedGradients, Nudge, condition};
use meva_tests::games::{self, BuiltIn, Visit};
use meva_tests::number::{Number, pack_rows, unpack};
use meva_tests::tolerance::{Operation, Precision};
use meva_tests::vectors::{cases, number, numbers, rows, word};
use serde_json::Value;

fn hola2(alpha: f64) -> Hola<Lola> {
    Hola {
        alpha,
        opponent: Lola::new(alpha),
    }
}

fn hola3(alpha: f64) -> Hola<Hola<Lola>> {
    Hola {
        alpha,
        opponent: hola2(alpha),
    }
}

/// The field where the policies, the payoffs, and the game's probabilities and gradients have moved.
fn moved<L: Learner<f64, N>, G: Game<N> + BuiltIn, const N: usize>(
    learner: &L,
    game: &G,
    x: &[[f64; N]; 2],
    nudge: &mut Nudge,
) -> Vec<f64> {
    let x = nudge.rows(x);
    let game = MovedGradients::new(game.nudged(nudge), G::LOG_ODDS, nudge);
    learner.field(&game, &x).concat()
}

/// The fields for each lane's case; all have the same game and alpha.
fn checks<S: Number, G: Game<N> + BuiltIn, const N: usize>(game: &G, group: &[&Value]) -> Vec<Vec<Check>> {
    let mut lanes = vec![Vec::new(); S::LANES];
    let alpha = number(&group[0]["alpha"]);
    fields::<S, _, _, N>(
        game,
        group,
        &mut lanes,
        LookAhead { alpha },
        Operation::LookAhead,
        "lookahead",
    );
    fields::<S, _, _, N>(game, group, &mut lanes, Lola::new(alpha), Operation::Lola, "lola");
    fields::<S, _, _, N>(
        game,
        group,
        &mut lanes,
        LolaTaylor { alpha },
        Operation::LolaTaylor,
        "lola_taylor",
    );
    fields::<S, _, _, N>(game, group, &mut lanes, hola2(alpha), Operation::Hola2, "hola2");
    fields::<S, _, _, N>(game, group, &mut lanes, hola3(alpha), Operation::Hola3, "hola3");
    lanes
}

fn fields<S: Number, G: Game<N> + BuiltIn, L: Learner<S, N> + Learner<f64, N>, const N: usize>(
    game: &G,
    group: &[&Value],
    lanes: &mut [Vec<Check>],
    learner: L,
    operation: Operation,
    key: &str,
) {
    let x: [[S; N]; 2] = pack_rows(|l| rows(&group[l]["x"]));
    let field = learner.field(game, &x);
    for (l, lane) in lanes.iter_mut().enumerate() {
        let case = group[l];
        let label = format!("{} with alpha {} at {}", word(&case["game"]), case["alpha"], case["x"]);
        let mut check = Check::new(operation, label, unpack(field.as_flattened(), l), numbers(&case[key]));
        if S::precision() == Precision::Single {
            check.scale = Scale::RmsPlus(condition(|nudge| moved(&learner, game, &rows(&case["x"]), nudge)));
        }
        lane.push(check);
    }
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
    for case in &cases("learners.json") {
        let scalar = std::marker::PhantomData::<S>;
        let ledger = &mut ledger;
        games::visit(word(&case["game"]), &mut OnCase { case, ledger, scalar });
    }
    ledger.finish();
}

#[test]
fn learners_in_f64() {
    against_vectors::<f64>();
}

#[test]
fn learners_in_f32() {
    against_vectors::<f32>();
}

struct InLanes<'a> {
    group: &'a [&'a Value],
    ledger: &'a mut Ledger,
}

impl Visit for InLanes<'_> {
    fn visit<G: Game<N> + BuiltIn, const N: usize>(&mut self, _name: &str, game: G) {
        for (l, lane) in checks::<Lanes<WIDTH>, G, N>(&game, self.group).iter().enumerate() {
            let alone = &checks::<f32, G, N>(&game, &[self.group[l]])[0];
            for (lane, alone) in lane.iter().zip(alone) {
                let label = format!("lane {l}, {:?} of {}", lane.operation, lane.label);
                self.ledger.identical(&label, &lane.got, &alone.got);
            }
        }
    }
}

const WIDTH: usize = 4;

#[test]
fn learners_in_lanes() {
    let mut ledger = Ledger::default();
    let cases = cases("learners.json");
    for first in &cases {
        let alike: Vec<_> = cases
            .iter()
            .filter(|case| (&case["game"], &case["alpha"]) == (&first["game"], &first["alpha"]))
            .collect();
        let start = alike
            .iter()
            .position(|case| std::ptr::eq(*case, first))
            .expect("itself");
        let group: Vec<_> = (0..WIDTH).map(|l| alike[(start + l) % alike.len()]).collect();
        let ledger = &mut ledger;
        games::visit(word(&first["game"]), &mut InLanes { group: &group, ledger });
    }
    ledger.finish();
}

/// Level 0 of HOLA is the naive field and level 1 is LOLA.
#[test]
fn the_first_levels_of_hola() {
    struct Levels<'a>(&'a Value, &'a mut Ledger);
    impl Visit for Levels<'_> {
        fn visit<G: Game<N> + BuiltIn, const N: usize>(&mut self, name: &str, game: G) {
            let Levels(case, ledger) = self;
            let x: [[f64; N]; 2] = rows(&case["x"]);
            let alpha = number(&case["alpha"]);
            let label = |level| format!("HOLA{level} in {name} with alpha {alpha} at {}", case["x"]);
            let (naive, own) = (Naive.field(&game, &x), game.own_gradients(&x));
            ledger.identical(&label(0), naive.as_flattened(), own.as_flattened());
            let hola1 = Hola { alpha, opponent: Naive }.field(&game, &x);
            let lola = Check::new(Operation::Lola, label(1), hola1.concat(), numbers(&case["lola"]));
            ledger.check(Precision::Double, &lola);
        }
    }
    let mut ledger = Ledger::default();
    for case in &cases("learners.json") {
        games::visit(word(&case["game"]), &mut Levels(case, &mut ledger));
    }
    ledger.finish();
}
