//! The site in `docs/site`: its reference is the program's own, its links lead somewhere, its examples run. The Python package runs the
//! examples in Python, and the library's documentation tests those in Rust.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

fn site() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/site/src")
}

/// Every page, by its path in the site.
fn pages() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&site(), &mut found);
    found.sort();
    assert!(found.len() > 15, "{found:?}");
    found
}

fn meva(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_meva"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_reference_is_the_programs_own() {
    let scratch = TempDir::new().unwrap();
    let written = meva(scratch.path(), &["manual", "--format", "markdown", "--out", "."]);
    assert_eq!(written.lines().count(), 2, "{written}");
    for name in ["commands.md", "keys.md"] {
        let [own, page] = [scratch.path(), &site().join("reference")].map(|folder| {
            let text = fs::read_to_string(folder.join(name)).unwrap();
            text.replace('\r', "")
        });
        assert!(
            own == page,
            "{name} is not what the program says: meva manual --format markdown --out docs/site/src/reference"
        );
    }
}

#[test]
fn links_lead_somewhere() {
    let pages = pages();
    let summary = &pages.iter().find(|(path, _)| path.ends_with("SUMMARY.md")).unwrap().1;
    for (path, text) in &pages {
        let name = path.strip_prefix(site()).unwrap().to_string_lossy().replace('\\', "/");
        assert!(
            name == "SUMMARY.md" || summary.contains(&format!("]({name})")),
            "{name} is not in the summary"
        );
        let targets = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        let included = text
            .split("{{#include ")
            .skip(1)
            .map(|rest| rest.split("}}").next().unwrap());
        for target in targets.chain(included).filter(|target| !target.contains("://")) {
            let file = path.parent().unwrap().join(target.split('#').next().unwrap());
            assert!(file.exists(), "{name}: {target} does not exist");
        }
    }
}

/// What a fence says of a block, and the lines in it.
#[cfg(unix)]
fn blocks(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(_) if inside => inside = false,
            Some(language) => {
                inside = true;
                found.push((language, Vec::new()));
            }
            None if inside => found.last_mut().unwrap().1.push(line),
            None => {}
        }
    }
    found
}

/// Lines of the pages are run as they stand, except that networks, batches and matches are made small, and that who learns for minutes
/// before it plays stays at home.
#[cfg(unix)]
fn cheaper(line: &str) -> String {
    const SMALL: [(&str, &str); 6] = [
        (
            "meva train logistic",
            "meva train logistic --set hidden=16 --set batch=8 --set outer=2",
        ),
        (
            "meva train ipd",
            "meva train ipd --set hidden=16 --set residual_blocks=1 --set quantiles=16 --set batch=8 --set steps=20 --set outer=2",
        ),
        ("meva play matrix", "meva play matrix --pairs 4 --steps 2"),
        ("meva sweep", "meva sweep --threads 2"),
        (" m-fos ", " "),
        ("--rate 25 --seeds 8", "--rate 25 --seeds 1 --pairs 4 --steps 2"),
    ];
    SMALL
        .iter()
        .fold(line.to_owned(), |line, (long, short)| line.replace(long, short))
}

/// Blocks of shell and the files that they read, page by page, in a folder with a trained model.
///
/// The first line of a file's block is a comment with its name. A line of shell that ends in `# error: WORDS` must fail with them.
#[test]
#[cfg(unix)]
fn commands_do_what_pages_say() {
    // Of other programs, which a machine with nothing but Rust need not have.
    const OTHERS: [&str; 5] = ["python3 ", ". ", "pip ", "tensorboard ", "mdbook "];
    let has_gpu = meva(Path::new("."), &["devices", "--json"]).contains("\"name\"");
    let program = Path::new(env!("CARGO_BIN_EXE_meva")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut commands = 0;
    for (page, text) in pages() {
        let scratch = TempDir::new().unwrap();
        let shell = |line: &str| {
            Command::new("sh")
                .args(["-e", "-c", line])
                .current_dir(scratch.path())
                .env("PATH", &path)
                .output()
                .unwrap()
        };
        let blocks = blocks(&text);
        let reads_a_model = blocks.iter().any(|(language, lines)| {
            *language == "sh" && lines.iter().any(|line| line.contains(" runs/logistic-seed-0"))
        });
        if reads_a_model {
            assert!(shell(&cheaper("meva train logistic")).status.success());
        }
        for (language, lines) in blocks {
            match (language, lines.as_slice()) {
                ("toml", [first, ..]) if first.starts_with("# ") && first.ends_with(".toml") => {
                    let file = lines
                        .join("\n")
                        .replace("outer = 300", "outer = 1\nhidden = 16")
                        .replace("0..4", "0..1");
                    fs::write(scratch.path().join(&first[2..]), file).unwrap();
                }
                ("sh", lines) => {
                    for line in lines
                        .iter()
                        .filter(|line| !OTHERS.iter().any(|other| line.starts_with(other)))
                    {
                        if line.contains("--engine gpu") && !has_gpu {
                            assert!(std::env::var("CI").as_deref() != Ok("true"), "no GPU for: {line}");
                            eprintln!("SKIPPED: {line}: no GPU");
                            continue;
                        }
                        commands += 1;
                        let output = shell(&cheaper(line));
                        let said = String::from_utf8_lossy(&output.stderr);
                        match line.split_once("# error: ") {
                            None => assert!(output.status.success(), "{}: {line}: {said}", page.display()),
                            Some((_, words)) => {
                                assert!(!output.status.success() && said.contains(words), "{line}: {said}");
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }
    assert!(commands > 10, "{commands}");
}
