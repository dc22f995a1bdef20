"""The files of one mode, counted into the bins of fast light curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.errors import ConfigError
from rossi.extract.array import ScienceArray, ScienceFile
from rossi.extract.events import CHUNK, ScienceEvents
from rossi.extract.repeats import REPEATED, once
from rossi.extract.selection import TimeSelection
from rossi.fits.reader import FitsFile
from rossi.fits.table import by_row
from rossi.gti import Gti
from rossi.pca.standard2 import PCUS, parse_layers, xenon_columns
from rossi.remarks import Remark
from rossi.timing.bins import Bins
from rossi.timing.choice import Choice
from rossi.timing.events import open_events
from rossi.timing.modes import Kind, Mode
from rossi.timing.xenon_stream import MergedPair

#: 32 bits while they are counted, fewer where they are kept.
Counts = NDArray[np.integer[Any]]
Load = Callable[[str], FitsFile | ScienceEvents]

#: Times that go back by less than this are events out of order [s].
JUMP = 1.0
#: Samples that are looked at at a time; some 30 MB of intermediate arrays.
_SAMPLES = 1 << 20


@dataclass(frozen=True, slots=True)
class Stream:
    """The files of one mode, and which of its elements count for which band.

    Parameters
    ----------
    files : list of ScienceFile
    own : list of Gti
        The good time of each, in which nothing is there twice.
    bands : dict of int to ndarray
        Elements by number of the band.
    pcus : tuple of int
    kind : Kind
    said : list of Remark
        Grows while counts are made.
    """

    files: list[ScienceFile]
    own: list[Gti]
    bands: dict[int, NDArray[np.intp]]
    pcus: tuple[int, ...]
    kind: Kind
    said: list[Remark] = field(default_factory=list)

    def remarks(self) -> list[Remark]:
        """Return what to know of the files that have been looked at."""
        lost = [
            Remark("events_lost" if isinstance(file, MergedPair) else "undated_rows", text)
            for file in self.files
            for text in file.remarks
        ]
        return [*lost, *dict.fromkeys(self.said)]

    @property
    def good(self) -> Gti:
        """Good time of all files."""
        return intervals.union(*self.own)

    def count(self, bins: Bins, counts: Counts, whole: NDArray[np.bool_]) -> None:
        """Add what the files have to the bands; mark bins of which something is missing.

        Parameters
        ----------
        bins : Bins
        counts : ndarray (n_band, n_bin)
            Added to.
        whole : ndarray (n_bin,) of bool
            Set to False.
        """
        filled, wanted = np.zeros(bins.size, np.int32), 0
        for file, own in zip(self.files, self.own, strict=True):
            if isinstance(file, ScienceEvents):
                self._events(file, own, bins, counts)
            elif isinstance(file, ScienceArray):
                wanted = self._array(file, own, bins, counts, filled)
        if wanted:
            whole &= filled == wanted

    def _events(self, file: ScienceEvents, own: Gti, bins: Bins, counts: Counts) -> None:
        tick = file.timedel if np.isfinite(file.timedel) else 0.0
        whole = bins.gti
        if not len(whole):
            return
        for piece in file.pieces(CHUNK, (float(whole[0, 0]), float(whole[-1, 1]))):
            time, words = file.times(piece), file.words(piece)
            self._note_jumps(file.name, time)
            at = bins.at(time + tick / 2)
            keep = (at >= 0) & file.word.is_photon(words)
            if len(self.files) > 1:  # of one file, all bins lie in its good time
                keep &= intervals.contains(own, time)
            if self.pcus != PCUS:
                keep &= np.isin(file.word.detector(words), self.pcus)
            at, channel = at[keep], file.word.channel(words)[keep]
            for band, elements in self.bands.items():
                chosen = np.zeros(1 << file.word.channel_width, bool)
                chosen[elements] = True
                _add(counts[band], at if chosen.all() else at[chosen[channel]])

    def _array(self, file: ScienceArray, own: Gti, bins: Bins, counts: Counts, filled: Counts) -> int:
        """Add an array; return how many samples a bin has."""
        columns = file.ordered(self._columns(file))
        shape, table = file.shape(columns[0]), file.table
        spilled = (
            by_row(table.integers("Spillage", None)).any(axis=1) if "Spillage" in table else np.zeros(len(table), bool)
        )
        usable: NDArray[np.bool_] = np.isfinite(file.time) & ~spilled
        self._note(file, int(np.count_nonzero(spilled)))
        step = max(1, _SAMPLES // shape.n_time)
        for row in range(0, len(table), step):
            start = file.time[row : row + step, None] + (np.arange(shape.n_time) + 0.5) * shape.dt
            start[~usable[row : row + step]] = bins.origin - bins.dt  # in no bin
            at = bins.at(start.ravel())
            index = np.flatnonzero((at >= 0) & intervals.contains(own, start.ravel()))
            known = np.ones(len(index), bool)
            for band, elements in self.bands.items():
                values, undefined = _values(file, columns, elements, index + row * shape.n_time)
                _add(counts[band], at[index], values)
                known &= ~undefined
            _add(filled, at[index][known])
        return round(bins.dt / shape.dt)

    def _note(self, file: ScienceArray, number: int) -> None:
        if number:
            self.said.append(
                Remark(
                    "spillage",
                    f"{file.name}: {number} rows spilled over, their counts went into the next one or were lost; bins "
                    "in these rows are left out.",
                )
            )
        self._note_jumps(file.name, file.time)

    def _note_jumps(self, name: str, time: NDArray[np.float64]) -> None:
        back = np.flatnonzero(np.diff(time) < -JUMP)
        if len(back):
            far = -float(np.diff(time).min())
            self.said.append(
                Remark(
                    "clock_jump",
                    f"{name}: the clock goes back {len(back)} times, by up to {far:.6g} s, first at MET "
                    f"{time[back[0]]:.3f}; what is there twice is left out.",
                )
            )

    def _columns(self, file: ScienceArray) -> tuple[str, ...]:
        if self.kind == Kind.STANDARD1:
            return tuple(f"XeCntPcu{pcu}" for pcu in self.pcus)
        if self.kind == Kind.STANDARD2:
            return xenon_columns(self.pcus, parse_layers("ALL"))
        return file.good_columns()


def open_streams(
    choices: Sequence[Choice], load: Load, pcus: Sequence[int] | None
) -> tuple[list[Stream], list[Remark]]:
    """Open the files of all modes, each once.

    Parameters
    ----------
    choices : sequence of Choice
        One for each band.
    load : callable
        Returns the file of a path; events may be open already.
    pcus : sequence of int, optional
        Only these.

    Returns
    -------
    list of Stream, list of Remark

    Raises
    ------
    ConfigError
        If PCUs are asked for that a mode does not tell.
    """
    modes: dict[tuple[str, ...], Mode] = {}
    bands: dict[tuple[str, ...], dict[int, NDArray[np.intp]]] = {}
    for number, choice in enumerate(choices):
        for mode, elements in zip(choice.modes, choice.elements, strict=True):
            modes[mode.paths] = mode
            bands.setdefault(mode.paths, {})[number] = elements
    chosen = PCUS if pcus is None else tuple(sorted(set(pcus)))
    streams, said = [], list[Remark]()
    for paths, mode in modes.items():
        if chosen != PCUS and not mode.first.tells_pcu:
            raise ConfigError(f"PCUs {chosen} are asked for, but {mode.name} counts all together; take all PCUs.")
        files: Sequence[ScienceFile]
        if mode.kind in {Kind.XENON, Kind.EVENTS}:
            files, remarks = open_events([load(path) for path in paths])
            said += [Remark("half_missing", text) for text in remarks]
        else:
            files = sorted((_array(load(path)) for path in paths), key=lambda file: file.tstart)
        own, repeats = once(files, [intervals.make(gti) for gti in TimeSelection().own_gtis(files)])
        said += [Remark(REPEATED, str(repeat)) for repeat in repeats]
        streams.append(Stream(list(files), own, bands[paths], chosen, mode.kind))
    return streams, said


def _array(file: FitsFile | ScienceEvents) -> ScienceArray:
    if isinstance(file, ScienceEvents):
        raise ConfigError(f"{file.name}: it was opened as events, but holds arrays; open it as a FITS file.")
    return ScienceArray.from_file(file)


def _values(
    file: ScienceArray, columns: tuple[str, ...], elements: NDArray[np.intp], index: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return counts of samples, summed over columns and elements, and where something of them is undefined."""
    info = file.table.info(columns[0])
    raw = file.samples(columns, elements, index)
    values = raw.astype(np.int64) + int(info.zero)
    if info.null is None:
        return values.sum(axis=(1, 2)), np.zeros(len(index), bool)
    undefined: NDArray[np.bool_] = np.asarray(raw == info.null)
    return np.where(undefined, 0, values).sum(axis=(1, 2)), np.asarray(undefined.any(axis=(1, 2)))


def _add(total: Counts, at: NDArray[np.int64], values: NDArray[np.int64] | None = None) -> None:
    """Add ones, or values, to a flat array; only the part that is touched is looked at."""
    if not len(at):
        return
    low, high = int(at.min()), int(at.max()) + 1
    total[low:high] += np.bincount(at - low, values, high - low).astype(np.int32)
