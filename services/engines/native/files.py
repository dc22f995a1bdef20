"""Files of a stage's inputs, as the native engine takes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from rossi.fits.reader import FitsFile, open_fits
from rossi.pca.filter import build_filter_file
from rossi.pca.filter.indices import read_master
from rossi.remarks import Remark, undated
from services.contract import File, Inputs
from services.contract.filter_file import FILTER_FILE, FilterSource


def opened(item: File) -> FitsFile:
    """Open a FITS file."""
    return open_fits(item.data, item.name)


def filter_file(
    source: FilterSource, inputs: Inputs, others: Sequence[File], history: FitsFile | None = None
) -> tuple[File, list[Remark]]:
    """Return the archive's filter file, or make one; and what there is to say of its sources.

    Parameters
    ----------
    source : FilterSource
    inputs : mapping
        With ``filter_file``, or ``index`` and ``spacecraft``; see `services.contract.filter_file`.
    others : sequence of File
        What else it is made from: housekeeping of the PCUs, Standard2 data.
    history : FitsFile, optional
        History of breakdowns.
    """
    if source is FilterSource.ARCHIVE:
        (found,) = inputs["filter_file"]
        return File(PurePosixPath(found.name).name, found.data, about=FILTER_FILE), []
    files = {item.name: item.data for item in (*inputs["index"], *inputs["spacecraft"], *others)}
    said: list[str] = []
    data = build_filter_file(files, history, compress=True, said=said)
    return File(f"{read_master(files).filter_file}.gz", data, about=FILTER_FILE), undated(said)
