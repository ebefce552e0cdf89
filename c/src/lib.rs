//! The core for C: include/meva.h is made from this file, and tests check that it is current.
//!
//! - Memory is the caller's. Nothing is allocated, and no pointer is kept but that to a model's image.
//! - Every function returns an error code. When that is not `MEVA_OK`, nothing was written.
//! - No panic can be reached: built without the feature `std`, the library links only if that is so.
//! - Functions may be called from any thread; memory that one call writes must not be used by another at the same time.
#![cfg_attr(not(feature = "std"), no_std)]
// What is unsafe is in the functions' contract, which is that of C: pointers are null or good for what is said.
#![allow(clippy::missing_safety_doc)]

use core::ffi::{CStr, c_char, c_void};
use core::slice;

use core::array::from_mut;
use meva_core::activation::Activation;
use meva_core::adamw::AdamW;
use meva_core::algorithm1::{self, Bootstrap, Exploration, Settings, State, Step, Trajectory};
use meva_core::game::{AnyGame, Game, GameError, GameVisitor, IteratedMatrix, NamedGame, PlaneGame};
use meva_core::image::{Header, Image, ImageError, Model};
use meva_core::kernels::Portable;
use meva_core::learner::meta_value::Field;
use meva_core::learner::{Hola, Learner, Lola, LolaTaylor, LookAhead, MetaValueLearner, Naive};
use meva_core::meta_value::{Architecture, Input, Tape};
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::{Player, Players, Scalar};

#[cfg(not(feature = "std"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unsafe extern "C" {
        safe fn a_panic_can_be_reached() -> !;
    }
    a_panic_can_be_reached()
}

/// Why a function did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum MevaError {
    /// It did what it was asked.
    MevaOk = 0,
    /// A pointer is null.
    MevaNullPointer = 1,
    /// A buffer has fewer elements or bytes than are needed.
    MevaBufferTooSmall = 2,
    /// A pointer is not aligned for what it points to; images and memory need MEVA_ALIGNMENT.
    MevaMisaligned = 3,
    /// A number is infinite or NaN.
    MevaNotFinite = 4,
    /// A number lies outside its domain: a discount outside [0, 1], say, or an unknown choice.
    MevaOutOfRange = 5,
    /// An image ends before its header says so.
    MevaTruncated = 6,
    /// Something else than an image.
    MevaNoImage = 7,
    /// An image of another version.
    MevaVersion = 8,
    /// A shape that is not compiled in, or another one than the game's or the memory's.
    MevaShapeUnknown = 9,
    /// An image whose bytes are not those that were written.
    MevaChecksum = 10,
    /// An image with contents that make no sense.
    MevaContents = 11,
    /// Memory in which no training was started, or a model that was not opened.
    MevaNotStarted = 12,
}
use MevaError::*;

impl From<ImageError> for MevaError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Truncated => MevaTruncated,
            ImageError::Magic => MevaNoImage,
            ImageError::Version => MevaVersion,
            ImageError::Shape => MevaShapeUnknown,
            ImageError::Checksum => MevaChecksum,
            ImageError::Contents => MevaContents,
        }
    }
}

/// The alignment of images, workspaces and training memory, in bytes.
pub const MEVA_ALIGNMENT: usize = 4;

/// The Logistic Game.
pub const MEVA_LOGISTIC: u32 = 0;
/// The Tandem game.
pub const MEVA_TANDEM: u32 = 1;
/// An iterated 2 x 2 game.
pub const MEVA_ITERATED: u32 = 2;

/// Naive learning.
pub const MEVA_NAIVE: u32 = 0;
/// LookAhead.
pub const MEVA_LOOKAHEAD: u32 = 1;
/// LOLA, which is HOLA(1).
pub const MEVA_LOLA: u32 = 2;
/// LOLA by its first-order expansion.
pub const MEVA_LOLA_TAYLOR: u32 = 3;
/// HOLA(2).
pub const MEVA_HOLA2: u32 = 4;
/// HOLA(3).
pub const MEVA_HOLA3: u32 = 5;

