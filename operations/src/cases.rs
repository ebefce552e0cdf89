//! Cases as plain numbers, and the results of operations for them: on any scalar, from the same inputs.

use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

use meva_core::kernels::Portable;
use meva_core::parameters::Tensor;
use meva_core::{Real, Scalar};

use crate::compare::rms;
use crate::condition::{AMOUNT, Nudge, TRIALS, nudge};
use crate::operation::{Domain, Draws, EDGES, Operation, Output, Packed, Sink, Source, WithDuals};
use crate::stochastic::{Stochastic, deviations};

/// An operation on single numbers, as an object: all of it that is compared with an engine.
///
/// What works on objects is compiled once, and where an operation becomes one is where its formulas are compiled.
pub trait Single: Operation {
    /// Computes it in `f64`.
    fn in_f64(&self, source: &mut dyn Source<f64>, sink: &mut dyn Sink<f64>);
    /// Computes it in `f32`.
    fn in_f32(&self, source: &mut dyn Source<f32>, sink: &mut dyn Sink<f32>);
    /// Computes it in `f32` with random rounding.
    fn in_stochastic(&self, source: &mut dyn Source<Stochastic>, sink: &mut dyn Sink<Stochastic>);
    /// As [`Operation::evaluate_moved`].
    fn moved(&self, nudge: &mut Nudge, source: &mut dyn Source<f64>, sink: &mut dyn Sink<f64>);
}

impl<O: Operation> Single for O {
    fn in_f64(&self, source: &mut dyn Source<f64>, sink: &mut dyn Sink<f64>) {
        self.evaluate(&Portable, source, sink);
    }
    fn in_f32(&self, source: &mut dyn Source<f32>, sink: &mut dyn Sink<f32>) {
        self.evaluate(&Portable, source, sink);
    }
    fn in_stochastic(&self, source: &mut dyn Source<Stochastic>, sink: &mut dyn Sink<Stochastic>) {
        self.evaluate(&Portable, source, sink);
    }
    fn moved(&self, nudge: &mut Nudge, source: &mut dyn Source<f64>, sink: &mut dyn Sink<f64>) {
        self.evaluate_moved(nudge, source, sink);
    }
}

/// The inputs of an operation, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Case {
    inputs: Vec<(String, Vec<f64>)>,
}

fn key(name: &str, tensor: &Tensor) -> String {
    format!("{name}/{tensor}/{}", tensor.first_column)
}

impl Case {
    /// The case that a source provides for an operation when these outputs are wanted.
    pub fn record(operation: &dyn Single, source: &mut dyn Source<f64>, wants: &dyn Fn(&Output) -> bool) -> Self {
        let mut recorder = Recorder {
            source,
            case: Case::default(),
        };
        let mut sink = Collector::new(operation.outputs(), 1, wants);
        operation.in_f64(&mut recorder, &mut sink);
        recorder.case
    }

    /// `count` drawn cases of an operation, without edges.
    pub fn drawn(operation: &dyn Single, count: usize) -> Vec<Self> {
        (EDGES..EDGES + count)
            .map(|case| Case::record(operation, &mut Draws::new(case), &|_| true))
            .collect()
    }

    /// The cases of an operation that consist of edges.
    pub fn edges(operation: &dyn Single) -> Vec<Self> {
        (0..EDGES)
            .map(|case| Case::record(operation, &mut Draws::new(case), &|_| true))
            .collect()
    }

    /// The numbers of an input; `None` if there is no such input.
    pub fn get(&self, name: &str) -> &[f64] {
        self.place(name).map_or(&[], |place| &self.inputs[place].1)
    }

    /// The inputs that belong to given parameters, tensor by tensor.
    pub fn tensors<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a str, &'a [f64])> {
        let start = format!("{name}/");
        let of_name = move |(key, _): &&(String, Vec<f64>)| key.starts_with(&start);
        self.inputs
            .iter()
            .filter(of_name)
            .map(|(key, numbers)| (&**key, &**numbers))
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.inputs.iter().position(|(key, _)| key == name)
    }

    fn push(&mut self, name: &str, numbers: impl Iterator<Item = f64>) {
        match self.place(name) {
            Some(place) => self.inputs[place].1.extend(numbers),
            None => self.inputs.push((name.to_string(), numbers.collect())),
        }
    }

    /// The case with an input moved by `h` times a direction.
    #[must_use]
    pub fn along(&self, name: &str, direction: &[f64], h: f64) -> Self {
        let mut moved = self.clone();
        if let Some(place) = moved.place(name) {
            for (number, v) in moved.inputs[place].1.iter_mut().zip(direction) {
                *number += h * v;
            }
        }
        moved
    }

    /// The case with every input moved, except signs.
    #[must_use]
    pub fn nudged(&self, nudge: &mut Nudge) -> Self {
        let mut moved = self.clone();
        for (name, numbers) in &mut moved.inputs {
            if !name.ends_with("mask") && !name.ends_with("seed") {
                numbers.iter_mut().for_each(|number| *number = nudge.number(*number));
            }
        }
        moved
    }
}

