//! Error codes.

use core::ffi::{CStr, c_char};

use meva_core::game::GameError;
use meva_core::image::ImageError;

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
    /// Something other than an image.
    MevaNoImage = 7,
    /// An image of another version of the format.
    MevaImageVersion = 8,
    /// A shape that the library was built without, or that differs from the game's or the memory's.
    MevaShapeUnknown = 9,
    /// An image that was damaged: its checksum does not match.
    MevaChecksum = 10,
    /// An image whose contents make no sense.
    MevaContents = 11,
    /// Memory in which no training was started, or a model that was not opened.
    MevaNotStarted = 12,
}
use MevaError::*;

pub(crate) type Outcome = Result<(), MevaError>;

impl From<Outcome> for MevaError {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Ok(()) => MevaOk,
            Err(error) => error,
        }
    }
}

impl From<ImageError> for MevaError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Truncated => MevaTruncated,
            ImageError::Magic => MevaNoImage,
            ImageError::Version => MevaImageVersion,
            ImageError::Shape { .. } => MevaShapeUnknown,
            ImageError::Checksum => MevaChecksum,
            ImageError::Contents => MevaContents,
        }
    }
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
        c"MEVA_IMAGE_VERSION",
        c"MEVA_SHAPE_UNKNOWN",
        c"MEVA_CHECKSUM",
        c"MEVA_CONTENTS",
        c"MEVA_NOT_STARTED",
    ];
    NAMES.get(error as usize).unwrap_or(&c"unknown error").as_ptr()
}
