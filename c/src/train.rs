//! Algorithm 1 in memory of the caller's.

use core::array::from_mut;
use core::ffi::c_void;
use core::slice;

use meva_core::activation::Activation;
use meva_core::adamw::AdamW;
use meva_core::algorithm1::{self, Bootstrap, Exploration, Rollout, Settings, State, Step, Trajectory};
use meva_core::arithmetic::ArithmeticName;
use meva_core::game::{AnyGame, NamedGame};
use meva_core::image::{Image, Model};
use meva_core::kernels::Portable;
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::Tape;
use meva_core::meta_value::{Architecture, Input};
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::shape::{Shape, ShapeVisitor};

use crate::error::MevaError::{self, *};
use crate::error::Outcome;
use crate::game::{MevaGame, game_of};
use crate::model::{MevaModel, image_of, opened, write_size};
use crate::pointer::{discounts, good, policies, value, write_rows};
use crate::shape::{MevaShape, visit};

/// Settings of Algorithm 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct MevaSettings {
    /// What the network models and agents follow: MEVA_FIELD_V, ..
    pub field: u32,
    /// How much of the gradient that flows through the targets counts (without a target network), in [0, 1]; 0: none.
    pub phi: f64,
    /// The agents' learning rate.
    pub alpha: f64,
    /// How much of a target is observed rather than predicted, in [0, 1].
    pub lambda: f64,
    /// Inertia of the target network, in [0, 1); negative: none.
    pub rho: f64,
    /// The network's learning rate.
    pub eta: f64,
    /// Decay of the first moment, in [0, 1).
    pub beta1: f64,
    /// Decay of the second moment, in [0, 1).
    pub beta2: f64,
    /// Added to the root of the second moment; positive.
    pub epsilon: f64,
    /// Weight decay; multiplied by eta.
    pub weight_decay: f64,
}

/// The network that suits a game's policies.
fn architecture_of(game: &AnyGame) -> Architecture {
    match game {
        AnyGame::Plane(_) => Architecture {
            input: Input::Tenth,
            last_activation: Activation::Gelu,
        },
        AnyGame::IteratedMatrix(_) => Architecture {
            input: Input::Sigmoid,
            last_activation: Activation::Tanh,
        },
    }
}

unsafe fn settings_of(settings: *const MevaSettings, game: &AnyGame) -> Result<Settings, MevaError> {
    // SAFETY: the caller vouches for readable settings.
    let s = unsafe { value(settings) }?;
    let all = [
        s.alpha,
        s.lambda,
        s.rho,
        s.eta,
        s.beta1,
        s.beta2,
        s.epsilon,
        s.weight_decay,
        s.phi,
    ];
    if !all.iter().all(|number| number.is_finite()) {
        return Err(MevaNotFinite);
    }
    let below_one = 0.0..1.0;
    let in_range = (0.0..=1.0).contains(&s.lambda)
        && s.rho < 1.0
        && below_one.contains(&s.beta1)
        && below_one.contains(&s.beta2)
        && s.epsilon > 0.0
        && (0.0..=1.0).contains(&s.phi);
    if !in_range {
        return Err(MevaOutOfRange);
    }
    Ok(Settings {
        architecture: architecture_of(game),
        field: Field::from_code(s.field).ok_or(MevaOutOfRange)?,
        exploration: Exploration::None,
        phi: s.phi,
        bootstrap: if s.phi > 0.0 {
            Bootstrap::Residual
        } else {
            Bootstrap::SemiGradient
        },
        alpha: s.alpha,
        lambda: s.lambda,
        rho: (s.rho >= 0.0).then_some(s.rho),
        optimizer: AdamW {
            eta: s.eta,
            beta1: s.beta1,
            beta2: s.beta2,
            epsilon: s.epsilon,
            weight_decay: s.weight_decay,
        },
    })
}

/// Marks memory in which a training was started.
const TRAINING: u32 = u32::from_le_bytes(*b"mevT");

/// What lies in training memory; steps and trajectories follow.
#[repr(C)]
struct Training<const N: usize, const H: usize, const R: usize, const M: usize> {
    tag: u32,
    shape: [u32; 4],
    steps: u32,
    batch: u32,
    state: State<f32, N, H, R, M>,
    gradient: Parameters<f32, N, H, R, M>,
}

/// Training memory, taken apart.
struct Parts<'a, const N: usize, const H: usize, const R: usize, const M: usize> {
    fixed: &'a mut Training<N, H, R, M>,
    steps: &'a mut [Step<f32, N, M>],
    tapes: &'a mut [[Tape<f32, N, H, R>; 1]],
    batch: &'a mut [Trajectory<f32, N, H>],
}

