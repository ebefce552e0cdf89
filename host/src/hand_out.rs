//! Work that is handed out: tasks that do not depend on one another, each to whoever is free.
//!
//! Alone, a process has its [threads](on_threads). Of several [`Ranks`], rank 0 hands out the tasks, [to others](over_ranks) as to
//! its own threads, and the others [`serve`] it. They talk in short messages:
//!
//! ```text
//! 0 -> r   Order     carry out a task
//! 0 -> r   Together  take part in something that all ranks do at once
//! 0 -> r   Stop      the user has interrupted: save and answer
//! 0 -> r   End       there is nothing else to do
//! 0 -> 1   Own       what rank 0 is at, should it be lost
//! r -> 0   Note      how far a task is
//! r -> 0   Answer    what came of a task
//! r -> 0   Leaving   this rank was interrupted, and is alive
//! r -> 0   Alive     every second
//! ```

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;
use crate::ranks::Ranks;

/// How often a rank says that it is alive.
const BEAT: Duration = Duration::from_secs(1);
/// How long a rank may be silent: a host that swaps or a network that hiccups recovers in less.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a rank that is interrupted may take to say so. A launcher that ends a job because a rank has died lets the others live
/// for about a second.
const GRACE: Duration = Duration::from_millis(400);
/// The pause between two looks for messages: short beside any task.
const PAUSE: Duration = Duration::from_micros(500);
/// At most so often, how far a task is becomes a message.
const NOTE_EVERY: Duration = Duration::from_millis(200);

/// A list of tasks, in the order in which they are handed out.
pub trait Work: Sync {
    /// How many there are.
    fn tasks(&self) -> usize;

    /// How many tasks like this one a process with so many threads carries out at once.
    fn at_once(&self, task: usize, threads: usize) -> usize;

    /// Carries out a task, on a thread of its own.
    fn carry_out(&self, task: usize);
}

/// Work that other ranks can take part in.
pub trait Spread: Work {
    /// What another rank needs to know to carry out a task.
    fn order(&self, task: usize) -> Value;

    /// Takes note of how far a task is, as another rank says.
    fn note(&self, task: usize, said: Value);

    /// Takes what came of a task on another rank.
    fn answer(&self, task: usize, said: Value);

    /// A task in words.
    fn name(&self, task: usize) -> String;
}

#[derive(Serialize, Deserialize)]
enum Message {
    Order { task: usize, order: Value },
    Together { order: Value },
    Stop,
    End,
    Note { task: usize, said: Value },
    Answer { task: usize, said: Value },
    Own { names: Vec<String> },
    Leaving,
    Alive,
}

impl Message {
    fn send(&self, ranks: &Ranks, to: usize) {
        // Nothing that a message consists of can fail to be written.
        ranks.send(to, &serde_json::to_value(self).unwrap_or_default());
    }

    fn receive(ranks: &Ranks) -> Option<(usize, Self)> {
        let (from, message) = ranks.receive()?;
        Some((from, serde_json::from_value(message).ok()?))
    }
}

/// Carries out tasks on threads of this process until none is left, as many at once as there is room for. Once `interrupt`
/// is set, no other task is started.
///
/// ```
/// use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
/// use meva::hand_out::{Work, on_threads};
///
/// struct Sum(AtomicUsize);
///
/// impl Work for Sum {
///     fn tasks(&self) -> usize {
///         5
///     }
///     fn at_once(&self, _: usize, threads: usize) -> usize {
///         threads
///     }
///     fn carry_out(&self, task: usize) {
///         self.0.fetch_add(task, Ordering::Relaxed);
///     }
/// }
///
/// let sum = Sum(AtomicUsize::new(0));
/// on_threads(&sum, &AtomicBool::new(false));
/// assert_eq!(sum.0.into_inner(), 0 + 1 + 2 + 3 + 4);
/// ```
pub fn on_threads(work: &impl Work, interrupt: &AtomicBool) {
    let threads = rayon::current_num_threads();
    let (end, ended) = channel();
    std::thread::scope(|scope| {
        let (mut next, mut busy) = (0, 0);
        loop {
            while next < work.tasks() && busy < work.at_once(next, threads) && !interrupt.load(Ordering::Relaxed) {
                let (task, told) = (next, Told(end.clone(), next));
                scope.spawn(move || {
                    let _told = told;
                    work.carry_out(task);
                });
                (next, busy) = (next + 1, busy + 1);
            }
            if busy == 0 {
                break;
            }
            // This thread holds a sender, so there is always one.
            let _ = ended.recv();
            busy -= 1;
        }
    });
}

