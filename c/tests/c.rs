//! C programs against the static library, compiled with warnings as errors: the example, and every wrong argument.

use std::path::{Path, PathBuf};
use std::process::Command;

use meva::config::Config;
use meva::training::trainer::Trainer;
use tempfile::TempDir;

/// A directory with `model.h`, a briefly trained model of the iterated prisoner's dilemma.
fn with_model() -> TempDir {
    let mut config = Config::preset("ipd").unwrap();
    for assignment in ["hidden=16", "residual_blocks=1", "quantiles=16", "batch=4", "steps=20"] {
        config.set(assignment).unwrap();
    }
    let mut trainer = Trainer::new(&config).unwrap();
    trainer.outer_iteration().unwrap();
    let directory = TempDir::new().unwrap();
    let header = meva::model::export::c_header(&trainer.model(), None).unwrap();
    std::fs::write(directory.path().join("model.h"), header).unwrap();
    directory
}

/// The library that was built with this test.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let library = test.with_file_name("libmeva_c.a");
    assert!(library.exists(), "{} is missing", library.display());
    library
}

fn compile(source: &str, directory: &Path) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = directory.join("program");
    let output = Command::new("gcc")
        .args([
            "-std=c11",
            "-O1",
            "-g",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-I",
        ])
        .arg(here.join("include"))
        .arg("-I")
        .arg(directory)
        .arg(here.join(source))
        .arg(library())
        .args(["-lm", "-lpthread", "-ldl", "-lgcc_s", "-o"])
        .arg(&program)
        .output()
        .expect("gcc runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{}\n{text}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

#[test]
fn the_example_plays() {
    let directory = with_model();
    let text = run(&mut Command::new(compile("examples/ipd.c", directory.path())));
    println!("{text}");
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("N = 5, H = 16, R = 1, M = 16; "), "{text}");
    assert_eq!(lines.len(), 6, "{text}");
    assert!(lines[1..].iter().all(|line| line.contains("returns")), "{text}");
}

#[test]
fn wrong_arguments_are_refused() {
    let directory = with_model();
    let program = compile("tests/errors.c", directory.path());
    let text = run(&mut Command::new(&program));
    assert!(text.trim_end().ends_with("checks, 0 failures"), "{text}");
    let checker = Command::new("valgrind").arg("--version").output();
    if checker.is_ok_and(|output| output.status.success()) {
        let text = run(Command::new("valgrind")
            .args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--"])
            .arg(&program));
        println!("under valgrind: {text}");
    } else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI needs valgrind");
        println!("SKIPPED under valgrind: it is not installed");
    }
}
