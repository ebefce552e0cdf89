//! What a network says of a joint policy: four questions in one frame.

use core::ffi::c_void;

use meva_core::game::NamedGame;
use meva_core::kernels::Portable;
use meva_core::learner::MetaValueLearner;
use meva_core::meta_value::Tape;
use meva_core::shape::ShapeVisitor;
use meva_core::{Player, Players};

use crate::error::{MevaError, Outcome};
use crate::model::{MevaModel, MevaShape, image_of, opened, write_size};
use crate::pointer::{discounts, good, player_of, policies, write_rows};

/// Writes the bytes of workspace that evaluating a network of this shape needs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_workspace_size(shape: *const MevaShape, size: *mut usize) -> MevaError {
    // SAFETY: as the caller vouches.
    unsafe { write_size(shape, size, TapeSize) }.into()
}

struct TapeSize;

impl ShapeVisitor for TapeSize {
    type Output = Result<usize, MevaError>;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Self::Output {
        Ok(size_of::<Tape<f32, N, H, R>>())
    }
}

/// A player's (0 or 1) quantiles at the joint policy x, 2 N numbers, player 0's first, with both players' discounts: M
/// numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_quantiles(
    model: *const MevaModel,
    player: u32,
    x: *const f32,
    x_count: usize,
    gamma: *const f32,
    quantiles: *mut f32,
    quantiles_count: usize,
    workspace: *mut c_void,
    workspace_size: usize,
) -> MevaError {
    let evaluate = || {
        let asked = Asked {
            question: Question::Quantiles(player_of(player)?),
            x: (x, x_count),
            gamma,
            answer: (quantiles, quantiles_count),
            workspace: (workspace, workspace_size),
        };
        // SAFETY: as the caller vouches.
        unsafe { asked.of(model) }
    };
    Outcome::into(evaluate())
}

/// Both players' values, the means of their quantiles, at the joint policy x: 2 numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_values(
    model: *const MevaModel,
    x: *const f32,
    x_count: usize,
    gamma: *const f32,
    values: *mut f32,
    workspace: *mut c_void,
    workspace_size: usize,
) -> MevaError {
    let asked = Asked {
        question: Question::Values,
        x: (x, x_count),
        gamma,
        answer: (values, 2),
        workspace: (workspace, workspace_size),
    };
    // SAFETY: as the caller vouches.
    unsafe { asked.of(model) }.into()
}

/// The network's own gradients at the joint policy x, each player's mean quantile by its own parameters: 2 N numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_own_gradients(
    model: *const MevaModel,
    x: *const f32,
    x_count: usize,
    gamma: *const f32,
    gradients: *mut f32,
    gradients_count: usize,
    workspace: *mut c_void,
    workspace_size: usize,
) -> MevaError {
    let asked = Asked {
        question: Question::OwnGradients,
        x: (x, x_count),
        gamma,
        answer: (gradients, gradients_count),
        workspace: (workspace, workspace_size),
    };
    // SAFETY: as the caller vouches.
    unsafe { asked.of(model) }.into()
}

/// The directions that agents follow at the joint policy x, in the game that the model was trained for: 2 N numbers. A step
/// is x + alpha field, with the model's alpha.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_field(
    model: *const MevaModel,
    x: *const f32,
    x_count: usize,
    gamma: *const f32,
    field: *mut f32,
    field_count: usize,
    workspace: *mut c_void,
    workspace_size: usize,
) -> MevaError {
    let asked = Asked {
        question: Question::Field,
        x: (x, x_count),
        gamma,
        answer: (field, field_count),
        workspace: (workspace, workspace_size),
    };
    // SAFETY: as the caller vouches.
    unsafe { asked.of(model) }.into()
}

/// What a network can be asked at a joint policy.
#[derive(Clone, Copy)]
enum Question {
    Quantiles(Player),
    Values,
    OwnGradients,
    Field,
}

impl Question {
    /// How many numbers the answer has.
    fn length(self, n: usize, m: usize) -> usize {
        match self {
            Question::Quantiles(_) => m,
            Question::Values => 2,
            Question::OwnGradients | Question::Field => 2 * n,
        }
    }
}

/// A question with what C gives to answer it: pointers with the numbers or bytes that they are good for.
#[derive(Clone, Copy)]
struct Asked {
    question: Question,
    x: (*const f32, usize),
    gamma: *const f32,
    answer: (*mut f32, usize),
    workspace: (*mut c_void, usize),
}

impl Asked {
    /// Asks a model.
    unsafe fn of(self, model: *const MevaModel) -> Outcome {
        // SAFETY: the caller vouches for a readable model.
        let (model, header) = unsafe { opened(model) }?;
        header.shape().visit(OfModel(self, model))?
    }
}

struct OfModel(Asked, MevaModel);

impl ShapeVisitor for OfModel {
    type Output = Outcome;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Outcome {
        let OfModel(asked, model) = self;
        let (answer, answer_count) = asked.answer;
        let (tape, tape_size) = (asked.workspace.0.cast::<Tape<f32, N, H, R>>(), asked.workspace.1);
        good(answer, answer_count, asked.question.length(N, M))?;
        // SAFETY: as the caller vouches; everything is checked before anything is written, and all bits zero is a value of a
        // struct of floats.
        unsafe {
            let (x, gamma) = (policies::<N>(asked.x.0, asked.x.1)?, discounts(asked.gamma)?);
            let image = image_of::<N, H, R, M>(model.image, model.size)?;
            let (contents, network) = (image.header.model()?, image.network()?);
            let game = G::try_from(contents.game)?;
            good(tape, tape_size, size_of::<Tape<f32, N, H, R>>())?;
            tape.write_bytes(0, 1);
            let tape = &mut *tape;
            match asked.question {
                Question::Quantiles(player) => {
                    network.forward(&Portable, &x, &gamma, Players::Only(player), tape);
                    let mut quantiles = [0.0; M];
                    network.quantiles(&Portable, player, tape, &mut quantiles);
                    answer.cast::<[f32; M]>().write(quantiles);
                }
                Question::Values => {
                    network.forward(&Portable, &x, &gamma, Players::Both, tape);
                    write_rows(&Player::BOTH.map(|player| [network.mean(player, tape)]), answer);
                }
                Question::OwnGradients => {
                    network.forward(&Portable, &x, &gamma, Players::Both, tape);
                    let rows = Player::BOTH.map(|player| network.own_gradient(&Portable, player, None, tape));
                    write_rows(&rows, answer);
                }
                Question::Field => {
                    let learner = MetaValueLearner {
                        network,
                        field: contents.field,
                        gamma: gamma.map(f64::from),
                    };
                    write_rows(&learner.field_in(&Portable, &game, &x, tape), answer);
                }
            }
        }
        Ok(())
    }
}
