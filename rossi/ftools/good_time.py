"""``maketime``: good time intervals from a filter file."""

from __future__ import annotations

from rossi import maketime as science
from rossi.errors import ConfigError
from rossi.fits.reader import read_fits
from rossi.ftools.parameters import Parameters, Task, extension, write_output
from rossi.ftools.texts import text_or_file


class MaketimeParameters(Parameters):
    """Parameters of ``maketime``."""

    infile: str
    outfile: str
    expr: str
    name: str = "NAME"
    value: str = "VALUE"
    time: str = "TIME"
    start: str = "START"
    stop: str = "STOP"
    compact: bool = False
    copykw: bool = True
    histkw: bool = True
    prefr: float = -1.0
    postfr: float = -1.0


def maketime(p: MaketimeParameters) -> list[str]:
    """Write the good time of a filter file."""
    if p.compact:
        raise ConfigError("compact=yes is for NAME/VALUE housekeeping tables; RXTE filter files need compact=no.")
    path, hdu = extension(p.infile)
    file = read_fits(path)
    table = file.table(hdu=hdu) if isinstance(hdu, int) else file.table(hdu)
    expression = text_or_file(p.expr, "the expression")
    rows = science.good_time(table, expression, p.prefr, p.postfr, p.time)
    return [write_output(p.outfile, science.gti_file(file, table, rows, expression, p.prefr, p.postfr), p.clobber)]


TASKS = {"maketime": Task(MaketimeParameters, maketime, ("infile", "outfile", "expr"))}
