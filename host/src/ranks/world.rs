//! MPI, as far as it is used here: short messages, three collective operations that can be watched, and the end.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mpi::Threading;
use mpi::datatype::{Partition, PartitionMut};
use mpi::environment::{Universe, processor_name};
use mpi::request::{Request, Scope, scope};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// What launchers set in the environment of the processes that they start: Open MPI, MPICH and its descendants, Slurm.
const LAUNCHED: [&str; 4] = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"];
/// The tag of messages.
const MESSAGE: i32 = 1;
/// How long a rank that waits for others looks without pause: longer than an exchange takes, shorter than anybody notices.
const EAGER: Duration = Duration::from_millis(5);
/// The pause afterwards.
const PAUSE: Duration = Duration::from_micros(200);

/// The part that this process takes in an MPI job, if it was started in one. It ends with this value.
pub struct Session {
    universe: Option<Universe>,
    ranks: Option<Arc<Ranks>>,
}

impl Session {
    /// Joins the MPI job that the process was started in; without one it is alone. `threads` is how many threads each rank
    /// is to use; without it, ranks share the processors that they may run on. `tell` shows an error to the user.
    ///
    /// # Errors
    /// MPI cannot be started, or the ranks were not started with the same arguments.
    pub fn start(threads: Option<usize>, tell: fn(&Error)) -> Result<Self> {
        if !LAUNCHED.iter().any(|name| std::env::var_os(name).is_some()) {
            return Ok(Session {
                universe: None,
                ranks: None,
            });
        }
        let (universe, provided) = mpi::initialize_with_threading(Threading::Serialized)
            .ok_or_else(|| Error::other("MPI was started twice in one process"))?;
        if provided < Threading::Serialized {
            return Err(Error::other("this MPI library cannot be used by programs with threads")
                .hint("use a build of it that provides MPI_THREAD_SERIALIZED"));
        }
        let world = universe.world();
        let ranks = (world.size() > 1)
            .then(|| Ranks::of(&world, threads, tell).map(Arc::new))
            .transpose()?;
        Ok(Session {
            universe: Some(universe),
            ranks,
        })
    }

    /// The ranks, if there are several.
    pub fn ranks(&self) -> Option<&Arc<Ranks>> {
        self.ranks.as_ref()
    }

    /// Refuses work that is meant to be shared where it cannot be; here it can.
    ///
    /// # Errors
    /// None.
    pub fn check_alone(&self) -> Result<()> {
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Whoever panics does not wait for the others: they may wait for it.
        if let (Some(universe), true) = (&self.universe, std::thread::panicking()) {
            universe.world().abort(101);
        }
    }
}

/// The ranks of an MPI job, of which this process is one.
pub struct Ranks {
    rank: usize,
    /// By rank: who it is, in words, and how many threads it has.
    all: Vec<(String, usize)>,
    /// Which of how many ranks on this host it is.
    on_host: (usize, usize),
    tell: fn(&Error),
    /// Calls of MPI take turns.
    turn: Mutex<()>,
}

impl Ranks {
    fn of(world: &SimpleCommunicator, threads: Option<usize>, tell: fn(&Error)) -> Result<Self> {
        let neighbours = world.split_shared(world.rank());
        let on_host = (neighbours.rank() as usize, neighbours.size() as usize);
        let arguments: Vec<String> = std::env::args_os()
            .skip(1)
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect();
        let host = processor_name().unwrap_or_else(|_| "a host without a name".into());
        let own = json!({
            "name": format!("rank {} (process {} on {host})", world.rank(), std::process::id()),
            "place": format!("{host}, processors {}", processors()),
            "threads": std::thread::available_parallelism().map_or(1, usize::from),
            "arguments": arguments,
        });
        let said = said_by_all(world, own.to_string().as_bytes());
        let said: Vec<Value> = said
            .iter()
            .map(|bytes| serde_json::from_slice(bytes).unwrap_or_default())
            .collect();
        let rank = world.rank() as usize;
        if let Some(other) = said.iter().position(|other| other["arguments"] != said[0]["arguments"]) {
            let words = |of: &Value| of["arguments"].as_array().map_or_else(String::new, |all| join(all));
            return Err(Error::usage(format!(
                "the ranks of a job must be started with the same arguments: rank 0 has `{}`, rank {other} has `{}`",
                words(&said[0]),
                words(&said[other])
            ))
            .hint(
                "--seeds A..B and `meva sweep` share their runs among ranks; start programs that are apart without MPI",
            ));
        }
        // A launcher that has bound its ranks to processors has divided them already.
        let sharing = |one: &Value| said.iter().filter(|other| other["place"] == one["place"]).count();
        let of_rank = |one: &Value| {
            let name = one["name"].as_str().unwrap_or_default().to_owned();
            let own = one["threads"].as_u64().unwrap_or(1) as usize / sharing(one);
            (name, threads.unwrap_or(own).max(1))
        };
        let all = said.iter().map(of_rank).collect();
        Ok(Ranks {
            rank,
            all,
            on_host,
            tell,
            turn: Mutex::new(()),
        })
    }

    /// Which one this process is, from 0.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// How many there are: at least two.
    pub fn size(&self) -> usize {
        self.all.len()
    }

