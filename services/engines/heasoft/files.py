"""Files on their way into a sandbox and out of it."""

from __future__ import annotations

from collections.abc import Iterable

from isal import igzip

from rossi.archive import stem_of
from rossi.fits.header import Header
from rossi.fits.reader import gunzip, iterate_hdus
from rossi.fits.writer import TableHDU, join_hdus
from services.contract import File


def plain(item: File) -> bytes:
    """Return a file's content, not compressed, as all tasks read it (and those that change it in place must)."""
    return gunzip(item.data, item.name)


def file_name(item: File) -> str:
    """Return a file's name without folders."""
    return item.name.rpartition("/")[2]


def base_name(item: File) -> str:
    """Return a file's name without folders and ``.gz``."""
    return stem_of(item.name)


def zipped(data: bytes) -> bytes:
    """Compress a product as the native engine does; equal content gives equal bytes."""
    return bytes(igzip.compress(data, 1, mtime=0))


def file_list(names: Iterable[str]) -> bytes:
    """Return the content of a list that tasks read as ``@list``."""
    return "".join(f"{name}\n" for name in names).encode()


def joined(first: File, second: File) -> bytes:
    """Return one FITS file with the extensions of two: those of the first file come first.

    ``pcaprepobsid`` hands its one ``breakfile`` to a task that reads the first extension (the history of breakdowns)
    and to one that looks for extensions by name (the times without).
    """
    hdus: list[tuple[Header, memoryview]] = list(iterate_hdus(plain(first), first.name))
    hdus += list(iterate_hdus(plain(second), second.name))[1:]
    return join_hdus(TableHDU(header, bytes(data)) for header, data in hdus)
