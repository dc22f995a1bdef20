"""Spectra (PHA files) as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rossi import gti
from rossi.arrays import Floats
from rossi.axes import axes_for
from rossi.errors import DataError
from rossi.facts import Told
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile
from rossi.fits.saving import Saved
from rossi.fits.table import Table
from rossi.fits.writer import fits_bytes, primary_hdu
from rossi.goodtime import GoodTime
from rossi.met import timezero
from rossi.spectra.layout import spectrum_hdu

if TYPE_CHECKING:
    from astropy.table import QTable
    from matplotlib.axes import Axes

    from rossi.spectra.response import Response

#: Comments of EXPOSURE: seconds added up over PCUs, as pcaextspect2 has them, and those of one of several.
PCU_SECONDS, OF_ONE_PCU = "[s] PCU x seconds", "[s] of the PCU that was on longest"


def exposure_unit(header: Header) -> str:
    """Return what the exposure of a spectrum is counted in: PCU s, of the PCA, or s.

    Parameters
    ----------
    header : Header
        Of the SPECTRUM extension.
    """
    told = header.comment("EXPOSURE")
    return "PCU s" if told == PCU_SECONDS or ("PCU_WT0" in header and told != OF_ONE_PCU) else "s"


@dataclass(frozen=True, slots=True, eq=False, repr=False)  # arrays can't be compared by ==
class Spectrum(Saved, Told):
    """A spectrum (PHA file, type I): counts or rates of channels.

    ``rossi.read`` reads one, `plot` draws it, `write` writes it.

    Parameters
    ----------
    name : str
        File name, for messages.
    channel : ndarray (n,) of int
    value : ndarray (n,)
        COUNTS or RATE, as `quantity` says.
    error : ndarray (n,) or None
        STAT_ERR in the same unit; None where errors are Poisson's (POISSERR = T, or no column).
    systematic : ndarray (n,)
        SYS_ERR, a fraction.
    quality : ndarray (n,) of int
        0 is good.
    exposure : float [s]
    areascal : float
    quantity : str
        COUNTS or RATE.
    intervals : ndarray (m, 2) [s] or None
        Good time intervals, TIMEZERO applied; None where the file has no such extension.
    header : Header
        Of the SPECTRUM extension.
    gti_header : Header
        Of the good time intervals; empty where there are none.
    grouping : ndarray (n,) of int or None
        1 where a group of channels begins that are fitted together, -1 where it goes on; None: each stands alone.
    response : Response or None
        Its response, effective area [cm**2] contained, where it came with it.
    """

    name: str
    channel: NDArray[np.int64]
    value: Floats
    error: Floats | None
    systematic: Floats
    quality: NDArray[np.int64]
    exposure: float
    areascal: float
    quantity: str
    intervals: Floats | None
    header: Header
    gti_header: Header
    grouping: NDArray[np.int64] | None = None
    response: Response | None = None

    def __len__(self) -> int:
        return len(self.channel)

    def in_counts(self) -> Spectrum:
        """Return the spectrum in counts: rates times exposure.

        Raises
        ------
        DataError
            If it is in rates and has no exposure.
        """
        if self.quantity == "COUNTS":
            return self
        self.require_exposure()
        error = None if self.error is None else self.error * self.exposure
        return replace(self, value=self.value * self.exposure, error=error, quantity="COUNTS")

    def require_exposure(self) -> None:
        """Require that counts can be turned into rates.

        Raises
        ------
        DataError
            If there is no exposure.
        """
        if not self.exposure > 0:
            raise DataError(
                f"{self.name}: EXPOSURE is {self.exposure:g} s, so it has no rate; leave it out, or calculate "
                "with counts alone (compat=no, units=C)."
            )

    @property
    def sigma(self) -> Floats:
        """Error of each channel, ndarray (n,) in the unit of `value`: STAT_ERR, or the root of the counts."""
        if self.error is not None:
            return self.error
        scale = 1.0 if self.quantity == "COUNTS" else self.exposure
        return np.asarray(np.sqrt(np.abs(self.value) * scale) / scale)

    @property
    def rate(self) -> Floats:
        """Rate of each channel, ndarray (n,) [count / s], of PCA products of one PCU; NaN without an exposure."""
        return self._per_second(self.value)

    @property
    def rate_error(self) -> Floats:
        """Error of `rate`, ndarray (n,) [count / s]."""
        return self._per_second(self.sigma)

    def _per_second(self, values: Floats) -> Floats:
        if self.quantity == "RATE":
            return values
        return values / self.exposure if self.exposure > 0 else np.full(len(self), np.nan)

    @property
    def gti(self) -> GoodTime | None:
        """Good time of the spectrum; None where its file does not say."""
        return None if self.intervals is None else GoodTime(self.intervals, self.name, self.gti_header)

    def text(self, keyword: str) -> str:
        """Return a keyword as text; empty where the spectrum does not have it.

        Parameters
        ----------
        keyword : str
        """
        return str(self.header.get(keyword, "")).strip()

    def plot(self, axes: Axes | None = None, **style: Any) -> Axes:
        """Draw the rate of each channel; several spectra go on the same axes.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to draw; by default on a new figure.
        **style : Any
            What matplotlib's ``errorbar`` takes: color, label ...

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ConfigError
            If matplotlib is not installed.
        """
        axes = axes_for(axes)
        drawn: dict[str, Any] = {"fmt": ".", "linewidth": 0.9, "markersize": 3} | style
        shown = np.where(self.rate > 0, self.rate, np.nan)
        axes.errorbar(self.channel, shown, self.rate_error, **drawn)
        axes.set_yscale("log")
        axes.set_xlabel(f"Channel ({self.text('CHANTYPE') or 'PHA'})")
        axes.set_ylabel("count s$^{-1}$ channel$^{-1}$")
        if not axes.get_title(loc="left"):
            axes.set_title("  ".join(filter(None, (self.text("OBJECT"), self._what()))), loc="left")
        return axes

    def to_table(self) -> QTable:
        """Return the channels as a table.

        Returns
        -------
        astropy.table.QTable (n,)
            Columns channel; counts [ct] or rate [ct / s] and their error; quality, systematic (a fraction). ``meta`` is
            the header.
        """
        from astropy import units as u
        from astropy.table import QTable

        unit = u.ct if self.quantity == "COUNTS" else u.ct / u.s
        columns = {"channel": self.channel, self.quantity.lower(): self.value * unit, "error": self.sigma * unit}
        columns |= {"quality": self.quality, "systematic": self.systematic}
        return QTable(columns, meta={name: self.header.get(name) for name in self.header})

    def to_bytes(self) -> bytes:
        """Return the spectrum as an OGIP spectrum, which XSPEC reads: SPECTRUM, and STDGTI where good time is known.

        BACKFILE and RESPFILE stay as they are: write the background beside it under the name that BACKFILE says.
        """
        columns: dict[str, NDArray[Any]] = {"CHANNEL": self.channel, self.quantity: self.value}
        columns |= {} if self.error is None else {"STAT_ERR": self.error}
        for name, values in (("SYS_ERR", self.systematic), ("QUALITY", self.quality)):
            if values.any() or name not in self.header:  # a keyword says it of all channels
                columns[name] = values
        if self.grouping is not None:
            columns["GROUPING"] = self.grouping
        tables = [spectrum_hdu(columns, self.header)]
        return fits_bytes(primary_hdu(), [*tables, *([] if self.gti is None else [self.gti.table()])])

    def _what(self) -> str:
        role = {"BKG": "background", "NET": "net"}.get(self.text("HDUCLAS2"), "")
        return " ".join(filter(None, (self.text("OBS_ID"), self.text("DETNAM") or self.text("INSTRUME"), role)))

    def _facts(self) -> dict[str, str]:
        span = f"{len(self)} channels" + (f", {self.channel[0]} to {self.channel[-1]}" if len(self) else "")
        total = float(np.nansum(self.value))
        unit = "counts" if self.quantity == "COUNTS" else "count/s"
        of = {"target": self.text("OBJECT"), "of": self._what(), "channels": span}
        return of | {"exposure": f"{self.exposure:.6g} {exposure_unit(self.header)}", "together": f"{total:.6g} {unit}"}


def read_pha(file: FitsFile) -> Spectrum:
    """Read a spectrum.

    Parameters
    ----------
    file : FitsFile

    Raises
    ------
    DataError
        If the file holds no spectrum, or one a row (type II).
    """
    table = find_spectrum(file)
    header, where = table.header, table.where
    quantity = "COUNTS" if "COUNTS" in table else "RATE"
    value = _numbers(table, quantity)
    good_time = _good_time_table(file)
    poisson = bool(header.get("POISSERR", False)) or "STAT_ERR" not in table
    return Spectrum(
        name=file.name,
        channel=_numbers(table, "CHANNEL").astype(np.int64),
        value=value,
        error=None if poisson else _numbers(table, "STAT_ERR"),
        systematic=_numbers_or(table, "SYS_ERR"),
        quality=_numbers_or(table, "QUALITY").astype(np.int64),
        exposure=header.number("EXPOSURE", where),
        areascal=header.number("AREASCAL", where, 1.0),
        quantity=quantity,
        intervals=None if good_time is None else _intervals(good_time),
        header=header,
        gti_header=Header() if good_time is None else good_time.header,
        grouping=_numbers(table, "GROUPING").astype(np.int64) if "GROUPING" in table else None,
    )


def laid_out(
    file: FitsFile,
    channel: NDArray[np.int64],
    value: Floats,
    error: Floats | None,
    quality: NDArray[np.int64],
    intervals: Floats,
) -> Spectrum:
    """Return what `read_pha` reads from a spectrum of counts that was laid out just now, from what was laid out.

    Parameters
    ----------
    file : FitsFile
        SPECTRUM without areas and systematic errors, and its good time.
    channel : ndarray (n,) of int
    value : ndarray (n,)
    error : ndarray (n,) or None
    quality : ndarray (n,) of int
    intervals : ndarray (m, 2) [s]
    """
    table, good_time = file.tables
    return Spectrum(
        name=file.name,
        channel=channel,
        value=value,
        error=error,
        systematic=np.zeros(len(value)),
        quality=quality,
        exposure=table.header.number("EXPOSURE", table.where),
        areascal=1.0,
        quantity="COUNTS",
        intervals=intervals if len(intervals) else None,
        header=table.header,
        gti_header=good_time.header if len(intervals) else Header(),
    )


def find_spectrum(file: FitsFile) -> Table:
    """Return the table of a file that is a spectrum (type I or II).

    Parameters
    ----------
    file : FitsFile

    Raises
    ------
    DataError
        If there is none.
    """
    for table in file.tables:
        if "CHANNEL" in table and ("COUNTS" in table or "RATE" in table):
            return table
    found = ", ".join(t.name or "unnamed" for t in file.tables) or "no table"
    raise DataError(
        f"{file.name}: no extension has the columns CHANNEL and COUNTS or RATE; a spectrum was expected, found {found}."
    )


def _numbers(table: Table, name: str) -> Floats:
    values = table.numbers(name, None)
    if values.ndim != 1:
        raise DataError(
            f"{table.where}: column {name} has {values.shape[1]} elements a row; a spectrum with a channel a row "
            "(type I) was expected."
        )
    return values


def _numbers_or(table: Table, name: str) -> Floats:
    """Return a column, or the keyword of the same name for all channels (0 where it is absent)."""
    if name in table:
        return _numbers(table, name)
    value = table.header.get(name, 0)
    return np.full(len(table), float(value) if isinstance(value, int | float) else 0.0)


def _good_time_table(file: FitsFile) -> Table | None:
    for table in file.tables:
        if str(table.header.get("HDUCLAS1", "")).strip() == "GTI" and len(table):
            return table
    return None


def good_time(file: FitsFile) -> Floats | None:
    """Return the good time intervals of a spectrum's file, TIMEZERO applied; None where it has none.

    Parameters
    ----------
    file : FitsFile

    Returns
    -------
    ndarray (m, 2) [s] or None
        MET.

    Raises
    ------
    DataError
        If START or STOP is missing.
    """
    table = _good_time_table(file)
    return None if table is None else _intervals(table)


def _intervals(table: Table) -> Floats:
    """Return good time as it stands, not clipped to TSTART and TSTOP, which are those of the spectrum."""
    rows = gti.pairs_of(*(_numbers(table, name) for name in ("START", "STOP")))
    return gti.make(rows + timezero(table.header, table.where))