/// The bytes that training needs.
fn training_bytes<const N: usize, const H: usize, const R: usize, const M: usize>(
    steps: u32,
    batch: u32,
) -> Result<usize, MevaError> {
    if steps == 0 || batch == 0 {
        return Err(MevaOutOfRange);
    }
    let bytes = (steps as usize)
        .checked_add(1)
        .and_then(|steps| steps.checked_mul(size_of::<Step<f32, N, M>>() + size_of::<Tape<f32, N, H, R>>()))
        .and_then(|bytes| bytes.checked_add(size_of::<Training<N, H, R, M>>()))
        .and_then(|bytes| bytes.checked_add((batch as usize).checked_mul(size_of::<Trajectory<f32, N, H>>())?));
    bytes
        .filter(|bytes| *bytes <= isize::MAX as usize)
        .ok_or(MevaOutOfRange)
}

/// Takes memory apart that is good for it and holds floats.
unsafe fn parts<'a, const N: usize, const H: usize, const R: usize, const M: usize>(
    memory: *mut c_void,
    steps: u32,
    batch: u32,
) -> Parts<'a, N, H, R, M> {
    // SAFETY: the caller has checked the size and the alignment, and all parts are of one alignment.
    unsafe {
        let fixed = memory.cast::<Training<N, H, R, M>>();
        let first_step = fixed.add(1).cast::<Step<f32, N, M>>();
        let steps = steps as usize + 1;
        let first_tape = first_step.add(steps).cast::<[Tape<f32, N, H, R>; 1]>();
        let first_trajectory = first_tape.add(steps).cast::<Trajectory<f32, N, H>>();
        Parts {
            fixed: &mut *fixed,
            steps: slice::from_raw_parts_mut(first_step, steps),
            tapes: slice::from_raw_parts_mut(first_tape, steps),
            batch: slice::from_raw_parts_mut(first_trajectory, batch as usize),
        }
    }
}

/// Memory of the caller's, in which a training is or shall be.
#[derive(Clone, Copy)]
struct Memory(*mut c_void, usize);

impl Memory {
    /// What a training's memory says about itself: its shape, steps and batch.
    unsafe fn started(self) -> Result<(Shape, u32, u32), MevaError> {
        const WORDS: usize = 7;
        let words = self.0.cast::<[u32; WORDS]>();
        good(words, self.1, size_of::<[u32; WORDS]>())?;
        // SAFETY: checked above; the caller vouches for readable bytes.
        let [tag, parameters, hidden, residual_blocks, quantiles, steps, batch] = unsafe { words.read() };
        if tag != TRAINING {
            return Err(MevaNotStarted);
        }
        let shape = MevaShape {
            parameters,
            hidden,
            residual_blocks,
            quantiles,
        };
        Ok((shape.into(), steps, batch))
    }

    /// The parts of a training that was started.
    unsafe fn parts<'a, const N: usize, const H: usize, const R: usize, const M: usize>(
        self,
    ) -> Result<Parts<'a, N, H, R, M>, MevaError> {
        // SAFETY: as the caller vouches; the size is checked, and it was started.
        unsafe {
            let (_, steps, batch) = self.started()?;
            let bytes = training_bytes::<N, H, R, M>(steps, batch)?;
            good(self.0.cast::<Training<N, H, R, M>>(), self.1, bytes)?;
            Ok(parts(self.0, steps, batch))
        }
    }
}

/// Writes the bytes of memory that training needs: a network of this shape, rollouts of `steps` (k), batches of `batch`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_training_size(
    shape: *const MevaShape,
    steps: u32,
    batch: u32,
    size: *mut usize,
) -> MevaError {
    // SAFETY: as the caller vouches.
    unsafe { write_size(shape, size, TrainingSize { steps, batch }) }.into()
}

struct TrainingSize {
    steps: u32,
    batch: u32,
}

impl ShapeVisitor for TrainingSize {
    type Output = Result<usize, MevaError>;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Self::Output {
        training_bytes::<N, H, R, M>(self.steps, self.batch)
    }
}

/// Starts a training in `size` bytes of memory: from parameters drawn by `seed`, or, where `model` is not null, from that
/// model's, which must have the shape.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_training_start(
    shape: *const MevaShape,
    steps: u32,
    batch: u32,
    seed: u64,
    model: *const MevaModel,
    memory: *mut c_void,
    size: usize,
) -> MevaError {
    let start = || {
        let starting = Starting {
            steps,
            batch,
            seed,
            model,
            memory: Memory(memory, size),
        };
        // SAFETY: as the caller vouches.
        visit(unsafe { value(shape) }?.into(), starting)?
    };
    Outcome::into(start())
}

struct Starting {
    steps: u32,
    batch: u32,
    seed: u64,
    model: *const MevaModel,
    memory: Memory,
}

