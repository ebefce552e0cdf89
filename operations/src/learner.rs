//! Learners that need no training: the fields that they follow.

use meva_core::game::{Game, GameName, IteratedMatrix, Logistic, Tandem};
use meva_core::kernels::Kernels;
use meva_core::learner::LearnerName;
use meva_core::{Player, Real, Scalar};

use crate::bounds::Quantity;
use crate::condition::{MovedGradients, Nudge};
use crate::game::{OnlyValue, Played, on_each_game};
use crate::operation::{Domain, Formula, Output, Relation, Sink, Source, Visitor, has_duals, plain, related, rows};

/// A learner's field at a joint policy `x`.
#[derive(Clone, Copy, Debug)]
pub struct OfLearner<G> {
    /// The learner.
    pub learner: LearnerName,
    /// The length of its imagined steps.
    pub alpha: f64,
    /// The name of the game.
    pub name: GameName,
    /// The game.
    pub game: G,
}

impl<G> OfLearner<G> {
    fn formula<S: Scalar, const N: usize>(&self, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>)
    where
        G: Played<N>,
    {
        let game = self.game.with_constants(source);
        let x: [[S; N]; 2] = rows(source, "x", Domain::policy::<N>());
        if sink.wants(key(self.learner)) {
            let field = self.learner.field(self.alpha, &game, &x);
            sink.numbers(key(self.learner), field.as_flattened());
        }
        if const { has_duals::<S>() } && sink.wants("field by duals") {
            let field = self.learner.field(self.alpha, &OnlyValue(game), &x);
            sink.numbers("field by duals", field.as_flattened());
        }
        if self.ascends() && sink.wants("objective") {
            // Where the learner differentiates: at `x`; `y` may move from there, while what is treated as constant stays.
            let mut y = x;
            source.numbers("y", Domain::Given, y.as_flattened_mut());
            sink.numbers("objective", &self.objective(&game, &x, &y));
        }
    }

    /// Whether what it follows is the gradient of an objective.
    const fn ascends(&self) -> bool {
        use LearnerName::{Hola0, Hola1, Hola2, Hola3, Lola, LolaTaylor, LookAhead, Naive};
        matches!(
            self.learner,
            Naive | LookAhead | Lola | LolaTaylor | Hola0 | Hola1 | Hola2 | Hola3
        )
    }

    /// What the learner ascends, if it [does](Self::ascends): each player's return after the step of its opponent that it anticipates.
    fn objective<S: Scalar, P: Game<N>, const N: usize>(&self, game: &P, x: &[[S; N]; 2], y: &[[S; N]; 2]) -> [S; 2] {
        let opponent = match self.learner {
            LearnerName::LookAhead | LearnerName::Lola | LearnerName::Hola1 | LearnerName::LolaTaylor => {
                LearnerName::Naive
            }
            LearnerName::Hola2 => LearnerName::Lola,
            LearnerName::Hola3 => LearnerName::Hola2,
            _ => return game.value(y),
        };
        let alpha = S::Real::round(self.alpha);
        Player::BOTH.map(|player| {
            let (i, j) = (player.index(), player.opponent().index());
            // LookAhead treats the step as a constant.
            let seen_from = if self.learner == LearnerName::LookAhead { x } else { y };
            let step = opponent.field(self.alpha, game, seen_from)[j];
            if self.learner == LearnerName::LolaTaylor {
                let mut value = game.value(y)[i];
                for (d, step) in game.gradient(player, y)[j].iter().zip(step) {
                    value.add_scaled(alpha, &(*d * step));
                }
                return value;
            }
            let mut after = *y;
            for (number, step) in after[j].iter_mut().zip(&step) {
                number.add_scaled(alpha, step);
            }
            game.value(&after)[i]
        })
    }

    fn moved<const N: usize>(&self, nudge: &mut Nudge, source: &mut dyn Source<f64>, sink: &mut dyn Sink<f64>)
    where
        G: Played<N>,
    {
        let game = MovedGradients::new(self.game.with_constants(source), G::LOG_ODDS, nudge);
        let x: [[f64; N]; 2] = rows(source, "x", Domain::policy::<N>());
        sink.numbers(
            key(self.learner),
            self.learner.field(self.alpha, &game, &x).as_flattened(),
        );
    }
}

/// The name of a learner's field in files of vectors.
pub const fn key(learner: LearnerName) -> &'static str {
    match learner {
        LearnerName::Naive => "naive",
        LearnerName::LookAhead => "lookahead",
        LearnerName::Lola => "lola",
        LearnerName::LolaTaylor => "lola_taylor",
        LearnerName::Hola0 => "hola0",
        LearnerName::Hola1 => "hola1",
        LearnerName::Hola2 => "hola2",
        LearnerName::Hola3 => "hola3",
        LearnerName::Lola2018 => "lola_2018",
        LearnerName::Sos => "sos",
        LearnerName::Consensus => "consensus",
        LearnerName::Sga => "sga",
        LearnerName::Cgd => "cgd",
        LearnerName::Extragradient => "extragradient",
        LearnerName::LookAhead2 => "lookahead2",
        LearnerName::LookAhead3 => "lookahead3",
        LearnerName::Pola => "pola",
    }
}

