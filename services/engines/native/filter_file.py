"""The filter file of an observation, on the native engine."""

from __future__ import annotations

from collections.abc import Sequence

from rossi.fits.reader import FitsFile
from rossi.pca.filter import build_filter_file
from rossi.pca.filter.indices import read_master
from services.contract import File, Inputs
from services.contract.filter_file import FilterSource


def filter_file(
    source: FilterSource,
    inputs: Inputs,
    others: Sequence[File],
    history: FitsFile | None = None,
    said: list[str] | None = None,
) -> File:
    """Return the archive's filter file, or make one.

    Parameters
    ----------
    source : FilterSource
    inputs : mapping
        With ``filter_file``, or ``index`` and ``spacecraft``; see `services.contract.filter_file`.
    others : sequence of File
        What else it is made from: housekeeping of the PCUs.
    history : FitsFile, optional
        History of breakdowns.
    said : list of str, optional
        See `rossi.pca.filter.build_filter_file`.
    """
    if source is FilterSource.ARCHIVE:
        (found,) = inputs["filter_file"]
        return File(found.name.rpartition("/")[2], found.data)
    files = {item.name: item.data for item in (*inputs["index"], *inputs["spacecraft"], *others)}
    master = read_master(files)
    data = build_filter_file(files, history, compress=True, said=said)
    return File(f"FP_{master.start:08x}-{master.stop:08x}.xfl.gz", data)