/// Agents follow the gradient of V.
pub const MEVA_FIELD_V: u32 = 0;
/// Agents follow the naive gradient and gamma times that of U.
pub const MEVA_FIELD_U: u32 = 1;
/// The same with 1 - gamma times the naive gradient.
pub const MEVA_FIELD_U_NORMALIZED: u32 = 2;

/// Sizes of a network. Compiled in: (1, 64, 1, 16), (1, 16, 1, 16), (5, 64, 2, 32), (5, 16, 1, 16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct MevaShape {
    /// Parameters per policy, N: 1, or 5 for iterated games.
    pub parameters: u32,
    /// Hidden units, H.
    pub hidden: u32,
    /// Residual blocks, R.
    pub residual_blocks: u32,
    /// Quantiles, M.
    pub quantiles: u32,
}

/// A game.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct MevaGame {
    /// MEVA_LOGISTIC, MEVA_TANDEM or MEVA_ITERATED.
    pub kind: u32,
    /// Of an iterated game: how much the next turn counts, in [0, 1).
    pub discount: f64,
    /// Of an iterated game: payoffs after DD, DC, CD, CC (player 0's action first) for player 0 and 1.
    pub payoffs: [[f64; 2]; 4],
}

/// A model in use: made by meva_model_open, valid as long as its image is.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct MevaModel {
    /// The image.
    pub image: *const c_void,
    /// Its size in bytes.
    pub size: usize,
}

/// What a model is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct MevaInfo {
    /// Its sizes.
    pub shape: MevaShape,
    /// The game that it was trained for.
    pub game: MevaGame,
    /// What agents follow: MEVA_FIELD_V, ..
    pub field: u32,
    /// The learning rate of agents that follow it.
    pub alpha: f64,
}

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

type Outcome = Result<(), MevaError>;

fn code(outcome: Outcome) -> MevaError {
    match outcome {
        Ok(()) => MevaOk,
        Err(error) => error,
    }
}

/// The name of an error code; never null.
#[unsafe(no_mangle)]
pub extern "C" fn meva_error_name(error: u32) -> *const c_char {
    const NAMES: [&CStr; 13] = [
        c"MEVA_OK",
        c"MEVA_NULL_POINTER",
        c"MEVA_BUFFER_TOO_SMALL",
        c"MEVA_MISALIGNED",
        c"MEVA_NOT_FINITE",
        c"MEVA_OUT_OF_RANGE",
        c"MEVA_TRUNCATED",
        c"MEVA_NO_IMAGE",
        c"MEVA_VERSION",
        c"MEVA_SHAPE_UNKNOWN",
        c"MEVA_CHECKSUM",
        c"MEVA_CONTENTS",
        c"MEVA_NOT_STARTED",
    ];
    NAMES.get(error as usize).unwrap_or(&c"unknown error").as_ptr()
}

// --- pointers -------------------------------------------------------------------------------------------------------

/// A pointer to `needed` elements of the `count` that there are, if it is good.
fn good<T>(pointer: *const T, count: usize, needed: usize) -> Outcome {
    if pointer.is_null() {
        Err(MevaNullPointer)
    } else if count < needed {
        Err(MevaBufferTooSmall)
    } else if !pointer.is_aligned() {
        Err(MevaMisaligned)
    } else {
        Ok(())
    }
}

/// A copy of `L` finite numbers.
unsafe fn numbers<const L: usize>(pointer: *const f32, count: usize) -> Result<[f32; L], MevaError> {
    good(pointer, count, L)?;
    // SAFETY: the caller vouches for `count` readable numbers, and there are at least L.
    let numbers = unsafe { pointer.cast::<[f32; L]>().read() };
    if numbers.iter().all(|number| number.is_finite()) {
        Ok(numbers)
    } else {
        Err(MevaNotFinite)
    }
}