/// What rank 0 knows of a rank.
struct Worker {
    /// What it is at.
    tasks: Vec<usize>,
    heard: Instant,
    leaving: bool,
}

/// Carries out tasks on all ranks, this one included, until none is left. Is called on rank 0, where `interrupt` may be set at any
/// time: then no other task is started, all ranks are told, and what they answer is waited for.
///
/// If a rank is lost, the user is told which one and what it was at, and the job is ended: this function does not return.
pub fn over_ranks(work: &impl Spread, ranks: &Ranks, interrupt: &AtomicBool) {
    let mut workers: Vec<Worker> = (0..ranks.size())
        .map(|_| Worker {
            tasks: Vec::new(),
            heard: Instant::now(),
            leaving: false,
        })
        .collect();
    let lost = std::thread::scope(|scope| {
        let (end, ended) = channel();
        let (say, said) = channel();
        // What is said is heard by a thread of its own: it may take long, and nobody is to wait for it.
        scope.spawn(move || {
            for message in said {
                match message {
                    Message::Note { task, said } => work.note(task, said),
                    Message::Answer { task, said } => work.answer(task, said),
                    _ => {}
                }
            }
        });
        let names = |tasks: &[usize]| -> Vec<String> { tasks.iter().map(|task| work.name(*task)).collect() };
        let mut next = 0;
        let mut stopped: Option<Instant> = None;
        let lost = loop {
            if interrupt.load(Ordering::Relaxed) && stopped.is_none() {
                (1..ranks.size()).for_each(|rank| Message::Stop.send(ranks, rank));
                stopped = Some(Instant::now());
            }
            let own = workers[0].tasks.clone();
            while let Ok(task) = ended.try_recv() {
                workers[0].tasks.retain(|other| *other != task);
            }
            // One task to each rank that has room, and again, so that none has two while another has none.
            let mut taken = stopped.is_none();
            while taken {
                taken = false;
                for (rank, worker) in workers.iter_mut().enumerate() {
                    if next == work.tasks() || worker.tasks.len() >= work.at_once(next, ranks.threads(rank)) {
                        continue;
                    }
                    worker.tasks.push(next);
                    if rank == 0 {
                        let (task, told) = (next, Told(end.clone(), next));
                        scope.spawn(move || {
                            let _told = told;
                            work.carry_out(task);
                        });
                    } else {
                        let order = work.order(next);
                        Message::Order { task: next, order }.send(ranks, rank);
                    }
                    (next, taken) = (next + 1, true);
                }
            }
            if workers[0].tasks != own {
                let names = names(&workers[0].tasks);
                Message::Own { names }.send(ranks, 1);
            }
            let mut quiet = true;
            while let Some((from, message)) = Message::receive(ranks) {
                let worker = &mut workers[from];
                worker.heard = Instant::now();
                worker.leaving |= matches!(message, Message::Leaving);
                if let Message::Answer { task, .. } = message {
                    worker.tasks.retain(|other| *other != task);
                }
                // It is heard as long as this loop lasts.
                let _ = say.send(message);
                quiet = false;
            }
            let lost = missing(&workers, stopped);
            // After an interruption whoever is idle is waited for as well: it may be the one that has gone.
            let idle = workers.iter().all(|worker| worker.tasks.is_empty());
            let all_there = stopped.is_none() || workers[1..].iter().all(|worker| worker.leaving);
            if lost.is_some() || idle && all_there && (next == work.tasks() || stopped.is_some()) {
                break lost;
            }
            if quiet {
                std::thread::sleep(PAUSE);
            }
        };
        if let Some(lost) = lost {
            // At once: whoever ends this job may not wait for what is still being saved here.
            ranks.tell(&gone(ranks, lost, &names(&workers[lost].tasks)));
            interrupt.store(true, Ordering::Relaxed);
        }
        lost
    });
    if lost.is_some() {
        ranks.abort(1);
    }
}

