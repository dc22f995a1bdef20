"""Opening FITS files held in memory, gzip-compressed or not."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from isal import igzip, igzip_lib

from rossi.errors import DataError
from rossi.fits.header import BLOCK, CARD, Header
from rossi.fits.table import Table

_END = b"END".ljust(CARD)


@dataclass(frozen=True, slots=True)
class FitsFile:
    """A FITS file's primary header and its binary tables, in file order.

    Parameters
    ----------
    name : str
        File name, for messages and for keywords that name the input.
    primary : Header
    tables : tuple of Table
        ``tables[0]`` is HDU 1 of files without image extensions, which are all of RXTE's.
    """

    name: str
    primary: Header
    tables: tuple[Table, ...]

    def table(self, extname: str | None = None, hdu: int = 1) -> Table:
        """Return a table by EXTNAME, or by number.

        Raises
        ------
        DataError
            If it is not there.
        """
        if extname is not None:
            for table in self.tables:
                if table.name.upper() == extname.upper():
                    return table
            found = ", ".join(t.name or "unnamed" for t in self.tables) or "no table"
            raise DataError(f"{self.name}: extension {extname} is missing; found {found}.")
        if not 1 <= hdu <= len(self.tables):
            raise DataError(f"{self.name}: HDU {hdu} is missing; the file has {len(self.tables)} tables.")
        return self.tables[hdu - 1]


def gunzip(data: bytes, name: str) -> bytes:
    """Return the decompressed bytes of a gzip file; anything else is returned as it is.

    Raises
    ------
    DataError
        If the file is cut or its check sum is wrong.
    """
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return bytes(igzip.decompress(data))
    except EOFError:
        raise DataError(
            f"{name}: the gzip file ends too early ({len(data)} bytes are there); fetch the file again."
        ) from None
    except (igzip_lib.IsalError, zlib.error, OSError) as error:  # type: ignore[misc] # its stub declares an instance
        raise DataError(f"{name}: the gzip file is damaged ({error}); fetch the file again.") from None


def open_fits(data: bytes, name: str) -> FitsFile:
    """Open a FITS file held in memory.

    Parameters
    ----------
    data : bytes
        The file's content, plain or gzip-compressed.
    name : str
        Its name, for messages.

    Raises
    ------
    DataError
        If it is not FITS, damaged, or ends in the middle of an HDU.
    """
    if not data:
        raise DataError(f"{name}: the file is empty; a FITS file was expected.")
    data = gunzip(data, name)
    if data[:6] != b"SIMPLE":
        raise DataError(f"{name}: not a FITS file (it begins with {data[:8]!r}).")
    hdus = list(iterate_hdus(data, name))
    tables = tuple(Table(h, d, name) for h, d in hdus[1:] if h.get("XTENSION", "").strip() == "BINTABLE")
    return FitsFile(name, hdus[0][0], tables)


def read_bytes(path: str | Path) -> bytes:
    """Return a file's content; where `path` is missing, `path` + ".gz" is tried, as CFITSIO does.

    Raises
    ------
    DataError
        If neither exists or it can't be read.
    """
    path = Path(path)
    zipped = path.with_name(path.name + ".gz")
    found = zipped if not path.exists() and zipped.exists() else path
    try:
        return found.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}).") from None


def read_fits(path: str | Path) -> FitsFile:
    """Open a FITS file on disk; see `read_bytes` and `open_fits`."""
    return open_fits(read_bytes(path), str(path))


def iterate_hdus(data: bytes, name: str) -> Iterator[tuple[Header, memoryview]]:
    """Iterate over header and data unit of each HDU of a FITS file held in memory, not compressed.

    Raises
    ------
    DataError
        If it is damaged or ends in the middle of an HDU.
    """
    view, at, number = memoryview(data), 0, 0
    while at < len(data):
        if number and not data[at : at + 8].rstrip(b"\0 "):
            return  # padding behind the last HDU
        if number and data[at : at + 8] != b"XTENSION":
            raise DataError(f"{name}: HDU {number} does not begin with XTENSION at byte {at}; the file is damaged.")
        end = _end_of_header(data, at, name, number)
        header = Header.from_block(data[at:end])
        size = data_size(header, f"{name}[HDU {number}]")
        if end + size > len(data):
            raise DataError(
                f"{name}[{header.get('EXTNAME', f'HDU {number}')}]: the file ends after {len(data)} bytes, but this "
                f"HDU's data end at byte {end + size}; the file is cut, fetch it again."
            )
        yield header, view[end : end + size]
        at = end + -(-size // BLOCK) * BLOCK
        number += 1


def _end_of_header(data: bytes, at: int, name: str, number: int) -> int:
    found = data.find(_END, at)
    while found >= 0 and (found - at) % CARD:
        found = data.find(_END, found + 1)
    if found < 0:
        raise DataError(f"{name}: the header of HDU {number} has no END card; the file is cut, fetch it again.")
    return at + -(-(found + CARD - at) // BLOCK) * BLOCK


def data_size(header: Header, where: str) -> int:
    """Return the bytes of a header's data unit, without padding."""
    n_axis = int(header.number("NAXIS", where))
    size = abs(int(header.number("BITPIX", where))) // 8 if n_axis else 0
    for axis in range(1, n_axis + 1):
        size *= int(header.number(f"NAXIS{axis}", where))
    return size * int(header.get("GCOUNT", 1)) + int(header.get("PCOUNT", 0))
