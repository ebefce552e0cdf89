//! Every line has a name of its own, and what has no operation has lines.

use std::collections::BTreeSet;

/// What the lines of files of the core start with that are not of operations, or whose operations are named otherwise.
const LINES: [(&str, &[&str]); 8] = [
    ("dual.rs", &["scalar arithmetic dual", "elementary exp dual"]),
    ("image/checksum.rs", &["image words"]),
    ("image/header.rs", &["image check"]),
    ("image/read.rs", &["image check"]),
    ("image/write.rs", &["image words"]),
    ("lanes.rs", &["scalar arithmetic lanes", "scalar sum_lanes lanes"]),
    (
        "random.rs",
        &[
            "random unit",
            "random uniform",
            "random normal",
            "random discount",
            "random sign",
        ],
    ),
    ("target_network.rs", &["adamw target_network"]),
];

#[test]
fn lines_have_names_of_their_own() {
    let mut lines = BTreeSet::new();
    meva_digest::portable(&mut |words, _| {
        let words: Vec<_> = words.iter().copied().filter(|word| !word.is_empty()).collect();
        let line = words.join(" ");
        assert!(lines.insert(line.clone()), "two digests of {line}");
    });
    for (file, starts) in LINES {
        for start in starts {
            let found = lines.iter().any(|line| line.starts_with(start));
            assert!(found, "{file}: no digest starts with {start}");
        }
    }
}
