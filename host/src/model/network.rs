//! Trained networks whose sizes are known only at run time, behind one trait.

use meva_core::algorithm1::{State, Step, Trajectory};
use meva_core::image::{self, Image};
use meva_core::kernels::Portable;
use meva_core::meta_value::{Architecture, MetaValue, Tape};
use meva_core::networks::speaker;
use meva_core::parameters::Parameters;
use meva_core::shape::Shape;
use meva_core::{Player, Players, Scalar};

use crate::cpu::Cpu;
use crate::cpu::Number;
use crate::cpu::memory::{zeroed, zeroed_slice};

/// Evaluates something of a player at 64 joint policies and settings: a direction's parameters.
pub type Steps<'a, const N: usize> = Box<dyn FnMut(&[[Number; N]; 2], &[Number; 2]) -> [Number; N] + 'a>;
/// Evaluates own gradients at 64 joint policies and discounts, by player.
pub type Gradients<'a, const N: usize> = Box<dyn FnMut(&[[Number; N]; 2], &[Number; 2]) -> [[Number; N]; 2] + 'a>;

/// A network with parameters, for any hidden size.
pub trait Network<const N: usize>: Send + Sync {
    /// Its sizes.
    fn shape(&self) -> Shape;
    /// Evaluates the own gradients of players in `f32`; those of others are zero. What two players have in common is
    /// computed once.
    fn gradients(&self, cpu: Cpu, players: Players) -> Gradients<'_, N>;
    /// A player's own gradient in `f64`, with the parameters as they are.
    fn own_gradient(&self, player: Player, x: &[[f64; N]; 2], gamma: &[f64; 2]) -> [f64; N];
    /// Evaluates a player's first `N` outputs in `f32`: the steps of COLA.
    fn steps(&self, cpu: Cpu, player: Player) -> Steps<'_, N>;
    /// A player's quantiles.
    fn quantiles(&self, player: Player, x: &[[f64; N]; 2], gamma: &[f64; 2]) -> Vec<f64>;
    /// The words of the [image] of a player's network as part of `model`.
    fn image(&self, model: &image::Model, player: Player) -> Vec<u32>;
    /// The memory that programs need to use and to train it.
    fn memory(&self) -> Memory;
}

/// The bytes of memory that a network's use and training take in `f32`, which are the same on every processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// A [`Tape`]: all that evaluation needs.
    pub tape: usize,
    /// The state of a training and a gradient.
    pub state: usize,
    /// A step of a rollout with its tape, of which training needs `k + 1`.
    pub step: usize,
    /// A trajectory of the batch.
    pub trajectory: usize,
}

/// Networks of one compiled shape: one shared by both players, or one each.
pub struct Compiled<const N: usize, const H: usize, const R: usize, const M: usize> {
    parameters: Box<[Parameters<f32, N, H, R, M>]>,
    wide: Box<[Parameters<f64, N, H, R, M>]>,
    architecture: Architecture,
}

impl<const N: usize, const H: usize, const R: usize, const M: usize> Compiled<N, H, R, M> {
    /// Takes the parameters of one or two networks.
    pub fn new(parameters: Box<[Parameters<f32, N, H, R, M>]>, architecture: Architecture) -> Self {
        let mut wide: Box<[Parameters<f64, N, H, R, M>]> = zeroed_slice(parameters.len());
        for (wide, parameters) in wide.iter_mut().zip(&parameters) {
            wide.round_from(parameters);
        }
        Compiled {
            parameters,
            wide,
            architecture,
        }
    }

    /// The networks that a training state is evaluated with: the target networks if there are any.
    pub fn of_states(states: &[State<f32, N, H, R, M>], architecture: Architecture) -> Self {
        let mut parameters: Box<[Parameters<f32, N, H, R, M>]> = zeroed_slice(states.len());
        for (parameters, state) in parameters.iter_mut().zip(states) {
            parameters.copy_from(&state.target);
        }
        Compiled::new(parameters, architecture)
    }

