//! Who trains which job, and when: threads of this process, a device, or the ranks of an MPI job.

use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::directory::RunDirectory;
use super::job::Job;
use super::message::{Far, Order, Outcome, Place};
use super::run::{Backend, Event, Finished, OnRanks, Parallel, Run, Watch, at_once, side_by_side, stored};
use crate::error::{Error, Kind, Result};
use crate::hand_out::{self, Spread, Work, on_threads, over_ranks, watched};
use crate::ranks::{Ranks, Team};

/// Trains runs to their end and returns the outcome of each, in the order of `jobs`. Runs are saved every ten seconds, and
/// when they end, diverge or are interrupted.
///
/// `report` is called from the training threads, after every outer iteration. Once `interrupt` is set, the runs are
/// saved and stop at the next opportunity; [`Run::resume`] continues them, to the same bits on the same backend.
///
/// # Errors
/// The device failed, or cannot train these runs; the last saved state of every run is kept. A run that diverges, whose files
/// cannot be written, or that had not started when it was interrupted gets an error of its own and does not disturb the others.
pub fn run<J: Into<Job>>(
    jobs: Vec<J>,
    backend: &Backend,
    report: impl Fn(Event<'_>) + Sync,
    interrupt: &AtomicBool,
) -> Result<Vec<Result<Finished>>> {
    let results: Vec<Mutex<Result<Finished>>> = jobs.iter().map(|_| Mutex::new(Err(not_started()))).collect();
    let keep = |index: usize, result| {
        *results[index].lock().unwrap_or_else(PoisonError::into_inner) = result;
    };
    let jobs = jobs.into_iter().map(Into::into).collect();
    carry_out(jobs, backend, &report, interrupt, &keep)?;
    Ok(results
        .into_iter()
        .map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect())
}

/// As [`run`], keeping no outcome after it was reported: so memory is that of the runs that are trained at once, however many
/// there are. What has not started when it is interrupted is not reported.
///
/// # Errors
/// As [`run`].
pub fn run_each(
    jobs: Vec<Job>,
    backend: &Backend,
    report: impl Fn(Event<'_>) + Sync,
    interrupt: &AtomicBool,
) -> Result<()> {
    carry_out(jobs, backend, &report, interrupt, &|_, _| ())
}

fn not_started() -> Error {
    Error::other("the run was interrupted before it started").hint("resume it")
}

fn carry_out(
    jobs: Vec<Job>,
    backend: &Backend,
    report: &(dyn Fn(Event<'_>) + Sync),
    interrupt: &AtomicBool,
    keep: &(dyn Fn(usize, Result<Finished>) + Sync),
) -> Result<()> {
    let (own, on) = match backend {
        Backend::Ranks(on) => (&*on.own, Some(on)),
        own => (own, None),
    };
    let list = List {
        batches: jobs.iter().map(|job| job.config().batch).collect(),
        directories: jobs.iter().map(|job| job.directory().clone()).collect(),
        bundles: match own {
            Backend::Gpu(_) => side_by_side_at_most(jobs.len().div_ceil(on.map_or(1, |on| on.ranks.size())), &jobs),
            _ => (0..jobs.len()).map(|index| index..index + 1).collect(),
        },
        jobs: jobs.into_iter().map(|job| Mutex::new(Some(job))).collect(),
        own,
        on,
        watch: Watch { report, interrupt },
        keep,
        failed: Mutex::new(None),
    };
    match on {
        None => on_threads(&list, interrupt),
        Some(on) if on.parallel == Parallel::Batch => list.together(&on.ranks)?,
        Some(on) => over_ranks(&list, &on.ranks, interrupt),
    }
    list.failed
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .map_or(Ok(()), Err)
}

/// Neighbours that can be trained side by side, so many at most.
fn side_by_side_at_most(most: usize, jobs: &[Job]) -> Vec<Range<usize>> {
    let mut bundles: Vec<Range<usize>> = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        match bundles.last_mut() {
            Some(bundle) if bundle.len() < most && jobs[bundle.start].is_like(job) => bundle.end = index + 1,
            _ => bundles.push(index..index + 1),
        }
    }
    bundles
}

/// Jobs that are handed out, in bundles of those that are trained side by side.
struct List<'a> {
    /// Each until it starts.
    jobs: Vec<Mutex<Option<Job>>>,
    directories: Vec<RunDirectory>,
    batches: Vec<usize>,
    bundles: Vec<Range<usize>>,
    /// What trains runs in this process.
    own: &'a Backend,
    on: Option<&'a OnRanks>,
    watch: Watch<'a>,
    keep: &'a (dyn Fn(usize, Result<Finished>) + Sync),
    /// What ended a whole bundle.
    failed: Mutex<Option<Error>>,
}

impl Work for List<'_> {
    fn tasks(&self) -> usize {
        self.bundles.len()
    }

    fn at_once(&self, task: usize, threads: usize) -> usize {
        match self.own {
            Backend::Gpu(_) => 1,
            _ => at_once(self.batches[self.bundles[task].start], threads),
        }
    }

    fn carry_out(&self, task: usize) {
        let bundle = self.bundles[task].clone();
        if let Backend::Gpu(gpu) = self.own {
            let jobs = bundle.clone().filter_map(|index| Some((index, self.take(index)?)));
            let runs: Result<Vec<Run>> = jobs.map(|(index, job)| job.start(index)).collect();
            match runs.and_then(|runs| side_by_side::train(gpu, runs, &self.watch)) {
                Ok(results) => bundle.zip(results).for_each(|(index, result)| self.end(index, result)),
                Err(error) => self.fail(error),
            }
            return;
        }
        for index in bundle {
            if let Some(job) = self.take(index) {
                self.end(index, job.start(index).and_then(|run| run.train(&self.watch)));
            }
        }
    }
}

impl Spread for List<'_> {
    fn order(&self, task: usize) -> Value {
        // A job that is taken is dropped: another rank is to hold it.
        let jobs = self.bundles[task].clone().filter_map(|index| self.take(index));
        let places: Result<Vec<Place>> = jobs.map(|job| Place::of(&job)).collect();
        places.map_or_else(
            |error| error.json(),
            |jobs| {
                let order = Order {
                    engine: self.own.name().to_owned(),
                    adapter: self.on.and_then(|on| on.adapter.clone()),
                    jobs,
                };
                json!(order)
            },
        )
    }

    fn note(&self, task: usize, said: Value) {
        if let Ok(far) = serde_json::from_value::<Far>(said) {
            (self.watch.report)(Event::Iteration(far.progress(self.bundles[task].start)));
        }
    }

    fn answer(&self, task: usize, said: Value) {
        match serde_json::from_value::<Vec<Outcome>>(said) {
            Ok(outcomes) => {
                for (index, outcome) in self.bundles[task].clone().zip(outcomes) {
                    self.end(index, outcome.finished(self.directories[index].clone()));
                }
            }
            Err(error) => self.fail(Error::other(format!("a rank answered what cannot be read: {error}"))),
        }
    }

    fn name(&self, task: usize) -> String {
        let paths = self.directories[self.bundles[task].clone()].iter();
        let names: Vec<String> = paths.map(|directory| directory.path().display().to_string()).collect();
        names.join(", ")
    }
}

