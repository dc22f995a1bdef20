"""What light curves of a band in keV say of it: keywords, and the extension ENERGIES with channels and true edges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from rossi.errors import DataError
from rossi.fits import declarations as declared
from rossi.fits.edit import hdus_of
from rossi.fits.header import CardTuple, Header
from rossi.fits.reader import FitsFile
from rossi.fits.writer import Column, TableHDU, join_hdus, table_hdu
from rossi.product import BandEdges, BandEnergies

#: Name of the extension.
ENERGIES = "ENERGIES"
_RULE = (
    "Whole bins: of the edges of bins, those nearest to E_MIN and E_MAX.",
    "Energies are nominal ones, those of EBOUNDS in responses.",
)


def energy_cards(energies: BandEnergies) -> list[CardTuple]:
    """Return the keywords of a band in keV.

    Parameters
    ----------
    energies : BandEnergies
    """
    return [
        ("E_MIN", energies.emin, "[keV] lower end of the band asked for"),
        ("E_MAX", energies.emax, "[keV] upper end of the band asked for"),
        ("EUNIT", "keV", "unit of E_MIN and E_MAX"),
        ("E2CFILE", energies.table, "energies of channels that were used"),
    ]


def energies_table(energies: BandEnergies) -> TableHDU:
    """Lay out the extension ENERGIES: a row for each gain epoch, detector and range of channels.

    Parameters
    ----------
    energies : BandEnergies
    """
    edges, wide = energies.edges, max(1, *(len(edge.detector) for edge in energies.edges))
    columns: list[tuple[Column, list[int] | list[float] | list[str]]] = [
        (declared.BAND_EPOCH, [edge.epoch for edge in edges]),
        (replace(declared.BAND_DETECTOR, form=f"{wide}A"), [edge.detector for edge in edges]),
        (declared.BAND_START, [edge.start for edge in edges]),
        (declared.BAND_STOP, [edge.stop for edge in edges]),
        (declared.BAND_FIRST, [edge.first for edge in edges]),
        (declared.BAND_LAST, [edge.last for edge in edges]),
        (declared.BAND_E_MIN, [edge.emin for edge in edges]),
        (declared.BAND_E_MAX, [edge.emax for edge in edges]),
        (declared.BAND_E_MIN_STOP, [edge.emin_stop for edge in edges]),
        (declared.BAND_E_MAX_STOP, [edge.emax_stop for edge in edges]),
    ]
    header = Header([("HDUCLASS", "ROSSI"), ("HDUCLAS1", ENERGIES), *energy_cards(energies)])
    for sentence in _RULE:
        header.append("COMMENT", sentence)
    return table_hdu(ENERGIES, columns, header)


def with_energies(data: bytes, name: str, energies: BandEnergies | None) -> bytes:
    """Return a light curve's file that tells its band in keV.

    Parameters
    ----------
    data : bytes
    name : str
        File name, for messages.
    energies : BandEnergies or None
        None: the file as it is.
    """
    if energies is None:
        return data
    hdus = hdus_of(data, name)
    return join_hdus([*hdus, *add_energies(hdus[1].header, energies)])


def add_energies(header: Header, energies: BandEnergies | None) -> list[TableHDU]:
    """Make the header of a light curve tell its band in keV, and return the extension ENERGIES.

    Parameters
    ----------
    header : Header
        Of the light curve; gets further keywords.
    energies : BandEnergies or None
        None: nothing is told, and there is no extension.
    """
    if energies is None:
        return []
    for card in energy_cards(energies):
        header.set(*card)
    return [energies_table(energies)]


def energies_of(file: FitsFile) -> BandEnergies | None:
    """Return what a light curve's file tells of a band in keV; None if it has no extension ENERGIES.

    Parameters
    ----------
    file : FitsFile
    """
    table = next((table for table in file.tables if table.name == ENERGIES), None)
    if table is None:
        return None
    try:
        low, high = (table.header.finite(keyword, table.where) for keyword in ("E_MIN", "E_MAX"))
        names = [column.name for column in declared.TABLES[ENERGIES]]
        rows = zip(*(table.column(name).tolist() for name in names), strict=True)
        edges = tuple(BandEdges(*row) for row in rows)
        return BandEnergies(low, high, str(table.header.get("E2CFILE", "")).strip(), edges)
    except KeyError as error:
        raise DataError(f"{table.where}: {error}; a table as rossi writes it was expected.") from None


def joined_energies(several: Iterable[BandEnergies]) -> BandEnergies | None:
    """Return what a curve tells that was joined of several of one band; None if none tells anything.

    Parameters
    ----------
    several : iterable of BandEnergies
    """
    found = list(several)
    if not found:
        return None
    tables = dict.fromkeys(one.table for one in found)

    def kind(edge: BandEdges) -> tuple[int, str, int, int]:
        return edge.epoch, edge.detector, edge.first, edge.last

    edges = sorted({edge for one in found for edge in one.edges}, key=lambda edge: (kind(edge), edge.start))
    spells = (list(some) for _, some in groupby(edges, kind))
    return replace(found[0], table=", ".join(tables), edges=tuple(map(_spell, spells)))


def _spell(edges: list[BandEdges]) -> BandEdges:
    """Return edges of the same channels as one: from the first day to the last."""
    last = max(edges, key=lambda edge: edge.stop)
    return replace(edges[0], stop=last.stop, emin_stop=last.emin_stop, emax_stop=last.emax_stop)
