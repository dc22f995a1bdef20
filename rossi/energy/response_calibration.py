"""What responses are made with, as it is read once and known by a name: energy-to-channel table, collimators, areas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rossi.energy.built_in import NAME, built_in_table
from rossi.energy.channel_table import ChannelTable
from rossi.energy.collimator import CollimatorCube, read_cube
from rossi.errors import DataError
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.spectra.area import read_area


@dataclass(frozen=True, slots=True)
class KnownTable:
    """An energy-to-channel table, and what tells it from any other one.

    Parameters
    ----------
    identity : str
        Equal for equal content: a hash, or a name.
    table : ChannelTable
    """

    identity: str
    table: ChannelTable = field(compare=False, repr=False)


def known_built_in() -> KnownTable:
    """Return the table that comes with rossi."""
    return KnownTable(NAME, built_in_table())


@dataclass(frozen=True, slots=True)
class PcaCalibration:
    """What PCA responses are made with.

    Parameters
    ----------
    table : KnownTable
    cubes : mapping of int to CollimatorCube
        By PCU; empty: nothing is in the way.
    """

    table: KnownTable
    cubes: Mapping[int, CollimatorCube] = field(default_factory=dict)


def detector_of(table: Table) -> str:
    """Return DETNAM of a table, empty where it has none.

    Parameters
    ----------
    table : Table
    """
    return str(table.header.get("DETNAM", "")).strip()


def collimator_table(file: FitsFile) -> Table:
    """Return the collimator in a file; see `rossi.energy.collimator.read_cube`.

    Parameters
    ----------
    file : FitsFile

    Raises
    ------
    DataError
        If it holds none, or one that can't be read.
    """
    table = _with_column(file, "COLLRESP", "the collimator of a detector (CALDB: COLLRESP)")
    read_cube(table)
    return table


def area_on_axis(file: FitsFile) -> Table:
    """Return the effective area in a file.

    Parameters
    ----------
    file : FitsFile

    Raises
    ------
    DataError
        If it holds none, or one that can't be read.
    """
    table = _with_column(file, "SPECRESP", "an effective area (CALDB: EFF_AREA)")
    read_area(table)
    return table


def pcu_cubes(files: Mapping[str, FitsFile]) -> dict[int, CollimatorCube]:
    """Return the collimators of the PCUs, by DETNAM of the files.

    Parameters
    ----------
    files : mapping of str to FitsFile
        By name.

    Raises
    ------
    DataError
        If one is of no PCU.
    """
    found = {}
    for file in files.values():
        table = collimator_table(file)
        detector = detector_of(table)
        if detector[:3] != "PCU" or detector[3:] not in {"0", "1", "2", "3", "4"}:
            raise DataError(f"{table.where}: DETNAM is {detector!r}; PCU0 to PCU4 were expected of a PCA collimator.")
        found[int(detector[3:])] = read_cube(table)
    return found


def _with_column(file: FitsFile, column: str, what: str) -> Table:
    for table in file.tables:
        if column in table:
            return table
    raise DataError(f"{file.name}: no extension has a column {column}; {what} was expected.")
