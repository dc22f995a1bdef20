"""Several files of one kind, each with bins of its own, that are added up in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from rossi.extract.selection import Grid, Samples
from rossi.fits.edit import stack_rows
from rossi.fits.table import Table


@dataclass(frozen=True, slots=True)
class Alike:
    """Grids of one file each, of tables that are alike, one behind the other.

    Parameters
    ----------
    grids : tuple of Grid
        At least one; their samples are of one length.
    whole : Grid
        The samples of all, in one table.
    starts : tuple of int
        Number of the first sample of each grid.
    offsets : ndarray (n_grid,) of int
        By how much the numbers of its bins are higher in `whole`.
    """

    grids: tuple[Grid, ...]
    whole: Grid
    starts: tuple[int, ...]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, grids: Sequence[Grid], table: Table, first: Sequence[int], n_time: int) -> Alike:
        """Put grids behind each other.

        Parameters
        ----------
        grids : sequence of Grid
        table : Table
            With the rows of their files: see `stacked`.
        first : sequence of int
            Where those of each file begin.
        n_time : int
            Samples of a row.
        """
        each = [grid.samples[0] for grid in grids]
        array = copy(each[0].array)
        array.table = table
        starts = tuple(accumulate((len(one.index) for one in each[:-1]), initial=0))
        highest = [int(one.bins.max(initial=0)) + 1 for one in each]
        offsets = list(accumulate(highest[:-1], initial=0))
        index = np.concatenate([one.index + row * n_time for one, row in zip(each, first, strict=True)])
        bins = np.concatenate([one.bins + offset for one, offset in zip(each, offsets, strict=True)])
        grid = grids[0]
        samples = (Samples(array, index, bins, each[0].dt),)
        whole = Grid(grid.origin, grid.binsz, grid.start, grid.stop, grid.files, (), samples)
        return cls(tuple(grids), whole, starts, np.array(offsets))


def stacked(tables: Sequence[Table]) -> tuple[Table, tuple[int, ...]]:
    """Return tables that are alike as one, and where the rows of each begin.

    Parameters
    ----------
    tables : sequence of Table
        At least one.
    """
    whole = stack_rows(tables[0], tables[1:]) if len(tables) > 1 else tables[0]
    return whole, tuple(accumulate((len(table) for table in tables[:-1]), initial=0))