/// Records what another source provides.
struct Recorder<'a> {
    source: &'a mut dyn Source<f64>,
    case: Case,
}

impl Source<f64> for Recorder<'_> {
    fn numbers(&mut self, name: &'static str, domain: Domain, numbers: &mut [f64]) {
        self.source.numbers(name, domain, numbers);
        self.case.push(name, numbers.iter().copied());
    }
    fn reals(&mut self, name: &'static str, domain: Domain, reals: &mut [f64]) {
        self.source.reals(name, domain, reals);
        self.case.push(name, reals.iter().copied());
    }
    fn constants(&mut self, name: &'static str, constants: &mut [f64]) {
        self.source.constants(name, constants);
        self.case.push(name, constants.iter().copied());
    }
    fn tensor(&mut self, name: &'static str, domain: Domain, tensor: &Tensor, values: &mut [f64]) {
        self.source.tensor(name, domain, tensor, values);
        self.case.push(&key(name, tensor), values.iter().copied());
    }
    fn weight(&mut self) -> f64 {
        self.source.weight()
    }
}

/// Provides cases, one per lane; lanes beyond the last repeat the first, with weight 0.
struct Playback<'a> {
    cases: &'a [Case],
    /// How far each input of the first case has been read.
    cursors: Vec<usize>,
}

impl<'a> Playback<'a> {
    fn new(cases: &'a [Case]) -> Self {
        Playback {
            cases,
            cursors: vec![0; cases[0].inputs.len()],
        }
    }

    /// The position at which an input continues; also marks it as read further.
    fn next(&mut self, name: &str, count: usize) -> Option<(usize, usize)> {
        let place = self.cases[0].place(name)?;
        let start = self.cursors[place];
        self.cursors[place] += count;
        Some((place, start))
    }

    /// Shared by all lanes.
    fn shared(&mut self, name: &str, count: usize) -> &'a [f64] {
        let cases = self.cases;
        match self.next(name, count) {
            Some((place, start)) => cases[0].inputs[place].1.get(start..).unwrap_or(&[]),
            None => &[],
        }
    }
}

impl<S: Packed> Source<S> for Playback<'_> {
    fn numbers(&mut self, name: &'static str, _: Domain, numbers: &mut [S]) {
        let Some((place, start)) = self.next(name, numbers.len()) else {
            return;
        };
        for lane in 0..S::LANES {
            let case = self.cases.get(lane).unwrap_or(&self.cases[0]);
            for (number, value) in numbers.iter_mut().zip(&case.inputs[place].1[start..]) {
                number.set_lane(lane, S::Real::round(*value));
            }
        }
    }
    fn reals(&mut self, name: &'static str, _: Domain, reals: &mut [S::Real]) {
        let shared = self.shared(name, reals.len());
        for (real, value) in reals.iter_mut().zip(shared) {
            *real = S::Real::round(*value);
        }
    }
    fn constants(&mut self, name: &'static str, constants: &mut [f64]) {
        let shared = self.shared(name, constants.len());
        for (constant, value) in constants.iter_mut().zip(shared) {
            *constant = *value;
        }
    }
    fn tensor(&mut self, name: &'static str, _: Domain, tensor: &Tensor, values: &mut [S::Real]) {
        let shared = self.shared(&key(name, tensor), values.len());
        for (to, value) in values.iter_mut().zip(shared) {
            *to = S::Real::round(*value);
        }
    }
    fn weight(&mut self) -> S {
        let mut weight = S::ZERO;
        for lane in 0..S::LANES.min(self.cases.len()) {
            weight.set_lane(lane, <S::Real as Scalar>::ONE);
        }
        weight
    }
}

/// The numbers of one output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// Of each case, if cases have outputs of their own.
    pub of_cases: Vec<Vec<f64>>,
    /// Summed over all cases.
    pub sums: Vec<f64>,
    /// The tensors that the sums consist of, if any.
    pub tensors: Vec<Tensor>,
}

