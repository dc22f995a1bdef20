"""``maketime``: good time intervals from a filter file."""

from __future__ import annotations

from pathlib import Path

from rossi import maketime as science
from rossi.errors import ConfigError
from rossi.expression import Scene
from rossi.fits.reader import read_bytes, read_fits
from rossi.ftools.parameters import Parameters, Task, extension, write_output


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
    expression = p.expr
    if p.expr.startswith("@"):
        expression = " ".join(Path(p.expr[1:]).read_text().split("\n"))
    scene = Scene(table, file, read_bytes)
    rows = science.good_time(scene, expression, p.prefr, p.postfr, p.time)
    return [write_output(p.outfile, science.gti_file(file, table, rows, expression, p.prefr, p.postfr), p.clobber)]


TASKS = {"maketime": Task(MaketimeParameters, maketime, ("infile", "outfile", "expr"))}
