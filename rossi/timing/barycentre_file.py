"""Whole files at the barycentre: events and light curves, their good time and their keywords."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DataError
from rossi.fits import declarations as declared
from rossi.fits.columns import append_columns
from rossi.fits.edit import as_hdu, with_values
from rossi.fits.header import Header
from rossi.fits.reader import gunzip, iterate_hdus
from rossi.fits.table import Table
from rossi.fits.writer import write_hdu
from rossi.met import MJDREFF, MJDREFI, isot, split_keyword, timezero
from rossi.timing.barycentre import Barycentre, Direction
from rossi.timing.clock import ClockCorrection, FineClock, correction
from rossi.version import __version__

#: Times of RXTE's files are TT; some programs call it by its older names.
_SYSTEMS = {"TT", "TDT", "ET"}
#: MJDREF may be off by this much [d], through one keyword instead of two; 86 us, which change the delay by 0.01 us.
_CLOSE = 1e-9
#: Rows, and bytes of other data, that are worked on at a time.
_ROWS, _PIECE = 1 << 17, 1 << 22
#: Characters that a line of HISTORY takes.
_LINE = 70


@dataclass(frozen=True, slots=True)
class Correction:
    """What is done to a file.

    Parameters
    ----------
    barycentre : Barycentre
    clock : FineClock or None
        Fine corrections of the spacecraft's clock.
    column : bool
        Add a column BARYTIME and leave everything else in TT, instead of replacing all times.
    """

    barycentre: Barycentre
    clock: FineClock | None = None
    column: bool = False


def direction_of(header: Header, where: str, frame: str = "ICRS") -> tuple[Direction, str]:
    """Return the position that a header has of the source, and what to say of it.

    Parameters
    ----------
    header : Header
        Of the first table.
    where : str
        File and HDU.
    frame : str
        Of the position, where RADECSYS is missing.

    Raises
    ------
    DataError
        If there is none.
    """
    frame = str(header.get("RADECSYS", frame)).strip().upper()
    for kind in ("OBJ", "NOM", "PNT"):
        ra, dec = header.known(f"RA_{kind}"), header.known(f"DEC_{kind}")
        if ra is not None and dec is not None:
            direction = Direction(ra % 360, dec, frame if frame in {"ICRS", "FK5"} else "FK5")
            said = (
                f"{where}: RA_PNT and DEC_PNT ({ra:g}, {dec:g}) are where the telescope pointed; 10 arcsec to the "
                "source are up to 24 ms. Give the position of the source (ra, dec)."
            )
            return direction, said if kind == "PNT" else ""
    raise DataError(f"{where}: there is no position (RA_OBJ, RA_NOM, RA_PNT); give that of the source as ra and dec.")


def barycentred_file(data: bytes, name: str, request: Correction) -> tuple[bytes, list[str]]:
    """Return a file with its times at the barycentre, in all its HDUs.

    Parameters
    ----------
    data : bytes
        The file, plain or gzip-compressed.
    name : str
        Its name, for messages.
    request : Correction

    Returns
    -------
    bytes, list of str
        The file, and what to say of it.

    Raises
    ------
    DataError
        See `write_barycentred`.
    """
    out = io.BytesIO()
    said = write_barycentred(data, name, request, out)
    return out.getvalue(), said


def write_barycentred(data: bytes, name: str, request: Correction, out: BinaryIO) -> list[str]:
    """Write a file with its times at the barycentre, in all its HDUs, some rows at a time.

    Parameters
    ----------
    data : bytes
        The file, plain or gzip-compressed.
    name : str
        Its name, for messages.
    request : Correction
    out : binary file
        That can be written anywhere. After an error, what is in it is of no use.

    Returns
    -------
    list of str
        What to say of it.

    Raises
    ------
    DataError
        If it is at the barycentre already, has no times, times that the orbit does not cover or that are not TT:
        nothing is corrected by half.
    """
    hdus = list(iterate_hdus(gunzip(data, name), name))
    reference = _reference(hdus, name)
    where = f"{name}[{reference.get('EXTNAME', 'table')}]"
    _require_terrestrial(reference, where)
    offset = correction(request.clock, reference, where)
    work = _Work(request, reference, offset, name)
    for old, unit in hdus:
        header, parts = work.hdu(old, unit)
        if old is reference:
            header = header.copy()
            for line in _history(request, offset):
                header.append("HISTORY", line)
        write_hdu(out, header, parts)
    if request.clock is not None or (reference.known("TIERABSO") or 1.0) <= 5e-5:
        return []
    return [f"{where}: without a file of fine clock corrections (tdc.dat) times are good to 100 us; with it, to 5 us."]


def _reference(hdus: Sequence[tuple[Header, memoryview]], name: str) -> Header:
    """Return the header of the first table that has times."""
    for header, unit in hdus[1:]:
        if _is_table(header) and _time_columns(Table(header, unit, name)):
            return header
    raise DataError(f"{name}: no table has a column TIME, or START and STOP; there is nothing to correct.")


def _is_table(header: Header) -> bool:
    return str(header.get("XTENSION", "")).strip() == "BINTABLE"


def _is_good_time(table: Table) -> bool:
    return "GTI" in table.name.upper() or "GTI" in str(table.header.get("HDUCLAS1", "")).upper()


def _time_columns(table: Table) -> list[str]:
    stems = ("START", "STOP") if _is_good_time(table) else ()
    return [info.name for name, info in table.infos.items() if name == "TIME" or (stems and name.startswith(stems))]


def _require_terrestrial(header: Header, where: str) -> None:
    system = str(header.get("TIMESYS", "")).strip().upper()
    if system == "TDB":
        raise DataError(f"{where}: TIMESYS is TDB; these times are at the barycentre already.")
    if system not in _SYSTEMS:
        raise DataError(f"{where}: TIMESYS is {system!r}; TT was expected, as all files of RXTE have it.")


def _rows(table: Table) -> Iterator[Table]:
    for at in range(0, len(table), _ROWS):
        yield table.with_rows(table.rows[at : at + _ROWS])


def _pieces(unit: memoryview) -> Iterator[bytes]:
    for at in range(0, len(unit), _PIECE):
        yield bytes(unit[at : at + _PIECE])


@dataclass(frozen=True, slots=True)
class _Work:
    """Correction of one file: its HDUs share the clock and, where they do not say it, TIMEZERO and TIMESYS."""

    request: Correction
    reference: Header
    offset: ClockCorrection
    name: str

    def hdu(self, header: Header, unit: memoryview) -> tuple[Header, Iterator[bytes]]:
        """Return header and data unit of an HDU after correction; one without times stays as it is."""
        where = f"{self.name}[{header.get('EXTNAME', 'primary')}]"
        table = Table(header, unit, self.name) if _is_table(header) else None
        columns = _time_columns(table) if table is not None else []
        if not columns and not {"TSTART", "TSTARTI"} & set(header):
            return header, _pieces(unit)
        if "TIMESYS" in header:
            _require_terrestrial(header, where)
        self._require_epoch(header, where)
        zero = timezero(header, where) if {"TIMEZERO", "TIMEZERI"} & set(header) else timezero(self.reference, where)
        if table is None:
            return header if self.request.column else self._keywords(header, zero, where), _pieces(unit)
        if not self.request.column:
            known = as_hdu(table.with_rows(table.rows[:0], self._keywords(header, zero, where))).header
            return known, self._replaced(table, columns, zero)
        time = next((name for name in columns if name.upper() == "TIME"), None)
        if time is None or _is_good_time(table):
            return header, _pieces(unit)
        return self._longer(table, time, zero)

    def _replaced(self, table: Table, columns: Sequence[str], zero: float) -> Iterator[bytes]:
        for part in _rows(table):
            yield with_values(part, {name: self._times(part, name, zero) for name in columns}).rows.tobytes()
        yield from _pieces(table.heap)

    def _longer(self, table: Table, time: str, zero: float) -> tuple[Header, Iterator[bytes]]:
        """Return the header and rows with BARYTIME behind the other columns."""

        def parts() -> Iterator[bytes]:
            for part in _rows(table):
                values = self._times(part, time, zero) - zero
                yield append_columns(part, [(declared.BARYTIME, values)]).rows.tobytes()
            yield from _pieces(table.heap)

        none = table.with_rows(table.rows[:0])
        header = as_hdu(append_columns(none, [(declared.BARYTIME, np.empty(0))])).header.copy()
        self._sky(header)
        return header, parts()

    def _require_epoch(self, header: Header, where: str) -> None:
        whole, part, one = (header.known(key) for key in ("MJDREFI", "MJDREFF", "MJDREF"))
        if whole is not None:
            days = (whole - MJDREFI) + ((MJDREFF if part is None else part) - MJDREFF)
        elif one is not None:
            days = (one - MJDREFI) - MJDREFF
        else:
            return  # RXTE has one epoch
        if abs(days) > _CLOSE:
            raise DataError(
                f"{where}: MJDREF is {MJDREFI + MJDREFF + days!r}; {MJDREFI} + {MJDREFF} was expected, as all files of "
                "RXTE have it."
            )

    def _times(self, table: Table, column: str, zero: float) -> NDArray[np.float64]:
        info = table.info(column)
        if info.code != "D" or str(info.unit or "s").strip().lower() not in {"s", "sec", "second", "seconds"}:
            raise DataError(
                f"{table.where}: column {info.name} has the form {info.repeat}{info.code} and the unit {info.unit!r}; "
                "double precision and seconds were expected."
            )
        return self._corrected(table.numbers(column), zero, f"{table.where}, column {info.name}")

    def _corrected(self, time: NDArray[np.float64], zero: float, what: str) -> NDArray[np.float64]:
        met = time + (zero + self.offset.seconds)
        known = np.isfinite(met)
        if known.all():
            met += self.request.barycentre.delay(met, what)
        else:
            met[known] += self.request.barycentre.delay(met[known], what)
        return met

    def _keywords(self, header: Header, zero: float, where: str) -> Header:
        new = header.copy()
        for keyword, date in (("TSTART", "OBS"), ("TSTOP", "END")):
            if keyword in header or f"{keyword}I" in header:
                known = np.array([split_keyword(header, keyword, where)])
                met = float(self._corrected(known, zero, f"{where}, keyword {keyword}")[0])
                _set_time(new, keyword, met)
                _set_date(new, date, met)
        if "TIMEZERI" in new:
            new.set("TIMEZERI", 0, "[s] already added")
            new.set("TIMEZERF", 0.0, "[s] already added")
        if "TIMEZERI" not in new or "TIMEZERO" in new:
            new.set("TIMEZERO", 0.0, "[s] already added")
        new.set("TIMESYS", "TDB", "all times are TDB")
        new.set("TIMEREF", "SOLARSYSTEM", "all times are those at the barycentre")
        direction = self.request.barycentre.direction
        new.set("RA_OBJ", direction.ra, "[deg] position that times were corrected for")
        new.set("DEC_OBJ", direction.dec, "[deg] position that times were corrected for")
        new.set("TREFPOS", "BARYCENTER", "where times are those of")
        new.set("TREFDIR", "RA_OBJ,DEC_OBJ", "keywords of the direction")
        self._sky(new)
        if self.offset.tierabso is not None:
            new.set("TIERABSO", self.offset.tierabso, "[s] accuracy of the clock")
        new.set("TIERRELA", 1e-9, "relative accuracy of the clock")
        return new

    def _sky(self, header: Header) -> None:
        header.set("RADECSYS", self.request.barycentre.direction.frame, "frame of the position")
        header.set("PLEPHEM", self.request.barycentre.ephemeris.name, "ephemeris of Earth and Sun")


def _set_time(header: Header, keyword: str, met: float) -> None:
    if keyword in header:
        header.set(keyword, met, "[s] since MJDREF")
    if f"{keyword}I" in header:
        header.set(f"{keyword}I", int(np.floor(met)), "[s] whole part")
        header.set(f"{keyword}F", met - float(np.floor(met)), "[s] fraction")


def _set_date(header: Header, which: str, met: float) -> None:
    date = isot(met)
    header.set(f"DATE-{which}", date, "TDB")
    if f"TIME-{which}" in header:
        header.set(f"TIME-{which}", date[11:], "TDB")


def _history(request: Correction, offset: ClockCorrection) -> list[str]:
    barycentre = request.barycentre
    clock = f"{request.clock.name} ({1e6 * offset.seconds:+.3f} us)" if request.clock else "TIMEZERO alone"
    text = (
        f"barycentre of rossi {__version__}: {barycentre.ephemeris.name}, RA {barycentre.direction.ra!r} DEC "
        f"{barycentre.direction.dec!r} ({barycentre.direction.frame}), orbit {', '.join(barycentre.orbit.names)}, "
        f"clock {clock}"
    )
    text = text.encode("ascii", "replace").decode()
    return [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
