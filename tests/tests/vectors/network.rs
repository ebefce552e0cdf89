//! The meta-value network: quantiles, derivatives by policies of first and second order, and by parameters.

use meva_core::dual::{along, tangents};
use meva_core::kernels::Portable;
use meva_core::meta_value::{MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::scalar::Real;
use meva_core::{Dual, Lanes, Player, Players, quantile_huber};
use meva_tests::compare::{Check, Ledger};
use meva_tests::number::{Number, pack_row, pack_rows, unpack};
use meva_tests::tolerance::Operation;
use meva_tests::vectors::{Shape, cases, numbers, parameters, row, rows, tensor};
use meva_tests::with_sizes;
use serde_json::Value;

/// What a network is evaluated on.
#[derive(Clone)]
struct Inputs<const N: usize, const H: usize, const M: usize> {
    x: [[f64; N]; 2],
    gamma: [f64; 2],
    v: [[f64; N]; 2],
    mask: [[f64; H]; 2],
    y: [[f64; M]; 2],
}

impl<const N: usize, const H: usize, const M: usize> Inputs<N, H, M> {
    fn read(case: &Value) -> Self {
        Inputs {
            x: rows(&case["x"]),
            gamma: row(&case["gamma"]),
            v: rows(&case["v"]),
            mask: rows(&case["mask"]),
            y: rows(&case["y"]),
        }
    }
}

/// What the network gives for each lane's inputs; expected are the numbers of `case`.
fn checks<S: Number, const N: usize, const H: usize, const R: usize, const M: usize>(
    case: &Value,
    inputs: &[Inputs<N, H, M>],
) -> Vec<Vec<Check>> {
    let theta = parameters::<S::Real, N, H, R, M>(&case["parameters"]);
    let network = MetaValue::new(&theta, Shape::read(&case["shape"]).architecture);
    let x: [[S; N]; 2] = pack_rows(|l| inputs[l].x);
    let v: [[S; N]; 2] = pack_rows(|l| inputs[l].v);
    let gamma: [S; 2] = pack_row(|l| inputs[l].gamma);
    let mask: [[S; H]; 2] = pack_rows(|l| inputs[l].mask);
    let y: [[S; M]; 2] = pack_rows(|l| inputs[l].y);

    let mut tape = Box::new(Tape::ZERO);
    network.forward(&Portable, &x, &gamma, Players::Both, &mut tape);
    let mut quantiles = [[S::ZERO; M]; 2];
    for player in Player::BOTH {
        network.quantiles(&Portable, player, &tape, &mut quantiles[player.index()]);
    }
    let gradient = Player::BOTH.map(|player| network.own_gradient(&Portable, player, None, &tape));
    let masked = Player::BOTH.map(|player| network.own_gradient(&Portable, player, Some(&mask[player.index()]), &tape));
    let jacobian = Player::BOTH.map(|player| network.gradient(&Portable, player, &tape));

    let mut dual_tape = Box::new(Tape::<Dual<S>, N, H, R>::ZERO);
    let dual_gamma = gamma.map(|gamma| Dual::new(gamma, S::ZERO));
    network.forward(&Portable, &along(&x, &v), &dual_gamma, Players::Both, &mut dual_tape);
    let hvp = Player::BOTH.map(|player| {
        network
            .gradient(&Portable, player, &dual_tape)
            .map(|row| tangents(&row))
    });
    let field_jvp = Player::BOTH.map(|player| tangents(&network.own_gradient(&Portable, player, None, &dual_tape)));

    // The loss is the mean over players.
    let half = S::from_f64(0.5);
    let mut loss = S::ZERO;
    let mut dq = [[S::ZERO; M]; 2];
    for i in 0..2 {
        loss += half * quantile_huber::value_and_gradient(&quantiles[i], &y[i], &mut dq[i]);
    }

    let in_lane = |l: usize| {
        let label = |what: &str| {
            format!(
                "{what} of {} at x {:?} gamma {:?}",
                case["shape"], inputs[l].x, inputs[l].gamma
            )
        };
        let check = |operation, what: &str, got| Check::new(operation, label(what), got, numbers(&case[what]));
        let mut checks = vec![
            check(Operation::Quantiles, "quantiles", unpack(quantiles.as_flattened(), l)),
            check(Operation::MeanGradient, "gradient", unpack(gradient.as_flattened(), l)),
            check(
                Operation::MaskedGradient,
                "masked_gradient",
                unpack(masked.as_flattened(), l),
            ),
            check(
                Operation::MeanJacobian,
                "jacobian",
                unpack(jacobian.as_flattened().as_flattened(), l),
            ),
            check(Operation::MeanHvp, "hvp", unpack(hvp.as_flattened().as_flattened(), l)),
            check(Operation::FieldJvp, "field_jvp", unpack(field_jvp.as_flattened(), l)),
            check(Operation::NetworkLoss, "loss", unpack([&loss], l)),
        ];
        // The parameters' gradient of this lane alone: no other lane has an adjoint.
        let only: [[S; M]; 2] = dq.map(|dq| {
            dq.map(|dq| {
                let mut only = S::ZERO;
                only.set_lane(l, S::Real::round(0.5) * dq.lane(l));
                only
            })
        });
        let mut gradient = Box::new(Parameters::<S::Real, N, H, R, M>::ZERO);
        network.vjp_parameters(&Portable, Players::Both, &tape, &only, &mut gradient);
        for index in 0..Parameters::<S::Real, N, H, R, M>::TENSORS {
            let at = Parameters::<S::Real, N, H, R, M>::tensor(index);
            checks.push(Check::new(
                Operation::NetworkLossGradient,
                label(&format!("derivative by {at} from column {}", at.first_column)),
                gradient.values(index).iter().map(|value| value.to_f64()).collect(),
                tensor(&case["loss_gradient"], &at),
            ));
        }
        checks
    };
    (0..S::LANES).map(in_lane).collect()
}

fn against_vector<S: Number>(case: &Value, ledger: &mut Ledger) {
    fn run<S: Number, const N: usize, const H: usize, const R: usize, const M: usize>(case: &Value) -> Vec<Check> {
        checks::<S, N, H, R, M>(case, &[Inputs::read(case)]).remove(0)
    }
    let checks = match Shape::read(&case["shape"]).sizes {
        [1, 8, 1, 4] => run::<S, 1, 8, 1, 4>(case),
        [5, 12, 2, 6] => run::<S, 5, 12, 2, 6>(case),
        other => panic!("no network with sizes {other:?} is compiled in"),
    };
    for check in &checks {
        ledger.check(S::precision(), check);
    }
}

#[test]
fn network_in_f64() {
    let mut ledger = Ledger::default();
    for case in &cases("network.json") {
        against_vector::<f64>(case, &mut ledger);
    }
    ledger.finish();
}

#[test]
fn network_in_f32() {
    let mut ledger = Ledger::default();
    for case in &cases("network.json") {
        against_vector::<f32>(case, &mut ledger);
    }
    ledger.finish();
}

/// One set of parameters serves all lanes; lane 0 has the inputs of its own case, the others those of all cases of the same
/// shape in turn, spread so that no two lanes are alike.
fn in_lanes<const W: usize, const N: usize, const H: usize, const R: usize, const M: usize>(
    case: &Value,
    others: &[&Value],
    ledger: &mut Ledger,
) {
    let inputs: Vec<Inputs<N, H, M>> = (0..W)
        .map(|l| {
            let mut inputs = Inputs::read(if l == 0 { case } else { others[l % others.len()] });
            let spread = 1.0 + l as f64 / W as f64;
            inputs.x = inputs.x.map(|row| row.map(|x| spread * x));
            inputs
        })
        .collect();
    let lanes = checks::<Lanes<W>, N, H, R, M>(case, &inputs);
    for (l, lane) in lanes.iter().enumerate() {
        let alone = &checks::<f32, N, H, R, M>(case, &inputs[l..=l])[0];
        for (lane, alone) in lane.iter().zip(alone) {
            let label = format!("lane {l} of {W}, {}", lane.label);
            // Other lanes add zeros to the parameters' gradient, which turns -0 into 0.
            if lane.operation == Operation::NetworkLossGradient {
                ledger.equal(&label, &lane.got, &alone.got);
            } else {
                ledger.identical(&label, &lane.got, &alone.got);
            }
        }
    }
}

fn in_4_lanes<const N: usize, const H: usize, const R: usize, const M: usize>(
    case: &Value,
    others: &[&Value],
    ledger: &mut Ledger,
) {
    in_lanes::<4, N, H, R, M>(case, others, ledger);
}

fn in_64_lanes<const N: usize, const H: usize, const R: usize, const M: usize>(
    case: &Value,
    others: &[&Value],
    ledger: &mut Ledger,
) {
    in_lanes::<64, N, H, R, M>(case, others, ledger);
}

#[test]
fn network_in_lanes() {
    let mut ledger = Ledger::default();
    let cases = cases("network.json");
    for case in &cases {
        let others: Vec<_> = cases.iter().filter(|other| other["shape"] == case["shape"]).collect();
        let sizes = Shape::read(&case["shape"]).sizes;
        with_sizes!(sizes, in_4_lanes(case, &others, &mut ledger));
        with_sizes!(sizes, in_64_lanes(case, &others, &mut ledger));
    }
    ledger.finish();
}
