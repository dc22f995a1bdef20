"""Fast light curves: counts as integers in whole bins of good time, several bands on one grid.

What power spectra need: bins are equally long and all of them full. Rates, dead time and background are for others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.errors import ConfigError, NoGoodTime
from rossi.extract.array import ScienceArray, ScienceFile
from rossi.extract.events import CHUNK, ScienceEvents
from rossi.extract.repeats import once
from rossi.extract.selection import TimeSelection
from rossi.fits import declarations as declared
from rossi.fits.header import CardTuple, Header
from rossi.fits.reader import FitsFile
from rossi.fits.table import by_row
from rossi.fits.writer import Column, fits_bytes, now, primary_hdu, table_hdu
from rossi.gti import Gti
from rossi.met import MJDREFF, MJDREFI
from rossi.pca.standard2 import parse_layers, xenon_columns
from rossi.timing.bins import Bins, whole_bins
from rossi.timing.choice import Choice
from rossi.timing.events import open_events
from rossi.timing.exchange import stingray_counts
from rossi.timing.modes import Kind, Mode
from rossi.version import __version__

Counts = NDArray[np.int32]
Load = Callable[[str], FitsFile]

#: Samples that are looked at at a time; some 30 MB of intermediate arrays.
_SAMPLES = 1 << 20
_KEPT = ("TELESCOP", "INSTRUME", "OBJECT", "OBS_ID", "RA_OBJ", "DEC_OBJ", "RA_PNT", "DEC_PNT", "EQUINOX", "RADECSYS")
_ALL_PCUS = (0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class FastLightCurve:
    """Counts of some bands.

    Parameters
    ----------
    bins : Bins
    counts : ndarray (n_band, n_bin) of int32
        All runs of bins one after the other.
    choices : tuple of Choice
        What each band was made of.
    lost : float [s]
        Good time that lies in no whole bin, or in bins of which samples are missing, undefined or spilled over.
    header : Header
        Of the first file.
    remarks : tuple of str
    """

    bins: Bins
    counts: Counts
    choices: tuple[Choice, ...]
    lost: float
    header: Header
    remarks: tuple[str, ...]

    @property
    def dt(self) -> float:
        """Length of a bin [s]."""
        return self.bins.dt

    @property
    def gti(self) -> Gti:
        """Time of the bins, MET (TT)."""
        return self.bins.gti

    @property
    def exposure(self) -> float:
        """Length of all bins [s]."""
        return self.bins.size * self.dt

    @property
    def rate(self) -> NDArray[np.float64]:
        """Mean rate of each band (n_band,) [count / s], all PCUs together."""
        return np.asarray(self.counts.sum(axis=1) / self.exposure)

    def runs(self) -> Iterator[tuple[float, Counts]]:
        """Iterate over runs of bins: begin [s], MET (TT), and counts (n_band, n)."""
        for (start, _), at, number in zip(self.gti, self.bins.offset, self.bins.number, strict=True):
            yield float(start), self.counts[:, at : at + number]

    def to_bytes(self, *, compress: bool = False) -> bytes:
        """Return a FITS file with a row for each run of bins.

        Parameters
        ----------
        compress : bool
            Gzip the file.
        """
        columns: list[tuple[Column, NDArray[Any] | list[Counts]]] = [
            (declared.RUN_TIME, self.gti[:, 0]),
            (declared.RUN_NUMBER, self.bins.number),
        ]
        for number in range(len(self.choices)):
            cells = [counts[number] for _, counts in self.runs()]
            columns.append((replace(declared.RUN_COUNTS, name=f"COUNTS{number + 1}"), cells))
        cards: list[CardTuple] = [
            *(("HDUCLASS", "OGIP"), ("HDUCLAS1", "LIGHTCURVE"), ("HDUCLAS2", "TOTAL"), ("HDUCLAS3", "COUNT")),
            *((key, self.header.get(key)) for key in _KEPT if key in self.header),
            *(("TIMESYS", "TT"), ("TIMEUNIT", "s"), ("MJDREFI", MJDREFI), ("MJDREFF", MJDREFF), ("TIMEZERO", 0.0)),
            *(("TSTART", float(self.gti[0, 0])), ("TSTOP", float(self.gti[-1, 1]))),
            *(("TIMEDEL", self.dt, "[s] length of a bin"), ("TIMEPIXR", 0.0), ("EXPOSURE", self.exposure)),
            *(("LOST", self.lost, "[s] good time that is in no whole bin"), ("DEADAPP", False), ("BACKAPP", False)),
        ]
        for number, choice in enumerate(self.choices, 1):
            held = ",".join(f"{a}~{b}" for a, b in choice.channels)
            cards.append((f"CHAN{number}", held, "absolute channels of the band"))
            cards.append((f"MODE{number}", " + ".join(mode.name for mode in choice.modes), "what it was made of"))
        primary = primary_hdu([("CONTENT", "LIGHT CURVE", "fast light curve"), ("CREATOR", f"rossi {__version__}")])
        primary.append("DATE", now(), "file creation (UTC)")
        return fits_bytes(primary, [table_hdu("FAST", columns, cards)], compress=compress)

    def to_stingray(self, band: int = 0) -> Any:
        """Return a band as stingray's light curve: counts, good time, MET (TT).

        Parameters
        ----------
        band : int
            Its number, from 0.

        Returns
        -------
        stingray.Lightcurve

        Raises
        ------
        ConfigError
            If stingray is not installed.
        """
        time = np.concatenate([start + self.dt * (np.arange(n.shape[1]) + 0.5) for start, n in self.runs()])
        return stingray_counts(time, self.counts[band], self.gti, self.dt)


def fast_light_curve(
    choices: Sequence[Choice], load: Load, good: Gti | None = None, pcus: Sequence[int] | None = None
) -> FastLightCurve:
    """Count photons of several bands in whole bins.

    Parameters
    ----------
    choices : sequence of Choice
        One for each band, of the same resolution; see `rossi.timing.choice.choose`.
    load : callable
        Returns the file of a path.
    good : Gti, optional
        Good time, MET (TT); files' own good time counts anyway.
    pcus : sequence of int, optional
        Only these; all by default.

    Raises
    ------
    NoGoodTime
        If there is no whole bin.
    ConfigError
        If the resolutions differ, or PCUs are asked for that a mode does not tell.
    """
    if not choices or len({choice.wish.resolution for choice in choices}) > 1:
        raise ConfigError("Bands of one light curve must be of one resolution, and there must be one at least.")
    streams, said = _streams(choices, load, pcus)
    common = choices[0].gti if good is None else intervals.intersection(choices[0].gti, good)
    for choice in choices[1:]:
        common = intervals.intersection(common, choice.gti)
    for stream in streams:
        common = intervals.intersection(common, stream.good)
    first = min((file for stream in streams for file in stream.files), key=lambda file: file.tstart)
    bins = whole_bins(common, first.tstart, choices[0].wish.resolution, first.name)
    counts, whole = np.zeros((len(choices), bins.size), np.int32), np.ones(bins.size, bool)
    for stream in streams:
        stream.count(bins, counts, whole)
    kept = bins.kept(whole)
    if not kept.size:
        raise NoGoodTime(f"{first.name}: no bin of {bins.dt:g} s lies in good time as a whole.")
    lost = intervals.total(common) - kept.size * bins.dt
    said += [choice.remark for choice in choices if choice.remark]
    counted = counts if whole.all() else counts[:, whole]
    return FastLightCurve(kept, counted, tuple(choices), lost, first.table.header, tuple(dict.fromkeys(said)))


@dataclass(frozen=True, slots=True)
class _Stream:
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
    """

    files: list[ScienceFile]
    own: list[Gti]
    bands: dict[int, NDArray[np.intp]]
    pcus: tuple[int, ...]
    kind: Kind

    @property
    def good(self) -> Gti:
        """Good time of all files."""
        return intervals.union(*self.own)

    def count(self, bins: Bins, counts: Counts, whole: NDArray[np.bool_]) -> None:
        """Add what the files have to the bands; mark bins of which something is missing."""
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
        for piece in file.pieces(CHUNK):
            time, words = file.times(piece), file.words(piece)
            at = bins.at(time + tick / 2)
            keep = (at >= 0) & file.word.is_photon(words)
            if len(self.files) > 1:  # of one file, all bins lie in its good time
                keep &= intervals.contains(own, time)
            if self.pcus != _ALL_PCUS:
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
        usable = np.isfinite(file.time) & ~spilled
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

    def _columns(self, file: ScienceArray) -> tuple[str, ...]:
        if self.kind == Kind.STANDARD1:
            return tuple(f"XeCntPcu{pcu}" for pcu in self.pcus)
        if self.kind == Kind.STANDARD2:
            return xenon_columns(self.pcus, parse_layers("ALL"))
        return file.good_columns()


