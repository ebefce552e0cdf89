//! Work shared among the ranks of an MPI job: the bits of a process alone, whatever the number of ranks and whatever happens to
//! one of them.

#![cfg(unix)]

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How often a rank is killed; `MEVA_KILLS` says otherwise.
const KILLS: u32 = 3;
/// What a run is made of, apart from the metrics, which hold times.
const FILES: [&str; 3] = ["config.toml", "model.safetensors", "state.safetensors"];
/// A small run.
const TANDEM: [&str; 12] = [
    "train",
    "logistic",
    "--set",
    "game=tandem",
    "--set",
    "hidden=16",
    "--set",
    "steps=10",
    "--set",
    "stride=10",
    "--set",
    "batch=8",
];

struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        Scratch(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A process alone, or so many ranks, more than there are processors if need be.
    fn command(&self, ranks: usize, arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_meva");
        let mut command = if ranks == 0 {
            Command::new(program)
        } else {
            let mut command = Command::new("mpirun");
            command.args(["--oversubscribe", "-n", &ranks.to_string(), program]);
            command
        };
        self.prepare(&mut command);
        command.args(arguments);
        command
    }

    fn prepare(&self, command: &mut Command) {
        command
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
            .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
            // Containers forbid what this would use.
            .env("OMPI_MCA_btl_vader_single_copy_mechanism", "none");
    }

    fn run(&self, ranks: usize, arguments: &[&str]) -> Output {
        self.command(ranks, arguments).output().expect("mpirun can be started")
    }

    fn succeed(&self, ranks: usize, arguments: &[&str]) -> String {
        let output = self.run(ranks, arguments);
        let said = text(&output.stderr);
        assert!(output.status.success(), "{ranks} ranks, {arguments:?}: {said}");
        text(&output.stdout)
    }

    fn assert_same_run(&self, a: &str, b: &str) {
        for name in FILES {
            let [one, other] = [a, b].map(|run| fs::read(self.path(run).join(name)).unwrap());
            assert!(one == other, "{name} of {a} and {b} differ");
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn with<'a>(arguments: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [arguments, more].concat()
}

#[test]
fn runs_on_ranks_are_those_of_a_process_alone() {
    let scratch = Scratch::new();
    let run = with(&TANDEM, &["--set", "outer=4"]);
    for seed in ["0", "1", "2", "3", "4"] {
        scratch.succeed(0, &with(&run, &["--seed", seed, "--out", &format!("alone-{seed}")]));
    }
    for ranks in [1, 2, 3] {
        let out = format!("on-{ranks}");
        let said = scratch.succeed(ranks, &with(&run, &["--seeds", "0..5", "--json", "--out", &out]));
        let seeds = said.lines().map(|line| {
            let value: Value = serde_json::from_str(line).unwrap();
            assert_eq!(value["outer"], 4);
            value["seed"].as_u64().unwrap()
        });
        let mut seeds: Vec<u64> = seeds.collect();
        seeds.sort_unstable();
        assert_eq!(seeds, [0, 1, 2, 3, 4]);
        for seed in seeds {
            scratch.assert_same_run(&format!("alone-{seed}"), &format!("{out}/seed-{seed}"));
        }
    }
}

/// With more groups than ranks, as many, and fewer; with one network and with two; with a gradient that is clipped; against
/// opponents; and of COLA.
#[test]
fn a_batch_on_ranks_gives_the_bits_of_a_process_alone() {
    let scratch = Scratch::new();
    let imp = [
        "train",
        "imp",
        "--set",
        "hidden=16",
        "--set",
        "residual_blocks=1",
        "--set",
        "quantiles=16",
    ];
    let imp = with(&imp, &["--set", "steps=10", "--set", "batch=130", "--set", "outer=2"]);
    let cola = ["train", "cola", "--set", "batch=200", "--set", "outer=2"];
    let clipped = with(
        &TANDEM[..10],
        &["--set", "batch=300", "--set", "outer=3", "--set", "clip=0.01"],
    );
    let against = with(&imp, &["--set", "opponents=self 1, naive 1, lola 1, tit-for-tat 1"]);
    for (name, run, most) in [
        ("imp", imp, 4),
        ("against", against, 3),
        ("cola", cola.to_vec(), 3),
        ("clipped", clipped, 3),
    ] {
        scratch.succeed(0, &with(&run, &["--out", name]));
        for ranks in 1..=most {
            let out = format!("{name}-{ranks}");
            let share: &[&str] = if ranks == 1 { &[] } else { &["--parallel", "batch"] };
            scratch.succeed(ranks, &[&run[..], share, &["--out", &out]].concat());
            scratch.assert_same_run(name, &out);
        }
    }
}

#[test]
fn a_run_that_diverges_diverges_on_all_ranks() {
    let scratch = Scratch::new();
    let run = with(
        &TANDEM[..10],
        &["--set", "batch=130", "--set", "outer=9", "--set", "eta=1e30"],
    );
    for (ranks, parallel) in [(2, "batch"), (2, "runs")] {
        let output = scratch.run(ranks, &with(&run, &["--parallel", parallel, "--out", parallel]));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(said.contains("training diverged in outer iteration"), "{said}");
    }
    scratch.assert_same_run("batch", "runs");
}

#[test]
fn a_league_on_ranks_is_that_of_a_process_alone() {
    let scratch = Scratch::new();
    let league = [
        "league",
        "ipd",
        "--players",
        "naive",
        "lola:1",
        "tit-for-tat",
        "--pairs",
        "8",
        "--steps",
        "20",
        "--seeds",
        "2",
    ];
    let league = with(&league, &["--json"]);
    let alone = scratch.succeed(0, &league);
    for ranks in [2, 3] {
        assert_eq!(scratch.succeed(ranks, &league), alone, "{ranks} ranks");
    }
    // What all ranks find wrong is told once.
    let output = scratch.run(2, &["league", "ipd", "--players", "nobody"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.matches("unknown player").count(), 1, "{said}");
}

#[test]
fn a_sweep_on_ranks_goes_on_with_another_number_of_ranks() {
    let scratch = Scratch::new();
    let sweep = |eta: &str| {
        let text = format!(
            "preset = \"logistic\"\nseeds = \"0..2\"\n[keys]\ngame = \"tandem\"\nhidden = 16\nsteps = 10\nstride = 10\nbatch = 8\nouter = 3\neta = {eta}\n"
        );
        fs::write(scratch.path("rates.toml"), text).unwrap();
    };
    sweep("[1e-3]");
    scratch.succeed(0, &["sweep", "rates.toml", "--out", "alone"]);
    scratch.succeed(2, &["sweep", "rates.toml", "--out", "on-ranks"]);
    sweep("[1e-3, 3e-4]");
    scratch.succeed(0, &["sweep", "rates.toml", "--out", "alone"]);
    let said = scratch.succeed(3, &["sweep", "rates.toml", "--json", "--out", "on-ranks"]);
    let value: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(value["keys"], serde_json::json!(["eta"]));
    for (point, eta) in value["points"].as_array().unwrap().iter().zip([1e-3, 3e-4]) {
        assert_eq!(point["values"]["eta"], eta);
        for run in point["runs"].as_array().unwrap() {
            assert_eq!(run["finished"], true);
        }
    }
    for run in [
        "eta=0.001/seed-0",
        "eta=0.001/seed-1",
        "eta=0.0003/seed-0",
        "eta=0.0003/seed-1",
    ] {
        scratch.assert_same_run(&format!("alone/{run}"), &format!("on-ranks/{run}"));
    }
}

/// The processes of a job, by rank.
#[cfg(target_os = "linux")]
fn processes(mpirun: &Child, ranks: usize) -> Vec<u32> {
    let of_rank = |rank: usize| {
        let word = format!("OMPI_COMM_WORLD_RANK={rank}");
        let mut entries = fs::read_dir("/proc").unwrap().flatten();
        entries.find_map(|entry| {
            let number: u32 = entry.file_name().to_str()?.parse().ok()?;
            let status = fs::read_to_string(entry.path().join("status")).ok()?;
            let parent = status
                .lines()
                .find_map(|line| line.strip_prefix("PPid:"))?
                .trim()
                .parse::<u32>()
                .ok()?;
            let environment = fs::read(entry.path().join("environ")).ok()?;
            let is_of_rank = environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == word.as_bytes());
            (parent == mpirun.id() && is_of_rank).then_some(number)
        })
    };
    (0..ranks).filter_map(of_rank).collect()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Ranks are killed in turn, at work on runs of their own or on a batch together; what is left on disk goes on to the bits of runs
/// that were left alone.
#[test]
#[cfg(target_os = "linux")]
fn a_rank_that_is_killed_ends_the_job_and_costs_no_run() {
    let kills = std::env::var("MEVA_KILLS").map_or(KILLS, |kills| kills.parse().expect("a number"));
    let scratch = Scratch::new();
    let run = with(
        &TANDEM[..10],
        &["--set", "batch=130", "--set", "outer=600", "--save-every", "0.05"],
    );
    for seed in ["0", "1", "2"] {
        scratch.succeed(
            0,
            &with(&run, &["--seed", seed, "--out", &format!("whole/seed-{seed}")]),
        );
    }
    for kill in 0..kills {
        let ranks = 2 + kill as usize % 2;
        let victim = (1 + kill as usize) % ranks;
        let parallel = if kill % 3 == 2 { "batch" } else { "runs" };
        let out = format!("killed-{kill}");
        let arguments = with(&run, &["--seeds", "0..3", "--parallel", parallel, "--out", &out]);
        let mut mpirun = scratch
            .command(ranks, &arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Once every rank is at work.
        let at_work = if parallel == "runs" { ranks } else { 1 };
        let saved = || {
            (0..3).filter(|seed| {
                scratch
                    .path(&out)
                    .join(format!("seed-{seed}/state.previous.safetensors"))
                    .exists()
            })
        };
        wait_until("all ranks work", || saved().count() >= at_work);
        std::thread::sleep(Duration::from_millis(7 * u64::from(kill)));
        let processes = processes(&mpirun, ranks);
        assert_eq!(processes.len(), ranks);
        assert!(mpirun.try_wait().unwrap().is_none(), "the runs are too short");
        let killed = Command::new("kill")
            .args(["-9", &processes[victim].to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        let output = mpirun.wait_with_output().unwrap();
        let said = text(&output.stderr);
        assert!(!output.status.success(), "{said}");
        let gone = format!("rank {victim} (process {} on ", processes[victim]);
        let told = said
            .lines()
            .find(|line| line.contains(&gone))
            .unwrap_or_else(|| panic!("{gone} is missing in: {said}"));
        assert!(told.contains("has gone; it was at") && told.contains(&out), "{told}");
        for seed in 0..3 {
            let state = scratch.path(&out).join(format!("seed-{seed}/state.safetensors"));
            if state.exists() {
                meva::model::tensors::TensorFile::load(&state).unwrap();
            }
        }
        // With another number of ranks, or alone.
        scratch.succeed([0, 3, 2][kill as usize % 3], &["train", "--resume", &out]);
        for seed in 0..3 {
            scratch.assert_same_run(&format!("whole/seed-{seed}"), &format!("{out}/seed-{seed}"));
        }
        println!("kill {kill}: {told}");
    }
}

/// As on a full disk, because of a limit on the size of files, which one rank has.
#[test]
fn a_disk_that_is_full_on_one_rank_costs_its_run_alone() {
    let scratch = Scratch::new();
    let run = with(
        &TANDEM,
        &[
            "--set",
            "outer=3",
            "--seeds",
            "0..2",
            "--parallel",
            "runs",
            "--out",
            "runs",
        ],
    );
    let program = env!("CARGO_BIN_EXE_meva");
    let limit = "trap '' XFSZ; ulimit -f 36; exec \"$@\"";
    let mut command = Command::new("mpirun");
    scratch.prepare(&mut command);
    command.args(["--oversubscribe", "-n", "1", program]).args(&run);
    command
        .args([":", "-n", "1", "sh", "-c", limit, "sh", program])
        .args(&run);
    let output = command.output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    for words in ["cannot write", "state.safetensors", "rank 1 (process "] {
        assert!(said.contains(words), "{words} is missing in: {said}");
    }
    scratch.succeed(0, &["train", "--resume", "runs"]);
    for seed in ["0", "1"] {
        let out = format!("alone-{seed}");
        scratch.succeed(0, &with(&TANDEM, &["--set", "outer=3", "--seed", seed, "--out", &out]));
        scratch.assert_same_run(&out, &format!("runs/seed-{seed}"));
    }
}

#[test]
fn two_jobs_do_not_train_in_one_directory() {
    let scratch = Scratch::new();
    let long = with(&TANDEM, &["--set", "outer=2000000", "--seeds", "0..2", "--out", "runs"]);
    let mut first = scratch
        .command(2, &long)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("both run", || {
        (0..2).all(|seed| scratch.path(&format!("runs/seed-{seed}/state.safetensors")).exists())
    });
    let again = scratch.run(2, &long);
    let resumed = scratch.run(2, &["train", "--resume", "runs"]);
    let end = Command::new("kill")
        .args(["-TERM", &first.id().to_string()])
        .status()
        .unwrap();
    assert!(end.success());
    first.wait().unwrap();
    for (output, words) in [(again, "is not empty"), (resumed, "is training in")] {
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn what_cannot_be_shared_is_refused() {
    let scratch = Scratch::new();
    let refused = |output: Output, words: &[&str]| {
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        for words in words {
            assert!(said.contains(words), "{words} is missing in: {said}");
        }
    };
    let alone = scratch.run(0, &with(&TANDEM, &["--parallel", "batch"]));
    refused(alone, &["this process is alone", "mpirun -n 4"]);
    let program = env!("CARGO_BIN_EXE_meva");
    let mut command = Command::new("mpirun");
    scratch.prepare(&mut command);
    command
        .args(["--oversubscribe", "-n", "1", program])
        .args(with(&TANDEM, &["--seed", "0"]));
    command
        .args([":", "-n", "1", program])
        .args(with(&TANDEM, &["--seed", "1"]));
    refused(
        command.output().unwrap(),
        &["the same arguments", "--seed 0", "--seed 1", "--seeds A..B"],
    );
    assert!(!scratch.path("runs").exists());
    // What has nothing to share is done once.
    let said = scratch.succeed(2, &["train", "logistic", "--print-config"]);
    assert_eq!(said.matches("preset = ").count(), 1, "{said}");
    let said = scratch.succeed(2, &["basins", "--learner", "naive", "--steps", "2", "--json"]);
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// Without an adapter it prints a note and passes, but with `CI=true` in the environment it fails.
#[test]
#[cfg(feature = "gpu")]
fn ranks_train_on_devices_of_their_own() {
    let (adapters, _) = meva::gpu::device::list();
    if adapters.is_empty() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI must have a driver");
        println!("SKIPPED, not tested: no adapter");
        return;
    }
    let scratch = Scratch::new();
    let run = with(&TANDEM, &["--set", "outer=2", "--seeds", "0..3", "--engine", "gpu"]);
    scratch.succeed(0, &with(&run, &["--out", "alone"]));
    scratch.succeed(2, &with(&run, &["--out", "on-ranks"]));
    for seed in 0..3 {
        scratch.assert_same_run(&format!("alone/seed-{seed}"), &format!("on-ranks/seed-{seed}"));
    }
    let output = scratch.run(2, &with(&run, &["--parallel", "batch", "--out", "batch"]));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("only the CPU engine shares a batch"), "{said}");
}
