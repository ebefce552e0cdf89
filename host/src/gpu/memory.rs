//! How much memory a plan takes, and how it is shared where a device binds less than everything at once.
//!
//! What lasts from one update to the next is held for all seeds. What an update computes on the way is held for a *group*
//! of seeds and used again by the next group; within a group, the adjoints from which weight gradients are formed are held for a
//! *slice* of chunks, and so are the inputs of products, unless the roll-out keeps them, for the whole group. Every index in the
//! shaders follows from these sizes, so devices need not check any.

use super::draws::STREAM;
use super::layout::{PARTIAL_REST, STATE_SETS, WEIGHT_COPIES};
use super::plan::Plan;
use crate::error::{Error, Result};

/// Bytes of a number.
const NUMBER: u128 = 4;
/// The most bytes of a buffer that is used again within an update, other than a roll-out's records: what every device binds, and not
/// more than a large GPU keeps near.
const MOST_AT_ONCE: u128 = 128 << 20;
/// The maximum number of updates whose draws and losses are kept on a device.
const MOST_UPDATES: usize = 1024;
/// The maximum number of bytes of draws that are kept on a device.
const MOST_DRAWS: u128 = 32 << 20;

/// The sizes of a plan's buffers, in numbers of 4 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Seeds of a group.
    pub group: usize,
    /// Chunks of a slice, counted across the networks of a group.
    pub slice: usize,
    /// Outer iterations whose draws are held.
    pub outers: usize,
    /// The current policies, which precede what outer iterations start from.
    pub policies: usize,
    /// These, and what each outer iteration starts from.
    pub starts: usize,
    /// The discounts of each update.
    pub gammas: usize,
    /// Parameters, their target, and moments.
    pub state: usize,
    /// Copies of the matrices.
    pub weights: usize,
    /// The generators of each update's episodes, if games are sampled.
    pub streams: usize,
    /// Policies and returns along the trajectories of a group.
    pub path: usize,
    /// Predictions and targets along them.
    pub predictions: usize,
    /// The loss of each trajectory of a group.
    pub trajectory_losses: usize,
    /// Inputs of matrix products, for a slice, or with the tape of the roll-out for a group.
    pub records: usize,
    /// Adjoints of their outputs, for a slice.
    pub deltas: usize,
    /// Adjoints of vectors, for a slice.
    pub vector_sums: usize,
    /// Gradients by chunk, for a group.
    pub partials: usize,
    /// The loss of each update.
    pub losses: usize,
}

/// Trajectories that fill a large GPU: eight for each of its multiprocessors.
const FILLING: u128 = 1024;

/// Numbers of all records of a seed.
fn numbers_recorded(plan: &Plan) -> u128 {
    let sizes = [
        plan.networks,
        plan.chunks(),
        plan.chunk,
        plan.learned(),
        plan.record_rows(),
        2 * plan.layout.shape.hidden,
    ];
    sizes
        .into_iter()
        .fold(1, |product, size| product.saturating_mul(size as u128))
}

impl Memory {
    /// Whether a device that binds at most `limit` bytes can hold all records of a group of seeds that is large enough to fill it.
    pub(super) fn can_record(plan: &Plan, limit: u64) -> bool {
        let enough = FILLING.div_ceil(plan.batch as u128).min(plan.seeds as u128);
        NUMBER.saturating_mul(numbers_recorded(plan)).saturating_mul(enough) <= u128::from(limit)
    }

