"""Good time of an observation from its filter file, on the native engine."""

from __future__ import annotations

from rossi.errors import NoGoodTime
from rossi.expression import Scene
from rossi.fits.reader import open_fits
from rossi.gti import Gti, from_rows
from rossi.maketime import good_time, gti_file
from services.contract import File


def find_good_time(item: File, expression: str, prefr: float, postfr: float) -> tuple[bytes, Gti]:
    """Return the GTI file and what it means for extraction, TIMEZERO applied.

    Raises
    ------
    NoGoodTime
        If no row of the filter file fulfils the expression.
    """
    file = open_fits(item.data, item.name)
    table = file.table("XTE_MKF") if len(file.tables) > 1 else file.table(hdu=1)
    rows = good_time(Scene(table, file), expression, prefr, postfr, "Time")
    if not len(rows):
        raise NoGoodTime(f"No row of the filter file {item.name} fulfils {expression!r}.")
    return gti_file(file, table, rows, expression, prefr, postfr), from_rows(rows, table.header, table.where)
