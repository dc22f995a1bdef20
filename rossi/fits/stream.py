"""Reading the first table of a FITS file in pieces, for files that should not be held in memory."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np
from isal import igzip, igzip_lib

from rossi.errors import DamagedFile, DataError
from rossi.fits.cards import CARD
from rossi.fits.header import BLOCK, Header
from rossi.fits.reader import MAX_HEADER, FitsFile, data_size, locate
from rossi.fits.structure import structure
from rossi.fits.table import Table
from rossi.fits.unzip import ANY_RATIO, MAX_RATIO, beginning, is_gzip

_END = b"END".ljust(CARD)
_PIECE = 16 << 20
#: Where the first table's header ends in nearly all files [byte].
_BEGINNING = 12 * BLOCK


@dataclass(frozen=True, slots=True)
class StreamedFile:
    """A FITS file on disk whose first table is read in pieces.

    Parameters
    ----------
    source : Path or bytes
    file : FitsFile
        The file; the first of its tables is there without its rows.
    offset : int
        Where the rows of the first table begin, in the uncompressed file.
    """

    source: Path | bytes
    file: FitsFile
    offset: int

    def pieces(self, n_row: int) -> Iterator[Table]:
        """Iterate over the first table, some rows at a time, in order.

        Parameters
        ----------
        n_row : int
            Rows of a piece.

        Raises
        ------
        DataError
            If the file is cut or damaged.
        """
        first = self.file.tables[0]
        dtype, left = first.structure.dtype, first.header.count("NAXIS2", first.where)
        with _open(self.source, first.where) as stream:
            _skip(stream, self.offset, first.where)
            while left > 0:
                data = _read(stream, min(n_row, left) * dtype.itemsize, first.where)
                yield Table(first.header, np.frombuffer(data, dtype), first.source, first.structure)
                left -= n_row


def stream_fits(source: str | Path | bytes, name: str = "") -> StreamedFile:
    """Open a FITS file, gzip-compressed or not, without reading the rows of its first table.

    Parameters
    ----------
    source : str, Path or bytes
        A path (where it is missing, the one with ".gz" behind it is tried), or the file's content.
    name : str
        For messages; by default the path.

    Raises
    ------
    DataError
        If it can't be read as FITS, or has no table.
    """
    name = name or str(source)
    found = source if isinstance(source, bytes) else locate(source)[0]
    headers: list[Header] = []
    tables: list[Table] = []
    offset = 0
    with _open(found, name) as stream:
        room = _room(found)
        while (header := _header(stream, name, len(headers))) is not None:
            headers.append(header)
            size = data_size(header, f"{name}[HDU {len(headers) - 1}]")
            is_table = str(header.get("XTENSION", "")).strip() == "BINTABLE"
            padded = -(-size // BLOCK) * BLOCK
            if stream.tell() + size > room:
                raise DamagedFile(
                    f"{name}[HDU {len(headers) - 1}]: the header promises {size} bytes of data, more than such "
                    f"a file can hold (at most {room}); it is cut or damaged, fetch it again."
                )
            if is_table and tables:
                tables.append(Table(header, _read(stream, size, name), name))
                _skip(stream, padded - size, name)
                continue
            if is_table:
                offset = stream.tell()
                tables.append(_without_rows(header, name))
            _skip(stream, padded, name)
    if not tables:
        raise DataError(f"{name}: the file has no table.")
    return StreamedFile(found, FitsFile(name, headers[0], tuple(tables)), offset)


def first_table(source: str | Path | bytes, name: str = "") -> Table:
    """Return the first table of a FITS file without its rows, of which nothing is read; see `stream_fits`.

    Parameters
    ----------
    source : str, Path or bytes
    name : str

    Raises
    ------
    DataError
        As `stream_fits` does, for what is ahead of the rows.
    """
    name = name or str(source)
    if isinstance(source, bytes) and is_gzip(source):
        with suppress(DamagedFile):  # the headers are longer than that, or indeed damaged
            return first_table(beginning(source, _BEGINNING), name)
    with _open(source if isinstance(source, bytes) else locate(source)[0], name) as stream:
        number = 0
        while (header := _header(stream, name, number)) is not None:
            if str(header.get("XTENSION", "")).strip() == "BINTABLE":
                return _without_rows(header, name)
            _skip(stream, -(-data_size(header, f"{name}[HDU {number}]") // BLOCK) * BLOCK, name)
            number += 1
    raise DataError(f"{name}: the file has no table.")


def _without_rows(header: Header, name: str) -> Table:
    n_field, width = (header.count(k, name) for k in ("TFIELDS", "NAXIS1"))
    try:
        known = structure(header.column_cards(), n_field, width)
    except DataError as error:
        raise type(error)(f"{name}{error}") from None
    return Table(header, np.empty(0, known.dtype), name, known)


def _open(source: Path | bytes, where: str) -> IO[bytes]:
    try:
        file: IO[bytes] = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
        if not is_gzip(file.read(2)):
            file.seek(0)
            return file
        if isinstance(source, bytes):
            file.seek(0)
            return cast(IO[bytes], igzip.IGzipFile(fileobj=file, mode="rb"))
        file.close()
        return cast(IO[bytes], igzip.open(source, "rb"))
    except OSError as error:
        raise DataError(f"{where}: can't be read ({error.strerror}).") from None


def _room(source: Path | bytes) -> int:
    """Return the most bytes that a file can hold, uncompressed."""
    if isinstance(source, bytes):
        size, start = len(source), source[:2]
    else:
        size = source.stat().st_size
        with source.open("rb") as file:
            start = file.read(2)
    return max(ANY_RATIO, MAX_RATIO * size) if is_gzip(start) else size


def _header(stream: IO[bytes], name: str, number: int) -> Header | None:
    """Read the next header, None at the end of the file."""
    block = _some(stream, BLOCK, name)
    start = b"SIMPLE" if number == 0 else b"XTENSION"
    if number and not block.rstrip(b"\0 "):
        return None
    if not block.startswith(start):
        raise DamagedFile(f"{name}: HDU {number} begins with {block[:8]!r}; {start.decode()} was expected.")
    blocks = [block]
    while not _ends(block):
        if len(blocks) * BLOCK > MAX_HEADER:
            raise DamagedFile(
                f"{name}: the header of HDU {number} has no END card; the file is damaged, fetch it again."
            )
        block = _read(stream, BLOCK, f"{name}[HDU {number}]")
        blocks.append(block)
    return Header.from_block(b"".join(blocks))


def _ends(block: bytes) -> bool:
    """Return whether a header block holds the card END."""
    at = block.find(_END)
    while at % CARD and at >= 0:
        at = block.find(_END, at + 1)
    return at >= 0


def _skip(stream: IO[bytes], size: int, where: str) -> None:
    with _unpacking(where):
        stream.seek(size, 1)


def _read(stream: IO[bytes], size: int, where: str) -> bytes:
    """Read so many bytes; what a header promises is believed only as far as the file goes."""
    pieces, left = [], size
    while left > 0 and (piece := _some(stream, min(left, _PIECE), where)):
        pieces.append(piece)
        left -= len(piece)
    data = b"".join(pieces)
    if len(data) < size:
        raise DamagedFile(f"{where}: the file ends {size - len(data)} bytes too early; it is cut, fetch it again.")
    return data


def _some(stream: IO[bytes], size: int, where: str) -> bytes:
    with _unpacking(where):
        return stream.read(size)


@contextmanager
def _unpacking(where: str) -> Iterator[None]:
    try:
        yield
    except EOFError:
        raise DamagedFile(f"{where}: the gzip file ends too early; it is cut, fetch it again.") from None
    except (igzip_lib.IsalError, zlib.error, OSError) as error:  # type: ignore[misc] # its stub declares an instance
        raise DamagedFile(f"{where}: the file is damaged ({error}); fetch it again.") from None
