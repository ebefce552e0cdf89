//! Trained networks whose sizes are known only at run time, behind one trait.

use meva_core::algorithm1::{State, Step, Trajectory};
use meva_core::arithmetic::{ArithmeticName, Separate};
use meva_core::image::{self, Image};
use meva_core::kernels::Portable;
use meva_core::meta_value::{Architecture, MetaValue, Tape};
use meva_core::networks::speaker;
use meva_core::parameters::Parameters;
use meva_core::shape::Shape;
use meva_core::{Player, Players, Scalar};

use crate::cpu::memory::{Plain, zeroed, zeroed_slice};
use crate::cpu::{Chosen, Cpu, Number, Wide};

/// Evaluates something of a player at 64 joint policies and settings, as many numbers as a policy has parameters.
pub type Outputs<'a, S, const N: usize> = Box<dyn FnMut(&[[S; N]; 2], &[S; 2]) -> [S; N] + 'a>;
/// Evaluates own gradients at 64 joint policies and discounts, by player.
pub type Gradients<'a, S, const N: usize> = Box<dyn FnMut(&[[S; N]; 2], &[S; 2]) -> [[S; N]; 2] + 'a>;

/// Numbers of 64 lanes that agents are followed in.
pub trait Lockstep: Scalar<Lane = <Self as Scalar>::Real> {
    /// What they are computed in.
    type Arithmetic: Chosen;
    /// What a network that was trained in this arithmetic is evaluated in.
    fn arithmetic(trained: ArithmeticName) -> Self::Arithmetic;
    /// The network, for these numbers.
    fn evaluate<const N: usize>(network: &dyn Network<N>) -> &dyn Evaluate<Self, N>;
}

impl Lockstep for Number {
    type Arithmetic = ArithmeticName;
    fn arithmetic(trained: ArithmeticName) -> ArithmeticName {
        trained
    }
    fn evaluate<const N: usize>(network: &dyn Network<N>) -> &dyn Evaluate<Self, N> {
        network
    }
}

/// Nothing is trained in `f64`: it rounds separately.
impl Lockstep for Wide {
    type Arithmetic = Separate;
    fn arithmetic(_: ArithmeticName) -> Separate {
        Separate
    }
    fn evaluate<const N: usize>(network: &dyn Network<N>) -> &dyn Evaluate<Self, N> {
        network
    }
}

/// What agents follow of a network, at many joint policies in lockstep.
pub trait Evaluate<S: Lockstep, const N: usize> {
    /// Evaluates the own gradients of players; those of others are zero. What two players have in common is computed once.
    fn gradients(&self, cpu: Cpu<S::Arithmetic>, players: Players) -> Gradients<'_, S, N>;
    /// Evaluates a player's first `N` outputs, from which COLA's steps are made.
    fn outputs(&self, cpu: Cpu<S::Arithmetic>, player: Player) -> Outputs<'_, S, N>;
}

/// A network with parameters, for any hidden size.
pub trait Network<const N: usize>: Evaluate<Number, N> + Evaluate<Wide, N> + Send + Sync {
    /// Its sizes.
    fn shape(&self) -> Shape;
    /// A player's own gradient in `f64`, with the parameters as they are.
    fn own_gradient(&self, player: Player, x: &[[f64; N]; 2], gamma: &[f64; 2]) -> [f64; N];
    /// A player's quantiles.
    fn quantiles(&self, player: Player, x: &[[f64; N]; 2], gamma: &[f64; 2]) -> Vec<f64>;
    /// The words of the [image] of a player's network as part of `model`, if there is one network to hold.
    fn image(&self, model: &image::Model, player: Player) -> Option<Vec<u32>>;
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

    /// The network for a player in `f64`.
    fn wide_of(&self, player: Player) -> MetaValue<'_, f64, N, H, R, M> {
        MetaValue::new(of(&self.wide, player), self.architecture)
    }
}

/// Parameters in a type of number.
trait In<T, const N: usize, const H: usize, const R: usize, const M: usize> {
    fn parameters(&self) -> &[Parameters<T, N, H, R, M>];
}

impl<const N: usize, const H: usize, const R: usize, const M: usize> In<f32, N, H, R, M> for Compiled<N, H, R, M> {
    fn parameters(&self) -> &[Parameters<f32, N, H, R, M>] {
        &self.parameters
    }
}

impl<const N: usize, const H: usize, const R: usize, const M: usize> In<f64, N, H, R, M> for Compiled<N, H, R, M> {
    fn parameters(&self) -> &[Parameters<f64, N, H, R, M>] {
        &self.wide
    }
}

impl<S: Lockstep, const N: usize, const H: usize, const R: usize, const M: usize> Evaluate<S, N>
    for Compiled<N, H, R, M>
where
    Self: In<S::Real, N, H, R, M>,
    Tape<S, N, H, R>: Plain,
{
    fn gradients(&self, cpu: Cpu<S::Arithmetic>, players: Players) -> Gradients<'_, S, N> {
        let each = self.parameters();
        // Networks in turn, each for the players that it speaks for.
        let turns: Vec<Players> = match players {
            Players::Both if each.len() > 1 => Player::BOTH.map(Players::Only).into(),
            _ => vec![players],
        };
        let turns: Vec<_> = turns
            .into_iter()
            .filter_map(|players| {
                let parameters = of(each, *players.each().first()?);
                Some((players, MetaValue::new(parameters, self.architecture)))
            })
            .collect();
        let mut tape: Box<Tape<S, N, H, R>> = zeroed();
        Box::new(move |x, gamma| {
            let mut gradients = [[S::ZERO; N]; 2];
            for (players, network) in &turns {
                network.forward(&cpu, x, gamma, *players, &mut tape);
                for player in players.each() {
                    gradients[player.index()] = network.own_gradient(&cpu, *player, None, &tape);
                }
            }
            gradients
        })
    }

    fn outputs(&self, cpu: Cpu<S::Arithmetic>, player: Player) -> Outputs<'_, S, N> {
        let network = MetaValue::new(of(self.parameters(), player), self.architecture);
        let mut tape: Box<Tape<S, N, H, R>> = zeroed();
        Box::new(move |x, alpha| {
            network.forward(&cpu, x, alpha, Players::Only(player), &mut tape);
            let mut outputs = [S::ZERO; M];
            network.quantiles(&cpu, player, &tape, &mut outputs);
            first(&outputs)
        })
    }
}

impl<const N: usize, const H: usize, const R: usize, const M: usize> Network<N> for Compiled<N, H, R, M> {
    fn shape(&self) -> Shape {
        Shape::new(N, H, R, M)
    }

    fn own_gradient(&self, player: Player, x: &[[f64; N]; 2], gamma: &[f64; 2]) -> [f64; N] {
        let network = self.wide_of(player);
        let mut tape = Tape::ZERO;
        network.forward(&Portable, x, gamma, Players::Only(player), &mut tape);
        network.own_gradient(&Portable, player, None, &tape)
    }

    fn image(&self, model: &image::Model, player: Player) -> Option<Vec<u32>> {
        let mut image: Box<Image<N, H, R, M>> = zeroed();
        image.write(model, of(&self.parameters, player));
        Some(image.words().collect())
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
