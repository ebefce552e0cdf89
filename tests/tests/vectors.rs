//! The formulas compared with external vectors, in `f64`, in `f32`, and in lanes: what `meva check --vectors` shows,
//! checked in every test run. Vectors are in `vectors/` in this crate, or in the folder that the environment variable
//! `MEVA_VECTORS` names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use meva_core::kernels::Portable;
use meva_core::learner::LearnerName;
use meva_core::{Game, Lanes};
use meva_operations::Operation;
use meva_operations::bounds::Implementation;
use meva_operations::cases::with_room;
use meva_operations::json::{self, Item, parse};
use meva_operations::learner::key;
use meva_operations::vectors::{FILES, Judgement, Reader, Vector, judge, read};
use meva_tests::games::{BuiltIn, Visit, visit};

fn folder() -> PathBuf {
    match std::env::var_os("MEVA_VECTORS") {
        Some(folder) => folder.into(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors"),
    }
}

/// How a case's numbers are computed.
#[derive(Clone, Copy)]
enum By {
    F64,
    F32,
    /// The case is in lane 0 of four; the others repeat it with weight 0.
    Lanes,
}

/// Judges every case and keeps the worst for each quantity.
struct Held {
    by: By,
    worst: BTreeMap<&'static str, Judgement>,
    failures: Vec<String>,
    cases: usize,
}

impl Reader for Held {
    fn case<O: Operation>(&mut self, operation: &O, subject: &str, vector: Vector) -> json::Result<()> {
        let judgements = match self.by {
            By::F64 => judge::<f64, _, O>(operation, &Portable, Implementation::F64, vector)?,
            By::F32 => judge::<f32, _, O>(operation, &Portable, Implementation::F32, vector)?,
            By::Lanes => judge::<Lanes<4>, _, O>(operation, &Portable, Implementation::Lanes, vector)?,
        };
        assert!(!judgements.is_empty(), "nothing of {} is compared", operation.module());
        self.cases += 1;
        for judgement in judgements {
            let used = |judgement: &Judgement| judgement.error / judgement.bound.value;
            let name = judgement.quantity.row().name;
            if !judgement.ok() {
                self.failures.push(format!(
                    "{subject} {name}, case {}: {} is off by {:.2e}, {:.0} % of {:.1e} ({})",
                    self.cases,
                    judgement.place,
                    judgement.error,
                    100.0 * used(&judgement),
                    judgement.bound.value,
                    judgement.bound.reason
                ));
            }
            let worst = self.worst.entry(name).or_insert_with(|| judgement.clone());
            if used(&judgement) > used(worst) {
                *worst = judgement;
            }
        }
        Ok(())
    }
}

fn hold(by: By, files: &[&str]) {
    let mut held = Held {
        by,
        worst: BTreeMap::new(),
        failures: Vec::new(),
        cases: 0,
    };
    for file in files {
        let path = folder().join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()));
        let contents = parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        with_room(|| read(file, &contents, &mut held)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    for (name, worst) in &held.worst {
        println!(
            "{name}: {:.2e}, {:.0} % of the bound {:.1e} ({})",
            worst.error,
            100.0 * worst.error / worst.bound.value,
            worst.bound.value,
            worst.place
        );
    }
    assert!(held.cases > 0, "nothing was compared");
    assert!(held.failures.is_empty(), "{}", held.failures.join("\n"));
}

/// A case of the learners that others published.
struct Compared<'a> {
    case: Item<'a>,
    /// How many of each learner's fields agreed.
    counts: BTreeMap<&'static str, usize>,
}

impl Visit for Compared<'_> {
    fn visit<G: Game<N> + BuiltIn, const N: usize>(&mut self, name: &str, game: G) {
        let numbers = |key: &str| self.case.get(key).and_then(|item| item.rows::<N, 2>());
        let x = numbers("x").expect("a joint policy");
        let alpha = self.case.get("alpha").and_then(|item| item.number()).expect("a number");
        for learner in LearnerName::ALL {
            // Not every learner is well-defined everywhere.
            let Some(expected) = self.case.find(key(learner)) else {
                continue;
            };
            let expected = expected.rows::<N, 2>().expect("a field");
            let field = learner.field(alpha, &game, &x);
            let greatest = expected
                .as_flattened()
                .iter()
                .fold(0.0_f64, |most, number| most.max(number.abs()));
            for (got, expected) in field.as_flattened().iter().zip(expected.as_flattened()) {
                assert!(
                    (got - expected).abs() <= PROMISED * greatest,
                    "{learner} in {name} at {x:?}, alpha {alpha}: {got}, expected {expected}"
                );
            }
            *self.counts.entry(key(learner)).or_default() += 1;
        }
    }
}

