//! `meva export`: writes a trained model in a form that another system can link.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use meva_core::Player;
use serde_json::json;

use super::options::choice;
use super::{Outcome, path_json, print};
use meva::error::Result;
use meva::files::{Written, write_atomically};
use meva::model::Model;
use meva::model::export::{Format, Name, export};

/// Write a trained model in the form that another system links.
#[derive(Debug, Args)]
pub struct Export {
    /// A run directory or model file
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The form
    #[arg(long, value_name = "FORMAT", value_parser = choice::<Format>(Format::NAMES))]
    to: Format,
    /// Whose network alone, of a model that has one for each player
    #[arg(long, value_name = "0|1", value_parser = clap::value_parser!(u8).range(..2))]
    player: Option<u8>,
    /// What it is called in C and Rust, as in `meva_NAME_image` [default: the file's name, and the player's if one is named]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print one JSON object: the file, its bytes, and the network's shape
    #[arg(long)]
    json: bool,
}

impl Export {
    pub(super) fn run(&self) -> Result<Outcome> {
        let file = Model::file(&self.run)?;
        let model = Model::of_file(&file).map_err(|error| error.at(self.run.display()))?;
        let player = self.player.map(|index| Player::BOTH[usize::from(index)]);
        let name = match &self.name {
            Some(name) => Name::new(name)?,
            None => Name::of(&self.out, player),
        };
        let contents = export(&file, player, self.to, &name)?;
        let written = write_atomically(&self.out, &contents)?;
        let shape = model.shape();
        let said = if self.json {
            json!({
                "file": path_json(&self.out),
                "bytes": contents.len(),
                "replaced": written == Written::Replaced,
                "parameters": shape.parameters,
                "hidden": shape.hidden,
                "residual_blocks": shape.residual_blocks,
                "quantiles": shape.quantiles,
            })
            .to_string()
        } else {
            let replaced = if written == Written::Replaced {
                " (replaced)"
            } else {
                ""
            };
            format!("{}: {} bytes, {shape}{replaced}", self.out.display(), contents.len())
        };
        // Behind the file itself it would be taken for a part of it.
        if written == Written::Through && is_stdout(&self.out) {
            eprintln!("{said}");
        } else {
            print(&said)?;
        }
        Ok(Outcome::Done)
    }
}

/// Whether a path leads to where this process prints.
#[cfg(unix)]
fn is_stdout(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    identity(path).is_some_and(|own| Some(own) == identity(Path::new("/dev/stdout")))
}

/// Elsewhere it has no path.
#[cfg(not(unix))]
fn is_stdout(_: &Path) -> bool {
    false
}
