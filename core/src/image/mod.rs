//! Model images: a trained network as one flat little-endian value, used in place, without parsing.
//!
//! An image consists of 48 words of header and then the parameters in memory order:
//!
//! | word | contents |
//! |---|---|
//! | 0, 1 | the bytes `meva-img` |
//! | 2 | version of this format, 1 |
//! | 3 | bytes of the header, 192 |
//! | 4 .. 8 | `N`, `H`, `R`, `M` |
//! | 8 | how policies enter: 0 a tenth, 1 sigmoid |
//! | 9 | last activation: 0 GELU, 1 tanh |
//! | 10 | field: 0 V, 1 U, 2 U normalised |
//! | 11 | game: 0 Logistic, 1 Tandem, 2 iterated matrix |
//! | 12, 13 | `alpha`, the agents' learning rate (`f64`) |
//! | 14, 15 | `delta`, the discount inside an iterated game (`f64`) |
//! | 16 .. 32 | the iterated game's payoffs (8 `f64`, by joint state and player) |
//! | 32 | arithmetic that it was trained in: 0 separate, 1 fused |
//! | 33 .. 46 | 0 |
//! | 46 | bytes of the whole image |
//! | 47 | CRC-32 (the one of zip and Ethernet) of all other bytes |
//!
//! There are two ways to use one in place, neither of which takes time or memory at start-up:
//!
//! - a `static` made by [`Image::of_bytes`] or [`Image::of_words`], evaluated by the compiler: a damaged image, or one of
//!   another shape, does not compile, and the compiler says which it is ([`ImageError::message`]);
//! - a reference to the image's address in flash. [`Image`] is a struct of plain words, for which any bits are a valid
//!   value, so a reference to aligned memory of its size is enough; [`Image::check`] tells whether it is a model.

use crate::arithmetic::ArithmeticName;
use crate::game::AnyGame;
use crate::learner::meta_value::Field;
use crate::meta_value::{Architecture, MetaValue};
use crate::parameters::Parameters;
use crate::shape::Shape;

mod checksum;
mod error;
mod header;
mod read;
mod write;

pub use error::{ImageError, Message};
pub use header::{HEADER, Header, VERSION};

/// A description of a model, apart from its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// The network's input and last activation.
    pub architecture: Architecture,
    /// What the network models.
    pub field: Field,
    /// The game that it was trained for; `IteratedMatrix::try_from(game)`, say, plays it.
    pub game: AnyGame,
    /// `alpha`, the learning rate of agents that follow the field.
    pub alpha: f64,
    /// How sums were rounded in training. Evaluation does not depend on it.
    pub arithmetic: ArithmeticName,
}

/// A complete model: a header and the network's parameters.
///
/// ```
/// use meva_core::{activation::Activation, arithmetic::ArithmeticName, game::*, image::*, learner::meta_value::Field, meta_value::*, parameters::Parameters};
/// let model = Model {
///     architecture: Architecture { input: Input::Tenth, last_activation: Activation::Gelu },
///     field: Field::V, game: AnyGame::Plane(PlaneGame::Logistic), alpha: 1.0, arithmetic: ArithmeticName::Fused,
/// };
/// let mut image = Image::<1, 8, 1, 4>::new(&model, &Parameters::ZERO);
/// assert_eq!(image.check(), Ok(model));
/// image.parameters.quantiles.bias[2] = 1.0;
/// assert_eq!(image.check(), Err(ImageError::Checksum));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Image<const N: usize, const H: usize, const R: usize, const M: usize> {
    /// The description of the model.
    pub header: Header,
    /// The network's parameters.
    pub parameters: Parameters<f32, N, H, R, M>,
}

impl<const N: usize, const H: usize, const R: usize, const M: usize> Image<N, H, R, M> {
    /// The number of words in an image.
    pub const WORDS: usize = HEADER + Parameters::<f32, N, H, R, M>::LEN;

    /// The shape of the network.
    pub const SHAPE: Shape = Shape::new(N, H, R, M);

    /// An image of nothing, all zeros: memory to [write](Image::write) one into.
    pub const EMPTY: Self = Image {
        header: Header::EMPTY,
        parameters: Parameters::ZERO,
    };

    /// The network, ready for evaluation.
    ///
    /// # Errors
    /// As [`Header::model`].
    pub fn network(&self) -> Result<MetaValue<'_, f32, N, H, R, M>, ImageError> {
        let model = self.header.model()?;
        Ok(MetaValue::new(&self.parameters, model.architecture))
    }
}

/// What the tests of this module write and read.
#[cfg(test)]
mod sample {
    extern crate std;
    use super::*;
    use crate::activation::Activation;
    use crate::game::IteratedMatrix;
    use crate::meta_value::Input;
    use std::vec::Vec;

    pub type Small = Image<5, 4, 1, 3>;

    pub const MODEL: Model = Model {
        architecture: Architecture {
            input: Input::Sigmoid,
            last_activation: Activation::Tanh,
        },
        field: Field::UNormalized,
        game: AnyGame::IteratedMatrix(IteratedMatrix::CHICKEN),
        alpha: 2.0,
        arithmetic: ArithmeticName::Fused,
    };

    pub fn image() -> Small {
        let mut parameters = Parameters::ZERO;
        for (index, (_, values)) in parameters.iter_mut().enumerate() {
            for (k, value) in values.iter_mut().enumerate() {
                *value = index as f32 - 0.1 * k as f32;
            }
        }
        Image::new(&MODEL, &parameters)
    }

    pub fn bytes(image: &Small) -> Vec<u8> {
        image.words().flat_map(u32::to_le_bytes).collect()
    }
}