impl Numbers {
    /// All numbers, case by case.
    pub fn all(&self) -> Vec<f64> {
        self.of_cases.iter().flatten().chain(&self.sums).copied().collect()
    }
}

/// Collects the results of an operation for a group of cases.
struct Collector<'a> {
    outputs: &'a [Output],
    wanted: Vec<bool>,
    held: usize,
    numbers: Vec<Numbers>,
}

impl<'a> Collector<'a> {
    fn new(outputs: &'a [Output], held: usize, wants: &dyn Fn(&Output) -> bool) -> Self {
        Collector {
            outputs,
            wanted: outputs.iter().map(wants).collect(),
            held,
            numbers: vec![Numbers::default(); outputs.len()],
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        let place = self.outputs.iter().position(|output| output.name == name);
        assert!(place.is_some(), "`{name}` is not among the operation's outputs");
        place.filter(|place| self.wanted[*place])
    }
}

impl<S: Packed> Sink<S> for Collector<'_> {
    fn wants(&self, name: &'static str) -> bool {
        self.place(name).is_some()
    }
    fn numbers(&mut self, name: &'static str, numbers: &[S]) {
        let Some(place) = self.place(name) else { return };
        let of_cases = &mut self.numbers[place].of_cases;
        of_cases.resize(self.held, Vec::new());
        for (lane, of_case) in of_cases.iter_mut().enumerate() {
            of_case.extend(numbers.iter().map(|number| number.lane(lane).to_f64()));
        }
    }
    fn sums(&mut self, name: &'static str, sums: &[S::Lane]) {
        let Some(place) = self.place(name) else { return };
        self.numbers[place].sums.extend(sums.iter().map(|sum| sum.to_f64()));
    }
    fn tensor(&mut self, name: &'static str, tensor: &Tensor, values: &[S::Lane]) {
        let Some(place) = self.place(name) else { return };
        self.numbers[place].tensors.push(*tensor);
        self.numbers[place]
            .sums
            .extend(values.iter().map(|value| value.to_f64()));
    }
}

/// The results of an operation for cases, output by output; empty for outputs that are not wanted.
pub fn evaluate<S: Packed, K: WithDuals<S>, O: Operation>(
    operation: &O,
    kernels: &K,
    cases: &[Case],
    wants: &dyn Fn(&Output) -> bool,
) -> Vec<Numbers> {
    gather(operation.outputs(), cases, wants, &mut |source, sink| {
        operation.evaluate::<S, K>(kernels, source, sink);
    })
}

/// As [`evaluate`], in `f64`.
pub fn in_f64(operation: &dyn Single, cases: &[Case], wants: &dyn Fn(&Output) -> bool) -> Vec<Numbers> {
    gather(operation.outputs(), cases, wants, &mut |source, sink| {
        operation.in_f64(source, sink);
    })
}

/// As [`evaluate`], in `f32`.
pub fn in_f32(operation: &dyn Single, cases: &[Case], wants: &dyn Fn(&Output) -> bool) -> Vec<Numbers> {
    gather(operation.outputs(), cases, wants, &mut |source, sink| {
        operation.in_f32(source, sink);
    })
}

/// Evaluates an operation once.
type Run<'a, S> = dyn FnMut(&mut dyn Source<S>, &mut dyn Sink<S>) + 'a;

fn gather<S: Packed>(
    outputs: &[Output],
    cases: &[Case],
    wants: &dyn Fn(&Output) -> bool,
    run: &mut Run<S>,
) -> Vec<Numbers> {
    let mut all = vec![Numbers::default(); outputs.len()];
    for group in cases.chunks(S::LANES) {
        let mut collector = Collector::new(outputs, group.len(), wants);
        run(&mut Playback::new(group), &mut collector);
        for (all, numbers) in all.iter_mut().zip(collector.numbers) {
            all.of_cases.extend(numbers.of_cases);
            if all.sums.is_empty() {
                (all.sums, all.tensors) = (numbers.sums, numbers.tensors);
            } else {
                // As an implementation adds up the gradients of its groups: in numbers of its own.
                let own = <S::Real as Real>::round;
                let add = |(all, sum): (&mut f64, f64)| *all = (own(*all) + own(sum)).to_f64();
                all.sums.iter_mut().zip(numbers.sums).for_each(add);
            }
        }
    }
    all
}

/// The outputs that an operation computes by its own formulas.
pub fn by_formula(output: &Output) -> bool {
    output.is_by_formula()
}

