"""PCA spectra from prepared Standard2 data (the FTOOLS task ``pcaextspect2``).

Counts of the chosen layers of all chosen PCUs; the exposure is the sum of those PCUs' live time, so that counts over
exposure is count / s / PCU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.errors import ConfigError
from rossi.extract.accumulate import accumulate
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.keywords import describe
from rossi.extract.products import spectrum_tables
from rossi.extract.selection import Grid, TimeSelection, select_samples
from rossi.extract.spectrum import BinnedSpectrum, spectrum
from rossi.fits import declarations as declared
from rossi.fits.header import CardTuple, Header
from rossi.fits.writer import Column, TableHDU, fits_bytes, table_hdu
from rossi.pca.lightcurve import DeadTime, row_exposure
from rossi.pca.standard2 import PCUS, pcu_of, xenon_columns
from rossi.product import Content
from rossi.spectra.pha import PCU_SECONDS

#: Keywords of a spectrum whose value differs from row to row in a type II file.
_ONLY_TYPE_ONE = ("EXPOSURE", "BACKFILE", "PCU_WT0", "PCU_WT1", "PCU_WT2", "PCU_WT3", "PCU_WT4", "TLMIN1", "TLMAX1")


@dataclass(frozen=True, slots=True)
class SpectrumRequest:
    """What to extract.

    Parameters
    ----------
    pcus : tuple of int
    anodes : tuple of str
        X1L to X3R.
    channels : ChannelSelection
    dead_time : DeadTime
        LIVE or ON.
    many : bool
        One spectrum for each PCU and anode (a type II file) instead of their sum.
    position : (float, float), optional
        Right ascension and declination for RA_OBJ and DEC_OBJ [deg], instead of those of the data.
    """

    pcus: tuple[int, ...]
    anodes: tuple[str, ...]
    channels: ChannelSelection = field(default_factory=ChannelSelection)
    dead_time: DeadTime = DeadTime.LIVE
    many: bool = False
    position: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.dead_time == DeadTime.NONE:
            raise ConfigError(
                "deadcorrtype is NONE; the exposure of a PCA spectrum is live time (LIVE) or on time (ON)."
            )


@dataclass(frozen=True, slots=True)
class PcaSpectrum:
    """A PCA spectrum.

    Parameters
    ----------
    spectrum : BinnedSpectrum
        Counts; its own exposure is the length of the rows, whatever PCUs were on.
    exposure : float [PCU s]
        0 where no chosen PCU was on.
    weights : ndarray (5,)
        Share of each PCU in the exposure.
    pcu_exposure : ndarray (5,) [s]
        Live (or on) time of each PCU, also of those that were not chosen.
    rows : tuple of BinnedSpectrum
        With `SpectrumRequest.many`, the spectrum of each column, else empty.
    request : SpectrumRequest
    """

    spectrum: BinnedSpectrum
    exposure: float
    weights: Floats
    pcu_exposure: Floats
    rows: tuple[BinnedSpectrum, ...]
    request: SpectrumRequest


def pca_spectrum(
    data: Sequence[ScienceArray],
    background: Sequence[ScienceArray] | None,
    time: TimeSelection,
    request: SpectrumRequest,
) -> tuple[PcaSpectrum, PcaSpectrum | None]:
    """Extract the spectra of source and background.

    Parameters
    ----------
    data : sequence of ScienceArray
        Prepared Standard2 files.
    background : sequence of ScienceArray or None
        Prepared background files of the same rows.
    time : TimeSelection
    request : SpectrumRequest

    Returns
    -------
    PcaSpectrum, PcaSpectrum or None

    Raises
    ------
    NoGoodTime
        If the good time is empty.
    DataError
        If the files are not prepared (no LiveTimePcuN columns).
    """
    source = _extract(data, time, request)
    return source, None if background is None else _extract(background, time, request)


def _extract(files: Sequence[ScienceArray], time: TimeSelection, request: SpectrumRequest) -> PcaSpectrum:
    columns = xenon_columns(request.pcus, request.anodes)
    grid = select_samples(files, columns[0], None, time)
    of_pcu = exposure_by_pcu(grid, request.dead_time)
    used = [n for n in request.pcus if of_pcu[n] > 0]
    exposure = 0.0
    for pcu in used:  # one by one, as rounding goes into the last digit
        exposure += float(of_pcu[pcu])
    weights = np.zeros(len(PCUS))
    weights[used] = of_pcu[used] / exposure if exposure else 0.0
    total = _spectrum(grid, columns, request)
    rows = []
    if request.many:
        rows = [_spectrum(grid, [name], request) for name in total.source.columns]
    return PcaSpectrum(total, exposure, weights, of_pcu, tuple(rows), request)


def _spectrum(grid: Grid, columns: Sequence[str], request: SpectrumRequest) -> BinnedSpectrum:
    # of prepared data the exposure is the live time of their rows, whatever is NULL in them
    found = accumulate(grid, columns, request.channels, null_exposure=True, by_bin=False)
    return spectrum(found, request.channels)


def exposure_by_pcu(grid: Grid, dead_time: DeadTime) -> Floats:
    """Return the live (or on) time of each PCU, added row by row.

    Parameters
    ----------
    grid : Grid
    dead_time : DeadTime
        LIVE or ON.

    Returns
    -------
    ndarray (5,) [s]
    """
    rows = [row_exposure(samples.array, dead_time, PCUS)[samples.index] for samples in grid.samples]
    times = np.concatenate([np.zeros((1, len(PCUS))), *rows])
    return np.asarray(np.add.accumulate(times, axis=0)[-1])


def pca_spectrum_file(result: PcaSpectrum, background_file: str | None = None, *, compress: bool = False) -> bytes:
    """Return a PCA spectrum as a FITS file; see `pca_spectrum_hdus`.

    Parameters
    ----------
    result : PcaSpectrum
    background_file : str, optional
    compress : bool
    """
    return fits_bytes(*pca_spectrum_hdus(result, background_file), compress=compress)


def pca_spectrum_hdus(
    result: PcaSpectrum, background_file: str | None = None, content: Content | None = None
) -> tuple[Header, list[TableHDU]]:
    """Lay out a PCA spectrum: type I, or type II with `SpectrumRequest.many`.

    Parameters
    ----------
    result : PcaSpectrum
    background_file : str, optional
        For BACKFILE of a source spectrum: the background as the spectrum's reader will find it.
    content : Content, optional
        What HDUCLAS2 says; by default TOTAL, also of a background, as pcaextspect2 writes it.

    Returns
    -------
    Header, list of TableHDU
        Primary header; the spectrum, and its good time.
    """
    primary, (table, gti) = spectrum_tables(result.spectrum)
    header = table.header
    header.set("EXPOSURE", _digits(result.exposure), PCU_SECONDS)
    if background_file is not None:
        header.set("BACKFILE", background_file)
    if result.request.position is not None:
        for key, value in zip(("RA_OBJ", "DEC_OBJ"), result.request.position, strict=True):
            header.set(key, value, "[deg] as given")
    cards: list[CardTuple] = [
        (f"PCU_WT{n}", _digits(w), f"share of PCU {n} in the exposure") for n, w in enumerate(result.weights)
    ]
    cards.append(("ONTIME", _digits(result.spectrum.exposure), "[s] length of the rows"))
    if result.request.dead_time == DeadTime.LIVE:
        cards.append(("DEADAPP", True, "dead time is taken off the exposure"))
    for card in cards:
        header.append(*card)
    if content is not None:
        obsid = str(result.spectrum.source.grid.files[0].table.header.get("OBS_ID", "")).strip()
        describe(header, content, None, obsid)
    if result.request.many:
        table = _type_two(result, header, background_file)
    return primary, [table, gti]


def _type_two(result: PcaSpectrum, one: Header, background_file: str | None) -> TableHDU:
    """Return a table with one spectrum a row, from the header of a type I spectrum."""
    rows = result.rows
    n_row, n = len(rows), len(rows[0].value)
    ids = [row.source.columns[0] for row in rows]
    exposure = [result.pcu_exposure[pcu_of(name)] for name in ids]
    columns: list[tuple[Column, NDArray[np.generic]]] = [
        (declared.SPEC_NUM, np.arange(1, n_row + 1)),
        (replace(declared.CHANNEL, form=f"{n}I"), np.tile(np.arange(n), (n_row, 1))),
        (replace(declared.SPECTRUM_COUNTS, form=f"{n}D"), np.array([row.value for row in rows])),
        (replace(declared.STAT_ERR, form=f"{n}D"), np.array([row.error for row in rows])),
        (declared.ROWID, np.array(ids)),
        (declared.ROW_ONTIME, np.full(n_row, result.spectrum.exposure)),
        (declared.ROW_EXPOSURE, np.array(exposure)),
    ]
    if background_file is not None:
        names = [f"{PurePath(background_file).name}[{number}]" for number in range(1, n_row + 1)]
        columns.append((replace(declared.ROW_BACKFILE, form=f"{max(map(len, names))}A"), np.array(names)))
    kept = one.without(("CPIX1", *_ONLY_TYPE_ONE), ("TTYPE", "TFORM", "TUNIT", "ROWID"))
    kept.append("HDUCLAS4", "TYPE:II", "one spectrum a row")
    for card in (("TLMIN2", 0), ("TLMAX2", n - 1), ("CPIX2", result.spectrum.cpix, "channels of the elements")):
        kept.append(*card)
    return table_hdu("SPECTRUM", columns, kept)


def _digits(value: float) -> float:
    """Return a number with 15 significant digits, as the reference writes it."""
    return float(f"{value:.14e}")
