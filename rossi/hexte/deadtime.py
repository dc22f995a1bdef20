"""The dead fraction of intervals of time, from the dead time of 16-s frames (the FTOOLS task ``hxtdead``)."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats, chosen_rows
from rossi.errors import DataError
from rossi.fits.table import Table
from rossi.hexte.coefficients import coefficients
from rossi.hexte.counters import Frames, archive_frames, corrected, event_frames, upper_level
from rossi.hexte.housekeeping import Housekeeping
from rossi.hexte.science import DETECTORS, FRAME, Cluster, cluster_of, frame_number, revision
from rossi.met import timezero
from rossi.remarks import Remark

#: First version of the processing whose counters stand in their own row (archive mode), and whose event lists tell all
#: detectors' counters.
_RIGHT_ARCHIVE, _RIGHT_EVENTS = 50301, 50100
#: Archive rows count the frame before their Time [s].
_ARCHIVE_OFFSET = -16.0


@dataclass(frozen=True, slots=True)
class DeadTime:
    """Dead time of each frame of a science file.

    Parameters
    ----------
    cluster : Cluster
    is_events : bool
    first : int
        Number of the first frame.
    dead : ndarray (n_frame, 4) [2**-19 s]
        0 for frames without science data.
    mean : ndarray (4,)
        Stands for frames before and behind the science data; frames without data within count as 0 in it.
    offset, zero : float [s]
        Products have TIMEZERO `zero` in their times; frames are found at time + offset - zero.
    span : tuple of float
        TSTART and TSTOP of the housekeeping [s].
    remarks : tuple of Remark
    has : tuple of int
        Detectors with dead time in any frame; the others were off.
    rows : ndarray (n_frame + 1, 4) [2**-19 s]
        `dead`, then `mean`.
    """

    cluster: Cluster
    is_events: bool
    first: int
    dead: Floats
    mean: Floats
    offset: float
    zero: float
    span: tuple[float, float]
    remarks: tuple[Remark, ...]
    has: tuple[int, ...] = field(init=False)
    rows: Floats = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "has", tuple(np.logical_or.reduce(self.dead > 0).nonzero()[0].tolist()))
        object.__setattr__(self, "rows", np.concatenate((self.dead, self.mean[None])))

    def at(self, frame: NDArray[np.int64]) -> Floats:
        """Return the dead time of frames.

        Parameters
        ----------
        frame : ndarray (n,) of int
            Numbers of frames.

        Returns
        -------
        ndarray (n, 4) [2**-19 s]
        """
        return np.asarray(self.rows[self.row(frame)])

    def row(self, frame: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the place of frames in `rows`.

        Parameters
        ----------
        frame : ndarray (...) of int
            Numbers of frames.

        Returns
        -------
        ndarray (...) of int
        """
        return np.minimum(np.maximum(frame - self.first, -1), len(self.dead))  # both ends: the mean, which comes last

    def shifted(self, time: Floats) -> Floats:
        """Return times of products as times of frames.

        Parameters
        ----------
        time : ndarray (n,) or (n, 2) [s]

        Returns
        -------
        ndarray [s], shaped as `time`
        """
        return np.asarray(time + self.offset - self.zero)

    def beyond(self, start: float, stop: float) -> Remark | None:
        """Return a remark where a product reaches beyond the housekeeping, else None.

        Parameters
        ----------
        start, stop : float [s]
            Of the product.
        """
        first, last = (t + self.offset - self.zero for t in (start, stop))
        if first + 0.001 >= self.span[0] and last - 0.001 < self.span[1]:
            return None
        return Remark(
            "housekeeping_short",
            f"The product lasts from {first:.3f} to {last:.3f} s, the housekeeping from {self.span[0]:.3f} to "
            f"{self.span[1]:.3f} s; outside, the mean dead time is used.",
        )


def dead_time(
    science: Table, housekeeping: Housekeeping, coefficient_table: Table, counted: Frames | None = None
) -> DeadTime:
    """Work out the dead time of every frame of a science file that is split by position.

    Parameters
    ----------
    science : Table
        HDU 1 of the file.
    housekeeping : Housekeeping
        Of the same cluster.
    coefficient_table : Table
    counted : Frames, optional
        What a pass over an event list found; `science` then needs no rows.

    Raises
    ------
    DataError
        If science and housekeeping have no time in common, or the processing of the file was too early to correct.
    """
    if science.name.upper() != "XTE_SE":
        return archive_dead_times([science], science, (0,), housekeeping, coefficient_table)[0]
    frames = event_frames([science], *housekeeping.span) if counted is None else counted
    return event_dead_times([science], [frames], housekeeping, coefficient_table)[0]


def event_dead_times(
    parts: Sequence[Table], counted: Sequence[Frames], housekeeping: Housekeeping, coefficient_table: Table
) -> list[DeadTime]:
    """Work out the dead time of several parts of event lists together; see `dead_time`.

    Parameters
    ----------
    parts : sequence of Table
        HDU 1 of each, which needs no rows.
    counted : sequence of Frames
        What a pass over each found.
    housekeeping : Housekeeping
        Of all.
    coefficient_table : Table

    Raises
    ------
    DataError
        As `dead_time` does.
    """
    frames, edges = _covered(counted, housekeeping)
    for part, (begin, end) in zip(parts, pairwise(edges), strict=True):
        _require_common(part, frames.number[begin:end], housekeeping)
        if revision(part) < _RIGHT_EVENTS and _only_first_detector(frames.events[begin]):
            raise DataError(
                f"{part.where}: CREATOR {part.header.get('CREATOR')!r} wrote counters of detector 0 only; fetch the "
                "reprocessed file from the archive."
            )
    added, known = _upper_level(coefficient_table, cluster_of(parts[0]), housekeeping)
    dead = corrected(frames, housekeeping, added, edges)
    return [
        _of_frames(part, frames.number[begin:end], dead[begin:end], housekeeping, 0.0, known)
        for part, (begin, end) in zip(parts, pairwise(edges), strict=True)
    ]