def _streams(choices: Sequence[Choice], load: Load, pcus: Sequence[int] | None) -> tuple[list[_Stream], list[str]]:
    """Open the files of all modes, each once."""
    modes: dict[tuple[str, ...], Mode] = {}
    bands: dict[tuple[str, ...], dict[int, NDArray[np.intp]]] = {}
    for number, choice in enumerate(choices):
        for mode, elements in zip(choice.modes, choice.elements, strict=True):
            modes[mode.paths] = mode
            bands.setdefault(mode.paths, {})[number] = elements
    chosen = _ALL_PCUS if pcus is None else tuple(sorted(set(pcus)))
    streams, said = [], list[str]()
    for paths, mode in modes.items():
        if chosen != _ALL_PCUS and not mode.first.tells_pcu:
            raise ConfigError(f"PCUs {chosen} are asked for, but {mode.name} counts all together; take all PCUs.")
        files: Sequence[ScienceFile]
        if mode.kind in {Kind.XENON, Kind.EVENTS}:
            files, remarks = open_events([load(path) for path in paths])
            said += remarks
        else:
            files = sorted((ScienceArray.from_file(load(path)) for path in paths), key=lambda file: file.tstart)
        own, repeats = once(files, [intervals.make(gti) for gti in TimeSelection().own_gtis(files)])
        said += map(str, repeats)
        streams.append(_Stream(list(files), own, bands[paths], chosen, mode.kind))
    return streams, said


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
