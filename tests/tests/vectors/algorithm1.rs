//! One whole update with every random draw given.

use meva_core::adamw::AdamW;
use meva_core::algorithm1::{self, Algorithm1, Bootstrap, Exploration, Settings, State, Step, Trajectory};
use meva_core::kernels::Portable;
use meva_core::learner::meta_value::Field;
use meva_core::parameters::Parameters;
use meva_core::scalar::Real;
use meva_core::{Game, Lanes, Scalar};
use meva_tests::compare::{Check, Ledger};
use meva_tests::games::{self, BuiltIn, Visit};
use meva_tests::number::{Number, pack_row, pack_rows, unpack};
use meva_tests::tolerance::Operation;
use meva_tests::vectors::{Shape, cases, list, number, numbers, parameters, row, rows, tensor, word};
use serde_json::Value;
use std::array::{from_mut, from_ref};

fn settings(case: &Value) -> Settings {
    let hp = |key: &str| number(&case["hp"][key]);
    let (field, exploration) = match (word(&case["kind"]), word(&case["hp"]["field"])) {
        ("v", _) => (Field::V, Exploration::None),
        ("u", "algorithm1") => (Field::U, Exploration::SignFlips),
        ("u", "normalized") => (Field::UNormalized, Exploration::SignFlips),
        other => panic!("unknown field {other:?}"),
    };
    Settings {
        architecture: Shape::read(&case["shape"]).architecture,
        field,
        exploration,
        bootstrap: Bootstrap::SemiGradient,
        phi: 1.0,
        alpha: hp("alpha"),
        lambda: hp("lambda"),
        rho: Some(hp("rho")).filter(|rho| *rho > 0.0),
        optimizer: AdamW {
            eta: hp("eta"),
            beta1: hp("beta1"),
            beta2: hp("beta2"),
            epsilon: hp("epsilon"),
            weight_decay: hp("weight_decay"),
        },
    }
}

fn state<T: Real, const N: usize, const H: usize, const R: usize, const M: usize>(
    case: &Value,
) -> Box<State<T, N, H, R, M>> {
    let mut state = Box::new(State::ZERO);
    state.theta = *parameters(&case["theta"]);
    state.target = *parameters(&case["target"]);
    state.m = *parameters(&case["moments"]["m"]);
    state.v = *parameters(&case["moments"]["v"]);
    state.updates = number(&case["hp"]["step"]) as u32 - 1;
    state
}

/// The batch in groups; lanes beyond the batch repeat its first trajectory with weight 0.
fn groups<S: Number, const N: usize, const H: usize>(draws: &Value) -> Vec<Trajectory<S, N, H>> {
    let batch = list(&draws["x"]).len();
    let group = |first: usize| {
        let index = |l: usize| if first + l < batch { first + l } else { 0 };
        Trajectory {
            x: pack_rows(|l| rows(&draws["x"][index(l)])),
            exploration_gamma: pack_row(|l| row(&draws["gamma_explore"][index(l)])),
            mask: pack_rows(|l| rows(&draws["mask"][index(l)])),
            gamma: pack_row(|l| row(&draws["gamma"][index(l)])),
            weight: S::pack(|l| if first + l < batch { 1.0 } else { 0.0 }),
        }
    };
    (0..batch).step_by(S::LANES).map(group).collect()
}

/// What is computed for each trajectory, and what for the batch.
struct Results {
    trajectories: Vec<Vec<Check>>,
    batch: Vec<Check>,
}

