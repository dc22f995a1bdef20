"""Stage ``hexte_back`` by ``hxtback``; the filter file is made by ``pcaprepobsid``."""

from __future__ import annotations

from collections import defaultdict

from rossi.errors import NoGoodTime
from rossi.fits.reader import open_fits
from rossi.gti import from_table
from rossi.hexte.rocking import Position, Split, rocking_angle, rocking_remarks
from rossi.hexte.science import Cluster, cluster_of, kind_of
from services.contract import File, Inputs, Outputs
from services.contract.filter_file import FilterSource
from services.engines.heasoft.files import base_name, file_name, plain, zipped
from services.engines.heasoft.pca_prep import make_filter_file, observation_files
from services.engines.heasoft.preflight import installed
from services.engines.heasoft.task import Call, Caller, Declared
from services.engines.hexte_products import position_of
from services.engines.hexte_science import NO_POSITION, NO_SCIENCE, choose_science, split_outputs
from services.hexte_back.stage import HexteBackConfig

_POSITIONS = (Position.SOURCE, Position.PLUS, Position.MINUS)


def hexte_back(config: HexteBackConfig, inputs: Inputs) -> Outputs:
    """Split the science files of an observation by position, and make its filter file.

    Raises
    ------
    NoGoodTime
        If the observation has no HEXTE data that can be reduced.
    """
    call = installed("hexte_back").call
    chosen, remarks = choose_science([*inputs.get("events", ())], inputs["archive"])
    if not chosen:
        raise NoGoodTime(NO_SCIENCE)
    parts: dict[Cluster, list[Split]] = defaultdict(list)
    files: list[File] = []
    for item in chosen:
        for part in _split(call, item):
            split = _as_split(part)
            parts[cluster_of(split.table)].append(split)
            remarks += rocking_remarks(split.table)
            files.append(File(f"{part.name}.gz", zipped(part.data)))
    if not files:
        raise NoGoodTime(NO_POSITION)
    made = _filter_file(call, config, inputs)
    return split_outputs(files, parts, inputs["rocking"], made, remarks)


def _split(call: Caller, item: File) -> list[File]:
    """Return the rows of each position as files; a position without rows has none."""
    name = base_name(item)
    declared = tuple(Declared(f"{name}_{position.value}", needed=False) for position in _POSITIONS)
    made = call(Call("hxtback", declared, options=("-i", name), inputs={name: plain(item)})).files
    return [File(part, data) for part, data in made.items()]


def _as_split(part: File) -> Split:
    file = open_fits(part.data, part.name)
    table, gti = file.table(hdu=1), file.table(hdu=2)
    angle = rocking_angle(table, kind_of(table))
    return Split(position_of(part.name), table, from_table(gti), gti.header, angle)


def _filter_file(call: Caller, config: HexteBackConfig, inputs: Inputs) -> File:
    if config.filter_file is FilterSource.ARCHIVE:
        (found,) = inputs["filter_file"]
        return File(file_name(found), found.data)
    return make_filter_file(call, observation_files(inputs, "index", "spacecraft", "housekeeping"))
