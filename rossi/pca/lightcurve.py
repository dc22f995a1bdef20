"""PCA light curves from prepared data (the FTOOLS task ``pcaextlc2``; for Standard1 see `standard1_lightcurve`).

Counts of the chosen layers and channels over the live time of the chosen PCUs: count / s / PCU.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from rossi.errors import ConfigError, DataError
from rossi.extract.accumulate import accumulate, sum_by_bin, together
from rossi.extract.array import ScienceArray, own_gti
from rossi.extract.channels import ChannelSelection
from rossi.extract.energies import energies_table, energy_cards
from rossi.extract.keywords import describe
from rossi.extract.lightcurve import BinnedCurve, Mode, Rejection, light_curve
from rossi.extract.products import light_curve_tables
from rossi.extract.selection import Grid, TimeSelection, select_samples
from rossi.fits import declarations as declared
from rossi.fits.header import CardTuple
from rossi.fits.writer import Column, fits_bytes
from rossi.pca.prepare import Prepared
from rossi.pca.standard1 import PreparedStandard1
from rossi.pca.standard2 import PCUS, pcu_of, xenon_columns
from rossi.product import BandEnergies, Content
from rossi.spectra.algebra import Compat

#: Length of a Standard2 row [s]; bins hold whole rows.
ROW = 16.0


class DeadTime(StrEnum):
    """What exposure is: live time, on time, or length of the bins (whatever PCUs were on)."""

    LIVE = "LIVE"
    ON = "ON"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Request:
    """What to extract from Standard2 data.

    Parameters
    ----------
    pcus : tuple of int
    anodes : tuple of str
        X1L to X3R.
    channels : ChannelSelection
        Of all PCUs, unless `energies` tells those of each.
    binsz : float [s]
        A multiple of `SAMPLE`.
    mode : Mode
        RATE or SUM.
    dead_time : DeadTime
    subtract : bool
        Whether background, where given, is taken off.
    rejection : Rejection
    energies : BandEnergies or None
        A band in keV: of each PCU other channels count.
    """

    #: Length of a sample of the data [s].
    SAMPLE: ClassVar[float] = ROW

    pcus: tuple[int, ...]
    anodes: tuple[str, ...]
    channels: ChannelSelection
    binsz: float = ROW
    mode: Mode = Mode.RATE
    dead_time: DeadTime = DeadTime.LIVE
    subtract: bool = True
    rejection: Rejection = field(default_factory=Rejection)
    energies: BandEnergies | None = None

    def __post_init__(self) -> None:
        if self.mode == Mode.MEAN:
            raise ConfigError("lcmode is MEAN; a PCA light curve can be RATE or SUM.")
        if self.binsz <= 0 or self.binsz % self.SAMPLE:
            raise ConfigError(
                f"binsz is {self.binsz}; the data have {self.SAMPLE:g} s samples: give a multiple of {self.SAMPLE:g}."
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose counts are added up."""
        return xenon_columns(self.pcus, self.anodes)

    def of_pcu(self, pcu: int) -> Self:
        """Return the same of one PCU, in its channels.

        Parameters
        ----------
        pcu : int
        """
        if self.energies is None:
            return replace(self, pcus=(pcu,))
        own = self.energies.of(f"PCU{pcu}")
        first, last = own.channels
        return replace(self, pcus=(pcu,), channels=ChannelSelection(chmin=first, chmax=last), energies=own)

    def alike(self) -> list[Self]:
        """Return requests whose PCUs count the same channels, which are this one together."""
        if self.energies is None:
            return [self]
        found: dict[ChannelSelection, list[int]] = {}
        for pcu in self.pcus:
            found.setdefault(self.of_pcu(pcu).channels, []).append(pcu)
        return [replace(self, pcus=tuple(pcus), channels=channels) for channels, pcus in found.items()]


