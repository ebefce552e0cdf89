//! The outcomes of learners, as a checked table: any change to it is a change of results.

use meva::config::Config;
use meva::cpu::Cpu;
use meva::follow::plane::{self, Grid};
use meva::follow::{Agent, Learner};
use meva::training::trainer::Trainer;
use meva_core::game::PlaneGame;
use meva_core::learner::LearnerName;

/// How many cells of the published grid lead to B in the Logistic Game (Figure 2b): 29 x 29 starts on [-10, 10]^2,
/// learning rate 1, 200 steps.
fn cells_in_b(name: LearnerName, alpha: f64) -> usize {
    let agents = Agent::both(Learner::Formula { name, alpha }, None).unwrap();
    let cpu = Cpu::detect().unwrap();
    let basin = plane::basin(
        agents,
        &PlaneGame::Logistic,
        cpu,
        Grid::PUBLISHED,
        plane::ascent(None, 200),
    );
    assert_eq!(basin.cells.len(), 841);
    basin.count()
}

/// Learner, length of its imagined step, number of cells according to an independent implementation in `f64`, and how
/// many more or fewer are allowed.
///
/// Under naive learning, starts on the anti-diagonal stay on it until rounding decides where they go: any count from
/// 405 to 427 is correct. The others may differ by one cell. LOLA at 20 is chaotic near the edge of its basin: the
/// starts (3, 24) and (24, 3) of the grid lead to B in exact arithmetic, and elsewhere if they are moved by 1e-15.
const CELLS_IN_B: [(LearnerName, f64, usize, usize); 7] = [
    (LearnerName::Naive, 0.0, 416, 11),
    (LearnerName::Lola, 1.0, 445, 1),
    (LearnerName::Lola, 10.0, 435, 1),
    (LearnerName::Lola, 20.0, 509, 1),
    (LearnerName::Hola2, 1.0, 451, 1),
    (LearnerName::Hola2, 10.0, 466, 1),
    (LearnerName::Hola2, 20.0, 208, 1),
];

#[test]
fn basins_of_the_logistic_game() {
    let mut wrong = Vec::new();
    for (learner, alpha, expected, allowed) in CELLS_IN_B {
        let cells = cells_in_b(learner, alpha);
        println!(
            "{:>6} {alpha:>4}: {cells} of 841, expected {expected} +- {allowed}",
            learner.name()
        );
        if cells.abs_diff(expected) > allowed {
            wrong.push((learner, alpha, cells, expected, allowed));
        }
    }
    assert!(wrong.is_empty(), "learner, alpha, cells, expected, allowed: {wrong:?}");
}

/// Learners that are aliases of others have the same basins.
#[test]
fn basins_of_equal_learners_are_equal() {
    for (a, b, alpha) in [
        (LearnerName::Hola0, LearnerName::Naive, 3.0),
        (LearnerName::Hola1, LearnerName::Lola, 20.0),
        (LearnerName::Lola, LearnerName::Naive, 0.0),
        (LearnerName::LookAhead, LearnerName::Naive, 0.0),
    ] {
        assert_eq!(cells_in_b(a, alpha), cells_in_b(b, alpha), "{a:?} and {b:?} at {alpha}");
    }
}

/// Preset, outer iterations, and by what factor the mean loss of the last tenth is smaller than that of the first: the
/// minimum that training must achieve, about half of what it does achieve.
const LOSS_FALLS: [(&str, &[&str], usize, f32); 2] = [
    ("logistic", &["hidden=16", "batch=16", "eta=3e-3"], 100, 3.0),
    (
        "ipd",
        &[
            "hidden=16",
            "residual_blocks=1",
            "quantiles=16",
            "batch=16",
            "steps=20",
            "eta=1e-3",
        ],
        40,
        2.0,
    ),
];

#[test]
fn training_lowers_the_loss() {
    for (preset, settings, outer, factor) in LOSS_FALLS {
        let mut config = Config::preset(preset).unwrap();
        config.set(&format!("outer={outer}")).unwrap();
        for setting in settings {
            config.set(setting).unwrap();
        }
        let mut trainer = Trainer::new(&config).unwrap();
        let losses: Vec<f32> = (0..outer).map(|_| trainer.outer_iteration().unwrap()).collect();
        let tenth = outer / 10;
        let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
        let (first, last) = (mean(&losses[..tenth]), mean(&losses[outer - tenth..]));
        println!("{preset}: {first} -> {last}, {:.2} times smaller", first / last);
        assert!(
            first >= factor * last,
            "{preset}: {first} -> {last}, expected {factor} times smaller"
        );
    }
}
