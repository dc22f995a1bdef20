"""The dead-time columns as they stand in a ``*_dt`` or ``*_dtbkg`` file."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.fits.cards import Value
from rossi.fits.columns import with_room
from rossi.fits.structure import Structure
from rossi.fits.table import Table
from rossi.fits.writer import Column, stored
from rossi.pca.deadtime import EVENT_DEAD_TIME, PcuRows
from rossi.pca.standard2 import PCUS, spectra_in

_TRUE, _FALSE, _UNDEFINED = ord("T"), ord("F"), 0
_EXPONENT, _COUNT = ("TDISP", "E10.3"), ("TDISP", "I5")


def deadtime_table(table: Table, rows: PcuRows, *, background: bool, zero: bool) -> Table:
    """Return Standard2 data (or model background) with the dead-time columns appended.

    Parameters
    ----------
    table : Table
    rows : PcuRows
        Of each PCU.
    background : bool
        The table is model background, which gets the VLE counts of the data too.
    zero : bool
        Set the spectra of bad rows to 0.
    """
    declared = _declarations(background, rows.breakdown is not None)
    result = with_room(table, declared)
    if len(table):
        columns = {column.name: column for column in declared}
        for name, values in _values(rows).items():
            if name.format(0) in columns:
                _fill(result, columns[name.format(0)], name, values)
    if zero:
        for pcu in PCUS:
            names = spectra_in(table, pcu)
            side = result.adjacent(names)
            parts = [side] if side else [(result.raw(name), int(result.info(name).zero)) for name in names]
            for spectra, offset in parts:
                spectra[rows.bad[pcu]] = -offset
    return result


def _fill(table: Table, column: Column, name: str, values: NDArray[Any]) -> None:
    """Set the columns of one name of all PCUs, (n_pcu, n_row), or the elements of a vector, (n_element, n_row)."""
    base, offset, step = _place(table.structure, name)
    strides = (step, table.rows.dtype.itemsize)
    np.ndarray(values.shape, base, table.rows, offset, strides)[...] = stored(column, values, base)


@lru_cache(maxsize=512)
def _place(columns: Structure, name: str) -> tuple[np.dtype[Any], int, int]:
    """Return type and offset of the column of PCU 0, or of an element, and how far it is from one to the next [byte].

    The columns of a PCU are laid out as those of any other (`_declarations`).
    """
    numbers = [columns.infos[name.format(pcu).upper()].number for pcu in PCUS]
    places = columns.dtype.fields
    assert places is not None  # rows are structured
    (dtype, first), (_, second) = (places[f"f{number}"][:2] for number in numbers[:2])
    return dtype.base, first, second - first or dtype.base.itemsize


@lru_cache(maxsize=8)
def _declarations(background: bool, breakdown: bool) -> tuple[Column, ...]:
    columns: list[Column] = []
    if background:  # the data have it already
        columns += [
            Column(f"VLECntPcu{n}", "I", "count", f"PCU {n} VLE counts of the data", zero=32768) for n in range(5)
        ]
    for n in range(5):
        columns.append(Column(f"VLEDescPcu{n}", "B", meaning=f"PCU {n} VLE discriminator setting"))
        columns.append(Column(f"PCU{n}_ON", "1L", meaning=f"PCU {n} high voltage is on"))
    columns.append(Column("NUM_PCU_ON", "1J", meaning="number of PCUs on", keywords=(("TDISP", "I3"),)))
    columns.append(_seconds("EventDeadTime", "dead time of an event"))
    for n in range(5):
        if breakdown:
            columns.append(Column(f"BreakdownPcu{n}", "1L", meaning=f"PCU {n} is in breakdown"))
        columns += [
            Column(f"BadPcu{n}", "1L", meaning=f"PCU {n} row does not count"),
            _seconds(f"VLEEventDeadTimePcu{n}", f"PCU {n} dead time of a VLE"),
            _seconds(f"VLEDeadTimePcu{n}", f"PCU {n} dead time of all VLEs"),
            _counts(f"VpCntPcu{n}", f"PCU {n} propane counts", () if background else (("TDDES", _tddes(n, "VPR")),)),
            _seconds(f"VpDeadTimePcu{n}", f"PCU {n} dead time of propane"),
            _counts(f"RemainingCntPcu{n}", f"PCU {n} remaining counts", ()),
            _seconds(f"RemainingDeadTimePcu{n}", f"PCU {n} dead time of the remaining counts"),
        ]
    for n in range(5):
        form = "1D" if background else "1J"
        columns.append(Column(f"XeCntPcu{n}", form, "count", f"PCU {n} xenon counts, all layers", keywords=(_COUNT,)))
        columns.append(_seconds(f"XeDeadTimePcu{n}", f"PCU {n} dead time of xenon"))
    for n in range(5):
        channels: tuple[tuple[str, Value], ...] = (
            ("TDDES", _tddes(n, "4096")),
            ("1CTYP", "CHANNEL"),
            ("1CPIX", "0~255"),
        )
        columns += [
            _seconds(f"OnTimePcu{n}", f"PCU {n} length of the row if it counts", channels),
            _seconds(f"CountDeadTimePcu{n}", f"PCU {n} dead time of all events", channels),
            _seconds(f"DeadTimePcu{n}", f"PCU {n} dead time if the row counts", channels),
            _seconds(f"LiveTimePcu{n}", f"PCU {n} on time less dead time", channels),
            Column(f"LiveFracPcu{n}", "1D", "", f"PCU {n} live over on time", keywords=(_EXPONENT,)),
        ]
    vector: tuple[tuple[str, Value], ...] = (("1CTYP", "CHANNEL"), ("1CPIX", "0:4"))
    columns.append(Column("OnTimeVect", "5D", "s", "OnTimePcu0 to 4", keywords=vector))
    columns.append(Column("LiveTimeVect", "5D", "s", "LiveTimePcu0 to 4", keywords=vector))
    return tuple(columns)


def _seconds(name: str, meaning: str, keywords: tuple[tuple[str, Value], ...] = ()) -> Column:
    return Column(name, "1D", "s", meaning, keywords=(_EXPONENT, *keywords))


def _counts(name: str, meaning: str, keywords: tuple[tuple[str, Value], ...]) -> Column:
    return Column(name, "1J", "count", meaning, keywords=(_COUNT, *keywords))


def _tddes(pcu: int, element: str) -> str:
    return f"D[{pcu}] & E[{element}] & C[0~255]"


def _values(pcus: PcuRows) -> dict[str, NDArray[Any]]:
    """Return what stands in the columns of all PCUs, (n_pcu, n_row), by their names without the PCU's number.

    Besides, what stands in columns without one, (1, n_row), and in vectors, (n_pcu, n_row).
    """
    vle_event = pcus.vle_event_dead_time
    values = {
        "NUM_PCU_ON": (pcus.on & ~pcus.on_unknown).sum(axis=0, keepdims=True),
        "EventDeadTime": np.full((1, pcus.bad.shape[1]), EVENT_DEAD_TIME),
        "OnTimeVect": pcus.on_time,
        "LiveTimeVect": pcus.live_time,
        "VLECntPcu{}": pcus.vle_counts,
        "VLEDescPcu{}": pcus.vle_setting,
        "PCU{}_ON": np.where(pcus.on_unknown, _UNDEFINED, np.where(pcus.on, _TRUE, _FALSE)),
        "BadPcu{}": pcus.bad,
        "VLEEventDeadTimePcu{}": vle_event,
        "VLEDeadTimePcu{}": pcus.vle_counts * vle_event,
        "VpCntPcu{}": pcus.propane_counts,
        "VpDeadTimePcu{}": pcus.propane_counts * EVENT_DEAD_TIME,
        "RemainingCntPcu{}": pcus.remaining_counts,
        "RemainingDeadTimePcu{}": pcus.remaining_counts * EVENT_DEAD_TIME,
        "XeCntPcu{}": pcus.xenon_counts,
        "XeDeadTimePcu{}": pcus.xenon_counts * EVENT_DEAD_TIME,
        "OnTimePcu{}": pcus.on_time,
        "CountDeadTimePcu{}": pcus.count_dead_time,
        "DeadTimePcu{}": pcus.dead_time,
        "LiveTimePcu{}": pcus.live_time,
        "LiveFracPcu{}": pcus.live_fraction,
    }
    return values if pcus.breakdown is None else values | {"BreakdownPcu{}": pcus.breakdown}
