//! Classic strategies and exact best responses compared with exact rational numbers, to 1e-12.

use meva_core::game::IteratedMatrix;
use meva_core::strategy::{Strategy, StrategyName, best_response};
use meva_core::{Game, Player};
use serde_json::Value;

const GAME: IteratedMatrix = IteratedMatrix::PRISONERS_DILEMMA;
const PROMISED: f64 = 1e-12;

fn vectors() -> Value {
    let folder = std::env::var_os("MEVA_VECTORS").map_or(
        concat!(env!("CARGO_MANIFEST_DIR"), "/vectors").into(),
        std::path::PathBuf::from,
    );
    let path = folder.join("strategies.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()));
    serde_json::from_str(&text).expect("strategies.json is JSON")
}

fn named(name: &Value) -> Strategy {
    let name = name.as_str().expect("a name");
    name.parse::<StrategyName>()
        .expect("a strategy of ours")
        .probabilities()
}

fn close(what: &str, got: f64, expected: &Value) {
    let expected = expected.as_f64().expect("a number");
    assert!((got - expected).abs() <= PROMISED, "{what}: {got}, expected {expected}");
}

/// The file's own probabilities are ours, all ten.
#[test]
fn policies() {
    let vectors = vectors();
    let policies = vectors["policies"].as_object().expect("policies by name");
    assert_eq!(policies.len(), StrategyName::ALL.len());
    for (name, probabilities) in policies {
        let ours = named(&Value::String(name.clone()));
        for (ours, fraction) in ours.iter().zip(probabilities.as_array().expect("five fractions")) {
            let fraction = fraction.as_str().expect("a fraction");
            let (over, under) = fraction.split_once('/').unwrap_or((fraction, "1"));
            let expected = over.parse::<f64>().unwrap() / under.parse::<f64>().unwrap();
            assert!(
                (ours - expected).abs() <= f64::EPSILON,
                "{name}: {ours}, expected {fraction}"
            );
        }
    }
}

#[test]
fn values() {
    let vectors = vectors();
    let values = vectors["values"].as_array().expect("values");
    assert_eq!(values.len(), StrategyName::ALL.len() * StrategyName::ALL.len());
    for case in values {
        let pair = [named(&case["a"]), named(&case["b"])];
        let what = format!("{} against {}", case["a"], case["b"]);
        // As log-odds, certain actions are infinite; values stay exact.
        let log_odds = pair.map(|row| row.map(|p: f64| (p / (1.0 - p)).ln()));
        for i in 0..2 {
            close(&what, GAME.value_of_probabilities(&pair)[i], &case["value"][i]);
            close(&what, GAME.value(&log_odds)[i], &case["value"][i]);
        }
    }
}

#[test]
fn best_responses() {
    let vectors = vectors();
    let cases = vectors["best_response"].as_object().expect("best responses by name");
    assert_eq!(cases.len(), StrategyName::ALL.len());
    for (name, case) in cases {
        let held = named(&Value::String(name.clone()));
        for player in Player::BOTH {
            let found = best_response(&GAME, player, &held);
            close(
                &format!("the best response to {name}"),
                found.response,
                &case["response"],
            );
            close(&format!("what it leaves {name}"), found.held, &case["held"]);
        }
    }
}
