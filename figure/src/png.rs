//! From SVG to PNG, with resvg but without its font support: our text is outlines.

use std::fmt;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg;

/// The maximum number of pixels in an image: 1 GiB of memory.
const MOST_PIXELS: f64 = (1 << 28) as f64;

/// Why a figure cannot be turned into a PNG.
#[derive(Debug)]
#[non_exhaustive]
pub enum PngError {
    /// The scale is not a positive number.
    Scale(f32),
    /// The image would be empty or have more than 2^28 pixels; its width and height.
    Size(f64, f64),
    /// The rasteriser rejected the SVG; this is a bug in this module.
    Svg(usvg::Error),
    /// The image could not be encoded.
    Encoding(String),
}

impl fmt::Display for PngError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scale(scale) => write!(
                f,
                "the scale is {scale}, but must be a positive number of pixels per unit"
            ),
            Self::Size(width, height) => {
                write!(
                    f,
                    "{width} x {height} pixels are empty or more than 2^28; choose another scale"
                )
            }
            Self::Svg(error) => write!(f, "the figure's SVG could not be read: {error}"),
            Self::Encoding(error) => write!(f, "the image could not be encoded: {error}"),
        }
    }
}

impl std::error::Error for PngError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Svg(error) => Some(error),
            _ => None,
        }
    }
}

pub(super) fn encode(svg: &str, scale: f32) -> Result<Vec<u8>, PngError> {
    if !(scale.is_finite() && scale > 0.0) {
        return Err(PngError::Scale(scale));
    }
    let tree = usvg::Tree::from_str(svg, &usvg::Options::default()).map_err(PngError::Svg)?;
    let [width, height] =
        [tree.size().width(), tree.size().height()].map(|length| (f64::from(length) * f64::from(scale)).round());
    let size_error = PngError::Size(width, height);
    if width * height > MOST_PIXELS {
        return Err(size_error);
    }
    // At most 2^28 each, and 0 is rejected by the pixmap.
    let mut pixmap = Pixmap::new(width as u32, height as u32).ok_or(size_error)?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap
        .encode_png()
        .map_err(|error| PngError::Encoding(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOT: &str = concat!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2">"#,
        r##"<rect width="2" height="2" fill="#ff0000"/></svg>"##
    );

    #[test]
    fn the_image_has_the_scaled_size_and_the_svg_s_colours() {
        let png = encode(DOT, 2.0).expect("an image");
        let pixmap = Pixmap::decode_png(&png).expect("a PNG");
        assert_eq!((pixmap.width(), pixmap.height()), (8, 4));
        let red = |x, y| pixmap.pixel(x, y).map(|p| (p.red(), p.alpha()));
        assert_eq!((red(3, 3), red(6, 1)), (Some((255, 255)), Some((0, 0))));
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error_that_says_why() {
        for scale in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(matches!(encode(DOT, scale), Err(PngError::Scale(_))), "{scale}");
        }
        assert!(matches!(encode(DOT, 1e5), Err(PngError::Size(..))));
        assert!(matches!(encode(DOT, 1e-3), Err(PngError::Size(..))));
        assert!(matches!(encode("<svg", 1.0), Err(PngError::Svg(_))));
        assert!(PngError::Scale(0.0).to_string().contains("positive"));
    }
}
