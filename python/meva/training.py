"""Training: into run directories that can be resumed, or in memory."""

from __future__ import annotations

import csv
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _meva
from ._meva import Model

PathLike = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Progress:
    """What is known after an outer iteration."""

    #: The index of the run among those that are trained together.
    run: int
    seed: int
    #: Outer iterations done before this process took over.
    first: int
    iteration: int
    #: Outer iterations of the whole run.
    outer: int
    #: The mean loss of the last row of metrics.
    loss: float
    #: Seconds since the start.
    elapsed: float


@dataclass(frozen=True)
class Run:
    """A run that has ended."""

    directory: Path
    config: Dict[str, Any] = field(repr=False)
    model: Model
    iterations: int
    loss: float
    seconds: float
    #: Whether it stopped before its last outer iteration: ``resume(run.directory)`` goes on.
    interrupted: bool
    clipped: int = field(repr=False)

    @property
    def metrics(self) -> Dict[str, NDArray[np.float64]]:
        """The columns of ``metrics.csv``: ``step``, ``loss`` and ``seconds``."""
        return _columns(self.directory / "metrics.csv")

    @property
    def evaluations(self) -> Dict[str, NDArray[np.float64]]:
        """The columns of ``evaluation.csv``: ``step``, and shares of starts that lead to B, or returns."""
        path = self.directory / "evaluation.csv"
        return _columns(path) if path.exists() else {}


def _columns(path: Path) -> Dict[str, NDArray[np.float64]]:
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([float(row[key] or "nan") for row in rows]) for key in (rows[0] if rows else {})}


def _text(value: Any) -> str:
    """A value as it is written after ``--set key=``."""
    if value is None:
        return "none"
    if isinstance(value, np.ndarray) or isinstance(value, np.generic):
        value = value.tolist()
    return str(list(map(list, value))) if isinstance(value, (list, tuple)) else str(value)


def _assignments(keys: Mapping[str, Any]) -> List[str]:
    return [f"{key}={_text(value)}" for key, value in keys.items()]


def presets() -> List[str]:
    """The names of the presets."""
    return _meva.presets()


def config(what: str = "logistic", **keys: Any) -> Dict[str, Any]:
    """The complete configuration of a preset or a TOML file, with ``keys`` changed.

    >>> meva.config("ipd", eta=1e-3)["eta"]
    0.001
    """
    return _meva.config(what, _assignments(keys))


def load(path: PathLike) -> Model:
    """The model of a run directory, or of a model file."""
    return Model.load(path)


def model_of(parameters: Mapping[str, ArrayLike], what: str = "logistic", **keys: Any) -> Model:
    """A model with parameters that were trained elsewhere.

    ``parameters`` has the names and shapes of ``Model.parameters()``; the configuration, of which the network's sizes, the game and what
    agents follow matter, is that of a preset or file with ``keys`` changed.
    """
    return Model._from_parameters(dict(parameters), what, _assignments(keys))


class Trainer(_meva.Trainer):
    """A training in memory: an iterator over the losses of its outer iterations.

    >>> trainer = meva.Trainer("logistic", hidden=16, batch=8, outer=3)
    >>> losses = list(trainer)
    >>> trainer.model().shape
    (1, 16, 1, 16)
    """

    def __new__(cls, what: str = "logistic", **keys: Any) -> "Trainer":
        return super().__new__(cls, what, _assignments(keys))


class _Lines:
    """Progress on stderr: a line that is written over on a terminal, one every five seconds elsewhere, as in a notebook."""

    def __init__(self) -> None:
        self._is_live = not sys.stderr.closed and sys.stderr.isatty()
        self._last = -1e9
        self._latest: Dict[int, Progress] = {}

    def show(self, progress: Progress) -> None:
        self._latest[progress.run] = progress
        now = time.monotonic()
        is_last = progress.iteration == progress.outer
        if now - self._last < (0.1 if self._is_live else 5.0) and not is_last:
            return
        self._last = now
        each = (f"seed {p.seed}: {p.iteration}/{p.outer}, loss {p.loss:.5f}" for p in self._latest.values())
        self._write(("\r" if self._is_live else "") + "  ".join(each) + ("" if self._is_live else "\n"))

    def end(self) -> None:
        if self._is_live and self._latest:
            self._write("\n")

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):
            # Whoever closed stderr does not want to see it; training goes on.
            pass


def _train(
    what: str,
    assignments: List[str],
    seeds: Optional[List[int]],
    out: Optional[PathLike],
    resume: Optional[PathLike],
    engine: str,
    adapter: Optional[str],
    save_every: float,
    evaluate_every: Optional[int],
    log: Optional[PathLike],
    tensorboard: bool,
    progress: bool,
    callback: Optional[Callable[[Progress], Any]],
) -> List[Run]:
    lines = _Lines()

    def report(*numbers: Any) -> bool:
        now = Progress(*numbers)
        if progress:
            lines.show(now)
        return bool(callback(now)) if callback else False

    wanted = report if progress or callback else None
    try:
        runs = _meva.train(what, assignments, seeds, out, resume, engine, adapter, save_every, evaluate_every, log, tensorboard, wanted)
    finally:
        lines.end()
    return [Run(**{**run, "directory": Path(run["directory"])}) for run in runs]


def train(
    what: str = "logistic",
    seeds: Optional[Iterable[int]] = None,
    out: Optional[PathLike] = None,
    engine: str = "cpu",
    adapter: Optional[str] = None,
    save_every: float = 10.0,
    evaluate_every: Optional[int] = None,
    log: Optional[PathLike] = None,
    tensorboard: bool = False,
    progress: bool = False,
    callback: Optional[Callable[[Progress], Any]] = None,
    **keys: Any,
) -> List[Run]:
    """Trains a preset or a TOML file with ``keys`` changed, one run for each seed, and returns the runs.

    Runs are directories, as those of ``meva train``: ``out``, with ``seeds`` ``out/seed-N``, by default ``runs/PRESET-seed-N``. ``callback``
    is called after every outer iteration with a ``Progress``; the runs stop if it returns something true. With ``evaluate_every``, models are
    evaluated after so many outer iterations (``Run.evaluations``). ``log`` is a file to which everything that happens is appended, an object of
    JSON a line; ``tensorboard`` writes event files into the run directories. Ctrl-C, or an exception in the
    callback, stops them too, and is raised once they are saved: ``resume`` goes on to the same bits.

    >>> runs = meva.train("logistic", seeds=range(8), eta=1e-3, engine="gpu", progress=True)  # doctest: +SKIP
    """
    chosen = None if seeds is None else [int(seed) for seed in seeds]
    return _train(what, _assignments(keys), chosen, out, None, engine, adapter, save_every, evaluate_every, log, tensorboard, progress, callback)


def resume(
    directory: PathLike,
    outer: Optional[int] = None,
    engine: str = "cpu",
    adapter: Optional[str] = None,
    save_every: float = 10.0,
    evaluate_every: Optional[int] = None,
    log: Optional[PathLike] = None,
    tensorboard: bool = False,
    progress: bool = False,
    callback: Optional[Callable[[Progress], Any]] = None,
) -> Run:
    """Goes on with a run, to the same bits; with ``outer``, until it has that many outer iterations."""
    longer = [] if outer is None else [f"outer={outer}"]
    return _train("", longer, None, None, directory, engine, adapter, save_every, evaluate_every, log, tensorboard, progress, callback)[0]
