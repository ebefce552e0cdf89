//! The command line, run as a process: what it writes, what it prints, how it ends.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use meva::error::Kind;
use meva::model::Model;
use meva::model::tensors::TensorFile;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Small networks and batches, so that a run takes milliseconds.
const LOGISTIC: [&str; 6] = ["train", "logistic", "--set", "hidden=16", "--set", "batch=8"];
/// The other game on the plane, which has no count of basins at the end.
const TANDEM: [&str; 8] = [
    "train",
    "logistic",
    "--set",
    "game=tandem",
    "--set",
    "hidden=16",
    "--set",
    "batch=8",
];
const IPD: [&str; 12] = [
    "train",
    "ipd",
    "--set",
    "hidden=16",
    "--set",
    "residual_blocks=1",
    "--set",
    "quantiles=16",
    "--set",
    "steps=20",
    "--set",
    "batch=8",
];

/// A directory to run the program in.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        Scratch(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_meva"));
        command.current_dir(self.0.path()).args(arguments).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The output of a run that succeeds.
    #[track_caller]
    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// The JSON object that a run prints, with nothing else.
    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let printed = self.succeed(&[arguments, &["--json"]].concat());
        assert_eq!(printed.lines().count(), 1, "{printed}");
        let value: Value = serde_json::from_str(&printed).unwrap();
        assert!(value.is_object(), "{printed}");
        value
    }

    /// A run fails with this exit code, prints all of these messages but no result, and leaves the directory unchanged.
    #[track_caller]
    fn fail(&self, arguments: &[&str], code: i32, words: &[&str]) {
        let before = self.listing();
        let output = self.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.starts_with("error: "), "{arguments:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{arguments:?}: {word:?} is missing in: {said}");
        }
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
        assert_eq!(self.listing(), before, "{arguments:?} left something");
    }

    /// Every file and directory with its bytes.
    fn listing(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(path: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(path).unwrap() {
                let path = entry.unwrap().path();
                found.push((path.clone(), fs::read(&path).unwrap_or_default()));
                if path.is_dir() {
                    walk(&path, found);
                }
            }
        }
        let mut found = Vec::new();
        walk(self.0.path(), &mut found);
        found.sort();
        found
    }

    fn names(&self, directory: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(self.path(directory)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[track_caller]
    fn assert_same_bytes(&self, a: &str, b: &str, files: &[&str]) {
        for file in files {
            let [a, b] = [a, b].map(|run| fs::read(self.path(run).join(file)).unwrap());
            assert!(!a.is_empty() && a == b, "{file} differs");
        }
    }

    fn steps(&self, run: &str) -> Vec<u64> {
        let metrics = fs::read_to_string(self.path(run).join("metrics.csv")).unwrap();
        let mut lines = metrics.lines();
        assert_eq!(lines.next(), Some("step,loss,seconds"));
        lines
            .map(|line| line.split(',').next().unwrap().parse().unwrap())
            .collect()
    }

    fn iteration(&self, run: &str) -> u64 {
        let state = TensorFile::load(&self.path(run).join("state.safetensors")).unwrap();
        state.metadata["iteration"].parse().unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(String::from).into()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

/// Reports what a machine lacks for a test; a failure where every test has to run.
fn skip(reason: &str) {
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "cannot be skipped here: {reason}"
    );
    eprintln!("SKIPPED: {reason}");
}

const BINARIES: [&str; 2] = ["model.safetensors", "state.safetensors"];
/// What is in the directory of a run that has ended.
const RUN_FILES: [&str; 5] = [
    "config.toml",
    "metrics.csv",
    "model.safetensors",
    "state.safetensors",
    "state.previous.safetensors",
];

#[test]
fn a_run_directory_has_its_name_by_default() {
    let scratch = Scratch::new();
    let run = [&IPD[..], &["--set", "outer=3", "--seed", "4"]].concat();
    let printed = scratch.succeed(&run);
    assert!(
        printed.contains("3 outer iterations") && printed.contains("runs/ipd-seed-4"),
        "{printed}"
    );
    assert_eq!(scratch.names("runs/ipd-seed-4"), set(RUN_FILES));
    assert_eq!(scratch.steps("runs/ipd-seed-4"), [1, 2, 3]);
    // A twin would be taken for another seed.
    let words = [
        "runs/ipd-seed-4",
        "not empty",
        "--resume runs/ipd-seed-4",
        "--out",
        "delete",
    ];
    scratch.fail(&run, 3, &words);
}

#[test]
fn several_seeds_have_a_directory_each() {
    let scratch = Scratch::new();
    let run = [&IPD[..], &["--set", "outer=2"]].concat();
    scratch.succeed(&[&run[..], &["--seeds", "3..5", "--out", "several"]].concat());
    assert_eq!(scratch.names("several"), set(["seed-3", "seed-4"]));
    scratch.succeed(&[&run[..], &["--seed", "4", "--out", "one"]].concat());
    scratch.assert_same_bytes("several/seed-4", "one", &BINARIES);
    let [a, b] = ["several/seed-3", "one"].map(|run| fs::read(scratch.path(run).join("model.safetensors")).unwrap());
    assert_ne!(a, b);
}

/// Several processes of a build that cannot share work would each do all of it.
#[test]
#[cfg(not(feature = "mpi"))]
fn a_build_without_mpi_is_no_rank() {
    let scratch = Scratch::new();
    for arguments in [
        &["train", "logistic", "--seeds", "0..2"][..],
        &["sweep", "sweep.toml"],
        &["league", "ipd", "--players", "naive"],
    ] {
        let output = scratch
            .command(arguments)
            .env("OMPI_COMM_WORLD_SIZE", "2")
            .output()
            .unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("one of 2 processes") && said.contains("--features mpi"),
            "{said}"
        );
    }
    assert_eq!(scratch.listing(), []);
}

/// A run waits in its directory until it starts; --resume starts what an interruption has left, and leaves alone what is finished.
#[test]
fn runs_that_have_not_started_are_resumed_too() {
    let scratch = Scratch::new();
    let run = [&TANDEM[..], &["--set", "outer=2"]].concat();
    scratch.succeed(&[&run[..], &["--seeds", "0..3", "--out", "whole"]].concat());
    scratch.succeed(&[&run[..], &["--seeds", "0..3", "--out", "some"]].concat());
    // As if the second had not been finished and the third not been started.
    for name in fs::read_dir(scratch.path("some/seed-2"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
    {
        if name != "config.toml" {
            fs::remove_file(scratch.path("some/seed-2").join(name)).unwrap();
        }
    }
    fs::copy(
        scratch.path("some/seed-1/state.previous.safetensors"),
        scratch.path("some/seed-1/state.safetensors"),
    )
    .unwrap();
    let output = scratch.run(&["train", "--resume", "some"]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 of 3 runs are finished already"), "{said}");
    assert!(
        !said.contains("nothing was saved"),
        "a run that never started is as it should be: {said}"
    );
    for seed in ["seed-0", "seed-1", "seed-2"] {
        scratch.assert_same_bytes(&format!("some/{seed}"), &format!("whole/{seed}"), &BINARIES);
    }
    scratch.fail(
        &["train", "--resume", "some/seed-0"],
        2,
        &["outer iterations already", "--set outer=N"],
    );
}

#[test]
fn a_sweep_trains_every_point_and_goes_on() {
    let scratch = Scratch::new();
    let sweep = |etas: &str| {
        let text = format!(
            "preset = \"logistic\"\nseeds = [3, 4]\n[keys]\ngame = \"tandem\"\nhidden = 16\nbatch = 8\nouter = 2\neta = {etas}\n"
        );
        fs::write(scratch.path("rates.toml"), text).unwrap();
    };
    sweep("[1e-3]");
    let table = scratch.succeed(&["sweep", "rates.toml"]);
    assert!(table.contains("2 of 2"), "{table}");
    sweep("{ from = 1e-4, to = 1e-3, count = 2, scale = \"log\" }");
    let output = scratch.run(&["sweep", "rates.toml"]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("2 points, 2 seeds: 2 of 4 runs to train"), "{said}");
    assert_eq!(
        scratch.names("runs/rates"),
        set(["eta=0.0001", "eta=0.001", "sweep.toml"])
    );
    scratch.succeed(
        &[
            &TANDEM[..],
            &["--set", "outer=2", "--set", "eta=1e-4", "--seed", "4", "--out", "one"],
        ]
        .concat(),
    );
    scratch.assert_same_bytes("runs/rates/eta=0.0001/seed-4", "one", &BINARIES);
    let value = scratch.json(&["sweep", "rates.toml", "--table"]);
    assert_eq!(value["points"][1]["values"]["eta"], 1e-3);
    assert_eq!(value["points"][1]["runs"][0]["seed"], 3);
    assert!(value["points"][1]["loss_mean"].as_f64().unwrap() > 0.0);

    // What diverges is told, and costs the others nothing.
    sweep("[1e-3, 1e30]");
    fs::write(
        scratch.path("rates.toml"),
        fs::read_to_string(scratch.path("rates.toml"))
            .unwrap()
            .replace("outer = 2", "outer = 3"),
    )
    .unwrap();
    scratch.fail(
        &["sweep", "rates.toml"],
        3,
        &["trained by another configuration", "`outer`", "--out"],
    );
    let output = scratch.run(&["sweep", "rates.toml", "--out", "other"]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    assert!(table.contains("2 of 2") && table.contains("0 of 2"), "{table}");
    scratch.fail(&["sweep", "absent.toml"], 3, &["absent.toml"]);
}

#[test]
fn a_printed_configuration_trains_the_same_model() {
    let scratch = Scratch::new();
    let changes = [&IPD[..], &["--set", "outer=2", "--set", "rho=none", "--seed", "7"]].concat();
    let printed = scratch.succeed(&[&changes[..], &["--print-config"]].concat());
    assert_eq!(scratch.listing(), [], "printing the configuration starts no run");
    for line in ["outer = 2 ", "rho = \"none\" ", "seed = 7 ", "hidden = 16 "] {
        assert!(
            printed.lines().any(|found| found.starts_with(line)),
            "{line}: {printed}"
        );
    }
    fs::write(scratch.path("mine.toml"), &printed).unwrap();
    assert_eq!(scratch.succeed(&["train", "mine.toml", "--print-config"]), printed);
    scratch.succeed(&[&changes[..], &["--out", "a"]].concat());
    scratch.succeed(&["train", "mine.toml", "--out", "b"]);
    scratch.succeed(&["train", "a/config.toml", "--out", "c"]);
    scratch.assert_same_bytes("a", "b", &[&BINARIES[..], &["config.toml"]].concat());
    scratch.assert_same_bytes("a", "c", &BINARIES);
}

#[test]
fn a_file_needs_only_what_differs_from_its_preset() {
    let scratch = Scratch::new();
    let file = "preset = 'logistic'\ngame = 'tandem'\nouter = 1\nbatch = 8\nhidden = 16\n";
    fs::write(scratch.path("small.toml"), file).unwrap();
    scratch.succeed(&["train", "small.toml", "--set", "alpha=0.5", "--out", "a"]);
    scratch.succeed(&[&TANDEM[..], &["--set", "outer=1", "--set", "alpha=0.5", "--out", "b"]].concat());
    scratch.assert_same_bytes("a", "b", &BINARIES);
}

#[test]
fn train_prints_one_object() {
    let scratch = Scratch::new();
    let value = scratch.json(&[&LOGISTIC[..], &["--set", "outer=3", "--seed", "2", "--out", "a"]].concat());
    let expected = set([
        "cells_in_b",
        "clipped",
        "directory",
        "interrupted",
        "loss",
        "outer",
        "preset",
        "seconds",
        "seed",
    ]);
    assert_eq!(keys(&value), expected);
    assert_eq!(
        (&value["outer"], &value["seed"], &value["interrupted"]),
        (&3.into(), &2.into(), &false.into())
    );
    assert_eq!(
        (&value["directory"], &value["preset"]),
        (&"a".into(), &"logistic".into())
    );
    assert!(value["loss"].as_f64().unwrap() > 0.0);
    let gammas: Vec<f64> = value["cells_in_b"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["gamma"].as_f64().unwrap())
        .collect();
    assert_eq!(gammas, [0.0, 0.5, 0.8, 0.9, 0.95, 0.99]);
}

#[test]
fn basins_print_one_object() {
    let scratch = Scratch::new();
    let value = scratch.json(&["basins", "--learner", "lola", "--alpha", "10", "--grid", "7"]);
    assert_eq!(value["learner"], "lola");
    assert_eq!(
        (&value["alpha"], &value["grid"], &value["range"]),
        (&10.0.into(), &7.into(), &10.0.into())
    );
    let cells: Vec<Vec<bool>> = serde_json::from_value(value["cells"].clone()).unwrap();
    assert_eq!((cells.len(), cells[0].len()), (7, 7));
    let in_b = cells.iter().flatten().filter(|cell| **cell).count();
    assert_eq!(value["cells_in_b"], in_b);
    assert!(!cells[0][0] && cells[6][6], "A and B lie in opposite corners");
}

#[test]
fn trajectories_print_one_object() {
    let scratch = Scratch::new();
    let options = ["trajectories", "--learner", "hola2", "--alpha", "1"];
    let value = scratch.json(
        &[
            &options[..],
            &["--starts", "3", "--steps", "5", "--range", "4", "--seed", "1"],
        ]
        .concat(),
    );
    let paths: Vec<Vec<[f64; 2]>> = serde_json::from_value(value["paths"].clone()).unwrap();
    assert_eq!(
        paths.iter().map(Vec::len).collect::<Vec<_>>(),
        [6, 6, 6],
        "the start and 5 steps"
    );
    assert!(
        paths
            .iter()
            .all(|path| path[0].iter().all(|x| x.abs() <= 4.0) && path[0] != path[5])
    );
}

/// A trained model's agents are distinguished from learners by their discounts.
#[test]
fn models_are_followed_like_learners() {
    let scratch = Scratch::new();
    scratch.succeed(&[&LOGISTIC[..], &["--set", "outer=2", "--out", "a"]].concat());
    let options = [
        "--learner",
        "meva",
        "--model",
        "a",
        "--gamma",
        "0.5,0.9",
        "--steps",
        "4",
    ];
    let value = scratch.json(&[&["basins", "--grid", "5"], &options[..]].concat());
    assert_eq!(value["gamma"], serde_json::json!([0.5, 0.9]));
    let file = [
        "--learner",
        "meva",
        "--model",
        "a/model.safetensors",
        "--gamma",
        "0.5,0.9",
    ];
    let same = scratch.json(&[&["basins", "--grid", "5", "--steps", "4"], &file[..]].concat());
    assert_eq!(same, value);
    let [f32, f64] = ["f32", "f64"].map(|scalar| {
        let value = scratch.json(&[&["trajectories", "--scalar", scalar, "--starts", "1"], &options[..]].concat());
        serde_json::from_value::<Vec<Vec<[f64; 2]>>>(value["paths"].clone()).unwrap()[0][4]
    });
    for (a, b) in f32.into_iter().zip(f64) {
        assert!(a != b && (a - b).abs() <= 1e-3, "{a} {b}");
    }
}

#[test]
fn a_resumed_run_has_the_bits_of_an_uninterrupted_one() {
    for (name, preset) in [("tandem", &TANDEM[..]), ("ipd", &IPD[..])] {
        let scratch = Scratch::new();
        // A decaying learning rate depends on the intended length of the run.
        let preset = [preset, &["--set", "schedule=constant"]].concat();
        scratch.succeed(&[&preset[..], &["--set", "outer=6", "--out", "whole"]].concat());
        scratch.succeed(&[&preset[..], &["--set", "outer=3", "--out", "parts"]].concat());
        scratch.succeed(&["train", "--resume", "parts", "--set", "outer=6"]);
        scratch.assert_same_bytes("whole", "parts", &[&BINARIES[..], &["config.toml"]].concat());
        assert_eq!(scratch.steps("parts"), [1, 2, 3, 4, 5, 6], "{name}");
    }
}

#[test]
#[cfg(unix)]
fn ctrl_c_leaves_a_run_that_can_go_on() {
    let scratch = Scratch::new();
    let run = [&TANDEM[..], &["--set", "steps=10", "--set", "stride=10"]].concat();
    let long = [&run[..], &["--set", "outer=2000", "--out", "stopped", "--json"]].concat();
    let mut child = scratch
        .command(&long)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A row in the metrics: iterations are under way.
    let started = std::time::Instant::now();
    let metrics = scratch.path("stopped/metrics.csv");
    while fs::read_to_string(&metrics).map_or(0, |metrics| metrics.lines().count()) < 2 {
        let waited = started.elapsed().as_secs();
        if waited > 60 || child.try_wait().unwrap().is_some() {
            let _ = child.kill();
            panic!("no row of metrics after {waited} s");
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let signalled = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(signalled.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["interrupted"], true);
    assert!(value["loss"].as_f64().unwrap() > 0.0);
    let done = scratch.iteration("stopped");
    assert!(0 < done && done < 2000, "{done}");
    assert_eq!(value["outer"].as_u64(), Some(done));
    assert_eq!(scratch.names("stopped"), set(RUN_FILES));
    scratch.succeed(&["basins", "--learner", "meva", "--model", "stopped", "--grid", "3"]);

    let until = format!("outer={}", done + 2);
    scratch.succeed(&["train", "--resume", "stopped", "--set", &until]);
    scratch.succeed(&[&run[..], &["--out", "whole", "--set", &until]].concat());
    scratch.assert_same_bytes("stopped", "whole", &BINARIES);
}

#[test]
fn logs_tell_what_happens() {
    let scratch = Scratch::new();
    let options = ["--log", "log.jsonl", "--tensorboard", "--evaluate-every", "2"];
    scratch.succeed(
        &[
            &TANDEM[..],
            &options,
            &["--set", "outer=3", "--seeds", "0..2", "--out", "runs"],
        ]
        .concat(),
    );
    let text = fs::read_to_string(scratch.path("log.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert_eq!(
        ["start", "iteration", "evaluation", "end", "error"].map(count),
        [2, 6, 4, 2, 0]
    );
    assert!(
        lines
            .iter()
            .all(|line| line["time"].as_f64() > Some(1e9) && line["seed"] == line["run"])
    );
    assert_eq!(lines[0]["config"]["outer"], 3);
    assert!(lines[0]["machine"]["Processor"].is_string());
    let evaluation = lines.iter().find(|line| line["event"] == "evaluation").unwrap();
    assert!(evaluation["scores"]["return_1_gamma_0.95"].is_f64(), "{evaluation}");
    for seed in ["runs/seed-0", "runs/seed-1"] {
        let files = fs::read_dir(scratch.path(seed)).unwrap().map(|entry| entry.unwrap());
        let board = |file: &fs::DirEntry| file.file_name().to_string_lossy().starts_with("events.out.tfevents.");
        let boards: Vec<fs::DirEntry> = files.filter(board).collect();
        assert_eq!(boards.len(), 1, "{seed}");
        assert!(boards[0].metadata().unwrap().len() > 300);
    }
    // A second command appends.
    scratch.succeed(&[&TANDEM[..], &["--set", "outer=1", "--out", "b", "--log", "log.jsonl"]].concat());
    assert!(
        fs::read_to_string(scratch.path("log.jsonl"))
            .unwrap()
            .starts_with(&text)
    );
    scratch.fail(
        &[&TANDEM[..], &["--out", "c", "--log", "no/such/log"]].concat(),
        3,
        &["cannot open", "no/such/log"],
    );
    scratch.fail(
        &[&TANDEM[..], &["--out", "d", "--evaluate-every", "0"]].concat(),
        2,
        &["0 is too few", "--evaluate-every"],
    );
    assert!(
        !scratch.path("c").exists() && !scratch.path("d").exists(),
        "nothing is begun"
    );
}

#[test]
fn models_are_evaluated_at_points() {
    let scratch = Scratch::new();
    scratch.succeed(&[&TANDEM[..], &["--set", "outer=1", "--out", "a"]].concat());
    let points = r#"{"points": [{"x": [[-5.0], [-4.0]], "gamma": [0.95, 0.5]}, {"x": [[1], [2]], "gamma": [0, 1]}]}"#;
    fs::write(scratch.path("points.json"), points).unwrap();
    let told = scratch.json(&["evaluate", "a", "--points", "points.json"]);
    assert_eq!(told["points"].as_array().unwrap().len(), 2);
    let first = &told["points"][0];
    let quantiles: Vec<f64> = serde_json::from_value(first["quantiles"][1].clone()).unwrap();
    let mean = quantiles.iter().sum::<f64>() / quantiles.len() as f64;
    assert!((first["value"][1].as_f64().unwrap() - mean).abs() < 1e-12);
    // What it tells can be held against the engines.
    let mut held = json!({ "points": told["points"] });
    for point in held["points"].as_array_mut().unwrap() {
        point.as_object_mut().unwrap().remove("value");
    }
    fs::write(scratch.path("held.json"), held.to_string()).unwrap();
    scratch.succeed(&["check", "--engine", "cpu", "--model", "a", "--points", "held.json"]);
    let text = scratch.succeed(&["evaluate", "a", "--points", "points.json"]);
    assert!(text.starts_with("player 0 at (-5.0000), gamma 0.95: value "), "{text}");
    fs::write(
        scratch.path("wide.json"),
        r#"{"points": [{"x": [[1, 2], [1, 2]], "gamma": [0, 1]}]}"#,
    )
    .unwrap();
    scratch.fail(
        &["evaluate", "a", "--points", "wide.json"],
        2,
        &["wide.json", "1 parameter"],
    );
    scratch.fail(&["evaluate", "none", "--points", "points.json"], 3, &["none"]);
    // So far out that squares leave f64.
    let far = r#"{"x": [[1e300], [-1e300]], "gamma": [0.5, 0.5]}"#;
    fs::write(scratch.path("far.json"), format!(r#"{{"points": [{far}]}}"#)).unwrap();
    scratch.fail(&["evaluate", "a", "--points", "far.json"], 4, &["all 1 points", "NaN"]);
    let near = r#"{"x": [[1], [2]], "gamma": [0.5, 0.5]}"#;
    fs::write(scratch.path("both.json"), format!(r#"{{"points": [{far}, {near}]}}"#)).unwrap();
    let told = scratch.json(&["evaluate", "a", "--points", "both.json"]);
    assert_eq!(told["diverged"], 1);
    assert!(told["points"][0]["value"][0].is_null() && told["points"][1]["value"][0].is_f64());
    fs::write(scratch.path("binary.json"), b"\xff").unwrap();
    scratch.fail(
        &["evaluate", "a", "--points", "binary.json"],
        3,
        &["binary.json", "not text"],
    );
}

#[test]
fn a_model_knows_its_payoffs() {
    let scratch = Scratch::new();
    let changes = [
        "train",
        "ipd",
        "--set",
        "game=matrix",
        "--set",
        "payoffs=[[2, 2], [3, 0], [0, 3], [4, 4]]",
    ];
    let small = [
        "--set",
        "hidden=16",
        "--set",
        "residual_blocks=1",
        "--set",
        "quantiles=16",
        "--set",
        "batch=8",
    ];
    scratch.succeed(&[&changes[..], &small, &["--set", "outer=1", "--out", "hunt"]].concat());
    let play = ["play", "matrix", "--learner", "meva", "--pairs", "4", "--steps", "2"];
    scratch.succeed(&[&play[..], &["--runs", "hunt"]].concat());
    scratch.succeed(&[&play[..], &["--model", "hunt"]].concat());
    scratch.fail(
        &["play", "matrix", "--learner", "naive"],
        2,
        &["needs payoffs", "--payoffs"],
    );
}

#[test]
fn shells_and_man_are_told() {
    let scratch = Scratch::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = scratch.succeed(&["completions", shell]);
        assert!(script.contains("meva") && script.contains("evaluate-every"), "{shell}");
    }
    scratch.fail(&["completions", "tcsh"], 2, &["tcsh", "bash"]);
    let pages = scratch.succeed(&["manual", "--out", "man"]);
    assert!(
        pages.contains("man/meva.1") && pages.contains("man/meva-train.1"),
        "{pages}"
    );
    for page in pages.lines() {
        let text = fs::read_to_string(scratch.path(page)).unwrap();
        assert!(text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"), "{page}");
    }
    assert!(
        fs::read_to_string(scratch.path("man/meva-train.1"))
            .unwrap()
            .contains("evaluate")
    );
}

#[test]
#[cfg(feature = "figures")]
fn figures_are_svg_and_png() {
    let scratch = Scratch::new();
    scratch.succeed(&[&LOGISTIC[..], &["--set", "outer=1", "--out", "a", "--tensorboard"]].concat());
    let mut figures: Vec<String> = vec!["a/basins.svg".into()];
    let mut files = fs::read_dir(scratch.path("a"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let board = files.find(|path| path.extension().is_some_and(|extension| extension == "meva"));
    let board = fs::read(board.expect("an event file")).unwrap();
    assert!(
        board.windows(8).any(|bytes| bytes == b"\x89PNG\r\n\x1a\n"),
        "the basins are on the board"
    );
    for figure in [
        &["1"][..],
        &["2a", "--model", "a"],
        &["2b", "--model", "a"],
        &["2b", "--out", "without"],
    ] {
        let printed = scratch.succeed(&[&["figure"], figure].concat());
        figures.extend(printed.lines().map(String::from));
    }
    for (command, file) in [
        ("basins", "b.svg"),
        ("basins", "deep/er/b.png"),
        ("trajectories", "t.svg"),
        ("trajectories", "t.png"),
    ] {
        scratch.succeed(&[command, "--learner", "naive", "--steps", "20", "--figure", file]);
        figures.push(file.into());
    }
    assert!(
        figures.contains(&"figures/figure-2a.png".into()) && figures.contains(&"without/figure-2b-learners.svg".into())
    );
    for file in &figures {
        let bytes = fs::read(scratch.path(file)).unwrap();
        let size = if file.ends_with(".png") {
            assert_eq!(bytes[..8], *b"\x89PNG\r\n\x1a\n", "{file}");
            assert_eq!(
                (&bytes[12..16], &bytes[bytes.len() - 8..bytes.len() - 4]),
                (&b"IHDR"[..], &b"IEND"[..])
            );
            [16, 20].map(|at| f64::from(u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())))
        } else {
            let svg = text(&bytes);
            assert!(svg.trim_end().ends_with("</svg>"), "{file}");
            // All of them cover the plane from -10 to 10; its numbers have true minus signs.
            assert!(svg.contains("aria-label=\"\u{2212}10\""), "{file}");
            assert!(!svg.contains("aria-label=\"-"), "{file} has a hyphen for a minus sign");
            let opening = &svg[svg.find("<svg").unwrap()..];
            ["width=\"", "height=\""].map(|name| {
                let from = opening.find(name).unwrap() + name.len();
                let number = opening[from..].split('"').next().unwrap();
                number.trim_end_matches("px").parse().unwrap()
            })
        };
        // Nothing is shrunk to a thumbnail, nothing is too large for a page.
        assert!(
            size.iter().all(|side| (150.0..6000.0).contains(side)),
            "{file}: {size:?}"
        );
        assert!(bytes.len() > 2000, "{file} has only {} bytes", bytes.len());
    }
}

#[test]
#[cfg(not(feature = "figures"))]
fn a_build_without_figures_trains_and_says_what_it_lacks() {
    let scratch = Scratch::new();
    let words = ["without its feature `figures`", "--features figures"];
    scratch.fail(&["figure", "1"], 2, &words);
    scratch.fail(&["reproduce", "--quick", "--out", "r"], 2, &words);
    let basins = ["basins", "--learner", "naive", "--steps", "1", "--grid", "3"];
    scratch.fail(&[&basins[..], &["--figure", "b.svg"]].concat(), 2, &words);
    assert_eq!(scratch.json(&basins)["grid"], 3);
    let run = scratch.json(&[&LOGISTIC[..], &["--set", "outer=1", "--out", "a"]].concat());
    assert!(run["cells_in_b"].is_array(), "counted, though not drawn");
    assert_eq!(scratch.names("a"), set(RUN_FILES));
}

#[test]
#[cfg(not(feature = "gpu"))]
fn a_build_without_gpus_says_what_it_lacks() {
    let scratch = Scratch::new();
    let words = ["its feature `gpu` is off", "--features gpu", "--engine cpu"];
    scratch.fail(&[&LOGISTIC[..], &["--engine", "gpu", "--out", "a"]].concat(), 2, &words);
    scratch.fail(&["devices"], 2, &words);
    assert_eq!(scratch.json(&["devices"])["adapters"], serde_json::json!([]));
}

/// The curves of Figure 3 are what `meva play` measures, at every setting and for both players.
#[test]
#[cfg(feature = "figures")]
fn curves_of_figure_3_are_those_that_play_measures() {
    let scratch = Scratch::new();
    for (seed, out) in [("0", "a"), ("1", "b")] {
        scratch.succeed(&[&IPD[..], &["--set", "outer=2", "--seed", seed, "--out", out]].concat());
    }
    let small = ["--pairs", "3", "--steps", "4", "--response-steps", "5"];
    for (number, setting, who, k) in [
        (&["3a", "--runs", "a", "b"][..], "gamma", &["--runs", "a", "b"][..], 5),
        (&["3b", "--seeds", "0..2"], "alpha", &["--learner", "lola"], 4),
    ] {
        let value = scratch.json(&[&["figure"], number, &small].concat());
        assert_eq!(keys(&value), set(["curves", "figure", "files", "protocol", setting]));
        let settings: Vec<f64> = serde_json::from_value(value[setting].clone()).unwrap();
        let curves: Vec<[[f64; 2]; 2]> = ["self", "best-response", "naive", "exact-response"]
            .map(|against| {
                let at = settings[k].to_string();
                let option = format!("--{setting}");
                let play = [&["play", "ipd"], who, &["--against", against, &option, &at], &small].concat();
                // A player with LOLA has one seed, a player with two models has two.
                let seeds = if number[0] == "3a" { &["0"][..] } else { &["0", "1"] };
                let mut players = [Vec::new(), Vec::new()];
                for seed in seeds {
                    let fared = scratch.json(&[&play[..], &["--seed", seed]].concat());
                    for (player, returns) in players.iter_mut().enumerate() {
                        let by_seed = &fared["players"][player]["return_by_seed"];
                        returns.extend(serde_json::from_value::<Vec<f64>>(by_seed.clone()).unwrap());
                    }
                }
                players.map(|returns| [returns[0], returns[1]])
            })
            .into();
        let self_play = [0, 1].map(|seed| (curves[0][0][seed] + curves[0][1][seed]) / 2.0);
        for (curve, expected) in [
            ("self_play", self_play),
            ("against_response", curves[1][0]),
            ("response", curves[1][1]),
            ("against_naive", curves[2][0]),
            ("naive", curves[2][1]),
            ("against_exact_response", curves[3][0]),
            ("exact_response", curves[3][1]),
        ] {
            let curve = &value["curves"][curve];
            for seed in 0..2 {
                assert_eq!(curve["by_seed"][seed].as_array().unwrap().len(), settings.len());
                let found = curve["by_seed"][seed][k].as_f64().unwrap();
                assert!((found - expected[seed]).abs() < 1e-5, "{curve} {seed}: {expected:?}");
            }
            let mean = curve["mean"][k].as_f64().unwrap();
            assert!((mean - (expected[0] + expected[1]) / 2.0).abs() < 1e-5, "{curve}");
        }
        for file in value["files"].as_array().unwrap() {
            assert!(fs::metadata(scratch.path(file.as_str().unwrap())).unwrap().len() > 2000);
        }
    }
}

/// Small enough for a test; a real reproduction takes minutes.
#[cfg(feature = "figures")]
const REPRODUCE: [&str; 12] = [
    "reproduce",
    "--quick",
    "--seeds",
    "0..1",
    "--outer",
    "1",
    "--pairs",
    "2",
    "--steps",
    "2",
    "--out",
    "r",
];

#[test]
#[cfg(feature = "figures")]
fn a_reproduction_is_one_file_and_goes_on_where_it_was() {
    let scratch = Scratch::new();
    let first = scratch.json(&REPRODUCE);
    let names = [
        "evaluations",
        "figures",
        "report.html",
        "reproduction.json",
        "runs",
        "times.json",
    ];
    assert_eq!(scratch.names("r"), set(names));
    assert_eq!(
        scratch.names("r/runs"),
        set([
            "chicken-seed-0",
            "cola-seed-0",
            "imp-seed-0",
            "ipd-seed-0",
            "logistic-seed-0"
        ])
    );
    assert_eq!(scratch.names("r/figures").len(), 10);
    let numbers = first["numbers"].as_array().unwrap();
    assert_eq!(numbers.len(), 22 + 45 + 57);
    for number in numbers {
        assert!(
            number["ours"][0].is_number() && number["published"].is_number(),
            "{number}"
        );
    }
    let agree = numbers.iter().filter(|number| number["agrees"] == true).count();
    assert_eq!(first["agree"], agree);

    let report = fs::read_to_string(scratch.path("r/report.html")).unwrap();
    for words in [
        "<!DOCTYPE html>",
        "prefers-color-scheme: dark",
        "smaller than published",
        "outer iterations of logistic: 1 rather than 1000",
        "seeds: 1 rather than 8",
        &format!("{agree} of 124"),
        "schedule = &quot;cosine&quot;",
        "</html>",
    ] {
        assert!(report.contains(words), "{words} is missing");
    }
    assert_eq!(report.matches("<svg xmlns").count(), 5);
    for outside in ["<script", "href=", "src=", "url(", "@import"] {
        assert!(!report.contains(outside), "{outside} needs something else");
    }

    // Existing results are not computed again; lost ones are, to the same result.
    let evaluations = |scratch: &Scratch| {
        let files = scratch.listing();
        let kept = |(path, bytes): (PathBuf, Vec<u8>)| {
            let text = path.to_string_lossy().into_owned();
            (text.contains("evaluations") || text.contains("model.safetensors")).then_some((path, bytes))
        };
        files.into_iter().filter_map(kept).collect::<Vec<_>>()
    };
    let before = evaluations(&scratch);
    let written = |file: &str| fs::metadata(scratch.path(file)).unwrap().modified().unwrap();
    let (state, kept) = (
        "r/runs/ipd-seed-0/state.safetensors",
        "r/evaluations/returns-lola-seed-0.json",
    );
    let times = (written(state), written(kept));
    fs::remove_file(scratch.path("r/evaluations/returns-ipd-seed-0.json")).unwrap();
    fs::remove_file(scratch.path("r/runs/logistic-seed-0/state.safetensors")).unwrap();
    let again = scratch.json(&REPRODUCE);
    assert_eq!(again["numbers"], first["numbers"]);
    assert_eq!(times, (written(state), written(kept)));
    assert!(evaluations(&scratch) == before);

    // A different reproduction does not mix with it.
    scratch.fail(
        &["reproduce", "--quick", "--outer", "1", "--out", "r"],
        3,
        &["`r` holds a reproduction with other options", "--out"],
    );
}

/// Command, exit code, messages. Each leaves nothing behind.
#[test]
#[cfg(feature = "figures")]
fn bad_input() {
    let scratch = Scratch::new();
    scratch.succeed(&[&LOGISTIC[..], &["--set", "outer=1", "--out", "plane", "--json"]].concat());
    scratch.succeed(&[&IPD[..], &["--set", "outer=1", "--out", "iterated"]].concat());
    fs::write(scratch.path("file"), "in the way").unwrap();
    fs::create_dir(scratch.path("occupied")).unwrap();
    fs::write(scratch.path("occupied/something"), "").unwrap();
    for (name, toml) in [
        ("syntax.toml", "preset = 'ipd'\nbatch = = 3\n"),
        ("key.toml", "preset = 'ipd'\nlamda = 0.5\n"),
        ("partial.toml", "batch = 3\n"),
        (
            "wide.toml",
            "preset = 'ipd'\ngame = 'matrix'\npayoffs = [[1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3]]\n",
        ),
        (
            "endless.toml",
            "preset = 'ipd'\ngame = 'matrix'\npayoffs = [[1, 2], [1, 2], [1, inf], [1, 2]]\n",
        ),
    ] {
        fs::write(scratch.path(name), toml).unwrap();
    }
    let hint = "hint: ";

    // Names, with the nearest valid one.
    scratch.fail(
        &["train", "logistik"],
        2,
        &["unknown preset `logistik`", "did you mean `logistic`?"],
    );
    scratch.fail(
        &["train", "poker"],
        2,
        &["unknown preset `poker`", "logistic, logistic-paper, ipd"],
    );
    scratch.fail(
        &["basins", "--learner", "lolla"],
        2,
        &["unknown learner `lolla`", "--learner", "did you mean `lola`?"],
    );
    scratch.fail(
        &["basins", "--learner", "naive", "--game", "chess"],
        2,
        &["`chess`", "--game", "logistic, tandem"],
    );
    for (assignment, words) in [
        ("btach=3", ["unknown key `btach`", "did you mean `batch`?"]),
        ("field=w", ["unknown field `w`", "v, u, u-normalized, u-root"]),
        ("game=ipt", ["unknown game `ipt`", "did you mean `ipd`?"]),
        ("batch", ["`batch` sets nothing", "key=value"]),
        ("preset=ipd", ["`preset` cannot be set", "another preset"]),
        // Numbers and their ranges.
        ("alpha=-1", ["`alpha` is -1.0: it must be positive and finite", hint]),
        ("alpha=0", ["`alpha` is 0", hint]),
        ("alpha=nan", ["`alpha` is NaN", hint]),
        ("alpha=1e39", ["`alpha` is 1", hint]),
        ("alpha=fast", ["`alpha` cannot be \"fast\"", hint]),
        ("lambda=1.5", ["`lambda` is 1.5: it must be from 0 to 1", hint]),
        ("lambda=nan", ["`lambda` is NaN", hint]),
        ("rho=1", ["`rho` is 1.0: it must be at least 0 and below 1", hint]),
        ("eta=-1e-3", ["`eta` is -0.001", hint]),
        ("eta=inf", ["`eta` is inf", hint]),
        ("beta1=1", ["`beta1` is 1", hint]),
        ("beta2=-0.1", ["`beta2` is -0.1", hint]),
        ("batch=0", ["`batch` is 0: it must be at least 1", hint]),
        ("batch=-3", ["`batch` cannot be -3", hint]),
        ("batch=1.5", ["`batch` cannot be 1.5", hint]),
        ("outer=0", ["`outer` is 0", hint]),
        (
            "stride=7",
            [
                "`steps` is 50: it must be a multiple of `stride`, which is 7",
                "49 is one",
            ],
        ),
        (
            "hidden=17",
            [
                "no network of this shape is compiled in: hidden = 17",
                "use hidden = 64",
            ],
        ),
        ("rho=0.9", ["`bootstrap` is residual", "rho = \"none\""]),
        (
            "payoffs=[[1,2],[3,4]]",
            ["it must be 4 rows", "not 2 of lengths [2, 2]"],
        ),
        (
            "payoffs=[[1,1],[1,1],[1,1],[1,1]]",
            ["which has payoffs of its own", "set game = \"matrix\""],
        ),
        ("game=matrix", ["game matrix needs `payoffs`", "payoffs = [["]),
        (
            "discount=0.5",
            [
                "`discount` is 0.5, but has no effect: `game` is logistic",
                "leave it at 0.96",
            ],
        ),
        (
            "alpha_max=5",
            [
                "`alpha_max` is 5.0, but has no effect: `algorithm` is meva",
                "set algorithm = \"cola\"",
            ],
        ),
    ] {
        scratch.fail(&["train", "logistic", "--set", assignment], 2, &words);
    }
    scratch.fail(&["train", "logistic", "--seeds", "3..3"], 2, &["'3..3'", "as in 0..8"]);
    scratch.fail(&["train", "logistic", "--seed", "-1"], 2, &["-1"]);
    scratch.fail(
        &["train", "logistic", "--threads", "0"],
        2,
        &["0 threads", "--threads", hint],
    );
    scratch.fail(&["train"], 2, &["PRESET|CONFIG"]);
    let basins = |options: &[&'static str]| [&["basins", "--learner"][..], options].concat();
    let no_number = "give a finite number that is at least 0";
    for alpha in ["-1", "nan", "inf"] {
        scratch.fail(&basins(&["lola", "--alpha", alpha]), 2, &["--alpha", no_number]);
        scratch.fail(&basins(&["lola", "--rate", alpha]), 2, &["--rate", no_number]);
    }
    scratch.fail(&basins(&["lola", "--alpha", "big"]), 2, &["'big'", "--alpha"]);
    scratch.fail(
        &basins(&["lola", "--grid", "1"]),
        2,
        &["grid of 1", "--grid", "give 2 to 1000"],
    );
    scratch.fail(
        &basins(&["lola", "--range", "0"]),
        2,
        &["without extent", "--range", hint],
    );
    scratch.fail(
        &basins(&["lola", "--gamma", "0.9"]),
        2,
        &["`lola` has no discount", "--gamma", hint],
    );
    scratch.fail(&basins(&["lola", "--scalar", "f16"]), 2, &["'f16'", "f32, f64"]);
    scratch.fail(
        &basins(&["naive", "--figure", "b.gif"]),
        2,
        &["no format for `b.gif`", ".svg or .png"],
    );
    let trajectories = ["trajectories", "--learner", "naive", "--starts", "0"];
    scratch.fail(&trajectories, 2, &["0 is too few", "--starts", "at least 1"]);
    scratch.fail(&["figure", "3"], 2, &["'3'", "1, 2a, 2b"]);
    for gamma in ["1.5", "-0.1", "nan", "0.1,0.2,0.3"] {
        let options = basins(&["meva", "--model", "plane"]);
        scratch.fail(
            &[&options[..], &["--gamma", gamma]].concat(),
            2,
            &["discount", "--gamma", hint],
        );
    }

    let cola = [
        "train", "cola-ipd", "--set", "outer=1", "--set", "batch=8", "--set", "steps=1",
    ];
    scratch.succeed(&[&cola[..], &["--out", "cola"]].concat());
    let three_a = |options: &[&'static str]| [&["figure", "3a"][..], options].concat();
    scratch.fail(&three_a(&[]), 2, &["needs trained models", "--runs", "meva train ipd"]);
    scratch.fail(
        &three_a(&["--runs", "absent"]),
        3,
        &["cannot read `absent`", "check the spelling"],
    );
    scratch.fail(
        &three_a(&["--runs", "iterated", "plane"]),
        2,
        &["another game", "`logistic`", "(plane)", hint],
    );
    scratch.fail(&three_a(&["--runs", "cola"]), 2, &["COLA", "(cola)", hint]);
    scratch.fail(
        &three_a(&["--runs", "iterated", "--pairs", "0"]),
        2,
        &["0 is too few", "--pairs", hint],
    );
    scratch.fail(&["figure", "3b", "--steps", "0"], 2, &["0 is too few", "--steps", hint]);
    scratch.fail(
        &["figure", "3b", "--runs", "iterated"],
        2,
        &["no use for it", "--runs", "figure 2a, 2b, 3a"],
    );
    scratch.fail(
        &["figure", "2b", "--pairs", "3"],
        2,
        &["no use for it", "--pairs", "3a, 3b"],
    );
    let reproduce = |options: &[&'static str]| [&["reproduce", "--quick"][..], options].concat();
    scratch.fail(&reproduce(&["--outer", "0"]), 2, &["0 is too few", "--outer", hint]);
    scratch.fail(&reproduce(&["--seeds", "2..2"]), 2, &["'2..2'", "as in 0..8"]);
    scratch.fail(
        &reproduce(&["--out", "occupied"]),
        3,
        &["`occupied` is not empty", "holds no reproduction", "--out"],
    );
    scratch.fail(&reproduce(&["--out", "file"]), 3, &["cannot", "`file"]);

    // Configurations in files.
    scratch.fail(
        &["train", "absent.toml"],
        3,
        &["cannot read `absent.toml`", "check the spelling"],
    );
    scratch.fail(&["train", "syntax.toml"], 2, &["not TOML", "syntax.toml, line 2"]);
    scratch.fail(
        &["train", "key.toml"],
        2,
        &["unknown key `lamda`", "key.toml", "did you mean `lambda`?"],
    );
    scratch.fail(
        &["train", "partial.toml"],
        2,
        &["missing keys: `game`", "partial.toml", "preset = \"logistic\""],
    );
    scratch.fail(
        &["train", "wide.toml"],
        2,
        &["it must be 4 rows", "not 4 of lengths [3, 3, 3, 3]", "wide.toml", hint],
    );
    scratch.fail(
        &["train", "endless.toml"],
        2,
        &["[1.0, inf], [1.0, 2.0]]: it must be finite", "endless.toml", hint],
    );

    // Output paths.
    scratch.fail(
        &["train", "logistic", "--out", "occupied"],
        3,
        &["`occupied` is not empty", "choose another directory"],
    );
    scratch.fail(
        &["train", "logistic", "--out", "plane"],
        3,
        &["`plane` is not empty", "resume"],
    );
    for place in ["file", "file/run"] {
        scratch.fail(
            &["train", "logistic", "--out", place],
            3,
            &["cannot create the directory", place],
        );
        scratch.fail(&["figure", "1", "--out", place], 3, &[place]);
    }
    scratch.fail(
        &basins(&["naive", "--steps", "1", "--figure", "file/b.svg"]),
        3,
        &["`file"],
    );
    if cfg!(target_os = "linux") {
        let proc = ["train", "logistic", "--out", "/proc/meva"];
        scratch.fail(&proc, 3, &["cannot create the directory `/proc/meva`", hint]);
    }

    // Runs and models to read.
    scratch.fail(&["train", "--resume", "absent"], 3, &["`absent`", "check the spelling"]);
    scratch.fail(
        &["train", "--resume", "occupied"],
        3,
        &["`occupied` is not the directory of a run", "config.toml"],
    );
    scratch.fail(
        &["train", "--resume", "plane", "--set", "alpha=2"],
        2,
        &["--set alpha=2", "only outer can change"],
    );
    scratch.fail(&["train", "--resume", "plane", "--seed", "1"], 2, &["--seed"]);
    scratch.fail(&basins(&["meva"]), 2, &["needs a trained model", "--model"]);
    scratch.fail(
        &basins(&["meva", "--model", "absent"]),
        3,
        &["cannot read `absent`", "check the spelling"],
    );
    scratch.fail(
        &basins(&["meva", "--model", "occupied"]),
        3,
        &["cannot read `occupied/model.safetensors`", hint],
    );
    scratch.fail(
        &basins(&["meva", "--model", "iterated"]),
        2,
        &["`ipd`", "--model", "logistic, tandem"],
    );
    scratch.fail(&["figure", "2b", "--runs", "iterated"], 2, &["another game", "--runs"]);
    scratch.fail(
        &basins(&["meva", "--model", "plane", "--game", "tandem"]),
        2,
        &["another game", "--game", hint],
    );
    scratch.fail(
        &basins(&["meva", "--model", "plane", "--alpha", "1"]),
        2,
        &["--alpha", "use --gamma"],
    );
    let sealed = fs::read(scratch.path("plane/model.safetensors")).unwrap();
    let changed = |whole: &[u8], from: &str, to: &str| {
        assert_eq!(from.len(), to.len(), "offsets in the file stay");
        let at = whole
            .windows(from.len())
            .position(|found| found == from.as_bytes())
            .unwrap();
        let mut bytes = whole.to_vec();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    // Without its checksum a file has to be seen through.
    let good = changed(&sealed, "\"checksum\"", "\"checksam\"");
    let replaced = |from: &str, to: &str| changed(&good, from, to);
    let with_nan = |whole: &[u8]| [&whole[..whole.len() - 4], &f32::NAN.to_le_bytes()].concat();
    for (bytes, words) in [
        (
            with_nan(&sealed),
            ["the file is damaged: its checksum is", "copy it again"],
        ),
        (good[..good.len() / 2].to_vec(), ["cut off", hint]),
        (good[..good.len() - 1].to_vec(), ["cut off", hint]),
        (good[..3].to_vec(), ["cut off", hint]),
        (Vec::new(), ["cut off", hint]),
        (
            b"the quick brown fox jumps over the lazy dog".to_vec(),
            ["safetensors format", "broken"],
        ),
        (
            with_nan(&good),
            ["tensor `quantiles.bias` holds NaN at 15", "take an earlier file"],
        ),
        (
            replaced("hidden = 16", "hidden = 64"),
            [
                "tensor `policy.first.weight` has the shape [16, 2], expected [64, 2]",
                hint,
            ],
        ),
        (
            replaced("quantiles.bias", "quantiles.bios"),
            ["`quantiles.bios` has no place", hint],
        ),
        (
            replaced("\"config\"", "\"comfig\""),
            ["not a model of meva", "`meva train` wrote"],
        ),
        (replaced("\"F32\"", "\"I32\""), ["holds I32, expected F32", hint]),
    ] {
        fs::write(scratch.path("broken.safetensors"), bytes).unwrap();
        let output = scratch.run(&basins(&["meva", "--model", "broken.safetensors"]));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        for word in [&words[..], &["error: ", "broken.safetensors"]].concat() {
            assert!(said.contains(word), "{word:?} is missing in: {said}");
        }
    }
}

/// Players with a network each can be trained, resumed to the same bits, followed, and exported one by one; in matching
/// pennies one player's gain is the other's loss.
#[test]
fn separate_networks_train_and_play() {
    let scratch = Scratch::new();
    let small = [
        "--set",
        "hidden=16",
        "--set",
        "residual_blocks=1",
        "--set",
        "quantiles=16",
        "--set",
        "steps=20",
        "--set",
        "batch=8",
    ];
    let train = |more: &[&str]| scratch.succeed(&[&["train", "imp"], &small[..], more].concat());
    train(&["--set", "outer=4", "--out", "whole"]);
    train(&["--set", "outer=2", "--out", "parts"]);
    scratch.succeed(&["train", "--resume", "parts", "--set", "outer=4"]);
    scratch.assert_same_bytes("whole", "parts", &["model.safetensors", "state.safetensors"]);
    for against in [
        &["self"][..],
        &["best-response"],
        &["naive"],
        &["lola", "--against-alpha", "2"],
    ] {
        let arguments = [
            "play",
            "imp",
            "--runs",
            "whole",
            "--pairs",
            "70",
            "--steps",
            "20",
            "--against",
        ];
        let value = scratch.json(&[&arguments[..], against].concat());
        let mean = |i: usize| value["players"][i]["return_mean"].as_f64().unwrap();
        assert!(
            (mean(0) + mean(1)).abs() < 1e-12,
            "{against:?}: {} and {}",
            mean(0),
            mean(1)
        );
        assert!(mean(0) != 0.0);
        for seed in 0..1 {
            let of = |i: usize| value["players"][i]["return_by_seed"][seed].as_f64().unwrap();
            assert!((of(0) + of(1)).abs() < 1e-12, "{against:?}, seed {seed}");
        }
    }
    let report = scratch.json(&["check", "--engine", "cpu", "--model", "whole"]);
    assert_eq!(failures(&report), []);
    let export = |player: &str, out: &str| {
        scratch.succeed(&["export", "whole", "--to", "bytes", "--player", player, "--out", out]);
        fs::read(scratch.path(out)).unwrap()
    };
    assert_ne!(export("0", "zero"), export("1", "one"));
    scratch.fail(
        &["export", "whole", "--to", "bytes", "--out", "either"],
        2,
        &["a network for each player", "--player 0"],
    );
}

/// Agents that estimate their game by sampling train and play, reproducibly to the bit, and differently from those that
/// know it exactly.
#[test]
fn sampled_games_train_and_play() {
    let scratch = Scratch::new();
    let sampled = [
        "--set",
        "estimator=rollouts",
        "--set",
        "episodes=4",
        "--set",
        "turns=5",
        "--set",
        "outer=2",
    ];
    for out in ["one", "two"] {
        scratch.succeed(&[&IPD[..], &sampled, &["--out", out]].concat());
    }
    scratch.assert_same_bytes("one", "two", &["model.safetensors"]);
    // Old names of keys are noted; the order of keys does not matter.
    let formerly = sampled.map(|word| match word {
        "estimator=rollouts" => "rollout_length=5",
        "turns=5" => "estimator=rollouts",
        "episodes=4" => "rollouts=4",
        other => other,
    });
    let output = scratch.run(&[&IPD[..], &formerly, &["--out", "three"]].concat());
    let stderr = String::from_utf8(output.stderr).unwrap();
    for note in [
        "note: `rollout_length` is now called `turns`\n",
        "note: `rollouts` is now called `episodes`\n",
    ] {
        assert!(stderr.contains(note), "{stderr}");
    }
    scratch.assert_same_bytes("one", "three", &["model.safetensors"]);
    scratch.succeed(&[&IPD[..], &["--set", "outer=2", "--out", "exact"]].concat());
    assert_ne!(
        fs::read(scratch.path("one/model.safetensors")).unwrap(),
        fs::read(scratch.path("exact/model.safetensors")).unwrap()
    );
    let play = |more: &[&str]| {
        let arguments = ["play", "ipd", "--learner", "naive", "--pairs", "70", "--steps", "30"];
        scratch.json(&[&arguments[..], more].concat())["players"].clone()
    };
    let rollouts = ["--estimator", "rollouts", "--episodes", "8", "--turns", "20"];
    assert_eq!(play(&rollouts), play(&rollouts));
    assert_ne!(play(&rollouts), play(&[]));
    // Apart from noise, they learn to defect all the same.
    let mean = play(&rollouts)[0]["return_mean"].as_f64().unwrap();
    assert!(
        (mean - play(&[])[0]["return_mean"].as_f64().unwrap()).abs() < 0.2,
        "{mean}"
    );
}

/// COLA is a learner like any other in iterated games.
#[test]
fn cola_plays() {
    let scratch = Scratch::new();
    scratch.succeed(&[
        "train", "cola-ipd", "--set", "outer=1", "--set", "batch=8", "--out", "cola",
    ]);
    let value = scratch.json(&[
        "play",
        "ipd",
        "--learner",
        "cola",
        "--runs",
        "cola",
        "--alpha",
        "3",
        "--pairs",
        "8",
        "--steps",
        "5",
        "--against",
        "lola",
    ]);
    assert_eq!(value["players"].as_array().unwrap().len(), 2);
    // Its agents learn at the rate `alpha` of the configuration.
    scratch.succeed(&[
        "train", "cola-ipd", "--set", "outer=1", "--set", "batch=8", "--set", "alpha=1", "--out", "slow",
    ]);
    let players = |run| {
        let arguments = [
            "play",
            "ipd",
            "--learner",
            "cola",
            "--pairs",
            "8",
            "--steps",
            "5",
            "--runs",
        ];
        scratch.json(&[&arguments[..], &[run]].concat())["players"].clone()
    };
    assert_ne!(players("cola"), players("slow"));
    scratch.fail(
        &["play", "ipd", "--runs", "cola", "--pairs", "8"],
        2,
        &["trained for learner `cola`, not `meva`", "COLA by learner cola"],
    );
    scratch.fail(
        &["play", "ipd", "--learner", "cola", "--runs", "cola", "--gamma", "0.5"],
        2,
        &["learner `cola` has no discount"],
    );
}

/// COLA's network as a correction: without an imagined step its agents are naive to the bit, wherever they are followed, and
/// the form is a part of the model.
#[test]
fn cola_corrects() {
    let scratch = Scratch::new();
    let correction = ["--set", "cola_form=correction"];
    let train = [
        "train", "cola", "--set", "outer=1", "--set", "steps=1", "--set", "batch=8", "--out",
    ];
    scratch.succeed(&[&train[..], &["run"], &correction].concat());
    let basins = |learner: &[&str], scalar: &str| {
        let arguments = [
            "basins",
            "--grid",
            "5",
            "--steps",
            "30",
            "--scalar",
            scalar,
            "--learner",
        ];
        scratch.json(&[&arguments[..], learner].concat())["cells"].clone()
    };
    for scalar in ["f32", "f64"] {
        let cola = |alpha| basins(&["cola", "--model", "run", "--alpha", alpha], scalar);
        assert_eq!(cola("0"), basins(&["naive"], scalar), "{scalar}");
    }
    let train = [
        "train", "cola-ipd", "--set", "outer=1", "--set", "steps=1", "--set", "batch=8", "--out",
    ];
    scratch.succeed(&[&train[..], &["ipd"], &correction].concat());
    let players = |learner: &[&str]| {
        let arguments = [
            "play",
            "ipd",
            "--pairs",
            "8",
            "--steps",
            "5",
            "--rate",
            "2",
            "--learner",
        ];
        let players = scratch.json(&[&arguments[..], learner].concat())["players"].clone();
        [0, 1].map(|i| players[i]["return_mean"].clone())
    };
    let cola = |alpha| players(&["cola", "--runs", "ipd", "--alpha", alpha]);
    let naive = players(&["naive"]);
    assert!(naive[0].is_number(), "{naive:?}");
    assert_eq!(cola("0"), naive);
    assert_ne!(cola("3"), naive);
    scratch.fail(
        &["train", "ipd", "--set", "cola_form=correction"],
        2,
        &[
            "`cola_form` is \"correction\", but has no effect",
            "algorithm = \"cola\"",
        ],
    );
}

/// Opponents are words on the command line, which the run's files record; a resumed run meets the same.
#[test]
fn opponents_are_recorded() {
    let scratch = Scratch::new();
    let pool = "self 0.5, tit-for-tat 0.25, policy:1,0.5,1,0,1 0.25";
    let set = format!("opponents={pool}");
    // A falling learning rate depends on the intended length of the run.
    let train = [&IPD[..], &["--set", "schedule=constant", "--set", &set, "--set"]].concat();
    scratch.succeed(&[&train[..], &["outer=2", "--out", "whole"]].concat());
    let config = fs::read_to_string(scratch.path("whole/config.toml")).unwrap();
    assert!(config.contains(&format!("opponents = \"{pool}\"")), "{config}");
    scratch.succeed(&[&train[..], &["outer=1", "--out", "parts"]].concat());
    scratch.succeed(&["train", "--resume", "parts", "--set", "outer=2"]);
    scratch.assert_same_bytes("whole", "parts", &[&BINARIES[..], &["config.toml"]].concat());
    scratch.fail(
        &[&IPD[..], &["--set", "opponents=self 1, tit-for-tot 1"]].concat(),
        2,
        &["unknown player `tit-for-tot`", "did you mean `tit-for-tat`?"],
    );
}

/// What sampling and separate networks do not support.
#[test]
fn bad_input_of_players_and_estimators() {
    let scratch = Scratch::new();
    scratch.succeed(&[&IPD[..], &["--set", "outer=1", "--out", "run"]].concat());
    let train = |preset: &str, key: &str, words: &[&str]| scratch.fail(&["train", preset, "--set", key], 2, words);
    train("cola", "networks=separate", &["`networks` is separate", "shared"]);
    train(
        "cola-ipd",
        "estimator=rollouts",
        &["`estimator` is rollouts", "second derivatives"],
    );
    train("logistic", "estimator=rollouts", &["no turns to sample", "exact"]);
    for key in ["turns", "episodes"] {
        let words = format!("`{key}` is 0, but has no effect: `estimator` is exact");
        train("ipd", &format!("{key}=0"), &[&words, "set estimator = \"rollouts\""]);
        let arguments = [
            "train",
            "ipd",
            "--set",
            &format!("{key}=0"),
            "--set",
            "estimator=rollouts",
        ];
        scratch.fail(&arguments, 2, &[&format!("`{key}` is 0: it must be at least 1")]);
    }
    train("ipd", "estimator=reinforce", &["unknown estimator `reinforce`"]);
    let play = |more: &[&str], words: &[&str]| scratch.fail(&[&["play", "ipd"][..], more].concat(), 2, words);
    play(
        &["--learner", "naive", "--episodes", "4"],
        &["--episodes", "--estimator rollouts"],
    );
    for option in ["--episodes", "--turns"] {
        play(
            &["--learner", "naive", "--estimator", "rollouts", option, "0"],
            &[option, "at least 1"],
        );
    }
    play(
        &["--learner", "lola", "--estimator", "rollouts"],
        &["`lola` needs second derivatives"],
    );
    play(&["--learner", "naive", "--pairs", "0"], &["--pairs", "at least 1"]);
    play(&["--learner", "meva", "--runs", "run", "--gamma", "1.5"], &["1.5"]);
    scratch.fail(
        &["play", "chicken", "--runs", "run"],
        2,
        &["trained for another game, `ipd`"],
    );
    scratch.fail(
        &["play", "logistic", "--learner", "naive", "--estimator", "rollouts"],
        2,
        &["no turns to sample"],
    );
}

/// A damaged state is not resumed, and is left for its owner to inspect.
#[test]
fn a_damaged_state_is_refused_or_replaced_by_the_one_before() {
    let scratch = Scratch::new();
    scratch.succeed(&[&IPD[..], &["--set", "outer=2", "--out", "whole"]].concat());
    scratch.succeed(&[&IPD[..], &["--set", "outer=1", "--out", "a"]].concat());
    let (file, previous) = ("a/state.safetensors", "a/state.previous.safetensors");
    let [good, before] = [file, previous].map(|file| fs::read(scratch.path(file)).unwrap());
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let without_checksum = TensorFile::from_bytes(&good).unwrap();
    let damage = [
        (good[..good.len() / 2].to_vec(), "cut off"),
        (flipped, "damaged: its checksum is"),
        (
            fs::read(scratch.path("a/model.safetensors")).unwrap(),
            "this is no training state",
        ),
    ];
    for (bytes, words) in &damage {
        fs::write(scratch.path(file), bytes).unwrap();
        fs::write(scratch.path(previous), bytes).unwrap();
        scratch.fail(&["train", "--resume", "a", "--set", "outer=2"], 3, &[words, file]);

        fs::write(scratch.path(previous), &before).unwrap();
        let output = scratch.run(&["train", "--resume", "a", "--set", "outer=2"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        for word in [words, "the state before it is whole", "from outer iteration 0"] {
            assert!(said.contains(word), "{word:?} is missing in: {said}");
        }
        scratch.assert_same_bytes("a", "whole", &BINARIES);
        fs::write(scratch.path(file), &good).unwrap();
        fs::write(
            scratch.path("a/config.toml"),
            without_checksum.metadata["config"].as_bytes(),
        )
        .unwrap();
    }
    // A state without a checksum, as older programs wrote it, still may not hold infinity.
    let place = good.windows(10).position(|window| window == b"\"checksum\"").unwrap();
    let mut older = good.clone();
    older[place + 1..place + 9].copy_from_slice(b"whatever");
    let end = older.len() - 4;
    let with_infinity = [&older[..end], &f32::INFINITY.to_le_bytes()].concat();
    for name in [file, previous] {
        fs::write(scratch.path(name), &with_infinity).unwrap();
    }
    let output = scratch.run(&["train", "--resume", "a", "--set", "outer=2"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("tensor `v.quantiles.bias` holds inf at 15"), "{said}");
    fs::write(scratch.path(file), older).unwrap();
    let output = scratch.run(&["train", "--resume", "a", "--set", "outer=2"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("note: `a/state.safetensors` has no checksum"), "{said}");
    scratch.assert_same_bytes("a", "whole", &BINARIES);
}

/// Whatever is missing or damaged in a run's directory, resuming says so and loses nothing, or goes on to the same bits.
#[test]
fn a_damaged_run_is_refused_or_mended() {
    let scratch = Scratch::new();
    scratch.succeed(&[&TANDEM[..], &["--set", "outer=2", "--out", "whole"]].concat());
    scratch.succeed(&[&TANDEM[..], &["--set", "outer=1", "--out", "a"]].concat());
    let resume = ["train", "--resume", "a", "--set", "outer=2"];
    let config = scratch.path("a/config.toml");
    let good = fs::read_to_string(&config).unwrap();
    for (damaged, words) in [
        (
            good.replace("batch = 8 ", "batch = 9 "),
            "differs from the run's state in `batch`",
        ),
        (
            good.replace("batch = 8 ", "batch = = "),
            "config.toml is damaged: not TOML",
        ),
        (good[..good.len() / 3].to_owned(), "config.toml"),
        (good.replace("0.1.0", "99.0.0"), "`version` is 99.0.0"),
        (String::new(), "config.toml is damaged"),
    ] {
        assert_ne!(damaged, good);
        fs::write(&config, damaged).unwrap();
        scratch.fail(&resume, 3, &[words, "delete"]);
    }
    fs::remove_file(&config).unwrap();
    let output = scratch.run(&resume);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("note: config.toml was missing in `a`"));
    scratch.assert_same_bytes("a", "whole", &[&BINARIES[..], &["config.toml"]].concat());

    // Nothing was saved: the run starts from its configuration.
    for name in ["state.safetensors", "state.previous.safetensors", "model.safetensors"] {
        fs::remove_file(scratch.path("a").join(name)).unwrap();
    }
    let output = scratch.run(&["train", "--resume", "a"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("nothing was saved in `a` yet: the run starts from its configuration"));
    scratch.assert_same_bytes("a", "whole", &BINARIES);
}

#[test]
fn two_processes_do_not_train_in_one_directory() {
    let scratch = Scratch::new();
    let long = [&TANDEM[..], &["--set", "outer=2000000", "--out", "a"]].concat();
    let mut child = scratch
        .command(&long)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = std::time::Instant::now();
    while !scratch.path("a/state.safetensors").exists() {
        assert!(started.elapsed().as_secs() < 60, "no state");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let output = scratch.run(&["train", "--resume", "a"]);
    let said = text(&output.stderr);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains(&format!("process {} is training in `a`", child.id())),
        "{said}"
    );
    // The lock of a process that was killed is nobody's.
    assert!(scratch.path("a/.lock").exists());
    let done = scratch.iteration("a");
    scratch.succeed(&["train", "--resume", "a", "--set", &format!("outer={}", done + 1)]);
    assert!(!scratch.path("a/.lock").exists());
}

/// A file is written as a whole, or not at all, wherever it goes.
#[test]
#[cfg(unix)]
fn exports_respect_what_is_there() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let scratch = Scratch::new();
    scratch.succeed(&[&TANDEM[..], &["--set", "outer=1", "--out", "a"]].concat());
    let export = |out: &str| ["export", "a", "--to", "c-header", "--name", "m", "--out", out].map(String::from);
    let to = |out: &str| {
        let arguments = export(out);
        scratch.succeed(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert!(!to("model.h").contains("replaced"));
    let whole = fs::read(scratch.path("model.h")).unwrap();
    fs::set_permissions(scratch.path("model.h"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("model.h", scratch.path("link.h")).unwrap();
    fs::write(scratch.path("model.h"), "old").unwrap();
    assert!(to("link.h").contains("replaced"), "it says that a file was replaced");
    assert_eq!(fs::read(scratch.path("model.h")).unwrap(), whole);
    assert!(fs::symlink_metadata(scratch.path("link.h")).unwrap().is_symlink());
    let mode = fs::metadata(scratch.path("model.h")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let piped = to("/dev/stdout");
    assert_eq!(
        piped,
        std::str::from_utf8(&whole).unwrap(),
        "what is said goes elsewhere"
    );
    to(&"n".repeat(252));
    assert_eq!(fs::read(scratch.path(&"n".repeat(252))).unwrap(), whole);
}

/// Paths need not be Unicode.
#[test]
#[cfg(target_os = "linux")]
fn paths_of_any_bytes() {
    use std::os::unix::ffi::OsStrExt;
    let scratch = Scratch::new();
    let path = std::ffi::OsStr::from_bytes(b"run-\xff");
    let train = [&TANDEM[..], &["--set", "outer=1", "--json", "--out"]].concat();
    let output = scratch.command(&train).arg(path).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["directory"], "run-\u{fffd}");
    for rest in [
        &["train", "--json", "--resume"][..],
        &["basins", "--json", "--learner", "meva", "--model"],
    ] {
        let output = scratch.command(rest).arg(path).output().unwrap();
        assert!(
            [Some(0), Some(2)].contains(&output.status.code()),
            "{}",
            text(&output.stderr)
        );
    }
}

/// With `--json` an error is an object on stderr, on the line of its own that comes last.
#[test]
fn errors_are_json_on_request() {
    let scratch = Scratch::new();
    for (arguments, code, kind, what) in [
        (
            &["train", "logistik", "--json"][..],
            2,
            "usage",
            "unknown preset `logistik`",
        ),
        (
            &["basins", "--json", "--learner", "meva", "--model", "absent"],
            3,
            "files",
            "cannot read `absent`",
        ),
        (
            &["basins", "--json", "--no-such-option"],
            2,
            "usage",
            "unexpected argument",
        ),
    ] {
        let output = scratch.run(arguments);
        assert_eq!(
            (output.status.code(), text(&output.stdout)),
            (Some(code), String::new())
        );
        let value: Value = serde_json::from_slice(&output.stderr).unwrap();
        let error = &value["error"];
        assert_eq!(
            (&error["kind"], &error["exit_code"]),
            (&kind.into(), &code.into()),
            "{error}"
        );
        assert!(error["what"].as_str().unwrap().contains(what), "{error}");
        assert_eq!(keys(error), set(["kind", "what", "place", "hint", "exit_code"]));
    }
}

/// The table in `docs/exit-codes.md` is what the program does: every code and kind, and its example of JSON.
#[test]
fn exit_codes_are_as_documented() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/exit-codes.md")).unwrap();
    let rows: Vec<(String, String)> = page
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            let (code, kind) = (cells.next()?, cells.next()?);
            let is_row = code.parse::<u8>().is_ok();
            is_row.then(|| (code.to_owned(), kind.trim_matches('`').to_owned()))
        })
        .collect();
    let documented: Vec<(&str, &str)> = rows.iter().map(|(code, kind)| (&**code, &**kind)).collect();
    let codes = Kind::ALL.map(|kind| (kind.exit_code().to_string(), kind.name()));
    let [other, usage, files, diverged, gpu] = codes.each_ref().map(|(code, kind)| (&**code, *kind));
    // What an interruption exits with is held in `ctrl_c_leaves_a_run_that_can_go_on`.
    assert_eq!(documented, [("0", ""), other, usage, files, diverged, gpu, ("130", "")]);

    let example = page.lines().find(|line| line.starts_with("{\"error\"")).unwrap();
    let output = Scratch::new().run(&["train", "logistik", "--json"]);
    let printed: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(serde_json::from_str::<Value>(example).unwrap(), printed);
}

/// A step of 1e20 overflows at once, a learning rate of 1e30 after one update.
#[test]
fn divergence_keeps_the_last_good_model() {
    for (setting, iteration) in [("alpha=1e20", 0), ("eta=1e30", 1)] {
        let scratch = Scratch::new();
        let output = scratch.run(&[&LOGISTIC[..], &["--set", "outer=5", "--set", setting, "--out", "a"]].concat());
        let said = text(&output.stderr);
        assert_eq!(
            (output.status.code(), text(&output.stdout)),
            (Some(4), String::new()),
            "{said}"
        );
        for word in [
            &format!("diverged in outer iteration {iteration}, update 0, seed 0: ")[..],
            " (a)",
            "try a smaller eta or alpha",
            "the last good model is kept",
        ] {
            assert!(said.contains(word), "{word} is missing in: {said}");
        }
        assert_eq!(scratch.iteration("a"), iteration);
        let expected = RUN_FILES
            .iter()
            .filter(|name| iteration > 0 || !name.contains("previous"));
        assert_eq!(scratch.names("a"), expected.map(|name| (*name).to_owned()).collect());
        scratch.succeed(&["export", "a", "--to", "safetensors", "--out", "kept.safetensors"]);
        // The saved state is the one at which it would diverge again.
        scratch.fail(&["train", "--resume", "a"], 4, &["diverged in outer iteration", "(a)"]);
    }
}

/// Agents that leave the numbers are counted; where no others are left the exit code is that of divergence.
#[test]
fn agents_that_diverge_are_counted() {
    let scratch = Scratch::new();
    let far = ["--learner", "hola3", "--alpha", "500", "--rate", "50"];
    for (arguments, what) in [
        (&["basins", "--grid", "5"][..], "all 25 starts diverged"),
        (&["trajectories", "--starts", "5"], "all 5 starts diverged"),
        (&["play", "logistic", "--pairs", "8"], "all 8 pairs diverged"),
    ] {
        scratch.fail(
            &[arguments, &far].concat(),
            4,
            &[what, "infinite or NaN", "smaller rate"],
        );
    }
    scratch.fail(
        &["basins", "--grid", "5", "--learner", "lola", "--alpha", "1e300"],
        4,
        &["all 25 starts diverged"],
    );

    // Tandem's cubic gradient drives starts far from the middle to infinity and leaves those near it.
    let some = ["--learner", "naive", "--game", "tandem", "--rate", "0.11"];
    let basins = scratch.json(&[&["basins", "--grid", "5"][..], &some].concat());
    let in_b = basins["cells_in_b"].as_u64().unwrap();
    let lost = basins["diverged"].as_u64().unwrap();
    assert!(lost + in_b <= 25 && lost < 25, "{basins}");
    // HOLA's imagined steps leave the numbers from most starts that are so far out.
    let far = ["--starts", "40", "--range", "40", "--learner", "hola2", "--alpha", "20"];
    let paths = scratch.json(&[&["trajectories"], &far[..]].concat());
    let lost = paths["diverged"].as_u64().unwrap();
    assert!(0 < lost && lost < 40, "{lost}");
    let paths = paths["paths"].as_array().unwrap();
    let short = paths
        .iter()
        .filter(|path| path.as_array().unwrap().len() <= 200)
        .count();
    assert_eq!(short as u64, lost);
    let lines = scratch.succeed(&[&["trajectories"], &far[..]].concat());
    assert!(lines.ends_with(&format!("{lost} of 40 starts diverged\n")), "{lines}");
    assert!(!serde_json::to_string(paths).unwrap().contains("null"));
}

/// What a machine cannot hold is refused before anything is allocated or written, and named.
#[test]
fn sizes_are_compared_with_the_machine() {
    let scratch = Scratch::new();
    let huge = "1000000000000";
    let train = |set: &str| {
        let of = |set: &str| ["train", "logistic", "--set", set, "--out", "a"].map(String::from);
        let arguments = of(set);
        scratch.fail(
            &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
            2,
            &["GiB", "free", "smaller"],
        );
    };
    for set in ["batch=1000000000", "batch=1000000000000", "batch=9223372036854775807"] {
        train(set);
    }
    let largest = i64::MAX.to_string();
    for (arguments, words) in [
        (
            &[
                "train",
                "ipd",
                "--set",
                "estimator=rollouts",
                "--set",
                "episodes=1000000000000",
            ][..],
            "`episodes` 1000000000000",
        ),
        (
            &[
                "train",
                "logistic",
                "--set",
                "steps=4000000000",
                "--set",
                "stride=4000000000",
            ],
            "`stride` 4000000000",
        ),
        (
            &["stability", "ipd", "--learner", "lola", "--starts", huge],
            "--starts 1000000000000",
        ),
        (
            &["league", "ipd", "--players", "naive", "--seeds", huge],
            "--seeds 1000000000000",
        ),
        (
            &["reproduce", "--seeds", "0..1000000000000"],
            "--seeds 0..1000000000000",
        ),
        (
            &["train", "logistic", "--seeds", "0..1000000000000"],
            "--seeds 0..1000000000000",
        ),
        (
            &["play", "logistic", "--learner", "naive", "--pairs", huge],
            "--pairs 1000000000000",
        ),
        (
            &["play", "logistic", "--learner", "naive", "--pairs", &largest],
            "--pairs",
        ),
        (
            &[
                "play",
                "ipd",
                "--learner",
                "naive",
                "--estimator",
                "rollouts",
                "--episodes",
                huge,
            ],
            "--episodes",
        ),
        (
            &[
                "trajectories",
                "--learner",
                "naive",
                "--figure",
                "all.svg",
                "--starts",
                huge,
            ],
            "--starts 1000000000000",
        ),
        (
            &["trajectories", "--learner", "naive", "--steps", huge],
            "--steps 1000000000000",
        ),
        (&["trajectories", "--learner", "naive", "--steps", &largest], "--steps"),
        (&["figure", "3b", "--pairs", huge], "--pairs 1000000000000"),
        (
            &["figure", "3b", "--seeds", "0..1000000000000"],
            "--seeds 0..1000000000000",
        ),
    ] {
        scratch.fail(arguments, 2, &[words, "GiB"]);
    }
    let steps = [
        "train",
        "logistic",
        "--set",
        "steps=1000000000000000000",
        "--set",
        "stride=1",
        "--set",
        "outer=1",
    ];
    scratch.fail(&steps, 2, &["`steps` is 1000000000000000000", "`stride` 1"]);
    let threads = ["basins", "--learner", "naive", "--threads", "1000000000"];
    scratch.fail(&threads, 2, &["--threads", "at most 4096"]);
}

/// What is printed as it is computed has no size that could be too large; when nobody reads on it ends.
#[test]
#[cfg(unix)]
fn any_number_of_trajectories_is_printed_as_they_are_computed() {
    use std::io::{BufRead, BufReader};
    let scratch = Scratch::new();
    let options = ["trajectories", "--learner", "naive", "--steps", "3", "--starts"];
    let mut child = scratch
        .command(&[&options[..], &["1000000000000"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let many: Vec<String> = lines.take(5000).map(|line| line.unwrap()).collect();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    // The first of many are those of few.
    let few = scratch.succeed(&[&options[..], &["1500"]].concat());
    assert_eq!(few.lines().count(), 1501);
    assert!(few.lines().eq(many[..1501].iter().map(String::as_str)));
}

/// A moment that overflows is noticed in the update in which it does, before a state is saved that cannot be read.
#[test]
fn moments_are_watched() {
    let scratch = Scratch::new();
    let far = [
        "train",
        "cola",
        "--set",
        "scale=1e5",
        "--set",
        "batch=16",
        "--set",
        "outer=2",
        "--out",
        "a",
    ];
    let output = scratch.run(&far);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    for word in ["diverged in outer iteration", "update", "seed 0", "`clip`"] {
        assert!(said.contains(word), "{word:?} is missing in: {said}");
    }
    assert_eq!(scratch.iteration("a"), 0, "and the state can be read");
}

#[test]
fn gradients_are_clipped_and_counted() {
    let scratch = Scratch::new();
    let run = [&TANDEM[..], &["--set", "outer=4"]].concat();
    let clipped = scratch.json(&[&run[..], &["--set", "clip=1e-3", "--out", "a"]].concat());
    assert_eq!(clipped["clipped"], 4);
    let free = scratch.json(&[&run[..], &["--set", "clip=1e30", "--out", "b"]].concat());
    assert_eq!(free["clipped"], 0);
    assert_ne!(clipped["loss"], free["loss"]);
    scratch.succeed(&[&run[..], &["--out", "c"]].concat());
    let numbers = |run: &str| {
        TensorFile::load(&scratch.path(run).join("state.safetensors"))
            .unwrap()
            .tensors
    };
    assert_eq!(numbers("b"), numbers("c"), "a bound that is not reached changes no bit");
    let resumed = scratch.json(&["train", "--resume", "a", "--set", "outer=5"]);
    assert_eq!(resumed["clipped"], 5);
}

/// Two runs of one seed are not two seeds.
#[test]
fn runs_that_do_not_belong_together_are_refused() {
    let scratch = Scratch::new();
    for (seed, out, eta) in [
        ("0", "a", "1e-3"),
        ("0", "twin", "1e-3"),
        ("1", "b", "1e-3"),
        ("2", "other", "1e-4"),
    ] {
        let eta = format!("eta={eta}");
        scratch.succeed(
            &[
                &IPD[..],
                &["--set", "outer=1", "--set", &eta, "--seed", seed, "--out", out],
            ]
            .concat(),
        );
    }
    let few = ["--pairs", "2", "--steps", "2"];
    let play = ["play", "ipd", "--runs"];
    let figure = ["figure", "3a", "--runs"];
    for command in [play, figure] {
        let with = |runs: &[&'static str]| [&command[..], runs, &few].concat();
        scratch.fail(
            &with(&["a", "b", "twin"]),
            2,
            &["`a` and `twin` both have seed 0", "--mixed", "--runs"],
        );
        scratch.fail(
            &with(&["a", "other"]),
            2,
            &["`a` and `other` differ in `eta`", "--mixed"],
        );
        scratch.succeed(&with(&["a", "b"]));
        scratch.succeed(&with(&["a", "twin", "other", "--mixed"]));
    }
    let played = scratch.json(&[&play[..], &["a", "b", "--gamma", "0.5", "--seed", "7", "--pairs", "1"]].concat());
    for (key, value) in [("gamma", Value::from(0.5)), ("seed", 7.into()), ("diverged", 0.into())] {
        assert_eq!(played[key], value, "{key}");
    }
    assert_eq!(played["runs"], serde_json::json!(["a", "b"]));
    let single = scratch.succeed(&["play", "ipd", "--learner", "naive", "--pairs", "1", "--steps", "2"]);
    assert!(!single.contains("NaN"), "{single}");
    let response = [
        "play",
        "ipd",
        "--learner",
        "naive",
        "--against",
        "best-response",
        "--pairs",
        "1",
        "--steps",
        "2",
    ];
    assert!(
        scratch
            .succeed(&response)
            .contains("a better one, which leaves player 0 less, may exist")
    );
}

/// The clock of a run goes on where it was.
#[test]
fn seconds_add_up_over_processes() {
    let scratch = Scratch::new();
    scratch.succeed(&[&TANDEM[..], &["--set", "outer=3", "--out", "a"]].concat());
    scratch.succeed(&["train", "--resume", "a", "--set", "outer=6"]);
    let metrics = fs::read_to_string(scratch.path("a/metrics.csv")).unwrap();
    let seconds = metrics
        .lines()
        .skip(1)
        .map(|row| row.rsplit(',').next().unwrap().parse::<f64>().unwrap());
    let seconds: Vec<f64> = seconds.collect();
    assert!(seconds.len() == 6 && seconds.is_sorted(), "{seconds:?}");
}

#[test]
fn a_full_standard_output_is_an_error() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        return skip("there is no /dev/full");
    };
    let scratch = Scratch::new();
    let arguments = [&IPD[..], &["--set", "outer=1", "--out", "a"]].concat();
    let output = scratch
        .command(&arguments)
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("cannot write to stdout"), "{said}");
    assert_eq!(scratch.iteration("a"), 1, "what was learned is kept all the same");
}

/// As on a full disk, writing stops in the middle of a file: here because of a limit on the size of files.
#[test]
#[cfg(unix)]
fn a_file_that_cannot_be_finished_leaves_the_one_before() {
    let scratch = Scratch::new();
    scratch.succeed(&[&TANDEM[..], &["--set", "outer=1", "--out", "a"]].concat());
    let before = fs::read(scratch.path("a/state.safetensors")).unwrap();
    let config = fs::read(scratch.path("a/config.toml")).unwrap();
    // The model fits, the state does not; depending on the shell, units are half or whole kilobytes.
    let size = |name: &str| fs::metadata(scratch.path("a").join(name)).unwrap().len();
    let limit = "trap '' XFSZ; ulimit -f 36; exec \"$@\"";
    assert!(size("model.safetensors") < 36 * 512 && size("state.safetensors") > 36 * 1024);
    let program = env!("CARGO_BIN_EXE_meva");
    let output = Command::new("sh")
        .current_dir(scratch.0.path())
        .args(["-c", limit, "sh", program, "train", "--resume", "a", "--set", "outer=3"])
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("cannot write `a/state.safetensors`"), "{said}");
    assert_eq!(fs::read(scratch.path("a/state.safetensors")).unwrap(), before);
    assert_eq!(
        fs::read(scratch.path("a/config.toml")).unwrap(),
        config,
        "the run is as long as before"
    );
    assert!(
        scratch.names("a").iter().all(|name| !name.contains(".part")),
        "half a file is left"
    );
    // With space available again the run continues, to the bits of a run that never stopped.
    scratch.succeed(&["train", "--resume", "a", "--set", "outer=3"]);
    scratch.succeed(&[&TANDEM[..], &["--set", "outer=3", "--out", "b"]].concat());
    scratch.assert_same_bytes("a", "b", &BINARIES);
}

/// `meva .. | head`: when the reader has seen enough, the program ends silently.
#[test]
#[cfg(unix)]
fn a_closed_pipe_is_no_error() {
    let scratch = Scratch::new();
    let mut child = scratch
        .command(&["trajectories", "--learner", "naive", "--steps", "2000", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

/// The checks of a report that fail, by operation and engine.
fn failures(report: &Value) -> Vec<(String, String)> {
    let checks = report["checks"].as_array().unwrap().iter();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    checks
        .filter(|check| check["ok"] == false)
        .map(|check| (word(&check["operation"]), word(&check["engine"])))
        .collect()
}

impl Scratch {
    /// The output of `check` when something fails.
    #[track_caller]
    fn check_fails(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["check", "--engine", "cpu", "--json"], arguments].concat());
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        let value: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
        assert_eq!(value["ok"], false);
        value
    }
}

#[test]
fn engines_and_derivatives_agree() {
    let scratch = Scratch::new();
    let report = scratch.json(&["check", "--engine", "cpu"]);
    assert_eq!(failures(&report), []);
    assert_eq!(
        (&report["ok"], &report["adapters"]),
        (&true.into(), &serde_json::json!([]))
    );
    let checks = report["checks"].as_array().unwrap();
    let all = |key: &str| -> BTreeSet<&str> { checks.iter().filter_map(|check| check[key].as_str()).collect() };
    assert_eq!(all("engine"), ["f32", "f64", "lanes"].into());
    assert_eq!(all("derivative"), ["analytic", "differences", "duals"].into());
    for operation in [
        "exp",
        "chicken hvp",
        "ipd hola3",
        "ipd network parameter vjp",
        "logistic algorithm1 theta",
    ] {
        assert!(all("operation").contains(operation), "{operation}");
    }
    for check in checks {
        let [error, bound] = ["error", "bound"].map(|key| check[key].as_f64().unwrap());
        assert!(
            error <= bound && !check["reason"].as_str().unwrap().is_empty(),
            "{check}"
        );
    }
    // A bound that even a many times larger error would meet says little.
    let share = |check: &Value| check["error"].as_f64().unwrap() / check["bound"].as_f64().unwrap();
    let mut used: Vec<f64> = checks.iter().map(share).filter(|share| *share > 0.0).collect();
    used.sort_by(f64::total_cmp);
    let median = used[used.len() / 2];
    assert!(median >= 0.2, "{median}");
    let table = scratch.succeed(&["check", "--engine", "cpu", "--only", "Tandem LOLA"]);
    let lines: Vec<&str> = table.lines().filter(|line| line.starts_with("tandem lola")).collect();
    assert!(
        !lines.is_empty() && lines.iter().all(|line| line.ends_with("ok")),
        "{table}"
    );
    assert!(table.contains("checks, all ok"), "{table}");
    scratch.fail(
        &["check", "--engine", "cpu", "--only", "abacus"],
        2,
        &["`abacus`", "--only"],
    );
    scratch.fail(&["check", "--engine", "cpu", "--adapter", "0"], 2, &["--adapter"]);
}

#[test]
fn engines_agree_with_vectors() {
    let scratch = Scratch::new();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
    let report = scratch.json(&["check", "--engine", "cpu", "--vectors", vectors.to_str().unwrap()]);
    assert_eq!(failures(&report), []);

    // One changed number is detected on every engine.
    fs::create_dir(scratch.path("mine")).unwrap();
    let mut games: Value = serde_json::from_str(&fs::read_to_string(vectors.join("games.json")).unwrap()).unwrap();
    let number = &mut games["cases"][0]["gradient"][0][0];
    *number = (number.as_f64().unwrap() + 1e-3).into();
    fs::write(scratch.path("mine/games.json"), games.to_string()).unwrap();
    let report = scratch.check_fails(&["--vectors", "mine"]);
    let expected = ["f64", "f32", "lanes"].map(|engine| ("logistic own gradient".to_owned(), engine.to_owned()));
    assert_eq!(failures(&report), expected);
    let notes = report["notes"].to_string();
    assert!(notes.contains("cola.json is not in the folder"), "{notes}");

    // Everything that an update leaves behind is compared; what nobody asks for is said to be ignored.
    let update = fs::read_to_string(vectors.join("algorithm1.json")).unwrap();
    let update: Value = serde_json::from_str(&update).unwrap();
    let fails = |change: &dyn Fn(&mut Value)| {
        let mut changed = update.clone();
        change(&mut changed["cases"][0]["after"]);
        fs::remove_dir_all(scratch.path("mine")).unwrap();
        fs::create_dir(scratch.path("mine")).unwrap();
        fs::write(scratch.path("mine/algorithm1.json"), changed.to_string()).unwrap();
        let output = scratch.run(&["check", "--engine", "cpu", "--json", "--vectors", "mine"]);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let first = |value: &mut Value| {
        let mut number = value;
        while number.is_array() {
            number = &mut number[0];
        }
        *number = (number.as_f64().unwrap() + 1.0).into();
    };
    for (key, name) in [("path", "path"), ("targets", "targets"), ("explored", "explored")] {
        let report = fails(&|after| first(&mut after[key]));
        let operation = format!("logistic algorithm1 {name}");
        let expected = ["f64", "f32", "lanes"].map(|engine| (operation.clone(), engine.to_owned()));
        assert_eq!(failures(&report), expected);
    }
    let report = fails(&|after| after["regret"] = 1.0.into());
    assert_eq!(failures(&report), []);
    assert!(
        report["notes"]
            .to_string()
            .contains("algorithm1.json: after.regret are compared with nothing"),
        "{report}"
    );
}

#[test]
fn vectors_that_are_none_are_errors() {
    let scratch = Scratch::new();
    let vectors = ["check", "--engine", "cpu", "--vectors", "mine"];
    scratch.fail(&vectors, 3, &["cannot read the folder `mine`", "check the spelling"]);
    fs::create_dir(scratch.path("mine")).unwrap();
    scratch.fail(&vectors, 2, &["no vectors in this folder", "games.json"]);
    let case = |x: &str| format!(r#"{{"cases": [{{"game": "tandem", "x": {x}, "v": [[1], [2]], "f": [0, 0]}}]}}"#);
    for (text, words) in [
        ("{", "this is not JSON"),
        ("{}", "the key `cases` is missing"),
        (r#"{"cases": []}"#, "`cases`: the list is empty"),
        (
            r#"{"cases": [{"game": "poker"}]}"#,
            "`cases[0].game`: expected one of logistic, tandem",
        ),
        (&case("[[1], [NaN]]"), "JSON has no NaN"),
        (&case("[[1], [2, 3]]"), "`cases[0].x[1]`: expected 1 number, found 2"),
        (&case("[[1], [2]]"), "`cases[0]`: the key `gradient` is missing"),
    ] {
        fs::write(scratch.path("mine/games.json"), text).unwrap();
        scratch.fail(&vectors, 2, &["games.json", words]);
    }
    fs::write(scratch.path("mine/poker.json"), "{}").unwrap();
    scratch.fail(&vectors, 2, &["poker.json", "there are games.json"]);
}

#[test]
fn models_agree_with_points() {
    let scratch = Scratch::new();
    scratch.succeed(&[&IPD[..], &["--set", "outer=2", "--out", "a"]].concat());
    let check = ["check", "--engine", "cpu", "--model", "a"];
    assert_eq!(failures(&scratch.json(&check)), []);

    let model = Model::load(&scratch.path("a")).unwrap();
    let x = [[0.5, -1.0, 2.0, 0.0, -3.0], [1.0, 0.25, -0.5, 4.0, 1.5]];
    let gamma = [0.9, 0.0];
    let rows = [&x[0][..], &x[1][..]];
    let [quantiles, field] = [model.quantiles(rows, gamma).unwrap(), model.field(rows, gamma).unwrap()];
    let write = |quantiles: &[Vec<f64>; 2]| {
        let points = serde_json::json!({ "points": [
            { "x": x, "gamma": gamma, "quantiles": quantiles, "field": field },
            { "x": x, "gamma": gamma },
        ] });
        fs::write(scratch.path("points.json"), points.to_string()).unwrap();
    };
    write(&quantiles);
    let report = scratch.json(&[&check[..], &["--points", "points.json"]].concat());
    assert_eq!(failures(&report), []);
    let count = |engine: &str| {
        report["checks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|c| c["engine"] == engine)
            .count()
    };
    assert_eq!(
        ["f64", "f32", "lanes"].map(count),
        [2, 4, 4],
        "f64 is held against what is given alone"
    );
    let mut wrong = quantiles.clone();
    wrong[1][3] += 1e-2;
    write(&wrong);
    let report = scratch.check_fails(&["--model", "a", "--points", "points.json"]);
    let expected = ["f64", "f32", "lanes"].map(|engine| ("outside quantiles".to_owned(), engine.to_owned()));
    assert_eq!(failures(&report), expected);

    fs::write(
        scratch.path("points.json"),
        r#"{"points": [{"x": [[1], [2]], "gamma": [0, 0]}]}"#,
    )
    .unwrap();
    let points = [&check[..], &["--points", "points.json"]].concat();
    scratch.fail(
        &points,
        2,
        &[
            "points.json",
            "`points[0].x[0]`: expected 5 numbers, found 1",
            "5 parameters",
        ],
    );
    scratch.fail(&["check", "--model", "none"], 3, &["none"]);
    scratch.fail(&["check", "--points", "points.json"], 2, &["--model"]);
}

#[test]
fn leagues_are_tables() {
    let scratch = Scratch::new();
    let few = ["--pairs", "8", "--steps", "40", "--seeds", "2"];
    let players = [
        "league",
        "ipd",
        "--players",
        "naive",
        "tit-for-tat",
        "zd:3",
        "policy:0,0,0,0,0",
    ];
    let value = scratch.json(
        &[
            &players[..],
            &few,
            &["--csv", "a.csv", "--latex", "a.tex", "--figure", "a.svg"],
        ]
        .concat(),
    );
    assert_eq!(
        value["players"],
        json!(["naive", "tit-for-tat", "zd:3", "policy:0,0,0,0,0"])
    );
    let returned = |i: usize, j: usize| value["returns"][i][j].as_f64().unwrap();
    assert!(
        (returned(1, 3) + 2.04).abs() < 1e-12 && (returned(3, 1) + 1.92).abs() < 1e-12,
        "{value}"
    );
    assert_eq!(value["returns_by_seed"][0][1].as_array().unwrap().len(), 2);
    assert!(
        value["standings"][2]["extortion_factor"]
            .as_f64()
            .is_some_and(|factor| (factor - 3.0).abs() < 1e-9)
    );
    assert!(
        value["standings"][3]["exploitability"]
            .as_f64()
            .is_some_and(|lost| lost.abs() < 1e-12)
    );
    let lines = fs::read_to_string(scratch.path("a.csv")).unwrap();
    assert_eq!(
        lines.lines().count(),
        1 + 7 * 2 + 9,
        "a line for each seed where one learns: {lines}"
    );
    assert!(
        fs::read_to_string(scratch.path("a.tex"))
            .unwrap()
            .contains("tit-for-tat & $")
    );
    assert!(fs::read_to_string(scratch.path("a.svg")).unwrap().starts_with("<svg"));
    let again = scratch.json(&[&players[..], &few].concat());
    assert_eq!(again, value, "the same seed gives the same league");
    assert!(scratch.succeed(&[&players[..], &few].concat()).contains("best first"));
}

#[test]
fn what_is_no_league_is_refused() {
    let scratch = Scratch::new();
    let refused = |arguments: &[&str], words: &[&str]| scratch.fail(&[&["league"], arguments].concat(), 2, words);
    refused(
        &["ipd", "--players", "tit-for-tot"],
        &["unknown player", "did you mean `tit-for-tat`?"],
    );
    refused(&["ipd", "--players", "policy:1,0,2,0,1"], &["2 is not a probability"]);
    refused(
        &["ipd", "--players", "meva"],
        &["needs trained models", "meva:DIR@0.95"],
    );
    refused(&["tandem", "--players", "grim"], &["strategies are for iterated games"]);
    refused(&["ipf", "--players", "naive"], &["unknown game", "did you mean `ipd`?"]);
    refused(&["ipd", "--players", "naive", "--seeds", "0"], &["--seeds"]);
    refused(
        &[
            "ipd",
            "--players",
            "naive",
            "lola",
            "--estimator",
            "rollouts",
            "--pairs",
            "2",
            "--steps",
            "2",
        ],
        &["learner `lola` needs second derivatives"],
    );
    scratch.succeed(&[&IPD[..], &["--set", "outer=1", "--out", "run"]].concat());
    refused(
        &["chicken", "--players", "meva:run@0.9"],
        &["trained for another game, `ipd`"],
    );
    refused(&["ipd", "--players", "meva:run@1.5"], &["gamma cannot be 1.5"]);
    refused(&["ipd", "--players", "cola:run"], &["trained for learner `meva`"]);
}

/// M-MAML learns where to start, from the seed; what it and M-FOS cannot do is refused.
#[test]
fn players_prepare_themselves() {
    let scratch = Scratch::new();
    let play = |more: &[&'static str]| [&["play", "ipd", "--learner", "m-maml", "--rate", "25"][..], more].concat();
    let few = play(&["--against", "naive", "--pairs", "16", "--steps", "100"]);
    let value = scratch.json(&few);
    let returned = |i: usize| value["players"][i]["return_mean"].as_f64().unwrap();
    assert!(
        returned(0) > -1.4 && returned(1) > -1.7,
        "naive learners alone come to -1.99: {value}"
    );
    assert_eq!(scratch.json(&few), value);
    let refused = |arguments: &[&str], words: &[&str]| scratch.fail(arguments, 2, words);
    refused(&play(&["--alpha", "1"]), &["`m-maml` has no setting", "--alpha"]);
    refused(
        &play(&["--estimator", "rollouts"]),
        &["prepares itself on the exact game"],
    );
    refused(
        &play(&["--against", "m-fos:lolla"]),
        &["unknown rival of m-fos", "`lola`?"],
    );
    refused(
        &["league", "ipd", "--players", "m-maml:1"],
        &["`m-maml` has no setting"],
    );
    refused(
        &["league", "tandem", "--players", "m-fos"],
        &["meta-policies are for iterated games"],
    );
    refused(
        &["play", "logistic", "--learner", "m-fos"],
        &["meta-policies are for iterated games"],
    );
    refused(&["basins", "--learner", "m-maml"], &["prepares itself for each match"]);
    refused(
        &["stability", "ipd", "--learner", "m-fos"],
        &["prepares itself for each match"],
    );
}

/// What diverges is counted, named, and missing from the table, with an exit code of its own.
#[test]
fn divergence_in_a_league_is_named() {
    let scratch = Scratch::new();
    let output = scratch.run(&[
        "league",
        "bilinear",
        "--players",
        "naive",
        "--rate",
        "1e30",
        "--pairs",
        "4",
        "--json",
    ]);
    let (said, printed) = (text(&output.stderr), text(&output.stdout));
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("naive against naive: 4 of 4 pairs diverged"), "{said}");
    let value: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        (&value["returns"][0][0], &value["diverged"][0][0]),
        (&Value::Null, &json!(4))
    );
}

#[test]
fn stability_tells_what_becomes_of_fixed_points() {
    let scratch = Scratch::new();
    let arguments = [
        "stability",
        "tandem",
        "--learner",
        "lola",
        "sos",
        "--alpha",
        "0.1",
        "--starts",
        "10",
    ];
    let value = scratch.json(&[&arguments[..], &["--figure", "a.svg"]].concat());
    assert_eq!(value["learners"][0]["fates"][0]["fate"], "moved");
    assert_eq!(value["learners"][1]["fates"][0]["fate"], "kept");
    let at = value["learners"][0]["fixed_points"][0]["at"].as_array().unwrap();
    let sum: f64 = at.iter().map(|row| row[0].as_f64().unwrap()).sum();
    assert!((sum - 1.3125).abs() < 1e-6, "{sum}");
    assert!(fs::read_to_string(scratch.path("a.svg")).unwrap().contains("stable"));
    assert!(scratch.succeed(&arguments).contains("keeps the stable"));
    let refused = |arguments: &[&str], words: &[&str]| scratch.fail(&[&["stability"], arguments].concat(), 2, words);
    refused(&["ipd", "--learner", "grim"], &["does not learn"]);
    refused(
        &["ipd", "--learner", "naive", "--figure", "a.svg", "--starts", "1"],
        &["do not form a plane"],
    );
}

/// What a model predicts is held against what comes; what has no horizon or is no meta-value is refused.
#[test]
fn calibrate_compares_predictions_with_outcomes() {
    let scratch = Scratch::new();
    let small = ["--set", "game=tandem", "--set", "batch=8", "--set", "outer=2"];
    scratch.succeed(&[&["train", "logistic", "--set", "hidden=16", "--out", "a"], &small[..]].concat());
    scratch.succeed(&[&["train", "cola", "--out", "c"], &small[..]].concat());
    let value = scratch.json(&[
        "calibrate",
        "a",
        "--gamma",
        "0,0.9",
        "--pairs",
        "8",
        "--figure",
        "a.svg",
    ]);
    let [nothing, far] = [0, 1].map(|k| value["runs"][0]["gammas"][k].clone());
    assert_eq!((nothing["steps"].as_u64(), far["steps"].as_u64()), (Some(1), Some(66)));
    let [predicted, realised, bias] = ["predicted", "realised", "bias"].map(|name| far[name].as_f64().unwrap());
    assert!((predicted - realised - bias).abs() < 1e-12);
    assert_eq!(far["coverage"].as_array().unwrap().len(), 16);
    assert!(far["rank_correlation"].as_f64().is_some_and(|rank| rank.abs() <= 1.0));
    assert!(fs::read_to_string(scratch.path("a.svg")).unwrap().contains("realised"));
    let text = scratch.succeed(&["calibrate", "a", "a", "--gamma", "0.5", "--steps", "3", "--pairs", "4"]);
    assert_eq!(text.matches("rank  below").count(), 2, "{text}");
    let refused = |arguments: &[&str], words: &[&str]| scratch.fail(&[&["calibrate"], arguments].concat(), 2, words);
    refused(&["a", "--gamma", "1"], &["--gamma", "below 1"]);
    refused(&["a", "--gamma", "0.99999"], &["too far ahead", "how many steps"]);
    refused(&["a", "--pairs", "0"], &["--pairs", "at least 1"]);
    refused(&["a", "--steps", "0"], &["--steps"]);
    refused(&["a", "--rate", "nan"], &["--rate"]);
    refused(&["c"], &["COLA's model"]);
}

/// Strategies as opponents: against an unconditional defector a naive learner comes to defect; the best of all responses to
/// tit-for-tat cooperates.
#[test]
fn play_against_strategies_and_exact_responses() {
    let scratch = Scratch::new();
    let play = |learner: &str, against: &str| {
        let value = scratch.json(&[
            "play",
            "ipd",
            "--learner",
            learner,
            "--against",
            against,
            "--pairs",
            "8",
            "--steps",
            "200",
        ]);
        [0, 1].map(|i| value["players"][i]["return_mean"].as_f64().unwrap())
    };
    let [naive, defector] = play("naive", "always-defect");
    assert!(naive < -1.95 && defector > -2.0, "{naive} {defector}");
    assert!(play("naive", "policy:1,1,1,1,1")[0] > -0.1);
    let [held, response] = play("naive", "exact-response");
    assert!(held < -1.8 && response > -2.0, "{held} {response}");
    scratch.fail(
        &["play", "tandem", "--learner", "naive", "--against", "exact-response"],
        2,
        &["iterated games"],
    );
    scratch.fail(
        &["play", "ipd", "--learner", "naive", "--against", "zd:1"],
        2,
        &["--against", "no strategy"],
    );
}