def archive_dead_times(
    parts: Sequence[Table], whole: Table, first: Sequence[int], housekeeping: Housekeeping, coefficient_table: Table
) -> list[DeadTime]:
    """Work out the dead time of several parts of archive-mode data together; see `dead_time`.

    Parameters
    ----------
    parts : sequence of Table
        HDU 1 of each.
    whole : Table
        With the rows of all.
    first : sequence of int
        Where the rows of each begin.
    housekeeping : Housekeeping
        Of all.
    coefficient_table : Table

    Raises
    ------
    DataError
        As `dead_time` does.
    """
    added, known = _upper_level(coefficient_table, cluster_of(whole), housekeeping)
    offset = _ARCHIVE_OFFSET if str(whole.header.get("DATAMODE", "")).strip() == "Archive" else 0.0
    early = [revision(part) < _RIGHT_ARCHIVE for part in parts]
    frames, edges = _archive_frames(whole, first, offset, housekeeping, early)
    for part, (begin, end) in zip(parts, pairwise(edges), strict=True):
        _require_common(part, frames.number[begin:end], housekeeping)
    dead, found = corrected(frames, housekeeping, added, edges), []
    for part, is_early, (begin, end) in zip(parts, early, pairwise(edges), strict=True):
        remarks = (*known, _early(part.where, str(part.header.get("CREATOR", "")))) if is_early else known
        found.append(_of_frames(part, frames.number[begin:end], dead[begin:end], housekeeping, offset, remarks))
    return found


def _require_common(science: Table, frames: Sized, housekeeping: Housekeeping) -> None:
    if not len(frames):
        raise DataError(
            f"{science.where}: its rows and the housekeeping {housekeeping.name} ({housekeeping.span[0]:.0f} to "
            f"{housekeeping.span[1]:.0f} s) have no time in common; give the housekeeping of the same observation."
        )


def _of_frames(
    science: Table,
    number: NDArray[np.int64],
    dead: Floats,
    housekeeping: Housekeeping,
    offset: float,
    remarks: tuple[Remark, ...],
) -> DeadTime:
    """Return the dead time of frames, by number, in order of the data."""
    low, high = int(number.min()), int(number.max())
    table = np.zeros((high - low + 1, len(DETECTORS)))
    table[number - low] = dead  # of equal frames the last one counts
    edges = int(number[0]) - low, int(number[-1]) - low
    covered = table[min(edges) : max(edges) + 1]
    mean = np.add.accumulate(covered)[-1] / len(covered)  # one by one, as `last_sum`
    is_events, zero = science.name.upper() == "XTE_SE", timezero(science.header, science.where)
    return DeadTime(cluster_of(science), is_events, low, table, mean, offset, zero, housekeeping.span, remarks)


@lru_cache(maxsize=2)
def _upper_level(table: Table, cluster: Cluster, housekeeping: Housekeeping) -> tuple[Floats, tuple[Remark, ...]]:
    """Return what the parts of an observation share: see `upper_level`, and what to say of housekeeping and table."""
    known = coefficients(table, cluster, housekeeping.time)
    return upper_level(housekeeping, known), (*housekeeping.remarks(), *known.remarks)


def _covered(counted: Sequence[Frames], housekeeping: Housekeeping) -> tuple[Frames, list[int]]:
    """Return the frames of parts that begin within the housekeeping, and where those of each begin and end."""
    number, *others = (np.concatenate([getattr(one, name) for one in counted]) for name in Frames.__slots__)
    edges = list(accumulate(map(len, counted), initial=0))
    start = number * FRAME
    inside = (start >= housekeeping.span[0]) & (start < housekeeping.span[1])
    if inside.all():
        return Frames(number, *others), edges
    within = Frames(*(values[inside] for values in (number, *others)))
    return within, [int(inside[:edge].sum()) for edge in edges]


def _archive_frames(
    whole: Table, first: Sequence[int], offset: float, housekeeping: Housekeeping, early: Sequence[bool]
) -> tuple[Frames, list[int]]:
    """Return the frames of parts, and where those of each begin and end.

    Of a part they are those between the first and the last row that housekeeping covers, less those without a frame of
    it. Counters of a row belong to the housekeeping of its time and the offset.
    """
    time = whole.numbers("Time") + offset
    number, edges = frame_number(time), [*first, len(time)]
    slot = number - housekeeping.first
    usable = (slot >= 0) & (slot < len(housekeeping))
    inside = (time >= housekeeping.span[0]) & (time < housekeeping.span[1])
    if not (usable & inside).all():
        for begin, end in pairwise(edges):
            (covered,) = inside[begin:end].nonzero()
            low, high = (begin + covered[0], begin + covered[-1] + 1) if len(covered) else (end, end)
            usable[begin:low] = usable[high:end] = False
        whole, number = whole.with_rows(chosen_rows(whole.rows, usable)), number[usable]
        edges = [0, *np.cumsum([usable[begin:end].sum() for begin, end in pairwise(edges)]).tolist()]
    late = [rows for rows, is_early in zip(pairwise(edges), early, strict=True) if is_early]
    return archive_frames(whole, number, late), edges


def _only_first_detector(events: Floats) -> bool:
    return bool(events[0] > 0 and (events[1:] == 0).any())


def _early(where: str, creator: str) -> Remark:
    return Remark(
        "early_processing",
        f"{where}: CREATOR is {creator!r}; before revision 5.3.1 the dead-time counters stand one row late, which a "
        "file split by position can't mend: live times may be wrong. Fetch the reprocessed file from the archive.",
    )
