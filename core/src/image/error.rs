//! What can be wrong with an image.

use core::fmt;

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
    Shape,
    /// It is damaged: its bytes are not those that were written.
    Checksum,
    /// A choice or a number in it is not valid.
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
