"""Comparing a product with a golden file: every column and every keyword that means something."""

import numpy as np

from rossi.fits.reader import FitsFile
from rossi.fits.table import Table

KEYWORDS = """
TELESCOP INSTRUME OBJECT HDUCLASS HDUCLAS1 HDUCLAS2 HDUCLAS3 TIMESYS TIMEUNIT TIMEREF MJDREFI MJDREFF TSTART
TSTOP TSTARTI TSTARTF TSTOPI TSTOPF TIMEZERO TIMEZERI TIMEZERF TIMEDEL TIMEPIXR DATE-OBS TIME-OBS DATE-END
TIME-END EXPOSURE ONTIME DEADAPP BACKAPP VIGNAPP CLOCKAPP GAINAPP DETCHANS CHANTYPE CPIX CPIX1 MINCHAN MAXCHAN
ROWID1 ROWID2 ROWID30 FILEN1 POISSERR SYS_ERR GROUPING QUALITY AREASCAL BACKSCAL CORRSCAL BACKFILE RESPFILE
ANCRFILE TLMIN1 TLMAX1 DATAMODE APPID TDDES EXTNAME PREFR POSTFR RA DEC RA_OBJ DEC_OBJ EQUINOX RADECSYS
TASSIGN TIERRELA TIERABSO PCU_WT0 PCU_WT1 PCU_WT2 PCU_WT3 PCU_WT4 CORRFILE PHAVERSN
""".split()


def differences(expected: FitsFile, made: FitsFile) -> list[str]:
    """List what differs between two files; numbers must be equal to the last bit."""
    if len(expected.tables) != len(made.tables):
        return [f"{len(expected.tables)} tables expected, {len(made.tables)} made"]
    return [line for pair in zip(expected.tables, made.tables, strict=True) for line in _table(*pair)]


def _table(expected: Table, made: Table) -> list[str]:
    found = []
    if list(expected.infos) != list(made.infos):
        found.append(f"{expected.name}: columns {list(expected.infos)} expected, {list(made.infos)} made")
    for name, info in expected.infos.items():
        if name not in made.infos:
            continue
        a, b = expected.column(name), made.column(name)
        if made.info(name).unit != info.unit:
            found.append(f"{expected.name}: unit of {name} {info.unit!r} expected, {made.info(name).unit!r} made")
        if a.shape != b.shape or a.dtype != b.dtype:
            found.append(f"{expected.name}: {name} {a.dtype}{a.shape} expected, {b.dtype}{b.shape} made")
        elif not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            found.append(f"{expected.name}: {name} differs by up to {np.nanmax(np.abs(a - b))}")
        elif not np.array_equal(expected.null(name), made.null(name)):
            found.append(f"{expected.name}: {name} has other NULLs")
    a, b = expected.header, made.header
    changed = [key for key in KEYWORDS if key in a and a.get(key) != b.get(key)]
    return found + [f"{expected.name}: {key} {a.get(key)!r} expected, {b.get(key)!r} made" for key in changed]
