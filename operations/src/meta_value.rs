//! The meta-value network: quantiles, derivatives with respect to policies and parameters, and the field of the learner
//! that follows it.

use meva_core::activation::Activation;
use meva_core::arithmetic::Separate;
use meva_core::dual::{along, tangents};
use meva_core::game::{IteratedMatrix, Logistic};
use meva_core::kernels::Kernels;
use meva_core::learner::MetaValueLearner;
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::{Architecture, Input, MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::{Dual, Player, Players, Scalar, quantile_huber};

use crate::bounds::Quantity;
use crate::game::Played;
use crate::operation::{
    Domain, Formula, Operation, Output, Packed, Relation, Sink, Source, Visitor, WithDuals, give, has_duals,
    parameters, plain, related, row, rows,
};

/// The network of the Logistic Game.
pub const PLANE: Architecture = Architecture {
    input: Input::Tenth,
    last_activation: Activation::Gelu,
};

/// The network of the iterated games.
pub const ITERATED: Architecture = Architecture {
    input: Input::Sigmoid,
    last_activation: Activation::Tanh,
};

/// A network at a joint policy `x` and discounts `gamma`, with the signs of its last hidden units given by `mask`.
#[derive(Clone, Copy, Debug)]
pub struct Network<const N: usize, const H: usize, const R: usize, const M: usize> {
    /// Which network it is.
    pub subject: &'static str,
    /// What defines it besides its sizes.
    pub architecture: Architecture,
}

/// The inputs that passes through a network have in common, in their order.
fn inputs<S: Scalar, const N: usize>(source: &mut dyn Source<S>) -> ([[S; N]; 2], [S; 2]) {
    (
        rows(source, "x", Domain::policy::<N>()),
        row(source, "gamma", Domain::Discount),
    )
}

impl<const N: usize, const H: usize, const R: usize, const M: usize> Formula for Network<N, H, R, M> {
    fn module(&self) -> &'static str {
        "meta_value"
    }

    fn subject(&self) -> &'static str {
        self.subject
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 6] = [
            plain("quantiles", Quantity::Quantiles),
            plain("mean", Quantity::NetworkMean),
            related(
                "gradient",
                Quantity::NetworkOwnGradient,
                Relation::Own { of: "mean", by: "x" },
            ),
            plain("masked_gradient", Quantity::NetworkMaskedGradient),
            related(
                "jacobian",
                Quantity::NetworkGradient,
                Relation::Jacobian { of: "mean", by: "x" },
            ),
            plain("vjp_policy", Quantity::NetworkVjpPolicy),
        ];
        &OUTPUTS
    }

    fn formula<S: Scalar, K: Kernels<S>>(&self, kernels: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let theta: Parameters<S::Real, N, H, R, M> = parameters(source, "parameters");
        let network = MetaValue::new(&theta, self.architecture);
        let (x, gamma) = inputs(source);
        let mask: [[S; H]; 2] = rows(source, "mask", Domain::Sign);
        let mut tape = Tape::ZERO;
        network.forward(kernels, &x, &gamma, Players::Both, &mut tape);
        for player in Player::BOTH {
            let mut q = [S::ZERO; M];
            network.quantiles(kernels, player, &tape, &mut q);
            sink.numbers("quantiles", &q);
            sink.numbers("mean", &[network.mean(player, &tape)]);
            sink.numbers("gradient", &network.own_gradient(kernels, player, None, &tape));
            let mask = Some(&mask[player.index()]);
            sink.numbers("masked_gradient", &network.own_gradient(kernels, player, mask, &tape));
            sink.numbers("jacobian", network.gradient(kernels, player, &tape).as_flattened());
            for slot in Player::BOTH {
                sink.numbers("vjp_policy", &network.vjp_policy(kernels, player, slot, &tape, &q));
            }
        }
    }
}

/// Second derivatives of a network along `v`, its gradients with respect to the parameters, and its first derivatives
/// from values alone.
#[derive(Clone, Copy, Debug)]
pub struct NetworkDerivatives<const N: usize, const H: usize, const R: usize, const M: usize>(pub Network<N, H, R, M>);

