//! Model images: a trained network as one flat little-endian value, used where it lies, without parsing.
//!
//! An image is 48 words of header and then the parameters in the order in which they lie in memory:
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
//! | 32 .. 46 | 0 |
//! | 46 | bytes of the whole image |
//! | 47 | CRC-32 (the one of zip and Ethernet) of all other bytes |
//!
//! There are two ways to use one in place, neither of which takes time or memory at start-up:
//!
//! - a `static` made by [`Image::of_bytes`] or [`Image::of_words`], evaluated by the compiler: a damaged image, or one of
//!   another shape, does not compile;
//! - a reference to where the image lies in flash. Any bits are a value of [`Image`], a struct of plain words, so a
//!   reference to aligned memory of its size is all it takes; [`Image::check`] says whether it is a model.

use core::fmt;

use crate::activation::Activation;
use crate::game::AnyGame;
use crate::learner::meta_value::Field;
use crate::meta_value::{Architecture, Input, MetaValue};
use crate::parameters::Parameters;

/// Words of the header.
pub const HEADER: usize = 48;
/// Version of the format.
pub const VERSION: u32 = 1;
const MAGIC: [u32; 2] = [u32::from_le_bytes(*b"meva"), u32::from_le_bytes(*b"-img")];
/// Where the header holds what.
const SHAPE: usize = 4;
const INPUT: usize = 8;
const ACTIVATION: usize = 9;
const FIELD: usize = 10;
const GAME: usize = 11;
const ALPHA: usize = 12;
const DISCOUNT: usize = 14;
const PAYOFFS: usize = 16;
const LENGTH: usize = HEADER - 2;
const CHECKSUM: usize = HEADER - 1;

/// Why bytes are no model, or not the one that is wanted; looked for in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// There are fewer bytes than the header or the whole image has.
    Truncated,
    /// It does not start as an image does.
    Magic,
    /// It has another version of the format.
    Version,
    /// It has another shape than the type that it is to be a value of.
    Shape,
    /// Its bytes are not those that were written.
    Checksum,
    /// A choice or a number in it has no meaning.
    Contents,
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ImageError::Truncated => "the image ends too early",
            ImageError::Magic => "this is not an image of a model",
            ImageError::Version => "the image has another version of the format",
            ImageError::Shape => "the image's network has another shape",
            ImageError::Checksum => "the image is damaged: its checksum does not fit",
            ImageError::Contents => "the image holds a choice or a number that has no meaning",
        })
    }
}

impl core::error::Error for ImageError {}

/// What a model is besides its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// The network's input and last activation.
    pub architecture: Architecture,
    /// What the network models.
    pub field: Field,
    /// The game that it was trained for.
    pub game: AnyGame,
    /// `alpha`, the learning rate of agents that follow the field.
    pub alpha: f64,
}

/// The opening of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Header([u32; HEADER]);

/// A model in one piece.
///
/// ```
/// use meva_core::{activation::Activation, game::*, image::*, learner::meta_value::Field, meta_value::*, parameters::Parameters};
/// let model = Model {
///     architecture: Architecture { input: Input::Tenth, last_activation: Activation::Gelu },
///     field: Field::V, game: AnyGame::Plane(PlaneGame::Logistic), alpha: 1.0,
/// };
/// let mut image = Image::<1, 8, 1, 4>::new(&model, &Parameters::ZERO);
/// assert_eq!(image.check(), Ok(model));
/// image.parameters.quantiles.bias[2] = 1.0;
/// assert_eq!(image.check(), Err(ImageError::Checksum));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Image<const N: usize, const H: usize, const R: usize, const M: usize> {
    /// The opening.
    pub header: Header,
    /// The parameters.
    pub parameters: Parameters<f32, N, H, R, M>,
}

impl Header {
    /// The words.
    pub const fn words(&self) -> &[u32; HEADER] {
        &self.0
    }

    /// The header that bytes start with, if they are as many as it says. The checksum is not looked at.
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

