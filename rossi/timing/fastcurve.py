"""Fast light curves: counts as integers in whole bins of good time, several bands on one grid.

What power spectra need: bins are equally long and all of them full. Rates, dead time and background are for others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi import gti as intervals
from rossi.errors import ConfigError, NoGoodTime
from rossi.fits import declarations as declared
from rossi.fits.header import CardTuple, Header
from rossi.fits.writer import Column, fits_bytes, now, primary_hdu, table_hdu
from rossi.gti import Gti
from rossi.met import MJDREFF, MJDREFI
from rossi.remarks import Remark
from rossi.timing.bins import Bins, whole_bins
from rossi.timing.choice import Choice
from rossi.timing.deadtime import DeadFraction
from rossi.timing.exchange import stingray_counts
from rossi.timing.streams import Counts, Load, open_streams
from rossi.version import __version__

_KEPT = ("TELESCOP", "INSTRUME", "OBJECT", "OBS_ID", "RA_OBJ", "DEC_OBJ", "RA_PNT", "DEC_PNT", "EQUINOX", "RADECSYS")
#: How counts are stored.
_FORMS: dict[Any, str] = {np.uint8: "B", np.int16: "I", np.int32: "J"}


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
    remarks : tuple of Remark
    """

    bins: Bins
    counts: Counts
    choices: tuple[Choice, ...]
    lost: float
    header: Header
    remarks: tuple[Remark, ...]

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

    def shortened(self) -> FastLightCurve:
        """Return the same with counts of as few bits as hold them."""
        largest = int(self.counts.max(initial=0))
        kind = next(one for one in _FORMS if largest <= np.iinfo(one).max)
        return replace(self, counts=self.counts.astype(kind))

    def runs(self) -> Iterator[tuple[float, Counts]]:
        """Iterate over runs of bins: begin [s], MET (TT), and counts (n_band, n)."""
        for (start, _), at, number in zip(self.gti, self.bins.offset, self.bins.number, strict=True):
            yield float(start), self.counts[:, at : at + number]

    def to_bytes(self, dead: DeadFraction | None = None, *, compress: bool = False) -> bytes:
        """Return a FITS file with a row for each run of bins.

        Parameters
        ----------
        dead : DeadFraction, optional
            A second table of it, DEADTIME, has what belongs to the time of the bins.
        compress : bool
            Gzip the file.
        """
        columns: list[tuple[Column, NDArray[Any] | list[Counts]]] = [
            (declared.RUN_TIME, self.gti[:, 0]),
            (declared.RUN_NUMBER, self.bins.number),
        ]
        for number in range(len(self.choices)):
            cells = [counts[number] for _, counts in self.runs()]
            form = f"P{_FORMS.get(self.counts.dtype.type, 'J')}"
            columns.append((replace(declared.RUN_COUNTS, name=f"COUNTS{number + 1}", form=form), cells))
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
        tables = [table_hdu("FAST", columns, cards)]
        if dead is not None:
            common = [
                card for card in cards if card[0] in {*_KEPT, "TIMESYS", "TIMEUNIT", "MJDREFI", "MJDREFF", "TIMEZERO"}
            ]
            tables.append(dead.during(float(self.gti[0, 0]), float(self.gti[-1, 1])).table(common))
        return fits_bytes(primary, tables, compress=compress)

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
    choices: Sequence[Choice],
    load: Load,
    good: Gti | None = None,
    pcus: Sequence[int] | None = None,
    origin: float | None = None,
) -> FastLightCurve:
    """Count photons of several bands in whole bins.

    Parameters
    ----------
    choices : sequence of Choice
        One for each band, of the same resolution; see `rossi.timing.choice.choose`.
    load : callable
        Returns the file of a path; events may be open already.
    good : Gti, optional
        Good time, MET (TT); files' own good time counts anyway.
    pcus : sequence of int, optional
        Only these; all by default.
    origin : float, optional [s]
        Where a bin begins, MET (TT); by default the begin of the first file.

    Raises
    ------
    NoGoodTime
        If there is no whole bin.
    ConfigError
        If the resolutions differ, or PCUs are asked for that a mode does not tell.
    """
    if not choices or len({choice.wish.resolution for choice in choices}) > 1:
        raise ConfigError("Bands of one light curve must be of one resolution, and there must be one at least.")
    streams, said = open_streams(choices, load, pcus)
    of_all = [*(choice.gti for choice in choices), *(stream.good for stream in streams)]
    common = reduce(intervals.intersection, of_all if good is None else [*of_all, good])
    first = min((file for stream in streams for file in stream.files), key=lambda file: file.tstart)
    begin = first.tstart if origin is None else origin
    bins = whole_bins(common, begin, choices[0].wish.resolution, first.name)
    counts, whole = np.zeros((len(choices), bins.size), np.int32), np.ones(bins.size, bool)
    for stream in streams:
        stream.count(bins, counts, whole)
    kept = bins.kept(whole)
    if not kept.size:
        raise NoGoodTime(f"{first.name}: no bin of {bins.dt:g} s lies in good time as a whole.")
    lost = intervals.total(common) - kept.size * bins.dt
    said += [remark for stream in streams for remark in stream.remarks()]
    said += [Remark("other_channels", choice.remark) for choice in choices if choice.remark]
    counted = counts if whole.all() else counts[:, whole]
    return FastLightCurve(kept, counted, tuple(choices), lost, first.table.header, tuple(dict.fromkeys(said)))
