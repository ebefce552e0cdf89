//! Runs side by side on a device; they differ only in their seeds.

use std::sync::Arc;
use std::time::Instant;

use super::{Finished, Run, SAVE_EVERY, Watch};
use crate::error::{Error, Kind, Result};
use crate::gpu::Gpu;
use crate::training::fleet::{Fleet, diverged};
use crate::training::trainer::Trainer;

/// Trains all runs at once. A run that diverges ends with an error of its own.
///
/// Trainers hold what was last fetched from the device, so whatever fails, they save a complete state.
pub(in crate::training) fn train(gpu: &Arc<Gpu>, mut runs: Vec<Run>, watch: &Watch) -> Result<Vec<Result<Finished>>> {
    let trainers: Vec<&Trainer> = runs.iter().map(|run| &run.trainer).collect();
    let mut fleet = Fleet::new(gpu, &trainers)?;
    let Some(outer) = trainers.first().map(|trainer| trainer.config().outer) else {
        return Ok(Vec::new());
    };
    let mut ended: Vec<Option<Error>> = runs.iter().map(|_| None).collect();
    for run in &mut runs {
        run.start = Instant::now();
    }
    let save_every = runs.iter().map(|run| run.save_every).min().unwrap_or(SAVE_EVERY);
    let mut saved = Instant::now();
    let mut stop = watch.interrupted();
    while fleet.iteration() < outer && !stop && ended.iter().any(Option::is_none) {
        let first = fleet.iteration();
        let losses = match fleet.advance(outer - first) {
            Ok(losses) => losses,
            Err(error) => {
                runs.iter_mut().try_for_each(Run::save)?;
                return Err(error.at(runs[0].directory.path().display()));
            }
        };
        for (iteration, losses) in (first + 1..).zip(losses) {
            for (run, (ended, loss)) in runs.iter_mut().zip(ended.iter_mut().zip(losses)) {
                if ended.is_some() {
                    continue;
                }
                if loss.is_finite() {
                    run.note(iteration, f64::from(loss), watch)?;
                } else {
                    let error = diverged(iteration, &format!("the loss is {loss}"));
                    *ended = Some(error.at(run.directory.path().display()));
                }
            }
        }
        // Read once: an interruption between two reads would end the loop without a save.
        stop = watch.interrupted();
        let is_due = runs.iter().any(|run| run.is_due(fleet.iteration()));
        if saved.elapsed() > save_every || fleet.iteration() == outer || stop || is_due {
            for (index, (run, ended)) in runs.iter_mut().zip(&mut ended).enumerate() {
                if ended.is_none() {
                    match fleet.store(index, &mut run.trainer) {
                        Err(error) if error.kind() == Kind::Diverged => *ended = Some(error),
                        result => result.map_err(|error| error.at(run.directory.path().display()))?,
                    }
                }
                run.save()?;
                if ended.is_none() && run.is_due(fleet.iteration()) {
                    run.evaluate(watch)?;
                }
            }
            saved = Instant::now();
        }
    }
    let ends = runs.into_iter().zip(ended);
    Ok(ends
        .map(|(run, error)| error.map_or_else(|| Ok(run.end()), Err))
        .collect())
}