/// The [sensitivity](crate::condition::sensitivities) of each wanted output; 0 for the others.
pub fn sensitivities(operation: &dyn Single, cases: &[Case], wants: &dyn Fn(&Output) -> bool) -> Vec<f64> {
    crate::condition::sensitivities(&|nudge| all(&moved(operation, cases, wants, nudge)))
}

/// How far the wanted outputs of a case move when its inputs and intermediate results move: the root mean square of each.
pub fn conditions(operation: &dyn Single, case: &Case, wants: &dyn Fn(&Output) -> bool) -> Vec<f64> {
    let case = core::slice::from_ref(case);
    let still = all(&moved(operation, case, wants, &mut nudge(0.0, 0)));
    let mut largest = vec![0.0; still.len()];
    for trial in 0..TRIALS {
        let moved = all(&moved(operation, case, wants, &mut nudge(AMOUNT, trial)));
        for (largest, (moved, still)) in largest.iter_mut().zip(moved.iter().zip(&still)) {
            if !still.is_empty() {
                let differences: Vec<f64> = moved.iter().zip(still).map(|(a, b)| (a - b) / AMOUNT).collect();
                *largest = f64::max(*largest, rms(&differences));
            }
        }
    }
    largest
}

fn moved(operation: &dyn Single, cases: &[Case], wants: &dyn Fn(&Output) -> bool, nudge: &mut Nudge) -> Vec<Numbers> {
    let cases: Vec<Case> = cases.iter().map(|case| case.nudged(nudge)).collect();
    gather(operation.outputs(), &cases, wants, &mut |source, sink| {
        operation.moved(nudge, source, sink);
    })
}

/// The largest error of each output in the given number of runs with random rounding.
pub fn stray(
    operation: &dyn Single,
    cases: &[Case],
    runs: u64,
    reference: &[Numbers],
    wants: &dyn Fn(&Output) -> bool,
) -> Vec<f64> {
    deviations(runs, &all(reference), &|| {
        all(&gather(operation.outputs(), cases, wants, &mut |source, sink| {
            operation.in_stochastic(source, sink);
        }))
    })
}

/// All numbers, output by output.
pub fn all(outputs: &[Numbers]) -> Vec<Vec<f64>> {
    outputs.iter().map(Numbers::all).collect()
}

/// Runs something with a stack that is large enough for every operation: operations keep their working memory there,
/// since bare metal has no heap.
///
/// # Panics
/// If `work` panics, or if there is no memory for a thread.
pub fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    const STACK: usize = 256 << 20;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        match thread.expect("a thread can be started").join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::OfGame;
    use meva_core::Lanes;
    use meva_core::game::{GameName, IteratedMatrix};

    const IPD: OfGame<IteratedMatrix> = OfGame {
        name: GameName::Ipd,
        module: "game::iterated_matrix",
        game: IteratedMatrix::PRISONERS_DILEMMA,
    };

    /// An incomplete last group returns only as many numbers as it has cases, and lanes give the same as single cases.
    #[test]
    fn lanes_give_what_cases_give() {
        let cases = Case::drawn(&IPD, 5);
        let alone = evaluate::<f32, _, _>(&IPD, &Portable, &cases, &|_| true);
        let lanes = evaluate::<Lanes<4>, _, _>(&IPD, &Portable, &cases, &|_| true);
        assert_eq!(alone, lanes);
        assert_eq!(alone[0].of_cases.len(), 5);
    }

    /// A payoff that is off by one part in 100 000 is detected despite rounding.
    #[test]
    fn a_payoff_slightly_off_is_seen() {
        let mut wrong = IPD;
        wrong.game.payoffs[0][0] *= 1.0 + 1e-5;
        let cases = Case::drawn(&IPD, 64);
        let reference = evaluate::<f64, _, _>(&IPD, &Portable, &cases, &by_formula);
        let stray = stray(&IPD, &cases, 4, &reference, &by_formula);
        let error = |operation: &OfGame<IteratedMatrix>| {
            // The payoffs are inputs of a case, and the wrong game has its own.
            let cases = Case::drawn(operation, 64);
            let got = evaluate::<f32, _, _>(operation, &Portable, &cases, &by_formula);
            crate::compare::relative_error(&got[0].all(), &reference[0].all())
        };
        assert!(error(&IPD) <= 1.5 * stray[0]);
        assert!(error(&wrong) > 1.5 * stray[0]);
    }

    #[test]
    #[should_panic(expected = "not among the operation's outputs")]
    fn outputs_without_a_row_are_found_out() {
        Sink::<f64>::wants(&Collector::new(IPD.outputs(), 1, &|_| true), "gradeint");
    }
}
