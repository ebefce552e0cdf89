//! What happens while runs are trained, for other tools: lines of JSON, and event files of TensorBoard.
//!
//! A log of JSON has an object on each line, with the `event` that it tells of, the `time` in seconds since 1970, and the `run`:
//!
//! ```text
//! {"event": "start", "time", "run", "seed", "directory", "iteration", "outer", "backend", "machine": {..}, "config": {..}}
//! {"event": "iteration", "time", "run", "seed", "iteration", "loss", "seconds"}
//! {"event": "evaluation", "time", "run", "seed", "iteration", "scores": {"share_in_b_gamma_0.95": 0.5, ..}}
//! {"event": "end", "time", "run", "seed", "iteration", "loss", "seconds", "interrupted", "clipped"}
//! {"event": "error", "time", "run", "seed", "error": {"kind", "what", "place", "hint", "exit_code"}}
//! ```
//!
//! Numbers that are not finite are null.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::job::Job;
use super::run::{Backend, Event};
use crate::config::Config;
use crate::cpu::Cpu;
use crate::error::{Error, Result};
use crate::machine;

/// The name under which TensorBoard finds event files.
const EVENTS: &str = "events.out.tfevents";

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |time| time.as_secs_f64())
}

/// A file that is appended to, made if it is missing.
///
/// # Errors
/// It cannot be opened.
pub fn appended(path: &Path) -> Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.map_err(|cause| Error::io("open", path, cause))
}

/// The configuration as an object of JSON: every key that has an effect.
///
/// # Errors
/// The configuration is not valid.
pub fn config_json(config: &Config) -> Result<Value> {
    let table: toml::Table = config
        .to_toml()?
        .parse()
        .map_err(|error: toml::de::Error| Error::other(error.to_string()))?;
    serde_json::to_value(table).map_err(|error| Error::other(error.to_string()))
}

/// Lines of JSON, appended to a file.
#[derive(Debug)]
pub struct JsonLog {
    path: PathBuf,
    file: File,
    seeds: Vec<u64>,
}

impl JsonLog {
    /// Opens or makes a log, and writes how each run starts.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn start(path: &Path, jobs: &[Job], backend: &Backend) -> Result<Self> {
        let file = appended(path)?;
        let seeds = jobs.iter().map(|job| job.config().seed).collect();
        let mut log = JsonLog {
            path: path.to_path_buf(),
            file,
            seeds,
        };
        let facts = machine::describe(Cpu::detect()?);
        let machine: Map<String, Value> = facts
            .into_iter()
            .map(|(name, fact)| (name.to_owned(), fact.into()))
            .collect();
        for (index, job) in jobs.iter().enumerate() {
            log.write(
                index,
                "start",
                json!({
                    "directory": job.directory().path().display().to_string(),
                    "iteration": job.iteration(),
                    "outer": job.config().outer,
                    "backend": backend.name(),
                    "machine": machine,
                    "config": config_json(job.config())?,
                }),
            )?;
        }
        Ok(log)
    }

    /// Writes an event.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn report(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Iteration(progress) => self.write(
                progress.run,
                "iteration",
                json!({
                    "iteration": progress.iteration,
                    "loss": progress.latest,
                    "seconds": progress.elapsed.as_secs_f64(),
                }),
            ),
            Event::Evaluation(progress, scores) => {
                let scores: Map<String, Value> = scores
                    .iter()
                    .map(|(name, score)| (name.clone(), json!(score)))
                    .collect();
                self.write(
                    progress.run,
                    "evaluation",
                    json!({ "iteration": progress.iteration, "scores": scores }),
                )
            }
            Event::End(run, Ok(finished)) => self.write(
                *run,
                "end",
                json!({
                    "iteration": finished.iterations,
                    "loss": finished.loss,
                    "seconds": finished.seconds,
                    "interrupted": finished.interrupted,
                    "clipped": finished.clipped,
                }),
            ),
            Event::End(run, Err(error)) => self.write(*run, "error", error.json()),
        }
    }

    fn write(&mut self, run: usize, event: &str, mut object: Value) -> Result<()> {
        object["event"] = event.into();
        object["time"] = now().into();
        object["run"] = run.into();
        object["seed"] = self.seeds.get(run).copied().into();
        // One write for each line: a reader sees whole lines.
        self.file
            .write_all(format!("{object}\n").as_bytes())
            .map_err(|cause| Error::io("append to", &self.path, cause))
    }
}

