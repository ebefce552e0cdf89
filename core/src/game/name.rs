//! Games by name, and games that are known only at run time.

use core::fmt;

use super::{Bilinear, Game, IteratedMatrix, Logistic, MatchingPennies, Quadratic, Tandem};
use crate::choice::choice;
use crate::player::Player;
use crate::scalar::Scalar;

/// A game by its name in configurations and on command lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GameName {
    /// The Logistic Game.
    Logistic,
    /// The Tandem game.
    Tandem,
    /// The iterated prisoner's dilemma.
    Ipd,
    /// Iterated matching pennies.
    Imp,
    /// Iterated chicken.
    Chicken,
    /// The iterated stag hunt.
    StagHunt,
    /// Iterated hawk-dove.
    HawkDove,
    /// The iterated battle of the sexes.
    BattleOfTheSexes,
    /// Matching pennies played once.
    MatchingPennies,
    /// The bilinear game.
    Bilinear,
    /// The quadratic game.
    Quadratic,
    /// An iterated 2 x 2 game with custom payoffs.
    Matrix,
}

choice! { GameName, "game":
    Logistic = "logistic",
    Tandem = "tandem",
    Ipd = "ipd",
    Imp = "imp",
    Chicken = "chicken",
    StagHunt = "stag-hunt",
    HawkDove = "hawk-dove",
    BattleOfTheSexes = "battle-of-the-sexes",
    MatchingPennies = "matching-pennies",
    Bilinear = "bilinear",
    Quadratic = "quadratic",
    Matrix = "matrix",
}

impl GameName {
    /// Parameters per policy.
    pub const fn parameters(self) -> usize {
        match self.plane() {
            Some(_) => 1,
            None => 5,
        }
    }

    /// The game of one parameter per policy with this name.
    pub const fn plane(self) -> Option<PlaneGame> {
        match self {
            GameName::Logistic => Some(PlaneGame::Logistic),
            GameName::Tandem => Some(PlaneGame::Tandem),
            GameName::MatchingPennies => Some(PlaneGame::MatchingPennies),
            GameName::Bilinear => Some(PlaneGame::Bilinear),
            GameName::Quadratic => Some(PlaneGame::Quadratic),
            _ => None,
        }
    }

    /// The iterated game with this name and the discount of the published experiments; [`Matrix`](GameName::Matrix) has
    /// no payoffs of its own.
    pub const fn iterated_matrix(self) -> Option<IteratedMatrix> {
        match self {
            GameName::Ipd => Some(IteratedMatrix::PRISONERS_DILEMMA),
            GameName::Imp => Some(IteratedMatrix::MATCHING_PENNIES),
            GameName::Chicken => Some(IteratedMatrix::CHICKEN),
            GameName::StagHunt => Some(IteratedMatrix::STAG_HUNT),
            GameName::HawkDove => Some(IteratedMatrix::HAWK_DOVE),
            GameName::BattleOfTheSexes => Some(IteratedMatrix::BATTLE_OF_THE_SEXES),
            _ => None,
        }
    }
}

/// Why a game is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GameError {
    /// A matrix game without payoffs.
    MissingPayoffs,
    /// Payoffs for a game that has fixed payoffs, or has none.
    SurplusPayoffs,
    /// A payoff that is infinite or NaN, or becomes so in `f32`.
    Payoffs,
    /// A discount outside [0, 1), or one that rounds to 1 in `f32`.
    Discount,
    /// An unknown code.
    Code,
    /// A game whose policies have a different number of parameters than requested.
    Parameters,
}

impl fmt::Display for GameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GameError::MissingPayoffs => "a matrix game needs payoffs",
            GameError::SurplusPayoffs => "payoffs are for a matrix game only: this game has its own",
            GameError::Payoffs => "payoffs must be finite",
            GameError::Discount => "the discount must be in [0, 1)",
            GameError::Code => "no game has this code",
            GameError::Parameters => "the game's policies have another number of parameters",
        })
    }
}

