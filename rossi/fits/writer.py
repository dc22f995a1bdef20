"""Writing FITS products: binary tables with OGIP keywords, CHECKSUM and DATASUM."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np
from isal import igzip, isal_zlib
from numpy.typing import ArrayLike, NDArray

from rossi.fits.cards import CARD, Value, card_image
from rossi.fits.header import BLOCK, CardTuple, Header
from rossi.fits.heap import DESCRIPTORS, lay_out
from rossi.fits.structure import layout
from rossi.fits.sums import encode_checksum, ones_complement_sum

_STRUCTURAL = frozenset({"SIMPLE", "XTENSION", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "PCOUNT", "GCOUNT", "EXTEND"}) | {
    *("TFIELDS", "EXTNAME", "CHECKSUM", "DATASUM")
}
_PRIMARY = Header(
    [
        ("SIMPLE", True, "file does conform to FITS standard"),
        ("BITPIX", 8, "number of bits per data pixel"),
        ("NAXIS", 0, "number of data axes"),
        ("EXTEND", True, "FITS dataset may contain extensions"),
    ]
)
_SUMS = frozenset({"CHECKSUM", "DATASUM"})
_NO_SUM = b"0" * 16
_UNSEALED = card_image("CHECKSUM", _NO_SUM.decode(), "HDU checksum")


#: Header of a gzip file without name, time or system (RFC 1952); the longest block that is not compressed (RFC 1951).
_GZIP = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_STORED = 0xFFFF
#: Rows of fewer bytes are copied, which takes less time than to look at them as bytes.
_SHORT = 1 << 14


@dataclass(frozen=True, slots=True)
class Column:
    """Declaration of a column: what it is called, how it is stored, what it means.

    Parameters
    ----------
    name : str
        TTYPE.
    form : str
        TFORM, e.g. ``D``, ``129I``, ``L``, ``14A``, ``PE(43)``.
    unit, meaning : str
        TUNIT, and the comment of TTYPE.
    null : int or None
        TNULL, for integer columns.
    zero : int
        TZERO: 32768 stores unsigned 16-bit numbers in an I column.
    keywords : tuple of (str, value)
        Further indexed keywords without their number: ``("TDDES", "D[0] & E[X1L]"), ("1CPIX", "0~4,5:53")``.
    """

    name: str
    form: str
    unit: str = ""
    meaning: str = ""
    null: int | None = None
    zero: int = 0
    keywords: tuple[tuple[str, Value], ...] = ()

    def __hash__(self) -> int:
        return hash(self.name)  # tables of a hundred columns are looked up by all of them

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Column) and self._told == other._told

    @property
    def _told(self) -> tuple[object, ...]:
        """All that cards tell: 1, 1.0 and T are equal, and are not written alike."""
        kinds = tuple(type(value) for _, value in self.keywords)
        return self.name, self.form, self.unit, self.meaning, self.null, self.zero, self.keywords, kinds

    @property
    def is_plain(self) -> bool:
        """Whether cells are numbers that are stored as they are, as many in every row."""
        return not self.zero and self.form[-1:] not in "LA" and self.form.lstrip("1")[:1] not in DESCRIPTORS

    def cards(self, number: int) -> list[CardTuple]:
        """Return the cards of this column.

        Parameters
        ----------
        number : int
            Of the column in its table, from 1.
        """
        cards: list[CardTuple] = [(f"TTYPE{number}", self.name, self.meaning), (f"TFORM{number}", self.form)]
        if self.unit:
            cards.append((f"TUNIT{number}", self.unit))
        if self.null is not None:
            cards.append((f"TNULL{number}", self.null))
        if self.zero:
            cards.append((f"TZERO{number}", self.zero, "unsigned integer offset"))
        cards += [(f"{key}{number}", value) for key, value in self.keywords]
        return cards


@dataclass(frozen=True, slots=True)
class TableHDU:
    """A binary table ready to be written.

    Parameters
    ----------
    header : Header
        Complete but for CHECKSUM and DATASUM.
    data : bytes or memoryview
        The rows, and the heap where there is one, not padded.
    """

    header: Header
    data: bytes | memoryview


def table_hdu(
    extname: str,
    columns: Sequence[tuple[Column, ArrayLike | Sequence[NDArray[Any]]]],
    cards: Header | Iterable[CardTuple] = (),
    n_row: int | None = None,
) -> TableHDU:
    """Lay out columns as a binary table.

    Parameters
    ----------
    extname : str
    columns : sequence of (Column, array_like (n_row, ...))
        Values as a reader should see them: unsigned where `zero` says so, bool for L, str for A, uint8 bytes for X,
        a sequence of arrays for numbers of variable length (P, Q). NULLs must be in place already.
    cards : Header or iterable of CardTuple
        Further keywords; structural ones are ignored.
    n_row : int, optional
        Needed only when there is no column.
    """
    template, dtype, as_they_are = _template(extname, tuple([column for column, _ in columns]))
    heap = bytearray()
    arrays = [
        np.asarray(values) if plain else _laid_out(column, values, heap)
        for plain, (column, values) in zip(as_they_are, columns, strict=True)
    ]
    rows = np.empty(len(arrays[0]) if arrays else int(n_row or 0), dtype)
    for name, plain, (column, _), values in zip(dtype.names or (), as_they_are, columns, arrays, strict=True):
        field = rows[name]
        given = values if plain else stored(column, values, dtype[name])
        field[...] = given if given.shape == field.shape else given.reshape(field.shape)
    header = template.copy()
    header.set("NAXIS2", len(rows), "number of rows in table")
    if heap:
        header.set("PCOUNT", len(heap), "size of special data area")
    _add(header, cards)
    return TableHDU(header, data_unit(rows, heap))


@lru_cache(maxsize=256)
def _template(extname: str, columns: tuple[Column, ...]) -> tuple[Header, np.dtype[Any], tuple[bool, ...]]:
    """Return the header of a table that has no rows yet, the layout of a row, and which columns are plain numbers."""
    dtype = layout(tuple(column.form for column in columns), None, extname)
    header = Header(
        [
            ("XTENSION", "BINTABLE", "binary table extension"),
            ("BITPIX", 8, "8-bit bytes"),
            ("NAXIS", 2, "2-dimensional binary table"),
            ("NAXIS1", dtype.itemsize, "width of table in bytes"),
            ("NAXIS2", 0, "number of rows in table"),
            ("PCOUNT", 0, "size of special data area"),
            ("GCOUNT", 1, "one data group"),
            ("TFIELDS", len(columns), "number of fields in each row"),
        ]
    )
    for number, column in enumerate(columns, 1):
        for card in column.cards(number):
            header.append(*card)
    header.append("EXTNAME", extname, "name of this table")
    return header, dtype, tuple(column.is_plain for column in columns)


def data_unit(rows: NDArray[Any], heap: bytes | bytearray | memoryview = b"") -> bytes | memoryview:
    """Return a table's data unit, not padded: where it can be, a view of the rows.

    Parameters
    ----------
    rows : ndarray (n_row,)
        Structured, big-endian.
    heap : bytes-like
        Elements of columns of variable length.
    """
    if len(heap) or rows.nbytes < _SHORT or not rows.flags.c_contiguous:
        return rows.tobytes() + bytes(heap)
    return rows.view(np.uint8).data.toreadonly()


def _laid_out(column: Column, values: Any, heap: bytearray) -> NDArray[Any]:
    form = column.form.lstrip("1")
    return lay_out(values, form, heap) if form[:1] in DESCRIPTORS else np.asarray(values)


def _add(header: Header, cards: Header | Iterable[CardTuple]) -> None:
    header.add(cards if isinstance(cards, Header) else Header(cards), _STRUCTURAL)


def stored(column: Column, values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return values as the column stores them (T and F for logicals, text with blanks, shifted by TZERO ...).

    Parameters
    ----------
    column : Column
    values : ndarray (n_row, ...)
    dtype : dtype
        Of the stored field.

    Returns
    -------
    ndarray (n_row, ...)
    """
    if not column.zero and not column.form.endswith(("L", "A")):
        return values
    if column.form.endswith("L"):
        return np.where(values, ord("T"), ord("F")).astype("u1") if values.dtype == bool else values
    if column.form.endswith("A"):
        if not values.size:  # of which numpy finds no longest
            return np.empty(values.shape, dtype)
        # a NUL, which numpy pads with, makes a cell undefined for FTOOLS
        return np.char.ljust(np.char.encode(values.astype(str), "ascii", "replace"), dtype.itemsize).astype(dtype)
    return values.astype(np.int64) - column.zero


