//! What a network says of joint policies: four questions in one frame.
//!
//! Each question is a type, so that a program links only what it asks.

use core::ffi::c_void;

use meva_core::game::NamedGame;
use meva_core::image::Model;
use meva_core::kernels::Portable;
use meva_core::learner::MetaValueLearner;
use meva_core::meta_value::{MetaValue, Tape};
use meva_core::shape::ShapeVisitor;
use meva_core::{Player, Players};

use crate::error::{MevaError, Outcome};
use crate::model::{MevaModel, image_of, opened, write_size};
use crate::pointer::{discounts, good, player_of, policies, write_rows};
use crate::shape::{MevaShape, visit};

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

/// A player's (0 or 1) quantiles at the joint policy x, 2 N numbers, player 0's first, with both players' discounts gamma,
/// 2 numbers in [0, 1]: M numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_quantiles(
    model: *const MevaModel,
    player: u32,
    x: *const f32,
    x_count: usize,
    gamma: *const f32,
    gamma_count: usize,
    quantiles: *mut f32,
    quantiles_count: usize,
    workspace: *mut c_void,
    workspace_size: usize,
) -> MevaError {
    let asked = Asked {
        count: 1,
        x: (x, x_count),
        gamma: (gamma, gamma_count),
        answers: (quantiles, quantiles_count),
        workspace: (workspace, workspace_size),
    };
    let ask = || {
        let question = Quantiles(player_of(player)?);
        // SAFETY: as the caller vouches.
        unsafe { asked.of(question, model) }
    };
    Outcome::into(ask())
}

/// Both players' values, the means of their quantiles, at the joint policy x: 2 numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_values(
    model: *const MevaModel,
    x: *const f32,
    x_count: usize,
    gamma: *const f32,
    gamma_count: usize,
    values: *mut f32,
    values_count: usize,
    workspace: *mut c_void,
    workspace_size: usize,
) -> MevaError {
    let asked = Asked {
        count: 1,
        x: (x, x_count),
        gamma: (gamma, gamma_count),
        answers: (values, values_count),
        workspace: (workspace, workspace_size),
    };
    // SAFETY: as the caller vouches.
    unsafe { asked.of(Values, model) }.into()
}

/// The network's own gradients at the joint policy x, each player's mean quantile by its own parameters: 2 N numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_own_gradients(
    model: *const MevaModel,
    x: *const f32,
    x_count: usize,
    gamma: *const f32,
    gamma_count: usize,
    gradients: *mut f32,
    gradients_count: usize,
    workspace: *mut c_void,
    workspace_size: usize,
) -> MevaError {
    let asked = Asked {
        count: 1,
        x: (x, x_count),
        gamma: (gamma, gamma_count),
        answers: (gradients, gradients_count),
        workspace: (workspace, workspace_size),
    };
    // SAFETY: as the caller vouches.
    unsafe { asked.of(OwnGradients, model) }.into()
}

/// The directions that agents follow at the joint policy x, in the game that the model was trained for: 2 N numbers. A step
/// is x + alpha field, with the model's alpha. If each player has a network of its own, row i is taken from player i's model.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_field(
    model: *const MevaModel,
    x: *const f32,
    x_count: usize,
    gamma: *const f32,
    gamma_count: usize,
    field: *mut f32,
    field_count: usize,
    workspace: *mut c_void,
    workspace_size: usize,
) -> MevaError {
    let asked = Asked {
        count: 1,
        x: (x, x_count),
        gamma: (gamma, gamma_count),
        answers: (field, field_count),
        workspace: (workspace, workspace_size),
    };
    // SAFETY: as the caller vouches.
    unsafe { asked.of(Field, model) }.into()
}

/// meva_field at `count` joint policies, one after the other: count times 2 N numbers of x, count times 2 of gamma, and count
/// times 2 N of fields. When it returns MEVA_OUT_OF_RANGE or MEVA_NOT_FINITE, because of any of them, no field was written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_fields(
    model: *const MevaModel,
    count: usize,
    x: *const f32,
    x_count: usize,
    gamma: *const f32,
    gamma_count: usize,
    fields: *mut f32,
    fields_count: usize,
    workspace: *mut c_void,
    workspace_size: usize,
) -> MevaError {
    let asked = Asked {
        count,
        x: (x, x_count),
        gamma: (gamma, gamma_count),
        answers: (fields, fields_count),
        workspace: (workspace, workspace_size),
    };
    // SAFETY: as the caller vouches.
    unsafe { asked.of(Field, model) }.into()
}

/// What a network can be asked at a joint policy.
trait Question: Copy {
    /// How many numbers the answer has.
    fn length(self, n: usize, m: usize) -> usize;

    /// Writes the answer.
    ///
    /// # Safety
    /// `answer` is good for that many numbers.
    unsafe fn answer<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(
        self,
        at: At<'_, G, N, H, R, M>,
        answer: *mut f32,
    );
}

/// A model at a joint policy.
struct At<'a, G, const N: usize, const H: usize, const R: usize, const M: usize> {
    network: &'a MetaValue<'a, f32, N, H, R, M>,
    model: &'a Model,
    game: &'a G,
    x: [[f32; N]; 2],
    gamma: [f32; 2],
    tape: &'a mut Tape<f32, N, H, R>,
}

