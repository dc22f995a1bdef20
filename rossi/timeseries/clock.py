"""What the times of a table mean: unit, reference and TIMEZERO, wherever the file has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rossi import met
from rossi.arrays import Floats
from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.table import Table
from rossi.timeseries import units

#: Zero of the days that xronos writes: TJD is MJD - 40000.
_TJD = 40000.0
#: Differences of MJDREF [d] below this are rounding of one number that others split in two.
_SAME = 1e-7
#: TIMESYS of clocks that are not TT, nor within milliseconds of it at the place where the time is taken.
_OTHER_CLOCKS = {"UTC", "UT", "UT1", "TAI", "GPS", "GMT"}


@dataclass(frozen=True, slots=True)
class Clock:
    """How the times of a table become mission elapsed time: ``factor * TIME + shift``.

    Parameters
    ----------
    factor : float [s]
        Unit of the column.
    shift : float [s]
    keywords : float [s]
        Unit of TSTART, TSTOP and TIMEDEL.
    pixel : float
        TIMEPIXR: 0 where TIME is the start of a bin, 0.5 where it is the middle.
    """

    factor: float
    shift: float
    keywords: float
    pixel: float

    @classmethod
    def of(cls, table: Table, column: str, others: Sequence[Header] = ()) -> Clock:
        """Return the clock of a column.

        Parameters
        ----------
        table : Table
        column : str
        others : sequence of Header
            Where keywords are looked for that the table's own header lacks, such as the primary header.

        Raises
        ------
        DataError
            If the unit or the reference is not known, or another mission's.
        """
        headers, where = (table.header, *others), table.where
        _check_system(headers, where)
        stated = str(_first(headers, "TIMEUNIT") or "s").strip() or "s"
        unit = table.info(column).unit or stated
        factor, keywords = units.seconds(unit), units.seconds(stated)
        if factor is None or keywords is None:
            name, wrong = (f"column {column}", unit) if factor is None else ("keyword TIMEUNIT", stated)
            raise DataError(f"{where}: {name} is in {wrong!r}; seconds (s) or days (d) were expected.")
        reference = _reference(headers, where)
        if reference is None and max(factor, keywords) > 1:
            raise DataError(
                f"{where}: column {column} is in {unit!r} and TIMEUNIT is {stated!r}, but there is no MJDREF; times in "
                "days need the day that they count from."
            )
        days = reference or (0.0, 0.0)
        if keywords == factor == 1.0 and days != (0.0, 0.0):
            raise DataError(
                f"{where}: MJDREF is {met.MJDREFI + met.MJDREFF + days[0] + days[1]}; RXTE's "
                f"{met.MJDREFI + met.MJDREFF} was expected: the times are those of another mission."
            )
        zero = [keywords * part for part in _split(headers, "TIMEZERO", where) or (0.0, 0.0)]
        pixel = next(
            (h.finite("TIMEPIXR", where) for h in headers if "TIMEPIXR" in h), 0.5 if is_xronos(headers) else 0
        )
        return cls(factor, days[0] * met.DAY + zero[0] + (days[1] * met.DAY + zero[1]), keywords, float(pixel))

    def met(self, time: Floats) -> Floats:
        """Convert times of the column to MET [s].

        Parameters
        ----------
        time : ndarray (n,) or (n, 2)
            In the unit of the column.

        Returns
        -------
        ndarray, as `time` [s]
        """
        return time + self.shift if self.factor == 1.0 else self.factor * time + self.shift


def is_xronos(headers: Sequence[Header]) -> bool:
    """Return whether a table was written by a task of xronos, whose days count from TJD 0.

    Parameters
    ----------
    headers : sequence of Header
        Of the table and of the file.
    """
    return any(str(h.get("CONTENT", "")).strip().upper() == "XRONOS OUTPUT" for h in headers)


def _first(headers: Sequence[Header], keyword: str) -> object:
    return next((h[keyword] for h in headers if h.get(keyword) is not None), None)


def _split(headers: Sequence[Header], keyword: str, where: str) -> tuple[float, float] | None:
    """Return a time keyword as two numbers that add up to it, from the first header that has it."""
    stem = keyword[:7]
    for header in headers:
        if header.get(keyword) is not None:
            return header.finite(keyword, where), 0.0
        if header.get(f"{stem}I") is not None or header.get(f"{stem}F") is not None:
            return header.finite(f"{stem}I", where, 0.0), header.finite(f"{stem}F", where, 0.0)
    return None


def _reference(headers: Sequence[Header], where: str) -> tuple[float, float] | None:
    """Return MJDREF [d] from RXTE's on, whole part and fraction; None where there is none."""
    given = next((h.finite("MJDREF", where) for h in headers if h.get("MJDREF") is not None), None)
    whole = next((h.finite("MJDREFI", where) for h in headers if h.get("MJDREFI") is not None), None)
    if whole is not None:
        fraction = next((h.finite("MJDREFF", where) for h in headers if h.get("MJDREFF") is not None), 0.0)
        days = (whole - met.MJDREFI, fraction - met.MJDREFF)
    elif given is not None:
        days = (given // 1 - met.MJDREFI, given % 1 - met.MJDREFF)
    elif is_xronos(headers):
        days = (_TJD - met.MJDREFI, -met.MJDREFF)
    else:
        return None
    return (0.0, 0.0) if abs(days[0] + days[1]) < _SAME else days


def _check_system(headers: Sequence[Header], where: str) -> None:
    system = str(_first(headers, "TIMESYS") or "").strip().upper()
    if system in _OTHER_CLOCKS:
        raise DataError(f"{where}: TIMESYS is {system!r}; TT, or TDB of barycentred times, was expected.")
