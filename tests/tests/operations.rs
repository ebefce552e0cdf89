//! What must hold for every operation, whatever it computes: lanes have the bits of single trajectories, at drawn cases
//! and at edges; edges stay finite; every quantity in the table belongs to some operation.

use std::any::type_name;
use std::collections::BTreeSet;

use meva_core::Lanes;
use meva_core::kernels::Portable;
use meva_operations::bounds::{Implementation, Quantity};
use meva_operations::cases::{Case, Numbers, by_formula, evaluate, with_room};
use meva_operations::{Domain, Draws, EDGES, Formula, Operation, Packed, Source, Visitor, each};

fn walk(visitor: &mut (impl Visitor + Send)) {
    with_room(|| each::<6, 2, 5>(visitor));
}

/// Calls a function for every operation.
macro_rules! on_each {
    ($visitor:ident, $self:ident, $operation:ident => $body:expr) => {
        impl Visitor for $visitor {
            fn formula<F: Formula>(&mut $self, $operation: &F) {
                $body
            }
            fn operation<O: Operation>(&mut $self, $operation: &O) {
                $body
            }
        }
    };
}

/// Numbers that some trajectory has, by their bits; all NaNs count as the same.
fn bits(numbers: &Numbers) -> Vec<Vec<u64>> {
    let bits = |number: &f64| {
        if number.is_nan() {
            f64::NAN.to_bits()
        } else {
            number.to_bits()
        }
    };
    numbers
        .of_cases
        .iter()
        .map(|case| case.iter().map(bits).collect())
        .collect()
}

fn name<O: Operation>(operation: &O) -> String {
    format!("{} {}", operation.module(), operation.subject())
}

struct InLanes(usize);

impl InLanes {
    fn compare<S: Packed, O: Operation>(&mut self, operation: &O, cases: &[Case]) {
        let alone = evaluate::<S::Real, _, _>(operation, &Portable, cases, &|_| true);
        let lanes = evaluate::<S, _, _>(operation, &Portable, cases, &|_| true);
        for (output, (alone, lanes)) in operation.outputs().iter().zip(alone.iter().zip(&lanes)) {
            self.0 += alone.of_cases.len();
            assert!(
                bits(alone) == bits(lanes),
                "{} {} in {} lanes of {}",
                name(operation),
                output.name,
                S::LANES,
                type_name::<S::Real>()
            );
        }
    }

    fn hold<O: Operation>(&mut self, operation: &O) {
        if operation.has_lanes() {
            let mut cases = Case::edges(operation);
            cases.extend(Case::drawn(operation, 50));
            self.compare::<Lanes<4>, O>(operation, &cases);
            self.compare::<Lanes<4, f64>, O>(operation, &cases);
        }
    }
}

on_each!(InLanes, self, operation => self.hold(operation));

#[test]
fn lanes_have_the_bits_of_a_case_alone() {
    let mut held = InLanes(0);
    walk(&mut held);
    assert!(held.0 > 1000, "{}", held.0);
}

struct AtEdges;

impl AtEdges {
    fn hold<O: Operation>(operation: &O) {
        // Elementary functions have infinity and NaN among their edges; `accuracy` checks the results.
        // HOLA's imagined steps leave the plane of the Logistic Game for regions where its fourth powers overflow in `f32`.
        let overflows = operation.module() == "learner::hola" && operation.subject() == "logistic";
        if operation.module() == "elementary" || overflows {
            return;
        }
        let cases = Case::edges(operation);
        let in_f64 = evaluate::<f64, _, _>(operation, &Portable, &cases, &by_formula);
        let in_f32 = evaluate::<f32, _, _>(operation, &Portable, &cases, &by_formula);
        for (output, numbers) in operation.outputs().iter().zip(in_f64.iter().zip(&in_f32)) {
            if !by_formula(output) {
                continue;
            }
            let all = [numbers.0.all(), numbers.1.all()].concat();
            assert!(!all.is_empty(), "{} gives no {}", name(operation), output.name);
            assert!(
                all.iter().all(|number| number.is_finite()),
                "{} {}: not finite at an edge",
                name(operation),
                output.name
            );
        }
    }
}

on_each!(AtEdges, self, operation => AtEdges::hold(operation));

#[test]
fn edges_stay_finite() {
    walk(&mut AtEdges);
}

/// Every edge of every domain occurs in some case.
#[test]
fn every_edge_is_met() {
    for domain in [Domain::Argument, Domain::Plane, Domain::LogOdds, Domain::Discount] {
        let mut met = BTreeSet::new();
        for case in 0..EDGES {
            let mut numbers = [0.0_f64; 4];
            Source::<f64>::numbers(&mut Draws::new(case), "x", domain, &mut numbers);
            met.extend(numbers.map(f64::to_bits));
        }
        for edge in domain.edges() {
            assert!(met.contains(&edge.to_bits()), "{domain:?}: {edge}");
        }
    }
}

struct Bounds(BTreeSet<Quantity>);

impl Bounds {
    fn hold<O: Operation>(&mut self, operation: &O) {
        let mut names = BTreeSet::new();
        for output in operation.outputs() {
            assert!(
                names.insert(output.name),
                "{} has {} twice",
                name(operation),
                output.name
            );
            self.0.insert(output.quantity);
        }
    }
}

on_each!(Bounds, self, operation => self.hold(operation));

#[test]
fn every_bound_is_finite_and_has_a_reason() {
    let mut found = Bounds(BTreeSet::new());
    walk(&mut found);
    for quantity in found.0 {
        let row = quantity.row();
        assert!(row.amount > 0.0 && !row.reason.is_empty(), "{quantity:?}");
        assert_eq!(row.single.is_finite(), !row.single_reason.is_empty(), "{quantity:?}");
        let bound = quantity.bound(Implementation::F32, None, 1.0, f64::INFINITY);
        assert!(bound.value.is_finite(), "{quantity:?}");
    }
}
