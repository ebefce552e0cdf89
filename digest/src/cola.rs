//! COLA: the steps that a network predicts, where they lead, and the loss that makes them consistent.

use meva_core::game::{Game, IteratedMatrix, Logistic};
use meva_core::kernels::Kernels;
use meva_core::learner::{Cola, Learner, cola};
use meva_core::meta_value::{Architecture, MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::{Dual, Scalar};

use crate::Report;
use crate::bits::{Bits, Fnv, draw_rows, inputs};
use crate::network::{H, ITERATED, PLANE, parameters};

const ALPHA: f64 = 0.7;

/// What the network predicts and its target, for one scalar.
pub fn run<S: Bits, K: Kernels<S>>(kernels: &K, report: &mut Report)
where
    S::Real: Bits,
{
    macro_rules! names {
        ($network:literal) => {
            [
                concat!("learner::cola::", $network, "::steps"),
                concat!("learner::cola::", $network, "::targets"),
                concat!("learner::cola::", $network, "::field"),
            ]
        };
    }
    fields::<S, K, _, 1, 1>(kernels, PLANE, Logistic, names!("plane"), report);
    let game = IteratedMatrix::PRISONERS_DILEMMA;
    fields::<S, K, _, 5, 2>(kernels, ITERATED, game, names!("iterated"), report);
}

fn fields<S: Bits, K: Kernels<S>, G: Game<N>, const N: usize, const R: usize>(
    kernels: &K,
    architecture: Architecture,
    game: G,
    names: [&'static str; 3],
    report: &mut Report,
) where
    S::Real: Bits,
{
    let mut stream = inputs(8);
    let parameters: Parameters<S::Real, N, H, R, N> = parameters(&mut stream);
    let network = MetaValue::new(&parameters, architecture);
    let (x, alpha): ([[S; N]; 2], S) = (draw_rows(&mut stream, -4.0, 4.0), S::from_f64(ALPHA));
    let mut tape = Tape::ZERO;
    let steps = cola::steps(kernels, &network, &x, alpha, &mut tape);
    let targets = cola::targets(kernels, &game, &network, &x, alpha, &steps, &tape);
    let field = Cola { network, alpha: ALPHA }.field(&game, &x);
    for (name, rows) in names.into_iter().zip([steps, targets, field]) {
        let mut fnv = Fnv::EMPTY;
        fnv.take_all(rows.as_flattened());
        report(name, S::NAME, fnv.finish());
    }
}

/// The loss with its gradient, which is computed with dual numbers.
pub fn run_loss<S, K>(kernels: &K, report: &mut Report)
where
    S: Bits + Scalar<Lane = <S as Scalar>::Real>,
    S::Real: Bits,
    K: Kernels<S> + Kernels<Dual<S>>,
{
    let name = "learner::cola::plane::loss_and_gradient";
    loss::<S, K, _, 1, 1>(kernels, PLANE, Logistic, name, report);
    let (name, game) = (
        "learner::cola::iterated::loss_and_gradient",
        IteratedMatrix::PRISONERS_DILEMMA,
    );
    loss::<S, K, _, 5, 2>(kernels, ITERATED, game, name, report);
}

fn loss<S, K, G, const N: usize, const R: usize>(
    kernels: &K,
    architecture: Architecture,
    game: G,
    name: &'static str,
    report: &mut Report,
) where
    S: Bits + Scalar<Lane = <S as Scalar>::Real>,
    S::Real: Bits,
    K: Kernels<S> + Kernels<Dual<S>>,
    G: Game<N>,
{
    let (mut stream, mut fnv) = (inputs(9), Fnv::EMPTY);
    let parameters: Parameters<S::Real, N, H, R, N> = parameters(&mut stream);
    let network = MetaValue::new(&parameters, architecture);
    let (mut tape, mut dual_tape) = (Tape::ZERO, Tape::ZERO);
    let (mut gradient, mut dual_gradient) = (Parameters::ZERO, Parameters::ZERO);
    for _ in 0..2 {
        let x: [[S; N]; 2] = draw_rows(&mut stream, -4.0, 4.0);
        let (alpha, weight) = (S::draw(&mut stream, 0.0, 1.0), S::draw(&mut stream, 0.5, 1.0));
        cola::loss_and_gradient(
            kernels,
            &game,
            &network,
            &x,
            alpha,
            weight,
            &mut tape,
            &mut dual_tape,
            &mut dual_gradient,
            &mut gradient,
        )
        .digest(&mut fnv);
    }
    for (_, values) in gradient.iter() {
        fnv.take_all(values);
    }
    report(name, S::NAME, fnv.finish());
}