/// A rank from which nothing was heard for too long.
fn missing(workers: &[Worker], stopped: Option<Instant>) -> Option<usize> {
    let late = |worker: &Worker| match stopped {
        Some(at) => at.elapsed() > GRACE && !worker.leaving,
        None => worker.heard.elapsed() > PATIENCE,
    };
    (1..workers.len()).find(|rank| late(&workers[*rank]))
}

/// The error of a rank that has gone.
fn gone(ranks: &Ranks, lost: usize, tasks: &[String]) -> Error {
    let at = match tasks {
        [] => "it had no task".to_owned(),
        tasks => format!("it was at {}", tasks.join(", ")),
    };
    Error::other(format!("{} has gone; {at}", ranks.name(lost)))
        .hint("what was saved is whole: the same command, or --resume, goes on with any number of ranks")
}

/// Tells all other ranks that there is nothing else to do.
pub fn end(ranks: &Ranks) {
    (1..ranks.size()).for_each(|rank| Message::End.send(ranks, rank));
}

/// Lets all other ranks take part in something that is done at once; they are called with this order.
pub fn together(ranks: &Ranks, order: &Value) {
    for rank in 1..ranks.size() {
        Message::Together { order: order.clone() }.send(ranks, rank);
    }
}

/// Does this rank's part of something that all do at once, called `name`, while a thread watches whether all are there: if one
/// is lost, the user is told which one and what it was at, and the job is ended.
pub fn watched<T>(ranks: &Ranks, interrupt: &AtomicBool, name: &str, body: impl FnOnce() -> T) -> T {
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            if let Some(lost) = absent(ranks, interrupt, &done) {
                ranks.tell(&gone(ranks, lost, &[name.to_owned()]));
                ranks.abort(1);
            }
        });
        let _done = Done(&done);
        body()
    })
}

