//! Tells the linker where each machine has its memory, and the firmware where its model is.

use std::path::Path;
use std::{env, fs};

/// Programs that need more memory than a board has.
const LARGE: [&str; 1] = ["over_the_air"];

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("arm") => {
            let [board, large] = ["board", "large"].map(|layout| {
                println!("cargo:rerun-if-changed={here}/memory/{layout}/memory.x");
                format!("{here}/memory/{layout}")
            });
            println!("cargo:rustc-link-arg-examples=-L{large}"); // the digests
            println!("cargo:rustc-link-arg-examples=-Tlink.x"); // cortex-m-rt's, which includes memory.x
            for name in programs(&here) {
                let layout = if LARGE.contains(&&*name) { &large } else { &board };
                println!("cargo:rustc-link-arg-bin={name}=-L{layout}");
                println!("cargo:rustc-link-arg-bin={name}=-Tlink.x");
            }
        }
        Ok("riscv32") => {
            println!("cargo:rerun-if-changed={here}/riscv.x");
            println!("cargo:rustc-link-search={here}");
            println!("cargo:rustc-link-arg=-Triscv.x");
        }
        _ => {}
    }
    let model = env::var("MEVA_MODEL").unwrap_or_else(|_| format!("{here}/model.bin"));
    println!("cargo:rustc-env=MEVA_MODEL={model}");
    println!("cargo:rerun-if-env-changed=MEVA_MODEL");
    println!("cargo:rerun-if-changed={model}");
}

/// The names of this crate's programs.
fn programs(here: &str) -> Vec<String> {
    let folder = Path::new(here).join("src/bin");
    println!("cargo:rerun-if-changed={}", folder.display());
    fs::read_dir(folder)
        .expect("the programs are here")
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect()
}
