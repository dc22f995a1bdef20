"""Observations on their way to sources."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.names import plain_name
from rossi.sources.observations import Observations
from rossi.sources.source import Naming, Source

Ints = NDArray[np.int64]

#: Number of the source of an observation that has none.
NONE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Todo:
    """Observations to be sorted into sources.

    Parameters
    ----------
    observations : Observations
    rows : ndarray (n_row,) of int
        Those in question, by their start.
    placed : ndarray (n_placed,) of int
        Those of them with a pointing.
    keys : list of str (n,)
        The plain name of each observation's target; see `rossi.names.plain_name`.
    """

    observations: Observations
    rows: Ints
    placed: Ints
    keys: list[str]

    @classmethod
    def of(cls, observations: Observations, rows: Ints) -> Todo:
        """Return observations to be sorted.

        Parameters
        ----------
        observations : Observations
        rows : ndarray (n_row,) of int
            Those in question, by their start.
        """
        plain = {target: plain_name(target) for target in set(observations.target)}
        keys = [plain[target] for target in observations.target]
        return cls(observations, rows, rows[observations.placed[rows]], keys)

    def new_source(self, row: int, naming: Naming, target: str | None = None) -> Source:
        """Return a source whose anchor is an observation.

        Parameters
        ----------
        row : int
            The observation.
        naming : Naming
            Takes note of the name.
        target : str, optional
            By default that of the observation.
        """
        target = self.observations.target[row].strip() if target is None else target
        ra, dec = self.pointing(row)
        return Source(*naming.name(target, ra, dec), ra, dec, target, float(self.observations.time[row]))

    def pointing(self, row: int) -> tuple[float, float]:
        """Return where an observation pointed.

        Parameters
        ----------
        row : int

        Returns
        -------
        ra, dec : float [deg]
            Right ascension from 0 to 360; NaN where it is not known.
        """
        ra, dec = float(self.observations.ra[row]), float(self.observations.dec[row])
        if not (math.isfinite(ra) and abs(dec) <= 90):
            return math.nan, math.nan
        return ra % 360, dec

    @property
    def unplaced(self) -> list[int]:
        """The rows in question without a pointing."""
        rows: list[int] = self.rows[~self.observations.placed[self.rows]].tolist()
        return rows

    def unsorted(self) -> Ints:
        """Return a source's number for each observation: none so far."""
        return np.full(len(self.observations), NONE, np.int64)


def key_of(source: Source) -> str:
    """Return the plain name of a source's target, or of the source where it has none.

    Parameters
    ----------
    source : Source
    """
    return plain_name(source.target) or plain_name(source.name)