impl core::error::Error for GameError {}

/// A game of one parameter per policy, so that joint policies are points of a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlaneGame {
    /// [`Logistic`].
    Logistic,
    /// [`Tandem`].
    Tandem,
    /// [`MatchingPennies`].
    MatchingPennies,
    /// [`Bilinear`].
    Bilinear,
    /// [`Quadratic`].
    Quadratic,
}

choice! { PlaneGame, "game of one parameter per policy":
    Logistic = "logistic" (0),
    Tandem = "tandem" (1),
    MatchingPennies = "matching-pennies" (3),
    Bilinear = "bilinear" (4),
    Quadratic = "quadratic" (5),
}

impl PlaneGame {
    /// Whether the roles are alike: each player has the returns that the other would have in its place.
    pub const fn is_symmetric(self) -> bool {
        matches!(self, PlaneGame::Logistic | PlaneGame::Tandem)
    }
}

impl Game<1> for PlaneGame {
    #[inline]
    fn value<S: Scalar>(&self, x: &[[S; 1]; 2]) -> [S; 2] {
        match self {
            PlaneGame::Logistic => Logistic.value(x),
            PlaneGame::Tandem => Tandem.value(x),
            PlaneGame::MatchingPennies => MatchingPennies.value(x),
            PlaneGame::Bilinear => Bilinear.value(x),
            PlaneGame::Quadratic => Quadratic.value(x),
        }
    }

    #[inline]
    fn gradient<S: Scalar>(&self, player: Player, x: &[[S; 1]; 2]) -> [[S; 1]; 2] {
        match self {
            PlaneGame::Logistic => Logistic.gradient(player, x),
            PlaneGame::Tandem => Tandem.gradient(player, x),
            PlaneGame::MatchingPennies => MatchingPennies.gradient(player, x),
            PlaneGame::Bilinear => Bilinear.gradient(player, x),
            PlaneGame::Quadratic => Quadratic.gradient(player, x),
        }
    }

    #[inline]
    fn natural<S: Scalar>(&self, parameters: &[S; 1], gradient: &[S; 1]) -> [S; 1] {
        match self {
            PlaneGame::MatchingPennies => MatchingPennies.natural(parameters, gradient),
            _ => *gradient,
        }
    }
}

/// A game known only at run time, with policies of any size.
///
/// ```
/// use meva_core::game::{AnyGame, Game, GameError, GameName, IteratedMatrix, PlaneGame};
/// let game = AnyGame::of(GameName::Ipd, None, 0.96)?;
/// assert_eq!(game, AnyGame::IteratedMatrix(IteratedMatrix::PRISONERS_DILEMMA));
/// assert_eq!(game.parameters(), 5);
/// assert_eq!(IteratedMatrix::try_from(game)?.discount, 0.96);
/// assert_eq!(PlaneGame::try_from(game), Err(GameError::Parameters));
/// assert_eq!(AnyGame::of(GameName::Matrix, None, 0.96), Err(GameError::MissingPayoffs));
/// # Ok::<(), GameError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AnyGame {
    /// One parameter per policy.
    Plane(PlaneGame),
    /// Five parameters per policy.
    IteratedMatrix(IteratedMatrix),
}

impl AnyGame {
    const ITERATED_MATRIX: u32 = 2;

    /// The game with this name: a matrix game with these payoffs, an iterated game with this discount.
    ///
    /// # Errors
    /// A matrix game without payoffs, or payoffs for another game; a payoff that is not finite; an iterated game's
    /// discount outside [0, 1).
    pub const fn of(name: GameName, payoffs: Option<[[f64; 2]; 4]>, discount: f64) -> Result<Self, GameError> {
        let payoffs = match (name.plane(), name.iterated_matrix(), payoffs) {
            (Some(game), _, None) => return Ok(AnyGame::Plane(game)),
            (None, Some(game), None) => game.payoffs,
            (None, None, Some(payoffs)) => payoffs,
            (None, None, None) => return Err(GameError::MissingPayoffs),
            (_, _, Some(_)) => return Err(GameError::SurplusPayoffs),
        };
        Self::iterated(payoffs, discount)
    }