    /// How many threads a rank has.
    pub fn threads(&self, rank: usize) -> usize {
        self.all[rank].1
    }

    /// Which of the ranks on its host this one is, and how many there are.
    pub fn on_host(&self) -> (usize, usize) {
        self.on_host
    }

    /// A rank in words: its number, process and host.
    pub fn name(&self, rank: usize) -> &str {
        &self.all[rank].0
    }

    /// Shows an error to the user at once.
    pub fn tell(&self, error: &Error) {
        (self.tell)(error);
    }

    /// Sends a message to a rank.
    pub fn send(&self, to: usize, message: &Value) {
        let bytes = message.to_string().into_bytes();
        let _turn = self.turn.lock();
        SimpleCommunicator::world()
            .process_at_rank(to as i32)
            .send_with_tag(&bytes[..], MESSAGE);
    }

    /// A message that has come, and from whom.
    pub fn receive(&self) -> Option<(usize, Value)> {
        let _turn = self.turn.lock();
        let world = SimpleCommunicator::world();
        let found = world.any_process().immediate_matched_probe_with_tag(MESSAGE)?;
        let (bytes, status) = found.matched_receive_vec::<u8>();
        // What is no message says nothing.
        Some((
            status.source_rank() as usize,
            serde_json::from_slice(&bytes).unwrap_or_default(),
        ))
    }

    /// Gives all ranks the numbers of rank 0.
    pub fn broadcast(&self, numbers: &mut [u32]) {
        scope(|scope| {
            let world = SimpleCommunicator::world();
            let root = world.process_at_rank(0);
            let request = {
                let _turn = self.turn.lock();
                root.immediate_broadcast_into(scope, numbers)
            };
            wait(&self.turn, request);
        });
    }

    /// Gives each rank its part of `to`, of the length in `counts`, in the order of ranks; receives the parts of all ranks for
    /// this one, of the lengths in `from_counts`.
    pub fn all_to_all(&self, to: &[u32], counts: &[usize], from: &mut [u32], from_counts: &[usize]) {
        let (counts, starts) = parts(counts);
        let (from_counts, from_starts) = parts(from_counts);
        let to = Partition::new(to, counts, starts);
        let mut from = PartitionMut::new(from, from_counts, from_starts);
        scope(|scope| {
            let world = SimpleCommunicator::world();
            let request = {
                let _turn = self.turn.lock();
                world.immediate_all_to_all_varcount_into(scope, &to, &mut from)
            };
            wait(&self.turn, request);
        });
    }

    /// Gives all ranks the numbers of all, of the lengths in `counts`, in the order of ranks.
    pub fn all_gather(&self, own: &[u32], all: &mut [u32], counts: &[usize]) {
        let (counts, starts) = parts(counts);
        let mut all = PartitionMut::new(all, counts, starts);
        scope(|scope| {
            let world = SimpleCommunicator::world();
            let request = {
                let _turn = self.turn.lock();
                world.immediate_all_gather_varcount_into(scope, own, &mut all)
            };
            wait(&self.turn, request);
        });
    }

    /// Ends all ranks at once.
    pub fn abort(&self, code: u8) -> ! {
        SimpleCommunicator::world().abort(code.into())
    }
}

/// The processors that this process may run on, where the system says so.
fn processors() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let list = lines.find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    list.unwrap_or_default().trim().to_owned()
}

fn join(arguments: &[Value]) -> String {
    let words: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
    words.join(" ")
}

/// Lengths of parts and where they start, as MPI counts.
fn parts(lengths: &[usize]) -> (Vec<i32>, Vec<i32>) {
    let starts = lengths.iter().scan(0, |start, length| {
        let own = *start;
        *start += *length as i32;
        Some(own)
    });
    (lengths.iter().map(|length| *length as i32).collect(), starts.collect())
}

/// What each rank says, by rank.
fn said_by_all(world: &SimpleCommunicator, own: &[u8]) -> Vec<Vec<u8>> {
    let mut lengths = vec![0_u64; world.size() as usize];
    world.all_gather_into(&[own.len() as u64][..], &mut lengths[..]);
    let lengths: Vec<usize> = lengths.into_iter().map(|length| length as usize).collect();
    let mut all = vec![0; lengths.iter().sum()];
    let (counts, starts) = parts(&lengths);
    world.all_gather_varcount_into(own, &mut PartitionMut::new(&mut all[..], counts, starts));
    let mut rest = &all[..];
    let each = lengths.iter().map(|length| {
        let (own, others) = rest.split_at(*length);
        rest = others;
        own.to_vec()
    });
    each.collect()
}

/// Waits until a request is done: eagerly at first, and then without keeping a processor busy.
fn wait<'a, D: ?Sized, S: Scope<'a>>(turn: &Mutex<()>, mut request: Request<'a, D, S>) {
    let start = Instant::now();
    loop {
        let own_turn = turn.lock();
        match request.test() {
            Ok(_) => return,
            Err(again) => request = again,
        }
        drop(own_turn);
        if start.elapsed() < EAGER {
            std::thread::yield_now();
        } else {
            std::thread::sleep(PAUSE);
        }
    }
}
