//! Trained models in the forms that other systems link; see [`meva_core::image`].

use std::fmt::Write as _;
use std::path::Path;

use meva_core::shape::Shape;
use meva_core::{Player, choice};

use crate::error::{Error, Result};
use crate::model::network::Memory;
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

/// A model file in another format; for a model with one network per player, `player` selects the network. Texts define
/// what they hold by a [`Name`].
///
/// # Errors
/// As [`Model::of_file`] and [`Model::image`].
pub fn export(file: &TensorFile, player: Option<Player>, format: Format, name: &Name) -> Result<Vec<u8>> {
    let model = Model::of_file(file)?;
    match format {
        Format::Safetensors => part(file, model.config().networks.count(), player).to_bytes(),
        Format::CHeader => c_header(&model, player, name).map(String::into_bytes),
        Format::Rust => rust(&model, player, name).map(String::into_bytes),
        Format::Bytes => bytes(&model, player),
    }
}

/// What an exported model is called in the program that it becomes part of: letters, digits and underscores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// A name that was chosen.
    ///
    /// # Errors
    /// It does not begin with a letter, or holds something other than letters, digits and underscores (of ASCII).
    pub fn new(name: &str) -> Result<Self> {
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(letters) {
            Ok(Name(name.to_ascii_lowercase()))
        } else {
            Err(Error::usage(format!("`{name}` cannot be the name of an array"))
                .hint("begin with a letter, and use letters, digits and underscores"))
        }
    }

    /// The name that follows from the file that it is written to, and from the player whose network it is, if one was named:
    /// `ipd.h` holds `ipd`, or `ipd_player_0`.
    pub fn of(file: &Path, player: Option<Player>) -> Self {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let mut name: String = stem
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '_'
                }
            })
            .collect();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            name.insert_str(0, "model_");
        }
        if let Some(player) = player {
            let _ = write!(name, "_player_{}", player.index()); // a string takes all
        }
        Name(name)
    }

    /// In lower case.
    pub fn lower(&self) -> &str {
        &self.0
    }

    /// In upper case.
    pub fn upper(&self) -> String {
        self.0.to_ascii_uppercase()
    }
}

/// The image's bytes.
///
/// # Errors
/// As [`Model::image`].
pub fn bytes(model: &Model, player: Option<Player>) -> Result<Vec<u8>> {
    Ok(model.image(player)?.into_iter().flat_map(u32::to_le_bytes).collect())
}

/// The bytes at the start of the C library's training memory, before the state: seven words.
const TRAINING_HEADER: usize = 28;

/// A C header that defines `meva_NAME_image` and, as constants, the sizes of the network and of the memory that it needs.
///
/// # Errors
/// As [`Model::image`].
pub fn c_header(model: &Model, player: Option<Player>, name: &Name) -> Result<String> {
    let (words, shape, memory) = (model.image(player)?, model.shape(), model.memory());
    let (title, array, length, rows) = (title(model, player), name.lower(), words.len(), rows(&words));
    let prefix = format!("MEVA_{}", name.upper());
    let Shape {
        parameters,
        hidden,
        residual_blocks,
        quantiles,
    } = shape;
    let Memory {
        tape,
        state,
        step,
        trajectory,
    } = memory;
    let state = TRAINING_HEADER + state;
    Ok(format!(
        "/* {title}.
   Made by `meva export`; for meva_model_open(), which uses it in place. For little-endian processors. Each source file that
   uses the array has its own copy: include it in one, and hand on the meva_model. */
#ifndef {prefix}_H
#define {prefix}_H

#include <stddef.h>
#include <stdint.h>

#define {prefix}_PARAMETERS {parameters}
#define {prefix}_HIDDEN {hidden}
#define {prefix}_RESIDUAL_BLOCKS {residual_blocks}
#define {prefix}_QUANTILES {quantiles}

/* Bytes of workspace, and of memory for training with rollouts of `steps` (k) and batches of `batch`; for static arrays. */
#define {prefix}_WORKSPACE {tape}
#define {prefix}_TRAINING(steps, batch) \\
  ((size_t){state} + ((size_t)(steps) + 1) * {step} + (size_t)(batch) * {trajectory})

static const uint32_t meva_{array}_image[{length}] = {{
{rows}}};

#endif
"
    ))
}

/// A Rust file that defines the static `NAME`.
///
/// # Errors
/// As [`Model::image`].
pub fn rust(model: &Model, player: Option<Player>, name: &Name) -> Result<String> {
    let (words, [n, h, r, m]) = (model.image(player)?, model.shape().sizes());
    let (title, name, rows) = (title(model, player), name.upper(), rows(&words));
    Ok(format!(
        "/// {title}.
///
/// Made by `meva export`; the compiler checks it.
#[rustfmt::skip]
#[allow(long_running_const_eval)]
pub static {name}: meva_core::image::Image<{n}, {h}, {r}, {m}> = match meva_core::image::Image::of_words(&[
{rows}]) {{
    Ok(image) => image,
    Err(error) => panic!(\"{{}}\", error.message().as_str()),
}};
"
    ))
}

fn title(model: &Model, player: Option<Player>) -> String {
    let whose = match player {
        Some(player) => format!(" (player {}'s)", player.index()),
        None => String::new(),
    };
    format!(
        "A meta-value of the game {}{whose}: {}",
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
        assert_eq!(contents.field, model.config().followed());
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
        let (whole, name) = (
            Trainer::new(&config).unwrap().model_file().unwrap(),
            Name::new("imp").unwrap(),
        );
        for player in Player::BOTH {
            let bytes = export(&whole, Some(player), Format::Safetensors, &name).unwrap();
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
        let both = TensorFile::from_bytes(&export(&whole, None, Format::Safetensors, &name).unwrap()).unwrap();
        assert_eq!(both, whole);
    }

    #[test]
    fn texts_hold_every_word() {
        let (model, name) = (model("logistic"), Name::new("Far_sighted").unwrap());
        let words = model.image(None).unwrap();
        let header = c_header(&model, None, &name).unwrap();
        let rust = rust(&model, None, &name).unwrap();
        for text in [&header, &rust] {
            let found: Vec<u32> = text
                .split("0x")
                .skip(1)
                .map(|word| u32::from_str_radix(&word[..8], 16).unwrap())
                .collect();
            assert_eq!(found, words);
        }
        assert!(header.contains(&format!("meva_far_sighted_image[{}]", words.len())));
        assert!(header.contains("#ifndef MEVA_FAR_SIGHTED_H"));
        assert!(rust.contains("static FAR_SIGHTED: meva_core::image::Image<1, 16, 1, 16>"));
    }

    #[test]
    fn names_are_fit_for_programs() {
        let of = |file: &str, player| Name::of(Path::new(file), player).0;
        assert_eq!(of("runs/model.h", None), "model");
        assert_eq!(of("Stag-hunt 2.h", Some(Player::One)), "stag_hunt_2_player_1");
        assert_eq!(of("2b", None), "model_2b");
        assert_eq!(of("..", None), "model_");
        for wrong in ["", "2b", "_x", "a-b", "größe"] {
            let error = Name::new(wrong).unwrap_err().to_string();
            assert!(error.contains("letters"), "{error}");
        }
    }
}