    /// The game with a [code](AnyGame::code); the payoffs and the discount are used only by an iterated game.
    ///
    /// # Errors
    /// An unknown code; an iterated game's payoff that is not finite, or its discount outside [0, 1).
    pub const fn from_code(code: u32, payoffs: [[f64; 2]; 4], discount: f64) -> Result<Self, GameError> {
        match (code, PlaneGame::from_code(code)) {
            (Self::ITERATED_MATRIX, _) => Self::iterated(payoffs, discount),
            (_, Some(game)) => Ok(AnyGame::Plane(game)),
            (_, None) => Err(GameError::Code),
        }
    }

    /// Numbers are judged as `f32`, which most code computes in.
    const fn iterated(payoffs: [[f64; 2]; 4], discount: f64) -> Result<Self, GameError> {
        let mut state = 0;
        while state < payoffs.len() {
            let [zero, one] = payoffs[state];
            if !((zero as f32).is_finite() && (one as f32).is_finite()) {
                return Err(GameError::Payoffs);
            }
            state += 1;
        }
        if !(discount as f32 >= 0.0 && (discount as f32) < 1.0) {
            return Err(GameError::Discount);
        }
        Ok(AnyGame::IteratedMatrix(IteratedMatrix { payoffs, discount }))
    }

    /// The number that identifies the kind of game in images and in C: 0 Logistic, 1 Tandem, 2 iterated
    /// matrix, 3 matching pennies played once, 4 bilinear, 5 quadratic.
    pub const fn code(&self) -> u32 {
        match self {
            AnyGame::Plane(game) => game.code(),
            AnyGame::IteratedMatrix(_) => Self::ITERATED_MATRIX,
        }
    }

    /// Parameters per policy.
    pub const fn parameters(&self) -> usize {
        match self {
            AnyGame::Plane(_) => 1,
            AnyGame::IteratedMatrix(_) => 5,
        }
    }

    /// Passes the game to a visitor, with its concrete type.
    pub fn visit<V: GameVisitor>(self, visitor: V) -> V::Output {
        match self {
            AnyGame::Plane(game) => visitor.visit(game),
            AnyGame::IteratedMatrix(game) => visitor.visit(game),
        }
    }
}

/// A type of game that [`AnyGame`] can hold: `G::try_from(game)` tells whether it is one with `N` parameters per policy.
pub trait NamedGame<const N: usize>:
    Game<N> + TryFrom<AnyGame, Error = GameError> + Into<AnyGame> + Copy + PartialEq + fmt::Debug + Send + Sync + 'static
{
}

impl NamedGame<1> for PlaneGame {}
impl NamedGame<5> for IteratedMatrix {}

impl From<PlaneGame> for AnyGame {
    fn from(game: PlaneGame) -> Self {
        AnyGame::Plane(game)
    }
}

impl From<IteratedMatrix> for AnyGame {
    fn from(game: IteratedMatrix) -> Self {
        AnyGame::IteratedMatrix(game)
    }
}

impl TryFrom<AnyGame> for PlaneGame {
    type Error = GameError;

    fn try_from(game: AnyGame) -> Result<Self, GameError> {
        match game {
            AnyGame::Plane(game) => Ok(game),
            AnyGame::IteratedMatrix(_) => Err(GameError::Parameters),
        }
    }
}

impl TryFrom<AnyGame> for IteratedMatrix {
    type Error = GameError;

    fn try_from(game: AnyGame) -> Result<Self, GameError> {
        match game {
            AnyGame::IteratedMatrix(game) => Ok(game),
            AnyGame::Plane(_) => Err(GameError::Parameters),
        }
    }
}

