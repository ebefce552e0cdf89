"""The cross-check report, the devices, and the figures of the paper."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Union

from . import _meva
from ._meva import Figure, Model


@dataclass(frozen=True)
class Check:
    """An operation on an engine, compared with its expected result."""

    operation: str
    engine: str
    derivative: Optional[str]
    #: The largest error; ``None`` if a number is missing or not finite.
    error: Optional[float]
    unit: str
    bound: float
    reason: str
    ok: bool


@dataclass(frozen=True)
class Report:
    """All checks, the adapters that took part, and notes."""

    checks: List[Check]
    adapters: List[Dict[str, Any]]
    notes: List[str]

    @property
    def ok(self) -> bool:
        """Whether every error is within its bound."""
        return all(check.ok for check in self.checks)


def check(
    model: Optional[Union[str, "os.PathLike[str]"]] = None,
    points: Optional[Union[str, "os.PathLike[str]"]] = None,
    vectors: Optional[Union[str, "os.PathLike[str]"]] = None,
    engine: str = "cpu",
) -> Report:
    """Compares engines and derivatives with double precision, as ``meva check`` does.

    ``model``: a run directory or model file, on each engine; with ``points``, a file of points and what they should give. ``vectors``: a
    folder of float64 numbers from another implementation. ``engine="all"`` includes every GPU.
    """
    report = json.loads(_meva.check(model, points, vectors, engine))
    return Report([Check(**check) for check in report["checks"]], report["adapters"], report["notes"])


def devices() -> List[Dict[str, Any]]:
    """The adapters that ``engine="gpu"`` can use."""
    devices: List[Dict[str, Any]] = json.loads(_meva.devices())
    return devices


def figure(
    number: str, models: Union[Model, Sequence[Model]] = (), seeds: int = 8, pairs: int = 256, steps: int = 500
) -> Figure:
    """A figure of the paper.

    ``"1"``, the Logistic Game; ``"2a"`` and ``"2b"``, trajectories and basins, with a row for each model; ``"3a"``, returns of meta-values of
    the iterated prisoner's dilemma over gamma; ``"3b"``, of LOLA over alpha.
    """
    return _meva.figure(number, [models] if isinstance(models, Model) else list(models), seeds, pairs, steps)
