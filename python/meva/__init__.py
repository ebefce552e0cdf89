"""Meta-value learning in two-player differentiable games, from Python.

Everything is computed by the same code as on the command line, with the same bits, on all processors, and without the interpreter's
lock. Arrays go in and come out as numpy arrays; any lengths may come before the last ones:

- a joint policy is ``x[..., 2, N]``: a row of ``N`` parameters for each of the two players, 0 and 1;
- payoffs are maximised;
- an iterated game's policy is five log-odds of cooperating, at the start and after DD, DC, CD, CC, **own action first**;
- ``float64`` is computed in double precision, ``float32`` in single precision, each with bits that do not depend on the machine.

>>> import meva
>>> meva.games.tandem.value([[1.0], [2.0]])
array([-7., -5.])

Numbers of equations are those of *Learning with Learning Awareness using Meta-Values* (Cooijmans, Aghajohari, Courville).
"""

from __future__ import annotations

from . import games, learners
from ._meva import Figure, Game, Learner, Model, __version__
from .calibration import Calibration, calibrate
from .errors import DivergedError, DtypeError, Error, FilesError, GpuError, InternalError, UsageError
from .following import Basins, Fate, FixedPoint, League, Play, Stability, basins, follow, league, play, stability, starts
from .reports import Check, Report, check, devices, figure
from .training import Progress, Run, Trainer, config, load, model_of, presets, resume, train

__all__ = [
    "Basins",
    "Calibration",
    "Check",
    "DivergedError",
    "DtypeError",
    "Error",
    "Fate",
    "Figure",
    "FilesError",
    "FixedPoint",
    "Game",
    "GpuError",
    "InternalError",
    "League",
    "Learner",
    "Model",
    "Play",
    "Progress",
    "Report",
    "Run",
    "Stability",
    "Trainer",
    "UsageError",
    "__version__",
    "basins",
    "calibrate",
    "check",
    "config",
    "devices",
    "figure",
    "follow",
    "games",
    "league",
    "learners",
    "load",
    "model_of",
    "play",
    "presets",
    "resume",
    "stability",
    "starts",
    "train",
]
