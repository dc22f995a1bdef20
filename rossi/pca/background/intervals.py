"""From the rows of the data to the rows of the background, which may be longer or shorter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import DataError

Singles = NDArray[np.float32]


#: Rows of a block. Some 100 rows of six spectra take 0.6 MB in double precision; other numbers only change the speed.
_BLOCK = 96
#: Most rows of background: 24 days in rows of 16 s; with all layers each takes some 15 kB.
MAX_INTERVALS = 1 << 17


class Intervals:
    """How rows of one length share rows of another length.

    Rows count by their number; gaps between them are not looked at.

    Parameters
    ----------
    n_row : int
    row_length, interval : float [s]
        Of the data and of the background, which is above 0.

    Raises
    ------
    DataError
        If rows have no length, or make too many rows of background.
    """

    def __init__(self, n_row: int, row_length: float, interval: float) -> None:
        if not 0 < row_length < np.inf:
            raise DataError(f"the rows of the data last {row_length:g} s; a length above 0 was expected.")
        if n_row * row_length / interval > max(MAX_INTERVALS, n_row):
            raise DataError(
                f"interval is {interval:g} s, which makes {n_row * row_length / interval:.0f} rows of background; "
                f"up to {MAX_INTERVALS} are possible. Give a longer interval (bkginterval)."
            )
        self.row_length, self.interval = row_length, interval
        self.same = interval == row_length
        scale = interval / row_length
        self.n_out = n_row if self.same else int(np.ceil(n_row / scale))
        self._steps = [] if self.same else self._parts(np.arange(n_row), scale)

    def _parts(self, row: NDArray[np.intp], scale: float) -> list[tuple[NDArray[np.intp], NDArray[np.intp], Floats]]:
        """Return rows, intervals and seconds; no interval comes twice in one step, and steps keep the rows' order."""
        first, last = np.floor(row / scale).astype(np.intp), np.floor((row + 1) / scale).astype(np.intp)
        number = last - first + 1
        rows = np.repeat(row, number)
        into = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number) + first[rows]
        starts, ends = self.row_length * rows, self.row_length * (rows + 1)
        seconds = np.full(len(rows), self.interval)
        is_first, is_last = into == first[rows], into == last[rows]
        seconds[is_first] = ((into + 1) * self.interval - starts)[is_first]
        seconds[is_last] = (ends - into * self.interval)[is_last]
        seconds[is_first & is_last] = self.row_length
        keep = (seconds > 0) & (into < self.n_out)
        rows, into, seconds = rows[keep], into[keep], seconds[keep]
        rank = np.arange(len(into)) - np.searchsorted(into, into, "left")
        return [(rows[rank == r], into[rank == r], seconds[rank == r]) for r in range(int(rank.max(initial=-1)) + 1)]

    def blocks(self) -> list[slice]:
        """Return rows to work on together: few enough for their spectra to stay in the processor's cache."""
        if not self.same:
            return [slice(None)]
        return [slice(first, first + _BLOCK) for first in range(0, self.n_out, _BLOCK)]

    def counts(self, rates: Singles) -> Singles:
        """Return counts of each interval from rates of each row; sums are rounded to single precision row by row.

        Parameters
        ----------
        rates : ndarray (..., n_row, n_channel) of float32 [count / s]
            Overwritten where intervals are rows.

        Returns
        -------
        ndarray (..., n_out, n_channel) of float32 [count]
        """
        if self.same:
            single = np.float32(self.row_length)
            if single != self.row_length:
                return (self.row_length * rates.astype(np.float64)).astype(np.float32)
            rates *= single  # the product of two singles is rounded once, as that of doubles is
            return rates
        total = np.zeros((*rates.shape[:-2], self.n_out, rates.shape[-1]), np.float32)
        for rows, into, seconds in self._steps:
            total[..., into, :] += seconds[:, None] * rates[..., rows, :]
        return total

    def times(self, time: Floats) -> Floats:
        """Return the starts of the intervals from those of the rows.

        Parameters
        ----------
        time : ndarray (n_row,) [s]

        Returns
        -------
        ndarray (n_out,) [s]
        """
        if self.same:
            return time
        offset = self.interval * np.arange(self.n_out)
        row = np.floor(offset / self.row_length).astype(np.intp)
        return np.asarray(time[row] + np.fmod(offset, self.row_length))