/// An event file of TensorBoard: records of the protocol buffer `tensorflow.Event`, each framed by its length and checksums.
#[derive(Debug)]
pub struct Board {
    path: PathBuf,
    file: File,
}

impl Board {
    /// Starts an event file in a directory.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn start(directory: &Path) -> Result<Self> {
        let time = now();
        let path = directory.join(format!("{EVENTS}.{:.0}.{}.meva", time, std::process::id()));
        let file = appended(&path)?;
        let mut board = Board { path, file };
        let mut event = Message::default();
        event.double(1, time);
        event.bytes(3, b"brain.Event:2");
        board.record(&event)?;
        Ok(board)
    }

    /// Adds a number to a curve.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn scalar(&mut self, name: &str, step: usize, value: f64) -> Result<()> {
        let mut one = Message::default();
        one.bytes(1, name.as_bytes());
        one.float(2, value as f32);
        self.summary(step, &one)
    }

    /// Adds a picture, a PNG file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn image(&mut self, name: &str, step: usize, png: &[u8]) -> Result<()> {
        /// Where a PNG file has its width and its height.
        const SIZE: [usize; 2] = [16, 20];
        /// Red, green, blue and opacity.
        const CHANNELS: u64 = 4;
        let number = |at: usize| png.get(at..).and_then(<[u8]>::first_chunk);
        let [width, height] = SIZE.map(|at| number(at).map_or(0, |bytes| u32::from_be_bytes(*bytes)));
        let mut image = Message::default();
        image.number(1, height.into());
        image.number(2, width.into());
        image.number(3, CHANNELS);
        image.bytes(4, png);
        let mut one = Message::default();
        one.bytes(1, name.as_bytes());
        one.bytes(4, &image.0);
        self.summary(step, &one)
    }

    /// An event with one value.
    fn summary(&mut self, step: usize, value: &Message) -> Result<()> {
        let mut summary = Message::default();
        summary.bytes(1, &value.0);
        let mut event = Message::default();
        event.double(1, now());
        event.number(2, step as u64);
        event.bytes(5, &summary.0);
        self.record(&event)
    }

    fn record(&mut self, event: &Message) -> Result<()> {
        let length = (event.0.len() as u64).to_le_bytes();
        let mut record = length.to_vec();
        record.extend(masked(&length).to_le_bytes());
        record.extend(&event.0);
        record.extend(masked(&event.0).to_le_bytes());
        self.file
            .write_all(&record)
            .map_err(|cause| Error::io("append to", &self.path, cause))
    }
}

/// The logs of runs that are trained together, as far as they are asked for. One that fails says so once, and is then left alone.
#[derive(Debug)]
pub struct Logs {
    lines: Option<JsonLog>,
    /// By run.
    boards: Vec<Option<Board>>,
}

impl Logs {
    /// Starts lines of JSON in the file `lines`, and an event file for TensorBoard in each run's directory.
    ///
    /// # Errors
    /// As [`JsonLog::start`] and [`Board::start`].
    pub fn start(lines: Option<&Path>, tensorboard: bool, jobs: &[Job], backend: &Backend) -> Result<Self> {
        let lines = lines.map(|path| JsonLog::start(path, jobs, backend));
        let board = |job: &Job| tensorboard.then(|| Board::start(job.directory().path())).transpose();
        Ok(Logs {
            lines: lines.transpose()?,
            boards: jobs.iter().map(board).collect::<Result<_>>()?,
        })
    }

