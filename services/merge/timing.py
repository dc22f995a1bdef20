"""The fast data of a source's observations: averaged power spectra, how they change, and all bursts."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from astropy.table import Table
from astropy.units import day, second

from rossi import met
from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits import declarations as declared
from rossi.fits.header import CardTuple, Header
from rossi.fits.reader import open_fits
from rossi.fits.writer import fits_bytes, primary_hdu, table_hdu
from rossi.product import About, File, Kind
from rossi.timing.average import MeanPower
from rossi.timing.burst_product import BurstCurve, Bursts, read_bursts
from rossi.timing.power_product import PowerSpectrum, read_power
from services.contract import Caveat
from services.merge.inputs import Found, StageProducts
from services.storage.base import Reader
from services.storage.outputs import read_records

POWER, BURSTS = "power_spectrum", "bursts"
#: Observations that are read at a time, and how many of them side by side: mostly it is waited for answers.
_BATCH, _REQUESTS = 32, 16


@dataclass(frozen=True, slots=True)
class TimingSet:
    """What an observation left.

    Parameters
    ----------
    obsid : str
    powers : mapping of str to PowerSpectrum
        By band.
    bursts : Bursts or None
    problem : str
        Why something can't be read.
    """

    obsid: str
    powers: dict[str, PowerSpectrum] = field(default_factory=dict)
    bursts: Bursts | None = None
    problem: str = ""


def timing_sets(store: Reader, found: Iterable[Found]) -> Iterator[TimingSet]:
    """Read power spectra and bursts of a few observations at a time.

    Parameters
    ----------
    store : Reader
    found : iterable of Found
        In the order in which they are to be shown.

    Raises
    ------
    StoreError
        If the store does not answer; trying again may help.
    """
    chosen = [
        (one.result.obsid, products)
        for one in found
        for products in one.products.values()
        if products.by_output().keys() & {POWER, BURSTS}
    ]
    with ThreadPoolExecutor(_REQUESTS) as pool:
        for start in range(0, len(chosen), _BATCH):
            yield from pool.map(lambda one: _read(store, *one), chosen[start : start + _BATCH])


def _read(store: Reader, obsid: str, products: StageProducts) -> TimingSet:
    try:
        power, files = (read_records(store, products.manifest, products.files, one) for one in (POWER, BURSTS))
        powers = {file.about.label: read_power(open_fits(file.data, file.name)) for file in power}
        bursts = read_bursts(open_fits(files[0].data, files[0].name)) if files else None
    except DataError as error:
        return TimingSet(obsid, problem=str(error))
    return TimingSet(obsid, powers, bursts)


@dataclass(frozen=True, slots=True)
class Row:
    """An observation's power spectrum in short.

    Parameters
    ----------
    obsid : str
    start, stop : float [s]
        MET (TT).
    segments : int
    rate : float [count / s]
    ratio : ndarray (n,)
        Power over noise in bins that grow.
    rms2, error : ndarray (n,) [1 / Hz]
        (rms/mean)^2/Hz.
    """

    obsid: str
    start: float
    stop: float
    segments: int
    rate: float
    ratio: Floats
    rms2: Floats
    error: Floats


@dataclass
class Averaged:
    """The power spectra of a band: their average, and each in bins that grow.

    The noise of the average is that of all segments. Its background is such that the rms of a source whose fractional
    variability does not change comes out, whatever its rates are.
    """

    first: PowerSpectrum
    freq: Floats = field(init=False)
    rows: list[Row] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    _power: Floats = field(init=False)
    _noise: Floats = field(init=False)
    _photons: float = 0.0
    _segments: int = 0
    _source2: float = 0.0
    _stop: float = 0.0

    def __post_init__(self) -> None:
        self.freq = self.first.rebinned().freq
        self._power, self._noise = np.zeros(len(self.first.mean.freq)), np.zeros(len(self.first.mean.freq))

    def add(self, obsid: str, one: PowerSpectrum) -> None:
        """Add an observation's; of other bins or segments, it is left out.

        Parameters
        ----------
        obsid : str
        one : PowerSpectrum
        """
        mean, mine = one.mean, self.first.mean
        if (mean.dt, mean.segment_size, len(mean.freq)) != (mine.dt, mine.segment_size, len(mine.freq)):
            self.left_out.append(obsid)
            return
        photons = mean.m * mean.nphots
        self._power += photons * mean.power
        self._noise += photons * one.noise
        self._photons += photons
        self._segments += mean.m
        self._source2 += mean.m * max(mean.rate - one.background, 0.0) ** 2
        self._stop = max(self._stop, one.stop)
        some, noise = one.rebinned(), one.rebinned_noise()
        net = (some.power - noise) * one.to_rms
        self.rows.append(
            Row(obsid, one.start, one.stop, mean.m, mean.rate, some.power / noise, net, some.error * one.to_rms)
        )

    def spectrum(self) -> PowerSpectrum:
        """Return the average."""
        mine, power = self.first.mean, self._power / self._photons
        segments = self._segments
        mean = MeanPower(
            mine.freq,
            power,
            power / np.sqrt(segments),
            segments,
            self._photons / segments,
            mine.segment_size,
            mine.dt,
        )
        background = mean.rate - float(np.sqrt(self._source2 / segments))
        return replace(
            self.first,
            mean=mean,
            noise=self._noise / self._photons,
            background=background,
            start=min(row.start for row in self.rows),
            stop=self._stop,
            header=Header([("OBJECT", self.first.header.get("OBJECT", "")), ("INSTRUME", "PCA"), ("TELESCOP", "XTE")]),
        )

    def dynamic(self) -> bytes:
        """Return how the power changes: a FITS file with a row for each observation, and the bins' frequencies."""
        number = len(self.freq)
        columns = [
            (
                replace(declared.OBS_ID, form=f"{max(len(row.obsid) for row in self.rows)}A"),
                [r.obsid for r in self.rows],
            ),
            (declared.OBS_TSTART, np.array([row.start for row in self.rows])),
            (declared.OBS_TSTOP, np.array([row.stop for row in self.rows])),
            *(
                (replace(column, form=f"{number}E") if column.form == "E" else column, values)
                for column, values in zip(declared.DYNAMIC, self._columns(), strict=True)
            ),
        ]
        cards: list[CardTuple] = [
            ("TIMESYS", "TT"),
            ("TIMEZERO", 0.0),
            ("SEGMENT", self.first.mean.segment_size, "[s]"),
        ]
        tables = [
            table_hdu("DYNAMIC", columns, cards),
            table_hdu("FREQUENCIES", [(declared.REBINNED[0], self.freq)], []),
        ]
        return fits_bytes(primary_hdu([("CONTENT", "DYNAMIC POWER SPECTRUM")]), tables)

    def _columns(self) -> list[Any]:
        scalars = [[row.segments for row in self.rows], [row.rate for row in self.rows]]
        return [
            *map(np.array, scalars),
            *(np.stack([getattr(r, n) for r in self.rows]) for n in ("ratio", "rms2", "error")),
        ]


