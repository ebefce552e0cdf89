//! `meva devices`: the adapters that `--engine gpu` can use.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::{Outcome, print};
use meva::error::Result;
use meva::gpu::Description;
use meva::gpu::device::{list, no_adapter};

/// List GPU adapters, and say which one is used by default.
#[derive(Debug, Args)]
pub struct Devices {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Devices {
    pub(super) fn run(&self) -> Result<Outcome> {
        let (descriptions, best) = list();
        if self.json {
            let adapters: Value = descriptions.iter().map(Description::json).collect();
            print(&json!({ "adapters": adapters, "default": best }).to_string())?;
            return Ok(Outcome::Done);
        }
        let Some(best) = best else {
            return Err(no_adapter());
        };
        let mut text = String::new();
        for description in &descriptions {
            let _ = writeln!(text, "{description}");
        }
        let _ = write!(
            text,
            "--engine gpu uses {best} by default: discrete GPUs come first, then integrated and virtual ones, then software"
        );
        if descriptions[best].is_software() {
            text.push_str("\nthis one is software: it computes on the CPU, far more slowly than --engine cpu, and is only good for checks");
        }
        print(&text)?;
        Ok(Outcome::Done)
    }
}
