"""How long a cluster dwells at each position: from housekeeping, and from the data themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from rossi.errors import DataError
from rossi.fits.table import Table
from rossi.gti import Gti, make
from rossi.hexte.housekeeping import DWELLS, commanded_dwell
from rossi.remarks import Remark

#: Times closer than this are the same [s].
_TOUCH = 1e-3


def overlapping(tables: Sequence[Table], start: float, stop: float) -> Table | None:
    """Return the housekeeping that covers most of a time (spacecraft clock), None where none covers any of it.

    Parameters
    ----------
    tables : sequence of Table
    start, stop : float [s]
    """
    shared = [_shared(table, start, stop) for table in tables]
    most = max(shared, default=0.0)
    return tables[shared.index(most)] if most > 0 else None


def span_of(tables: Iterable[Table]) -> tuple[float, float]:
    """Return the time (spacecraft clock) from the first TSTART of tables to their last TSTOP [s].

    Parameters
    ----------
    tables : iterable of Table
        One at least.
    """
    starts, stops = zip(
        *((table.header.number(key, table.where) for key in ("TSTART", "TSTOP")) for table in tables), strict=True
    )
    return min(starts), max(stops)


def _shared(table: Table, start: float, stop: float) -> float:
    first, last = span_of([table])
    return min(last, stop) - max(first, start)


def shown_dwell(source: Gti, beside: Gti) -> float | None:
    """Return the dwell that times on and off source show [s]: the commonest time between two changes of position.

    Parameters
    ----------
    source : ndarray (n, 2) [s]
        Frames or dwells on source.
    beside : ndarray (m, 2) [s]
        The same beside it.

    Returns
    -------
    float or None
        0 where none is beside the source (staring); None where there are too few changes to tell.
    """
    if not len(beside):
        return 0.0
    runs = [(*run, kind) for kind, time in enumerate((source, beside)) for run in make(time).tolist()]
    start, stop, kind = np.array(sorted(runs)).T
    moved = (np.abs(start[1:] - stop[:-1]) < _TOUCH) & (kind[1:] != kind[:-1])
    whole = (stop - start)[1:-1][moved[:-1] & moved[1:]]
    if not len(whole):
        return None
    lengths, counts = np.unique(np.rint(whole), return_counts=True)
    found = float(lengths[np.argmax(counts)])
    return found if found in DWELLS else None


def find_dwell(housekeeping: Table | None, source: Gti, beside: Gti) -> tuple[float, list[Remark]]:
    """Return the dwell of an observation [s], 0 for a cluster that stays where it is.

    Parameters
    ----------
    housekeeping : Table or None
        16-s housekeeping; asked first.
    source : ndarray (n, 2) [s]
    beside : ndarray (m, 2) [s]
        Times on and off source of the science data, where housekeeping does not tell.

    Raises
    ------
    DataError
        If neither tells.
    """
    if not len(beside) or not len(source):
        return 0.0, []
    remarks = []
    if housekeeping is not None:
        try:
            commanded = commanded_dwell(housekeeping)
        except DataError as error:
            remarks.append(Remark("unknown_dwell", f"{error} The data themselves are used."))
        else:
            if commanded:
                return float(commanded), []
    shown = shown_dwell(source, beside)
    if shown is None:
        raise DataError(
            "The dwell can't be found: housekeeping does not tell, and the science data hold too few changes of "
            "position; set dwell in [hexte_dead]."
        )
    return shown, remarks
