//! Files that somebody else wrote: whatever is in them, they are read or refused, and nothing else happens.

use std::fs;
use std::path::{Path, PathBuf};

use meva::check::model::count_points;
use meva::config::Config;
use meva::model::Model;
use meva::model::export::{Format, Name, export};
use meva::model::tensors::TensorFile;
use meva::training::Trainer;
use meva::training::metrics::rows_before;
use meva_core::image::Image;
use proptest::collection::vec;
use proptest::prelude::*;

#[path = "../../fuzz/src/lib.rs"]
mod read;

/// A reader, and files that are well-formed for it.
type Kind = (&'static str, fn(&[u8]));

const KINDS: [Kind; 6] = [
    ("tensors", read::tensors),
    ("config", read::config),
    ("image", read::image),
    ("vectors", read::vectors),
    ("points", read::points),
    ("metrics", read::metrics),
];

fn seeds(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(kind)
}

/// The files of a kind in the repository, each with its name.
fn well_formed(kind: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(seeds(kind)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read(path).unwrap(),
            )
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{kind}");
    files
}

fn small(preset: &str) -> Trainer {
    let mut config = Config::preset(preset).unwrap();
    for change in ["hidden=16", "residual_blocks=1", "quantiles=16", "batch=2"] {
        config.set(change).unwrap();
    }
    Trainer::new(&config).unwrap()
}

/// The seeds of the fuzz targets are well-formed; with `MEVA_WRITE_SEEDS` set, those that this program writes are written
/// anew.
#[test]
fn seeds_are_well_formed() {
    if std::env::var_os("MEVA_WRITE_SEEDS").is_some() {
        let model = small("logistic").model_file().unwrap();
        let name = Name::new("logistic").unwrap();
        for (name, bytes) in [
            (
                "image/logistic.bin",
                export(&model, None, Format::Bytes, &name).unwrap(),
            ),
            ("tensors/model.safetensors", model.to_bytes().unwrap()),
            (
                "config/ipd.toml",
                Config::preset("ipd").unwrap().to_toml().unwrap().into_bytes(),
            ),
        ] {
            fs::write(seeds(name), bytes).unwrap();
        }
    }
    let text = |kind| String::from_utf8(well_formed(kind).remove(0).1).unwrap();
    let file = TensorFile::from_bytes(&well_formed("tensors")[0].1).unwrap();
    Model::of_file(&file).map(drop).unwrap();
    Config::from_toml(&text("config")).unwrap();
    assert!(Image::<1, 16, 1, 16>::of_bytes(&well_formed("image")[0].1).is_ok());
    assert_eq!(count_points::<1>(&text("points"), 16), Ok(1));
    assert_eq!(
        rows_before(&text("metrics"), "step,loss,seconds\n", 2)
            .unwrap()
            .lines()
            .count(),
        2
    );
}

/// Cut off anywhere, and with any byte changed.
#[test]
fn truncated_and_flipped() {
    for (kind, read) in KINDS {
        for (name, bytes) in well_formed(kind) {
            read(&bytes);
            // Every length and place of small files, and of the headers of large ones.
            let dense = bytes.len().min(600);
            let places = (0..dense).chain((dense..bytes.len()).step_by(1 + bytes.len() / 200));
            for place in places {
                read(&bytes[..place]);
                for change in [0x01, 0x80, 0xff] {
                    let mut changed = bytes.clone();
                    changed[place] ^= change;
                    read(&changed);
                }
            }
            println!("{kind}/{name}: {} bytes", bytes.len());
        }
    }
}

/// A header may claim anything; what it claims is not believed before it is there.
#[test]
fn claims_are_not_believed() {
    let claims = [
        r#"{"w":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,4611686018427387904]}}"#,
        r#"{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#,
        r#"{"w":{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,8]}}"#,
        r#"{"w":{"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]}}"#,
        r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
        r#"{"../../etc/passwd":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#,
    ];
    for claim in claims {
        let file = [&(claim.len() as u64).to_le_bytes()[..], claim.as_bytes()].concat();
        read::tensors(&file);
    }
    for length in [0, 1, 1 << 20, 1 << 60, u64::MAX] {
        read::tensors(&[&length.to_le_bytes()[..], b"{}"].concat());
    }
    // A state that describes a run beyond any machine is refused or read without its memory.
    let mut state = small("logistic").state().unwrap();
    for huge in [
        "1000000000000",
        "9223372036854775807",
        "99999999999999999999",
        "-1",
        "nan",
    ] {
        for key in [
            "batch",
            "steps",
            "stride",
            "outer",
            "hidden",
            "quantiles",
            "residual_blocks",
        ] {
            let text = Config::preset("logistic").unwrap().to_toml().unwrap();
            let line = |line: &str| line.starts_with(&format!("{key} = "));
            let huge = |one: &str| {
                if line(one) {
                    format!("{key} = {huge}\n")
                } else {
                    format!("{one}\n")
                }
            };
            state
                .metadata
                .insert("config".to_owned(), text.lines().map(huge).collect());
            read::tensors(&state.to_bytes().unwrap());
        }
    }
    for nested in ["[", "{\"a\":", "\"cases\":["] {
        let deep = nested.repeat(100_000);
        for (_, read) in KINDS {
            read(deep.as_bytes());
        }
        read::config(format!("batch = {}", "[".repeat(10_000)).as_bytes());
    }
}

/// Pieces of the texts that are read, in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&str; 30] = [
        "preset = 'ipd'\n",
        "batch",
        "=",
        " ",
        "\n",
        "1e999",
        "-0.0",
        "nan",
        "[[",
        "]]",
        "{",
        "}",
        "\"",
        "'",
        ",",
        ":",
        "\"points\"",
        "\"x\"",
        "\"gamma\"",
        "\"cases\"",
        "\"game\"",
        "\"shape\"",
        "9223372036854775808",
        "0",
        "step,loss,seconds\n",
        "7,1.5,2.0\n",
        "1e30",
        "null",
        "rho = 'none'\n",
        "\u{fffd}",
    ];
    vec(prop::sample::select(&PIECES[..]), 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..400)) {
        for (_, read) in KINDS {
            read(&bytes);
        }
    }

    #[test]
    fn any_pieces(bytes in pieces()) {
        for (_, read) in KINDS {
            read(&bytes);
        }
    }

    /// Well-formed files with a part replaced by something else.
    #[test]
    fn any_damage(which in any::<prop::sample::Index>(), start in any::<prop::sample::Index>(), length in 0_usize..64,
                  instead in prop_oneof![vec(any::<u8>(), 0..64), pieces()]) {
        for (kind, read) in KINDS {
            let files = well_formed(kind);
            let bytes = &files[which.index(files.len())].1;
            let start = start.index(bytes.len());
            let end = (start + length).min(bytes.len());
            read(&[&bytes[..start], &instead, &bytes[end..]].concat());
        }
    }
}