/// Both players' discounts, in [0, 1].
unsafe fn discounts(pointer: *const f32) -> Result<[f32; 2], MevaError> {
    // SAFETY: the caller vouches for two readable numbers.
    let gamma: [f32; 2] = unsafe { numbers(pointer, 2) }?;
    if gamma.iter().all(|gamma| (0.0..=1.0).contains(gamma)) {
        Ok(gamma)
    } else {
        Err(MevaOutOfRange)
    }
}

/// A joint policy.
unsafe fn policies<const N: usize>(x: *const f32, count: usize) -> Result<[[f32; N]; 2], MevaError> {
    // SAFETY: the caller vouches for `count` readable numbers.
    unsafe {
        good(x, count, 2 * N)?;
        Ok([numbers(x, N)?, numbers(x.add(N), N)?])
    }
}

/// Writes two rows to a place that is good for them.
unsafe fn write_rows<const N: usize>(rows: &[[f32; N]; 2], to: *mut f32) {
    // SAFETY: the caller has checked the place; an array of arrays lies without gaps.
    unsafe { to.cast::<[[f32; N]; 2]>().write(*rows) }
}

fn player_of(player: u32) -> Result<Player, MevaError> {
    match player {
        0 => Ok(Player::Zero),
        1 => Ok(Player::One),
        _ => Err(MevaOutOfRange),
    }
}

/// The game that a description means.
unsafe fn game_of(game: *const MevaGame) -> Result<AnyGame, MevaError> {
    good(game, 1, 1)?;
    // SAFETY: the caller vouches for a readable game.
    let MevaGame {
        kind,
        discount,
        payoffs,
    } = unsafe { game.read() };
    Ok(AnyGame::from_code(kind, payoffs, discount)?)
}

impl From<GameError> for MevaError {
    fn from(error: GameError) -> Self {
        match error {
            GameError::Payoffs => MevaNotFinite,
            GameError::Parameters => MevaShapeUnknown,
            _ => MevaOutOfRange,
        }
    }
}

fn field_of(field: u32) -> Result<Field, MevaError> {
    match field {
        MEVA_FIELD_V => Ok(Field::V),
        MEVA_FIELD_U => Ok(Field::U),
        MEVA_FIELD_U_NORMALIZED => Ok(Field::UNormalized),
        _ => Err(MevaOutOfRange),
    }
}

/// Calls `$then!(N, H, R, M)` for the shape at hand: here stand the shapes that are compiled in.
macro_rules! with_shape {
    ($shape:expr, $then:ident) => {
        match $shape {
            [1, 64, 1, 16] => $then!(PlaneGame, 1, 64, 1, 16),
            [1, 16, 1, 16] => $then!(PlaneGame, 1, 16, 1, 16),
            [5, 64, 2, 32] => $then!(IteratedMatrix, 5, 64, 2, 32),
            [5, 16, 1, 16] => $then!(IteratedMatrix, 5, 16, 1, 16),
            _ => Err(MevaShapeUnknown),
        }
    };
}

impl MevaShape {
    fn sizes(self) -> [u32; 4] {
        [self.parameters, self.hidden, self.residual_blocks, self.quantiles]
    }

    fn of([parameters, hidden, residual_blocks, quantiles]: [u32; 4]) -> Self {
        MevaShape {
            parameters,
            hidden,
            residual_blocks,
            quantiles,
        }
    }
}

unsafe fn shape_of(shape: *const MevaShape) -> Result<[u32; 4], MevaError> {
    good(shape, 1, 1)?;
    // SAFETY: the caller vouches for a readable shape.
    Ok(unsafe { shape.read() }.sizes())
}

// --- models ---------------------------------------------------------------------------------------------------------

/// The header of an image of `size` bytes.
unsafe fn header_of(image: *const c_void, size: usize) -> Result<Header, MevaError> {
    good(image.cast::<u32>(), size, 0)?;
    // SAFETY: the caller vouches for `size` readable bytes.
    Ok(Header::of_bytes(unsafe {
        slice::from_raw_parts(image.cast::<u8>(), size)
    })?)
}

