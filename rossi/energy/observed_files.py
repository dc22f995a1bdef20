"""Files of a PCA spectrum that is ready to fit: the spectrum, its matrix and its effective area."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rossi.energy.area import laid_out, pca_area_cards
from rossi.energy.detectors import PCUS
from rossi.energy.layers import ALL_XENON, NAMES
from rossi.energy.observed import Observed, matrix_laws, observed_response
from rossi.energy.response_calibration import KnownTable, PcaCalibration
from rossi.energy.response_cards import law_cards, pca_response_file
from rossi.energy.shared_matrix import SPELL, STEPS, MatrixRecipe, shared_matrix
from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.table import Table
from rossi.fits.writer import fits_bytes, primary_hdu
from rossi.product import About, File, Kind
from rossi.remarks import Remark
from rossi.spectra.pha import OF_ONE_PCU, Spectrum, read_pha
from rossi.spectra.ready import FitSettings, flagged, in_file, with_files
from rossi.version import __version__

#: Code of the remark that a spectrum has no response.
NO_RESPONSE = "no_response"
#: Digits of a matrix' hash in its name, which tell it from any other one in a folder.
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Ready:
    """Spectra that are ready to fit, with their responses.

    Parameters
    ----------
    spectra : tuple of File
        Source, then background.
    responses : tuple of File
        Matrices, which other observations have, too.
    ancillary : tuple of File
        Effective areas.
    remarks : tuple of Remark
    """

    spectra: tuple[File, ...] = ()
    responses: tuple[File, ...] = ()
    ancillary: tuple[File, ...] = ()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class PcaWanted:
    """How the spectra of a PCA observation are made ready.

    Parameters
    ----------
    anodes : tuple of str
        X1L to X3R: what was added up.
    fit : FitSettings
    in_seconds : bool
        Exposures in seconds, and the sum of the PCUs' areas; else in PCU x seconds, and their mean.
    """

    anodes: tuple[str, ...]
    fit: FitSettings = field(default_factory=FitSettings)
    in_seconds: bool = False


def make_ready(
    source: File, background: File | None, wanted: PcaWanted, attitude: Table | None, calibration: PcaCalibration | None
) -> Ready:
    """Make the spectra of an observation ready to fit.

    Where there can be no response, the source's RESPFILE stays NONE, and a remark says why.

    Parameters
    ----------
    source, background : File
        Spectra in PCU x seconds; the source names the background (BACKFILE).
    wanted : PcaWanted
    attitude : Table or None
        Filter file.
    calibration : PcaCalibration or None
        None: no responses.
    """
    file = source.opened()
    spectrum = read_pha(file)
    seconds = _pcus_at_once(spectrum) if wanted.in_seconds else 1.0
    found: Observed | None = None
    remarks: tuple[Remark, ...] = ()
    if calibration is not None:
        try:
            found = observed_response(file, wanted.anodes, attitude, calibration)
        except DataError as error:
            remarks = (Remark(NO_RESPONSE, f"The PCA spectrum has no response (RESPFILE is NONE): {error}"),)
    others = () if background is None else (_in_seconds(background, seconds),)
    spectrum = _divided(spectrum, seconds)
    if found is None or calibration is None:
        made = source.rewritten(in_file(file, flagged(spectrum, wanted.fit, None)))
        return Ready((made, *others), remarks=remarks)
    found = found.summed(seconds)
    matrix = matrix_file(calibration.table, found.recipe)
    area = _area_file(found, source, matrix.name, seconds)
    spectrum = with_files(spectrum, respfile=matrix.name, ancrfile=area.name)
    spectrum = _with_table(spectrum, found)
    spectrum = flagged(spectrum, wanted.fit, (found.matrix.e_min, found.matrix.e_max))
    made = source.rewritten(in_file(file, spectrum))
    return Ready((made, *others), (matrix,), (area,), found.remarks)


@lru_cache(maxsize=64)
def matrix_file(table: KnownTable, recipe: MatrixRecipe) -> File:
    """Return a shared matrix as a file; equal matrices are equal files of one name.

    Parameters
    ----------
    table : KnownTable
    recipe : MatrixRecipe
    """
    response = shared_matrix(table, recipe)
    shares = ", ".join(f"PCU {pcu} {share / STEPS:g}" for pcu, share in recipe.shares)
    told = (
        f"mean of PCUs, by shares of exposure times area: {shares}",
        f"for all days within {SPELL / 2:g} of MJD {recipe.day:g} and of the same gain",
        "multiply with the effective area of each spectrum (ANCRFILE)",
    )
    detector = ",".join(f"PCU{pcu}" for pcu in recipe.pcus)
    laws = matrix_laws(PcaCalibration(table), recipe)
    creator = f"rossi {__version__}"
    data = pca_response_file(response, detector, laws, creator, full=False, told=told, name="MATRIX", date="")
    layers = "" if recipe.layers == (ALL_XENON,) else "".join(NAMES[code] for code in recipe.layers).lower() + "_"
    which = f"pca_p{''.join(map(str, recipe.pcus))}_{recipe.day:.0f}_{layers}{len(response.e_min)}ch"
    about = About(Kind.RESPONSE, "rmf", "PCA", pcus=recipe.pcus)
    return File(f"{which}_{digest(data)}.rmf", data, about=about, shared=True)


def digest(data: bytes) -> str:
    """Return the digits by which the name of a file tells its content from any other.

    Parameters
    ----------
    data : bytes
    """
    return hashlib.sha256(data).hexdigest()[:_DIGITS]


def _area_file(found: Observed, source: File, matrix: str, seconds: float) -> File:
    pcus = found.recipe.pcus
    detector = ",".join(f"PCU{pcu}" for pcu in pcus)
    geometric = seconds * sum(share / STEPS * PCUS[pcu].area for pcu, share in found.recipe.shares)
    cards = pca_area_cards(detector, geometric, found.position, (source.name, matrix), f"rossi {__version__}")
    header = Header([*cards, *(("HISTORY", told) for told in found.seen)])
    name = f"{source.name.removesuffix('.pha')}.arf"
    about = About(Kind.ANCILLARY, "arf", "PCA", pcus=pcus)
    return File(name, fits_bytes(primary_hdu(), [laid_out(found.area, header)]), about=about)


def _with_table(spectrum: Spectrum, found: Observed) -> Spectrum:
    """Return a spectrum that says by which energy-to-channel table its response was made."""
    header = spectrum.header.copy()
    for keyword, value, *comment in law_cards(found.laws[:1]):
        if keyword != "HISTORY":
            header.set(keyword, value, *comment)
    return replace(spectrum, header=header)


def _pcus_at_once(spectrum: Spectrum) -> float:
    """Return how many PCU x seconds a second of exposure has: that of the PCU that was on longest."""
    shares = [float(spectrum.header.get(f"PCU_WT{pcu}", 0) or 0) for pcu in range(5)]
    return 1 / max(shares) if max(shares) > 0 else 1.0


def _divided(spectrum: Spectrum, seconds: float) -> Spectrum:
    """Return a spectrum whose exposure is in seconds; the same where there is one PCU x second a second."""
    if seconds == 1.0:
        return spectrum
    header = spectrum.header.copy()
    exposure = spectrum.exposure / seconds
    header.set("EXPOSURE", exposure, OF_ONE_PCU)
    return replace(spectrum, exposure=exposure, header=header)


def _in_seconds(background: File, seconds: float) -> File:
    if seconds == 1.0:
        return background
    file = background.opened()
    return background.rewritten(in_file(file, _divided(read_pha(file), seconds)))
