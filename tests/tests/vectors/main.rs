//! The formulas against vectors from outside, on `f64`, on `f32`, and on lanes.
//!
//! A test computes a case generically. The plain scalars are compared with the vectors under the table's bounds, each lane
//! bit for bit with what `f32` gives for its trajectory alone.

mod algorithm1;
mod cola;
mod games;
mod learners;
mod network;
mod pieces;

/// A file that is added to the vectors is read by a test.
#[test]
fn every_file_is_read() {
    let read = [
        "adamw.json",
        "algorithm1.json",
        "cola.json",
        "games.json",
        "lambda_returns.json",
        "learners.json",
        "network.json",
        "quantile_huber.json",
    ];
    let folder = meva_tests::vectors::folder();
    let mut found: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("listing {}: {e}", folder.display()))
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .filter(|name| name.ends_with(".json"))
        .collect();
    found.sort();
    assert_eq!(found, read);
}
