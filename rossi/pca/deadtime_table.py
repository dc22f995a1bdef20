"""The dead-time columns as they stand in a ``*_dt`` or ``*_dtbkg`` file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.fits.cards import Value
from rossi.fits.edit import append_columns
from rossi.fits.table import Table
from rossi.fits.writer import Column
from rossi.pca.deadtime import EVENT_DEAD_TIME, PcuRows
from rossi.pca.standard2 import spectra_in

_TRUE, _FALSE, _UNDEFINED = ord("T"), ord("F"), 0
_EXPONENT, _COUNT = ("TDISP", "E10.3"), ("TDISP", "I5")


def deadtime_table(table: Table, rows: Mapping[int, PcuRows], *, background: bool, zero: bool) -> Table:
    """Return Standard2 data (or model background) with the dead-time columns appended.

    Parameters
    ----------
    table : Table
    rows : mapping of int to PcuRows
        By PCU.
    background : bool
        The table is model background, which gets the VLE counts of the data too.
    zero : bool
        Set the spectra of bad rows to 0.
    """
    declared = _declarations(background, next(iter(rows.values())).breakdown is not None)
    values = _values(rows)
    result = append_columns(table, [(column, values[column.name]) for column in declared])
    if zero:
        for pcu, of_pcu in rows.items():
            for name in spectra_in(table, pcu):
                result.raw(name)[of_pcu.bad] = -int(result.info(name).zero)
    return result


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


def _values(rows: Mapping[int, PcuRows]) -> dict[str, NDArray[Any]]:
    pcus = sorted(rows)
    n_row = len(rows[pcus[0]].bad)
    values: dict[str, NDArray[Any]] = {
        "NUM_PCU_ON": np.sum([rows[n].on & ~rows[n].on_unknown for n in pcus], axis=0),
        "EventDeadTime": np.full(n_row, EVENT_DEAD_TIME),
        "OnTimeVect": np.column_stack([rows[n].on_time for n in pcus]),
        "LiveTimeVect": np.column_stack([rows[n].live_time for n in pcus]),
    }
    for n in pcus:
        pcu = rows[n]
        vle_event = pcu.vle_event_dead_time
        values |= {
            f"VLECntPcu{n}": pcu.vle_counts,
            f"VLEDescPcu{n}": pcu.vle_setting,
            f"PCU{n}_ON": np.where(pcu.on_unknown, _UNDEFINED, np.where(pcu.on, _TRUE, _FALSE)),
            f"BreakdownPcu{n}": np.zeros(n_row, bool) if pcu.breakdown is None else pcu.breakdown,
            f"BadPcu{n}": pcu.bad,
            f"VLEEventDeadTimePcu{n}": vle_event,
            f"VLEDeadTimePcu{n}": pcu.vle_counts * vle_event,
            f"VpCntPcu{n}": pcu.propane_counts,
            f"VpDeadTimePcu{n}": pcu.propane_counts * EVENT_DEAD_TIME,
            f"RemainingCntPcu{n}": pcu.remaining_counts,
            f"RemainingDeadTimePcu{n}": pcu.remaining_counts * EVENT_DEAD_TIME,
            f"XeCntPcu{n}": pcu.xenon_counts,
            f"XeDeadTimePcu{n}": pcu.xenon_counts * EVENT_DEAD_TIME,
            f"OnTimePcu{n}": pcu.on_time,
            f"CountDeadTimePcu{n}": pcu.count_dead_time,
            f"DeadTimePcu{n}": pcu.dead_time,
            f"LiveTimePcu{n}": pcu.live_time,
            f"LiveFracPcu{n}": pcu.live_fraction,
        }
    return values
