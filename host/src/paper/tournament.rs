//! The tournaments of the second version: naive learners, LOLA of 2018, M-MAML, M-FOS and meta-value learners, each against
//! each, on three iterated games.
//!
//! M-FOS is trained against each opponent, as published. Players move at [`RATE`], except in matches with a meta-value
//! learner: there at the rate that its model was trained for. LOLA imagines a step of that length, too.

use std::path::Path;

use meva_core::learner::LearnerName;

use crate::cpu::Cpu;
use crate::error::{Error, Result};
use crate::follow::league::{Terms, league, versus};
use crate::follow::learner::{Learner, Rival};
use crate::follow::player::Entrant;
use crate::model::Model;
use crate::paper::published::{Comparison, RETURN_TOLERANCE, Scope, TOURNAMENT, Tournament};

/// The published rate, in the unit of returns that are normalised: 1 for returns that are sums.
pub const RATE: f64 = 25.0;
/// The published meta-discount.
const GAMMA: f64 = 0.95;

/// The players' names, in the order of rows and columns.
pub const PLAYERS: [&str; 5] = ["Naive", "LOLA (2018)", "M-MAML", "M-FOS", "MeVa, \u{3b3} = 0.95"];
/// Which of them follows a model.
const MEVA: usize = 4;

/// Returns of one seed: `[i][j]` of `i` against `j`; `None` where every pair diverged.
pub type Table = Vec<Vec<Option<f64>>>;

/// A tournament with its cells, by row and column.
pub type Compared = (&'static Tournament, Vec<Vec<Entry>>);

/// A cell of a table: our numbers, by seed, beside a published one where there is one.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// There is one.
    Published(Comparison),
    /// There is none.
    Ours(Vec<f64>),
}

impl Entry {
    /// Our numbers, by seed.
    pub fn ours(&self) -> &[f64] {
        match self {
            Entry::Published(comparison) => &comparison.ours,
            Entry::Ours(ours) => ours,
        }
    }

    /// The comparison, where a number was published.
    pub fn comparison(&self) -> Option<&Comparison> {
        match self {
            Entry::Published(comparison) => Some(comparison),
            Entry::Ours(_) => None,
        }
    }
}

/// Plays a tournament with one seed's model, and `terms` but for the rate; `go_on` is asked before each match.
///
/// # Errors
/// The model cannot be read or is of another game, or `go_on` fails.
pub fn play<E: From<Error>>(
    tournament: &Tournament,
    cpu: Cpu,
    model: &Path,
    terms: &Terms,
    mut go_on: impl FnMut() -> std::result::Result<(), E>,
) -> std::result::Result<Table, E> {
    let game = &tournament.game;
    let trained = Model::load(model)?.config().alpha;
    let entrant = |k: usize, rate: f64| -> Result<Entrant> {
        let learner = match k {
            0 => Learner::NAIVE,
            1 => Learner::Formula {
                name: LearnerName::Lola2018,
                alpha: rate,
            },
            2 => Learner::MMaml,
            3 => Learner::MFos { rival: Rival::Opponent },
            _ => Learner::MetaValue { gamma: GAMMA },
        };
        let models = if k == MEVA {
            vec![Model::load(model)?]
        } else {
            Vec::new()
        };
        Ok(Entrant {
            name: PLAYERS[k].to_string(),
            learner,
            models,
        })
    };
    let finite = |number: f64| Some(number).filter(|number| number.is_finite());
    let count = PLAYERS.len();
    let mut table: Table = vec![vec![None; count]; count];
    for i in 0..count {
        for j in i..count {
            go_on()?;
            let rate = if j == MEVA { trained } else { RATE };
            let terms = Terms { rate, ..*terms };
            if i == j {
                let alone = league(game, cpu, &[entrant(i, rate)?], &terms, |_, _| ())?;
                table[i][i] = finite(alone.cells[0][0].mean);
            } else {
                let [own, other] = versus(game, cpu, &[entrant(i, rate)?, entrant(j, rate)?], &terms)?;
                (table[i][j], table[j][i]) = (finite(own.mean), finite(other.mean));
            }
        }
    }
    Ok(table)
}

/// The seeds' tables beside the published one.
pub fn compare(tournament: &Tournament, by_seed: &[Table]) -> Vec<Vec<Entry>> {
    let entry = |i: usize, j: usize| {
        let ours: Vec<f64> = by_seed.iter().map(|table| table[i][j].unwrap_or(f64::NAN)).collect();
        match tournament.returns[i][j] {
            None => Entry::Ours(ours),
            Some(published) => Entry::Published(Comparison {
                what: format!("{}: {} against {}", tournament.preset, PLAYERS[i], PLAYERS[j]),
                source: TOURNAMENT,
                published,
                ours,
                tolerance: RETURN_TOLERANCE,
                scope: Scope::AmongSeeds,
            }),
        }
    };
    (0..PLAYERS.len())
        .map(|i| (0..PLAYERS.len()).map(|j| entry(i, j)).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paper::published::TOURNAMENTS;

    #[test]
    fn every_cell_has_a_place() {
        let [ipd, chicken, imp] = &TOURNAMENTS;
        let published = |tournament: &Tournament| tournament.returns.iter().flatten().flatten().count();
        assert_eq!([published(ipd), published(chicken), published(imp)], [21, 18, 18]);
        let table = |number: f64| vec![vec![Some(number); 5]; 5];
        let mut lost = table(-1.0);
        lost[0][1] = None;
        let entries = compare(ipd, &[table(-1.04), lost]);
        assert_eq!(entries[3][2], Entry::Ours(vec![-1.04, -1.0]));
        assert!(entries[1][1].comparison().is_some_and(Comparison::agrees));
        assert!(!entries[0][0].comparison().is_some_and(Comparison::agrees));
        assert!(
            entries[0][1]
                .comparison()
                .is_some_and(|comparison| !comparison.agrees())
        );
    }
}
