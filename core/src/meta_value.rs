//! The meta-value network `V(x; theta, gamma)` (or `U`): for each player, `M` quantiles of the discounted sum of its
//! returns under learning. Section 4 and appendix D of the paper.
//!
//! ```text
//! z_i = policy(embed(x_i), gamma_i)          h_i = value(z_i, z_opponent)          q_i = Q h_i + b
//! ```
//!
//! Weights are shared between the players, who differ in whose `z` comes first. Derivatives with respect to policies
//! are those of the mean quantile. `V_i` depends on `x_i` only through `z_i` in its own slot, so an own gradient takes
//! one backward pass through player `i`'s value network and policy network and none through the opponent's, and it
//! needs only the mean row of `Q`. Higher derivatives are these gradients evaluated on duals: [`MetaValue::gradient`]
//! on [`Dual`](crate::Dual) is a Hessian-vector product, [`MetaValue::own_gradient`] a column of the field's Jacobian.

use crate::activation::Activation;
use crate::choice::choice;
use crate::kernels::Kernels;
use crate::mlp::{self, MlpTape};
use crate::parameters::Parameters;
use crate::player::{Player, Players};
use crate::scalar::{Real, Scalar};

/// How policy parameters enter the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// `x / 10`: for the Logistic Game, whose policies are considered on [-10, 10].
    Tenth,
    /// `sigmoid(x)`: for iterated games, whose policies are log-odds.
    Sigmoid,
}

choice! { Input, "input":
    Tenth = "tenth" (0),
    Sigmoid = "sigmoid" (1),
}

impl Input {
    /// The factor of [`Input::Tenth`].
    pub const TENTH: f64 = 0.1;

    /// The embedded parameter and its slope.
    #[inline]
    pub fn value_and_slope<S: Scalar>(self, x: S) -> (S, S) {
        match self {
            Input::Tenth => (x.scale(S::Real::round(Self::TENTH)), S::from_f64(Self::TENTH)),
            Input::Sigmoid => {
                let s = x.sigmoid();
                (s, s * (S::ONE - s))
            }
        }
    }
}

/// What defines a network besides its sizes and parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// How policy parameters enter.
    pub input: Input,
    /// The activation of the value network's last layer.
    pub last_activation: Activation,
}

/// Parameters prepared for evaluation.
///
/// ```
/// use meva_core::{activation::Activation, kernels::Portable, meta_value::*, parameters::Parameters, random::*, Player, Players};
/// let mut theta = Parameters::<f64, 1, 8, 1, 4>::ZERO;
/// theta.initialize(&mut Stream::new(0, Purpose::Parameters, 0));
/// let network = MetaValue::new(&theta, Architecture { input: Input::Tenth, last_activation: Activation::Gelu });
/// let mut tape = Tape::ZERO;
/// network.forward(&Portable, &[[3.0], [-2.0]], &[0.9, 0.9], Players::Both, &mut tape);
/// let [slope]: [f64; 1] = network.own_gradient(&Portable, Player::Zero, None, &tape);
/// assert!(slope.is_finite() && slope != 0.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MetaValue<'a, T, const N: usize, const H: usize, const R: usize, const M: usize> {
    parameters: &'a Parameters<T, N, H, R, M>,
    architecture: Architecture,
    policy_gates: [[T; H]; R],
    value_gates: [[T; H]; R],
    /// The mean over quantiles of each column of `Q`.
    mean_weight: [T; H],
    mean_bias: T,
}

/// What the forward pass records for the backward passes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Tape<S, const N: usize, const H: usize, const R: usize> {
    embedded: [[S; N]; 2],
    slope: [[S; N]; 2],
    gamma: [[S; 1]; 2],
    policy: [MlpTape<S, H, R>; 2],
    value: [MlpTape<S, H, R>; 2],
}

impl<S: Scalar, const N: usize, const H: usize, const R: usize> Tape<S, N, H, R> {
    /// An empty tape.
    pub const ZERO: Self = Tape {
        embedded: [[S::ZERO; N]; 2],
        slope: [[S::ZERO; N]; 2],
        gamma: [[S::ZERO; 1]; 2],
        policy: [MlpTape::ZERO; 2],
        value: [MlpTape::ZERO; 2],
    };
}

