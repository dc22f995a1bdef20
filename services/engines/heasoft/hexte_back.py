"""Stage ``hexte_back`` by ``hxtback``; the filter file is made by ``pcaprepobsid``."""

from __future__ import annotations

from rossi.archive import stem_of
from rossi.fits.reader import open_fits
from rossi.gti import from_table
from rossi.hexte.observation import POSITIONS, split_observation
from rossi.hexte.parts import Science
from rossi.hexte.rocking import Position, Split, rocking_angle
from rossi.hexte.science import kind_of
from rossi.remarks import Remark
from services.contract import File, Inputs, Outputs
from services.contract.filter_file import FILTER_FILE, FilterSource
from services.engines.heasoft.files import file_name, plain, zipped
from services.engines.heasoft.pca_prep import make_filter_file, observation_files
from services.engines.heasoft.preflight import installed
from services.engines.heasoft.task import Call, Caller, Declared
from services.engines.hexte import contents, split_outputs
from services.hexte_back.stage import HexteBackConfig


def hexte_back(config: HexteBackConfig, inputs: Inputs) -> Outputs:
    """Split the science files of an observation by position, and make its filter file.

    Raises
    ------
    NoGoodTime
        If the observation has no HEXTE data that can be reduced.
    """
    call = installed("hexte_back").call

    def splitting(science: Science) -> tuple[list[tuple[Split, bytes]], list[Remark]]:
        made = _split(call, science.name, science.data)
        return [(_as_split(position, science.name, one), zipped(one)) for position, one in made.items()], []

    events, archive = (contents(inputs, name) for name in ("events", "archive"))
    found = split_observation(events, archive, inputs.get("rocking", ()), splitting)
    return split_outputs(found, _filter_file(call, config, inputs))


def _split(call: Caller, path: str, data: bytes) -> dict[Position, bytes]:
    """Return the rows of each position as files; a position without rows has none."""
    name = stem_of(path)
    declared = {position: Declared(f"{name}_{position.value}", needed=False) for position in POSITIONS}
    inputs = {name: plain(File(path, data))}
    made = call(Call("hxtback", tuple(declared.values()), options=("-i", name), inputs=inputs)).files
    return {position: made[one.pattern] for position, one in declared.items() if one.pattern in made}


def _as_split(position: Position, path: str, data: bytes) -> Split:
    file = open_fits(data, f"{stem_of(path)}_{position.value}")
    table, gti = file.table(hdu=1), file.table(hdu=2)
    return Split(position, table, from_table(gti), gti.header, rocking_angle(table, kind_of(table)))


def _filter_file(call: Caller, config: HexteBackConfig, inputs: Inputs) -> File:
    if config.filter_file is FilterSource.ARCHIVE:
        (found,) = inputs["filter_file"]
        return File(file_name(found), found.data, about=FILTER_FILE)
    return make_filter_file(call, observation_files(inputs, "index", "spacecraft", "housekeeping"))
