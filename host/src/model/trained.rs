//! What an agent with a trained network follows.

use meva_core::arithmetic::ArithmeticName;
use meva_core::learner::cola::Form;
use meva_core::learner::meta_value::Field;
use meva_core::{Game, Player, Players};

use crate::cpu::Cpu;
use crate::cpu::estimate::Knowledge;
use crate::model::network::{Lockstep, Network};

/// How a network's outputs become a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The gradient of a meta-value, or of a correction to the naive gradient; the setting is each player's meta-discount.
    MetaValue(Field),
    /// The steps of COLA, from the outputs; the setting is the length of the imagined step, the first player's for both.
    Cola(Form),
}

/// A network, how it is followed, and with which setting.
#[derive(Clone, Copy)]
pub struct Trained<'a, const N: usize> {
    /// The network.
    pub network: &'a dyn Network<N>,
    /// How its outputs become a direction.
    pub rule: Rule,
    /// Both players' meta-discounts, or the length of COLA's imagined step.
    pub setting: [f64; 2],
    /// What it was trained in, and is evaluated in where numbers are `f32`; in `f64`, rounding is separate.
    pub arithmetic: ArithmeticName,
}

/// Gives an agent's direction at 64 joint policies.
pub type Follow<'a, S, const N: usize> = Box<dyn FnMut(&[[S; N]; 2]) -> [S; N] + 'a>;
/// Gives both agents' directions at 64 joint policies.
pub type FollowBoth<'a, S, const N: usize> = Box<dyn FnMut(&[[S; N]; 2]) -> [[S; N]; 2] + 'a>;

impl<'a, const N: usize> Trained<'a, N> {
    /// The direction of a player at a joint policy, in `f64`.
    pub fn direction<G: Game<N>>(&self, player: Player, game: &G, x: &[[f64; N]; 2]) -> [f64; N] {
        let (i, setting) = (player.index(), self.setting);
        match self.rule {
            Rule::MetaValue(field) => {
                let naive = if field.is_correction() {
                    game.own_gradients(x)[i]
                } else {
                    [0.0; N]
                };
                field.direction(&naive, &self.network.own_gradient(player, x, &setting), setting[i])
            }
            Rule::Cola(form) => {
                let outputs = self.network.quantiles(player, x, &[setting[0]; 2]);
                let outputs = std::array::from_fn(|n| outputs.get(n).copied().unwrap_or(0.0));
                let naive = match form {
                    Form::Direct => [0.0; N],
                    Form::Correction => game.own_gradients(x)[i],
                };
                form.step(&naive, &outputs, setting[0])
            }
        }
    }

    /// Evaluates the direction of a player at 64 joint policies.
    pub fn follow<'b, S: Lockstep>(
        &self,
        player: Player,
        mut knowledge: Box<dyn Knowledge<N, S>>,
        cpu: Cpu,
    ) -> Follow<'b, S, N>
    where
        'a: 'b,
    {
        let (i, setting) = (player.index(), self.setting.map(S::from_f64));
        match self.rule {
            Rule::MetaValue(field) => {
                let mut directions = self.directions(field, Players::Only(player), knowledge, cpu);
                Box::new(move |x| directions(x)[i])
            }
            Rule::Cola(form) => {
                let cpu = cpu.with_arithmetic(S::arithmetic(self.arithmetic));
                let mut outputs = S::evaluate(self.network).outputs(cpu, player);
                Box::new(move |x| {
                    let naive = match form {
                        Form::Direct => [S::ZERO; N],
                        Form::Correction => knowledge.estimate(x).1[i],
                    };
                    form.step(&naive, &outputs(x, &[setting[0]; 2]), setting[0])
                })
            }
        }
    }

    /// Evaluates the directions of both players, who follow the same, at 64 joint policies: with the bits of following
    /// each, and what they have in common computed once. `None` where nothing is.
    pub fn follow_both<'b, S: Lockstep>(
        &self,
        other: &Self,
        knowledge: Box<dyn Knowledge<N, S>>,
        cpu: Cpu,
    ) -> Option<FollowBoth<'b, S, N>>
    where
        'a: 'b,
    {
        let same_network = std::ptr::addr_eq(self.network, other.network);
        match self.rule {
            Rule::MetaValue(field) if same_network && (self.rule, self.setting) == (other.rule, other.setting) => {
                Some(self.directions(field, Players::Both, knowledge, cpu))
            }
            _ => None,
        }
    }

    fn directions<'b, S: Lockstep>(
        &self,
        field: Field,
        players: Players,
        mut knowledge: Box<dyn Knowledge<N, S>>,
        cpu: Cpu,
    ) -> FollowBoth<'b, S, N>
    where
        'a: 'b,
    {
        let setting = self.setting.map(S::from_f64);
        let cpu = cpu.with_arithmetic(S::arithmetic(self.arithmetic));
        let mut gradients = S::evaluate(self.network).gradients(cpu, players);
        Box::new(move |x| {
            let naive = if field.is_correction() {
                knowledge.estimate(x).1
            } else {
                [[S::ZERO; N]; 2]
            };
            let network = gradients(x, &setting);
            [0, 1].map(|i| field.direction(&naive[i], &network[i], setting[i]))
        })
    }
}
