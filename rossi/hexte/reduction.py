"""From what was counted in HEXTE science files to light curves and spectra that are corrected for dead time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rossi.extract.accumulate import Accumulation
from rossi.extract.channels import ChannelSelection
from rossi.extract.lightcurve import light_curve
from rossi.extract.products import series_of, spectrum_tables
from rossi.extract.spectrum import BinnedSpectrum, spectrum
from rossi.fits.edit import as_file
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.hexte.correction import correct_curves, correct_spectra
from rossi.hexte.deadtime import DeadTime
from rossi.hexte.rocking import Position
from rossi.hexte.science import DETECTORS
from rossi.hexte.slews import curve_without_slews, spectrum_without_slews
from rossi.product import BandEnergies
from rossi.remarks import Remark
from rossi.spectra.pha import Spectrum, laid_out
from rossi.timeseries.series import LightCurve


@dataclass(frozen=True, slots=True)
class DetectorBand:
    """What counts in a light curve.

    Parameters
    ----------
    first, last : int
        Absolute channels, both included.
    detectors : tuple of int
    energies : BandEnergies or None
        Of a band that was asked for in keV, for both clusters.
    """

    first: int
    last: int
    detectors: tuple[int, ...] = DETECTORS
    energies: BandEnergies | None = None


@dataclass(frozen=True, slots=True)
class Reduced:
    """Products of one science file at one position.

    Parameters
    ----------
    position : Position
    curves : mapping of str to LightCurve
        Corrected light curves by band.
    spectrum : (FitsFile, Spectrum) or None
        Corrected, as an open file and as it is read from there.
    remarks : tuple of Remark
    """

    position: Position
    curves: Mapping[str, LightCurve]
    spectrum: tuple[FitsFile, Spectrum] | None
    remarks: tuple[Remark, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted in one science file at one position.

    Parameters
    ----------
    position : Position
    science : Table
        HDU 1 of the file.
    curves : mapping of str to Accumulation
        By band.
    spectrum : Accumulation or None
    detectors : tuple of int
        Of the spectrum.
    dead : DeadTime or None
        None for realtime data without housekeeping: then slews alone are corrected for.
    """

    position: Position
    science: Table
    curves: Mapping[str, Accumulation]
    spectrum: Accumulation | None
    detectors: tuple[int, ...]
    dead: DeadTime | None


def reduce_counts(counted: Sequence[Counted], bands: Mapping[str, DetectorBand], dwell: float = 0.0) -> list[Reduced]:
    """Lay out and correct what was counted in the files of a cluster.

    Parameters
    ----------
    counted : sequence of Counted
    bands : mapping of str to DetectorBand
        Light curves by name.
    dwell : float
        Needed where dead time is not known [s].

    Returns
    -------
    list of Reduced
        One for each.
    """
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for n, one in enumerate(counted):
        widths = {each.grid.binsz for each in one.curves.values()}
        groups[*sorted(widths), one.detectors, one.dead is None].append(n)
    made: dict[int, Reduced] = {}
    for some in groups.values():
        made |= zip(some, _reduced([counted[n] for n in some], bands, dwell), strict=True)
    return [made[n] for n in range(len(counted))]


def _reduced(alike: Sequence[Counted], bands: Mapping[str, DetectorBand], dwell: float) -> Iterator[Reduced]:
    """Lay out and correct what has bins of one width, spectra of the same detectors, and a dead time, or none."""
    dead = [one.dead for one in alike if one.dead is not None]
    remarks = [list[Remark](() if one.dead is None else one.dead.remarks) for one in alike]
    curves: dict[str, list[LightCurve]] = {}
    for band, told in bands.items():
        names = [f"{one.science.source} {one.position.value} {band}" for one in alike]
        made = [series_of(light_curve(one.curves[band]), name) for one, name in zip(alike, names, strict=True)]
        if dead:
            said = correct_curves(made, dead, told.detectors)
            remarks = [[*before, *more] for before, more in zip(remarks, said, strict=True)]
        else:
            made = [curve_without_slews(curve, one.position, dwell) for one, curve in zip(alike, made, strict=True)]
        curves[band] = made
    spectra = _spectra(alike, dead, dwell, remarks) if alike[0].detectors else [None] * len(alike)
    for n, one in enumerate(alike):
        own = {band: made[n] for band, made in curves.items()}
        yield Reduced(one.position, own, spectra[n], tuple(dict.fromkeys(remarks[n])))


def _spectra(
    alike: Sequence[Counted], dead: Sequence[DeadTime], dwell: float, remarks: Sequence[list[Remark]]
) -> list[tuple[FitsFile, Spectrum]]:
    """Lay out and correct spectra; what there is to say of them is added to the remarks."""
    made = [spectrum(one.spectrum, ChannelSelection()) for one in alike if one.spectrum is not None]
    names = [f"spectrum ({one.position.value}) of {one.science.source}" for one in alike]
    laid = [spectrum_tables(one) for one in made]
    if dead:
        each = zip(laid, names, made, strict=True)
        told = [(hdus[0].header, f"{name}[SPECTRUM]", one.source.filled) for (_, hdus), name, one in each]
        for before, said in zip(remarks, correct_spectra(told, dead, alike[0].detectors), strict=True):
            before.extend(said)
    files = [as_file(name, *hdus) for name, hdus in zip(names, laid, strict=True)]
    if not dead:
        files = [spectrum_without_slews(file, one.position, dwell) for one, file in zip(alike, files, strict=True)]
    return [(file, _read(file, one)) for file, one in zip(files, made, strict=True)]


def _read(file: FitsFile, made: BinnedSpectrum) -> Spectrum:
    channel = np.arange(len(made.value))
    return laid_out(file, channel, made.value, made.error, np.zeros_like(channel), made.source.filled)