@dataclass(frozen=True, slots=True)
class PcaLightCurve:
    """A PCA light curve.

    Parameters
    ----------
    curve : BinnedCurve
        RATE [count / s / PCU] or counts; NaN in bins whose PCUs were off or bad throughout.
    exposure : ndarray (n_bin,) or None
        PCU x seconds, live or on; None without dead-time correction.
    background, background_error : ndarray (n_bin,) or None
        In the unit of the curve.
    request : Request
    of_pcu : mapping of int to ndarray (n_bin,) [s]
        Exposure of each PCU, of bands in keV.
    """

    curve: BinnedCurve
    exposure: NDArray[np.float64] | None
    background: NDArray[np.float64] | None
    background_error: NDArray[np.float64] | None
    request: Request
    of_pcu: Mapping[int, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def seconds(self) -> NDArray[np.float64]:
        """PCU seconds, or the length of the bins where there is no dead-time correction (n_bin,) [s]."""
        return self.curve.source.exposure if self.exposure is None else self.exposure

    @property
    def content(self) -> Content:
        """Whether the background is taken off."""
        return Content.NET if self.background is not None and self.request.subtract else Content.TOTAL


class JudgedSamples(Protocol):
    """What is known of the samples of one PCU, (n_row,) or (n_row, n_sample)."""

    @property
    def bad(self) -> NDArray[np.bool_]:
        """Which do not count."""
        ...

    @property
    def on_time(self) -> NDArray[np.floating[Any]]:
        """Length of each, 0 for bad ones [s]."""
        ...

    @property
    def live_time(self) -> NDArray[np.floating[Any]]:
        """The same without dead time [s]."""
        ...


class PreparedArray(ScienceArray):
    """Prepared data that never were a file: bad rows and exposure come from the judged rows instead of columns.

    Parameters
    ----------
    prepared : Prepared or PreparedStandard1
    """

    def __init__(self, prepared: Prepared | PreparedStandard1) -> None:
        super().__init__(prepared.file.name, prepared.table, own_gti(prepared.file))
        self.rows: Mapping[int, JudgedSamples] = {pcu: prepared.rows[pcu] for pcu in PCUS}
        self.zero = prepared.zero

    def samples(
        self, columns: tuple[str, ...], channels: slice | NDArray[np.intp], index: NDArray[np.intp]
    ) -> NDArray[Any]:
        """Return chosen elements (see `ScienceArray.samples`), 0 in rows that are bad for the column's PCU.

        Parameters
        ----------
        columns : tuple of str
        channels : slice or ndarray (n_chosen,) of int
        index : ndarray (n_kept,) of int

        Returns
        -------
        ndarray (n_kept, n_column, n_chosen)
        """
        values = super().samples(columns, channels, index)
        for at, name in enumerate(columns if self.zero else ()):
            values[self.rows[pcu_of(name)].bad.ravel()[index], at] = -int(self.table.info(name).zero)
        return values


def pca_light_curve(
    data: Sequence[ScienceArray], background: Sequence[ScienceArray] | None, time: TimeSelection, request: Request
) -> PcaLightCurve:
    """Extract a light curve.

    Parameters
    ----------
    data : sequence of ScienceArray
        Prepared Standard2 files.
    background : sequence of ScienceArray or None
        Prepared background files of the same rows.
    time : TimeSelection
    request : Request

    Raises
    ------
    NoGoodTime
        If no row starts in good time.
    DataError
        If the files are not prepared (no LiveTimePcuN columns), or background and data have different bins.
    """
    return light_curves(data, background, time, [request])[0]


def light_curves(
    data: Sequence[ScienceArray],
    background: Sequence[ScienceArray] | None,
    time: TimeSelection,
    requests: Sequence[Request],
) -> list[PcaLightCurve]:
    """Extract several light curves; good time and bins are worked out once for each bin size.

    See `pca_light_curve`.

    Parameters
    ----------
    data : sequence of ScienceArray
        Prepared Standard2 files.
    background : sequence of ScienceArray or None
        Prepared background files of the same rows.
    time : TimeSelection
    requests : sequence of Request

    Raises
    ------
    NoGoodTime
        If no row starts in good time.
    DataError
        As `pca_light_curve` does.
    """
    grids: dict[tuple[bool, float], Grid] = {}
    exposures: dict[tuple[bool, float, DeadTime, tuple[int, ...]], NDArray[np.float64]] = {}

    def corrected(files: Sequence[ScienceArray], is_background: bool, request: Request) -> PcaLightCurve:
        key = (is_background, request.binsz)
        if key not in grids:
            grids[key] = select_samples(files, request.columns[0], request.binsz, time)
        if request.dead_time == DeadTime.NONE:
            return per_pcu(grids[key], request, None)
        curve = per_pcu(grids[key], request, exposure(key, request, request.pcus))
        if request.energies is None or is_background or len(request.pcus) == 1:
            return curve
        return replace(curve, of_pcu={pcu: exposure(key, request, (pcu,)) for pcu in request.pcus})

    def exposure(key: tuple[bool, float], request: Request, pcus: tuple[int, ...]) -> NDArray[np.float64]:
        of = (*key, request.dead_time, pcus)
        if of not in exposures:
            exposures[of] = bin_exposure(grids[key], replace(request, pcus=pcus))
        return exposures[of]

    results = []
    for request in requests:
        source = corrected(data, False, request)
        results.append(source if background is None else _net(source, corrected(background, True, request)))
    return results


def bin_exposure(grid: Grid, request: Request) -> NDArray[np.float64]:
    """Return live or on time of the chosen PCUs in each bin with exposure.

    Parameters
    ----------
    grid : Grid
    request : Request

    Returns
    -------
    ndarray (n_bin,) [PCU s]
    """
    return sum_by_bin(grid, [row_exposure(array, request.dead_time, request.pcus) for array in grid.arrays])


def per_pcu(grid: Grid, request: Request, exposure: NDArray[np.float64] | None) -> PcaLightCurve:
    """Return the light curve of counts over an exposure (see `bin_exposure`), or without one, per second.

    Parameters
    ----------
    grid : Grid
    request : Request
    exposure : ndarray (n_bin,) [PCU s] or None
    """
    parts = [
        accumulate(grid, one.columns, one.channels, null_exposure=True, by_channel=False) for one in request.alike()
    ]
    counts = parts[0] if len(parts) == 1 else together(parts, grid.arrays[0].ordered(request.columns))
    curve = light_curve(counts, request.mode, request.rejection)
    if exposure is None:
        return PcaLightCurve(curve, None, None, None, request)
    if request.mode == Mode.SUM:
        return PcaLightCurve(replace(curve, fracexp=exposure / request.binsz), exposure, None, None, request)
    with np.errstate(divide="ignore", invalid="ignore"):
        pcus = exposure / request.binsz / curve.fracexp
        rate, error = curve.value / pcus, curve.error / pcus
    rate[pcus == 0], error[pcus == 0] = np.nan, np.nan
    return PcaLightCurve(replace(curve, value=rate, error=error), exposure, None, None, request)


def row_exposure(array: ScienceArray, dead_time: DeadTime, pcus: Sequence[int]) -> NDArray[np.float64]:
    """Return the exposure of each sample and PCU: LiveTimePcuN or OnTimePcuN of prepared data.

    Parameters
    ----------
    array : ScienceArray
    dead_time : DeadTime
        LIVE or ON.
    pcus : sequence of int

    Returns
    -------
    ndarray (n_sample, n_pcu) [s]

    Raises
    ------
    DataError
        If the data are not prepared.
    """
    if isinstance(array, PreparedArray):
        times = [array.rows[n].live_time if dead_time == DeadTime.LIVE else array.rows[n].on_time for n in pcus]
    else:
        name = {DeadTime.LIVE: "LiveTime", DeadTime.ON: "OnTime"}[dead_time]
        times = [array.table.column(f"{name}Pcu{n}") for n in pcus]
    return np.array([t.ravel() for t in times], np.float64).T


def _net(source: PcaLightCurve, background: PcaLightCurve) -> PcaLightCurve:
    a, b = source.curve, background.curve
    if len(a.time) != len(b.time) or not np.allclose(a.time, b.time, rtol=0, atol=1e-3):
        raise DataError(
            f"{b.source.grid.files[0].name}: the background has {len(b.time)} bins, the data {len(a.time)}, or at "
            "other times; make the background of these data again."
        )
    if source.request.subtract:
        error = np.sqrt(a.error**2 + b.error**2)
        a = replace(a, value=a.value - b.value, error=error)
    return replace(source, curve=a, background=b.value, background_error=b.error)


def pca_light_curve_file(result: PcaLightCurve, *, compress: bool = False, compat: Compat = None) -> bytes:
    """Return a PCA light curve as a FITS file: RATE (or COUNTS) with LiveTime, BACKV and BACKE, and STDGTI.

    Parameters
    ----------
    result : PcaLightCurve
    compress : bool
    compat : {"heasoft"}, optional
        Say what pcaextlc2 says: HDUCLAS2 TOTAL also of net curves, MINCHAN and MAXCHAN of all channels.
    """
    extra: list[tuple[Column, NDArray[Any]]] = []
    applied: list[CardTuple] = []
    request = result.request
    if result.exposure is not None:
        live = request.dead_time == DeadTime.LIVE
        extra.append((declared.LIVE_TIME if live else declared.ON_TIME, result.exposure))
        applied.append(("DEADAPP", live, "dead time correction applied"))
    extra += [(declared.OF_PCU[pcu], seconds) for pcu, seconds in result.of_pcu.items()]
    applied.append(("BACKAPP", result.content is Content.NET, "background is subtracted"))
    if result.background is not None and result.background_error is not None:
        extra += [(declared.BACKV, result.background), (declared.BACKE, result.background_error)]
    primary, tables = light_curve_tables(result.curve, extra, applied, request.channels.chbin)
    if compat is None:
        obsid = str(result.curve.source.grid.files[0].table.header.get("OBS_ID", "")).strip()
        describe(tables[0].header, result.content, request.channels, obsid)
    if request.energies is not None:
        for card in energy_cards(request.energies):
            tables[0].header.set(*card)
        tables.append(energies_table(request.energies))
    return fits_bytes(primary, tables, compress=compress)
