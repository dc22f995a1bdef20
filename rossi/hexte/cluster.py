"""All science files of a cluster together: net light curves and summed spectra of an observation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rossi.fits.edit import file_bytes
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.hexte.backest import archive_form, estimate_background
from rossi.hexte.net import cycle_net, interpolated_net
from rossi.hexte.reduction import Reduced
from rossi.hexte.rocking import Position
from rossi.spectra.pha import Spectrum
from rossi.spectra.summing import summed
from rossi.timeseries.join import join
from rossi.timeseries.series import LightCurve

BESIDE = (Position.PLUS, Position.MINUS, Position.BACKGROUND)


@dataclass(frozen=True, slots=True)
class Curves:
    """Light curves of one band.

    Parameters
    ----------
    source : LightCurve or None
    background : LightCurve or None
        Both positions beside the source.
    net : LightCurve or None
        None without one of them.
    """

    source: LightCurve | None
    background: LightCurve | None
    net: LightCurve | None


def curves_of(parts: Sequence[Reduced], band: str, dwell: float, cycles: int, *, interpolated: bool = False) -> Curves:
    """Join the light curves of a band, and subtract the background.

    Parameters
    ----------
    parts : sequence of Reduced
        Of one cluster; all in bins of one width.
    band : str
    dwell : float [s]
    cycles : int
        Rocking cycles in a bin of the net curve.
    interpolated : bool
        Keep the bins of the source and interpolate the background instead.
    """
    source = _joined([p.curves[band] for p in parts if p.position is Position.SOURCE], "source")
    background = _joined([p.curves[band] for p in parts if p.position in BESIDE], "background")
    if not source or not background:  # none, or without a bin
        return Curves(source, background, None)
    net = interpolated_net(source, background) if interpolated else cycle_net(source, background, dwell, cycles)
    return Curves(source, background, defined(net))


def _joined(curves: Sequence[LightCurve], name: str) -> LightCurve | None:
    return join(curves, name=name).series if curves else None


def defined(series: LightCurve) -> LightCurve | None:
    """Return a curve without the rows that have no rate: there the background is missing. None where no row has one.

    Parameters
    ----------
    series : LightCurve
    """
    good = np.isfinite(series.rate)
    if good.all():
        return series if len(series) else None
    return series.rows(good) if good.any() else None


def spectra_of(parts: Sequence[Reduced]) -> tuple[dict[Position, FitsFile], dict[Position, Spectrum]]:
    """Add up the spectra of each position, and of all beside the source.

    Parameters
    ----------
    parts : sequence of Reduced
        Of one cluster.

    Returns
    -------
    dict of Position to FitsFile, dict of Position to Spectrum
        The same opened and read; Position.BACKGROUND is the sum of plus and minus.

    Raises
    ------
    DataError
        If spectra can't be added up.
    """
    found: dict[Position, FitsFile] = {}
    read: dict[Position, Spectrum] = {}
    for position in (Position.SOURCE, Position.PLUS, Position.MINUS, Position.BACKGROUND):
        known = [p.spectrum for p in parts if p.position is position and p.spectrum is not None]
        if position is Position.BACKGROUND:
            known += [(found[beside], read[beside]) for beside in (Position.PLUS, Position.MINUS) if beside in found]
        if known:
            spectra = [pha for _, pha in known]
            found[position], read[position] = (
                known[0] if len(known) == 1 else summed(spectra, spectra[0].name.rpartition("/")[2])
            )
    return found, read


def estimated_background(background: FitsFile, correction: Table, like: FitsFile) -> FitsFile:
    """Estimate the background of cluster A from a spectrum of cluster B, in the channels of a spectrum of A.

    Parameters
    ----------
    background : FitsFile
        Of cluster B, 256 channels, dead time corrected.
    correction : Table
        Coefficients (CALDB: CORR_COEFF).
    like : FitsFile
        The source spectrum of A.
    """
    estimate = estimate_background(background.table(), correction)
    if len(like.table()) != len(estimate):
        estimate = archive_form(estimate)
    return FitsFile(background.name, background.primary, (estimate, *background.tables[1:]))


def with_background(source: FitsFile, name: str) -> bytes:
    """Return a source spectrum as a file whose BACKFILE names its background.

    Parameters
    ----------
    source : FitsFile
    name : str
        Of the background's file.
    """
    table = source.table()
    header = table.header.copy()
    header.set("BACKFILE", name, "background")
    return file_bytes(replace(source, tables=(table.with_rows(table.rows, header), *source.tables[1:])))


def spectrum_files(spectra: Mapping[Position, FitsFile], stem: str) -> dict[Position, bytes]:
    """Return spectra as files ``<stem>_src.pha``, whose BACKFILE names ``<stem>_bkg.pha``, and the others.

    Parameters
    ----------
    spectra : mapping of Position to FitsFile
    stem : str
        What the files' names begin with.
    """
    backfile = f"{stem}_{Position.BACKGROUND.value}.pha"
    return {
        position: with_background(file, backfile)
        if position is Position.SOURCE and Position.BACKGROUND in spectra
        else file_bytes(file)
        for position, file in spectra.items()
    }