/// The image, if it has this shape.
unsafe fn image_of<'a, const N: usize, const H: usize, const R: usize, const M: usize>(
    image: *const c_void,
    size: usize,
) -> Result<&'a Image<N, H, R, M>, MevaError> {
    good(image.cast::<Image<N, H, R, M>>(), size, size_of::<Image<N, H, R, M>>())?;
    // SAFETY: aligned, large enough, and any bits are a value of an image; the caller vouches that they stay.
    Ok(unsafe { &*image.cast() })
}

/// Checks an image of `size` bytes, at an address that is a multiple of MEVA_ALIGNMENT, and makes a model of it, which uses
/// it in place: the image must stay where it is as long as the model is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_model_open(image: *const c_void, size: usize, model: *mut MevaModel) -> MevaError {
    let open = || {
        good(model, 1, 1)?;
        // SAFETY: as the caller vouches.
        let header = unsafe { header_of(image, size) }?;
        macro_rules! check {
            ($g:ty, $n:literal, $h:literal, $r:literal, $m:literal) => {{
                // SAFETY: as the caller vouches.
                let image = unsafe { image_of::<$n, $h, $r, $m>(image, size) }?;
                image.check()?;
                if image.parameters.is_finite() {
                    Ok(())
                } else {
                    Err(MevaNotFinite)
                }
            }};
        }
        with_shape!(header.shape().sizes().map(|size| size as u32), check)?;
        // SAFETY: checked above.
        unsafe { model.write(MevaModel { image, size }) };
        Ok(())
    };
    code(open())
}

/// The header of an open model's image.
unsafe fn opened(model: *const MevaModel) -> Result<(MevaModel, Header), MevaError> {
    good(model, 1, 1)?;
    // SAFETY: the caller vouches for a readable model.
    let model = unsafe { model.read() };
    if model.image.is_null() {
        return Err(MevaNotStarted);
    }
    // SAFETY: an open model's image stays.
    let header = unsafe { header_of(model.image, model.size) }?;
    Ok((model, header))
}

/// What a model is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_model_info(model: *const MevaModel, info: *mut MevaInfo) -> MevaError {
    let read = || {
        good(info, 1, 1)?;
        // SAFETY: as the caller vouches.
        let (_, header) = unsafe { opened(model) }?;
        let contents = header.model()?;
        let game = match contents.game {
            AnyGame::Plane(PlaneGame::Logistic) => MevaGame {
                kind: MEVA_LOGISTIC,
                ..MevaGame::default()
            },
            AnyGame::Plane(PlaneGame::Tandem) => MevaGame {
                kind: MEVA_TANDEM,
                ..MevaGame::default()
            },
            AnyGame::IteratedMatrix(IteratedMatrix { payoffs, discount }) => MevaGame {
                kind: MEVA_ITERATED,
                discount,
                payoffs,
            },
        };
        let field = match contents.field {
            Field::V => MEVA_FIELD_V,
            Field::U => MEVA_FIELD_U,
            Field::UNormalized => MEVA_FIELD_U_NORMALIZED,
        };
        let read = MevaInfo {
            shape: MevaShape::of(header.shape().sizes().map(|size| size as u32)),
            game,
            field,
            alpha: contents.alpha,
        };
        // SAFETY: checked above.
        unsafe { info.write(read) };
        Ok(())
    };
    code(read())
}

/// Writes the bytes of workspace that evaluating a network of this shape needs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_workspace_size(shape: *const MevaShape, size: *mut usize) -> MevaError {
    macro_rules! tape {
        ($g:ty, $n:literal, $h:literal, $r:literal, $m:literal) => {
            Ok(size_of::<Tape<f32, $n, $h, $r>>())
        };
    }
    let query = || {
        good(size, 1, 1)?;
        // SAFETY: as the caller vouches.
        let bytes: usize = with_shape!(unsafe { shape_of(shape) }?, tape)?;
        // SAFETY: checked above.
        unsafe { size.write(bytes) };
        Ok(())
    };
    code(query())
}

