//! The header of an image: a description of the model, apart from its parameters.

use super::{ImageError, Model};
use crate::activation::Activation;
use crate::arithmetic::ArithmeticName;
use crate::game::AnyGame;
use crate::learner::meta_value::Field;
use crate::meta_value::{Architecture, Input};
use crate::shape::Shape;

/// Words of the header.
pub const HEADER: usize = 48;
/// Version of the format.
pub const VERSION: u32 = 1;
const MAGIC: [u32; 2] = [u32::from_le_bytes(*b"meva"), u32::from_le_bytes(*b"-img")];
/// The word indices of the header's fields.
const SHAPE: usize = 4;
pub(super) const INPUT: usize = 8;
pub(super) const ACTIVATION: usize = 9;
pub(super) const FIELD: usize = 10;
pub(super) const GAME: usize = 11;
pub(super) const ALPHA: usize = 12;
pub(super) const DISCOUNT: usize = 14;
pub(super) const PAYOFFS: usize = 16;
pub(super) const ARITHMETIC: usize = 32;
const LENGTH: usize = HEADER - 2;
pub(super) const CHECKSUM: usize = HEADER - 1;

/// The header of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Header(pub(super) [u32; HEADER]);

impl Header {
    pub(super) const EMPTY: Self = Header([0; HEADER]);

    /// The words.
    pub const fn words(&self) -> &[u32; HEADER] {
        &self.0
    }

    /// The header at the start of these bytes, if they have the length it states; the checksum is not checked.
    ///
    /// # Errors
    /// [`ImageError::Truncated`], [`ImageError::Magic`], [`ImageError::Version`] or [`ImageError::Contents`].
    pub fn of_bytes(bytes: &[u8]) -> Result<Self, ImageError> {
        let mut words = [0; HEADER];
        let (chunks, _) = bytes.as_chunks();
        if chunks.len() < HEADER {
            return Err(ImageError::Truncated);
        }
        for (word, chunk) in words.iter_mut().zip(chunks) {
            *word = u32::from_le_bytes(*chunk);
        }
        let header = Header(words);
        header.check()?;
        if header.size() > bytes.len() {
            return Err(ImageError::Truncated);
        }
        header.model()?;
        Ok(header)
    }

    /// The sizes of the network.
    pub const fn shape(&self) -> Shape {
        let [n, h, r, m] = [self.0[SHAPE], self.0[SHAPE + 1], self.0[SHAPE + 2], self.0[SHAPE + 3]];
        Shape::new(n as usize, h as usize, r as usize, m as usize)
    }

    /// Size of the whole image in bytes.
    pub const fn size(&self) -> usize {
        self.0[LENGTH] as usize
    }

    /// Magic and version.
    pub(super) const fn check(&self) -> Result<(), ImageError> {
        if self.0[0] != MAGIC[0] || self.0[1] != MAGIC[1] {
            return Err(ImageError::Magic);
        }
        if self.0[2] != VERSION || self.0[3] as usize != size_of::<Header>() {
            return Err(ImageError::Version);
        }
        Ok(())
    }

    /// What the model is, apart from its parameters.
    ///
    /// # Errors
    /// [`ImageError::Contents`].
    pub const fn model(&self) -> Result<Model, ImageError> {
        let (Some(input), Some(last_activation), Some(field), Some(arithmetic)) = (
            Input::from_code(self.0[INPUT]),
            Activation::from_code(self.0[ACTIVATION]),
            Field::from_code(self.0[FIELD]),
            ArithmeticName::from_code(self.0[ARITHMETIC]),
        ) else {
            return Err(ImageError::Contents);
        };
        let mut payoffs = [[0.0; 2]; 4];
        let mut state = 0;
        while state < 4 {
            let row = PAYOFFS + 4 * state;
            payoffs[state] = [self.wide(row), self.wide(row + 2)];
            state += 1;
        }
        let game = match AnyGame::from_code(self.0[GAME], payoffs, self.wide(DISCOUNT)) {
            Ok(game) if game.parameters() == self.shape().parameters => game,
            _ => return Err(ImageError::Contents),
        };
        let alpha = self.wide(ALPHA);
        if !alpha.is_finite() {
            return Err(ImageError::Contents);
        }
        Ok(Model {
            architecture: Architecture { input, last_activation },
            field,
            game,
            alpha,
            arithmetic,
        })
    }

    const fn wide(&self, word: usize) -> f64 {
        f64::from_bits(self.0[word] as u64 | (self.0[word + 1] as u64) << 32)
    }

    pub(super) const fn set_wide(&mut self, word: usize, value: f64) {
        let bits = value.to_bits();
        (self.0[word], self.0[word + 1]) = (bits as u32, (bits >> 32) as u32);
    }

    /// The header for a model of this shape, as yet without its checksum.
    pub(super) fn new(model: &Model, shape: Shape, size: usize) -> Self {
        let mut header = Header::EMPTY;
        [header.0[0], header.0[1]] = MAGIC;
        (header.0[2], header.0[3]) = (VERSION, size_of::<Header>() as u32);
        for (word, size) in header.0[SHAPE..].iter_mut().zip(shape.sizes()) {
            *word = size as u32;
        }
        header.0[INPUT] = model.architecture.input.code();
        header.0[ACTIVATION] = model.architecture.last_activation.code();
        header.0[FIELD] = model.field.code();
        header.0[GAME] = model.game.code();
        header.0[ARITHMETIC] = model.arithmetic.code();
        if let AnyGame::IteratedMatrix(game) = model.game {
            header.set_wide(DISCOUNT, game.discount);
            for (k, payoff) in game.payoffs.as_flattened().iter().enumerate() {
                header.set_wide(PAYOFFS + 2 * k, *payoff);
            }
        }
        header.set_wide(ALPHA, model.alpha);
        header.0[LENGTH] = size as u32;
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::sample::image;

    /// Invalid contents are rejected even if the checksum matches.
    #[test]
    fn contents_are_checked() {
        // The last is a game whose policies have one parameter, in an image for five.
        for (word, value) in [
            (INPUT, 7),
            (ACTIVATION, 7),
            (FIELD, 7),
            (ARITHMETIC, 7),
            (GAME, 7),
            (GAME, 1),
        ] {
            let mut image = image();
            image.header.0[word] = value;
            image.header.0[CHECKSUM] = image.checksum();
            assert_eq!(image.check(), Err(ImageError::Contents), "word {word}");
        }
        for (word, value) in [(ALPHA, f64::NAN), (DISCOUNT, 1.0), (PAYOFFS + 6, f64::INFINITY)] {
            let mut image = image();
            image.header.set_wide(word, value);
            image.header.0[CHECKSUM] = image.checksum();
            assert_eq!(image.check(), Err(ImageError::Contents), "word {word}");
        }
    }
}
