"""Making the spectra of a stage ready to fit, whoever extracted them: calibration that was read once in a process.

Both engines have rossi's responses: those of ``pcarsp`` and ``hxtrsp`` are the same to 1e-5
(docs/howto/energies.md), but would be one observation's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from rossi.calibration_roles import Role
from rossi.energy import hexte_observed, observed_files
from rossi.energy.channel_table import read_channel_table
from rossi.energy.collimator import read_cube
from rossi.energy.hexte_observed import HexteCalibration, KnownMatrix
from rossi.energy.observed_files import PcaWanted, Ready
from rossi.energy.response_calibration import (
    KnownTable,
    PcaCalibration,
    area_on_axis,
    collimator_table,
    detector_of,
    known_built_in,
    pcu_cubes,
)
from rossi.fits.reader import open_fits
from rossi.fits.table import Table
from rossi.pca.standard2 import parse_layers
from rossi.product import Content
from rossi.spectra.response_file import matrix_table, read_response
from services.contract import Caveat, File, Inputs
from services.contract.fitting import ANCILLARY, RESPONSE, makes_responses
from services.engines import caveats_of
from services.hexte_dead.stage import HexteDeadConfig
from services.pca_extract.stage import PcaExtractConfig, SpectrumExposure

#: Sets of calibration files that a process keeps read.
_KEPT = 4


def ready_pca(
    config: PcaExtractConfig, spectra: Sequence[File], inputs: Inputs
) -> tuple[dict[str, tuple[File, ...]], tuple[Caveat, ...]]:
    """Return outputs of spectra that are ready to fit, and what there is to know of them.

    Parameters
    ----------
    config : PcaExtractConfig
    spectra : sequence of File
        Of source and background, as they were extracted.
    inputs : mapping
        Of the stage.
    """
    by_content = {file.about.content: file for file in spectra}
    if (source := by_content.get(Content.TOTAL)) is None:
        return {}, ()
    calibration = None
    if makes_responses(config):
        table, cubes = inputs.get(Role.ENERGY_TO_CHANNEL, ()), inputs.get(Role.COLLIMATORS, ())
        calibration = _pca(tuple(map(_Named, table)), tuple(map(_Named, cubes)))
    seconds = config.spectrum_exposure is SpectrumExposure.SECONDS
    wanted = PcaWanted(parse_layers(config.layers), config.fit, seconds)
    attitude = _attitude(inputs) if calibration is not None and calibration.cubes else None
    made = observed_files.make_ready(source, by_content.get(Content.BACKGROUND), wanted, attitude, calibration)
    return _outputs(made), caveats_of(made.remarks)


def ready_hexte(
    config: HexteDeadConfig, spectra: Sequence[File], inputs: Inputs
) -> tuple[dict[str, tuple[File, ...]], tuple[Caveat, ...]]:
    """Return the same of HEXTE's spectra of all clusters and positions; see `ready_pca`."""
    calibration = None
    if spectra and makes_responses(config):
        roles = (Role.HEXTE_MATRIX, Role.HEXTE_AREA, Role.HEXTE_COLLIMATORS)
        matrices, areas, cubes = (tuple(map(_Named, inputs.get(role, ()))) for role in roles)
        if matrices and areas:
            calibration = _hexte(matrices, areas, cubes)
    attitude = _attitude(inputs) if calibration is not None and calibration.cubes else None
    made = hexte_observed.make_ready(spectra, config.fit, attitude, calibration)
    return _outputs(made), caveats_of(made.remarks)


def _outputs(made: Ready) -> dict[str, tuple[File, ...]]:
    return {"spectrum": made.spectra, RESPONSE: made.responses, ANCILLARY: made.ancillary}


class _Named:
    """A calibration file, equal to others of the same content and extensions."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.identity = _sha256(file.data) + "".join(f",{hdu}" for hdu in file.hdus)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Named) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)


@lru_cache(maxsize=64)  # all observations of a process have the same bytes, whose own hash Python keeps
def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=_KEPT)
def _pca(table: tuple[_Named, ...], cubes: tuple[_Named, ...]) -> PcaCalibration:
    known = _table(table) if table else known_built_in()
    return PcaCalibration(known, pcu_cubes({one.file.name: open_fits(one.file.data, one.file.name) for one in cubes}))


def _table(files: tuple[_Named, ...]) -> KnownTable:
    read = [read_channel_table(open_fits(one.file.data, one.file.name), one.file.hdus or None) for one in files]
    extensions = tuple(extension for table in read for extension in table.extensions)
    whole = type(read[0])(", ".join(table.name for table in read), extensions)
    return KnownTable(" ".join(one.identity for one in files), whole)


@lru_cache(maxsize=_KEPT)
def _hexte(matrices: tuple[_Named, ...], areas: tuple[_Named, ...], cubes: tuple[_Named, ...]) -> HexteCalibration:
    of_matrix = {}
    for one in matrices:
        response, source = read_response(one.file.data, one.file.name)
        of_matrix[detector_of(matrix_table(source))] = KnownMatrix(one.identity, response, source)
    of_area: dict[str, tuple[Table, ...]] = {}
    for one in areas:
        table = area_on_axis(open_fits(one.file.data, one.file.name))
        of_area[detector_of(table)] = (*of_area.get(detector_of(table), ()), table)
    seen = (collimator_table(open_fits(one.file.data, one.file.name)) for one in cubes)
    return HexteCalibration(of_matrix, of_area, {detector_of(table): read_cube(table) for table in seen})


def _attitude(inputs: Inputs) -> Table | None:
    found = inputs.get("filter_file", ())
    return open_fits(found[0].data, found[0].name).table(hdu=1) if found else None