/// What evaluation works in.
#[derive(Clone, Copy)]
struct Workspace(*mut c_void, usize);

impl Workspace {
    unsafe fn tape<'a, const N: usize, const H: usize, const R: usize>(
        self,
    ) -> Result<&'a mut Tape<f32, N, H, R>, MevaError> {
        let tape = self.0.cast::<Tape<f32, N, H, R>>();
        good(tape, self.1, size_of::<Tape<f32, N, H, R>>())?;
        // SAFETY: checked above; all bits zero is a value of a struct of floats.
        unsafe {
            tape.write_bytes(0, 1);
            Ok(&mut *tape)
        }
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
    macro_rules! evaluate {
        ($g:ty, $n:literal, $h:literal, $r:literal, $m:literal) => {
            // SAFETY: as the caller vouches.
            unsafe {
                good(quantiles, quantiles_count, $m)?;
                let (x, gamma, player) = (policies::<$n>(x, x_count)?, discounts(gamma)?, player_of(player)?);
                let (model, _) = opened(model)?;
                let network = image_of::<$n, $h, $r, $m>(model.image, model.size)?.network()?;
                let tape = Workspace(workspace, workspace_size).tape()?;
                network.forward(&Portable, &x, &gamma, Players::Only(player), tape);
                let mut q = [0.0; $m];
                network.quantiles(&Portable, player, tape, &mut q);
                quantiles.cast::<[f32; $m]>().write(q);
                Ok(())
            }
        };
    }
    // SAFETY: as the caller vouches.
    let evaluate = || {
        with_shape!(
            unsafe { opened(model) }?.1.shape().sizes().map(|size| size as u32),
            evaluate
        )
    };
    code(evaluate())
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
    macro_rules! evaluate {
        ($g:ty, $n:literal, $h:literal, $r:literal, $m:literal) => {
            // SAFETY: as the caller vouches.
            unsafe {
                good(values, 2, 2)?;
                let (x, gamma) = (policies::<$n>(x, x_count)?, discounts(gamma)?);
                let (model, _) = opened(model)?;
                let network = image_of::<$n, $h, $r, $m>(model.image, model.size)?.network()?;
                let tape = Workspace(workspace, workspace_size).tape()?;
                network.forward(&Portable, &x, &gamma, Players::Both, tape);
                write_rows(&Player::BOTH.map(|player| [network.mean(player, tape)]), values);
                Ok(())
            }
        };
    }
    // SAFETY: as the caller vouches.
    let evaluate = || {
        with_shape!(
            unsafe { opened(model) }?.1.shape().sizes().map(|size| size as u32),
            evaluate
        )
    };
    code(evaluate())
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
    macro_rules! evaluate {
        ($g:ty, $n:literal, $h:literal, $r:literal, $m:literal) => {
            // SAFETY: as the caller vouches.
            unsafe {
                good(gradients, gradients_count, 2 * $n)?;
                let (x, gamma) = (policies::<$n>(x, x_count)?, discounts(gamma)?);
                let (model, _) = opened(model)?;
                let network = image_of::<$n, $h, $r, $m>(model.image, model.size)?.network()?;
                let tape = Workspace(workspace, workspace_size).tape()?;
                network.forward(&Portable, &x, &gamma, Players::Both, tape);
                let rows = Player::BOTH.map(|player| network.own_gradient(&Portable, player, None, tape));
                write_rows(&rows, gradients);
                Ok(())
            }
        };
    }
    // SAFETY: as the caller vouches.
    let evaluate = || {
        with_shape!(
            unsafe { opened(model) }?.1.shape().sizes().map(|size| size as u32),
            evaluate
        )
    };
    code(evaluate())
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
    macro_rules! evaluate {
        ($g:ty, $n:literal, $h:literal, $r:literal, $m:literal) => {
            // SAFETY: as the caller vouches.
            unsafe {
                good(field, field_count, 2 * $n)?;
                let (x, gamma) = (policies::<$n>(x, x_count)?, discounts(gamma)?);
                let (model, header) = opened(model)?;
                let contents = header.model()?;
                let learner = MetaValueLearner {
                    network: image_of::<$n, $h, $r, $m>(model.image, model.size)?.network()?,
                    field: contents.field,
                    gamma: gamma.map(f64::from),
                };
                let tape = Workspace(workspace, workspace_size).tape()?;
                let game = <$g>::try_from(contents.game)?;
                write_rows(&learner.field_in(&Portable, &game, &x, tape), field);
                Ok(())
            }
        };
    }
    // SAFETY: as the caller vouches.
    let evaluate = || {
        with_shape!(
            unsafe { opened(model) }?.1.shape().sizes().map(|size| size as u32),
            evaluate
        )
    };
    code(evaluate())
}