impl<'a, T: Real, const N: usize, const H: usize, const R: usize, const M: usize> MetaValue<'a, T, N, H, R, M> {
    /// Prepares what depends only on the parameters: gates and the mean quantile's weights.
    pub fn new(parameters: &'a Parameters<T, N, H, R, M>, architecture: Architecture) -> Self {
        let per_quantile = T::round(1.0 / M as f64);
        let mut mean_weight = [T::ZERO; H];
        let mut mean_bias = T::ZERO;
        for m in 0..M {
            for u in 0..H {
                mean_weight[u] += parameters.quantiles.weight[m][u];
            }
            mean_bias += parameters.quantiles.bias[m];
        }
        MetaValue {
            parameters,
            architecture,
            policy_gates: parameters.policy.gates(),
            value_gates: parameters.value.gates(),
            mean_weight: mean_weight.map(|w| w * per_quantile),
            mean_bias: mean_bias * per_quantile,
        }
    }

    /// Evaluates the network up to the last hidden layer of the given players.
    pub fn forward<S: Scalar<Real = T>, K: Kernels<S>>(
        &self,
        kernels: &K,
        x: &[[S; N]; 2],
        gamma: &[S; 2],
        players: Players,
        tape: &mut Tape<S, N, H, R>,
    ) {
        let Architecture { input, last_activation } = self.architecture;
        for i in 0..2 {
            for n in 0..N {
                (tape.embedded[i][n], tape.slope[i][n]) = input.value_and_slope(x[i][n]);
            }
            tape.gamma[i] = [gamma[i]];
            mlp::forward(
                kernels,
                &self.parameters.policy,
                &self.policy_gates,
                Activation::Gelu,
                (&tape.embedded[i], &tape.gamma[i]),
                &mut tape.policy[i],
            );
        }
        for &player in players.each() {
            let (i, j) = (player.index(), player.opponent().index());
            mlp::forward(
                kernels,
                &self.parameters.value,
                &self.value_gates,
                last_activation,
                (&tape.policy[i].last.output, &tape.policy[j].last.output),
                &mut tape.value[i],
            );
        }
    }

    /// A player's quantiles, `q = Q h + b`.
    pub fn quantiles<S: Scalar<Real = T>, K: Kernels<S>>(
        &self,
        kernels: &K,
        player: Player,
        tape: &Tape<S, N, H, R>,
        q: &mut [S; M],
    ) {
        mlp::broadcast(&self.parameters.quantiles.bias, q);
        kernels.dense(
            &self.parameters.quantiles.weight,
            &tape.value[player.index()].last.output,
            q,
        );
    }

    /// A player's mean quantile.
    pub fn mean<S: Scalar<Real = T>>(&self, player: Player, tape: &Tape<S, N, H, R>) -> S {
        let mut mean = S::from_real(self.mean_bias);
        for (w, h) in self.mean_weight.iter().zip(&tape.value[player.index()].last.output) {
            mean.add_scaled(*w, h);
        }
        mean
    }

    /// `d mean(q_i) / d x_i`; with `mask`, for the network whose last hidden units are multiplied by it.
    pub fn own_gradient<S: Scalar<Real = T>, K: Kernels<S>>(
        &self,
        kernels: &K,
        player: Player,
        mask: Option<&[S; H]>,
        tape: &Tape<S, N, H, R>,
    ) -> [S; N] {
        let (mut dz, mut dpolicy) = ([S::ZERO; H], [S::ZERO; H]);
        self.mean_vjp(kernels, player, mask, tape, &mut dz);
        kernels.dense_vjp_input(&self.parameters.value.first.own, &dz, &mut dpolicy);
        self.policy_vjp(kernels, player, tape, &dpolicy)
    }

    /// `d mean(q_i) / d (x_0, x_1)`.
    pub fn gradient<S: Scalar<Real = T>, K: Kernels<S>>(
        &self,
        kernels: &K,
        player: Player,
        tape: &Tape<S, N, H, R>,
    ) -> [[S; N]; 2] {
        let mut dz = [S::ZERO; H];
        self.mean_vjp(kernels, player, None, tape, &mut dz);
        let first = &self.parameters.value.first;
        Player::BOTH.map(|slot| {
            let block = if slot == player { &first.own } else { &first.other };
            let mut dpolicy = [S::ZERO; H];
            kernels.dense_vjp_input(block, &dz, &mut dpolicy);
            self.policy_vjp(kernels, slot, tape, &dpolicy)
        })
    }

