//! Models: images in use where they lie.

use core::ffi::c_void;
use core::slice;

use meva_core::game::NamedGame;
use meva_core::image::{Header, Image};
use meva_core::shape::ShapeVisitor;

use crate::error::MevaError::{self, *};
use crate::error::Outcome;
use crate::game::MevaGame;
use crate::pointer::{good, value};
use crate::shape::{MevaShape, visit};

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

/// Writes what a visitor makes of a shape: bytes of memory.
pub(crate) unsafe fn write_size<V>(shape: *const MevaShape, size: *mut usize, visitor: V) -> Outcome
where
    V: ShapeVisitor<Output = Result<usize, MevaError>>,
{
    good(size, 1, 1)?;
    // SAFETY: as the caller vouches; the place was checked.
    unsafe {
        let bytes = visit(value(shape)?.into(), visitor)??;
        size.write(bytes);
    }
    Ok(())
}

/// The header of an image of `size` bytes.
unsafe fn header_of(image: *const c_void, size: usize) -> Result<Header, MevaError> {
    good(image.cast::<u32>(), size, 0)?;
    // SAFETY: the caller vouches for `size` readable bytes.
    Ok(Header::of_bytes(unsafe {
        slice::from_raw_parts(image.cast::<u8>(), size)
    })?)
}

/// The image, if it has this shape.
pub(crate) unsafe fn image_of<'a, const N: usize, const H: usize, const R: usize, const M: usize>(
    image: *const c_void,
    size: usize,
) -> Result<&'a Image<N, H, R, M>, MevaError> {
    good(image.cast::<Image<N, H, R, M>>(), size, size_of::<Image<N, H, R, M>>())?;
    // SAFETY: aligned, large enough, and any bits are a value of an image; the caller vouches that they stay.
    Ok(unsafe { &*image.cast() })
}

/// Checks an image of `size` bytes, at an address that is a multiple of MEVA_ALIGNMENT, and makes a model of it, which uses
/// it in place: the image must stay where it is, unchanged, as long as the model is used. There is nothing to close.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_model_open(image: *const c_void, size: usize, model: *mut MevaModel) -> MevaError {
    let open = || {
        good(model, 1, 1)?;
        // SAFETY: as the caller vouches; the place was checked.
        unsafe {
            visit(header_of(image, size)?.shape(), Checking { image, size })??;
            model.write(MevaModel { image, size });
        }
        Ok(())
    };
    Outcome::into(open())
}

struct Checking {
    image: *const c_void,
    size: usize,
}

impl ShapeVisitor for Checking {
    type Output = Outcome;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Outcome {
        // SAFETY: as the caller vouches.
        let image = unsafe { image_of::<N, H, R, M>(self.image, self.size) }?;
        image.check()?;
        if image.parameters.is_finite() {
            Ok(())
        } else {
            Err(MevaNotFinite)
        }
    }
}

/// An open model, with the header of its image.
pub(crate) unsafe fn opened(model: *const MevaModel) -> Result<(MevaModel, Header), MevaError> {
    // SAFETY: the caller vouches for a readable model.
    let model = unsafe { value(model) }?;
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
        let read = MevaInfo {
            shape: header.shape().into(),
            game: contents.game.into(),
            field: contents.field.code(),
            alpha: contents.alpha,
        };
        // SAFETY: checked above.
        unsafe { info.write(read) };
        Ok(())
    };
    Outcome::into(read())
}

/// Writes the bytes of a model's image.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn meva_image_size(shape: *const MevaShape, size: *mut usize) -> MevaError {
    // SAFETY: as the caller vouches.
    unsafe { write_size(shape, size, ImageSize) }.into()
}

struct ImageSize;

impl ShapeVisitor for ImageSize {
    type Output = Result<usize, MevaError>;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> Self::Output {
        Ok(size_of::<Image<N, H, R, M>>())
    }
}