#[cfg(all(test, feature = "gpu"))]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use super::*;
    use crate::config::Config;
    use crate::training::directory::{CONFIG, METRICS, MODEL, RunDirectory, STATE};
    use crate::training::run::{Backend, saved};

    /// An adapter. Without one the test prints a note and passes, but with `CI=true` in the environment it fails.
    fn gpu() -> Option<Gpu> {
        match Gpu::open(None) {
            Ok(gpu) => Some(gpu),
            Err(error) => {
                assert!(
                    std::env::var("CI").as_deref() != Ok("true"),
                    "CI must have a driver: {error}"
                );
                println!("SKIPPED, not tested: {error}");
                None
            }
        }
    }

    /// A run with one trajectory: with several, the engines add gradients in different orders.
    fn config() -> Config {
        let mut config = Config::preset("logistic").unwrap();
        for change in ["hidden=16", "batch=1", "steps=4", "stride=2", "outer=2"] {
            config.set(change).unwrap();
        }
        config
    }

    fn begin(path: PathBuf) -> Run {
        Run::begin(Trainer::new(&config()).unwrap(), RunDirectory::create(path).unwrap()).unwrap()
    }

    fn go_on(path: &Path, outer: usize) -> Run {
        let directory = RunDirectory::open(path).unwrap();
        let mut trainer = saved(&directory).unwrap();
        trainer.set_outer(outer);
        Run::go_on(trainer, directory).unwrap()
    }

    fn train(backend: &Backend, run: Run) -> Result<Finished> {
        crate::training::run(vec![run], backend, |_| {}, &AtomicBool::new(false))?.remove(0)
    }

    /// Trains to the end and returns all numbers of the state that is then in the directory.
    fn finish(backend: &Backend, run: Run) -> Vec<u32> {
        let finished = train(backend, run).unwrap();
        let numbers = saved(&finished.directory).unwrap().numbers();
        numbers.iter().map(|number| number.to_bits()).collect()
    }

    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for name in [CONFIG, METRICS, MODEL, STATE] {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }

    /// A run of two outer iterations is extended and fails on a device. The two iterations are kept; resumed from there
    /// on either backend, it ends like a run without a fault.
    fn a_fault_costs_no_run(faulty: Gpu, provoke: impl FnOnce(&Gpu, &Path) + Send, words: &str) {
        let gpu = Backend::Gpu(Arc::new(gpu().unwrap()));
        let scratch = tempfile::tempdir().unwrap();
        let of = |name: &str| scratch.path().join(name);
        let before = finish(&gpu, begin(of("faulty")));
        for backend in [&Backend::Cpu, &gpu] {
            copy(&of("faulty"), &of(&format!("whole-{backend}")));
        }

        let (faulty, path) = (Arc::new(faulty), of("faulty"));
        let error = std::thread::scope(|scope| {
            scope.spawn(|| provoke(&faulty, &path));
            let backend = Backend::Gpu(Arc::clone(&faulty));
            train(&backend, go_on(&path, 20_000)).err().unwrap()
        });
        let text = error.to_string();
        println!("{text}");
        assert_eq!(error.exit_code(), 5);
        let hint = "the last saved state is kept: continue with `meva train --resume DIR`";
        for part in ["the GPU failed: ", words, &*path.to_string_lossy(), hint] {
            assert!(text.contains(part), "{text}");
        }
        let kept = saved(&RunDirectory::open(&path).unwrap()).unwrap();
        assert_eq!(kept.iteration(), 2);
        let kept: Vec<u32> = kept.numbers().iter().map(|number| number.to_bits()).collect();
        assert_eq!(kept, before);

        for backend in [&Backend::Cpu, &gpu] {
            let [resumed, whole] = ["resumed", "whole"].map(|name| of(&format!("{name}-{backend}")));
            copy(&path, &resumed);
            let resumed = finish(backend, go_on(&resumed, 4));
            assert_ne!(resumed, before, "{backend}");
            assert_eq!(resumed, finish(backend, go_on(&whole, 4)), "{backend}");
        }
    }

    #[test]
    fn a_lost_device_costs_no_run() {
        let Some(faulty) = gpu() else { return };
        // In the middle of training: once a row of metrics has been written.
        let provoke = |gpu: &Gpu, path: &Path| {
            let rows = || {
                fs::read_to_string(path.join(METRICS))
                    .unwrap_or_default()
                    .lines()
                    .count()
            };
            let start = Instant::now();
            while rows() <= 3 && start.elapsed() < Duration::from_secs(120) {
                std::thread::sleep(Duration::from_millis(5));
            }
            gpu.destroy();
        };
        a_fault_costs_no_run(faulty, provoke, "lost");
    }

    #[test]
    fn a_device_that_hangs_costs_no_run() {
        let Some(faulty) = gpu() else { return };
        let faulty = faulty.with_patience(Duration::ZERO);
        a_fault_costs_no_run(faulty, |_, _| {}, "no answer in 0ns");
    }
}
