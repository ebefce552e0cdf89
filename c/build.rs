//! Which shapes of network the library has, and what its shared form is called.

use std::path::Path;
use std::{env, fs, process};

use meva_core::shape::Shape;

/// Asks for other shapes than the core's list: `MEVA_SHAPES="1,32,1,8 5,16,1,16"`.
const SHAPES: &str = "MEVA_SHAPES";

fn main() {
    println!("cargo:rerun-if-env-changed={SHAPES}");
    let shapes = match env::var(SHAPES) {
        Ok(list) => list.split_whitespace().map(asked).collect(),
        Err(_) => Shape::COMPILED.to_vec(),
    };
    if shapes.is_empty() {
        refuse("it names no shape");
    }
    let rows: Vec<_> = shapes.iter().map(row).collect();
    if let Some(twice) = (1..rows.len()).find(|k| rows[..*k].contains(&rows[*k])) {
        refuse(&format!("{} is named twice", rows[twice]));
    }
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(
        Path::new(&out).join("shapes.rs"),
        format!("built! {{\n    {}\n}}\n", rows.join(",\n    ")),
    )
    .expect("the directory for it is there");

    // Programs look for the library by this name, which changes when it is no longer compatible: with the second number
    // while the first is 0.
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        let [major, minor] =
            ["CARGO_PKG_VERSION_MAJOR", "CARGO_PKG_VERSION_MINOR"].map(|name| env::var(name).expect("cargo sets it"));
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libmeva_c.so.{major}.{minor}");
    }
}

/// A shape by its sizes.
fn asked(sizes: &str) -> Shape {
    let numbers: Result<Vec<u32>, _> = sizes.split(',').map(str::parse).collect();
    match numbers.as_deref() {
        Ok(&[n @ (1 | 5), h, r, m]) if h > 0 && m > 0 => Shape::new(n as usize, h as usize, r as usize, m as usize),
        _ => refuse(&format!("`{sizes}` is no shape")),
    }
}

/// A row of the table: the games with this many parameters, and the sizes.
fn row(shape: &Shape) -> String {
    let [n, h, r, m] = shape.sizes();
    let game = if n == 1 { "PlaneGame" } else { "IteratedMatrix" };
    format!("(meva_core::game::{game}, {n}, {h}, {r}, {m})")
}

fn refuse(what: &str) -> ! {
    println!(
        "cargo:error={SHAPES}: {what}; it lists shapes, N,H,R,M each, with N = 1 for games on the plane or 5 for iterated games: \
         {SHAPES}=\"1,64,1,16 5,64,2,32\""
    );
    process::exit(1)
}
