"""How far a meta-value may be trusted: what it predicts where agents start, against what they then get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from . import _meva
from ._meva import Figure, Model


@dataclass(frozen=True)
class Calibration:
    """A meta-value's predictions at one discount beside what came; the pairs that diverged are left out."""

    #: Both players' discount.
    gamma: float
    #: How many steps the agents learned.
    steps: int
    #: The predicted mean of each player: ``[pairs, 2]``.
    predicted: NDArray[np.float64]
    #: The normalised sum of discounted returns that came (eq. 9): ``[pairs, 2]``.
    realised: NDArray[np.float64]
    #: The level of each quantile, ``(i + 1/2) / M``: ``[M]``.
    levels: NDArray[np.float64]
    #: The share of the realised sums below each quantile, which would best be its level: ``[M]``.
    coverage: NDArray[np.float64]
    #: Mean of what was predicted minus what came.
    bias: float
    #: The standard deviation of what came: how much there is to predict.
    spread: float
    #: Spearman's rank correlation of what was predicted with what came; NaN if either is the same everywhere.
    rank_correlation: float
    #: What the numbers mean for somebody who follows the gradient of this meta-value.
    verdict: str
    #: How many pairs diverged.
    diverged: int

    def figure(self) -> Figure:
        """What came over what was predicted, and the share of outcomes below each quantile."""
        return Figure.calibration("pairs", self.gamma, self.predicted, self.realised, self.coverage)

    def _repr_svg_(self) -> str:
        return self.figure().svg()


def calibrate(
    model: Model,
    gamma: float = 0.95,
    pairs: int = 256,
    steps: Optional[int] = None,
    rate: Optional[float] = None,
    episodes: Optional[int] = None,
    turns: int = 100,
    seed: int = 0,
) -> Calibration:
    """Compares what a meta-value predicts for held-out starts with the discounted returns that follow, as ``meva calibrate`` does.

    Both agents of each of the ``pairs`` follow ``model`` at ``gamma``, below 1, from starts that are distributed as in its training but drawn
    anew. They learn for ``steps``, by default until the rest weighs less than a thousandth, at ``rate``, by default the model's. They know
    their naive gradients exactly or, in iterated games, estimate them from ``episodes`` of ``turns`` turns.
    """
    return Calibration(**_meva.calibrate(model, gamma, pairs, steps, rate, episodes, turns, seed))
