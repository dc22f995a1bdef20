"""Files of a stage's inputs, as the native engine takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial

from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.unread import open_in_turn
from rossi.fits.writer import gzipped
from rossi.pca.filter import build_filter_file
from rossi.pca.filter.indices import Files, read_master
from rossi.product import About
from rossi.remarks import Remark, undated
from services.contract import File, Inputs
from services.contract.filter_file import FILTER_FILE, FilterSource

#: How much of large files stays in memory while they are worked on, one after the other [byte]: Standard2 of 30 ks.
WHOLE = 16 << 20


def opened(item: File) -> FitsFile:
    """Open a FITS file, unless whoever made it has it open still."""
    return item.opened()


def opened_calibration(item: File) -> FitsFile:
    """Open a small calibration file, once a process for all observations."""
    return _calibration(item.name, item.content)


@lru_cache(maxsize=8)
def _calibration(name: str, data: bytes) -> FitsFile:
    return open_fits(data, name)


def opened_in_turn(items: Sequence[File]) -> list[FitsFile]:
    """Open files of which not all are in memory where they are large; see `rossi.fits.unread`."""
    return open_in_turn([partial(opened, item) for item in items], WHOLE)


def packed(name: str, plain: bytes, about: About) -> File:
    """Return a small file as the store gets it, gzip-compressed, and as the next stage of this process reads it."""
    name = f"{name}.gz"
    return File(name, gzipped(plain), about=about, plain=plain, fits=open_fits(plain, name))


def contents_of(items: Iterable[File]) -> dict[str, bytes]:
    """Return the content of files by name."""
    return {item.name: item.content for item in items}


def filter_file(
    source: FilterSource, inputs: Inputs, others: Files, history: FitsFile | None = None
) -> tuple[File, list[Remark]]:
    """Return the archive's filter file, or make one; and what there is to say of its sources.

    Parameters
    ----------
    source : FilterSource
    inputs : mapping
        With ``filter_file``, or ``index`` and ``spacecraft``; see `services.contract.filter_file`.
    others : mapping of str to bytes or FitsFile
        What else it is made from, by path: housekeeping of the PCUs, Standard2 data.
    history : FitsFile, optional
        History of breakdowns.
    """
    if source is FilterSource.ARCHIVE:
        (found,) = inputs["filter_file"]
        name = found.name.rpartition("/")[2]
        return File(name, found.data, about=FILTER_FILE, fits=open_fits(found.data, name)), []
    files = {**{item.name: item for item in inputs["index"]}, **contents_of(inputs["spacecraft"]), **others}
    said: list[str] = []
    master = read_master(files)
    data = build_filter_file(files, history, said=said, master=master)
    return packed(master.filter_file, data, FILTER_FILE), undated(said)
