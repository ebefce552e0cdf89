//! What the project depends on, and where it steps outside what the compiler checks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folders of the repository that have a manifest.
const CRATES: [&str; 11] = [
    "core",
    "operations",
    "host",
    "figure",
    "c",
    "digest",
    "tests",
    "benches",
    "embedded",
    "fuzz",
    "python",
];

/// The dependencies that a manifest names, other than crates of this project.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut found = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim_end_matches(']').ends_with("dependencies");
        } else if inside && let Some((name, _)) = line.split_once(['=', '.']) {
            let name = name.trim();
            if !name.starts_with('#') && name != "meva" && !name.starts_with("meva-") {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

/// Every dependency is in the list with its reason, and nothing else is.
#[test]
fn dependencies_have_reasons() {
    let text = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let cells = rows
        .take_while(|line| line.starts_with('|'))
        .map(|row| row.split('|').nth(1).unwrap());
    let listed: BTreeSet<String> = cells
        .flat_map(|cell| cell.split(','))
        .map(|name| name.trim().trim_matches('`').to_owned())
        .collect();
    let named: BTreeSet<String> = CRATES
        .iter()
        .flat_map(|name| dependencies(&fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap()))
        .collect();
    assert!(named.len() > 20, "{named:?}");
    assert_eq!(listed, named);
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Files with `unsafe` in their code: those in the list, those of the interface to C and those of bare metal. Each block and each
/// implementation has a comment that says why it is sound.
#[test]
fn unsafe_code_is_where_it_is_said_to_be() {
    let text = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let is_unsafe = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        ["unsafe {", "unsafe impl", "unsafe trait", "unsafe fn", "unsafe extern"]
            .iter()
            .any(|form| code.contains(form))
    };
    const COMMENTED: [&str; 4] = ["host", "c", "benches", "embedded"];
    let mut counts = [0; COMMENTED.len()];
    for name in [
        "core",
        "operations",
        "figure",
        "host",
        "c",
        "benches",
        "digest",
        "embedded",
        "python",
        "fuzz",
    ] {
        let mut files = Vec::new();
        sources(&root().join(name).join("src"), &mut files);
        for file in files {
            let code = fs::read_to_string(&file).unwrap();
            let lines: Vec<&str> = code.lines().collect();
            for (at, line) in lines.iter().enumerate().filter(|(_, line)| is_unsafe(line)) {
                let path = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                // What C has to vouch for, when it calls a function, is in the header; what is declared is used elsewhere.
                let declares = line.contains("unsafe fn") || line.contains("unsafe extern");
                if ["c", "embedded"].contains(&name) && declares {
                    continue;
                }
                assert!(
                    ["c", "embedded"].contains(&name) || text.contains(&format!("`{path}`")),
                    "{path} is not in docs/dependencies.md: {line}"
                );
                if let Some(place) = COMMENTED.iter().position(|commented| *commented == name) {
                    let said = lines[at.saturating_sub(5)..at]
                        .iter()
                        .any(|line| line.contains("SAFETY") || line.contains("# Safety"));
                    assert!(
                        said,
                        "{path}, line {}: no SAFETY comment above `{}`",
                        at + 1,
                        line.trim()
                    );
                    counts[place] += 1;
                }
            }
        }
    }
    assert_eq!(
        counts,
        [21, 45, 5, 12],
        "uses of `unsafe` in the host, for C, in benches and on bare metal: reviewed one by one"
    );
}