    /// The sizes on a device that binds at most `limit` bytes, for this many updates per outer iteration.
    ///
    /// # Errors
    /// One seed, or one chunk of a seed, or what all seeds must keep needs more than the device binds. Nothing has been
    /// allocated yet.
    pub fn of(plan: &Plan, updates_per_outer: usize, limit: u64) -> Result<Self> {
        let layout = &plan.layout;
        let [n, h, _, m] = layout.shape.sizes().map(|size| size as u128);
        let limit = u128::from(limit);
        let fits = |what: &str, numbers: u128, hint: &str| -> Result<usize> {
            let bytes = NUMBER.saturating_mul(numbers);
            if bytes <= limit {
                return Ok(numbers as usize);
            }
            Err(Error::usage(format!(
                "{what} would need {} MiB at once, but this GPU binds at most {} MiB",
                bytes.div_ceil(1 << 20),
                limit >> 20
            ))
            .hint(format!("use {hint}, or --engine cpu")))
        };
        let [batch, steps, seeds, networks, updates] = [
            plan.batch,
            plan.stride + 1,
            plan.seeds,
            plan.networks,
            updates_per_outer,
        ]
        .map(|size| size as u128);
        let trajectories = seeds * batch;
        let (len, copy) = (layout.len as u128, layout.copy_len() as u128);

        // COLA draws points for each update, and evaluates them where they are.
        let (of_outer, of_update, steps) = match plan.form {
            None => (trajectories * 2 * plan.draw_len() as u128, trajectories * 2, steps),
            Some(_) => (updates * trajectories * 2 * plan.draw_len() as u128, 0, 0),
        };
        let streams = plan.sampling.map_or(0, |_| trajectories * STREAM as u128);
        let draws = NUMBER * (of_outer + updates * (of_update + streams));
        let outers = (MOST_UPDATES as u128 / updates).min(MOST_DRAWS / draws).max(1);

        // What an update computes on the way, for one seed.
        let path = batch * steps * 2 * (n + 1);
        let predictions = batch * steps * 6 * m;
        let partials = networks * plan.chunks() as u128 * (copy + PARTIAL_REST as u128);
        let smaller = "a smaller `batch` or `stride`";
        fits(
            "predictions along one seed's trajectories",
            predictions.max(path),
            smaller,
        )?;
        fits("one seed's gradients by chunk", partials, smaller)?;
        let at_once = limit.min(MOST_AT_ONCE) / NUMBER;
        let group = (at_once / predictions.max(path).max(partials)).max(1);
        let group = match plan.recorded {
            false => group,
            true => group.min(limit / NUMBER / numbers_recorded(plan)).max(1),
        };
        let group = seeds.div_ceil(seeds.div_ceil(group));

        let chunk = plan.chunk as u128;
        let rows = |rows: usize| chunk * plan.learned() as u128 * rows as u128 * 2 * h;
        let (records, deltas) = (rows(plan.record_rows()), rows(layout.products));
        let vectors = chunk * plan.segments() as u128 * layout.sums.len() as u128 * h;
        fits("the records of one chunk of trajectories", deltas.max(vectors), smaller)?;
        let chunks = group * networks * plan.chunks() as u128;
        let slice = (at_once / deltas.max(vectors)).max(1);
        let slice = chunks.div_ceil(chunks.div_ceil(slice));

        let held = if plan.recorded { chunks } else { slice };
        let records = fits("the records of one seed", held * records, smaller)?;

        let policies = if plan.form.is_none() { trajectories * 2 * n } else { 0 };
        let fewer = "fewer seeds at once or a smaller `batch`";
        Ok(Memory {
            group: group as usize,
            slice: slice as usize,
            outers: outers as usize,
            policies: policies as usize,
            starts: fits("the draws of an outer iteration", policies + outers * of_outer, fewer)?,
            gammas: fits(
                "the discounts of an outer iteration",
                outers * updates * of_update,
                fewer,
            )?,
            streams: fits(
                "the random streams of an outer iteration",
                outers * updates * streams,
                fewer,
            )?,
            state: fits(
                "parameters and moments",
                seeds * networks * STATE_SETS as u128 * len,
                fewer,
            )?,
            weights: fits(
                "the copies of matrices",
                seeds * networks * WEIGHT_COPIES as u128 * copy,
                fewer,
            )?,
            path: (group * path) as usize,
            predictions: (group * predictions) as usize,
            trajectory_losses: (group * batch) as usize,
            records,
            deltas: (slice * deltas) as usize,
            vector_sums: (slice * vectors) as usize,
            partials: (group * partials) as usize,
            losses: fits("the losses of an outer iteration", outers * updates * seeds, fewer)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const DEFAULT: u64 = 128 << 20;

    fn plan(preset: &str, changes: &[&str], seeds: usize) -> (Plan, usize) {
        let mut config = Config::preset(preset).unwrap();
        for change in changes {
            config.set(change).unwrap();
        }
        (Plan::of(&config, seeds).unwrap(), config.updates_per_outer())
    }

    /// However many seeds there are, no buffer is larger than the limit, and groups and slices cover everything.
    #[test]
    fn many_seeds_fit() {
        for preset in ["logistic", "ipd", "imp", "cola", "cola-ipd"] {
            for (seeds, limit) in [(1, DEFAULT), (8, DEFAULT), (32, DEFAULT), (128, 1 << 30)] {
                let (plan, updates) = plan(preset, &[], seeds);
                let memory = Memory::of(&plan, updates, limit).unwrap();
                let largest = [
                    memory.starts,
                    memory.gammas,
                    memory.state,
                    memory.weights,
                    memory.path,
                    memory.predictions,
                    memory.records,
                    memory.deltas,
                    memory.vector_sums,
                    memory.partials,
                ];
                assert!(largest.iter().all(|numbers| 4 * *numbers as u64 <= limit), "{memory:?}");
                assert!((1..=seeds).contains(&memory.group));
                assert!((1..=memory.group * plan.networks * plan.chunks()).contains(&memory.slice));
            }
        }
    }

    /// What is recorded is held for whole groups, of which none exceeds the limit, and only if they are large enough.
    #[test]
    fn records_of_roll_outs_fit() {
        for (preset, seeds, limit, fits) in [
            ("logistic", 1, 1 << 30, true),
            ("logistic", 8, 1 << 30, true),
            ("logistic", 8, DEFAULT, false),
            ("logistic", 128, 1 << 30, true),
            ("ipd", 32, 1 << 30, true),
            ("ipd", 1, DEFAULT, true),
        ] {
            let (plan, updates) = plan(preset, &[], seeds);
            let plan = Plan { recorded: true, ..plan };
            assert_eq!(Memory::can_record(&plan, limit), fits, "{preset} {seeds}");
            let memory = Memory::of(&plan, updates, limit).unwrap();
            assert!(4 * memory.records as u64 <= limit, "{memory:?}");
            let steps = memory.group * plan.networks * plan.batch * plan.learned();
            assert_eq!(
                memory.records,
                steps * plan.record_rows() * 2 * plan.layout.shape.hidden
            );
            assert!(!fits || memory.group * plan.batch >= FILLING as usize || memory.group == seeds);
        }
        let (largest, updates) = plan("logistic", &["batch=4096", "steps=2000"], 1);
        let largest = Plan {
            recorded: true,
            ..largest
        };
        assert!(!Memory::can_record(&largest, 1 << 30));
        let error = Memory::of(&largest, updates, 1 << 30).unwrap_err().to_string();
        assert!(error.contains("the records of one seed would need"), "{error}");
    }

    #[test]
    fn what_cannot_fit_is_refused() {
        for (changes, what) in [
            (
                &["batch=70000"][..],
                "predictions along one seed's trajectories would need",
            ),
            (
                &["batch=1000000000000"],
                "predictions along one seed's trajectories would need",
            ),
            (
                &["steps=4000000000", "stride=4000000000"],
                "predictions along one seed's trajectories would need",
            ),
        ] {
            let (plan, updates) = plan("logistic", changes, 1);
            let error = Memory::of(&plan, updates, DEFAULT).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(what), "{error}");
        }
    }
}
