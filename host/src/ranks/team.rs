//! One model trained by all ranks: each computes the gradients of its groups of a batch, and all take the same step.
//!
//! Gradients are added up in two exchanges. The parameters are cut into as many segments as there are ranks. First each rank
//! sends every other rank that one's segment of the gradients of its own groups; each adds up its segment in the order of
//! the groups. Then all gather the sums. With `S` bytes of parameters, `G` groups and `R` ranks, a rank sends and receives
//! `(G / R + 1) S (R - 1) / R` bytes an update; gathering every group's gradients would be `(G - G / R) S`.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Ranks;
use crate::cpu;
use crate::cpu::team::{Report, share};

/// Words that a group's report takes in a message.
const REPORT: usize = 4;

/// The ranks as those who train one model.
pub struct Team {
    ranks: Arc<Ranks>,
    /// Nanoseconds spent in exchanges, waiting for others included; bytes sent; updates.
    spent: AtomicU64,
    bytes: AtomicU64,
    updates: AtomicU64,
    ended: AtomicBool,
}

impl Team {
    /// All ranks.
    pub fn new(ranks: Arc<Ranks>) -> Self {
        Team {
            ranks,
            spent: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            updates: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        }
    }

    /// On ranks other than 0: waits until rank 0 begins another outer iteration; `false` once it has ended.
    pub fn goes_on(&self) -> bool {
        let mut word = [0];
        self.ranks.broadcast(&mut word);
        word == [1]
    }

    /// On rank 0: tells the others that there is no other outer iteration.
    pub fn end(&self) {
        if !self.ended.swap(true, Ordering::Relaxed) {
            self.ranks.broadcast(&mut [0]);
        }
    }

    /// What exchanges have cost this rank.
    pub fn cost(&self) -> Cost {
        Cost {
            time: Duration::from_nanos(self.spent.load(Ordering::Relaxed)),
            bytes: self.bytes.load(Ordering::Relaxed),
            updates: self.updates.load(Ordering::Relaxed),
        }
    }

    /// The groups of a rank.
    fn share_of(&self, groups: usize, rank: usize) -> Range<usize> {
        share(groups, rank, self.ranks.size())
    }
}

/// What exchanges have cost a rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The time, waiting for others included.
    pub time: Duration,
    /// Bytes sent to other ranks.
    pub bytes: u64,
    /// In so many updates.
    pub updates: u64,
}

impl Cost {
    /// The cost in words, for a training that took so many seconds.
    pub fn of(&self, seconds: f64) -> String {
        format!(
            "{} updates: {:.1} kB an update sent to other ranks, {:.1} % of the time spent on sending and waiting",
            self.updates,
            self.bytes as f64 / 1e3 / self.updates.max(1) as f64,
            100.0 * self.time.as_secs_f64() / seconds.max(1e-9)
        )
    }
}

impl cpu::team::Team for Team {
    fn begin(&self) {
        if self.ranks.rank() == 0 {
            self.ranks.broadcast(&mut [1]);
        }
    }

    fn share(&self, groups: usize) -> Range<usize> {
        self.share_of(groups, self.ranks.rank())
    }

    fn add_up(
        &self,
        groups: usize,
        own: &[Vec<&[f32]>],
        reports: Vec<Report>,
        total: &mut [&mut [f32]],
    ) -> Vec<Report> {
        let start = Instant::now();
        let (rank, size) = (self.ranks.rank(), self.ranks.size());
        let numbers = total.iter().map(|piece| piece.len()).sum();
        let segment = |rank| share(numbers, rank, size);
        let words: Vec<u32> = reports.iter().flat_map(|report| to_words(*report)).collect();

        // To each rank: this rank's reports, and its segment of the gradients of this rank's groups.
        let flat: Vec<Vec<u32>> = own
            .iter()
            .map(|group| group.iter().copied().flatten().map(|number| number.to_bits()).collect())
            .collect();
        let mut to = Vec::new();
        for to_rank in 0..size {
            to.extend(&words);
            for group in &flat {
                to.extend(&group[segment(to_rank)]);
            }
        }
        let length = |groups: usize, segment: Range<usize>| groups * (REPORT + segment.len());
        let counts: Vec<usize> = (0..size).map(|to| length(own.len(), segment(to))).collect();
        let from_counts: Vec<usize> = (0..size)
            .map(|from| length(self.share_of(groups, from).len(), segment(rank)))
            .collect();
        let mut from = vec![0; from_counts.iter().sum()];
        self.ranks.all_to_all(&to, &counts, &mut from, &from_counts);

        // The sum of this rank's segment, in the order of the groups.
        let (mut all_reports, mut sums) = (Vec::with_capacity(groups), vec![0.0_f32; segment(rank).len()]);
        let mut rest = &from[..];
        for from_rank in 0..size {
            let count = self.share_of(groups, from_rank).len();
            let (words, others) = rest.split_at(count * REPORT);
            all_reports.extend(words.chunks_exact(REPORT).map(of_words));
            let (gradients, others) = others.split_at(count * sums.len());
            if !sums.is_empty() {
                for gradient in gradients.chunks_exact(sums.len()) {
                    for (sum, term) in sums.iter_mut().zip(gradient) {
                        *sum += f32::from_bits(*term);
                    }
                }
            }
            rest = others;
        }

        // All sums.
        let sums: Vec<u32> = sums.into_iter().map(f32::to_bits).collect();
        let counts: Vec<usize> = (0..size).map(|rank| segment(rank).len()).collect();
        let mut all = vec![0; numbers];
        self.ranks.all_gather(&sums, &mut all, &counts);
        let into = total.iter_mut().flat_map(|piece| piece.iter_mut());
        for (sum, word) in into.zip(all) {
            *sum = f32::from_bits(word);
        }

        let own_words = length(own.len(), segment(rank));
        let sent = to.len() - own_words + (size - 1) * sums.len();
        self.bytes.fetch_add(4 * sent as u64, Ordering::Relaxed);
        self.spent
            .fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        self.updates.fetch_add(1, Ordering::Relaxed);
        all_reports
    }
}

fn to_words(Report { loss, lost }: Report) -> [u32; REPORT] {
    let (lane, step) = lost.unwrap_or_default();
    [loss.to_bits(), lost.is_some().into(), lane, step]
}

fn of_words(words: &[u32]) -> Report {
    Report {
        loss: f32::from_bits(words[0]),
        lost: (words[1] != 0).then_some((words[2], words[3])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_come_back_from_messages() {
        for report in [
            Report { loss: 0.5, lost: None },
            Report {
                loss: f32::INFINITY,
                lost: Some((63, 7)),
            },
            Report {
                loss: -0.0,
                lost: Some((0, 0)),
            },
        ] {
            let back = of_words(&to_words(report));
            assert_eq!((back.loss.to_bits(), back.lost), (report.loss.to_bits(), report.lost));
        }
    }
}