@dataclass
class Timing:
    """The fast data of all observations of a source.

    Parameters
    ----------
    bands : dict of str to Averaged
    bursts : list of (str, BurstCurve)
        With their observations, those that are rejected too.
    dt : float [s]
        Bins of their curves.
    searched : float [s]
        In which bursts were looked for; 0 where they were not.
    caveats : list of Caveat
    """

    bands: dict[str, Averaged] = field(default_factory=dict)
    bursts: list[tuple[str, BurstCurve]] = field(default_factory=list)
    dt: float = 0.125
    searched: float = 0.0
    caveats: list[Caveat] = field(default_factory=list)

    @property
    def accepted(self) -> list[tuple[str, BurstCurve]]:
        """Bursts that are not rejected."""
        return [(obsid, one) for obsid, one in self.bursts if not one.burst.rejected]

    def __bool__(self) -> bool:
        return bool(self.bands) or self.searched > 0


def gathered(sets: Iterable[TimingSet]) -> Timing:
    """Put the fast data of observations together.

    Parameters
    ----------
    sets : iterable of TimingSet
        They need not all be in memory.
    """
    made = Timing()
    for one in sets:
        if one.problem:
            made.caveats.append(Caveat(code="timing_left_out", message=f"{one.obsid}: {one.problem}"))
        for band, power in one.powers.items():
            made.bands.setdefault(band, Averaged(power)).add(one.obsid, power)
        if one.bursts is not None:
            made.dt, made.searched = one.bursts.dt, made.searched + one.bursts.searched
            made.bursts += [(one.obsid, curve) for curve in one.bursts.curves]
    for averaged in made.bands.values():
        averaged.rows.sort(key=lambda row: row.start)
    made.bursts.sort(key=lambda one: one[1].burst.start)
    made.caveats += [_other_bins(band, one.left_out) for band, one in made.bands.items() if one.left_out]
    return made


