"""Unpacking files held in memory, without letting a small file fill it."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from functools import partial
from typing import IO, cast

from isal import igzip, igzip_lib

from rossi.errors import DamagedFile

_MAGIC = b"\x1f\x8b"

#: Largest content of one file [byte]. The largest files of RXTE's archive, event lists, have some 300 MB.
MAX_SIZE = 2 << 30
#: How many times smaller than its content a file may be. Tables of RXTE shrink to a third or a twentieth; a table of
#: zeros to a thousandth, which is also what gzip can do at most.
MAX_RATIO = 200
#: Content up to this size [byte] may be of any ratio: headers and tables of few rows hold little else than blanks.
ANY_RATIO = 64 << 20
_PIECE = 4 << 20
#: Enough for a gzip header with a file name, and the tables of the first block [byte].
_HEADER = 4096


def is_gzip(data: bytes) -> bool:
    """Return whether a file begins as gzip-compressed ones do.

    Parameters
    ----------
    data : bytes
    """
    return data[:2] == _MAGIC


def size_limit(packed: int) -> int:
    """Return how much a gzip file may hold.

    Parameters
    ----------
    packed : int [byte]
        Size of the file.

    Returns
    -------
    int [byte]
    """
    return min(MAX_SIZE, max(ANY_RATIO, MAX_RATIO * packed))


def beginning(data: bytes, size: int) -> bytes:
    """Return the first bytes of a file's content, decompressed where it is gzip-compressed; fewer where it is cut.

    Parameters
    ----------
    data : bytes
    size : int [byte]
    """
    if not is_gzip(data):
        return data[:size]
    try:
        return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP).decompress(data[: size + _HEADER], size)
    except (igzip_lib.IsalError, OSError):  # type: ignore[misc] # its stub declares an instance
        return b""


def gunzip(data: bytes, name: str) -> bytes:
    """Return the decompressed bytes of a gzip file; anything else is returned as it is.

    Parameters
    ----------
    data : bytes
    name : str
        File name, for messages.

    Raises
    ------
    DataError
        If the file is cut, its check sum is wrong, or it holds more than `size_limit` allows.
    """
    if not is_gzip(data):
        return data
    limit = size_limit(len(data))
    try:
        content = _content(data, limit)
    except EOFError:
        content = None
    except (igzip_lib.IsalError, zlib.error, OSError) as error:  # type: ignore[misc] # its stub declares an instance
        raise DamagedFile(f"{name}: the gzip file is damaged ({error}); fetch the file again.") from None
    if content is None:
        raise DamagedFile(f"{name}: the gzip file ends too early ({len(data)} bytes are there); fetch the file again.")
    if len(content) > limit:
        raise DamagedFile(
            f"{name}: the gzip file of {len(data)} bytes holds more than {limit} bytes, which no file of RXTE's "
            "archive does; fetch the file again."
        )
    return content


def _lzw(packed: IO[bytes]) -> IO[bytes]:
    from uncompresspy import LZWFile

    return cast(IO[bytes], LZWFile(packed, warn_truncation=False, save_checkpoints=False))


#: Other ways of packing, by the first bytes of the file: what they are called, and what opens them. ``compress`` (.Z)
#: was the archive's in the nineties.
_OTHERS: dict[bytes, tuple[str, Callable[[IO[bytes]], IO[bytes]]]] = {
    b"\x1f\x9d": ("compress (.Z)", _lzw),
    b"BZh": ("bzip2", bz2.BZ2File),
    b"\xfd7zXZ\x00": ("xz", lzma.LZMAFile),
}


def unpack(data: bytes, name: str) -> bytes:
    """Return the content of a file packed with gzip, compress, bzip2 or xz; anything else is returned as it is.

    Parameters
    ----------
    data : bytes
    name : str
        File name, for messages.

    Raises
    ------
    DataError
        If the file is cut or damaged, or it holds more than `size_limit` allows.
    """
    for magic, (kind, opened) in _OTHERS.items():
        if data.startswith(magic):
            return _unpacked(data, name, kind, opened)
    return gunzip(data, name)


def _unpacked(data: bytes, name: str, kind: str, opened: Callable[[IO[bytes]], IO[bytes]]) -> bytes:
    limit = size_limit(len(data))
    try:
        with opened(io.BytesIO(data)) as stream:
            content = stream.read(limit + 1)
    except (EOFError, OSError, ValueError, IndexError, lzma.LZMAError) as error:
        raise DamagedFile(f"{name}: the {kind} file is cut or damaged ({error}); fetch the file again.") from None
    if len(content) > limit:
        raise DamagedFile(
            f"{name}: the {kind} file of {len(data)} bytes holds more than {limit} bytes, which no file of RXTE's "
            "archive does; fetch the file again."
        )
    return content


def _content(data: bytes, limit: int) -> bytes | None:
    """Return the content, or a little more than `limit` bytes of it; None where the file is cut."""
    told = int.from_bytes(data[-4:], "little")  # the length of one member; room for more would take as long to get
    for most in (min(told, limit), limit):
        member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        content = member.decompress(data, most + 1)
        if member.eof:  # behind it may be more members, or zeros as padding
            return _piece_by_piece(data, limit) if member.unused_data else content
    return content if len(content) > limit else None


def _piece_by_piece(data: bytes, limit: int) -> bytes:
    """Return the content of all members, or a little more than `limit` bytes of it."""
    pieces, size = [], 0
    with igzip.open(io.BytesIO(data), "rb") as stream:
        for piece in iter(partial(stream.read, _PIECE), b""):
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                break
    return b"".join(pieces)
