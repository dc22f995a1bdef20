"""Files of HEXTE spectra that are ready to fit: spectrum, matrix and effective area (``hxtrsp``, in two parts)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypeVar

from rossi.calibration import Validity, header_start
from rossi.energy.area import COLUMN_CARDS, area_table, laid_out, position_cards
from rossi.energy.collimator import BORESIGHT, CollimatorCube, SourcePosition
from rossi.energy.observed import standing
from rossi.energy.observed_files import NO_RESPONSE, Ready, digest
from rossi.energy.response_calibration import detector_of
from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.table import Table
from rossi.fits.writer import fits_bytes, primary_hdu
from rossi.product import About, Content, File, Kind
from rossi.remarks import Remark
from rossi.spectra.area import read_area
from rossi.spectra.channels import ChannelGroup, cpix_groups
from rossi.spectra.pha import find_spectrum, good_time, read_pha
from rossi.spectra.ready import FitSettings, flagged, in_file, with_files
from rossi.spectra.response import Response, rebin_response
from rossi.spectra.response_file import matrix_table, response_file
from rossi.version import __version__

Value = TypeVar("Value")
#: What is left of cluster B since it lost detector 2, and the day of that, 1996-03-06 [MJD]
#: (`rossi.hexte.science.DETECTOR_2_LOST`): areas that begin to hold then are without it.
_LEFT, _LOST = "PWB013", 50148.0


@dataclass(frozen=True, slots=True)
class KnownMatrix:
    """A matrix of the CALDB, and what tells it from any other one.

    Parameters
    ----------
    identity : str
        Equal for equal content.
    response : Response
        Without effective area.
    source : FitsFile
        That it was read from.
    """

    identity: str
    response: Response = field(compare=False, repr=False)
    source: FitsFile = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class HexteCalibration:
    """What HEXTE responses are made with, by detectors (DETNAM): ``PWA``, ``PWB013``.

    Parameters
    ----------
    matrices : mapping of str to KnownMatrix
    areas : mapping of str to tuple of Table
        On axis; each holds from its CVSD0001 on.
    cubes : mapping of str to CollimatorCube
        Empty: nothing is in the way.
    """

    matrices: Mapping[str, KnownMatrix]
    areas: Mapping[str, tuple[Table, ...]]
    cubes: Mapping[str, CollimatorCube] = field(default_factory=dict)


def channel_groups(spectrum: Table, n_channel: int) -> list[ChannelGroup]:
    """Return how channels of a HEXTE spectrum are joined; without CPIX1, one with all channels keeps them.

    Parameters
    ----------
    spectrum : Table
    n_channel : int
        Of the matrix.
    """
    if "CPIX1" not in spectrum.header and spectrum.header.get("DETCHANS") == n_channel:
        return []
    return cpix_groups(spectrum.header, spectrum.where)


def make_ready(
    files: Sequence[File], fit: FitSettings, attitude: Table | None, calibration: HexteCalibration | None
) -> Ready:
    """Make the spectra of both clusters ready to fit: those on source get responses, backgrounds stay as they are.

    Parameters
    ----------
    files : sequence of File
        Spectra of every cluster and position.
    fit : FitSettings
    attitude : Table or None
        Filter file.
    calibration : HexteCalibration or None
        None: no responses.
    """
    made = Ready()
    for one in files:
        ready = Ready((one,)) if one.about.content is not Content.TOTAL else _ready(one, fit, attitude, calibration)
        same = {file.name for file in made.responses}
        made = Ready(
            made.spectra + ready.spectra,
            made.responses + tuple(file for file in ready.responses if file.name not in same),
            made.ancillary + ready.ancillary,
            made.remarks + ready.remarks,
        )
    return made


def _ready(one: File, fit: FitSettings, attitude: Table | None, calibration: HexteCalibration | None) -> Ready:
    if calibration is None and fit.leave("HEXTE"):
        return Ready((one,))
    file = open_fits(one.data, one.name)
    spectrum = read_pha(file)
    if calibration is not None:
        try:
            return _with_response(one, file, fit, attitude, calibration)
        except DataError as error:
            text = f"The spectrum of cluster {one.about.cluster} has no response (RESPFILE is NONE): {error}"
            data = in_file(file, flagged(spectrum, fit, None))
            return Ready((replace(one, data=data),), remarks=(Remark(NO_RESPONSE, text),))
    return Ready((replace(one, data=in_file(file, flagged(spectrum, fit, None))),))


def _with_response(
    one: File, file: FitsFile, fit: FitSettings, attitude: Table | None, calibration: HexteCalibration
) -> Ready:
    table = find_spectrum(file)
    detector = str(table.header.get("DETNAM", "")).strip()
    known = _of(detector, calibration.matrices, "matrix", table.where)
    area = _area_of(detector, header_start(table.header, table.where), calibration, table.where)
    groups = tuple(channel_groups(table, len(known.response.e_min)))
    matrix = matrix_file(known, groups)
    binned = _binned(known, groups)
    if len(binned.e_min) != len(table):
        raise DataError(
            f"{table.where}: {len(table)} channels, but CPIX1 makes {len(binned.e_min)} of the "
            f"{len(known.response.e_min)} of {known.response.name}; a spectrum of all channels was expected."
        )
    name = f"{one.name.removesuffix('.pha')}.arf"
    cube = _of(detector, calibration.cubes, "collimator", table.where) if calibration.cubes else None
    position, remarks = SourcePosition(*BORESIGHT), list[Remark]()
    if cube is not None and attitude is not None:
        position, remarks = standing(table, good_time(file), attitude, "HEXTE")
    arf = _area_bytes(area, cube, position, (one.name, matrix.name))
    spectrum = with_files(read_pha(file), respfile=matrix.name, ancrfile=name)
    data = in_file(file, flagged(spectrum, fit, (binned.e_min, binned.e_max)))
    about = About(Kind.ANCILLARY, f"{one.about.label}_arf", "HEXTE", cluster=one.about.cluster)
    return Ready((replace(one, data=data),), (matrix,), (File(name, arf, about=about),), tuple(remarks))


def _of(detector: str, some: Mapping[str, Value], what: str, where: str) -> Value:
    """Return what there is of some detectors, or of their whole cluster, whose detectors are alike."""
    found = some.get(detector, some.get(detector[:3]))
    if found is None:
        raise _missing(detector, what, where, some)
    return found


def _area_of(detector: str, mjd: float, calibration: HexteCalibration, where: str) -> Table:
    """Return the effective area of detectors; that of cluster B since it lost one is that of those that are left."""
    candidates = calibration.areas.get(detector, ())
    if not candidates and detector == _LEFT:
        candidates = tuple(one for one in calibration.areas.get(detector[:3], ()) if _start(one) >= _LOST)
    held = sorted((one for one in candidates if _start(one) <= mjd), key=_start)
    if not held:
        raise _missing(detector, "effective area", where, calibration.areas)
    return held[-1]


def _start(table: Table) -> float:
    return Validity.of(table.header, table.where).start


def _missing(detector: str, what: str, where: str, some: Mapping[str, object]) -> DataError:
    return DataError(
        f"{where}: DETNAM is {detector!r}, but there is no {what} of these detectors then, only of "
        f"{', '.join(some) or 'none'}; name it in [calibration]."
    )


@lru_cache(maxsize=16)
def _binned(known: KnownMatrix, groups: tuple[ChannelGroup, ...]) -> Response:
    return rebin_response(known.response, groups, 0)


@lru_cache(maxsize=16)
def matrix_file(known: KnownMatrix, groups: tuple[ChannelGroup, ...]) -> File:
    """Return a matrix whose channels are joined as a file; equal matrices are equal files of one name.

    Parameters
    ----------
    known : KnownMatrix
    groups : tuple of ChannelGroup
    """
    binned, detector = _binned(known, groups), detector_of(matrix_table(known.source))
    data = response_file(binned, known.source, told=(f"made by rossi {__version__} of {known.response.name}",), date="")
    name = f"hexte_{detector.lower()}_{len(binned.e_min)}ch_{digest(data)}.rmf"
    cluster = detector[2:3] if detector[2:3] in {"A", "B"} else ""
    return File(
        name, data, about=About(Kind.RESPONSE, f"pw{cluster.lower()}_rmf", "HEXTE", cluster=cluster), shared=True
    )


def _area_bytes(area: Table, cube: CollimatorCube | None, position: SourcePosition, names: tuple[str, str]) -> bytes:
    creator = f"rossi {__version__}"
    if cube is not None:
        made = area_table(area, cube, position, names[0], creator)
    else:
        header = Header([*position_cards(position, names[0], creator), ("HISTORY", "no collimator")])
        kept = area.header.without(tuple(header), COLUMN_CARDS)
        kept.extend(header.images())
        made = laid_out(read_area(area), kept)
    made.header.set("RESPFILE", names[1], "matrix that it goes with")
    return fits_bytes(primary_hdu(), [made])
