"""Two agents that learn together: where they go, how they fare, and every player against every other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _meva
from ._meva import Figure, Game, Learner
from .games import named

#: A learner, or words as on the command line: ``"lola:10"``, ``"meva:runs@0.95"``, ``"tit-for-tat"``, ``"zd:3"``.
Player = Union[Learner, str]
Numbers = NDArray[np.floating[Any]]


def _pair(players: Union[Player, Tuple[Player, Player]]) -> Tuple[Player, Player]:
    return (players[0], players[1]) if isinstance(players, (tuple, list)) else (players, players)


def follow(
    players: Union[Player, Tuple[Player, Player]],
    game: Union[Game, str],
    starts: ArrayLike,
    steps: int = 200,
    rate: Optional[float] = None,
    precision: str = "f64",
) -> NDArray[np.float64]:
    """The paths of two agents, ``x(t+1) = x(t) + rate field(x(t))``.

    ``players`` is one learner for both, or a pair. ``starts[..., 2, N]`` gives ``[..., steps + 1, 2, N]``, the start first. ``rate`` is by
    default that of the models, or else 1 on the plane and 2 in iterated games. With ``precision="f32"``, agents compute as they do in
    training and in ``play``.
    """
    return _meva.follow(_pair(players), named(game), starts, steps, rate, precision)


def starts(game: Union[Game, str], count: int, seed: int = 0) -> NDArray[np.float64]:
    """Random joint policies ``[count, 2, N]``, drawn as in the published experiments.

    Uniform on [-8, 8] on the plane, normal with standard deviation 1 in iterated games.
    """
    return _meva.starts(named(game), count, seed)


@dataclass(frozen=True)
class Basins:
    """Which points of a square grid lead to the positive quadrant, in which B lies."""

    title: str
    #: The coordinates along either axis: ``[side]``.
    coordinates: Numbers
    #: ``cells[i, j]``: whether ``(coordinates[i], coordinates[j])`` leads to B.
    cells: NDArray[np.bool_]
    #: How many points lead to infinity or NaN.
    diverged: int

    @property
    def count(self) -> int:
        """How many points lead to B."""
        return int(self.cells.sum())

    def figure(self) -> Figure:
        """The basins as a picture: white cells lead to B."""
        return Figure.basins(self.title, float(self.coordinates[-1]), len(self.coordinates), self.cells.ravel())

    def _repr_svg_(self) -> str:
        return self.figure().svg()


def basins(
    players: Union[Player, Tuple[Player, Player]],
    game: Union[Game, str] = "logistic",
    grid: int = 29,
    range: float = 10.0,
    steps: int = 200,
    rate: Optional[float] = None,
    precision: Optional[str] = None,
) -> Basins:
    """Follows agents from the points of a grid over ``[-range, range]^2``, on a game with one parameter per policy.

    By default on the grid of Figure 2b, in double precision for formulas and in single precision for models.
    """
    cells, diverged, title = _meva.basins(_pair(players), named(game), grid, range, steps, rate, precision)
    last = grid - 1
    coordinates = (np.arange(grid) - last / 2) * (2 * range / last)
    return Basins(title, coordinates, cells.reshape(grid, grid), diverged)


@dataclass(frozen=True)
class Play:
    """How two players fare; the first index is the player."""

    #: Mean returns over all pairs: ``[2]``.
    mean: Numbers
    #: Their standard errors: ``[2]``.
    error: Numbers
    #: The mean returns of each seed's pairs: ``[2, seeds]``.
    by_seed: Numbers
    #: The 5, 25, 50, 75 and 95 % quantiles of the pairs' returns: ``[2, 5]``.
    quantiles: Numbers
    #: Pairs that diverged, which are left out of everything else.
    diverged: int
    #: In iterated games, the share of policies that rather return the opponent's last action: ``[2]``.
    tit_for_tat: Optional[Numbers] = None
    #: In iterated games, the mean probability of cooperating at the start and after DD, DC, CD, CC: ``[2, 5]``.
    cooperation: Optional[Numbers] = None


def play(
    game: Union[Game, str],
    player: Player,
    against: Player = "self",
    pairs: int = 256,
    steps: int = 500,
    response_steps: Optional[int] = None,
    rate: Optional[float] = None,
    seed: int = 0,
) -> Play:
    """Lets pairs of agents learn together from random starts.

    ``against`` is another player, ``"self"``, ``"best-response"`` (follows its gradient for ``response_steps`` to player 0, held where
    self-play ends) or ``"exact-response"`` (the best of all policies).
    """
    return Play(**_meva.play(named(game), player, against, pairs, steps, response_steps, rate, seed))


@dataclass(frozen=True)
class League:
    """Every player against every other; the first index is the player, the second its opponent."""

    game: str
    players: List[str]
    #: Mean returns over seeds: ``[players, players]``.
    returns: Numbers
    #: Interquartile means over seeds: ``[players, players]``.
    interquartile: Numbers
    #: Their 95 % intervals: ``[players, players, 2]``; NaN for a single seed.
    interval: Numbers
    #: Pairs that diverged: ``[players, players]``.
    diverged: Numbers
    #: ``by_seed[i][j]``: the mean return of each seed's pairs.
    by_seed: List[List[List[float]]]
    #: Mean returns over all opponents: ``[players]``.
    mean: Numbers
    #: How much more each gets from itself than from a best response to where it ends; NaN where games are not iterated.
    exploitability: Numbers
    #: What best responses get from it.
    best_response: Numbers
    #: The factor by which it comes closest to extorting.
    extortion: Numbers

    def figure(self) -> Figure:
        """Mean returns as colours."""
        return Figure.heat(f"Mean return of the row\u2019s player in {self.game}", self.players, self.returns.tolist())

    def _repr_svg_(self) -> str:
        return self.figure().svg()


def league(
    game: Union[Game, str],
    players: Sequence[Player],
    pairs: int = 1024,
    steps: int = 300,
    rate: Optional[float] = None,
    seed: int = 0,
    seeds: Optional[int] = None,
) -> League:
    """Lets every player meet every other from the same random starts, for as many seeds as the player with the most models has."""
    game = named(game)
    return League(game.name, **_meva.league(game, list(players), pairs, steps, rate, seed, seeds))
