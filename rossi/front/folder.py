"""Observations in a folder of this machine."""

from __future__ import annotations

import os
from pathlib import Path

from rossi.errors import DataError, shortened_name
from rossi.fits.reader import content


def list_folder(folder: Path) -> dict[str, int]:
    """Return the files below a folder, by path relative to it; none if there is no such folder.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict of str to int [byte]
        Sizes.

    Raises
    ------
    DataError
        If it can't be read.
    """
    found: dict[str, int] = {}
    try:
        for place, _, names in os.walk(folder, onerror=_refuse):
            for path in (Path(place, name) for name in names):
                if path.is_file():
                    found[path.relative_to(folder).as_posix()] = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        place = shortened_name(error.filename or folder)
        raise DataError(f"{place}: can't be read ({error.strerror}); check its rights.") from None
    return found


def _refuse(error: OSError) -> None:
    raise error


def read_file(path: Path, longest: int = -1) -> bytes:
    """Return the content of a file, or so many bytes of it.

    Parameters
    ----------
    path : Path
    longest : int
        Of bytes; -1 for all.

    Raises
    ------
    DataError
        If it is not there any more or can't be read.
    """
    try:
        return content(path, longest)
    except OSError as error:
        raise DataError(f"{path}: the file can't be read ({error.strerror}); check the archive's copy.") from None
