"""Good time from a filter file and an expression (the FTOOLS task ``maketime``)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rossi.errors import DataError, NoGoodTime
from rossi.expression import Scene, compile_expression
from rossi.fits.dated import dated
from rossi.fits.declarations import STDGTI_SECONDS
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.fits.writer import fits_bytes, primary_hdu, table_hdu
from rossi.gti import Gti, from_rows, is_ordered, make, pairs_of
from rossi.remarks import Remark, undated

#: Said of a filter file that gives intervals which overlap.
OUT_OF_ORDER = "rows overlap or are out of time order; the good time intervals are sorted and joined"
#: Keywords of the filter file that describe its own table and so are not copied to the GTI.
_OWN_PREFIXES = (
    *("NAXIS", "TTYPE", "TFORM", "TUNIT", "TNULL", "TSCAL", "TZERO", "TDIM", "TDISP", "TBCOL", "TLMIN", "TLMAX"),
    *("CTYPE", "CRPIX", "CRVAL", "CDELT", "CUNIT"),
)
_OWN = (
    *("SIMPLE", "XTENSION", "BITPIX", "PCOUNT", "GCOUNT", "TFIELDS", "THEAP", "EXTNAME", "CHECKSUM", "DATASUM"),
    *("EXTEND", "HDUCLASS", "HDUCLAS1", "HDUCLAS2", "PREFR", "POSTFR"),
)


def intervals(time: ArrayLike, good: ArrayLike, prefr: float, postfr: float) -> NDArray[np.float64]:
    """Return the time during which rows are good.

    An interval begins `prefr` of the step before its first good row and ends `postfr` of the step behind its last
    one; at the ends of the table, and where time runs backward, it is not extended. Gaps are not noticed.

    Parameters
    ----------
    time : array_like (n,) [s]
        In file order.
    good : array_like (n,) of bool
    prefr, postfr : float
        0 to 1.

    Returns
    -------
    ndarray (m, 2) [s]
        In file order, neither sorted nor joined; rows of no length are left out.
    """
    t, g = np.asarray(time, np.float64), np.asarray(good, bool)
    if not len(t):
        return np.empty((0, 2))
    step = t[1:] - t[:-1]
    begins = np.concatenate(([True], ~(g[1:] & g[:-1]) | (step < 0), [True]))  # anew at each row, and behind the last
    (first,), (last,) = (g & begins[:-1]).nonzero(), (g & begins[1:]).nonzero()
    steps = np.concatenate(([0.0], np.maximum(step, 0.0), [0.0]))  # ahead of each row; behind it, one further
    pairs = pairs_of(t[first] - prefr * steps[first], t[last] + postfr * steps[last + 1])
    return np.asarray(pairs[pairs[:, 0] != pairs[:, 1]])


def fraction(header: Header, keyword: str, given: float | None) -> float:
    """Return PREFR or POSTFR: as given, else (or if negative) from the header, else 0.5.

    Parameters
    ----------
    header : Header
    keyword : str
    given : float or None

    Raises
    ------
    DataError
        If the keyword is no finite number.
    """
    if given is not None and given >= 0:
        return given
    return header.finite(keyword, "the filter file", 0.5)


def good_time(
    scene: Table | Scene, expression: str, prefr: float | None = None, postfr: float | None = None, time: str = "TIME"
) -> NDArray[np.float64]:
    """Return the time during which a filter file fulfils an expression.

    Parameters
    ----------
    scene : Table or Scene
        The filter file's table, and what GTIFILTER and REGFILTER may look into beside it.
    expression : str
        See `rossi.expression`.
    prefr, postfr : float, optional
        See `intervals`; by default the keywords of the same name, or 0.5.
    time : str
        The column of times.

    Returns
    -------
    ndarray (m, 2) [s]
        Raw clock of the filter file: its TIMEZERO is not added.

    Raises
    ------
    DataError
        If a time is undefined, or the expression uses a name that the file does not have.
    ConfigError
        If the expression can't be read.
    """
    scene = scene if isinstance(scene, Scene) else Scene(scene)
    table = scene.table
    (undefined,) = table.null(time).nonzero()
    if len(undefined):
        raise DataError(f"{table.where}: {time} is undefined in row {undefined[0] + 1}; every row needs a time.")
    good = compile_expression(expression).select(scene)
    header = table.header
    return intervals(table.numbers(time), good, fraction(header, "PREFR", prefr), fraction(header, "POSTFR", postfr))


def gti_file(
    filter_file: FitsFile, table: Table, rows: ArrayLike, expression: str, prefr: float | None, postfr: float | None
) -> bytes:
    """Return a GTI file: one STDGTI table with the filter file's keywords.

    TSTART, TSTOP and TIMEZERO of the filter file come along; readers apply them (see `rossi.gti.from_table`).
    Intervals of a filter file whose rows overlap or are out of order are sorted and joined.

    Parameters
    ----------
    filter_file : FitsFile
        Named in HISTORY.
    table : Table
        Its table, whose keywords are kept.
    rows : array_like (n, 2) [s]
        Good time on the raw clock, as of `good_time`.
    expression : str
        For HISTORY.
    prefr, postfr : float or None
        See `fraction`.
    """
    ordered = is_ordered(rows)
    pairs = np.asarray(rows, np.float64).reshape(-1, 2) if ordered else make(rows)
    kept = table.header.without(_OWN, _OWN_PREFIXES)
    header = kept.copy()
    header.append("HDUCLASS", "OGIP", "format conforms to OGIP conventions")
    header.append("HDUCLAS1", "GTI", "good time intervals")
    header.append("HDUCLAS2", "STANDARD", "good time intervals")
    header.append("PREFR", fraction(table.header, "PREFR", prefr), "part of the step before a good row that is good")
    header.append("POSTFR", fraction(table.header, "POSTFR", postfr), "part of the step behind a good row that is good")
    header.append("HISTORY", f"good time of {filter_file.name}")
    header.append("HISTORY", f"Expression: {expression}")
    if not ordered:
        header.append("HISTORY", OUT_OF_ORDER)
    columns = list(zip(STDGTI_SECONDS, pairs.T, strict=True))
    return fits_bytes(primary_hdu(kept), [table_hdu("STDGTI", columns, header)])


@dataclass(frozen=True, slots=True)
class GoodTime:
    """The good time of an observation.

    Parameters
    ----------
    file : bytes
        The GTI file.
    gti : ndarray (n, 2) [s]
        What it means for extraction: TIMEZERO applied.
    remarks : tuple of Remark
    """

    file: bytes
    gti: Gti
    remarks: tuple[Remark, ...] = ()


def find_good_time(filter_file: FitsFile, expression: str, prefr: float, postfr: float) -> GoodTime:
    """Return the good time of an observation.

    Parameters
    ----------
    filter_file : FitsFile
    expression : str
        See `rossi.expression`.
    prefr, postfr : float
        See `intervals`.

    Raises
    ------
    NoGoodTime
        If no row of the filter file fulfils the expression.
    DataError, ConfigError
        As `good_time` does.
    """
    table, said = dated(filter_file.table("XTE_MKF") if len(filter_file.tables) > 1 else filter_file.table(hdu=1))
    rows = good_time(Scene(table, filter_file), expression, prefr, postfr, "Time")
    if not len(rows):
        raise NoGoodTime(f"No row of the filter file {filter_file.name} fulfils {expression!r}.")
    remarks = undated(filter(None, [said]))
    if not is_ordered(rows):
        remarks.append(Remark("good_time_joined", f"{filter_file.name}: {OUT_OF_ORDER}."))
    made = gti_file(filter_file, table, rows, expression, prefr, postfr)
    return GoodTime(made, from_rows(rows, table.header, table.where), tuple(remarks))
