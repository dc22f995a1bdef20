"""Files of fast data moved to another time."""

from collections.abc import Mapping

from rossi.fits.edit import file_bytes, with_values
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table


def moved(file: FitsFile, by: float, cards: Mapping[str, object] | None = None) -> bytes:
    """Return a file all of whose times are later by some seconds."""
    tables = []
    for table in file.tables:
        columns = [name for name in ("Time", "Start", "Stop", "START", "STOP") if name in table]
        made: Table = with_values(table, {name: table.numbers(name) + by for name in dict.fromkeys(columns)})
        for key in ("TSTART", "TSTOP"):
            made.header.set(key, float(table.header[key]) + by)
        for key, value in (cards or {}).items():
            made.header.set(key, value)
        tables.append(made)
    return file_bytes(FitsFile(file.name, file.primary, tuple(tables)))
