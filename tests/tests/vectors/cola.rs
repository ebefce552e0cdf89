//! The network read as COLA's predicted step, and the consistency loss differentiated through both sides.

use meva_core::kernels::Portable;
use meva_core::learner::{Cola, Learner, cola};
use meva_core::meta_value::{MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::scalar::Real;
use meva_core::{Game, Lanes};
use meva_tests::compare::{Check, Ledger};
use meva_tests::games::{self, BuiltIn, Visit};
use meva_tests::number::{Number, pack_rows, unpack};
use meva_tests::tolerance::Operation;
use meva_tests::vectors::{Shape, cases, number, numbers, parameters, rows, tensor, word};
use serde_json::Value;

/// What COLA computes at each lane's `x`; expected are the numbers of `case`.
fn checks<S: Number, G: Game<N>, const N: usize, const H: usize, const R: usize>(
    game: &G,
    case: &Value,
    x: &[[[f64; N]; 2]],
    ledger: &mut Ledger,
) -> Vec<Vec<Check>> {
    let theta = parameters::<S::Real, N, H, R, N>(&case["parameters"]);
    let network = MetaValue::new(&theta, Shape::read(&case["shape"]).architecture);
    let alpha = S::from_f64(number(&case["alpha"]));
    let at: [[S; N]; 2] = pack_rows(|l| x[l]);
    let (mut tape, mut dual_tape) = (Box::new(Tape::ZERO), Box::new(Tape::ZERO));
    let mut dual_gradient = Box::new(Parameters::ZERO);
    let steps = cola::steps(&Portable, &network, &at, alpha, &mut tape);
    let targets = cola::targets(&Portable, game, &network, &at, alpha, &steps, &tape);
    let learner = Cola {
        network,
        alpha: number(&case["alpha"]),
    };
    let in_lane = |l: usize| {
        let label = |what: &str| format!("{what} in {} with alpha {} at {:?}", case["game"], case["alpha"], x[l]);
        let check = |operation, what: &str, got| Check::new(operation, label(what), got, numbers(&case[what]));
        // The gradient of this lane alone: no other lane weighs anything.
        let weight = S::pack(|lane| if lane == l { 1.0 } else { 0.0 });
        let mut gradient = Box::new(Parameters::<S::Real, N, H, R, N>::ZERO);
        let loss = cola::loss_and_gradient(
            &Portable,
            game,
            &network,
            &at,
            alpha,
            weight,
            &mut tape,
            &mut dual_tape,
            &mut dual_gradient,
            &mut gradient,
        );
        let field = learner.field(game, &at);
        ledger.identical(
            &label("field"),
            &unpack(field.as_flattened(), l),
            &unpack(steps.as_flattened(), l),
        );
        let mut checks = vec![
            check(Operation::ColaStep, "ghat", unpack(steps.as_flattened(), l)),
            check(Operation::ColaTarget, "target", unpack(targets.as_flattened(), l)),
            check(Operation::ColaLoss, "loss", unpack([&loss], l)),
        ];
        for index in 0..Parameters::<S::Real, N, H, R, N>::TENSORS {
            let at = Parameters::<S::Real, N, H, R, N>::tensor(index);
            checks.push(Check::new(
                Operation::ColaLossGradient,
                label(&format!("derivative by {at} from column {}", at.first_column)),
                gradient.values(index).iter().map(|value| value.to_f64()).collect(),
                tensor(&case["loss_gradient"], &at),
            ));
        }
        checks
    };
    (0..S::LANES).map(in_lane).collect()
}

fn dispatch<S: Number, G: Game<N>, const N: usize>(
    game: &G,
    case: &Value,
    x: &[[[f64; N]; 2]],
    ledger: &mut Ledger,
) -> Vec<Vec<Check>> {
    match Shape::read(&case["shape"]).sizes {
        [n, 8, 1, m] if n == N && m == N => checks::<S, G, N, 8, 1>(game, case, x, ledger),
        [n, 12, 2, m] if n == N && m == N => checks::<S, G, N, 12, 2>(game, case, x, ledger),
        other => panic!("no network with sizes {other:?} is compiled in"),
    }
}

struct OnCase<'a, S> {
    case: &'a Value,
    ledger: &'a mut Ledger,
    scalar: std::marker::PhantomData<S>,
}

impl<S: Number> Visit for OnCase<'_, S> {
    fn visit<G: Game<N> + BuiltIn, const N: usize>(&mut self, _name: &str, game: G) {
        for check in &dispatch::<S, G, N>(&game, self.case, &[rows(&self.case["x"])], self.ledger)[0] {
            self.ledger.check(S::precision(), check);
        }
    }
}

fn against_vectors<S: Number>() {
    let mut ledger = Ledger::default();
    for case in &cases("cola.json") {
        let scalar = std::marker::PhantomData::<S>;
        let ledger = &mut ledger;
        games::visit(word(&case["game"]), &mut OnCase { case, ledger, scalar });
    }
    ledger.finish();
}

#[test]
fn cola_in_f64() {
    against_vectors::<f64>();
}

#[test]
fn cola_in_f32() {
    against_vectors::<f32>();
}

/// Lane 0 has the policies of its case, the others spread ones.
#[test]
fn cola_in_lanes() {
    const WIDTH: usize = 4;
    struct InLanes<'a>(&'a Value, &'a mut Ledger);
    impl Visit for InLanes<'_> {
        fn visit<G: Game<N> + BuiltIn, const N: usize>(&mut self, _name: &str, game: G) {
            let InLanes(case, ledger) = self;
            let spread = |l: usize| 1.0 + l as f64 / WIDTH as f64;
            let x: Vec<[[f64; N]; 2]> = (0..WIDTH)
                .map(|l| rows(&case["x"]).map(|row| row.map(|x| spread(l) * x)))
                .collect();
            for (l, lane) in dispatch::<Lanes<WIDTH>, G, N>(&game, case, &x, ledger)
                .iter()
                .enumerate()
            {
                let alone = &dispatch::<f32, G, N>(&game, case, &x[l..=l], ledger)[0];
                for (lane, alone) in lane.iter().zip(alone) {
                    let label = format!("lane {l}, {}", lane.label);
                    // Other lanes add zeros to the parameters' gradient, which turns -0 into 0.
                    if lane.operation == Operation::ColaLossGradient {
                        ledger.equal(&label, &lane.got, &alone.got);
                    } else {
                        ledger.identical(&label, &lane.got, &alone.got);
                    }
                }
            }
        }
    }
    let mut ledger = Ledger::default();
    for case in &cases("cola.json") {
        games::visit(word(&case["game"]), &mut InLanes(case, &mut ledger));
    }
    ledger.finish();
}
