//! Writing images, into memory provided by the caller or word by word.

use super::header::CHECKSUM;
use super::{Header, Image, Model};
use crate::parameters::Parameters;

impl<const N: usize, const H: usize, const R: usize, const M: usize> Image<N, H, R, M> {
    /// The image of a model. It is large and returned by value; [`Image::write`] puts it into memory of your own.
    pub fn new(model: &Model, parameters: &Parameters<f32, N, H, R, M>) -> Self {
        let mut image = Self::EMPTY;
        image.write(model, parameters);
        image
    }

    /// Turns this into the image of a model.
    pub fn write(&mut self, model: &Model, parameters: &Parameters<f32, N, H, R, M>) {
        self.header = Header::new(model, Self::SHAPE, size_of::<Self>());
        self.parameters.copy_from(parameters);
        self.header.0[CHECKSUM] = self.checksum();
    }

    /// The image's words; as bytes, each is little-endian.
    pub fn words(&self) -> impl Iterator<Item = u32> {
        self.header
            .0
            .iter()
            .copied()
            .chain(self.parameters.numbers().map(|value| value.to_bits()))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use crate::image::Header;
    use crate::image::sample::{MODEL, Small, bytes, image};
    use std::vec::Vec;

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
}