def _other_bins(band: str, obsids: Sequence[str]) -> Caveat:
    return Caveat(
        code="other_segments",
        message=f"{band}: power spectra of {len(obsids)} observations have other bins or segments and are not "
        f"averaged: {', '.join(obsids[:5])}{' ...' * (len(obsids) > 5)}.",
    )


def timing_files(timing: Timing, slug: str, title: str) -> dict[str, tuple[File, ...]]:
    """Return products by output: averaged and dynamic power spectra, the table of bursts, and figures.

    Parameters
    ----------
    timing : Timing
    slug, title : str
        Of the source.
    """
    powers, figures = list[File](), list[File]()
    for band, averaged in timing.bands.items():
        about = replace(About(Kind.POWER_SPECTRUM, band, "PCA"), binsz=averaged.first.mean.dt)
        powers.append(File(f"{slug}_{band}_power.fits", averaged.spectrum().to_bytes(), about=about))
        changes = replace(about, label=f"{band}_dynamic")
        powers.append(File(f"{slug}_{band}_dynamic.fits", averaged.dynamic(), about=changes))
        figures += _power_figures(band, averaged, slug, title)
    table: tuple[File, ...] = ()
    if timing.searched:
        table = (File(f"{slug}_bursts.ecsv", burst_table(timing), about=About(Kind.BURSTS, "bursts", "PCA")),)
        figures += _burst_figures(timing, slug, title)
    return {POWER: tuple(powers), BURSTS: table, "figure": tuple(figures)}


def _power_figures(band: str, averaged: Averaged, slug: str, title: str) -> Iterator[File]:
    from rossi.plot.dynamic import dynamic_figure
    from rossi.plot.longterm import png
    from rossi.plot.power import power_figure

    drawn = {f"{band}_power": power_figure(averaged.spectrum(), f"{title}, {band}")}
    if len(averaged.rows) > 1:
        middle = met.met_to_mjd(np.array([(row.start + row.stop) / 2 for row in averaged.rows]))
        ratio = np.stack([row.ratio for row in averaged.rows])
        drawn[f"{band}_dynamic"] = dynamic_figure(averaged.freq, ratio, middle, f"{title}, {band}")
    for name, figure in drawn.items():
        yield File(f"{slug}_{name}.png", png(figure), about=About(Kind.FIGURE, name))


def _burst_figures(timing: Timing, slug: str, title: str) -> Iterator[File]:
    from rossi.plot.bursts import burst_figure
    from rossi.plot.longterm import png

    if shown := timing.accepted:
        named = [(f"{obsid} {met.isot(one.burst.start)[:19]}", one) for obsid, one in shown]
        figure = burst_figure(named, timing.dt, f"{title}, bursts")
        yield File(f"{slug}_bursts.png", png(figure), about=About(Kind.FIGURE, "bursts"))


def burst_table(timing: Timing) -> bytes:
    """Return all candidates as ECSV, those that are rejected with the reason.

    Parameters
    ----------
    timing : Timing
    """
    bursts = [one.burst for _, one in timing.bursts]
    table = Table()
    table["obsid"] = np.array([obsid for obsid, _ in timing.bursts], str)
    start = np.array([burst.start for burst in bursts], np.float64)
    table["time"] = np.asarray(met.met_to_mjd(start)) * day
    table["start"] = start * second
    for name in ("rise", "decay", "tau"):
        table[name] = np.array([getattr(burst, name) for burst in bursts], np.float64) * second
    for name in ("peak", "base", "fluence", "significance"):
        table[name] = np.array([getattr(burst, name) for burst in bursts], np.float64)
    table["accepted"] = np.array([not burst.rejected for burst in bursts], bool)
    table["reason"] = np.array([burst.rejected for burst in bursts], str)
    table["time"].description = "MJD (TT) of the start"
    table["start"].description = "MET (TT)"
    table["peak"].description = table["base"].description = "count/s/PCU"
    table["fluence"].description = "count/PCU"
    table.meta["searched"] = timing.searched
    written = io.StringIO()
    table.write(written, format="ascii.ecsv")
    return written.getvalue().encode()


def timing_summary(timing: Timing) -> dict[str, Any]:
    """Return a few plain numbers.

    Parameters
    ----------
    timing : Timing
    """
    if not timing:
        return {}
    rms = {
        band: [[one.low, one.high, one.rms, one.error] for one in averaged.spectrum().rms()]
        for band, averaged in timing.bands.items()
    }
    return {"rms": rms, "bursts": len(timing.accepted), "candidates": len(timing.bursts)}
