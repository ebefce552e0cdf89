"""Strategies to and from Axelrod, the library of the iterated prisoner's dilemma.

>>> import axelrod, meva.axelrod
>>> meva.axelrod.probabilities(axelrod.TitForTat())
array([1., 0., 1., 0., 1.])

Axelrod's four-vectors are in the order CC, CD, DC, DD, own action first; ours begin with the start and go on with DD, DC, CD, CC.
"""

from __future__ import annotations

from typing import Any

import axelrod
import numpy as np
from axelrod.strategies.memoryone import MemoryOnePlayer
from numpy.typing import ArrayLike, NDArray

from ._meva import Learner
from .learners import strategy

C, D = axelrod.Action.C, axelrod.Action.D


class Policy(MemoryOnePlayer):
    """A memory-one policy of five probabilities of cooperating, which may begin at random."""

    name = "meva"
    classifier = {**MemoryOnePlayer.classifier, "stochastic": True}

    def __init__(self, probabilities: ArrayLike = (0.5, 0.5, 0.5, 0.5, 0.5)) -> None:
        start, dd, dc, cd, cc = (float(p) for p in np.asarray(probabilities, dtype=float))
        super().__init__(four_vector=(cc, cd, dc, dd), initial=C if start >= 0.5 else D)
        self._start = start

    def strategy(self, opponent: Any) -> Any:
        if len(self.history) == 0 and 0 < self._start < 1:
            return self._random.random_choice(self._start)
        return super().strategy(opponent)


def player(log_odds: ArrayLike) -> Policy:
    """One player's row of a joint policy, ``log_odds[5]``, as a player of Axelrod."""
    with np.errstate(over="ignore"):
        return Policy(1 / (1 + np.exp(-np.asarray(log_odds, dtype=float))))


def probabilities(player: MemoryOnePlayer) -> NDArray[np.float64]:
    """Axelrod's memory-one player as ours: ``[5]`` probabilities of cooperating.

    A strategy that is not of memory one has none, and raises a ``TypeError``.
    """
    vector = getattr(player, "_four_vector", None)
    if vector is None:
        return _asked(player)
    start = getattr(player, "_start", float(player._initial == C))
    return np.array([start] + [float(vector[state]) for state in ((D, D), (D, C), (C, D), (C, C))])


def _asked(player: Any) -> NDArray[np.float64]:
    """The probabilities of a deterministic strategy that its classifier says remembers one turn, by asking it."""
    classifier = player.classifier
    if classifier["memory_depth"] not in (0, 1) or classifier["stochastic"]:
        raise TypeError(f"{player} is not a memory-one strategy with known probabilities")
    answers = []
    for turn in (None, (D, D), (D, C), (C, D), (C, C)):
        own, opponent = player.clone(), axelrod.MockPlayer()
        if turn:
            own.history.append(turn[0], turn[1])
            opponent.history.append(turn[1], turn[0])
        answers.append(float(own.strategy(opponent) == C))
    return np.array(answers)


def learner(player: MemoryOnePlayer) -> Learner:
    """Axelrod's memory-one player as one of ours, for ``play`` and ``league``."""
    return strategy(probabilities(player), name=str(player))
