"""Power spectra as products: with noise level, rms in bands and candidates of oscillations, written and read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rossi.arrays import Floats
from rossi.fits import declarations as declared
from rossi.fits.header import CardTuple, Header
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.fits.writer import Column, fits_bytes, now, primary_hdu, table_hdu
from rossi.met import MJDREFF, MJDREFI
from rossi.timing.average import MeanPower, Rebinned, rebinned, rebinned_values
from rossi.timing.peaks import Peak, find_peaks
from rossi.timing.power import fractional_rms
from rossi.version import __version__

_KEPT = ("TELESCOP", "INSTRUME", "OBJECT", "OBS_ID", "RA_OBJ", "DEC_OBJ", "RA_PNT", "DEC_PNT", "EQUINOX", "RADECSYS")


@dataclass(frozen=True, slots=True)
class Rms:
    """Fractional rms of the source between two frequencies.

    Parameters
    ----------
    low, high : float [Hz]
    rms, error : float
        rms is negative where the power is below the noise: minus the root of its amount; NaN where it can't be told.
    """

    low: float
    high: float
    rms: float
    error: float


@dataclass(frozen=True, slots=True)
class PowerRules:
    """How a power spectrum is looked at.

    Parameters
    ----------
    rebin : float
        By which part of themselves bins grow.
    bands : tuple of (float, float) [Hz]
        Where the rms is integrated.
    false_alarm : float
        See `rossi.timing.peaks.find_peaks`.
    """

    rebin: float = 0.02
    bands: tuple[tuple[float, float], ...] = ((0.1, 10.0), (10.0, 100.0))
    false_alarm: float = 0.01


@dataclass(frozen=True, slots=True)
class PowerSpectrum:
    """An averaged power spectrum.

    Parameters
    ----------
    mean : MeanPower
    noise : ndarray (n,)
        Level of the noise at each frequency, Leahy's normalization.
    background : float [count / s]
        Part of the rate that is not the source's.
    start, stop : float [s]
        MET (TT) of the first and the last segment.
    rules : PowerRules
    header : Header
        Cards that say of what it is.
    """

    mean: MeanPower
    noise: Floats
    background: float
    start: float
    stop: float
    rules: PowerRules = field(default_factory=PowerRules)
    header: Header = field(default_factory=Header)

    @property
    def to_rms(self) -> float:
        """What Leahy's powers are multiplied by to be (rms/mean)^2/Hz of the source; NaN without a source."""
        mean = self.mean
        return mean.rate / (mean.rate - self.background) ** 2 if self.background < mean.rate else float("nan")

    def rebinned(self) -> Rebinned:
        """Return the powers in bins that grow."""
        return rebinned(self.mean, self.rules.rebin)

    def rebinned_noise(self) -> Floats:
        """Return the level of the noise in these bins (n_bin,)."""
        return rebinned_values(self.mean, self.rules.rebin, self.noise, np.zeros(len(self.noise)))[1]

    def rms(self) -> list[Rms]:
        """Return the rms in the bands that lie within the frequencies."""
        return [self._rms(low, high) for low, high in self.rules.bands if self._has(low, high)]

    def _has(self, low: float, high: float) -> bool:
        return bool(((self.mean.freq >= low) & (self.mean.freq <= high)).any())

    def _rms(self, low: float, high: float) -> Rms:
        mean = self.mean
        if not self.background < mean.rate:
            return Rms(low, high, float("nan"), float("nan"))
        rms = fractional_rms(mean, low, high, self.noise, self.background)
        inside = (mean.freq >= low) & (mean.freq <= high)
        variance = float(np.sqrt((mean.error[inside] ** 2).sum())) * mean.df * self.to_rms
        error = np.sqrt(variance) if rms**2 <= variance else variance / (2 * abs(rms))
        return Rms(low, high, rms, float(error))

    def peaks(self) -> list[Peak]:
        """Return candidates of oscillations."""
        return find_peaks(self.mean, self.rebinned(), self.rebinned_noise(), self.rules.false_alarm, self.background)

    def to_bytes(self) -> bytes:
        """Return a FITS file with the tables POWER, REBINNED, RMS and PEAKS."""
        mean, some, level = self.mean, self.rebinned(), self.rebinned_noise()
        cards = self._cards()
        rms, peaks = self.rms(), self.peaks()
        tables: list[tuple[str, tuple[Column, ...], Sequence[Any]]] = [
            ("POWER", declared.POWER, (mean.freq, mean.power, mean.error, self.noise)),
            (
                "REBINNED",
                declared.REBINNED,
                (
                    *(some.freq, some.number * mean.df, some.power, some.error, level),
                    *((some.power - level) * self.to_rms, some.error * self.to_rms, some.number),
                ),
            ),
            ("RMS", declared.RMS, _columns(rms, ("low", "high", "rms", "error"))),
            ("PEAKS", declared.PEAKS, _columns(peaks, tuple(Peak.__slots__))),
        ]
        primary = primary_hdu([("CONTENT", "POWER SPECTRUM"), ("CREATOR", f"rossi {__version__}")])
        primary.append("DATE", now(), "file creation (UTC)")
        hdus = [table_hdu(name, list(zip(columns, values, strict=True)), cards) for name, columns, values in tables]
        return fits_bytes(primary, hdus)

    def _cards(self) -> list[CardTuple]:
        mean = self.mean
        own = ("CHAN1", "MODE1", "NUM_PCU", "VLERATE", "VLEDEAD", "NOISE", "SHIFT")
        return [
            *(("HDUCLASS", "ROSSI"), ("HDUCLAS1", "POWER SPECTRUM"), ("HDUCLAS2", "LEAHY")),
            *((key, self.header.get(key)) for key in (*_KEPT, *own) if key in self.header),
            *(("TIMESYS", "TT"), ("TIMEUNIT", "s"), ("MJDREFI", MJDREFI), ("MJDREFF", MJDREFF), ("TIMEZERO", 0.0)),
            *(("TSTART", self.start), ("TSTOP", self.stop), ("EXPOSURE", mean.m * mean.segment_size)),
            *(("TIMEDEL", mean.dt, "[s] bins"), ("SEGMENT", mean.segment_size, "[s]"), ("NSEG", mean.m, "segments")),
            *(("NPHOTS", mean.nphots, "mean number of photons of a segment"), ("RATE", mean.rate, "[count/s]")),
            *(("BACKRATE", self.background, "[count/s] of RATE"), ("REBIN", self.rules.rebin)),
            ("FALSEAL", self.rules.false_alarm, "chance that noise gives any of PEAKS"),
        ]