/// Something to do with a game, whatever the size of its policies.
///
/// ```
/// use meva_core::game::{AnyGame, GameVisitor, NamedGame, PlaneGame};
///
/// /// Both players' returns where all parameters are 0.
/// struct AtZero;
///
/// impl GameVisitor for AtZero {
///     type Output = [f64; 2];
///     fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> [f64; 2] {
///         game.value(&[[0.0; N]; 2])
///     }
/// }
///
/// assert_eq!(AnyGame::Plane(PlaneGame::Tandem).visit(AtZero), [0.0, 0.0]);
/// ```
pub trait GameVisitor {
    /// The result.
    type Output;

    /// Visits the game.
    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Self::Output;
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYOFFS: [[f64; 2]; 4] = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]];

    #[test]
    fn every_name_is_a_game_of_its_size() {
        for name in GameName::ALL {
            let payoffs = (name == GameName::Matrix).then_some(PAYOFFS);
            let game = AnyGame::of(name, payoffs, 0.5).unwrap();
            assert_eq!(game.parameters(), name.parameters(), "{name}");
            match game {
                AnyGame::Plane(game) => assert_eq!(game.name(), name.name()),
                AnyGame::IteratedMatrix(game) => {
                    assert_eq!(game.discount, 0.5);
                    assert_eq!(
                        game.payoffs,
                        name.iterated_matrix().map_or(PAYOFFS, |game| game.payoffs)
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_no_game_is_refused() {
        let matrix = |payoffs, discount| AnyGame::of(GameName::Matrix, payoffs, discount);
        assert_eq!(matrix(None, 0.5), Err(GameError::MissingPayoffs));
        for name in GameName::ALL.into_iter().filter(|name| *name != GameName::Matrix) {
            assert_eq!(
                AnyGame::of(name, Some(PAYOFFS), 0.5),
                Err(GameError::SurplusPayoffs),
                "{name}"
            );
        }
        for k in 0..8 {
            for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e39] {
                let mut payoffs = PAYOFFS;
                payoffs[k / 2][k % 2] = bad;
                assert_eq!(matrix(Some(payoffs), 0.5), Err(GameError::Payoffs), "{k}");
                assert_eq!(AnyGame::from_code(2, payoffs, 0.5), Err(GameError::Payoffs), "{k}");
            }
        }
        for discount in [-0.1, 1.0, 1.0 - 1e-9, f64::NAN, f64::INFINITY] {
            assert_eq!(matrix(Some(PAYOFFS), discount), Err(GameError::Discount), "{discount}");
            assert_eq!(
                AnyGame::of(GameName::Ipd, None, discount),
                Err(GameError::Discount),
                "{discount}"
            );
        }
        assert!(matrix(Some(PAYOFFS), 0.0).is_ok());
        assert_eq!(AnyGame::from_code(6, PAYOFFS, 0.5), Err(GameError::Code));
    }

    #[test]
    fn symmetric_games_are_those_that_do_not_know_the_roles() {
        for game in PlaneGame::ALL {
            let ([a, b], [c, d]) = (game.value(&[[0.5], [-1.25]]), game.value(&[[-1.25], [0.5_f64]]));
            assert_eq!(game.is_symmetric(), [a, b] == [d, c], "{game}");
        }
        let symmetric = [
            IteratedMatrix::PRISONERS_DILEMMA,
            IteratedMatrix::STAG_HUNT,
            IteratedMatrix::HAWK_DOVE,
        ];
        assert!(symmetric.iter().all(IteratedMatrix::is_symmetric));
        assert!(
            !IteratedMatrix::MATCHING_PENNIES.is_symmetric() && !IteratedMatrix::BATTLE_OF_THE_SEXES.is_symmetric()
        );
    }

    #[test]
    fn codes_come_back() {
        let matrix = IteratedMatrix {
            payoffs: PAYOFFS,
            discount: 0.5,
        };
        let games = PlaneGame::ALL.map(AnyGame::Plane);
        for game in games.into_iter().chain([matrix.into()]) {
            assert_eq!(AnyGame::from_code(game.code(), PAYOFFS, 0.5), Ok(game));
        }
    }
}