impl<const N: usize, const H: usize, const R: usize, const M: usize> Operation for NetworkDerivatives<N, H, R, M> {
    fn module(&self) -> &'static str {
        "meta_value"
    }

    fn subject(&self) -> &'static str {
        self.0.subject
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 15] = [
            related(
                "hvp",
                Quantity::NetworkHvp,
                Relation::Along {
                    of: "slopes",
                    by: "x",
                    direction: "v",
                },
            ),
            related(
                "field_jvp",
                Quantity::NetworkFieldJvp,
                Relation::Along {
                    of: "field",
                    by: "x",
                    direction: "v",
                },
            ),
            related(
                "field_jacobian",
                Quantity::NetworkJacobian,
                Relation::Jacobian { of: "field", by: "x" },
            ),
            related("linear", Quantity::NetworkLoss, Relation::Auxiliary),
            related(
                "vjp_parameters",
                Quantity::NetworkVjp,
                Relation::Tensors {
                    of: "linear",
                    by: "parameters",
                },
            ),
            plain("loss", Quantity::NetworkLoss),
            // No finite differences: they would step over the kinks of the Huber loss.
            plain("loss_gradient", Quantity::NetworkLossGradient),
            plain("vjp_parameters of player 0", Quantity::NetworkVjp),
            plain("vjp_parameters of player 1", Quantity::NetworkVjp),
            related("field", Quantity::NetworkOwnGradient, Relation::Auxiliary),
            related("slopes", Quantity::NetworkGradient, Relation::Auxiliary),
            related("field by duals", Quantity::NetworkOwnGradient, Relation::Duals("field")),
            related("slopes by duals", Quantity::NetworkGradient, Relation::Duals("slopes")),
            related("hvp by duals", Quantity::NetworkHvp, Relation::Duals("hvp")),
            related(
                "field_jvp by duals",
                Quantity::NetworkFieldJvp,
                Relation::Duals("field_jvp"),
            ),
        ];
        &OUTPUTS
    }

    fn evaluate<S: Packed, K: WithDuals<S>>(&self, kernels: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let theta: Parameters<S::Real, N, H, R, M> = parameters(source, "parameters");
        let network = MetaValue::new(&theta, self.0.architecture);
        let (x, gamma) = inputs::<S, N>(source);
        let v: [[S; N]; 2] = rows(source, "v", Domain::Normal);
        let y: [[S; M]; 2] = rows(source, "y", Domain::Normal);
        by_policies(kernels, &network, &x, &gamma, &v, sink);
        by_parameters(kernels, &network, &x, &gamma, &y, source.weight(), sink);
        if const { has_duals::<S>() } && sink.wants("hvp by duals") {
            by_duals(&network, &x, &gamma, &v, sink);
        }
    }
}

fn by_policies<S, K, const N: usize, const H: usize, const R: usize, const M: usize>(
    kernels: &K,
    network: &MetaValue<S::Real, N, H, R, M>,
    x: &[[S; N]; 2],
    gamma: &[S; 2],
    v: &[[S; N]; 2],
    sink: &mut dyn Sink<S>,
) where
    S: Packed,
    K: WithDuals<S>,
{
    let mut tape = Tape::ZERO;
    let gamma = gamma.map(|gamma| Dual::new(gamma, S::ZERO));
    network.forward(kernels, &along(x, v), &gamma, Players::Both, &mut tape);
    for player in Player::BOTH {
        let gradient = network.gradient(kernels, player, &tape);
        sink.numbers("hvp", gradient.map(|row| tangents(&row)).as_flattened());
        sink.numbers("slopes", gradient.map(|row| row.map(|d| d.value)).as_flattened());
        let own = network.own_gradient(kernels, player, None, &tape);
        sink.numbers("field_jvp", &tangents(&own));
        sink.numbers("field", &own.map(|d| d.value));
    }
    if !sink.wants("field_jacobian") {
        return;
    }
    let mut jacobian = [[[[S::ZERO; N]; 2]; N]; 2];
    for i in 0..2 {
        for n in 0..N {
            let mut unit = [[S::ZERO; N]; 2];
            unit[i][n] = S::ONE;
            network.forward(kernels, &along(x, &unit), &gamma, Players::Both, &mut tape);
            for player in Player::BOTH {
                let column = tangents(&network.own_gradient(kernels, player, None, &tape));
                for (row, d) in column.into_iter().enumerate() {
                    jacobian[player.index()][row][i][n] = d;
                }
            }
        }
    }
    sink.numbers("field_jacobian", jacobian.as_flattened().as_flattened().as_flattened());
}

/// Means over players, sums over lanes.
fn by_parameters<S, K, const N: usize, const H: usize, const R: usize, const M: usize>(
    kernels: &K,
    network: &MetaValue<S::Real, N, H, R, M>,
    x: &[[S; N]; 2],
    gamma: &[S; 2],
    y: &[[S; M]; 2],
    weight: S,
    sink: &mut dyn Sink<S>,
) where
    S: Packed,
    K: WithDuals<S>,
{
    let half = S::from_f64(0.5);
    let mut tape = Tape::ZERO;
    network.forward(kernels, x, gamma, Players::Both, &mut tape);
    let (mut linear, mut loss) = (S::ZERO, S::ZERO);
    let (mut of_linear, mut of_loss) = ([[S::ZERO; M]; 2], [[S::ZERO; M]; 2]);
    for player in Player::BOTH {
        let i = player.index();
        let (mut q, mut dq) = ([S::ZERO; M], [S::ZERO; M]);
        network.quantiles(kernels, player, &tape, &mut q);
        loss += half * quantile_huber::value_and_gradient(Separate, &q, &y[i], &mut dq);
        for m in 0..M {
            linear += half * (q[m] * y[i][m]);
            of_linear[i][m] = weight * (half * y[i][m]);
            of_loss[i][m] = weight * (half * dq[m]);
        }
    }
    sink.numbers("linear", &[linear]);
    sink.numbers("loss", &[loss]);
    for (name, players, dq) in [
        ("vjp_parameters", Players::Both, &of_linear),
        ("loss_gradient", Players::Both, &of_loss),
        ("vjp_parameters of player 0", Players::Only(Player::Zero), &of_linear),
        ("vjp_parameters of player 1", Players::Only(Player::One), &of_linear),
    ] {
        if sink.wants(name) {
            let mut gradient = Parameters::ZERO;
            network.forward(kernels, x, gamma, players, &mut tape);
            network.vjp_parameters(kernels, players, &tape, dq, &mut gradient);
            give(sink, name, &gradient);
        }
    }
}

