//! What is done with a file that somebody else wrote, one function for each kind: whatever the bytes are, it neither panics
//! nor takes memory beyond a small multiple of them. The fuzz targets and the property tests of the host drive the same
//! functions.

use std::path::Path;

use meva::config::Config;
use meva::model::Model;
use meva::model::export::{Format, Name, export};
use meva::model::tensors::TensorFile;
use meva::training::{Trainer, metrics};
use meva_core::Player;
use meva_core::image::{Header, Image};
use meva_operations::Operation;
use meva_operations::json;
use meva_operations::vectors::{FILES, Reader, Vector, read};

/// Model and state files. What is read is written back and read again to the same contents.
pub fn tensors(bytes: &[u8]) {
    let Ok(file) = TensorFile::from_bytes(bytes) else {
        return;
    };
    let again = file.to_bytes().and_then(|bytes| TensorFile::from_bytes(&bytes));
    assert_eq!(again.map(|again| again.checksum()), Ok(file.checksum()));
    let _ = Model::of_file(&file).map(drop);
    let _ = Trainer::resume(&file).map(drop);
    for player in [None, Some(Player::Zero)] {
        let name = Name::of(Path::new("model.safetensors"), player);
        let _ = export(&file, player, Format::Safetensors, &name);
    }
}

/// Configurations. What is valid is written and read to the same configuration.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(config) = Config::from_toml(text) {
        let written = config.to_toml().expect("what was read is valid");
        assert_eq!(Config::from_toml(&written), Ok(config), "{written}");
    }
    if let Ok(mut config) = Config::preset("ipd") {
        let _ = config.set(text);
    }
}

/// Model images, of the smallest shape that is compiled in and of a larger one.
pub fn image(bytes: &[u8]) {
    if let Ok(header) = Header::of_bytes(bytes) {
        let _ = (header.shape(), header.size(), header.model());
    }
    if let Ok(image) = Image::<1, 16, 1, 16>::of_bytes(bytes) {
        assert!(image.check().is_ok());
    }
    let _ = Image::<5, 16, 1, 16>::of_bytes(bytes).is_ok();
}

/// Looks at the inputs of each case.
struct Inputs;

impl Reader for Inputs {
    fn case<O: Operation>(&mut self, operation: &O, _: &str, vector: Vector) -> json::Result<()> {
        vector.inputs(operation).map(drop)
    }
}

/// Vectors, in any of their files.
pub fn vectors(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(value) = json::parse(text) else { return };
    for file in FILES {
        let _ = read(file, &value, &mut Inputs);
    }
}

/// Points that a model is checked at.
pub fn points(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = meva::check::model::count_points::<1>(text, 16);
    let _ = meva::check::model::count_points::<5>(text, 32);
}

/// Metrics of a run that goes on. What is kept is kept again.
pub fn metrics(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(kept) = metrics::rows_before(text, "step,loss,seconds\n", 1000) {
        assert_eq!(metrics::rows_before(&kept, "step,loss,seconds\n", 1000), Ok(kept));
    }
}
