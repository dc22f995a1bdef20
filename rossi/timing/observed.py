"""The data modes of an observation, from the beginnings of its science files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.timing.modes import LEADING, Configuration, Modes, configuration, first_table_header

#: Science files of each instrument: what their paths look like.
SCIENCE = {"PCA": re.compile(r"pca/(FS[0-9a-f]{2}|GX)_.*"), "HEXTE": re.compile(r"hexte/FS[0-9a-f]{2}_.*")}

#: Standard2 has 183 columns; its header has 90 kB, where it is not packed [byte].
_LONGER = 8 * LEADING

#: Returns so many bytes of the beginning of each of some files.
Beginnings = Callable[[Sequence[str], int], Sequence[bytes]]


def read_modes(files: Sequence[str], beginnings: Beginnings, whole: Callable[[str], bytes]) -> Modes:
    """Return what the science files of an observation hold.

    Parameters
    ----------
    files : sequence of str
        Paths relative to the observation's directory.
    beginnings : callable
        Returns so many bytes of the beginnings of files.
    whole : callable
        Returns a file, of which the beginning was not enough.

    Raises
    ------
    DataError
        If a file can't be had. One whose header can't be read, or that holds no PCA data, is a remark.
    """
    science = {path: name for name, kind in SCIENCE.items() for path in files if kind.fullmatch(path)}
    headers, remarks = read_headers(list(science), beginnings, whole)
    told = list[Configuration]()
    names: dict[str, set[str]] = {name: set() for name in SCIENCE}
    for path, header in headers.items():
        names[science[path]].add(str(header.get("DATAMODE", "")).strip())
        if science[path] == "PCA":
            try:
                told.append(configuration(header, path))
            except DataError as error:  # one damaged header should not hide the others
                remarks.append(str(error))
    return Modes({name: tuple(sorted(found - {""})) for name, found in names.items()}, told, remarks)


def read_headers(
    paths: Sequence[str], beginnings: Beginnings, whole: Callable[[str], bytes]
) -> tuple[dict[str, Header], list[str]]:
    """Return the headers of the first tables of files, from their beginnings where those are enough.

    Parameters
    ----------
    paths : sequence of str
    beginnings, whole : callable
        See `read_modes`.

    Returns
    -------
    dict of str to Header
        Without those of files whose headers can't be read.
    list of str
        What is wrong with these.
    """
    found: dict[str, Header] = {}
    wrong: dict[str, str] = {}
    left = list(paths)
    for size in (LEADING, _LONGER):
        short: list[str] = []
        for path, data in zip(left, beginnings(left, size) if left else (), strict=True):
            try:
                found[path] = first_table_header(data, path)
            except DataError as error:
                wrong[path] = str(error)
                if len(data) == size:  # there is more of it
                    short.append(path)
        left = short
    for path in left:
        try:
            found[path] = first_table_header(whole(path), path)
        except DataError as error:
            wrong[path] = str(error)
    return found, [text for path, text in wrong.items() if path not in found]
