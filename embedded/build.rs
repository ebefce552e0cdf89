//! Tells the linker where each machine has its memory, and the firmware where its model is.

use std::path::Path;
use std::{env, fs};

fn main() {
    let out = env::var("OUT_DIR").expect("cargo sets it");
    let here = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    println!("cargo:rustc-link-search={out}");
    match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("arm") => {
            copy(&here, "memory.x", &out);
            println!("cargo:rustc-link-arg-bins=-Tlink.x"); // cortex-m-rt's
        }
        Ok("riscv32") => {
            copy(&here, "riscv.x", &out);
            println!("cargo:rustc-link-arg-bins=-Triscv.x");
        }
        _ => {}
    }
    let model = env::var("MEVA_MODEL").unwrap_or_else(|_| format!("{here}/model.bin"));
    println!("cargo:rustc-env=MEVA_MODEL={model}");
    println!("cargo:rerun-if-env-changed=MEVA_MODEL");
    println!("cargo:rerun-if-changed={model}");
}

fn copy(from: &str, name: &str, to: &str) {
    let path = Path::new(from).join(name);
    println!("cargo:rerun-if-changed={}", path.display());
    fs::copy(&path, Path::new(to).join(name)).expect("the linker script is here");
}
