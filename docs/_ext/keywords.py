"""The keywords of products, read out of products: an observation is simulated and reduced, and its files tell."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import tempfile
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import rossi
from flows.cli.simulate import make
from rossi.fits.header import Header
from rossi.fits.reader import read_fits

#: What FITS itself needs, and what is in the tables of columns.
_STRUCTURAL = re.compile(
    r"(TTYPE|TFORM|TUNIT|TNULL|TZERO|TDIM|TDISP|TDDES|TSCAL|TLMIN|TLMAX|NAXIS)\d*|\d*CPIX\d+|XTENSION|BITPIX|PCOUNT|GCOUNT"
    r"|TFIELDS|COMMENT|HISTORY|CONTINUE|"
)
#: Keywords that are numbered.
_NUMBERED = re.compile(r"(ROWID|FILEN|PCU_WT|HDUCLAS|CCLS|CCNM|CDTP|CVSD|CVST|XFLT)\d+")
_KINDS = {".lc": "light curve", ".pha": "spectrum", ".rmf": "response", ".arf": "area", ".gti": "good time"}
#: Each file has others.
_NO_EXAMPLE = {"CHECKSUM", "DATASUM", "DATE"}
#: Meanings of what has no comment in the files, or one about a single case; standard ones as OGIP's memos have them.
_MEANINGS = {
    "ANCRFILE": "effective area of the spectrum; in XSPEC its arf",
    "AREASCAL": "what areas are multiplied with",
    "ARFVERSN": "version of the format of effective areas",
    "BACKAPP": "whether the background is subtracted",
    "BACKFILE": "spectrum of the background",
    "BACKSCAL": "what the background's counts are compared by, beside exposures",
    "CCLSn": "CALDB: class of the file",
    "CCNMn": "CALDB: what it holds",
    "CDTPn": "CALDB: data, as opposed to a task's parameters",
    "CHECKSUM": "sum over the HDU; `rossi verify` checks it",
    "CHANTYPE": "PHA: channels as the detector's electronics number them",
    "CORRFILE": "correction spectrum",
    "CORRSCAL": "what it is multiplied with",
    "CPIX": "channels of the data's elements",
    "CREATOR": "program and version that made the file",
    "CVSDn": "CALDB: first day on which it holds (UTC)",
    "CVSTn": "CALDB: time of that day",
    "DATASUM": "sum over the data of the HDU",
    "DATE": "when the file was made (UTC)",
    "DEADAPP": "whether dead time is corrected for",
    "DEC_OBJ": "declination of the source [deg]",
    "DETCHANS": "number of channels",
    "DETNAM": "PCUs (PCU0), or cluster of HEXTE, with its detectors (PWB013) where not all count",
    "DROLLANG": "roll angle; not set",
    "E2CDESC": "what the energy-to-channel table says of itself",
    "EQUINOX": "of the positions",
    "EXPOSURE": "live time [s]; of the PCA added up over its PCUs, PCU s",
    "EXTNAME": "name of the table",
    "FILTER": "there is none",
    "GAINAPP": "whether the gain is corrected; channels are those of the detector",
    "GROUPING": "0: channels are not grouped, unless there is a column of this name",
    "HDUCLASS": "OGIP: the HDU follows its conventions",
    "HDUCLASn": "what the HDU is, ever finer: LIGHTCURVE, NET, RATE",
    "HDUVERS2": "version of the format of matrices",
    "INSTRUME": "PCA or HEXTE",
    "LO_THRES": "smaller elements of the matrix are not stored",
    "NUMELT": "elements that are stored",
    "NUMGRP": "groups of channels that are stored",
    "OBJECT": "source, as the observer spelled it",
    "OBS_ID": "observation",
    "ONTIME": "length of good time [s]",
    "ORIGIN": "who made the file",
    "PCU_WTn": "share of PCU n in the exposure",
    "POISSERR": "whether errors are Poisson's; else they are in STAT_ERR",
    "QUALITY": "0: channels are good, unless there is a column of this name",
    "RADECSYS": "of the positions",
    "RA_OBJ": "right ascension of the source [deg]",
    "RESPFILE": "redistribution matrix of the spectrum; in XSPEC its rmf or rsp",
    "RMFVERSN": "version of the format of matrices",
    "ROWIDn": "columns of the data that were added up",
    "SYS_ERR": "0: no systematic error, unless there is a column of this name",
    "TASSIGN": "where times were assigned",
    "TELESCOP": "RXTE, as its files spell it",
    "TIMEREF": "LOCAL: at the spacecraft; SOLARSYSTEM: at the barycentre",
    "TIMESYS": "TT; TDB at the barycentre",
    "TIMEDEL": "length of bins, or of rows [s]",
    "TIMEPIXR": "0: times are those of the start of bins",
    "TIMEUNIT": "unit of times",
    "TIMEZERO": "clock correction, to be added to times; 0 where that is done [s]",
    "TSTART": "start; with TIMEZERO, MET [s]",
    "TSTOP": "end; with TIMEZERO, MET [s]",
    "VIGNAPP": "whether the collimator is corrected for",
    "XFLTn": "for XSPEC's filters; not set",
}


@cache
def product_keywords() -> tuple[tuple[str, str, str, str], ...]:
    """Return keyword, the kinds of products that have it, an example, and what it means.

    Raises
    ------
    LookupError
        If no file tells what a keyword means, and neither does this module.
    """
    found: dict[str, tuple[set[str], object, str]] = {}
    for kind, header in _headers():
        for keyword in header:
            if _STRUCTURAL.fullmatch(keyword):
                continue
            name = f"{match[1]}n" if (match := _NUMBERED.fullmatch(keyword)) else keyword
            kinds, _, _ = found.setdefault(name, (set(), header[keyword], header.comment(keyword)))
            kinds.add(kind)
    rows = []
    for name, (kinds, example, comment) in sorted(found.items()):
        if not (meaning := _MEANINGS.get(name, comment)):
            raise LookupError(f"{name}: say in docs/_ext/keywords.py what it means, or in a comment of the card.")
        where = "all" if len(kinds) == len(_KINDS) else ", ".join(kind for kind in _KINDS.values() if kind in kinds)
        rows.append((name, where, "" if name in _NO_EXAMPLE else f"`{_short(example)}`", meaning))
    return tuple(rows)


def _headers() -> Iterator[tuple[str, Header]]:
    """Yield the headers of all tables of an observation's products."""
    logging.getLogger("services").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        archive, out = Path(folder) / "archive", Path(folder) / "products"
        with contextlib.redirect_stdout(io.StringIO()):
            make(archive, 1)
        calibration = tomllib.loads((archive / "rossi.toml").read_text())["calibration"]
        (place,) = archive.glob("AO*/P*/*-*-*")
        for path in sorted(rossi.reduce(place, calibration=calibration).write(out)):
            if kind := _KINDS.get(path.suffix):
                for table in read_fits(path).tables:
                    yield kind, table.header


def _short(value: object) -> str:
    text = {True: "T", False: "F"}[value] if isinstance(value, bool) else str(value)
    return text if len(text) <= 24 else f"{text[:21]}..."