    /// The adjoint, for the mean quantile, of the input to the value network's first norm.
    fn mean_vjp<S: Scalar<Real = T>, K: Kernels<S>>(
        &self,
        kernels: &K,
        player: Player,
        mask: Option<&[S; H]>,
        tape: &Tape<S, N, H, R>,
        dz: &mut [S; H],
    ) {
        let mut dh = [S::ZERO; H];
        for u in 0..H {
            let w = self.mean_weight[u];
            dh[u] = match mask {
                Some(mask) => mask[u].scale(w),
                None => S::from_real(w),
            };
        }
        let tape = &tape.value[player.index()];
        mlp::vjp(kernels, &self.parameters.value, &self.value_gates, tape, &dh, dz, None);
    }

    /// The adjoint of `x_i` from that of `z_i`.
    fn policy_vjp<S: Scalar<Real = T>, K: Kernels<S>>(
        &self,
        kernels: &K,
        player: Player,
        tape: &Tape<S, N, H, R>,
        dpolicy: &[S; H],
    ) -> [S; N] {
        let i = player.index();
        let (mut dz, mut dx) = ([S::ZERO; H], [S::ZERO; N]);
        mlp::vjp(
            kernels,
            &self.parameters.policy,
            &self.policy_gates,
            &tape.policy[i],
            dpolicy,
            &mut dz,
            None,
        );
        kernels.dense_vjp_input(&self.parameters.policy.first.own, &dz, &mut dx);
        for n in 0..N {
            dx[n] = dx[n] * tape.slope[i][n];
        }
        dx
    }

    /// The adjoint of a policy, the `x` in `slot`, from the adjoint `dq` of a player's quantiles.
    pub fn vjp_policy<S: Scalar<Real = T>, K: Kernels<S>>(
        &self,
        kernels: &K,
        player: Player,
        slot: Player,
        tape: &Tape<S, N, H, R>,
        dq: &[S; M],
    ) -> [S; N] {
        let (mut dh, mut dz, mut dpolicy) = ([S::ZERO; H], [S::ZERO; H], [S::ZERO; H]);
        kernels.dense_vjp_input(&self.parameters.quantiles.weight, dq, &mut dh);
        let value = &self.parameters.value;
        mlp::vjp(
            kernels,
            value,
            &self.value_gates,
            &tape.value[player.index()],
            &dh,
            &mut dz,
            None,
        );
        let block = if slot == player {
            &value.first.own
        } else {
            &value.first.other
        };
        kernels.dense_vjp_input(block, &dz, &mut dpolicy);
        self.policy_vjp(kernels, slot, tape, &dpolicy)
    }

    /// Adds to `gradient` the adjoint of `theta` that corresponds to the adjoints `dq` of the given players' quantiles,
    /// summed over the lanes.
    pub fn vjp_parameters<S: Scalar<Real = T>, K: Kernels<S>>(
        &self,
        kernels: &K,
        players: Players,
        tape: &Tape<S, N, H, R>,
        dq: &[[S; M]; 2],
        gradient: &mut Parameters<S::Lane, N, H, R, M>,
    ) {
        let mut dpolicy = [[S::ZERO; H]; 2];
        let mut dz = [S::ZERO; H];
        for &player in players.each() {
            let (i, j) = (player.index(), player.opponent().index());
            let (tape, z) = (
                &tape.value[i],
                [&tape.policy[i].last.output, &tape.policy[j].last.output],
            );
            let mut dh = [S::ZERO; H];
            kernels.dense_vjp_input(&self.parameters.quantiles.weight, &dq[i], &mut dh);
            kernels.dense_vjp_weight(&dq[i], &tape.last.output, &mut gradient.quantiles.weight);
            kernels.dense_vjp_bias(&dq[i], &mut gradient.quantiles.bias);
            let by_value = Some((&mut gradient.value, (z[0], z[1])));
            mlp::vjp(
                kernels,
                &self.parameters.value,
                &self.value_gates,
                tape,
                &dh,
                &mut dz,
                by_value,
            );
            kernels.dense_vjp_input(&self.parameters.value.first.own, &dz, &mut dpolicy[i]);
            kernels.dense_vjp_input(&self.parameters.value.first.other, &dz, &mut dpolicy[j]);
        }
        for i in 0..2 {
            let by_policy = Some((&mut gradient.policy, (&tape.embedded[i], &tape.gamma[i])));
            let (policy, tape) = (&self.parameters.policy, &tape.policy[i]);
            mlp::vjp(
                kernels,
                policy,
                &self.policy_gates,
                tape,
                &dpolicy[i],
                &mut dz,
                by_policy,
            );
        }
    }
}