    /// `[N, H, R, M]`.
    pub const fn shape(&self) -> [u32; 4] {
        [self.0[SHAPE], self.0[SHAPE + 1], self.0[SHAPE + 2], self.0[SHAPE + 3]]
    }

    /// Bytes of the whole image.
    pub const fn size(&self) -> usize {
        self.0[LENGTH] as usize
    }

    /// Magic and version.
    const fn check(&self) -> Result<(), ImageError> {
        if self.0[0] != MAGIC[0] || self.0[1] != MAGIC[1] {
            return Err(ImageError::Magic);
        }
        if self.0[2] != VERSION || self.0[3] as usize != size_of::<Header>() {
            return Err(ImageError::Version);
        }
        Ok(())
    }

    /// What the model is besides its parameters.
    ///
    /// # Errors
    /// [`ImageError::Contents`].
    pub const fn model(&self) -> Result<Model, ImageError> {
        let (Some(input), Some(last_activation), Some(field)) = (
            Input::from_code(self.0[INPUT]),
            Activation::from_code(self.0[ACTIVATION]),
            Field::from_code(self.0[FIELD]),
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
            Ok(game) if game.parameters() == self.0[SHAPE] as usize => game,
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
        })
    }

    const fn wide(&self, word: usize) -> f64 {
        f64::from_bits(self.0[word] as u64 | (self.0[word + 1] as u64) << 32)
    }

    fn set_wide(&mut self, word: usize, value: f64) {
        let bits = value.to_bits();
        (self.0[word], self.0[word + 1]) = (bits as u32, (bits >> 32) as u32);
    }

    /// The header of a model of this shape, still without checksum.
    fn new(model: &Model, shape: [usize; 4], size: usize) -> Self {
        let mut header = Header([0; HEADER]);
        [header.0[0], header.0[1]] = MAGIC;
        (header.0[2], header.0[3]) = (VERSION, size_of::<Header>() as u32);
        for (word, size) in header.0[SHAPE..].iter_mut().zip(shape) {
            *word = size as u32;
        }
        header.0[INPUT] = model.architecture.input.code();
        header.0[ACTIVATION] = model.architecture.last_activation.code();
        header.0[FIELD] = model.field.code();
        header.0[GAME] = model.game.code();
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

impl<const N: usize, const H: usize, const R: usize, const M: usize> Image<N, H, R, M> {
    /// How many words an image has.
    pub const WORDS: usize = HEADER + Parameters::<f32, N, H, R, M>::LEN;

    const EMPTY: Self = Image {
        header: Header([0; HEADER]),
        parameters: Parameters::ZERO,
    };

    /// The image of a model. It is large, and returned by value: see [`Image::write`] for one in memory of one's own.
    pub fn new(model: &Model, parameters: &Parameters<f32, N, H, R, M>) -> Self {
        let mut image = Self::EMPTY;
        image.write(model, parameters);
        image
    }

    /// Becomes the image of a model.
    pub fn write(&mut self, model: &Model, parameters: &Parameters<f32, N, H, R, M>) {
        self.header = Header::new(model, [N, H, R, M], size_of::<Self>());
        self.parameters.copy_from(parameters);
        self.header.0[CHECKSUM] = self.checksum();
    }

    /// The image in these bytes: for a `static` in flash.
    ///
    /// ```text
    /// static MODEL: Image<1, 64, 1, 16> = match Image::of_bytes(include_bytes!("model.bin")) {
    ///     Ok(image) => image,
    ///     Err(_) => panic!("model.bin is no model of this shape"),
    /// };
    /// ```
    ///
    /// # Errors
    /// All of [`ImageError`].
    pub const fn of_bytes(bytes: &[u8]) -> Result<Self, ImageError> {
        Self::of(&Source::Bytes(bytes))
    }

    /// The image in these words, as exported to Rust.
    ///
    /// # Errors
    /// All of [`ImageError`].
    pub const fn of_words(words: &[u32]) -> Result<Self, ImageError> {
        Self::of(&Source::Words(words))
    }

    const fn of(source: &Source) -> Result<Self, ImageError> {
        let mut image = Self::EMPTY;
        let mut word = 0;
        while word < HEADER {
            image.header.0[word] = match source.word(word) {
                Some(word) => word,
                None => return Err(ImageError::Truncated),
            };
            word += 1;
        }
        let mut tensor = 0;
        while tensor < Parameters::<f32, N, H, R, M>::TENSORS {
            let values = image.parameters.values_mut(tensor);
            let mut value = 0;
            while value < values.len() {
                values[value] = match source.word(word) {
                    Some(word) => f32::from_bits(word),
                    None => return Err(image.truncated()),
                };
                word += 1;
                value += 1;
            }
            tensor += 1;
        }
        match image.check() {
            Ok(_) => Ok(image),
            Err(error) => Err(error),
        }
    }

    /// What is wrong with an image that ends too early for this shape.
    const fn truncated(&self) -> ImageError {
        match self.check_header() {
            Ok(()) => ImageError::Truncated,
            Err(error) => error,
        }
    }

    const fn check_header(&self) -> Result<(), ImageError> {
        if let Err(error) = self.header.check() {
            return Err(error);
        }
        let [n, h, r, m] = self.header.shape();
        let as_wanted = n as usize == N && h as usize == H && r as usize == R && m as usize == M;
        if !as_wanted || self.header.size() != size_of::<Self>() {
            return Err(ImageError::Shape);
        }
        Ok(())
    }

    /// Whether this is a model of this shape, unharmed; reads all of it once.
    ///
    /// # Errors
    /// All of [`ImageError`] but [`ImageError::Truncated`].
    pub const fn check(&self) -> Result<Model, ImageError> {
        if let Err(error) = self.check_header() {
            return Err(error);
        }
        if self.header.0[CHECKSUM] != self.checksum() {
            return Err(ImageError::Checksum);
        }
        self.header.model()
    }

    /// The CRC-32 of all bytes but those of the checksum.
    const fn checksum(&self) -> u32 {
        let mut crc = Crc::EMPTY;
        let mut word = 0;
        while word < CHECKSUM {
            crc = crc.take(self.header.0[word]);
            word += 1;
        }
        let mut tensor = 0;
        while tensor < Parameters::<f32, N, H, R, M>::TENSORS {
            let values = self.parameters.values(tensor);
            let mut value = 0;
            while value < values.len() {
                crc = crc.take(values[value].to_bits());
                value += 1;
            }
            tensor += 1;
        }
        !crc.0
    }

    /// The words, of which the image's bytes are made, lowest first.
    pub fn words(&self) -> impl Iterator<Item = u32> {
        self.header
            .0
            .iter()
            .copied()
            .chain(self.parameters.numbers().map(|value| value.to_bits()))
    }

    /// The network, ready for evaluation.
    ///
    /// # Errors
    /// As [`Header::model`].
    pub fn network(&self) -> Result<MetaValue<'_, f32, N, H, R, M>, ImageError> {
        let model = self.header.model()?;
        Ok(MetaValue::new(&self.parameters, model.architecture))
    }
}