/// A rank that does not say that it is there when all are interrupted; `None` once it is `done`.
fn absent(ranks: &Ranks, interrupt: &AtomicBool, done: &AtomicBool) -> Option<usize> {
    let is_done = || done.load(Ordering::Relaxed);
    while !interrupt.load(Ordering::Relaxed) {
        if is_done() {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
    let since = Instant::now();
    let mut there: Vec<bool> = match ranks.rank() {
        0 => {
            (1..ranks.size()).for_each(|rank| Message::Stop.send(ranks, rank));
            (0..ranks.size()).map(|rank| rank == 0).collect()
        }
        own => {
            Message::Leaving.send(ranks, 0);
            // One of them watches rank 0.
            (0..ranks.size()).map(|rank| rank != 0 || own != 1).collect()
        }
    };
    while !is_done() {
        while let Some((from, message)) = Message::receive(ranks) {
            there[from] |= matches!(message, Message::Leaving | Message::Stop);
        }
        if since.elapsed() > GRACE {
            return there.iter().position(|there| !there);
        }
        std::thread::sleep(PAUSE);
    }
    None
}

/// Serves rank 0 until it says that there is nothing else to do: carries out tasks on threads of their own, as many at once as
/// are ordered, and takes part in what all ranks do `together`. A task is given its order and a way to say how far it is, and
/// returns its answer. `interrupt` is set when rank 0 is interrupted. If rank 0 is lost, one of the others says so.
pub fn serve(
    ranks: &Ranks,
    interrupt: &AtomicBool,
    task: impl Fn(&Value, &(dyn Fn(Value) + Sync)) -> Value + Sync,
    mut take_part: impl FnMut(&Value),
) {
    let (say, said) = channel::<(usize, Option<Value>, Option<Value>)>();
    std::thread::scope(|scope| {
        let mut beat = Instant::now();
        let mut left: Option<Instant> = None;
        let mut stopped = false;
        // What rank 0 is at.
        let mut own = Vec::new();
        let mut noted: BTreeMap<usize, Instant> = BTreeMap::new();
        loop {
            let mut quiet = true;
            while let Some((_, message)) = Message::receive(ranks) {
                quiet = false;
                match message {
                    Message::Order { task: index, order } => {
                        let (say, task) = (say.clone(), &task);
                        scope.spawn(move || {
                            let note = |said| drop(say.send((index, Some(said), None)));
                            let answer = catch_unwind(AssertUnwindSafe(|| task(&order, &note)));
                            drop(say.send((index, None, answer.ok())));
                        });
                    }
                    Message::Together { order } => take_part(&order),
                    Message::Stop => {
                        interrupt.store(true, Ordering::Relaxed);
                        stopped = true;
                    }
                    Message::Own { names } => own = names,
                    Message::End => return,
                    _ => {}
                }
            }
            while let Ok((task, note, answer)) = said.try_recv() {
                quiet = false;
                match (note, answer) {
                    (Some(said), _) => {
                        if noted.get(&task).is_none_or(|last| last.elapsed() >= NOTE_EVERY) {
                            noted.insert(task, Instant::now());
                            Message::Note { task, said }.send(ranks, 0);
                        }
                    }
                    (None, Some(said)) => {
                        noted.remove(&task);
                        Message::Answer { task, said }.send(ranks, 0);
                    }
                    // What it panicked with is on stderr.
                    (None, None) => {
                        ranks.tell(&Error::other(format!(
                            "a task panicked on {}",
                            ranks.name(ranks.rank())
                        )));
                        ranks.abort(101);
                    }
                }
            }
            if interrupt.load(Ordering::Relaxed) && left.is_none() {
                left = Some(Instant::now());
                Message::Leaving.send(ranks, 0);
            }
            if left.is_some_and(|at| at.elapsed() > GRACE) && !stopped && !own.is_empty() {
                ranks.tell(&gone(ranks, 0, &own));
                ranks.abort(1);
            }
            if beat.elapsed() > BEAT {
                beat = Instant::now();
                Message::Alive.send(ranks, 0);
            }
            if quiet {
                std::thread::sleep(PAUSE);
            }
        }
    })
}

/// Tells that a thread is free of a task, in whatever way that ended.
struct Told(Sender<usize>, usize);

impl Drop for Told {
    fn drop(&mut self) {
        // Whoever listened may be gone.
        let _ = self.0.send(self.1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Tasks that note when they start and end.
    struct Noting<'a> {
        room: usize,
        now: Mutex<usize>,
        most: Mutex<usize>,
        started: Mutex<Vec<usize>>,
        interrupt: &'a AtomicBool,
        stop_at: usize,
    }

    impl Work for Noting<'_> {
        fn tasks(&self) -> usize {
            9
        }

        fn at_once(&self, _: usize, _: usize) -> usize {
            self.room
        }

        fn carry_out(&self, task: usize) {
            let now = {
                let mut now = self.now.lock().unwrap();
                *now += 1;
                *now
            };
            {
                let mut most = self.most.lock().unwrap();
                *most = now.max(*most);
            }
            self.started.lock().unwrap().push(task);
            std::thread::sleep(std::time::Duration::from_millis(2));
            if task == self.stop_at {
                self.interrupt.store(true, Ordering::Relaxed);
            }
            *self.now.lock().unwrap() -= 1;
        }
    }

    fn noted(room: usize, stop_at: usize) -> (usize, Vec<usize>) {
        let interrupt = AtomicBool::new(false);
        let work = Noting {
            room,
            now: Mutex::new(0),
            most: Mutex::new(0),
            started: Mutex::default(),
            interrupt: &interrupt,
            stop_at,
        };
        on_threads(&work, &interrupt);
        let mut started = work.started.into_inner().unwrap();
        started.sort_unstable();
        (work.most.into_inner().unwrap(), started)
    }

    #[test]
    fn as_many_tasks_run_at_once_as_there_is_room_for() {
        for room in [1, 3, 20] {
            let (most, started) = noted(room, usize::MAX);
            assert!(most <= room, "{most} at once");
            assert_eq!(started, Vec::from_iter(0..9));
        }
    }

    #[test]
    fn nothing_starts_after_an_interruption() {
        let (_, started) = noted(1, 4);
        assert_eq!(started, [0, 1, 2, 3, 4]);
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_task_that_panics_does_not_leave_the_others_waiting() {
        struct Panics;
        impl Work for Panics {
            fn tasks(&self) -> usize {
                3
            }
            fn at_once(&self, _: usize, _: usize) -> usize {
                1
            }
            fn carry_out(&self, task: usize) {
                assert_ne!(task, 1, "meant to panic");
            }
        }
        on_threads(&Panics, &AtomicBool::new(false));
    }
}
