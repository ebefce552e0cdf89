//! Games: values, gradients, Hessian-vector products.

use meva_core::game::{
    Bilinear, Game, GameName, IteratedMatrix, Logistic, MatchingPennies, PlaneGame, Quadratic, Tandem,
};
use meva_core::kernels::Kernels;
use meva_core::{Player, Scalar};

use crate::bounds::Quantity;
use crate::operation::{Domain, Formula, Output, Relation, Sink, Source, Visitor, has_duals, plain, related, rows};

/// A game that operations can use.
pub trait Played<const N: usize>: Game<N> + Copy + Sync {
    /// Whether parameters are log-odds of probabilities.
    const LOG_ODDS: bool;
    /// The game with its constants as given by the source.
    #[must_use]
    fn with_constants<S: Scalar>(self, source: &mut dyn Source<S>) -> Self;
}

impl Played<1> for Logistic {
    const LOG_ODDS: bool = false;
    fn with_constants<S: Scalar>(self, _: &mut dyn Source<S>) -> Self {
        self
    }
}

impl Played<1> for Tandem {
    const LOG_ODDS: bool = false;
    fn with_constants<S: Scalar>(self, _: &mut dyn Source<S>) -> Self {
        self
    }
}

impl Played<1> for PlaneGame {
    const LOG_ODDS: bool = false;
    fn with_constants<S: Scalar>(self, _: &mut dyn Source<S>) -> Self {
        self
    }
}

impl Played<1> for MatchingPennies {
    const LOG_ODDS: bool = true;
    fn with_constants<S: Scalar>(self, _: &mut dyn Source<S>) -> Self {
        self
    }
}

impl Played<1> for Bilinear {
    const LOG_ODDS: bool = false;
    fn with_constants<S: Scalar>(self, _: &mut dyn Source<S>) -> Self {
        self
    }
}

impl Played<1> for Quadratic {
    const LOG_ODDS: bool = false;
    fn with_constants<S: Scalar>(self, _: &mut dyn Source<S>) -> Self {
        self
    }
}

impl Played<5> for IteratedMatrix {
    const LOG_ODDS: bool = true;
    fn with_constants<S: Scalar>(mut self, source: &mut dyn Source<S>) -> Self {
        source.constants("payoffs", self.payoffs.as_flattened_mut());
        let mut discount = [self.discount];
        source.constants("discount", &mut discount);
        [self.discount] = discount;
        self
    }
}

/// Forwards only the value, and what policies mean: the derivatives are those that [`Game`] computes with dual numbers.
#[derive(Clone, Copy, Debug)]
pub struct OnlyValue<G>(pub G);

impl<G: Game<N>, const N: usize> Game<N> for OnlyValue<G> {
    fn value<S: Scalar>(&self, x: &[[S; N]; 2]) -> [S; 2] {
        self.0.value(x)
    }
    fn natural<S: Scalar>(&self, parameters: &[S; N], gradient: &[S; N]) -> [S; N] {
        self.0.natural(parameters, gradient)
    }
}

/// Does something with each game that has vectors, given its name and its module.
macro_rules! on_each_game {
    ($name:ident, $module:ident, $game:ident => $body:expr) => {{
        {
            let ($name, $module, $game) = (
                $crate::game::names::LOGISTIC,
                "game::logistic",
                meva_core::game::Logistic,
            );
            $body;
        }
        {
            let ($name, $module, $game) = ($crate::game::names::TANDEM, "game::tandem", meva_core::game::Tandem);
            $body;
        }
        for $name in $crate::game::names::ITERATED {
            if let Some($game) = $name.iterated_matrix() {
                let $module = "game::iterated_matrix";
                $body;
            }
        }
    }};
}
pub(crate) use on_each_game;

/// The games that learners have operations in.
pub mod names {
    use super::GameName;

    /// The Logistic Game.
    pub const LOGISTIC: GameName = GameName::Logistic;
    /// The Tandem game.
    pub const TANDEM: GameName = GameName::Tandem;
    /// The iterated games.
    pub const ITERATED: [GameName; 3] = [GameName::Ipd, GameName::Imp, GameName::Chicken];
    /// All games, by their names in files of vectors.
    pub const IN_VECTORS: [(&str, GameName); 5] = [
        ("logistic", LOGISTIC),
        ("tandem", TANDEM),
        ("iterated_prisoners_dilemma", GameName::Ipd),
        ("iterated_matching_pennies", GameName::Imp),
        ("iterated_chicken", GameName::Chicken),
    ];
}