/// From the mean quantile on dual numbers, in a forward pass alone.
fn by_duals<S: Packed, const N: usize, const H: usize, const R: usize, const M: usize>(
    network: &MetaValue<S::Real, N, H, R, M>,
    x: &[[S; N]; 2],
    gamma: &[S; 2],
    v: &[[S; N]; 2],
    sink: &mut dyn Sink<S>,
) {
    let mut tape = Tape::<Dual<Dual<S>>, N, H, R>::ZERO;
    let gamma = gamma.map(|gamma| Dual::new(Dual::new(gamma, S::ZERO), Dual::ZERO));
    let inner = along(x, v);
    let (mut gradient, mut hvp) = ([[[S::ZERO; N]; 2]; 2], [[[S::ZERO; N]; 2]; 2]);
    for i in 0..2 {
        for n in 0..N {
            let mut unit = [[Dual::ZERO; N]; 2];
            unit[i][n] = Dual::ONE;
            let portable = meva_core::kernels::Portable;
            network.forward(&portable, &along(&inner, &unit), &gamma, Players::Both, &mut tape);
            for player in Player::BOTH {
                let Dual { value, tangent } = network.mean(player, &tape).tangent;
                (gradient[player.index()][i][n], hvp[player.index()][i][n]) = (value, tangent);
            }
        }
    }
    sink.numbers("field by duals", [gradient[0][0], gradient[1][1]].as_flattened());
    sink.numbers("slopes by duals", gradient.as_flattened().as_flattened());
    sink.numbers("hvp by duals", hvp.as_flattened().as_flattened());
    sink.numbers("field_jvp by duals", [hvp[0][0], hvp[1][1]].as_flattened());
}

/// The field of the learner that follows a network in a game.
#[derive(Clone, Copy, Debug)]
pub struct NetworkField<G, const N: usize, const H: usize, const R: usize, const M: usize> {
    network: Network<N, H, R, M>,
    game: G,
}

impl<G: Played<N>, const N: usize, const H: usize, const R: usize, const M: usize> Formula
    for NetworkField<G, N, H, R, M>
{
    fn module(&self) -> &'static str {
        "learner::meta_value"
    }

    fn subject(&self) -> &'static str {
        self.network.subject
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 3] = [
            plain("v", Quantity::MetaValueField),
            plain("u", Quantity::MetaValueField),
            plain("u_normalized", Quantity::MetaValueField),
        ];
        &OUTPUTS
    }

    fn formula<S: Scalar, K: Kernels<S>>(&self, kernels: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let theta: Parameters<S::Real, N, H, R, M> = parameters(source, "parameters");
        let game = self.game.with_constants(source);
        let x: [[S; N]; 2] = rows(source, "x", Domain::policy::<N>());
        let mut tape = Tape::ZERO;
        for (name, field) in [("v", Field::V), ("u", Field::U), ("u_normalized", Field::UNormalized)] {
            let learner = MetaValueLearner {
                network: MetaValue::new(&theta, self.network.architecture),
                field,
                gamma: [0.9, 0.3],
            };
            let field = learner.field_in(kernels, &game, &x, &mut tape);
            sink.numbers(name, field.as_flattened());
        }
    }
}

/// Shows the visitor a network of each kind: for a game with one parameter, with one residual block; for an iterated
/// game, with `R` blocks.
pub fn each<const H: usize, const R: usize, const M: usize>(visitor: &mut impl Visitor) {
    let plane = Network::<1, H, 1, M> {
        subject: "logistic",
        architecture: PLANE,
    };
    let iterated = Network::<5, H, R, M> {
        subject: "ipd",
        architecture: ITERATED,
    };
    visitor.formula(&plane);
    visitor.formula(&iterated);
    visitor.operation(&NetworkDerivatives(plane));
    visitor.operation(&NetworkDerivatives(iterated));
    visitor.formula(&NetworkField {
        network: plane,
        game: Logistic,
    });
    visitor.formula(&NetworkField {
        network: iterated,
        game: IteratedMatrix::PRISONERS_DILEMMA,
    });
}
