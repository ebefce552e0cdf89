//! COLA: the steps that a network predicts, where they lead, and the loss that makes them consistent.

use meva_core::game::{IteratedMatrix, Logistic};
use meva_core::learner::cola::{self, Form, Predictor};
use meva_core::meta_value::{Architecture, MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::{Real, Scalar};

use crate::bounds::Quantity;
use crate::game::Played;
use crate::meta_value::{ITERATED, PLANE};
use crate::operation::{
    Domain, Formula, Operation, Output, Packed, Relation, Sink, Source, Visitor, WithDuals, give, parameters, plain,
    related, rows,
};
use meva_core::kernels::Kernels;

/// COLA's network in a game, at a joint policy `x`.
#[derive(Clone, Copy, Debug)]
pub struct Cola<G, const N: usize, const H: usize, const R: usize> {
    /// The name of the game.
    pub subject: &'static str,
    /// What defines the network besides its sizes.
    pub architecture: Architecture,
    /// What the network predicts.
    pub form: Form,
    /// The game.
    pub game: G,
}

impl<G: Played<N>, const N: usize, const H: usize, const R: usize> Formula for Cola<G, N, H, R> {
    fn module(&self) -> &'static str {
        "learner::cola"
    }

    fn subject(&self) -> &'static str {
        self.subject
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 2] = [plain("ghat", Quantity::ColaStep), plain("target", Quantity::ColaTarget)];
        &OUTPUTS
    }

    fn formula<S: Scalar, K: Kernels<S>>(&self, kernels: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let theta: Parameters<S::Real, N, H, R, N> = parameters(source, "parameters");
        let predictor = Predictor {
            network: MetaValue::new(&theta, self.architecture),
            form: self.form,
        };
        let game = self.game.with_constants(source);
        let x: [[S; N]; 2] = rows(source, "x", Domain::policy::<N>());
        let alpha = S::from_real(alpha(source));
        let mut tape = Tape::ZERO;
        let steps = cola::steps(kernels, &game, &predictor, &x, alpha, &mut tape);
        let targets = cola::targets(kernels, &game, &predictor, &x, alpha, &steps, &tape);
        sink.numbers("ghat", steps.as_flattened());
        sink.numbers("target", targets.as_flattened());
    }
}

fn alpha<S: Scalar>(source: &mut dyn Source<S>) -> S::Real {
    let mut alpha = [S::Real::round(0.7)];
    source.reals("alpha", Domain::Given, &mut alpha);
    alpha[0]
}

/// COLA's loss with its gradient.
#[derive(Clone, Copy, Debug)]
pub struct ColaLoss<G, const N: usize, const H: usize, const R: usize>(pub Cola<G, N, H, R>);

impl<G: Played<N>, const N: usize, const H: usize, const R: usize> Operation for ColaLoss<G, N, H, R> {
    fn module(&self) -> &'static str {
        "learner::cola"
    }

    fn subject(&self) -> &'static str {
        self.0.subject
    }

    fn outputs(&self) -> &'static [Output] {
        const OUTPUTS: [Output; 2] = [
            plain("loss", Quantity::ColaLoss),
            related(
                "loss_gradient",
                Quantity::ColaLossGradient,
                Relation::Tensors {
                    of: "loss",
                    by: "parameters",
                },
            ),
        ];
        &OUTPUTS
    }

    fn evaluate<S: Packed, K: WithDuals<S>>(&self, kernels: &K, source: &mut dyn Source<S>, sink: &mut dyn Sink<S>) {
        let theta: Parameters<S::Real, N, H, R, N> = parameters(source, "parameters");
        let predictor = Predictor {
            network: MetaValue::new(&theta, self.0.architecture),
            form: self.0.form,
        };
        let game = self.0.game.with_constants(source);
        let x: [[S; N]; 2] = rows(source, "x", Domain::policy::<N>());
        let alpha = S::from_real(alpha(source));
        let (mut gradient, mut dual_gradient) = (Parameters::ZERO, Parameters::ZERO);
        let (mut tape, mut dual_tape) = (Tape::ZERO, Tape::ZERO);
        let loss = cola::loss_and_gradient(
            kernels,
            &game,
            &predictor,
            &x,
            alpha,
            source.weight(),
            &mut tape,
            &mut dual_tape,
            &mut dual_gradient,
            &mut gradient,
        );
        sink.numbers("loss", &[loss]);
        give(sink, "loss_gradient", &gradient);
    }
}

/// Shows the visitor COLA in a game with one parameter and in an iterated game, in each form.
pub fn each<const H: usize, const R: usize>(visitor: &mut impl Visitor) {
    for (form, [plane, iterated]) in [
        (Form::Direct, ["logistic", "ipd"]),
        (Form::Correction, ["logistic correction", "ipd correction"]),
    ] {
        let plane = Cola::<_, 1, H, 1> {
            subject: plane,
            architecture: PLANE,
            form,
            game: Logistic,
        };
        let iterated = Cola::<_, 5, H, R> {
            subject: iterated,
            architecture: ITERATED,
            form,
            game: IteratedMatrix::PRISONERS_DILEMMA,
        };
        visitor.formula(&plane);
        visitor.formula(&iterated);
        visitor.operation(&ColaLoss(plane));
        visitor.operation(&ColaLoss(iterated));
    }
}