impl ShapeVisitor for Starting {
    type Output = Outcome;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Outcome {
        let Starting {
            steps,
            batch,
            seed,
            model,
            memory: Memory(memory, size),
        } = self;
        let bytes = training_bytes::<N, H, R, M>(steps, batch)?;
        good(memory.cast::<Training<N, H, R, M>>(), size, bytes)?;
        // SAFETY: as the caller vouches; the memory was checked, and all bits zero is a value of what lies in it.
        unsafe {
            let from = if model.is_null() {
                None
            } else {
                let (model, header) = opened(model)?;
                if header.shape() != Shape::new(N, H, R, M) {
                    return Err(MevaShapeUnknown);
                }
                Some(image_of::<N, H, R, M>(model.image, model.size)?)
            };
            memory.cast::<u8>().write_bytes(0, bytes);
            let Parts { fixed, .. } = parts::<N, H, R, M>(memory, steps, batch);
            fixed.tag = TRAINING;
            fixed.shape = [N, H, R, M].map(|size| size as u32);
            (fixed.steps, fixed.batch) = (steps, batch);
            let theta = &mut fixed.state.theta;
            match from {
                Some(image) => theta.copy_from(&image.parameters),
                None => theta.initialize(&mut Stream::new(seed, Purpose::Parameters, 0)),
            }
            fixed.state.target.copy_from(theta);
        }
        Ok(())
    }
}

/// One update of Algorithm 1: from each joint policy of x (batch times 2 N numbers) a rollout with its discounts gamma (batch
/// times 2 numbers), the targets, a step down the loss. x becomes the rollouts' ends, loss the mean loss; a training has
/// diverged when that is infinite or NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_training_update(
    memory: *mut c_void,
    size: usize,
    settings: *const MevaSettings,
    game: *const MevaGame,
    x: *mut f32,
    x_count: usize,
    gamma: *const f32,
    gamma_count: usize,
    loss: *mut f32,
) -> MevaError {
    let update = || {
        let memory = Memory(memory, size);
        let updating = Updating {
            memory,
            settings,
            game,
            x: (x, x_count),
            gamma: (gamma, gamma_count),
            loss,
        };
        // SAFETY: as the caller vouches.
        visit(unsafe { memory.started() }?.0, updating)?
    };
    Outcome::into(update())
}

struct Updating {
    memory: Memory,
    settings: *const MevaSettings,
    game: *const MevaGame,
    x: (*mut f32, usize),
    gamma: (*const f32, usize),
    loss: *mut f32,
}

impl ShapeVisitor for Updating {
    type Output = Outcome;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Outcome {
        let ((x, x_count), (gamma, gamma_count)) = (self.x, self.gamma);
        // SAFETY: as the caller vouches; every pointer and size is checked before anything is written.
        unsafe {
            let Parts {
                fixed,
                steps,
                tapes,
                batch,
            } = self.memory.parts::<N, H, R, M>()?;
            good(self.loss, 1, 1)?;
            let game = game_of(self.game)?;
            let settings = settings_of(self.settings, &game)?;
            let mut game = G::try_from(game)?;
            good(x, x_count / (2 * N), batch.len())?;
            good(gamma, gamma_count / 2, batch.len())?;
            for index in 0..batch.len() {
                policies::<N>(x.add(2 * N * index), 2 * N)?;
                discounts(gamma.add(2 * index), 2)?;
            }
            for (index, trajectory) in batch.iter_mut().enumerate() {
                trajectory.x = policies(x.add(2 * N * index), 2 * N)?;
                trajectory.gamma = discounts(gamma.add(2 * index), 2)?;
                trajectory.weight = 1.0;
            }
            let Training { state, gradient, .. } = fixed;
            self.loss.write(algorithm1::update(
                &Portable,
                &mut game,
                &settings,
                from_mut(state),
                batch,
                &mut Rollout { steps, tapes },
                from_mut(gradient),
            ));
            for (index, trajectory) in batch.iter().enumerate() {
                write_rows(&trajectory.x, x.add(2 * N * index));
            }
        }
        Ok(())
    }
}

/// Writes what was learned as an image: the target network's parameters, which are the network's own without one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_training_image(
    memory: *mut c_void,
    size: usize,
    settings: *const MevaSettings,
    game: *const MevaGame,
    image: *mut c_void,
    image_size: usize,
) -> MevaError {
    let write = || {
        let memory = Memory(memory, size);
        let writing = Writing {
            memory,
            settings,
            game,
            image: (image, image_size),
        };
        // SAFETY: as the caller vouches.
        visit(unsafe { memory.started() }?.0, writing)?
    };
    Outcome::into(write())
}

struct Writing {
    memory: Memory,
    settings: *const MevaSettings,
    game: *const MevaGame,
    image: (*mut c_void, usize),
}

impl ShapeVisitor for Writing {
    type Output = Outcome;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Outcome {
        let image = self.image.0.cast::<Image<N, H, R, M>>();
        // SAFETY: as the caller vouches; every pointer and size is checked before anything is written.
        unsafe {
            let Parts { fixed, .. } = self.memory.parts::<N, H, R, M>()?;
            good(image, self.image.1, size_of::<Image<N, H, R, M>>())?;
            let game = game_of(self.game)?;
            let settings = settings_of(self.settings, &game)?;
            G::try_from(game)?;
            let model = Model {
                architecture: settings.architecture,
                field: settings.field,
                game,
                alpha: settings.alpha,
                arithmetic: ArithmeticName::Separate,
            };
            image.write_bytes(0, 1);
            (*image).write(&model, &fixed.state.target);
        }
        Ok(())
    }
}
