"""Good time of an observation, by ``maketime``."""

from __future__ import annotations

from rossi.errors import DataError, NoGoodTime
from rossi.fits.reader import open_fits
from rossi.gti import Gti, from_table
from services.contract import File
from services.engines.heasoft.files import plain
from services.engines.heasoft.task import Call, Caller, Declared

#: Longer expressions go through a file: parameters are cut off somewhere beyond this.
_LONGEST = 120
#: Name of the file in working directories.
GOOD_TIME = "good.gti"


def find_good_time(
    call: Caller, item: File, expression: str, prefr: float, postfr: float, *, time: str = "Time"
) -> tuple[bytes, Gti]:
    """Return the GTI file and what it means for extraction, TIMEZERO applied.

    ``maketime`` leaves a file without rows both when nothing is good and when it could not read the expression, and the
    extractors take such a file for "no filter". So it never gets any further from here.

    Raises
    ------
    NoGoodTime
        If no row of the filter file fulfils the expression.
    DataError
        If the task failed, for instance as the filter file has no column of a name.
    """
    tables = open_fits(item.data, item.name).tables
    names = [table.name for table in tables]
    hdu = "[XTE_MKF]" if "XTE_MKF" in names[1:] else ""
    inputs = {"filter.xfl": plain(item)}
    expr = " ".join(expression.split())
    if len(expr) > _LONGEST:
        inputs["expr.txt"] = "".join(f"{line}\n" for line in _wrapped(expr)).encode()
    done = call(
        Call(
            "maketime",
            (Declared(GOOD_TIME),),
            {
                "infile": "filter.xfl" + hdu,
                "outfile": GOOD_TIME,
                "expr": "@expr.txt" if "expr.txt" in inputs else expr,
                "name": "NAME",
                "value": "VALUE",
                "time": time,
                "compact": False,
                "prefr": prefr,
                "postfr": postfr,
                "clobber": True,
            },
            inputs=inputs,
        )
    )
    data = done.files[GOOD_TIME]
    table = open_fits(data, GOOD_TIME).table()
    if not len(table) and (done.status or "error" in done.logs.said.lower()):
        message = f"maketime could not apply {expression!r} to {item.name} and left no good time. {done.logs.end()}"
        raise done.logs.added_to(DataError(message))
    if not len(table):
        raise NoGoodTime(f"No row of the filter file {item.name} fulfils {expression!r}.")
    return data, from_table(table)


def _wrapped(expression: str) -> list[str]:
    """Break an expression at blanks; lines of a file are joined again by the task."""
    lines = [""]
    for word in expression.split():
        if len(lines[-1]) + len(word) > _LONGEST - 1:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
