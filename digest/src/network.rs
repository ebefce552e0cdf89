//! The meta-value network: forward pass, gradients, parameter gradients, and the learner that follows it.

use meva_core::activation::Activation;
use meva_core::game::{Game, IteratedMatrix, Logistic};
use meva_core::kernels::Kernels;
use meva_core::learner::MetaValueLearner;
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::{Architecture, Input, MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::{Player, Players, Real, Scalar};

use crate::Report;
use crate::bits::{Bits, Fnv, draw, draw_rows, inputs};

/// Small, and not a multiple of the block size.
pub(crate) const H: usize = 6;
const M: usize = 5;

pub(crate) const PLANE: Architecture = Architecture {
    input: Input::Tenth,
    last_activation: Activation::Gelu,
};
pub(crate) const ITERATED: Architecture = Architecture {
    input: Input::Sigmoid,
    last_activation: Activation::Tanh,
};

/// Both architectures on one scalar.
pub fn run<S: Bits, K: Kernels<S>>(kernels: &K, report: &mut Report)
where
    S::Real: Bits,
{
    macro_rules! names {
        ($network:literal) => {
            [
                concat!("meta_value::", $network, "::quantiles"),
                concat!("meta_value::", $network, "::mean"),
                concat!("meta_value::", $network, "::own_gradient"),
                concat!("meta_value::", $network, "::own_gradient masked"),
                concat!("meta_value::", $network, "::gradient"),
                concat!("meta_value::", $network, "::vjp_policy"),
                concat!("learner::meta_value::", $network, "::v"),
                concat!("learner::meta_value::", $network, "::u"),
                concat!("learner::meta_value::", $network, "::u_normalized"),
            ]
        };
    }
    network::<S, K, _, 1, 1>(kernels, PLANE, Logistic, names!("plane"), report);
    network::<S, K, _, 5, 2>(
        kernels,
        ITERATED,
        IteratedMatrix::PRISONERS_DILEMMA,
        names!("iterated"),
        report,
    );
}

fn network<S: Bits, K: Kernels<S>, G: Game<N>, const N: usize, const R: usize>(
    kernels: &K,
    architecture: Architecture,
    game: G,
    names: [&'static str; 9],
    report: &mut Report,
) where
    S::Real: Bits,
{
    let mut stream = inputs(4);
    let parameters: Parameters<S::Real, N, H, R, M> = parameters(&mut stream);
    let network = MetaValue::new(&parameters, architecture);
    let x: [[S; N]; 2] = draw_rows(&mut stream, -4.0, 4.0);
    let gamma: [S; 2] = draw(&mut stream, 0.0, 1.0);
    let mask: [S; H] = draw(&mut stream, -1.0, 1.0);

    let mut digests = [Fnv::EMPTY; 9];
    let mut tape = Tape::ZERO;
    network.forward(kernels, &x, &gamma, Players::Both, &mut tape);
    for player in Player::BOTH {
        let mut q = [S::ZERO; M];
        network.quantiles(kernels, player, &tape, &mut q);
        digests[0].take_all(&q);
        network.mean(player, &tape).digest(&mut digests[1]);
        digests[2].take_all(&network.own_gradient(kernels, player, None, &tape));
        digests[3].take_all(&network.own_gradient(kernels, player, Some(&mask), &tape));
        digests[4].take_all(network.gradient(kernels, player, &tape).as_flattened());
        for slot in Player::BOTH {
            digests[5].take_all(&network.vjp_policy(kernels, player, slot, &tape, &q));
        }
    }
    for (digest, field) in digests[6..].iter_mut().zip([Field::V, Field::U, Field::UNormalized]) {
        let learner = MetaValueLearner {
            network,
            field,
            gamma: [0.9, 0.3],
        };
        digest.take_all(learner.field_in(kernels, &game, &x, &mut tape).as_flattened());
    }
    for (name, digest) in names.into_iter().zip(digests) {
        report(name, S::NAME, digest.finish());
    }
}

/// The gradients with respect to the parameters, summed over the lanes.
pub fn run_parameters<S: Bits + Scalar<Lane = <S as Scalar>::Real>, K: Kernels<S>>(kernels: &K, report: &mut Report)
where
    S::Real: Bits,
{
    vjp_parameters::<S, K, 1, 1>(kernels, PLANE, "meta_value::plane::vjp_parameters", report);
    vjp_parameters::<S, K, 5, 2>(kernels, ITERATED, "meta_value::iterated::vjp_parameters", report);
}

fn vjp_parameters<S, K, const N: usize, const R: usize>(
    kernels: &K,
    architecture: Architecture,
    name: &'static str,
    report: &mut Report,
) where
    S: Bits + Scalar<Lane = <S as Scalar>::Real>,
    S::Real: Bits,
    K: Kernels<S>,
{
    let (mut stream, mut fnv) = (inputs(5), Fnv::EMPTY);
    let parameters: Parameters<S::Real, N, H, R, M> = parameters(&mut stream);
    let network = MetaValue::new(&parameters, architecture);
    let (mut tape, mut gradient) = (Tape::ZERO, Parameters::<S::Real, N, H, R, M>::ZERO);
    let (x, gamma): ([[S; N]; 2], [S; 2]) = (draw_rows(&mut stream, -4.0, 4.0), draw(&mut stream, 0.0, 1.0));
    let dq: [[S; M]; 2] = draw_rows(&mut stream, -1.0, 1.0);
    for players in [Players::Both, Players::Only(Player::Zero), Players::Only(Player::One)] {
        network.forward(kernels, &x, &gamma, players, &mut tape);
        network.vjp_parameters(kernels, players, &tape, &dq, &mut gradient);
        for (_, values) in gradient.iter() {
            fnv.take_all(values);
        }
    }
    report(name, S::NAME, fnv.finish());
}

/// Drawn parameters. Gates, shifts and the like start at 0 or 1, where mistakes would go unnoticed, so they are moved away.
pub(crate) fn parameters<T: Real + Bits, const N: usize, const R: usize, const M: usize>(
    stream: &mut Stream,
) -> Parameters<T, N, H, R, M> {
    let mut parameters = initial();
    for value in parameters.numbers_mut() {
        *value += T::draw(stream, -0.2, 0.2);
    }
    parameters
}

fn initial<T: Real, const N: usize, const R: usize, const M: usize>() -> Parameters<T, N, H, R, M> {
    let mut parameters = Parameters::ZERO;
    parameters.initialize(&mut Stream::new(5, Purpose::Parameters, 0));
    parameters
}

/// Initial parameters.
pub fn initialize<T: Real + Bits>(report: &mut Report) {
    let mut fnv = Fnv::EMPTY;
    let parameters: Parameters<T, 5, H, 2, M> = initial();
    for (_, values) in parameters.iter() {
        fnv.take_all(values);
    }
    report("parameters::initialize", T::NAME, fnv.finish());
}
