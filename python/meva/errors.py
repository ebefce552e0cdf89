"""What can go wrong, in the words of the command line: what, where, and what to do about it."""

from __future__ import annotations

from typing import Optional


class Error(Exception):
    """The base of every exception of this package: ``what`` happened, at which ``place``, and a ``hint``."""

    def __init__(self, what: str, place: Optional[str] = None, hint: Optional[str] = None) -> None:
        super().__init__(what, place, hint)
        self.what = what
        self.place = place
        self.hint = hint

    def __str__(self) -> str:
        place = f" ({self.place})" if self.place else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{self.what}{place}{hint}"


class UsageError(Error, ValueError):
    """Something impossible was asked for: an array of another shape, an unknown name, a number out of range."""


class DtypeError(UsageError, TypeError):
    """An array holds something other than real numbers of single or double precision."""


class FilesError(Error, OSError):
    """A file or a directory is missing, damaged or in the way."""


class DivergedError(Error, ArithmeticError):
    """Numbers became infinite or NaN where there is no use in going on."""


class GpuError(Error, RuntimeError):
    """There is no GPU where one is asked for, or it failed."""


class InternalError(Error, RuntimeError):
    """A mistake in this package. The interpreter and everything in it are as they were."""
