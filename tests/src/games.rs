//! The built-in games, by their names in the vectors.

use meva_core::game::{IteratedMatrix, Logistic, Tandem};
use meva_core::{Game, Player, Scalar};

use meva_operations::condition::{Nudge, condition};

use crate::compare::Scale;
use crate::tolerance::Precision;

/// A game of this crate.
pub trait BuiltIn: Copy {
    /// Whether parameters are log-odds of probabilities.
    const LOG_ODDS: bool = false;

    /// The game with perturbed constants.
    fn nudged(&self, nudge: &mut Nudge) -> Self;
}

impl BuiltIn for Logistic {
    fn nudged(&self, _nudge: &mut Nudge) -> Self {
        Logistic
    }
}

impl BuiltIn for Tandem {
    fn nudged(&self, _nudge: &mut Nudge) -> Self {
        Tandem
    }
}

impl BuiltIn for IteratedMatrix {
    const LOG_ODDS: bool = true;

    fn nudged(&self, nudge: &mut Nudge) -> Self {
        IteratedMatrix {
            payoffs: nudge.rows(&self.payoffs),
            discount: nudge.number(self.discount),
        }
    }
}

/// Something to do with a game with any number of parameters.
pub trait Visit {
    /// Visits the game.
    fn visit<G: Game<N> + BuiltIn, const N: usize>(&mut self, name: &str, game: G);
}

/// Shows the visitor one game.
///
/// # Panics
///
/// If no game has this name.
pub fn visit(name: &str, visitor: &mut impl Visit) {
    match name {
        "logistic" => visitor.visit(name, Logistic),
        "tandem" => visitor.visit(name, Tandem),
        "iterated_prisoners_dilemma" => visitor.visit(name, IteratedMatrix::PRISONERS_DILEMMA),
        "iterated_matching_pennies" => visitor.visit(name, IteratedMatrix::MATCHING_PENNIES),
        "iterated_chicken" => visitor.visit(name, IteratedMatrix::CHICKEN),
        _ => panic!("no game is called {name}"),
    }
}

/// The names of all games.
pub const ALL: [&str; 5] = [
    "logistic",
    "tandem",
    "iterated_prisoners_dilemma",
    "iterated_matching_pennies",
    "iterated_chicken",
];

/// The quantities of a game at `x`: names and numbers.
pub type Outputs<S> = [(&'static str, Vec<S>); 4];

/// Values, own gradients, Jacobian, and the Hessians times `v`.
pub fn outputs<S: Scalar, G: Game<N>, const N: usize>(game: &G, x: &[[S; N]; 2], v: &[[S; N]; 2]) -> Outputs<S> {
    let jacobian = Player::BOTH.map(|player| game.gradient(player, x));
    let hvp = Player::BOTH.map(|player| game.hvp(player, x, v));
    [
        ("f", game.value(x).to_vec()),
        ("gradient", game.own_gradients(x).concat()),
        ("jacobian", jacobian.concat().concat()),
        ("hvp", hvp.concat().concat()),
    ]
}

/// The scale of the errors of `outputs`: in `f32` this includes how far they move with the policies, the direction and
/// the game's constants.
pub fn scales<G: Game<N> + BuiltIn, const N: usize>(
    precision: Precision,
    game: &G,
    x: &[[f64; N]; 2],
    v: &[[f64; N]; 2],
) -> [Scale; 4] {
    core::array::from_fn(|index| match precision {
        Precision::Double => Scale::Rms,
        Precision::Single => Scale::RmsPlus(condition(&|nudge| {
            let (x, v) = (nudge.rows(x), nudge.rows(v));
            outputs(&game.nudged(nudge), &x, &v)[index].1.clone()
        })),
    })
}