// --- games and learners ---------------------------------------------------------------------------------------------

/// Both players' returns at the joint policy x, in any game: 2 numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_game_values(
    game: *const MevaGame,
    x: *const f32,
    x_count: usize,
    values: *mut f32,
) -> MevaError {
    struct Values {
        x: *const f32,
        x_count: usize,
    }
    impl GameVisitor for Values {
        type Output = Result<[f32; 2], MevaError>;
        fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Self::Output {
            // SAFETY: as the caller vouches.
            Ok(game.value(&unsafe { policies::<N>(self.x, self.x_count) }?))
        }
    }
    let evaluate = || {
        good(values, 2, 2)?;
        // SAFETY: as the caller vouches; the pointers were checked.
        unsafe {
            let result = game_of(game)?.visit(Values { x, x_count })?;
            values.cast::<[f32; 2]>().write(result);
        }
        Ok(())
    };
    code(evaluate())
}

/// A learner that is known only at run time.
struct AnyLearner {
    kind: u32,
    alpha: f64,
}

impl AnyLearner {
    fn field<G: Game<N>, const N: usize>(&self, game: &G, x: &[[f32; N]; 2]) -> Result<[[f32; N]; 2], MevaError> {
        let alpha = self.alpha;
        let (lola, hola) = (Lola::new(alpha), |opponent| Hola { alpha, opponent });
        Ok(match self.kind {
            MEVA_NAIVE => Naive.field(game, x),
            MEVA_LOOKAHEAD => LookAhead { alpha }.field(game, x),
            MEVA_LOLA => lola.field(game, x),
            MEVA_LOLA_TAYLOR => LolaTaylor { alpha }.field(game, x),
            MEVA_HOLA2 => hola(lola).field(game, x),
            MEVA_HOLA3 => Hola {
                alpha,
                opponent: hola(lola),
            }
            .field(game, x),
            _ => return Err(MevaOutOfRange),
        })
    }

    fn step<G: Game<N>, const N: usize>(
        &self,
        game: &G,
        rate: f64,
        mut x: [[f32; N]; 2],
    ) -> Result<[[f32; N]; 2], MevaError> {
        let field = self.field(game, &x)?;
        for (number, direction) in x.as_flattened_mut().iter_mut().zip(field.as_flattened()) {
            number.add_scaled(rate as f32, direction);
        }
        Ok(x)
    }
}

/// One step of both agents, x <- x + rate field(x), in any game. The learner is MEVA_NAIVE, MEVA_LOOKAHEAD, .., alpha the
/// length of its imagined step. x has 2 N numbers, player 0's first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_learner_step(
    learner: u32,
    alpha: f64,
    rate: f64,
    game: *const MevaGame,
    x: *mut f32,
    x_count: usize,
) -> MevaError {
    struct Stepping {
        learner: AnyLearner,
        rate: f64,
        x: *mut f32,
        x_count: usize,
    }
    impl GameVisitor for Stepping {
        type Output = Outcome;
        fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Outcome {
            let Stepping {
                learner,
                rate,
                x,
                x_count,
            } = self;
            // SAFETY: as the caller vouches; the place is checked where it is read.
            unsafe {
                let next = learner.step::<G, N>(&game, rate, policies(x, x_count)?)?;
                write_rows(&next, x);
            }
            Ok(())
        }
    }
    let step = || {
        if !(alpha.is_finite() && rate.is_finite()) {
            return Err(MevaNotFinite);
        }
        let learner = AnyLearner { kind: learner, alpha };
        // SAFETY: as the caller vouches.
        unsafe { game_of(game) }?.visit(Stepping {
            learner,
            rate,
            x,
            x_count,
        })
    };
    code(step())
}

