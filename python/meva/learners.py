"""Learners: fields of directions that two agents follow, ``x <- x + rate field(game, x)``.

``alpha`` is the length of a learner's imagined step, or the weight of its correction.

>>> import meva
>>> meva.learners.Lola(10.0).field(meva.games.logistic, [[0.5], [-1.0]]).shape
(2, 1)
"""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple, Union

from numpy.typing import ArrayLike

from ._meva import Learner, Model, learner_names, strategy_names

__all__ = [
    "Cgd",
    "Cola",
    "Consensus",
    "Extragradient",
    "Hola",
    "Learner",
    "Lola",
    "Lola2018",
    "LolaTaylor",
    "LookAhead",
    "MetaValue",
    "Naive",
    "Pola",
    "Sga",
    "Sos",
    "classic",
    "learner_names",
    "strategy",
    "strategy_names",
]


class Naive(Learner):
    """Follows the gradient of its own return (eq. 1)."""

    def __new__(cls) -> "Naive":
        return super().__new__(cls, "naive")


class LookAhead(Learner):
    """Anticipates the opponent's naive step as a constant; with more ``levels``, an opponent who does so itself (1 to 3)."""

    def __new__(cls, alpha: float = 1.0, levels: int = 1) -> "LookAhead":
        return super().__new__(cls, "lookahead" if levels == 1 else f"lookahead{levels}", alpha)


class Lola(Learner):
    """LOLA: differentiates through the opponent's naive step of length ``alpha`` (appendix B)."""

    def __new__(cls, alpha: float = 1.0) -> "Lola":
        return super().__new__(cls, "lola", alpha)


class LolaTaylor(Learner):
    """LOLA's surrogate to first order in ``alpha``."""

    def __new__(cls, alpha: float = 1.0) -> "LolaTaylor":
        return super().__new__(cls, "lola-taylor", alpha)


class Lola2018(Learner):
    """LOLA as it was published by Foerster et al. (2018)."""

    def __new__(cls, alpha: float = 1.0) -> "Lola2018":
        return super().__new__(cls, "lola-2018", alpha)


class Hola(Learner):
    """HOLA(n), which anticipates HOLA(n - 1) (appendix B); ``order`` 0 is naive, 1 LOLA, up to 3."""

    def __new__(cls, alpha: float = 1.0, order: int = 2) -> "Hola":
        return super().__new__(cls, f"hola{order}", alpha)


class Sos(Learner):
    """Stable opponent shaping (Letcher et al., 2019): LOLA as far as that keeps stable points stable."""

    def __new__(cls, alpha: float = 1.0) -> "Sos":
        return super().__new__(cls, "sos", alpha)


class Consensus(Learner):
    """Consensus optimisation (Mescheder et al., 2017): makes gradients short, too."""

    def __new__(cls, alpha: float = 1.0) -> "Consensus":
        return super().__new__(cls, "consensus", alpha)


class Sga(Learner):
    """Symplectic gradient adjustment (Balduzzi et al., 2018): corrects for rotation."""

    def __new__(cls, alpha: float = 1.0) -> "Sga":
        return super().__new__(cls, "sga", alpha)


class Cgd(Learner):
    """Competitive gradient descent (Schaefer and Anandkumar, 2019): the equilibrium of the bilinear approximation."""

    def __new__(cls, alpha: float = 1.0) -> "Cgd":
        return super().__new__(cls, "cgd", alpha)


class Extragradient(Learner):
    """Both look a naive step ahead together (Korpelevich, 1976)."""

    def __new__(cls, alpha: float = 1.0) -> "Extragradient":
        return super().__new__(cls, "extragradient", alpha)


class Pola(Learner):
    """LOLA with proximal steps (Zhao et al., 2022)."""

    def __new__(cls, alpha: float = 1.0) -> "Pola":
        return super().__new__(cls, "pola", alpha)


def _models(models: Union[Model, Sequence[Model]]) -> List[Model]:
    return [models] if isinstance(models, Model) else list(models)


class MetaValue(Learner):
    """Follows a trained meta-value at its meta-discount ``gamma`` in [0, 1]; several models are seeds, used in turn.

    ``field`` uses the first model, with ``gamma`` for both players.
    """

    def __new__(cls, models: Union[Model, Sequence[Model]], gamma: float = 0.95) -> "MetaValue":
        return super().__new__(cls, "meva", gamma, _models(models))


class Cola(Learner):
    """Follows a trained COLA with an imagined step of length ``alpha``."""

    def __new__(cls, models: Union[Model, Sequence[Model]], alpha: float = 1.0) -> "Cola":
        return super().__new__(cls, "cola", alpha, _models(models))


def strategy(probabilities: ArrayLike, name: Optional[str] = None) -> Learner:
    """A strategy of an iterated game, which does not learn.

    ``probabilities[5]``: of cooperating at the start and after DD, DC, CD, CC, own action first.
    """
    import numpy as np

    values: Tuple[float, ...] = tuple(np.asarray(probabilities, dtype=float).tolist())
    return Learner.strategy(values, name)


def classic(name: str) -> Learner:
    """A classic strategy: one of ``strategy_names()``, such as ``"tit-for-tat"``."""
    return Learner.classic(name)
