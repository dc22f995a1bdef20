"""Files that are on the disk, whole, before they have their names.

Each is written under a hidden temporary name in its final folder and flushed, then named, and the folder flushed. All
are written before the first is flushed, and all are flushed before the first has its name.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from services.storage.flushing import flush

#: Under this name, in its final directory, a file is written.
TEMPORARY = re.compile(r"\.[0-9a-f]{32}")
#: How often a directory is made that goes away before something is written there: somebody removes empty ones.
_TRIES = 100

#: Where a file is to be: descriptor of its folder, and its name.
Place = tuple[int, str]


def write(files: Sequence[tuple[str, str, bytes]], publish: Callable[[dict[Place, str], Place], bool]) -> list[bool]:
    """Write files in folders that are made if need be, each whole or not at all; return whether each is there by it.

    Parameters
    ----------
    files : sequence of (str, str, bytes)
        Folders, names and contents, named in this order; no two of one name in one folder. As many files and folders
        are open at the same time.
    publish : callable
        Gives a file its name: told the temporary names by places, and the place.
    """
    for _ in range(_TRIES if files else 0):
        _make({folder for folder, _, _ in files})
        with suppress(FileNotFoundError), _closed() as folders, _written(files, folders) as temporaries:
            created = [publish(temporaries, place) for place in list(temporaries)]
            flush(folders)
            return created
    return [False] * len(files)


def rename(temporaries: dict[Place, str], place: Place) -> bool:
    """Give a file its name, whoever had it before."""
    folder, name = place
    os.replace(temporaries.pop(place), name, src_dir_fd=folder, dst_dir_fd=folder)
    return True


def _make(folders: Iterable[str]) -> None:
    """Make folders that are not there, those above first; it is no error if somebody removes them at the same time."""
    missing: set[str] = set()
    for place in folders:
        folder = place
        while folder and folder not in missing and not os.access(folder, os.F_OK):
            missing.add(folder)
            folder = folder.rpartition("/")[0]
    with suppress(FileNotFoundError):
        for folder in sorted(missing):
            try:
                os.mkdir(folder)  # noqa: PTH102 - several of every observation
            except FileExistsError:  # by somebody else; or it is no folder
                Path(folder).mkdir(exist_ok=True)


@contextmanager
def _closed() -> Iterator[list[int]]:
    """Close in the end what was opened meanwhile."""
    descriptors: list[int] = []
    try:
        yield descriptors
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


@contextmanager
def _written(files: Sequence[tuple[str, str, bytes]], folders: list[int]) -> Iterator[dict[Place, str]]:
    """Open folders; write files under temporary names, told by places; those that are left in the end are removed."""
    temporaries: dict[Place, str] = {}
    opened: dict[str, int] = {}
    mine = secrets.token_hex(12)
    try:
        with _closed() as descriptors:
            for path, name, data in files:
                if (folder := opened.get(path)) is None:
                    folders.append(folder := os.open(path, os.O_RDONLY))
                    opened[path] = folder
                temporary, left = f".{mine}{len(temporaries):08x}", data
                descriptors.append(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=folder))
                temporaries[folder, name] = temporary
                while left:
                    left = left[os.write(descriptors[-1], left) :]
            flush(descriptors)
        yield temporaries
    finally:
        for (folder, _), temporary in temporaries.items():
            with suppress(OSError):  # what stays is a leftover
                os.unlink(temporary, dir_fd=folder)