const fn outputs(learner: LearnerName) -> [Output; 3] {
    let (name, quantity) = (key(learner), Quantity::of_learner(learner));
    [
        related(
            name,
            quantity,
            Relation::Own {
                of: "objective",
                by: "y",
            },
        ),
        related("field by duals", quantity, Relation::Duals(name)),
        related("objective", Quantity::Value, Relation::Auxiliary),
    ]
}

/// The outputs of a learner whose field is no gradient.
const fn outputs_of_field(learner: LearnerName) -> [Output; 2] {
    let (name, quantity) = (key(learner), Quantity::of_learner(learner));
    [
        plain(name, quantity),
        related("field by duals", quantity, Relation::Duals(name)),
    ]
}

macro_rules! formula_of_learner {
    ($($game:ty, $n:literal;)+) => {$(
        impl Formula for OfLearner<$game> {
            fn module(&self) -> &'static str {
                match self.learner {
                    LearnerName::Naive => "learner::naive",
                    LearnerName::LookAhead | LearnerName::LookAhead2 | LearnerName::LookAhead3 => "learner::lookahead",
                    LearnerName::Lola | LearnerName::LolaTaylor | LearnerName::Lola2018 => "learner::lola",
                    LearnerName::Hola0 | LearnerName::Hola1 | LearnerName::Hola2 | LearnerName::Hola3 => "learner::hola",
                    LearnerName::Sos => "learner::sos",
                    LearnerName::Consensus => "learner::consensus",
                    LearnerName::Sga => "learner::sga",
                    LearnerName::Cgd => "learner::cgd",
                    LearnerName::Extragradient => "learner::extragradient",
                    LearnerName::Pola => "learner::pola",
                }
            }
            fn subject(&self) -> &'static str {
                self.name.name()
            }
            fn outputs(&self) -> &'static [Output] {
                match self.learner {
                    LearnerName::Naive => const { &outputs(LearnerName::Naive) },
                    LearnerName::LookAhead => const { &outputs(LearnerName::LookAhead) },
                    LearnerName::Lola => const { &outputs(LearnerName::Lola) },
                    LearnerName::LolaTaylor => const { &outputs(LearnerName::LolaTaylor) },
                    LearnerName::Hola0 => const { &outputs(LearnerName::Hola0) },
                    LearnerName::Hola1 => const { &outputs(LearnerName::Hola1) },
                    LearnerName::Hola2 => const { &outputs(LearnerName::Hola2) },
                    LearnerName::Hola3 => const { &outputs(LearnerName::Hola3) },
                    LearnerName::Lola2018 => const { &outputs_of_field(LearnerName::Lola2018) },
                    LearnerName::Sos => const { &outputs_of_field(LearnerName::Sos) },
                    LearnerName::Consensus => const { &outputs_of_field(LearnerName::Consensus) },
                    LearnerName::Sga => const { &outputs_of_field(LearnerName::Sga) },
                    LearnerName::Cgd => const { &outputs_of_field(LearnerName::Cgd) },
                    LearnerName::Extragradient => const { &outputs_of_field(LearnerName::Extragradient) },
                    LearnerName::LookAhead2 => const { &outputs_of_field(LearnerName::LookAhead2) },
                    LearnerName::LookAhead3 => const { &outputs_of_field(LearnerName::LookAhead3) },
                    LearnerName::Pola => const { &outputs_of_field(LearnerName::Pola) },
                }
            }
            fn formula<S: Scalar, K: Kernels<S>>(&self, _: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
                OfLearner::formula::<S, $n>(self, source, sink);
            }
            fn formula_moved(&self, nudge: &mut Nudge, source: &mut dyn Source<f64>, sink: &mut dyn Sink<f64>) {
                self.moved::<$n>(nudge, source, sink);
            }
        }
    )+};
}

formula_of_learner! {
    Logistic, 1;
    Tandem, 1;
    IteratedMatrix, 5;
}

/// The length of imagined steps that moves policies by about one.
const fn length_of_steps(game: GameName) -> f64 {
    match game {
        GameName::Tandem => 0.1,
        GameName::Chicken => 0.02,
        _ => 1.0,
    }
}

/// Shows the visitor every learner in every game.
pub fn each(visitor: &mut impl Visitor) {
    on_each_game!(name, _module, game => {
        for learner in LearnerName::ALL {
            // Proximal steps take hundreds of gradients each: a game of either size is enough.
            if learner == LearnerName::Pola && !matches!(name, GameName::Logistic | GameName::Ipd) {
                continue;
            }
            let alpha = match learner {
                // A proximal step is well-defined only where it is shorter.
                LearnerName::Pola => 0.1 * length_of_steps(name),
                _ => length_of_steps(name),
            };
            visitor.formula(&OfLearner { learner, alpha, name, game });
        }
    });
}
