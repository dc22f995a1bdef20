"""Opening FITS files held in memory, packed or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from errno import EINVAL
from pathlib import Path
from typing import NamedTuple

from rossi.errors import DamagedFile, DataError, shortened, shortened_name
from rossi.fits.ascii_table import binary_table
from rossi.fits.cards import CARD
from rossi.fits.header import BLOCK, Header
from rossi.fits.table import Table
from rossi.fits.unzip import gunzip, unpack

__all__ = [
    "FitsFile",
    "content",
    "data_size",
    "gunzip",
    "header_end",
    "iterate_hdus",
    "locate",
    "open_fits",
    "read_bytes",
    "read_fits",
    "spans",
    "split_hdu",
]

_END = b"END".ljust(CARD)
_EXTENDED = re.compile(r"(?P<file>.*?)\s*(?:\[\s*(?P<name>[\w\- *]+?)\s*\]|\+(?P<number>[0-9]{1,6}))", re.DOTALL)
#: Longest header [byte], some 50,000 cards; the longest of RXTE's files have 3000.
MAX_HEADER = 4 << 20
#: More data [byte] than a file system can hold in one file.
_MAX_DATA = 1 << 60
#: The FITS standard's limit of axes.
_MAX_AXES = 999


@dataclass(frozen=True, slots=True)
class FitsFile:
    """A FITS file's primary header and its tables, in file order; ASCII tables are turned into binary ones.

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

        Parameters
        ----------
        extname : str, optional
        hdu : int
            Its number, from 1, where no EXTNAME is given.

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


def open_fits(data: bytes, name: str) -> FitsFile:
    """Open a FITS file held in memory.

    Parameters
    ----------
    data : bytes
        The file's content, plain or packed with gzip, compress, bzip2 or xz.
    name : str
        Its name, for messages.

    Raises
    ------
    DataError
        If it is not FITS, damaged, or ends in the middle of an HDU.
    """
    if not data:
        raise DamagedFile(f"{name}: the file is empty; a FITS file was expected.")
    data = unpack(data, name)
    if data[:6] != b"SIMPLE":
        raise DamagedFile(f"{name}: not a FITS file (it begins with {data[:8]!r}).")
    hdus = list(iterate_hdus(data, name))
    readers = {"BINTABLE": Table, "TABLE": binary_table}
    kinds = ((str(h.get("XTENSION", "")).strip(), h, d) for h, d in hdus[1:])
    return FitsFile(name, hdus[0][0], tuple(readers[kind](h, d, name) for kind, h, d in kinds if kind in readers))


def split_hdu(text: str) -> tuple[str, int | str | None]:
    """Split ``file[NAME]``, ``file[1]`` or ``file+1`` into file and HDU; None where none is named.

    Parameters
    ----------
    text : str
    """
    match = _EXTENDED.fullmatch(text.strip())
    if match is None:
        return text, None
    hdu = (match["name"] or match["number"]).strip()
    return match["file"], int(hdu) if re.fullmatch(r"[0-9]{1,6}", hdu) else hdu


def locate(path: str | Path) -> tuple[Path, int | str | None]:
    """Return the file that a name means, and the HDU if one is named; a file of just that name comes first.

    Where the file is missing, its name + ".gz" is tried, as CFITSIO does.

    Parameters
    ----------
    path : str or Path
    """
    name, hdu = split_hdu(str(path))
    candidates = [(Path(path), None), (Path(f"{path}.gz"), None), (Path(name), hdu), (Path(f"{name}.gz"), hdu)]
    return next((found for found in candidates if _exists(found[0])), (Path(name), hdu))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long a name, or a NUL in it; reading says so
        return False


def content(path: Path, longest: int = -1) -> bytes:
    """Return what is in a file.

    Parameters
    ----------
    path : Path
    longest : int [byte]
        How much is read at most; below 0, all.

    Raises
    ------
    OSError
        Also for a pipe or a device, which may never end; ``<(command)`` of shells is taken.
    """
    if path.exists() and not path.is_file() and not path.is_dir() and path.parent != Path("/dev/fd"):
        raise OSError(EINVAL, "it is a pipe or a device, a file was expected")
    with path.open("rb") as file:
        return file.read(longest)


def read_bytes(path: str | Path) -> bytes:
    """Return a file's content; see `locate`, an HDU that is named does not matter.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    DataError
        If there is no such file or it can't be read.
    """
    try:
        return content(locate(path)[0])
    except OSError as error:
        raise DataError(f"{shortened_name(path)}: can't be read ({error.strerror}).") from None
    except ValueError:  # a NUL in the name
        raise DataError(f"{shortened(path)}: no file has such a name.") from None


