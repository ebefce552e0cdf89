//! Killed at any instant, a run goes on to the bits of one that was left alone.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use meva_core::random::{Purpose, Stream};
use tempfile::TempDir;

/// How often a run is killed before it may end.
const KILLS: usize = 50;
/// Saving after every iteration, so that many kills meet a file that is being written.
const SAVING: [&str; 2] = ["--save-every", "0"];

fn meva(scratch: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meva"));
    command.current_dir(scratch).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Starts a run or resumes it, kills it after some time, and says whether it had ended by then.
fn killed(scratch: &Path, arguments: &[&str], after: Duration) -> bool {
    let mut child = meva(scratch, arguments).args(SAVING).spawn().unwrap();
    let start = Instant::now();
    while start.elapsed() < after {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{arguments:?} ended with {status}");
            return true;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

#[test]
fn a_run_that_is_killed_fifty_times_ends_with_the_same_bits() {
    let scratch = TempDir::new().unwrap();
    let scratch = scratch.path();
    let small = [
        "train",
        "logistic",
        "--set",
        "game=tandem",
        "--set",
        "hidden=16",
        "--set",
        "batch=8",
    ];
    let length = ["--set", "steps=10", "--set", "stride=10", "--set", "outer=2000"];
    let run = [&small[..], &length].concat();
    let whole = meva(scratch, &[&run[..], &["--out", "whole"]].concat())
        .status()
        .unwrap();
    assert!(whole.success());

    let first = [&run[..], &["--out", "killed"]].concat();
    let mut draws = Stream::new(0, Purpose::Evaluation, 0);
    let (mut kills, mut meant) = (0, 0);
    let mut ended = false;
    while kills < KILLS {
        // From before anything is written to some dozen iterations: at a tenth of them, before there is a directory.
        let after = Duration::from_secs_f64(0.03 * draws.uniform(0.0, 1.0));
        let exists = scratch.join("killed/config.toml").exists();
        let arguments = if exists {
            &["train", "--resume", "killed"][..]
        } else {
            &first[..]
        };
        ended = killed(scratch, arguments, after);
        assert!(!ended, "the run is too short for {KILLS} kills: it ended after {kills}");
        kills += 1;
        // A state that a kill in the middle of a write has left beside is no obstacle.
        meant += usize::from(fs::read_dir(scratch.join("killed")).is_ok_and(|entries| {
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.into_iter().any(|name| name.ends_with(".part"))
        }));
    }
    assert!(!ended);
    let last = meva(scratch, &["train", "--resume", "killed"]).status().unwrap();
    assert!(last.success());
    println!("{kills} kills, {meant} of them with a file half written");
    for name in ["model.safetensors", "state.safetensors", "config.toml"] {
        let [whole, killed] = ["whole", "killed"].map(|run| fs::read(scratch.join(run).join(name)).unwrap());
        assert!(whole == killed, "{name} differs");
    }
    let steps = |run: &str| -> Vec<u64> {
        let metrics = fs::read_to_string(scratch.join(run).join("metrics.csv")).unwrap();
        let rows = metrics.lines().skip(1);
        rows.map(|row| row.split(',').next().unwrap().parse().unwrap())
            .collect()
    };
    assert_eq!(steps("whole"), steps("killed"));
}