def primary_hdu(cards: Header | Iterable[CardTuple] = ()) -> Header:
    """Return the header of an empty primary HDU with the given keywords.

    Parameters
    ----------
    cards : Header or iterable of CardTuple
    """
    header = _PRIMARY.copy()
    if cards:
        _add(header, cards)
    return header


def fits_bytes(primary: Header, tables: Sequence[TableHDU] = (), *, compress: bool = False) -> bytes:
    """Return a whole FITS file with CHECKSUM and DATASUM in every HDU.

    Parameters
    ----------
    primary : Header
        See `primary_hdu`.
    tables : sequence of TableHDU
    compress : bool
        Gzip the result; equal content gives equal bytes.
    """
    whole = join_hdus([TableHDU(primary, b""), *tables])
    return gzipped(whole) if compress else whole


def gzipped(content: bytes, level: int = 1) -> bytes:
    """Return a gzip file; equal content gives equal bytes.

    Parameters
    ----------
    content : bytes
    level : int
        0 to 3. 1 is best for counts and events; numbers of a model shrink more at 0, which looks for other matches.
    """
    return bytes(igzip.compress(content, level, mtime=0))


def stored_gzip(parts: Iterable[bytes | memoryview]) -> bytes:
    """Return a gzip file that holds bytes as they are: as quick to make and to read as a copy.

    Parameters
    ----------
    parts : iterable of bytes-like
        The content, piece by piece.
    """
    pieces: list[bytes | memoryview] = [_GZIP]
    crc = size = 0
    for one in parts:
        part = memoryview(one)
        crc, size = isal_zlib.crc32(part, crc), size + len(part)
        for at in range(0, len(part), _STORED):
            piece = part[at : at + _STORED]
            pieces += (struct.pack("<BHH", 0, len(piece), len(piece) ^ _STORED), piece)
    pieces.append(struct.pack("<BHHII", 1, 0, _STORED, crc, size & 0xFFFFFFFF))
    return b"".join(pieces)