// --- training -------------------------------------------------------------------------------------------------------

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
    steps: &'a mut [Step<f32, N, H, R, M>],
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
        .and_then(|steps| steps.checked_mul(size_of::<Step<f32, N, H, R, M>>()))
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
        let first_step = fixed.add(1).cast::<Step<f32, N, H, R, M>>();
        let steps = steps as usize + 1;
        let first_trajectory = first_step.add(steps).cast::<Trajectory<f32, N, H>>();
        Parts {
            fixed: &mut *fixed,
            steps: slice::from_raw_parts_mut(first_step, steps),
            batch: slice::from_raw_parts_mut(first_trajectory, batch as usize),
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
    macro_rules! bytes {
        ($g:ty, $n:literal, $h:literal, $r:literal, $m:literal) => {
            training_bytes::<$n, $h, $r, $m>(steps, batch)
        };
    }
    let query = || {
        good(size, 1, 1)?;
        // SAFETY: as the caller vouches.
        let bytes = with_shape!(unsafe { shape_of(shape) }?, bytes)?;
        // SAFETY: checked above.
        unsafe { size.write(bytes) };
        Ok(())
    };
    code(query())
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
    macro_rules! start {
        ($g:ty, $n:literal, $h:literal, $r:literal, $m:literal) => {
            // SAFETY: as the caller vouches; the memory is checked, and all bits zero is a value of what lies in it.
            unsafe {
                let bytes = training_bytes::<$n, $h, $r, $m>(steps, batch)?;
                good(memory.cast::<Training<$n, $h, $r, $m>>(), size, bytes)?;
                let from = if model.is_null() {
                    None
                } else {
                    let (model, header) = opened(model)?;
                    if header.shape().sizes().map(|size| size as u32) != [$n, $h, $r, $m] {
                        return Err(MevaShapeUnknown);
                    }
                    Some(image_of::<$n, $h, $r, $m>(model.image, model.size)?)
                };
                memory.cast::<u8>().write_bytes(0, bytes);
                let Parts { fixed, .. } = parts::<$n, $h, $r, $m>(memory, steps, batch);
                fixed.tag = TRAINING;
                fixed.shape = [$n, $h, $r, $m];
                (fixed.steps, fixed.batch) = (steps, batch);
                match from {
                    Some(image) => fixed.state.theta.copy_from(&image.parameters),
                    None => fixed
                        .state
                        .theta
                        .initialize(&mut Stream::new(seed, Purpose::Parameters, 0)),
                }
                fixed.state.target.copy_from(&fixed.state.theta);
                Ok(())
            }
        };
    }
    // SAFETY: as the caller vouches.
    let start = || with_shape!(unsafe { shape_of(shape) }?, start);
    code(start())
}

/// What a training's memory says about itself: its shape, steps and batch.
unsafe fn started(memory: *const c_void, size: usize) -> Result<([u32; 4], u32, u32), MevaError> {
    const WORDS: usize = 7;
    let words = memory.cast::<[u32; WORDS]>();
    good(words, size, size_of::<[u32; WORDS]>())?;
    // SAFETY: the caller vouches for `size` readable bytes.
    let [tag, n, h, r, m, steps, batch] = unsafe { words.read() };
    if tag != TRAINING {
        return Err(MevaNotStarted);
    }
    Ok(([n, h, r, m], steps, batch))
}

