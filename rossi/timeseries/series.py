"""A light curve as arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rossi import gti, met
from rossi.arrays import Floats
from rossi.axes import axes_for
from rossi.errors import DataError, shortened
from rossi.facts import Told, measured
from rossi.fits import declarations as declared
from rossi.fits.cards import CardTuple
from rossi.fits.header import Header
from rossi.fits.saving import Saved
from rossi.fits.writer import Column, TableHDU, join_hdus
from rossi.goodtime import GoodTime
from rossi.timeseries import layout, units
from rossi.timeseries.means import mean_rate

if TYPE_CHECKING:
    from astropy.timeseries import BinnedTimeSeries
    from matplotlib.axes import Axes


#: Most bins of a light curve: 4096 s in steps of 1/8192 s. Extracting events into so many takes some 5 GB.
MAX_BINS = 1 << 25
#: Columns beside TIME RATE ERROR FRACEXP that are carried along, in the order in which they are written; BARYTIME is
#: the start of the bin at the barycentre, MET (TDB).
EXTRA = layout.EXTRA
#: Of these, which add up when bins are joined; background columns are averaged.
EXPOSURES = ("LiveTime", "OnTime")
OF_PCU = tuple(column.name for column in declared.OF_PCU)


@dataclass(frozen=True, slots=True, eq=False, repr=False)  # arrays can't be compared by ==
class LightCurve(Saved, Told):
    """A light curve: rates (or counts) of bins.

    ``rossi.read`` reads one, `plot` draws it, `write` writes it, `to_timeseries` and `to_stingray` hand it to others.

    Parameters
    ----------
    name : str
        File name, for messages.
    time : ndarray (n,) [s]
        Bin starts, MET (TT), TIMEZERO applied.
    rate, error : ndarray (n,) [count / s] or [count / s / PCU]
        NaN where undefined; counts a bin where `quantity` says so.
    fracexp : ndarray (n,)
        Part of the bin that was observed.
    timedel : float [s]
        Bin width; the smallest one where `extra` has TIMEDEL, as joined curves of several widths do.
    intervals : ndarray (m, 2) [s]
        Good time intervals.
    header, primary : Header
        Of the RATE extension (time keywords absolute) and of the file.
    extra : dict of str to ndarray (n,)
        The columns named in `EXTRA` that the file has.
    quantity : str
        RATE or COUNTS, as the column and the extension are called.
    unit : str
        Of `rate` and `error`: see `rossi.timeseries.units`; what the columns say where empty (see `rate_unit`).
    remarks : tuple of str
        What there is to say of the reading: sentences.
    """

    name: str
    time: Floats
    rate: Floats
    error: Floats
    fracexp: Floats
    timedel: float
    intervals: Floats
    header: Header
    primary: Header
    extra: dict[str, Floats] = field(default_factory=dict)
    quantity: str = "RATE"
    unit: str = ""
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.time)

    @property
    def rate_unit(self) -> str:
        """Unit of `rate`: per PCU where there is an exposure in PCU seconds."""
        if self.unit:
            return self.unit
        per_pcu = any(name in self.extra for name in EXPOSURES)
        return units.COUNT if self.quantity == "COUNTS" else units.PER_PCU if per_pcu else units.RATE

    def rows(self, which: NDArray[Any]) -> LightCurve:
        """Return the rows that an index or a mask chooses, with good time and keywords of the whole.

        Parameters
        ----------
        which : ndarray (n,) of bool, ndarray (k,) of int, or slice
            A mask, or indices.

        Raises
        ------
        TypeError
            If it can't choose rows.
        """
        try:
            basic = {name: getattr(self, name)[which] for name in ("time", "rate", "error", "fracexp")}
        except IndexError:
            basic = {}
        if np.ndim(basic.get("time", 0)) != 1:
            chosen = f"a mask of {len(self)} rows, indices or a slice"
            raise TypeError(f"{self.name}: {chosen} was expected to choose rows; {shortened(which)} was given.")
        return replace(self, **basic, extra={name: values[which] for name, values in self.extra.items()})

    @property
    def mixed(self) -> bool:
        """Whether each row has a width of its own, in the column TIMEDEL."""
        return declared.TIMEDEL.name in self.extra

    @property
    def widths(self) -> Floats:
        """Width of each bin [s]."""
        own = self.extra.get(declared.TIMEDEL.name)
        return np.full(len(self.time), self.timedel) if own is None else own

    @property
    def middles(self) -> Floats:
        """Middle of each bin [s], MET."""
        return self.time + self.widths / 2

    @property
    def exposure(self) -> Floats:
        """Exposure of each bin: LiveTime or OnTime [PCU s] where the curve has them, else TIMEDEL * FRACEXP [s]."""
        for name in EXPOSURES:
            if name in self.extra:
                return self.extra[name]
        return self.widths * self.fracexp

    @property
    def columns(self) -> dict[str, Floats]:
        """All columns by name, in file order."""
        basic = {"TIME": self.time, self.quantity: self.rate, "ERROR": self.error, "FRACEXP": self.fracexp}
        return basic | {name: self.extra[name] for name in EXTRA if name in self.extra}

    @property
    def gti(self) -> GoodTime:
        """Good time of the curve."""
        return GoodTime(self.intervals, self.name, self.header)

    def text(self, keyword: str) -> str:
        """Return a keyword of the curve, or of its file, as text; empty where neither has it.

        Parameters
        ----------
        keyword : str
        """
        for header in (self.header, self.primary):
            if text := str(header.get(keyword, "")).strip():
                return text
        return ""

    @property
    def target(self) -> str:
        """OBJECT."""
        return self.text("OBJECT")

    @property
    def channels(self) -> tuple[int, int] | None:
        """First and last absolute channel (MINCHAN, MAXCHAN); None where the file does not say."""
        low, high = (self.header.get(keyword) for keyword in ("MINCHAN", "MAXCHAN"))
        return (int(low), int(high)) if isinstance(low, int) and isinstance(high, int) else None

    @property
    def energies(self) -> tuple[float, float] | None:
        """The band in keV that was asked for (E_MIN, E_MAX); None where the file does not say."""
        low, high = (self.header.known(keyword) for keyword in ("E_MIN", "E_MAX"))
        return None if low is None or high is None or not low < high else (low, high)

    def mean(self) -> tuple[float, float, float]:
        """Return the exposure-weighted mean rate; see `rossi.timeseries.means.mean_rate`.

        Returns
        -------
        rate, error : float
            In the unit `rate_unit`.
        exposure : float [s] or [PCU s]
            NaN, NaN, 0 where no row has a rate and an exposure.
        """
        return mean_rate(self.rate, self.error, self.exposure)

    def plot(self, axes: Axes | None = None, *, background: bool = False, **style: Any) -> Axes:
        """Draw the curve; a notebook shows it, else ``axes.figure.savefig("curve.png")`` does.

        Time is counted from the begin of the curve that is drawn first on the axes, or on axes that share their time.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to draw; by default on a new figure.
        background : bool
            Draw the background that was taken off too, where the curve has it (BACKV).
        **style : Any
            What matplotlib's ``errorbar`` takes: color, fmt, label ...

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ConfigError
            If matplotlib is not installed.
        DataError
            If what was drawn first on the axes has another time system.
        """
        from rossi.timeseries.figure import begin_of, draw_curve

        axes = axes_for(axes)
        zero = begin_of(axes, met.whole_second(float(self.time[0])) if len(self) else 0.0, self._system)
        since, half = self.middles - zero, self.widths / 2
        draw_curve(axes, since, half, self.rate, self.error, self.extra.get("BACKV") if background else None, style)
        axes.set_xlabel(f"Time since {met.isot(zero + 1e-3).replace('T', ' ')} {self._system} (s)")
        axes.set_ylabel(f"{'Counts' if self.quantity == 'COUNTS' else 'Rate'} ({self.rate_unit})")
        if not axes.get_title(loc="left"):
            axes.set_title("  ".join(filter(None, (self.target, self._what()))), loc="left")
        return axes

    def to_timeseries(self) -> BinnedTimeSeries:
        """Return the curve as astropy's time series.

        Returns
        -------
        astropy.timeseries.BinnedTimeSeries (n,)
            Bins as TT (TDB where barycentred) and seconds; ``rate`` (or ``counts``), ``error`` and what else the curve
            has with their units, in which PCU is a unit of its own; NaN where undefined. ``meta`` says of what it is.
        """
        from astropy import units as u

        from rossi.timeseries.exchange import PCU, binned_time_series, moments, unit_of

        unit, plain = unit_of(self.rate_unit), u.dimensionless_unscaled
        of = {self.quantity: unit, "ERROR": unit, "BACKV": unit, "BACKE": unit, "FRACEXP": plain}
        of |= dict.fromkeys(EXPOSURES, u.s * PCU)
        columns = {name.lower(): (values, of[name]) for name, values in self.columns.items() if name in of}
        meta = {name: self.text(name) for name in ("TELESCOP", "INSTRUME", "OBJECT", "OBS_ID", "DETNAM")}
        meta = {name: text for name, text in meta.items() if text}
        return binned_time_series(moments(self.time, self._system), self.widths, columns, {"name": self.name} | meta)

    def to_stingray(self) -> Any:
        """Return the curve as stingray's, for power spectra and lags.

        Its times are the middles of the bins, MET with ``mjdref``; its rates are those of the curve (of one PCU where
        they are so), its errors are Gaussian, so that powers in units of Poisson noise (``norm="leahy"``) mean
        nothing; bins without a rate are left out.

        Returns
        -------
        stingray.Lightcurve

        Raises
        ------
        ConfigError
            If stingray is not installed.
        DataError
            If bins differ in width, or less than two have a rate.
        """
        from rossi.timeseries.exchange import stingray_curve

        require_one_width(self)
        if (bins := np.count_nonzero(np.isfinite(self.rate) & np.isfinite(self.error))) < 2:
            raise DataError(f"{self.name}: {bins} bins have a rate and an error; stingray needs two at least.")
        rates = (self.rate, self.error)
        if self.quantity == "COUNTS":
            rates = (self.rate / self.timedel, self.error / self.timedel)
        return stingray_curve(self.middles, *rates, self.timedel, self.intervals, self.text("INSTRUME").lower())

    def tables(self, *, form: str = "D", more: Sequence[tuple[Column, NDArray[Any]]] = ()) -> tuple[TableHDU, TableHDU]:
        """Lay out the curve as its RATE (or COUNTS) and STDGTI extensions.

        Parameters
        ----------
        form : str
            TFORM of all columns but TIME: D, or E as rebinlc and lcmath have it.
        more : sequence of (Column, ndarray (n,))
            Further columns.
        """
        width = ("TIMEDEL", self.timedel, "smallest bin width [s]" if self.mixed else "bin width [s]")
        rates = layout.rate_table(self.columns, self.header, [width], self.rate_unit, form, more)
        return rates, layout.gti_table(self.intervals, self.header)

    def to_bytes(self, *, form: str = "D") -> bytes:
        """Return the curve as a FITS file: RATE (or COUNTS) and STDGTI.

        Parameters
        ----------
        form : str
            See `tables`.
        """
        return join_hdus([layout.primary(self.primary), *self.tables(form=form)])

    @property
    def _system(self) -> str:
        return "TDB" if self.text("TIMESYS").upper() == "TDB" else "TT"

    def _what(self) -> str:
        """Return observation, detectors and band as one text."""
        band = "" if self.channels is None else "channels {}-{}".format(*self.channels)
        band = band if self.energies is None else "{:.10g}-{:.10g} keV".format(*self.energies)
        return " ".join(filter(None, (self.text("OBS_ID"), self.text("DETNAM") or self.text("INSTRUME"), band)))

    def _facts(self) -> dict[str, str]:
        bins = f"{len(self)} bins of {self.timedel:g} s" + " and more" * self.mixed
        span = ""
        if len(self):
            span = f"{met.isot(self.time[0])} to {met.isot(self.time[-1] + self.widths[-1])} {self._system}"
        rate, error, exposure = self.mean() if self.quantity == "RATE" else (np.nan, np.nan, 0.0)
        mean = "{} +- {} {}".format(*measured(rate, error), self.rate_unit) if exposure else ""
        return {"target": self.target, "of": self._what(), "bins": bins, "span": span, "mean": mean}


def split(series: LightCurve) -> list[LightCurve]:
    """Return the rows of each width as a light curve of its own, with good time and keywords of the whole.

    Parameters
    ----------
    series : LightCurve
    """
    if not series.mixed:
        return [series]
    parts = []
    for width in np.unique(series.widths):
        part = series.rows(series.widths == width)
        extra = {name: values for name, values in part.extra.items() if name != declared.TIMEDEL.name}
        parts.append(replace(part, timedel=float(width), extra=extra))
    return parts


def require_one_width(series: LightCurve) -> None:
    """Require that all rows have one width.

    Parameters
    ----------
    series : LightCurve

    Raises
    ------
    DataError
        If they don't.
    """
    if series.mixed:
        raise DataError(
            f"{series.name}: TIMEDEL is {series.widths.min():g} to {series.widths.max():g} s, as in curves that were "
            "joined; bins of one width were expected. Use the curves that it was joined from."
        )


def filled_intervals(time: Floats, widths: Floats | float) -> Floats:
    """Return the intervals that rows cover: each run of adjacent bins gives one.

    Parameters
    ----------
    time : ndarray (n,) [s]
        Bin starts.
    widths : ndarray (n,) or float [s]

    Returns
    -------
    ndarray (m, 2) [s]
    """
    if not len(time):
        return np.empty((0, 2))
    order = np.argsort(time, kind="stable")
    start, width = time[order], np.broadcast_to(widths, time.shape)[order]
    stop = np.maximum.accumulate(start + width)
    gap = start[1:] - stop[:-1] > 1e-6 * width[:-1]
    first = np.concatenate(([True], gap))
    last = np.concatenate((gap, [True]))
    return gti.make(gti.pairs_of(start[first], stop[last]))


def moment_cards(keyword: str, moment: float) -> list[CardTuple]:
    """Return TSTARTI and TSTARTF (TSTOPI, TSTOPF); the fraction is rounded to 1e-8 s.

    Parameters
    ----------
    keyword : str
        TSTART or TSTOP.
    moment : float [s]
        MET.
    """
    whole = math.floor(moment)
    fraction = round(float(moment - whole), 8)
    return [(f"{keyword}I", whole, "integer part of the time, MET"), (f"{keyword}F", fraction, "fractional part")]
