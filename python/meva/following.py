"""Two agents that learn together: where they go, how they fare, and every player against every other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

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


@dataclass(frozen=True)
class FixedPoint:
    """A joint policy at which agents rest."""

    #: ``[2, N]``.
    at: Numbers
    #: ``"stable"``, ``"saddle"``, ``"unstable"`` or ``"centre"``, by the real parts of the eigenvalues.
    kind: str
    #: Of the field's Jacobian, in descending order of their real parts: ``[2 N]``.
    eigenvalues: NDArray[np.complex128]
    #: How many directions lead along a line or surface of fixed points, of which this is one.
    neutral_directions: int
    #: How many points of that line or surface were found.
    found: int
    #: Whether agents with the rate of the ``Stability`` come to rest here.
    attracts_at_rate: bool


@dataclass(frozen=True)
class Fate:
    """What a learner makes of a stable fixed point of its game."""

    at: Numbers
    #: ``"kept"``, ``"moved"`` or ``"lost"``.
    fate: str
    #: Where it is moved to.
    to: Optional[Numbers]


@dataclass(frozen=True)
class Stability:
    """Where agents come to rest."""

    rate: float
    #: The fixed points of the game, those of naive learning, stable ones first.
    game: List[FixedPoint]
    #: Those of the learner.
    learner: List[FixedPoint]
    #: What it makes of the stable ones of the game.
    fates: List[Fate]


def stability(
    game: Union[Game, str],
    learner: Player,
    rate: Optional[float] = None,
    starts: int = 200,
    range: Optional[float] = None,
    seed: int = 0,
) -> Stability:
    """Finds the fixed points of a game and of a learner by Newton's method, as ``meva stability`` does.

    ``starts`` are uniform on ``[-range, range]``, by default 8 on the plane and 2 in iterated games. ``rate``, by default that of the model or 1,
    decides whether a fixed point attracts.

    >>> found = meva.stability("logistic", "naive")
    >>> [point.kind for point in found.game].count("stable")    # A and B
    2
    """
    found = json.loads(_meva.stability(named(game), learner, rate, starts, range, seed))

    def point(entry: Dict[str, Any]) -> FixedPoint:
        eigenvalues = np.array([complex(*pair) for pair in entry["eigenvalues"]])
        return FixedPoint(**{**entry, "at": np.array(entry["at"]), "eigenvalues": eigenvalues})

    def fate(entry: Dict[str, Any]) -> Fate:
        to = entry["to"]
        return Fate(np.array(entry["at"]), entry["fate"], None if to is None else np.array(to))

    return Stability(
        found["rate"],
        [point(entry) for entry in found["game"]],
        [point(entry) for entry in found["learner"]],
        [fate(entry) for entry in found["fates"]],
    )
