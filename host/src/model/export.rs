//! Trained models in the forms that other systems link; see [`meva_core::image`].

use std::fmt::Write as _;

use meva_core::{Player, choice};

use crate::error::Result;
use crate::model::tensors::TensorFile;
use crate::model::{Model, part};

/// An export format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// The model file, checked; of one player, the network alone under plain names.
    Safetensors,
    /// A C header with the image as a constant array, to be used in place.
    CHeader,
    /// A Rust file with the image as a static, checked by the compiler.
    Rust,
    /// The flat little-endian image.
    Bytes,
}

choice! { Format, "format":
    Safetensors = "safetensors",
    CHeader = "c-header",
    Rust = "rust",
    Bytes = "bytes",
}

/// A model file in another format; for a model with one network per player, `player` selects the network.
///
/// # Errors
/// As [`Model::of_file`] and [`Model::image`].
pub fn export(file: &TensorFile, player: Option<Player>, format: Format) -> Result<Vec<u8>> {
    let model = Model::of_file(file)?;
    match format {
        Format::Safetensors => part(file, model.config().networks.count(), player).to_bytes(),
        Format::CHeader => c_header(&model, player).map(String::into_bytes),
        Format::Rust => rust(&model, player).map(String::into_bytes),
        Format::Bytes => bytes(&model, player),
    }
}

/// The image's bytes.
///
/// # Errors
/// As [`Model::image`].
pub fn bytes(model: &Model, player: Option<Player>) -> Result<Vec<u8>> {
    Ok(model.image(player)?.into_iter().flat_map(u32::to_le_bytes).collect())
}

/// A C header that defines `meva_model_image`.
///
/// # Errors
/// As [`Model::image`].
pub fn c_header(model: &Model, player: Option<Player>) -> Result<String> {
    let (words, shape) = (model.image(player)?, model.shape());
    Ok(format!(
        "/* {}.\n   Made by `meva export`; for meva_model_open(), which uses it in place. For little-endian processors. */\n\
         #ifndef MEVA_MODEL_H\n#define MEVA_MODEL_H\n\n#include <stdint.h>\n\n\
         #define MEVA_MODEL_PARAMETERS {}\n#define MEVA_MODEL_HIDDEN {}\n#define MEVA_MODEL_RESIDUAL_BLOCKS {}\n\
         #define MEVA_MODEL_QUANTILES {}\n\n\
         static const uint32_t meva_model_image[{}] = {{\n{}}};\n\n#endif\n",
        title(model),
        shape.parameters,
        shape.hidden,
        shape.residual_blocks,
        shape.quantiles,
        words.len(),
        rows(&words)
    ))
}

/// A Rust file that defines `MODEL`.
///
/// # Errors
/// As [`Model::image`].
pub fn rust(model: &Model, player: Option<Player>) -> Result<String> {
    let (words, shape) = (model.image(player)?, model.shape());
    Ok(format!(
        "/// {}.\n///\n/// Made by `meva export`; the compiler checks it.\n\
         #[rustfmt::skip]\n#[allow(long_running_const_eval)]\n\
         pub static MODEL: meva_core::image::Image<{}, {}, {}, {}> = match meva_core::image::Image::of_words(&[\n{}]) {{\n    \
         Ok(image) => image,\n    Err(_) => panic!(\"the image is damaged\"),\n}};\n",
        title(model),
        shape.parameters,
        shape.hidden,
        shape.residual_blocks,
        shape.quantiles,
        rows(&words)
    ))
}

fn title(model: &Model) -> String {
    format!(
        "A meta-value of the game {}: {}",
        model.config().game.name(),
        model.shape()
    )
}

/// Eight words a line, in hexadecimal, so that no bit is lost.
fn rows(words: &[u32]) -> String {
    let mut text = String::with_capacity(12 * words.len());
    for row in words.chunks(8) {
        text.push_str("   ");
        for word in row {
            let _ = write!(text, " 0x{word:08x},"); // a string takes all
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::training::trainer::Trainer;
    use meva_core::image::{Header, Image};

    fn model(preset: &str) -> Model {
        let mut config = Config::preset(preset).unwrap();
        for assignment in ["hidden=16", "residual_blocks=1", "quantiles=16", "batch=2"] {
            config.set(assignment).unwrap();
        }
        Trainer::new(&config).unwrap().model()
    }

    /// The image gives back the configuration and every parameter, and computes the same as the model.
    #[test]
    fn an_image_is_its_model() {
        let model = model("ipd");
        let bytes = bytes(&model, None).unwrap();
        let header = Header::of_bytes(&bytes).unwrap();
        assert_eq!((header.shape(), header.size()), (model.shape(), bytes.len()));
        let image = Image::<5, 16, 1, 16>::of_bytes(&bytes).unwrap();
        let contents = image.check().unwrap();
        assert_eq!(contents.architecture, model.config().settings().architecture);
        assert_eq!(contents.alpha, model.config().alpha);
        assert_eq!(contents.field, model.config().field);
        assert_eq!(contents.game, model.config().any_game().unwrap());
        assert_eq!(Image::of_words(&model.image(None).unwrap()), Ok(image));
    }

    /// For a model with one network per player, the player has to be named.
    #[test]
    fn an_image_holds_one_network() {
        let model = model("imp");
        let error = model.image(None).unwrap_err().to_string();
        assert!(error.contains("network for each player"), "{error}");
        let [zero, one] = Player::BOTH.map(|player| model.image(Some(player)).unwrap());
        assert_eq!(zero.len(), one.len());
        assert_ne!(zero, one);
    }

    /// A file for one player has that player's numbers and no others, and is not mistaken for a model.
    #[test]
    fn safetensors_of_one_player() {
        let mut config = model("imp").config().clone();
        config.set("rho=0.5").unwrap();
        config.set("bootstrap=semi-gradient").unwrap();
        let whole = Trainer::new(&config).unwrap().model_file().unwrap();
        for player in Player::BOTH {
            let bytes = export(&whole, Some(player), Format::Safetensors).unwrap();
            let alone = TensorFile::from_bytes(&bytes).unwrap();
            assert_eq!(2 * alone.tensors.len(), whole.tensors.len());
            for tensor in &alone.tensors {
                let own = whole.get(&format!("{}.{}", player.index(), tensor.name)).unwrap();
                assert_eq!(tensor.data, own.data);
            }
            let error = Model::of_file(&alone).map(drop).unwrap_err().to_string();
            assert!(
                error.contains(&format!("of player {} alone", player.index())),
                "{error}"
            );
        }
        let both = TensorFile::from_bytes(&export(&whole, None, Format::Safetensors).unwrap()).unwrap();
        assert_eq!(both, whole);
    }

    #[test]
    fn texts_hold_every_word() {
        let model = model("logistic");
        let words = model.image(None).unwrap();
        for text in [c_header(&model, None).unwrap(), rust(&model, None).unwrap()] {
            let found: Vec<u32> = text
                .split("0x")
                .skip(1)
                .map(|word| u32::from_str_radix(&word[..8], 16).unwrap())
                .collect();
            assert_eq!(found, words);
        }
        assert!(
            c_header(&model, None)
                .unwrap()
                .contains(&format!("meva_model_image[{}]", words.len()))
        );
        assert!(rust(&model, None).unwrap().contains("Image<1, 16, 1, 16>"));
    }
}
