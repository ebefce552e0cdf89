//! Meta-value learning without allocation: two-player differentiable games, learners that follow their gradients, and the
//! meta-value network with the algorithm that trains it, after *Learning with Learning Awareness using Meta-Values*
//! (Cooijmans, Aghajohari, Courville).
//!
//! The crate needs neither `std` nor a heap, has no `unsafe` code, and computes the same bits on every processor.
//!
//! # Conventions
//!
//! - Payoffs are **maximised**. Players are 0 and 1 (the paper's 1 and 2). A joint policy is `x[player][parameter]`.
//! - `alpha` is the agents' learning rate or a learner's imagined step, `eta` the network's learning rate, `gamma` the
//!   meta-discount (one for each player), `delta` the discount inside an iterated game.
//! - An iterated game's policy is five log-odds of cooperating: at the start, then after DD, DC, CD, CC, **own action
//!   first**. Joint states and rows of payoffs: DD, DC, CD, CC, player 0's action first.
//! - Values are normalised: `(1 - delta)` or `(1 - gamma)` times the discounted sum, so that they lie in the range of the
//!   payoffs (appendix A). `1 - delta` is one minus the *rounded* `delta`.
//! - The own (simultaneous) gradient is `g_i = d f_i / d x_i`.
//! - Quantile midpoints are `tau_i = (i + 1/2) / M`, the Huber threshold is 1, GELU is the tanh form, layer norm has the
//!   biased variance and epsilon 1e-6.
//! - Matrices are `[output][input]`. `dx` is the adjoint of `x` (the derivative of a scalar with respect to it),
//!   `x_dot` a tangent. Backward passes *add* to weight gradients, so that a batch is a loop.
//!
//! # Where to find what
//!
//! [`algorithm1`] presents training from top to bottom; [`learner`] has the learners side by side, [`game`] the games,
//! [`strategy`] the classic strategies of iterated games and exact best responses, [`m_maml`] the gradient through the learning
//! of both players.
//! [`networks`] handles whether players share a network or have one each; [`jacobian`] has Hessians and Jacobians of
//! fields as matrices of [`nalgebra`]. [`scalar`] defines the number types that formulas are generic over: [`Dual`]
//! numbers give derivatives of any formula, [`Lanes`] run many trajectories at once. Whatever is known only at run time
//! has a name: learners, games and other choices through [`mod@choice`], the sizes of networks through [`shape`].
//! [`image`] stores a trained network as a single value.
#![no_std]
#![forbid(unsafe_code)]

pub mod activation;
pub mod adamw;
pub mod algorithm1;
pub mod arithmetic;
pub mod choice;
pub mod dense;
pub mod dual;
pub mod elementary;
pub mod game;
pub mod image;
pub mod jacobian;
pub mod kernels;
pub mod lambda_return;
pub mod lanes;
pub mod layer_norm;
pub mod learner;
pub mod m_maml;
pub mod meta_value;
pub mod mlp;
pub mod networks;
pub mod parameters;
pub mod player;
pub mod quantile_huber;
pub mod random;
pub mod residual;
pub mod scalar;
pub mod shape;
pub mod strategy;
pub mod target_network;

pub use dual::Dual;
pub use game::Game;
pub use lanes::Lanes;
pub use nalgebra;
pub use player::{Player, Players};
pub use scalar::{Real, Scalar};
