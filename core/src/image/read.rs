//! Reading and checking images, from bytes or words, at compile time or at run time.

use super::header::CHECKSUM;
use super::{HEADER, Image, ImageError, Model};
use crate::parameters::Parameters;

impl<const N: usize, const H: usize, const R: usize, const M: usize> Image<N, H, R, M> {
    /// Reads an image from bytes: for a `static` in flash.
    ///
    /// ```text
    /// static MODEL: Image<1, 64, 1, 16> = match Image::of_bytes(include_bytes!("model.bin")) {
    ///     Ok(image) => image,
    ///     Err(error) => panic!("{}", error.message().as_str()),
    /// };
    /// ```
    ///
    /// # Errors
    /// All of [`ImageError`].
    pub const fn of_bytes(bytes: &[u8]) -> Result<Self, ImageError> {
        Self::of(&Source::Bytes(bytes))
    }

    /// Reads an image from words, as exported to Rust.
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

    /// The error for an image that is too short for this shape.
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
        let found = self.header.shape();
        let [n, h, r, m] = found.sizes();
        if !(n == N && h == H && r == R && m == M) {
            let wanted = Self::SHAPE;
            return Err(ImageError::Shape { found, wanted });
        }
        if self.header.size() != size_of::<Self>() {
            return Err(ImageError::Contents);
        }
        Ok(())
    }

    /// Checks that this is an undamaged model of this shape, and returns its description; reads the whole image once.
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
}

/// The source that an image is read from.
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

#[cfg(test)]
mod tests {
    use crate::image::sample::{Small, bytes, image};
    use crate::image::{Header, Image, ImageError};
    use crate::shape::Shape;

    /// Any change to a single byte, and any truncation, is detected.
    #[test]
    fn damage_is_noticed() {
        let bytes = bytes(&image());
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x10;
            let error = Small::of_bytes(&damaged).unwrap_err();
            let as_expected = match place {
                0..8 => error == ImageError::Magic,
                8..16 => error == ImageError::Version,
                16..32 => matches!(
                    error,
                    ImageError::Shape {
                        wanted: Small::SHAPE,
                        ..
                    }
                ),
                184..188 => error == ImageError::Contents,
                _ => error == ImageError::Checksum,
            };
            assert!(as_expected, "byte {place}: {error}");
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
        let found = Small::SHAPE;
        let other = |wanted| ImageError::Shape { found, wanted };
        let (narrow, wide) = (Shape::new(1, 4, 1, 3), Shape::new(5, 64, 2, 32));
        assert_eq!(Image::<1, 4, 1, 3>::of_bytes(&bytes), Err(other(narrow)));
        assert_eq!(Image::<5, 64, 2, 32>::of_bytes(&bytes), Err(other(wide)));
    }
}
