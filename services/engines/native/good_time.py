"""Good time of an observation from its filter file, on the native engine."""

from __future__ import annotations

from rossi.errors import NoGoodTime
from rossi.expression import Scene
from rossi.fits.edit import dated
from rossi.fits.reader import open_fits
from rossi.gti import Gti, from_rows, is_ordered
from rossi.maketime import OUT_OF_ORDER, good_time, gti_file
from services.contract import Caveat, File


def find_good_time(item: File, expression: str, prefr: float, postfr: float) -> tuple[bytes, Gti, tuple[Caveat, ...]]:
    """Return the GTI file, what it means for extraction (TIMEZERO applied), and what there is to say of it.

    Raises
    ------
    NoGoodTime
        If no row of the filter file fulfils the expression.
    """
    file = open_fits(item.data, item.name)
    table, said = dated(file.table("XTE_MKF") if len(file.tables) > 1 else file.table(hdu=1))
    rows = good_time(Scene(table, file), expression, prefr, postfr, "Time")
    if not len(rows):
        raise NoGoodTime(f"No row of the filter file {item.name} fulfils {expression!r}.")
    told = [Caveat(code="undated_rows", message=said)] if said else []
    if not is_ordered(rows):
        told.append(Caveat(code="good_time_joined", message=f"{item.name}: {OUT_OF_ORDER}."))
    data = gti_file(file, table, rows, expression, prefr, postfr)
    return data, from_rows(rows, table.header, table.where), tuple(told)