def read_fits(path: str | Path) -> FitsFile:
    """Open a FITS file on disk; see `read_bytes` and `open_fits`.

    The table that the name tells (``file[STDGTI]``, ``file+2``) becomes the first one.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    DataError
        If there is no such file or extension, it can't be read, or it is not FITS.
    """
    _, hdu = locate(path)
    file = open_fits(read_bytes(path), str(path) if hdu is None else split_hdu(str(path))[0])
    if hdu in (None, 0, 1):
        return file
    chosen = file.table(hdu=hdu) if isinstance(hdu, int) else file.table(hdu)
    return replace(file, tables=(chosen, *(table for table in file.tables if table is not chosen)))


class Span(NamedTuple):
    """Where an HDU lies in a file.

    Parameters
    ----------
    header : Header
    start, data : int
        First byte of the header, and of the data unit.
    size : int [byte]
        Of the data unit, without padding.
    """

    header: Header
    start: int
    data: int
    size: int

    @property
    def stop(self) -> int:
        """First byte behind the data unit and its padding."""
        return self.data + -(-self.size // BLOCK) * BLOCK


def iterate_hdus(data: bytes, name: str) -> Iterator[tuple[Header, memoryview]]:
    """Iterate over header and data unit of each HDU of a FITS file held in memory, not compressed.

    Parameters
    ----------
    data : bytes
    name : str
        File name, for messages.

    Raises
    ------
    DataError
        If it is damaged or ends in the middle of an HDU.
    """
    view = memoryview(data)
    for span in spans(data, name):
        yield span.header, view[span.data : span.data + span.size]


def spans(data: bytes, name: str) -> Iterator[Span]:
    """Iterate over the places of the HDUs of a FITS file held in memory, not compressed.

    Parameters
    ----------
    data : bytes
    name : str
        File name, for messages.

    Raises
    ------
    DataError
        If it is damaged or ends in the middle of an HDU.
    """
    at, number = 0, 0
    while at < len(data):
        if number and (mark := data[at : at + 8]) != b"XTENSION":
            if not mark.rstrip(b"\0 "):
                return  # padding behind the last HDU
            raise DamagedFile(f"{name}: HDU {number} does not begin with XTENSION at byte {at}; the file is damaged.")
        end = header_end(data, at, name, number)
        header = Header.from_block(data[at:end])
        size = data_size(header, f"{name}[HDU {number}]")
        if end + size > len(data):
            raise DamagedFile(
                f"{name}[{header.get('EXTNAME', f'HDU {number}')}]: the file ends after {len(data)} bytes, but this "
                f"HDU's data end at byte {end + size}; the file is cut, fetch it again."
            )
        yield Span(header, at, end, size)
        at = end + -(-size // BLOCK) * BLOCK
        number += 1


def header_end(data: bytes, at: int, name: str, number: int) -> int:
    """Return the first byte behind a header and its padding.

    Parameters
    ----------
    data : bytes
        A FITS file, or its beginning.
    at : int
        Where the header begins.
    name : str
    number : int
        Of the HDU, for messages.

    Raises
    ------
    DataError
        If it has no END card.
    """
    limit = at + MAX_HEADER
    found = data.find(_END, at, limit)
    while found >= 0 and (found - at) % CARD:
        found = data.find(_END, found + 1, limit)
    if found < 0:
        raise DamagedFile(f"{name}: the header of HDU {number} has no END card; the file is cut, fetch it again.")
    return at + -(-(found + CARD - at) // BLOCK) * BLOCK


def data_size(header: Header, where: str) -> int:
    """Return the size of a header's data unit, without padding.

    Parameters
    ----------
    header : Header
    where : str
        File and HDU, for messages.

    Returns
    -------
    int [byte]

    Raises
    ------
    DataError
        If a keyword that tells it is missing, or no whole number from 0 on.
    """
    n_axis = header.count("NAXIS", where)
    if n_axis > _MAX_AXES:
        raise DamagedFile(f"{where}: keyword NAXIS is {n_axis}; FITS files have {_MAX_AXES} axes at most.")
    size = abs(int(header.finite("BITPIX", where))) // 8 if n_axis else 0
    for axis in range(1, n_axis + 1):
        size *= header.count(f"NAXIS{axis}", where)
    size = size * header.count("GCOUNT", where, 1) + header.count("PCOUNT", where, 0)
    if size > _MAX_DATA:
        raise DamagedFile(
            f"{where}: the header promises more than 10^18 bytes of data; it is damaged, fetch the file again."
        )
    return size