/// Runs the update in its two halves, and checks that `update` is these.
fn results<S: Number, G: Game<N>, const N: usize, const H: usize, const R: usize, const M: usize>(
    mut game: &G,
    case: &Value,
    ledger: &mut Ledger,
) -> Results {
    let name = format!("kind {} in {}", case["kind"], case["game"]);
    let settings = settings(case);
    let mut before = state::<S::Real, N, H, R, M>(case);
    let mut after = before.clone();
    let algorithm1 = Algorithm1::new(&Portable, &settings, from_ref(&*before));
    let batch = list(&case["draws"]["x"]).len();
    let k = number(&case["hp"]["k"]) as usize;
    let share = algorithm1::share(S::Real::round(batch as f64), k + 1).expect("something to average");
    let mut steps = vec![Step::<S, N, H, R, M>::ZERO; k + 1];
    let mut gradient = Box::new(Parameters::ZERO);
    let mut loss = S::Real::ZERO;
    let mut trajectories = Vec::new();
    let mut all = groups::<S, N, H>(&case["draws"]);
    for group in &mut all {
        loss += algorithm1.learn(&mut game, group, share, &mut steps, from_mut(&mut *gradient));
        for l in 0..S::LANES {
            let b = trajectories.len();
            if b == batch {
                break;
            }
            let check = |operation, what: &str, got| {
                let label = format!("{what} of trajectory {b}, {name}");
                Check::new(operation, label, got, numbers(&case["after"][what][b]))
            };
            let path: Vec<S> = steps.iter().flat_map(|step| step.x).flatten().collect();
            let targets: Vec<S> = steps[..k].iter().flat_map(|step| step.targets).flatten().collect();
            trajectories.push(vec![
                check(Operation::Explored, "explored", unpack(steps[0].x.as_flattened(), l)),
                check(Operation::Path, "path", unpack(&path, l)),
                check(Operation::Targets, "targets", unpack(&targets, l)),
            ]);
            // Where the next rollout starts: where exploration has come to, or where this one ended.
            let reached = match settings.exploration {
                Exploration::None => steps[k].x,
                Exploration::SignFlips => steps[0].x,
            };
            let label = format!("continuation of trajectory {b}, {name}");
            ledger.identical(
                &label,
                &unpack(group.x.as_flattened(), l),
                &unpack(reached.as_flattened(), l),
            );
        }
    }
    algorithm1::descend(&settings, &mut after, &gradient);

    let mut checks = vec![Check::new(
        Operation::UpdateLoss,
        format!("loss, {name}"),
        vec![loss.to_f64()],
        numbers(&case["after"]["loss"]),
    )];
    for (operation, key, got) in [
        (Operation::UpdateGradient, "grad", &*gradient),
        (Operation::UpdateTheta, "theta", &after.theta),
        (Operation::UpdateFirstMoment, "m", &after.m),
        (Operation::UpdateSecondMoment, "v", &after.v),
        (Operation::UpdateTarget, "target", &after.target),
    ] {
        for index in 0..Parameters::<S::Real, N, H, R, M>::TENSORS {
            let at = Parameters::<S::Real, N, H, R, M>::tensor(index);
            checks.push(Check::new(
                operation,
                format!("{key}: {at} from column {}, {name}", at.first_column),
                got.values(index).iter().map(|value| value.to_f64()).collect(),
                tensor(&case["after"][key], &at),
            ));
        }
    }

    let mut all_at_once = groups::<S, N, H>(&case["draws"]);
    let mut scratch = Box::new(Parameters::ZERO);
    let total = algorithm1::update(
        &Portable,
        &mut game,
        &settings,
        from_mut(&mut *before),
        &mut all_at_once,
        &mut steps,
        from_mut(&mut *scratch),
    );
    assert!(
        before == after && total == loss && all_at_once == all,
        "update is not its halves, {name}"
    );
    Results {
        trajectories,
        batch: checks,
    }
}

fn dispatch<S: Number, G: Game<N>, const N: usize>(game: &G, case: &Value, ledger: &mut Ledger) -> Results {
    match Shape::read(&case["shape"]).sizes {
        [n, 8, 1, 4] if n == N => results::<S, G, N, 8, 1, 4>(game, case, ledger),
        [n, 12, 2, 6] if n == N => results::<S, G, N, 12, 2, 6>(game, case, ledger),
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
        let results = dispatch::<S, G, N>(&game, self.case, self.ledger);
        for check in results.trajectories.iter().flatten().chain(&results.batch) {
            self.ledger.check(S::precision(), check);
        }
    }
}

fn against_vectors<S: Number>() {
    let mut ledger = Ledger::default();
    for case in &cases("algorithm1.json") {
        let scalar = std::marker::PhantomData::<S>;
        let ledger = &mut ledger;
        games::visit(word(&case["game"]), &mut OnCase { case, ledger, scalar });
    }
    ledger.finish();
}

#[test]
fn algorithm1_in_f64() {
    against_vectors::<f64>();
}

#[test]
fn algorithm1_in_f32() {
    against_vectors::<f32>();
}

/// Sums over the batch run in another order in lanes than in groups, so they are compared with the vectors.
#[test]
fn algorithm1_in_lanes_against_vectors() {
    against_vectors::<Lanes<4>>();
    against_vectors::<Lanes<2>>();
}

/// What belongs to one trajectory has the same bits in a lane as alone.
#[test]
fn algorithm1_in_lanes() {
    struct InLanes<'a>(&'a Value, &'a mut Ledger);
    impl InLanes<'_> {
        fn compare(&mut self, width: usize, lanes: &Results, alone: &Results) {
            for (lane, alone) in lanes
                .trajectories
                .iter()
                .flatten()
                .zip(alone.trajectories.iter().flatten())
            {
                let label = format!("{width} lanes, {}", lane.label);
                self.1.identical(&label, &lane.got, &alone.got);
            }
        }
    }
    impl Visit for InLanes<'_> {
        fn visit<G: Game<N> + BuiltIn, const N: usize>(&mut self, _name: &str, game: G) {
            let alone = dispatch::<f32, G, N>(&game, self.0, self.1);
            let narrow = dispatch::<Lanes<4>, G, N>(&game, self.0, self.1);
            self.compare(4, &narrow, &alone);
            let wide = dispatch::<Lanes<64>, G, N>(&game, self.0, self.1);
            self.compare(64, &wide, &alone);
        }
    }
    let mut ledger = Ledger::default();
    for case in &cases("algorithm1.json") {
        games::visit(word(&case["game"]), &mut InLanes(case, &mut ledger));
    }
    ledger.finish();
}
