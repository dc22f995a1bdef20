"""``maketime``: good time intervals from a filter file."""

from __future__ import annotations

from typing import Annotated

from rossi import maketime as science
from rossi.errors import ConfigError
from rossi.expression import Scene
from rossi.fits.dated import dated
from rossi.fits.reader import read_bytes, read_fits
from rossi.ftools import samples
from rossi.ftools.parameters import Made, Parameters, Task, extension, write_output
from rossi.ftools.texts import text_or_file
from rossi.gti import is_ordered


class MaketimeParameters(Parameters):
    """Parameters of ``maketime``."""

    infile: Annotated[str, "filter file or light curve: file, file+1 or file[NAME]"]
    outfile: Annotated[str, "good time intervals to be made"]
    expr: Annotated[str, "condition on the columns, or @file with it"]
    name: Annotated[str, "column of names, in compact tables only"] = "NAME"
    value: Annotated[str, "column of values, in compact tables only"] = "VALUE"
    time: Annotated[str, "column of times"] = "TIME"
    start: Annotated[str, "column of interval starts to be written"] = "START"
    stop: Annotated[str, "column of interval ends to be written"] = "STOP"
    compact: Annotated[bool, "names and values, unlike RXTE's filter files (the original's default is yes)"] = False
    copykw: Annotated[bool, "copy the keywords of the input"] = True
    histkw: Annotated[bool, "write HISTORY"] = True
    prefr: Annotated[
        float,
        "an interval begins so many steps before its first row; -1: PREFR, else 0.5",
    ] = -1.0
    postfr: Annotated[float, "an interval ends so many steps behind its last row; -1: POSTFR, else 0.5"] = -1.0


def maketime(p: MaketimeParameters) -> Made:
    """Write the good time of a filter file."""
    if p.compact:
        raise ConfigError("compact=yes is for NAME/VALUE housekeeping tables; RXTE filter files need compact=no.")
    path, hdu = extension(p.infile)
    file = read_fits(path)
    table, said = dated(file.table(hdu=hdu) if isinstance(hdu, int) else file.table(hdu), p.time)
    expression = text_or_file(p.expr, "the expression")
    rows = science.good_time(Scene(table, file, read_bytes), expression, p.prefr, p.postfr, p.time)
    made = write_output(p.outfile, science.gti_file(file, table, rows, expression, p.prefr, p.postfr), p.clobber)
    joined = "" if is_ordered(rows) else f"{table.where}: {science.OUT_OF_ORDER}."
    return Made([made], [sentence for sentence in (said, joined) if sentence])


TASKS = {
    "maketime": Task(
        MaketimeParameters,
        maketime,
        ("infile", "outfile", "expr", "name", "value", "time", "compact"),
        example=f"{samples.FILTER} good.gti 'ELV > 4 && OFFSET < 0.1 && NUM_PCU_ON > 0' time=Time",
    )
}