def _columns(rows: Sequence[Any], names: Sequence[str]) -> list[Floats]:
    return [np.array([getattr(row, name) for row in rows], np.float64) for name in names]


def read_power(file: FitsFile) -> PowerSpectrum:
    """Read a power spectrum.

    Parameters
    ----------
    file : FitsFile
        As `PowerSpectrum.to_bytes` makes them.

    Raises
    ------
    DataError
        If it is none.
    """
    table = file.table("POWER")
    header, where = table.header, table.where
    freq, power, error, noise = (table.numbers(column.name) for column in declared.POWER)
    mean = MeanPower(
        freq,
        power,
        error,
        header.count("NSEG", where),
        header.finite("NPHOTS", where),
        header.finite("SEGMENT", where),
        header.finite("TIMEDEL", where),
    )
    background, start, stop = (header.finite(key, where) for key in ("BACKRATE", "TSTART", "TSTOP"))
    rms = file.table("RMS")
    bands = tuple(zip(rms.numbers("LOW").tolist(), rms.numbers("HIGH").tolist(), strict=True))
    rules = PowerRules(header.finite("REBIN", where), bands, header.finite("FALSEAL", where))
    return PowerSpectrum(mean, noise, background, start, stop, rules, _header(table))


def _header(table: Table) -> Header:
    kept = Header()
    kept.copy_from(table.header, [key for key in table.header if not key.startswith(("TTYPE", "TFORM", "TUNIT"))])
    return kept