    /// Writes an event.
    ///
    /// # Errors
    /// A log cannot be written; it is not tried again.
    pub fn report(&mut self, event: &Event) -> Result<()> {
        if let Some(Err(error)) = self.lines.as_mut().map(|lines| lines.report(event)) {
            self.lines = None;
            return Err(error);
        }
        match event {
            Event::Iteration(progress) => self.on_board(progress.run, |board| {
                board.scalar("loss", progress.iteration, progress.latest)
            }),
            Event::Evaluation(progress, scores) => self.on_board(progress.run, |board| {
                let curve = |name: &str| format!("evaluation/{name}");
                let mut scores = scores.iter();
                scores.try_for_each(|(name, score)| board.scalar(&curve(name), progress.iteration, *score))
            }),
            Event::End(..) => Ok(()),
        }
    }

    /// Shows a picture of a run, a PNG file, on its board.
    ///
    /// # Errors
    /// As [`Board::image`]; it is not tried again.
    pub fn image(&mut self, run: usize, name: &str, step: usize, png: &[u8]) -> Result<()> {
        self.on_board(run, |board| board.image(name, step, png))
    }

    /// Whether runs have boards.
    pub fn has_boards(&self) -> bool {
        self.boards.iter().any(Option::is_some)
    }

    fn on_board(&mut self, run: usize, work: impl FnOnce(&mut Board) -> Result<()>) -> Result<()> {
        let Some(slot) = self.boards.get_mut(run) else {
            return Ok(());
        };
        let Some(Err(error)) = slot.as_mut().map(work) else {
            return Ok(());
        };
        *slot = None;
        Err(error)
    }
}

/// The fields of a protocol buffer.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    /// The number of a field with how it is written: 0 variable length, 1 eight bytes, 2 a length and bytes, 5 four bytes.
    fn key(&mut self, field: u64, wire: u64) {
        self.varint(field << 3 | wire);
    }

    /// Seven bits a byte, the lowest first; the highest bit says that more follow.
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn number(&mut self, field: u64, number: u64) {
        self.key(field, 0);
        self.varint(number);
    }

    fn double(&mut self, field: u64, number: f64) {
        self.key(field, 1);
        self.0.extend(number.to_le_bytes());
    }

    fn float(&mut self, field: u64, number: f32) {
        self.key(field, 5);
        self.0.extend(number.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
    }
}

/// CRC-32C, rotated and offset as event files want it.
fn masked(bytes: &[u8]) -> u32 {
    /// The polynomial of Castagnoli, reflected.
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    /// What is added after the rotation.
    const OFFSET: u32 = 0xa282_ead8;
    let mut sum = !0_u32;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (POLYNOMIAL & (sum & 1).wrapping_neg());
        }
    }
    (!sum).rotate_right(15).wrapping_add(OFFSET)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-32C, e3069283, before the rotation.
    #[test]
    fn checksums_are_those_of_castagnoli() {
        let crc = masked(b"123456789").wrapping_sub(0xa282_ead8).rotate_left(15);
        assert_eq!(crc, 0xe306_9283);
    }

    #[test]
    fn numbers_have_seven_bits_a_byte() {
        let mut message = Message::default();
        message.number(2, 300);
        assert_eq!(message.0, [0x10, 0xac, 0x02]);
    }

    #[test]
    fn records_are_framed() {
        let scratch = tempfile::tempdir().unwrap();
        let mut board = Board::start(scratch.path()).unwrap();
        board.scalar("loss", 3, 0.5).unwrap();
        let bytes = std::fs::read(&board.path).unwrap();
        let (mut rest, mut records) = (&bytes[..], 0);
        while let Some((length, after)) = rest.split_first_chunk::<8>() {
            let (sum, after) = after.split_first_chunk::<4>().unwrap();
            assert_eq!(u32::from_le_bytes(*sum), masked(length));
            let (event, after) = after.split_at(u64::from_le_bytes(*length) as usize);
            let (sum, after) = after.split_first_chunk::<4>().unwrap();
            assert_eq!(u32::from_le_bytes(*sum), masked(event));
            (rest, records) = (after, records + 1);
        }
        assert_eq!(records, 2);
    }
}