impl<G, const N: usize, const H: usize, const R: usize, const M: usize> At<'_, G, N, H, R, M> {
    fn forward(&mut self, players: Players) {
        self.network
            .forward(&Portable, &self.x, &self.gamma, players, self.tape);
    }
}

#[derive(Clone, Copy)]
struct Quantiles(Player);

impl Question for Quantiles {
    fn length(self, _: usize, m: usize) -> usize {
        m
    }

    unsafe fn answer<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(
        self,
        mut at: At<'_, G, N, H, R, M>,
        answer: *mut f32,
    ) {
        let mut quantiles = [0.0; M];
        at.forward(Players::Only(self.0));
        at.network.quantiles(&Portable, self.0, at.tape, &mut quantiles);
        // SAFETY: as the caller vouches.
        unsafe { answer.cast::<[f32; M]>().write(quantiles) };
    }
}

#[derive(Clone, Copy)]
struct Values;

impl Question for Values {
    fn length(self, _: usize, _: usize) -> usize {
        2
    }

    unsafe fn answer<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(
        self,
        mut at: At<'_, G, N, H, R, M>,
        answer: *mut f32,
    ) {
        at.forward(Players::Both);
        let rows = Player::BOTH.map(|player| [at.network.mean(player, at.tape)]);
        // SAFETY: as the caller vouches.
        unsafe { write_rows(&rows, answer) };
    }
}

#[derive(Clone, Copy)]
struct OwnGradients;

impl Question for OwnGradients {
    fn length(self, n: usize, _: usize) -> usize {
        2 * n
    }

    unsafe fn answer<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(
        self,
        mut at: At<'_, G, N, H, R, M>,
        answer: *mut f32,
    ) {
        at.forward(Players::Both);
        let rows = Player::BOTH.map(|player| at.network.own_gradient(&Portable, player, None, at.tape));
        // SAFETY: as the caller vouches.
        unsafe { write_rows(&rows, answer) };
    }
}

#[derive(Clone, Copy)]
struct Field;

impl Question for Field {
    fn length(self, n: usize, _: usize) -> usize {
        2 * n
    }

    unsafe fn answer<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(
        self,
        at: At<'_, G, N, H, R, M>,
        answer: *mut f32,
    ) {
        let learner = MetaValueLearner {
            network: *at.network,
            field: at.model.field,
            gamma: at.gamma.map(f64::from),
        };
        // SAFETY: as the caller vouches.
        unsafe { write_rows(&learner.field_in(&Portable, at.game, &at.x, at.tape), answer) };
    }
}

/// What C gives to answer a question at `count` joint policies: pointers with the numbers or bytes that they are good for.
#[derive(Clone, Copy)]
struct Asked {
    count: usize,
    x: (*const f32, usize),
    gamma: (*const f32, usize),
    answers: (*mut f32, usize),
    workspace: (*mut c_void, usize),
}

impl Asked {
    /// The joint policy and the discounts of one question, of those that there are.
    unsafe fn joint<const N: usize>(self, index: usize) -> Result<([[f32; N]; 2], [f32; 2]), MevaError> {
        // SAFETY: the caller vouches for readable numbers.
        unsafe {
            let (x, gamma) = (self.x.0.add(2 * N * index), self.gamma.0.add(2 * index));
            Ok((policies(x, 2 * N)?, discounts(gamma, 2)?))
        }
    }

    /// Asks a model.
    unsafe fn of<Q: Question>(self, question: Q, model: *const MevaModel) -> Outcome {
        // SAFETY: the caller vouches for a readable model.
        let (model, header) = unsafe { opened(model) }?;
        let asking = OfModel {
            asked: self,
            question,
            model,
        };
        visit(header.shape(), asking)?
    }
}

struct OfModel<Q> {
    asked: Asked,
    question: Q,
    model: MevaModel,
}

impl<Q: Question> ShapeVisitor for OfModel<Q> {
    type Output = Outcome;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Outcome {
        let OfModel { asked, question, model } = self;
        let (answers, answers_count) = asked.answers;
        let (tape, tape_size) = (asked.workspace.0.cast::<Tape<f32, N, H, R>>(), asked.workspace.1);
        let length = question.length(N, M);
        good(asked.x.0, asked.x.1 / (2 * N), asked.count)?;
        good(asked.gamma.0, asked.gamma.1 / 2, asked.count)?;
        good(answers, answers_count / length, asked.count)?;
        // SAFETY: as the caller vouches; everything is checked before anything is written, and all bits zero is a value of a
        // struct of floats.
        unsafe {
            for index in 0..asked.count {
                asked.joint::<N>(index)?;
            }
            let image = image_of::<N, H, R, M>(model.image, model.size)?;
            let (contents, network) = (image.header.model()?, image.network()?);
            let game = G::try_from(contents.game)?;
            good(tape, tape_size, size_of::<Tape<f32, N, H, R>>())?;
            tape.write_bytes(0, 1);
            for index in 0..asked.count {
                let (x, gamma) = asked.joint::<N>(index)?;
                let at = At {
                    network: &network,
                    model: &contents,
                    game: &game,
                    x,
                    gamma,
                    tape: &mut *tape,
                };
                question.answer(at, answers.add(length * index));
            }
        }
        Ok(())
    }
}