/// By how much fields may differ, relative to their greatest number.
const PROMISED: f64 = 1e-10;

/// LOLA of 2018, SOS, SGA, consensus optimisation, CGD, the extragradient method and proximal LOLA, by definitions written
/// down for automatic differentiation (`comparators.py`).
#[test]
fn comparators_in_f64() {
    let path = folder().join("comparators.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()));
    let contents = parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let cases = Item::whole(&contents).get("cases").and_then(|cases| cases.items());
    let mut counts = BTreeMap::new();
    for case in cases.unwrap_or_else(|error| panic!("{}: {error}", path.display())) {
        let game = case.get("game").and_then(|game| game.word()).expect("a game");
        let mut compared = Compared { case, counts };
        visit(game, &mut compared);
        counts = compared.counts;
    }
    println!("{counts:?}");
    assert_eq!(counts.len(), 7, "{counts:?}");
    assert!(counts.values().all(|count| *count >= 9), "{counts:?}");
}

macro_rules! vectors {
    ($($name:ident $by:ident $files:expr;)+) => {$(
        #[test]
        fn $name() {
            hold(By::$by, &$files);
        }
    )+};
}

vectors! {
    games_in_f64 F64 ["games.json"];
    games_in_f32 F32 ["games.json"];
    games_in_lanes Lanes ["games.json"];
    learners_in_f64 F64 ["learners.json"];
    learners_in_f32 F32 ["learners.json"];
    learners_in_lanes Lanes ["learners.json"];
    network_in_f64 F64 ["network.json"];
    network_in_f32 F32 ["network.json"];
    network_in_lanes Lanes ["network.json"];
    losses_and_returns_in_f64 F64 ["quantile_huber.json", "lambda_returns.json"];
    losses_and_returns_in_f32 F32 ["quantile_huber.json", "lambda_returns.json"];
    losses_and_returns_in_lanes Lanes ["quantile_huber.json", "lambda_returns.json"];
    adamw_in_f64 F64 ["adamw.json"];
    adamw_in_f32 F32 ["adamw.json"];
    algorithm1_in_f64 F64 ["algorithm1.json"];
    algorithm1_in_f32 F32 ["algorithm1.json"];
    algorithm1_in_lanes Lanes ["algorithm1.json"];
    cola_in_f64 F64 ["cola.json"];
    cola_in_f32 F32 ["cola.json"];
    cola_in_lanes Lanes ["cola.json"];
}

/// A file that is added to the vectors is read.
#[test]
fn every_file_is_read() {
    // `strategies.rs` reads the last, and `comparators_in_f64` the one before.
    let mut known = [&FILES[..], &["comparators.json", "strategies.json"]].concat();
    known.sort_unstable();
    let mut found: Vec<_> = std::fs::read_dir(folder())
        .unwrap_or_else(|error| panic!("listing {}: {error}", folder().display()))
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .filter(|name| name.ends_with(".json"))
        .collect();
    found.sort();
    assert_eq!(found, known);
}

/// One changed number is detected by every implementation.
#[test]
fn a_changed_number_is_found_out() {
    let text = std::fs::read_to_string(folder().join("games.json")).expect("vectors");
    let mut contents = parse(&text).expect("JSON");
    let number = &mut contents["cases"][0]["gradient"][0][0];
    *number = (number.as_f64().expect("a number") + 1e-4).into();
    for by in [By::F64, By::F32, By::Lanes] {
        let mut held = Held {
            by,
            worst: BTreeMap::new(),
            failures: Vec::new(),
            cases: 0,
        };
        read("games.json", &contents, &mut held).expect("a file of vectors");
        assert!(
            held.failures.len() == 1 && held.failures[0].contains("own gradient, case 1"),
            "{:?}",
            held.failures
        );
    }
}
