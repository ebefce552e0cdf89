//! What can be wrong with an image, in words that the compiler can print too.

use core::fmt;

use crate::shape::Shape;

/// Why bytes are not a model, or not the expected one; checked in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// There are fewer bytes than the header or the whole image should have.
    Truncated,
    /// It does not begin with the magic bytes.
    Magic,
    /// It has another version of the format.
    Version,
    /// Its network has a different shape from the one the type requires.
    Shape {
        /// The shape of the image's network.
        found: Shape,
        /// The shape that the type requires.
        wanted: Shape,
    },
    /// It is damaged: its bytes are not those that were written.
    Checksum,
    /// A choice or a number in it is not valid.
    Contents,
}

impl ImageError {
    /// The error in words, also where the compiler evaluates.
    ///
    /// ```compile_fail
    /// # use meva_core::image::Image;
    /// static MODEL: Image<1, 64, 1, 16> = match Image::of_bytes(b"something else") {
    ///     Ok(image) => image,
    ///     Err(error) => panic!("{}", error.message().as_str()), // error: the image ends too early
    /// };
    /// ```
    pub const fn message(self) -> Message {
        match self {
            ImageError::Truncated => Message::of("the image ends too early"),
            ImageError::Magic => Message::of("this is not an image of a model"),
            ImageError::Version => Message::of("the image has another version of the format"),
            ImageError::Shape { found, wanted } => Message::of("the image's network has ")
                .then_shape(found)
                .then("; wanted is ")
                .then_shape(wanted),
            ImageError::Checksum => Message::of("the image is damaged: its checksum does not fit"),
            ImageError::Contents => Message::of("the image holds a choice or a number that has no meaning"),
        }
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message().as_str())
    }
}

impl core::error::Error for ImageError {}

/// A short text that is made without a heap, by the compiler or at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    bytes: [u8; Message::CAPACITY],
    length: usize,
}

impl Message {
    /// Two shapes of four 32-bit numbers each, with the words between them.
    const CAPACITY: usize = 160;

    const fn of(text: &str) -> Self {
        let empty = Message {
            bytes: [0; Message::CAPACITY],
            length: 0,
        };
        empty.then(text)
    }

    /// The text.
    pub const fn as_str(&self) -> &str {
        let Some((text, _)) = self.bytes.split_at_checked(self.length) else {
            return "";
        };
        match core::str::from_utf8(text) {
            Ok(text) => text,
            Err(_) => "",
        }
    }

    const fn then(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut k = 0;
        while k < text.len() && self.length < Self::CAPACITY {
            self.bytes[self.length] = text[k];
            self.length += 1;
            k += 1;
        }
        self
    }

    const fn then_number(self, number: usize) -> Self {
        const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let front = if number < 10 {
            self
        } else {
            self.then_number(number / 10)
        };
        front.then(DIGITS[number % 10])
    }

    const fn then_shape(self, shape: Shape) -> Self {
        let Shape {
            parameters,
            hidden,
            residual_blocks,
            quantiles,
        } = shape;
        let message = self.then("N = ").then_number(parameters);
        let message = message.then(", H = ").then_number(hidden);
        let message = message.then(", R = ").then_number(residual_blocks);
        message.then(", M = ").then_number(quantiles)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_shape_is_named_with_the_one_that_is_wanted() {
        let wanted = Shape::new(1, 64, 1, 16);
        let found = Shape::new(5, 4, 0, 320);
        assert_eq!(
            ImageError::Shape { found, wanted }.to_string(),
            "the image's network has N = 5, H = 4, R = 0, M = 320; wanted is N = 1, H = 64, R = 1, M = 16"
        );
    }

    /// The longest message there can be is not cut: a damaged header may state any sizes.
    #[test]
    fn the_longest_message_fits() {
        let most = Shape::new(
            u32::MAX as usize,
            u32::MAX as usize,
            u32::MAX as usize,
            u32::MAX as usize,
        );
        let message = ImageError::Shape {
            found: most,
            wanted: most,
        };
        assert!(message.to_string().ends_with("M = 4294967295"), "{message}");
    }
}
