"""GoodXenon: two words of each event, in two files."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError
from rossi.fits.writer import Column
from rossi.simulate.fast.photons import TICKS, Photons
from rossi.simulate.fast.writing import File, science_file
from rossi.simulate.keywords import TIME, Columns
from rossi.simulate.spec import ObservationSpec

#: Analyzers of the two halves; which is which, DATAMODE alone tells.
_APIDS = (0x3B, 0x37)
#: Words that begin the intervals of 2^-7 s, the first of a second and others, and the one that ends a partition.
_SECOND, _MARK, _END = 0x7FFC, 0x7FF8, 0x7F7F
_INTERVAL, _PER_SECOND = 1 << 13, 128
_EVENT = 0x8000
#: Words of a row, and those that a partition holds at most.
_ROW, _MOST = 256, 16382
#: Lengths of partitions [s]: faint sources have long ones.
_LENGTHS = (16, 2)
#: Names of columns are guesses, their order is known.
_COLUMNS = (
    Column("EventCnt", "J"),
    Column("LostEvents", "J"),
    Column("Spillage", "B"),
    Column("TriggerFlags", "B"),
    Column("PartRowSeq", "I"),
    Column("EventList", f"{_ROW}I", zero=32768),
)


def xenon_files(spec: ObservationSpec, photons: Photons, span: tuple[int, int]) -> list[File]:
    """Return path and content of both halves of GoodXenon in a run of rows.

    Parameters
    ----------
    spec : ObservationSpec
    photons : Photons
        Of the run.
    span : (int, int) [s]
        Its start and stop.

    Raises
    ------
    ConfigError
        If a partition does not hold the photons.
    """
    start, stop = span
    length, number = _partitions(spec, photons, start, stop)
    tick = (photons.second - start) * TICKS + photons.tick
    place, size, marks, ends = _places(tick // _INTERVAL, number, length)
    late = tick % _INTERVAL
    first = _EVENT | photons.pcu << 12 | photons.anode << 9 | photons.channel << 1 | late >> 12
    second = _EVENT | photons.pcu << 12 | late & 0xFFF
    files = []
    for role, words in enumerate((first, second), 1):
        flat = np.zeros(size, np.int64)
        flat[marks] = np.where(np.arange(len(marks)) % _PER_SECOND, _MARK, _SECOND)
        flat[ends], flat[place] = _END, words
        columns = _table(flat.reshape(-1, _ROW), number, start, length)
        mode, times = f"GoodXenon{role}_{length}s", (float(length), float(length))
        files.append(science_file(spec, _APIDS[role - 1], mode, columns, span, times, events=True, corrected=False))
    return files


def _partitions(spec: ObservationSpec, photons: Photons, start: int, stop: int) -> tuple[int, NDArray[np.int64]]:
    """Return the length of partitions [s], and how many words each has."""
    for length in _LENGTHS:
        events = np.bincount((photons.second - start) // length, minlength=(stop - start) // length)
        number = events + length * _PER_SECOND + 1
        if number.max() <= _MOST:
            return length, number
    raise ConfigError(
        f"Simulated observation {spec.obsid}: {events.max()} photons in {length} s are more than GoodXenon holds; use "
        "a fainter source, or other configurations."
    )


_Places = tuple[NDArray[np.int64], int, NDArray[np.int64], NDArray[np.int64]]


def _places(interval: NDArray[np.int64], number: NDArray[np.int64], length: int) -> _Places:
    """Return where events are among the words of whole rows, how many those are, and where marks and ends are."""
    per = length * _PER_SECOND
    rows = -(-number // _ROW)
    shift = _ROW * (np.cumsum(rows) - rows) - (np.cumsum(number) - number)
    every = np.arange(per * len(number))
    ends = np.cumsum(number) - 1 + shift
    marks = every + np.searchsorted(interval, every) + every // per + shift[every // per]
    place = np.arange(len(interval)) + interval + 1 + interval // per + shift[interval // per]
    return place, int(_ROW * rows.sum()), marks, ends


def _table(words: NDArray[np.int64], number: NDArray[np.int64], start: int, length: int) -> Columns:
    rows = -(-number // _ROW)
    partition = np.repeat(np.arange(len(number)), rows)
    sequence = np.arange(len(partition)) - np.repeat(np.cumsum(rows) - rows, rows) + 1
    nothing = np.zeros(len(partition), np.int64)
    values = [number[partition], nothing, nothing, nothing, sequence, words]
    return [(TIME, start + length * partition.astype(np.float64)), *zip(_COLUMNS, values, strict=True)]