/// The results of a game at a joint policy `x`, and its Hessians times `v`.
#[derive(Clone, Copy, Debug)]
pub struct OfGame<G> {
    /// Its name.
    pub name: GameName,
    /// The module that computes it.
    pub module: &'static str,
    /// The game.
    pub game: G,
}

impl<G> OfGame<G> {
    fn formula<S: Scalar, const N: usize>(&self, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>)
    where
        G: Played<N>,
    {
        let game = self.game.with_constants(source);
        let x: [[S; N]; 2] = rows(source, "x", Domain::policy::<N>());
        let v: [[S; N]; 2] = rows(source, "v", Domain::Normal);
        sink.numbers("f", &game.value(&x));
        sink.numbers("gradient", game.own_gradients(&x).as_flattened());
        give_derivatives(&game, ["jacobian", "hvp"], &x, &v, sink);
        if const { has_duals::<S>() } && sink.wants("gradient by duals") {
            let by_values = OnlyValue(game);
            sink.numbers("gradient by duals", by_values.own_gradients(&x).as_flattened());
            give_derivatives(&by_values, ["jacobian by duals", "hvp by duals"], &x, &v, sink);
        }
    }
}

fn give_derivatives<S: Scalar, G: Game<N>, const N: usize>(
    game: &G,
    [jacobian, hvp]: [&'static str; 2],
    x: &[[S; N]; 2],
    v: &[[S; N]; 2],
    sink: &mut dyn Sink<S>,
) {
    for player in Player::BOTH {
        if sink.wants(jacobian) {
            sink.numbers(jacobian, game.gradient(player, x).as_flattened());
        }
        if sink.wants(hvp) {
            sink.numbers(hvp, game.hvp(player, x, v).as_flattened());
        }
    }
}

const OUTPUTS: [Output; 7] = [
    plain("f", Quantity::Value),
    related("gradient", Quantity::OwnGradient, Relation::Own { of: "f", by: "x" }),
    related("jacobian", Quantity::Gradient, Relation::Jacobian { of: "f", by: "x" }),
    related(
        "hvp",
        Quantity::Hvp,
        Relation::Along {
            of: "jacobian",
            by: "x",
            direction: "v",
        },
    ),
    related("gradient by duals", Quantity::OwnGradient, Relation::Duals("gradient")),
    related("jacobian by duals", Quantity::Gradient, Relation::Duals("jacobian")),
    related("hvp by duals", Quantity::Hvp, Relation::Duals("hvp")),
];

macro_rules! formula_of_game {
    ($($game:ty, $n:literal;)+) => {$(
        impl Formula for OfGame<$game> {
            fn module(&self) -> &'static str {
                self.module
            }
            fn subject(&self) -> &'static str {
                self.name.name()
            }
            fn outputs(&self) -> &'static [Output] {
                &OUTPUTS
            }
            fn formula<S: Scalar, K: Kernels<S>>(&self, _: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
                OfGame::formula::<S, $n>(self, source, sink);
            }
        }
    )+};
}

formula_of_game! {
    Logistic, 1;
    Tandem, 1;
    MatchingPennies, 1;
    Bilinear, 1;
    Quadratic, 1;
    IteratedMatrix, 5;
}

/// Shows the visitor every game.
pub fn each(visitor: &mut impl Visitor) {
    on_each_game!(name, module, game => visitor.formula(&OfGame { name, module, game }));
    visitor.formula(&OfGame {
        name: GameName::MatchingPennies,
        module: "game::matching_pennies",
        game: MatchingPennies,
    });
    visitor.formula(&OfGame {
        name: GameName::Bilinear,
        module: "game::bilinear",
        game: Bilinear,
    });
    visitor.formula(&OfGame {
        name: GameName::Quadratic,
        module: "game::quadratic",
        game: Quadratic,
    });
}