/// What an image is read from.
enum Source<'a> {
    Bytes(&'a [u8]),
    Words(&'a [u32]),
}

impl Source<'_> {
    const fn word(&self, index: usize) -> Option<u32> {
        match self {
            Source::Words(words) if index < words.len() => Some(words[index]),
            Source::Bytes(bytes) if 4 * index + 3 < bytes.len() => Some(u32::from_le_bytes([
                bytes[4 * index],
                bytes[4 * index + 1],
                bytes[4 * index + 2],
                bytes[4 * index + 3],
            ])),
            _ => None,
        }
    }
}

/// CRC-32 with the reflected polynomial 0xedb88320 (ISO 3309, IEEE 802.3).
#[derive(Clone, Copy)]
struct Crc(u32);

impl Crc {
    const EMPTY: Self = Crc(u32::MAX);

    /// The remainder of each byte.
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut remainder = byte as u32;
            let mut bit = 0;
            while bit < 8 {
                remainder = (remainder >> 1) ^ (0xedb8_8320 * (remainder & 1));
                bit += 1;
            }
            table[byte] = remainder;
            byte += 1;
        }
        table
    };

    /// Takes a word's bytes, lowest first.
    const fn take(self, word: u32) -> Self {
        let [a, b, c, d] = word.to_le_bytes();
        self.byte(a).byte(b).byte(c).byte(d)
    }

    const fn byte(self, byte: u8) -> Self {
        static TABLE: [u32; 256] = Crc::TABLE;
        Crc((self.0 >> 8) ^ TABLE[((self.0 ^ byte as u32) & 255) as usize])
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::game::IteratedMatrix;
    use std::vec::Vec;

    type Small = Image<5, 4, 1, 3>;

    const MODEL: Model = Model {
        architecture: Architecture {
            input: Input::Sigmoid,
            last_activation: Activation::Tanh,
        },
        field: Field::UNormalized,
        game: AnyGame::IteratedMatrix(IteratedMatrix::CHICKEN),
        alpha: 2.0,
    };

    fn image() -> Small {
        let mut parameters = Parameters::ZERO;
        for (index, (_, values)) in parameters.iter_mut().enumerate() {
            for (k, value) in values.iter_mut().enumerate() {
                *value = index as f32 - 0.1 * k as f32;
            }
        }
        Image::new(&MODEL, &parameters)
    }

    fn bytes(image: &Small) -> Vec<u8> {
        image.words().flat_map(u32::to_le_bytes).collect()
    }

    #[test]
    fn bytes_come_back() {
        let (image, bytes) = (image(), bytes(&image()));
        assert_eq!(bytes.len(), size_of::<Small>());
        assert_eq!(bytes.len(), 4 * Small::WORDS);
        assert_eq!(Small::of_bytes(&bytes), Ok(image));
        let words: Vec<u32> = bytes
            .as_chunks()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word))
            .collect();
        assert_eq!(Small::of_words(&words), Ok(image));
        assert_eq!(image.check(), Ok(MODEL));
        assert_eq!(Header::of_bytes(&bytes), Ok(image.header));
    }

    /// The check value of this CRC is that of the nine bytes `123456789`.
    #[test]
    fn checksum_is_the_one_of_zip() {
        let crc = b"123456789".iter().fold(Crc::EMPTY, |crc, byte| crc.byte(*byte));
        assert_eq!(!crc.0, 0xcbf4_3926);
    }

    /// Whatever single byte is changed, wherever an image is cut off: it is noticed.
    #[test]
    fn damage_is_noticed() {
        let bytes = bytes(&image());
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x10;
            let expected = match place {
                0..8 => ImageError::Magic,
                8..16 => ImageError::Version,
                16..32 | 184..188 => ImageError::Shape,
                _ => ImageError::Checksum,
            };
            assert_eq!(Small::of_bytes(&damaged), Err(expected), "byte {place}");
        }
        for length in 0..bytes.len() {
            assert_eq!(
                Small::of_bytes(&bytes[..length]),
                Err(ImageError::Truncated),
                "{length} bytes"
            );
            assert_eq!(
                Header::of_bytes(&bytes[..length]),
                Err(ImageError::Truncated),
                "{length} bytes"
            );
        }
        assert_eq!(Image::<1, 4, 1, 3>::of_bytes(&bytes), Err(ImageError::Shape));
        assert_eq!(Image::<5, 64, 2, 32>::of_bytes(&bytes), Err(ImageError::Shape));
    }

    /// A checksum that fits does not make sense of nonsense.
    #[test]
    fn contents_are_checked() {
        for word in [INPUT, ACTIVATION, FIELD, GAME] {
            let mut image = image();
            image.header.0[word] = 7;
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
