//! The games that a configuration can name, gathered by the size of their policies.

use meva_core::game::{Game, IteratedMatrix, Logistic, Tandem};
use meva_core::{Player, Scalar};

use crate::config::{Config, GameName};
use crate::error::{Error, Result};

/// A game of one parameter per policy: joint policies are points of a plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PlaneGame {
    /// [`Logistic`].
    Logistic,
    /// [`Tandem`].
    Tandem,
}

impl Game<1> for PlaneGame {
    #[inline]
    fn value<S: Scalar>(&self, x: &[[S; 1]; 2]) -> [S; 2] {
        match self {
            PlaneGame::Logistic => Logistic.value(x),
            PlaneGame::Tandem => Tandem.value(x),
        }
    }

    #[inline]
    fn gradient<S: Scalar>(&self, player: Player, x: &[[S; 1]; 2]) -> [[S; 1]; 2] {
        match self {
            PlaneGame::Logistic => Logistic.gradient(player, x),
            PlaneGame::Tandem => Tandem.gradient(player, x),
        }
    }
}

/// Any game that a configuration can name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AnyGame {
    /// One parameter per policy.
    Plane(PlaneGame),
    /// Five parameters per policy.
    Iterated(IteratedMatrix),
}

impl AnyGame {
    /// The game that a configuration names.
    ///
    /// # Errors
    /// It names a matrix game without payoffs.
    pub fn of(config: &Config) -> Result<Self> {
        Ok(match (config.iterated_matrix(), config.game) {
            (Some(game), _) => AnyGame::Iterated(game),
            (None, GameName::Logistic) => AnyGame::Plane(PlaneGame::Logistic),
            (None, GameName::Tandem) => AnyGame::Plane(PlaneGame::Tandem),
            (None, _) => return Err(Error::usage("game matrix needs `payoffs`")),
        })
    }

    /// Parameters per policy.
    pub fn parameters(&self) -> usize {
        match self {
            AnyGame::Plane(_) => 1,
            AnyGame::Iterated(_) => 5,
        }
    }
}
