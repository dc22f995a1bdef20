"""Sources, and which observations are theirs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rossi.names import labels, plain_name, slugs
from rossi.remarks import Remark


@dataclass(frozen=True, slots=True)
class Source:
    """One source.

    Parameters
    ----------
    name : str
        Unique among sources; never changes once it is given.
    slug : str
        The name in keys and file names; unique, never changes either.
    ra, dec : float [deg]
        Its anchor, from which angles are measured: where its first observation pointed, J2000; NaN where only the
        target's name is known. Never changes once it is known.
    target : str
        The target's name as its first observation has it; may be empty, or the same as that of another source.
    since : float [d]
        Start of its first observation when it was found, MJD; NaN where not known.
    names : tuple of str
        All spellings of its targets' names, sorted.
    into : str
        Name of the source that it has become part of; it has no observations any more, and its name is not given again.
    """

    name: str
    slug: str
    ra: float = math.nan
    dec: float = math.nan
    target: str = ""
    since: float = math.nan
    names: tuple[str, ...] = ()
    into: str = ""

    @property
    def placed(self) -> bool:
        """Whether its position is known."""
        return math.isfinite(self.ra) and math.isfinite(self.dec)


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """Sources, and which observations are theirs.

    Parameters
    ----------
    sources : tuple of Source
        Those of yesterday first, also where they have no observation today, then new ones, those without a position
        last; each of these by the start of their first observation.
    number : ndarray (n,) of int
        For each observation its source's place in `sources`, -1 where it belongs to none.
    remarks : tuple of Remark
        What to know.
    """

    sources: tuple[Source, ...]
    number: NDArray[np.int64]
    remarks: tuple[Remark, ...] = ()

    def of(self, observation: int) -> Source | None:
        """Return the source of an observation, None where it belongs to none.

        Parameters
        ----------
        observation : int
            Its row.
        """
        number = int(self.number[observation])
        return self.sources[number] if number >= 0 else None

    @property
    def present(self) -> tuple[Source, ...]:
        """Those that have observations."""
        return tuple(source for source, count in zip(self.sources, self.counts.tolist(), strict=True) if count)

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many observations each source has (n_source,)."""
        return np.bincount(self.number[self.number >= 0], minlength=len(self.sources)).astype(np.int64)

    def members(self) -> dict[str, NDArray[np.int64]]:
        """Return the rows of each source that has observations, by its name."""
        order = np.argsort(self.number, kind="stable")
        first = np.searchsorted(self.number[order], np.arange(len(self.sources) + 1))
        return {
            source.name: order[first[number] : first[number + 1]]
            for number, source in enumerate(self.sources)
            if first[number] < first[number + 1]
        }


class Naming:
    """Gives names and slugs, each once; names that mean the same count as one.

    Parameters
    ----------
    taken : sequence of Source
        Those that have theirs.
    """

    def __init__(self, taken: Iterable[Source] = ()) -> None:
        known = tuple(taken)
        self._names = {plain_name(source.name) for source in known}
        self._slugs = {source.slug for source in known}

    def name(self, target: str, ra: float = math.nan, dec: float = math.nan) -> tuple[str, str]:
        """Return name and slug of a new source, which are taken from then on; see `rossi.names.labels`.

        Parameters
        ----------
        target : str
            May be empty.
        ra, dec : float [deg]
            NaN where the position is not known.

        Returns
        -------
        name, slug : str
        """
        label = next(one for one in labels(target, ra, dec) if plain_name(one) not in self._names)
        short = next(one for one in slugs(label, ra, dec) if one not in self._slugs)
        self._names.add(plain_name(label))
        self._slugs.add(short)
        return label, short