fn architecture_of(game: &AnyGame) -> Architecture {
    match game {
        AnyGame::Plane(PlaneGame::Logistic) | AnyGame::Plane(PlaneGame::Tandem) => Architecture {
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
    good(settings, 1, 1)?;
    // SAFETY: the caller vouches for readable settings.
    let s = unsafe { settings.read() };
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
        field: field_of(s.field)?,
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
    macro_rules! update {
        ($g:ty, $n:literal, $h:literal, $r:literal, $m:literal) => {
            // SAFETY: as the caller vouches; every pointer and size is checked before anything is written.
            unsafe {
                let (_, steps, batch) = started(memory, size)?;
                let bytes = training_bytes::<$n, $h, $r, $m>(steps, batch)?;
                good(memory.cast::<Training<$n, $h, $r, $m>>(), size, bytes)?;
                good(loss, 1, 1)?;
                let any_game = game_of(game)?;
                let mut game = <$g>::try_from(any_game)?;
                let settings = settings_of(settings, &any_game)?;
                let trajectories = batch as usize;
                good(x, x_count / (2 * $n), trajectories)?;
                good(gamma, gamma_count / 2, trajectories)?;
                for index in 0..trajectories {
                    policies::<$n>(x.add(2 * $n * index), 2 * $n)?;
                    discounts(gamma.add(2 * index))?;
                }
                let Parts { fixed, steps, batch } = parts::<$n, $h, $r, $m>(memory, steps, batch);
                for (index, trajectory) in batch.iter_mut().enumerate() {
                    trajectory.x = policies(x.add(2 * $n * index), 2 * $n)?;
                    trajectory.gamma = discounts(gamma.add(2 * index))?;
                    trajectory.weight = 1.0;
                }
                let Training { state, gradient, .. } = fixed;
                loss.write(algorithm1::update(
                    &Portable,
                    &mut game,
                    &settings,
                    from_mut(state),
                    batch,
                    steps,
                    from_mut(gradient),
                ));
                for (index, trajectory) in batch.iter().enumerate() {
                    write_rows(&trajectory.x, x.add(2 * $n * index));
                }
                Ok(())
            }
        };
    }
    // SAFETY: as the caller vouches.
    let update = || with_shape!(unsafe { started(memory, size) }?.0, update);
    code(update())
}

/// Writes the bytes of a model's image.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_image_size(shape: *const MevaShape, size: *mut usize) -> MevaError {
    macro_rules! bytes {
        ($g:ty, $n:literal, $h:literal, $r:literal, $m:literal) => {
            Ok(size_of::<Image<$n, $h, $r, $m>>())
        };
    }
    let query = || {
        good(size, 1, 1)?;
        // SAFETY: as the caller vouches.
        let bytes: usize = with_shape!(unsafe { shape_of(shape) }?, bytes)?;
        // SAFETY: checked above.
        unsafe { size.write(bytes) };
        Ok(())
    };
    code(query())
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
    macro_rules! write {
        ($g:ty, $n:literal, $h:literal, $r:literal, $m:literal) => {
            // SAFETY: as the caller vouches; every pointer and size is checked before anything is written.
            unsafe {
                let (_, steps, batch) = started(memory, size)?;
                let bytes = training_bytes::<$n, $h, $r, $m>(steps, batch)?;
                good(memory.cast::<Training<$n, $h, $r, $m>>(), size, bytes)?;
                let image = image.cast::<Image<$n, $h, $r, $m>>();
                good(image, image_size, size_of::<Image<$n, $h, $r, $m>>())?;
                let game = game_of(game)?;
                <$g>::try_from(game)?;
                let settings = settings_of(settings, &game)?;
                let model = Model {
                    architecture: settings.architecture,
                    field: settings.field,
                    game,
                    alpha: settings.alpha,
                };
                let Parts { fixed, .. } = parts::<$n, $h, $r, $m>(memory, steps, batch);
                image.write_bytes(0, 1);
                (*image).write(&model, &fixed.state.target);
                Ok(())
            }
        };
    }
    // SAFETY: as the caller vouches.
    let write = || with_shape!(unsafe { started(memory, size) }?.0, write);
    code(write())
}
