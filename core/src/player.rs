//! The two players.

/// A player, which owns one row of a joint policy `x[player][parameter]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Player {
    /// The paper's player 1; the horizontal coordinate of the Logistic Game.
    Zero,
    /// The paper's player 2; the vertical coordinate of the Logistic Game.
    One,
}

impl Player {
    /// Both players, in order.
    pub const BOTH: [Player; 2] = [Player::Zero, Player::One];

    /// The player's row.
    #[inline(always)]
    pub const fn index(self) -> usize {
        match self {
            Player::Zero => 0,
            Player::One => 1,
        }
    }

    /// The other player.
    #[inline(always)]
    pub const fn opponent(self) -> Player {
        match self {
            Player::Zero => Player::One,
            Player::One => Player::Zero,
        }
    }
}

/// Which players something applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Players {
    /// Both players: a network that they share predicts for both.
    Both,
    /// One player: each has its own network.
    Only(Player),
}

impl Players {
    /// The players, in order.
    pub const fn each(self) -> &'static [Player] {
        match self {
            Players::Both => &Player::BOTH,
            Players::Only(Player::Zero) => &[Player::Zero],
            Players::Only(Player::One) => &[Player::One],
        }
    }
}
