"""Dead time and bad rows of Standard2 data (the FTOOLS task ``pcadeadcalc2``).

Every event keeps its PCU busy for 10 us, a very large event (VLE) for longer. A row counts for a PCU only if the PCU
was on, not next to a switching of its high voltage, not in breakdown, and had its propane layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi import gti
from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.extract.sums import add_rows
from rossi.fits.table import Table, by_row
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.standard2 import PCUS, propane_columns, remaining_columns, spectra_in, spectrum_columns

Flags = NDArray[np.bool_]

#: Time for which any event but a VLE blocks a PCU [s]. A change scales all live time corrections.
EVENT_DEAD_TIME = 10e-6
#: Time for which a VLE blocks a PCU, by the setting dsVle [s].
VLE_DEAD_TIME = (12e-6, 60e-6, 150e-6, 500e-6)
#: Raw clock at which a PCU counts as having lost its propane layer: PCU 0 from 2000-05-17 (the loss was on 2000-05-13;
#: the original task uses this later time, and so do we), PCU 1 from 2006-12-25. [s]
PROPANE_LOSS = {0: 201139200.0, 1: 409622400.0}
#: Propane counts a row, and remaining counts per VLE count, that are assumed for the background model.
BACKGROUND_PROPANE = 750
BACKGROUND_REMAINING_PER_VLE = 7.91


@dataclass(frozen=True, slots=True)
class BadRowRules:
    """Which rows are bad besides those whose PCU is off.

    Parameters
    ----------
    transition : bool
        Rows next to one with another on-state; also the first and last row of a file.
    propane : bool
        Rows of PCU 0 and 1 after they lost their propane layer.
    zero : bool
        Whether the spectra of bad rows are set to 0.
    """

    transition: bool = True
    propane: bool = True
    zero: bool = True


@dataclass(frozen=True)
class PcuRows:
    """What the rows of a Standard2 file mean for each PCU, or for one of them.

    Parameters
    ----------
    on, on_unknown, bad : ndarray (n_pcu, n_row) or (n_row,) of bool
    breakdown : ndarray (n_pcu, n_row) or (n_row,) of bool, or None
        None without breakdown history.
    vle_setting, vle_counts, propane_counts, remaining_counts : ndarray (n_pcu, n_row) or (n_row,) of int
    xenon_counts : ndarray (n_pcu, n_row) or (n_row,) [count]
        All xenon layers and channels, bad rows 0 if spectra are set to zero; whole numbers, but for background.
    row_length : float [s]
    """

    on: Flags
    on_unknown: Flags
    breakdown: Flags | None
    bad: Flags
    vle_setting: NDArray[np.int64]
    vle_counts: NDArray[np.int64]
    propane_counts: NDArray[np.int64]
    remaining_counts: NDArray[np.int64]
    xenon_counts: NDArray[Any]
    row_length: float

    def __getitem__(self, pcu: int) -> PcuRows:
        """Return those of one PCU."""
        known = {one.name: getattr(self, one.name) for one in fields(self)}
        return PcuRows(**{name: part[pcu] if isinstance(part, np.ndarray) else part for name, part in known.items()})

    @cached_property
    def vle_event_dead_time(self) -> Floats:
        """Dead time of one VLE [s]."""
        return np.asarray(VLE_DEAD_TIME)[
            np.where((self.vle_setting >= 0) & (self.vle_setting <= 2), self.vle_setting, 3)
        ]

    @cached_property
    def on_time(self) -> Floats:
        """Length of the row, 0 for bad ones [s]."""
        return np.where(self.bad, 0.0, self.row_length)

    @cached_property
    def count_dead_time(self) -> Floats:
        """Dead time of all events [s]: xenon, VLE, propane and the rest."""
        xenon = self.xenon_counts * EVENT_DEAD_TIME
        propane, remaining = self.propane_counts * EVENT_DEAD_TIME, self.remaining_counts * EVENT_DEAD_TIME
        return np.asarray(xenon + self.vle_counts * self.vle_event_dead_time + propane + remaining)

    @cached_property
    def dead_time(self) -> Floats:
        """Dead time of the rows that are not bad [s]."""
        return np.where(self.on_time > 0, self.count_dead_time, 0.0)

    @cached_property
    def live_time(self) -> Floats:
        """Time in which the PCU could see an event [s]."""
        return self.on_time - self.dead_time

    @cached_property
    def live_fraction(self) -> Floats:
        """Live time over on time, 0 for bad rows."""
        on = self.on_time
        return np.divide(self.live_time, on, out=np.zeros(on.shape), where=on > 0)


def pcu_rows(
    table: Table, housekeeping: Sequence[Housekeeping], breakdowns: Mapping[int, gti.Gti] | None, rules: BadRowRules
) -> PcuRows:
    """Work out bad rows and dead time of Standard2 data.

    Parameters
    ----------
    table : Table
        XTE_SA of a Standard2 file.
    housekeeping : sequence of Housekeeping
        A PCU without housekeeping counts as off.
    breakdowns : mapping of int to ndarray (m, 2) [s], or None
        By PCU: time without breakdown, in the raw clock of the data; ends belong to it. None: no breakdown is known.
    rules : BadRowRules

    Returns
    -------
    PcuRows
        Of each PCU.
    """
    time = table.numbers("Time")
    length = table.header.number("TIMEDEL", table.where)
    on, unknown = np.zeros((2, len(PCUS), len(time)), bool)
    setting = np.zeros((len(PCUS), len(time)), np.int64)
    for state in housekeeping:
        on[state.pcu], unknown[state.pcu] = state.hold_on(time)
        setting[state.pcu] = state.hold_vle_setting(time)
    broken = None
    if breakdowns is not None:
        broken = np.array([~gti.contains(breakdowns[pcu], time, closed=True) for pcu in PCUS])
    bad = _bad_rows(time, on, unknown, broken, rules)
    vle = np.array([table.integers(f"VLECntPcu{pcu}") for pcu in PCUS])
    propane, remaining, xenon = (
        np.array([row_totals(table, columns(pcu)) for pcu in PCUS])
        for columns in (propane_columns, remaining_columns, spectrum_columns)
    )
    xenon = np.where(bad, 0, xenon) if rules.zero else xenon
    return PcuRows(on, unknown, broken, bad, setting, vle, propane, remaining, xenon, length)


def background_rows(table: Table, data: PcuRows, rules: BadRowRules) -> PcuRows:
    """Work out the dead time of model background that belongs to Standard2 data, row by row.

    Flags, VLE counts and settings are those of the data; propane and remaining counts are those that a background of
    this VLE rate would have.

    Parameters
    ----------
    table : Table
        XTE_SA of the background.
    data : PcuRows
        Of the data.
    rules : BadRowRules

    Raises
    ------
    DataError
        If the background has more rows than the data.
    """
    n = data.bad.shape[-1]
    if len(table) != n:
        raise DataError(
            f"{table.where}: {len(table)} background rows belong to {n} rows of data; make it again with rows as "
            "long as the data's (interval, bkginterval: 16 for Standard2)."
        )
    remaining = np.trunc(BACKGROUND_REMAINING_PER_VLE * data.vle_counts).astype(np.int64)
    xenon = np.array([_in_order(table, spectra_in(table, pcu)) for pcu in PCUS])
    return replace(
        data,
        propane_counts=np.where(data.bad, 0, BACKGROUND_PROPANE),
        remaining_counts=np.where(data.bad, 0, remaining),
        xenon_counts=np.where(data.bad, 0.0, xenon) if rules.zero else xenon,
    )


def _in_order(table: Table, columns: tuple[str, ...]) -> Floats:
    """Return the sum over columns of each row, added element by element."""
    side = table.adjacent(columns)
    if side is None:
        elements = np.concatenate([by_row(table.column(name)) for name in columns], axis=1)
    else:
        elements = side[0].astype(side[0].dtype.newbyteorder("="))
    return add_rows(np.zeros(len(table)), elements.T.astype(np.float64, order="C"))


def _bad_rows(time: Floats, on: Flags, unknown: Flags, broken: Flags | None, rules: BadRowRules) -> Flags:
    """OR of the reasons (n_pcu, n_row) with unknown states: TRUE wins, and what stays unknown is bad."""
    bad, doubt = ~on & ~unknown, unknown.copy()
    if rules.transition:
        switched = (on[:, 1:] != on[:, :-1]) & ~unknown[:, 1:] & ~unknown[:, :-1]
        bad[:, 1:] |= switched
        bad[:, :-1] |= switched
        doubt[:, 1:] |= unknown[:, :-1]
        doubt[:, :-1] |= unknown[:, 1:]
        doubt[:, :1] = doubt[:, -1:] = True  # nobody knows what was before the first row and after the last
    if broken is not None:
        bad |= broken
    for pcu, loss in PROPANE_LOSS.items() if rules.propane else ():
        bad[pcu] |= time >= loss
    return np.asarray(bad | doubt)


def row_totals(table: Table, columns: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the sum over integer columns and their elements in each row.

    Parameters
    ----------
    table : Table
    columns : tuple of str

    Returns
    -------
    ndarray (n_row,) of int
    """
    block = table.adjacent(columns)
    if block is None or block[0].dtype.kind == "f":
        parts = [
            table.integers(name, None).reshape(len(table), table.info(name).repeat).sum(axis=1) for name in columns
        ]
        return np.asarray(np.sum(parts, axis=0))
    stored, zero = block
    native = stored.astype(stored.dtype.newbyteorder("="))  # sums over swapped bytes are several times slower
    fits = native.itemsize == 2 and native.shape[1] < 2**15  # then the sum of 16-bit numbers fits 32 bits
    return np.asarray(native.sum(axis=1, dtype=np.int32 if fits else np.int64) + np.int64(zero * stored.shape[1]))
