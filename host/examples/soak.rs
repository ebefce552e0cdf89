//! Trains, evaluates, saves and resumes in a loop, and watches the memory and the open files of this process.
//!
//! ```sh
//! cargo run --release --example soak -- 60 cpu    # minutes, and the engines: cpu, gpu or both
//! ```
//!
//! The exit code is 1 if memory or open files grow: if the second half of the cycles takes more than the first by 5 % and
//! 8 MiB, or by any open file.

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use meva::config::Config;
use meva::cpu::Cpu;
use meva::error::{Error, Result};
use meva::follow::plane::{Grid, ascent, basin};
use meva::follow::{Agent, Learner};
use meva::training::{self, Backend, Run};
use meva_core::game::PlaneGame;

/// What this process holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    kib: u64,
    files: usize,
}

/// Linux alone tells a process this without asking the system for a library.
fn held() -> Result<Held> {
    let unknown = |cause| Error::other(format!("this system does not say what a process holds: {cause}"));
    let status = std::fs::read_to_string("/proc/self/status").map_err(unknown)?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|text| text.split_whitespace().next()?.parse().ok());
    let files = std::fs::read_dir("/proc/self/fd").map_err(unknown)?.count();
    Ok(Held {
        kib: kib.unwrap_or_default(),
        files,
    })
}

/// A run that is trained, and resumed twice from its directory; then agents follow its model.
fn cycle(seed: u64, backend: &Backend) -> Result<()> {
    let runs = std::env::temp_dir().join(format!("meva-soak-{}", std::process::id()));
    let path = runs.join(format!("seed-{seed}"));
    let mut config = Config::preset("logistic")?.with_seed(seed);
    for change in ["hidden=16", "batch=64", "outer=3", "rho=0.9", "bootstrap=semi-gradient"] {
        config.set(change)?;
    }
    let train = |run: Run| training::run(vec![run], backend, |_| {}, &AtomicBool::new(false));
    train(Run::new(&config, &path)?)?.remove(0)?;
    for outer in [6, 9] {
        let run = Run::resume_with(&path, |trainer| {
            trainer.set_outer(outer);
            Ok(())
        })?;
        let finished = train(run)?.remove(0)?;
        let learner = Learner::MetaValue { gamma: 0.95 };
        let agents = Agent::both(learner, Some(&finished.model))?;
        let few = Grid { side: 9, range: 10.0 };
        basin(
            agents,
            &PlaneGame::Logistic,
            Cpu::detect()?,
            few,
            ascent(Some(&finished.model), 50),
        );
    }
    std::fs::remove_dir_all(&path).map_err(|cause| Error::io("remove", &path, cause))
}

fn soak(minutes: f64, backends: &[Backend]) -> Result<bool> {
    let (start, length) = (Instant::now(), Duration::from_secs_f64(60.0 * minutes));
    let mut all = Vec::new();
    let mut told = Duration::ZERO;
    for seed in 0.. {
        for backend in backends {
            cycle(seed, backend)?;
        }
        let now = held()?;
        all.push(now);
        if start.elapsed() > told {
            println!(
                "{:6.1} min, {} cycles: {} KiB, {} files",
                start.elapsed().as_secs_f64() / 60.0,
                all.len(),
                now.kib,
                now.files
            );
            told += length / 20;
        }
        if start.elapsed() > length {
            break;
        }
    }
    // The first tenth of the cycles fills caches and pools.
    let settled = &all[all.len() / 10..];
    let (first, second) = settled.split_at(settled.len() / 2);
    let most = |half: &[Held]| Held {
        kib: half.iter().map(|held| held.kib).max().unwrap_or_default(),
        files: half.iter().map(|held| held.files).max().unwrap_or_default(),
    };
    let (first, second) = (most(first), most(second));
    let grows = second.kib > first.kib + first.kib / 20 && second.kib > first.kib + 8192;
    let flat = !grows && second.files <= first.files;
    println!(
        "{} cycles; at most {} KiB and {} files in the first half, {} KiB and {} files in the second: {}",
        all.len(),
        first.kib,
        first.files,
        second.kib,
        second.files,
        if flat { "flat" } else { "GROWING" }
    );
    Ok(flat)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let minutes = arguments.first().map_or(Some(1.0), |text| text.parse().ok());
    let engines = match arguments.get(1).map_or("cpu", String::as_str) {
        "both" => vec!["cpu", "gpu"],
        one => vec![one],
    };
    let run = || {
        let minutes = minutes.filter(|minutes: &f64| (0.0..=1e6).contains(minutes));
        let minutes = minutes.ok_or_else(|| Error::usage("the first argument is a number of minutes"))?;
        let backends = engines
            .iter()
            .map(|name| Backend::open(name, None))
            .collect::<Result<Vec<_>>>()?;
        soak(minutes, &backends)
    };
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