impl List<'_> {
    fn take(&self, index: usize) -> Option<Job> {
        self.jobs[index].lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn end(&self, index: usize, result: Result<Finished>) {
        (self.watch.report)(Event::End(index, &result));
        (self.keep)(index, result);
    }

    fn fail(&self, error: Error) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// Trains one job after the other with all ranks.
    fn together(&self, ranks: &Arc<Ranks>) -> Result<()> {
        for index in 0..self.jobs.len() {
            if self.watch.interrupted() {
                break;
            }
            let Some(job) = self.take(index) else { continue };
            let place = Place::of(&job)?;
            // Once the run is started, what others start from is in its directory.
            let result = job.start(index).and_then(|run| {
                hand_out::together(ranks, &json!(place));
                let team = Arc::new(Team::new(Arc::clone(ranks)));
                let run = run.join(Arc::clone(&team) as _);
                watched(ranks, self.watch.interrupt, &self.name(index), || {
                    let result = run.train(&self.watch);
                    team.end();
                    if let Ok(finished) = &result {
                        log::warn!("{}", team.cost().of(finished.seconds));
                    }
                    result
                })
            });
            self.end(index, result);
        }
        Ok(())
    }
}

/// Trains what rank 0 hands out, until it says that there is nothing else to do. Is called on the other ranks.
pub fn serve(ranks: &Arc<Ranks>, interrupt: &AtomicBool) {
    // What trains runs here stays open from one order to the next.
    let open: Mutex<Option<(String, Backend)>> = Mutex::new(None);
    let train = |order: &Value, note: &(dyn Fn(Value) + Sync)| -> Value {
        let here = |error: Error| match error.kind() {
            Kind::Diverged => error,
            _ => error.at(ranks.name(ranks.rank())),
        };
        let outcomes = Mutex::new(Vec::new());
        let trained = read(order).and_then(|order| {
            let jobs = order.jobs.iter().map(Place::job).collect::<Result<Vec<Job>>>()?;
            outcomes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .resize_with(jobs.len(), || Outcome::from(&Err(not_started())));
            let backend = {
                let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
                match &*open {
                    Some((name, backend)) if *name == order.engine => backend.clone(),
                    _ => {
                        let backend = Backend::open_on(ranks, &order.engine, order.adapter.as_deref())?;
                        *open = Some((order.engine.clone(), backend.clone()));
                        backend
                    }
                }
            };
            let report = |event: Event| {
                if let Event::Iteration(progress) = event {
                    note(json!(Far::from(progress)));
                }
            };
            let keep = |index: usize, result: Result<Finished>| {
                let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                outcomes[index] = Outcome::from(&result.map_err(here));
            };
            carry_out(jobs, &backend, &report, interrupt, &keep)
        });
        let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = trained {
            // Told once for each run: all of them have ended.
            let count = outcomes.len().max(1);
            outcomes = (0..count).map(|_| Outcome::from(&Err(here(error.clone())))).collect();
        }
        json!(outcomes)
    };
    let take_part = |order: &Value| {
        let team = Arc::new(Team::new(Arc::clone(ranks)));
        let followed = serde_json::from_value::<Place>(order.clone())
            .map_err(|error| Error::other(format!("an order cannot be read: {error}")))
            .and_then(|place| {
                let directory = place.directory()?;
                let mut trainer = stored(&directory)?.trainer;
                trainer.set_outer(place.outer());
                trainer.join(Arc::clone(&team) as _);
                let name = directory.path().display().to_string();
                watched(ranks, interrupt, &name, || {
                    while team.goes_on() {
                        match trainer.outer_iteration() {
                            // Rank 0 has the same numbers, and tells of it.
                            Err(error) if error.kind() != Kind::Diverged => return Err(error),
                            _ => {}
                        }
                    }
                    Ok(())
                })
            });
        if let Err(error) = followed {
            // The others wait for what this rank cannot give.
            ranks.tell(&error.at(ranks.name(ranks.rank())));
            ranks.abort(1);
        }
    };
    hand_out::serve(ranks, interrupt, train, take_part);
}

fn read(order: &Value) -> Result<Order> {
    if !order["error"].is_null() {
        return Err(Error::of_json(order));
    }
    serde_json::from_value(order.clone()).map_err(|error| Error::other(format!("an order cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn neighbours_that_differ_in_their_seeds_alone_are_trained_side_by_side() {
        let scratch = tempfile::tempdir().unwrap();
        let job = |name: &str, seed: u64, change: &str| {
            let mut config = Config::preset("logistic").unwrap();
            config.set(change).unwrap();
            Job::new(&config.with_seed(seed), scratch.path().join(name)).unwrap()
        };
        let jobs = [
            job("a", 0, "outer=3"),
            job("b", 1, "outer=3"),
            job("c", 2, "outer=3"),
            job("d", 2, "outer=4"),
            job("e", 3, "outer=4"),
        ];
        assert_eq!(side_by_side_at_most(5, &jobs), [0..3, 3..5]);
        assert_eq!(side_by_side_at_most(2, &jobs), [0..2, 2..3, 3..5]);
        assert_eq!(side_by_side_at_most(5, &[]), []);
    }
}