    /// The network for a player.
    fn of(&self, player: Player) -> MetaValue<'_, f32, N, H, R, M> {
        MetaValue::new(of(&self.parameters, player), self.architecture)
    }

    /// The same in `f64`.
    fn wide_of(&self, player: Player) -> MetaValue<'_, f64, N, H, R, M> {
        MetaValue::new(of(&self.wide, player), self.architecture)
    }
}

impl<const N: usize, const H: usize, const R: usize, const M: usize> Network<N> for Compiled<N, H, R, M> {
    fn shape(&self) -> Shape {
        Shape::new(N, H, R, M)
    }

    fn gradients(&self, cpu: Cpu, players: Players) -> Gradients<'_, N> {
        // Networks in turn, each for the players that it speaks for.
        let turns: Vec<Players> = match players {
            Players::Both if self.parameters.len() > 1 => Player::BOTH.map(Players::Only).into(),
            _ => vec![players],
        };
        let turns: Vec<_> = turns
            .into_iter()
            .filter_map(|players| Some((players, self.of(*players.each().first()?))))
            .collect();
        let mut tape: Box<Tape<Number, N, H, R>> = zeroed();
        Box::new(move |x, gamma| {
            let mut gradients = [[Number::ZERO; N]; 2];
            for (players, network) in &turns {
                network.forward(&cpu, x, gamma, *players, &mut tape);
                for player in players.each() {
                    gradients[player.index()] = network.own_gradient(&cpu, *player, None, &tape);
                }
            }
            gradients
        })
    }

    fn own_gradient(&self, player: Player, x: &[[f64; N]; 2], gamma: &[f64; 2]) -> [f64; N] {
        let network = self.wide_of(player);
        let mut tape = Tape::ZERO;
        network.forward(&Portable, x, gamma, Players::Only(player), &mut tape);
        network.own_gradient(&Portable, player, None, &tape)
    }

    fn steps(&self, cpu: Cpu, player: Player) -> Steps<'_, N> {
        let network = self.of(player);
        let mut tape: Box<Tape<Number, N, H, R>> = zeroed();
        Box::new(move |x, alpha| {
            network.forward(&cpu, x, alpha, Players::Only(player), &mut tape);
            let mut outputs = [Number::ZERO; M];
            network.quantiles(&cpu, player, &tape, &mut outputs);
            first(&outputs)
        })
    }

    fn image(&self, model: &image::Model, player: Player) -> Vec<u32> {
        let mut image: Box<Image<N, H, R, M>> = zeroed();
        image.write(model, of(&self.parameters, player));
        image.words().collect()
    }

    fn memory(&self) -> Memory {
        Memory {
            tape: size_of::<Tape<f32, N, H, R>>(),
            state: size_of::<State<f32, N, H, R, M>>() + size_of::<Parameters<f32, N, H, R, M>>(),
            step: size_of::<Step<f32, N, M>>() + size_of::<Tape<f32, N, H, R>>(),
            trajectory: size_of::<Trajectory<f32, N, H>>(),
        }
    }

    fn quantiles(&self, player: Player, x: &[[f64; N]; 2], gamma: &[f64; 2]) -> Vec<f64> {
        let network = self.wide_of(player);
        let mut tape = Tape::ZERO;
        network.forward(&Portable, x, gamma, Players::Only(player), &mut tape);
        let mut q = [0.0; M];
        network.quantiles(&Portable, player, &tape, &mut q);
        q.to_vec()
    }
}

/// The element for a player, out of one shared by both or one each.
fn of<T>(each: &[T], player: Player) -> &T {
    &each[speaker(player, each.len())]
}

/// The first `N` numbers, padded with zeros.
fn first<S: Scalar, const N: usize>(numbers: &[S]) -> [S; N] {
    std::array::from_fn(|n| numbers.get(n).copied().unwrap_or(S::ZERO))
}
