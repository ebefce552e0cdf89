//! Every operation at its edges and at drawn cases.

use meva_core::Dual;
use meva_core::parameters::Tensor;
use meva_operations::{Draws, EDGES, Formula, OnDuals, Operation, Output, Packed, Sink, Visitor, WithDuals, each};

use crate::bits::{Bits, Fnv};
use crate::{AllKernels, Report, Wide};

/// Digests every operation, with small networks whose hidden units are no multiple of the block size.
pub fn run<K: AllKernels>(kernels: &K, report: &mut Report) {
    each::<6, 2, 5>(&mut Digests { kernels, report });
}

/// How many cases are digested: the only one, or all edges and some of the drawn cases.
fn cases(operation: &impl Operation) -> usize {
    match operation.cases() {
        1 => 1,
        drawn => EDGES + drawn / 16,
    }
}

/// The first case that tangents of dual numbers are drawn from: past all cases of values.
const TANGENTS: usize = 1 << 20;

/// Digests every operation that it visits.
struct Digests<'a, 'b, K> {
    kernels: &'a K,
    report: &'a mut Report<'b>,
}

impl<K: AllKernels> Visitor for Digests<'_, '_, K> {
    fn formula<F: Formula>(&mut self, formula: &F) {
        self.operation(formula);
        let mut digest = Digest::of(formula);
        for case in 0..cases(formula) {
            let mut source = OnDuals::<f32> {
                values: &mut Draws::new(case),
                tangents: &mut Draws::new(TANGENTS + case),
            };
            formula.formula::<Dual<f32>, K>(self.kernels, &mut source, &mut digest);
        }
        digest.report::<Dual<f32>>(formula, self.report);
    }

    fn operation<O: Operation>(&mut self, operation: &O) {
        self.packed::<f32, O>(operation);
        self.packed::<f64, O>(operation);
        self.packed::<Wide, O>(operation);
    }
}

impl<K> Digests<'_, '_, K> {
    fn packed<S: Packed + Bits, O: Operation>(&mut self, operation: &O)
    where
        S::Real: Bits,
        K: WithDuals<S>,
    {
        let mut digest = Digest::of(operation);
        for case in (0..cases(operation)).step_by(S::LANES) {
            operation.evaluate::<S, K>(self.kernels, &mut Draws::new(case), &mut digest);
        }
        digest.report::<S>(operation, self.report);
    }
}

/// The most outputs that an operation has.
const OUTPUTS: usize = 16;

/// A digest for each output of an operation that the core has a formula for.
struct Digest {
    outputs: &'static [Output],
    digests: [Fnv; OUTPUTS],
}

impl Digest {
    fn of(operation: &impl Operation) -> Self {
        let outputs = operation.outputs();
        assert!(outputs.len() <= OUTPUTS, "more outputs than there is room for");
        Digest {
            outputs,
            digests: [Fnv::EMPTY; OUTPUTS],
        }
    }

    fn wanted(&mut self) -> impl Iterator<Item = (&'static Output, &mut Fnv)> {
        let outputs = self.outputs.iter().zip(&mut self.digests);
        outputs.filter(|(output, _)| output.is_by_formula())
    }

    fn take<'a, S: Bits>(&mut self, name: &'static str, numbers: impl IntoIterator<Item = &'a S>) {
        if let Some((_, digest)) = self.wanted().find(|(output, _)| output.name == name) {
            digest.take_all(numbers);
        }
    }

    fn report<S: Bits>(&mut self, operation: &impl Operation, report: &mut Report) {
        for (output, digest) in self.wanted() {
            assert!(*digest != Fnv::EMPTY, "an output that the operation does not give");
            report(
                &[operation.module(), operation.subject(), output.name, S::NAME],
                digest.finish(),
            );
        }
    }
}

impl<S: Bits> Sink<S> for Digest
where
    S::Lane: Bits,
{
    fn wants(&self, name: &'static str) -> bool {
        let mut outputs = self.outputs.iter();
        outputs.any(|output| output.name == name && output.is_by_formula())
    }
    fn numbers(&mut self, name: &'static str, numbers: &[S]) {
        self.take(name, numbers);
    }
    fn sums(&mut self, name: &'static str, sums: &[S::Lane]) {
        self.take(name, sums);
    }
    fn tensor(&mut self, name: &'static str, _: &Tensor, values: &[S::Lane]) {
        self.take(name, values);
    }
}
