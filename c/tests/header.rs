//! The header is made from the source: this test says when it is no longer current.

use std::path::Path;

use meva_core::shape::Shape;

/// `MEVA_UPDATE=1 cargo test -p meva-c --test header` writes it anew.
#[test]
fn header_is_current() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(here.join("cbindgen.toml")).expect("the configuration is there");
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(here.join("src/lib.rs"))
        .generate()
        .expect("the source is understood");
    let mut generated = Vec::new();
    bindings.write(&mut generated);
    let generated = String::from_utf8(generated).expect("a header is text");
    let path = here.join("include/meva.h");
    if std::env::var_os("MEVA_UPDATE").is_some() {
        std::fs::write(&path, &generated).expect("the header can be written");
    }
    let current = std::fs::read_to_string(&path).expect("the header is there");
    assert!(
        current == generated,
        "include/meva.h is not current: run `MEVA_UPDATE=1 cargo test -p meva-c --test header`"
    );
}

/// The header lists the shapes that the library is built with by default, and no other.
#[test]
fn header_lists_the_default_shapes() {
    let header = include_str!("../include/meva.h");
    let shapes = Shape::COMPILED.iter().map(|shape| {
        let [n, h, r, m] = shape.sizes();
        format!("({n}, {h}, {r}, {m})")
    });
    let list = format!("(MEVA_SHAPES): {}.", shapes.collect::<Vec<_>>().join(", "));
    let header = header.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(header.contains(&list), "include/meva.h says otherwise than: {list}");
}