def join_hdus(hdus: Iterable[TableHDU]) -> bytes:
    """Return HDUs of any kind, the primary first, as a whole FITS file; see `hdu_parts`.

    Parameters
    ----------
    hdus : iterable of TableHDU
    """
    return b"".join(hdu_parts(hdus))


def hdu_parts(hdus: Iterable[TableHDU]) -> Iterator[bytes | memoryview]:
    """Iterate over the bytes of a FITS file, with CHECKSUM and DATASUM in every HDU: headers, data units, padding.

    Parameters
    ----------
    hdus : iterable of TableHDU
        Of any kind, the primary first.
    """
    for hdu in hdus:
        yield sealed_header(hdu.header, ones_complement_sum(hdu.data))
        yield hdu.data
        yield bytes(-len(hdu.data) % BLOCK)


def write_hdu(out: BinaryIO, header: Header, parts: Iterable[bytes]) -> None:
    """Write an HDU whose data come in parts, with CHECKSUM and DATASUM.

    Parameters
    ----------
    out : binary file
        That can be written anywhere: the header is written again when the sum of the data is known.
    header : Header
    parts : iterable of bytes
        The data unit, not padded.
    """
    begin = out.tell()
    out.write(sealed_header(header, 0))
    size, total, rest = 0, 0, b""
    for part in parts:
        out.write(part)
        size += len(part)
        whole = rest + part if rest else part
        known = len(whole) & ~3
        total, rest = ones_complement_sum(memoryview(whole)[:known], total), whole[known:]
    padding = b"\0" * (-size % BLOCK)
    out.write(padding)
    total = ones_complement_sum(rest + padding, total)
    end = out.tell()
    out.seek(begin)
    out.write(sealed_header(header, total))
    out.seek(end)


def now() -> str:
    """Return the value of DATE: the present time, UTC, to the second."""
    return _date(int(time.time()))


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def sealed_header(header: Header, sum_data: int) -> bytes:
    """Return a header block with CHECKSUM and DATASUM.

    Parameters
    ----------
    header : Header
    sum_data : int
        See `ones_complement_sum`; of the padded data unit.
    """
    known = f"DATASUM = {f'{sum_data:<8}'!r:20} / data unit checksum"  # no card comes twice: none need be kept
    block = header.to_block((_UNSEALED, known.encode().ljust(CARD)), _SUMS)
    before, _, behind = block.rpartition(_NO_SUM)
    total = ones_complement_sum(block, sum_data)
    return b"".join((before, encode_checksum(~total & 0xFFFFFFFF).encode(), behind))
