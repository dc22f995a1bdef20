"""Of the files that an input may be, those that a configuration needs: told by their headers before any is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.contract import Caveat, Input, Look
from services.storage import ArchiveFile, ArchiveSource


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of the files of an input.

    Parameters
    ----------
    files, left_out : list of ArchiveFile
    caveats : tuple of Caveat
    """

    files: list[ArchiveFile]
    left_out: list[ArchiveFile]
    caveats: tuple[Caveat, ...] = ()


def narrow(
    declared: Input,
    config: Any,
    found: Sequence[ArchiveFile],
    listing: Sequence[ArchiveFile],
    folder: str,
    archive: ArchiveSource,
) -> Kept:
    """Leave out the files of an input that a configuration does not need.

    Parameters
    ----------
    declared : Input
    config
        Of the stage.
    found : sequence of ArchiveFile
        Those that match.
    listing : sequence of ArchiveFile
        The whole observation.
    folder : str
        Of the observation, with a final slash.
    archive : ArchiveSource
    """
    if declared.narrow is None or not found:
        return Kept(list(found), [])
    files = {file.path.removeprefix(folder): file for file in listing}

    def beginnings(paths: Sequence[str], size: int) -> Sequence[bytes]:
        return archive.beginnings([files[path] for path in paths], size)

    look = Look(tuple(files), beginnings, lambda path: archive.fetch(files[path].path))
    wanted, caveats = declared.narrow(config, look)
    kept = [file for file in found if file.path.removeprefix(folder) in wanted]
    return Kept(kept, [file for file in found if file not in kept], tuple(caveats))
