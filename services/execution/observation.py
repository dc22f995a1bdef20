"""An observation's directory in an archive: what it holds, and what else may have been meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rossi.archive import ObsID, meant
from rossi.errors import ConfigError, DataError
from rossi.facts import some_of
from services.contract import Caveat
from services.storage import ArchiveFile, ArchiveSource, StoreError

_GZIPPED = ".gz"
#: Contents of an observation that are in memory at a time [byte]; of larger files, one.
_IN_MEMORY = 32 << 20
#: Other observations that a message names.
_NAMED = 6
#: Of a proposal's number.
_DIGITS = 5
#: The beginning of an ObsID.
_PART = re.compile(r"[0-9]{1,4}|[0-9]{5}(-[0-9]*){0,3}")


class NotInArchive(DataError):
    """The archive has no such observation, or not any more."""

    code = "not_in_archive"


def read_obsid(archive: ArchiveSource | None, text: str) -> ObsID:
    """Return the ObsID that a text is.

    Raises
    ------
    DataError
        If it is none; names what the archive has that begins as it does.
    """
    try:
        return ObsID(text)
    except ConfigError as error:  # wrong for this observation, not for all of them
        raise DataError(f"{error} {_beginning(archive, text)}".strip()) from None


@lru_cache(maxsize=64)  # asked by all who read something of an observation
def folder_of(obsid: str) -> str:
    """Return the folder of an observation in an archive, with a final slash; see `ObsID.path`."""
    return ObsID(obsid).path


def list_observation(archive: ArchiveSource, obsid: ObsID) -> list[ArchiveFile]:
    """Return the files of an observation.

    Raises
    ------
    NotInArchive
    """
    listing = archive.list(obsid.path)
    if not listing:
        raise NotInArchive(f"{obsid.path} is not in the archive; {hint(archive, obsid)}")
    return listing


def in_parts(files: Sequence[ArchiveFile]) -> Iterator[list[ArchiveFile]]:
    """Deal files out so that what is in memory at a time is not too much."""
    part: list[ArchiveFile] = []
    for file in files:
        if part and sum(one.size for one in part) + file.size > _IN_MEMORY:
            yield part
            part = []
        part.append(file)
    if part:
        yield part


def one_of_each(listing: Sequence[ArchiveFile], archive: ArchiveSource) -> tuple[list[ArchiveFile], tuple[Caveat, ...]]:
    """Leave out a file beside its compressed form, as ``gunzip -k`` leaves it; or that, where it is empty."""
    files = {file.path: file for file in listing}
    both = [path for path in files if path + _GZIPPED in files]
    starts = archive.beginnings([files[path + _GZIPPED] for path in both], 1) if both else ()
    left_out = {path if start else path + _GZIPPED for path, start in zip(both, starts, strict=True)}
    caveats = tuple(
        Caveat(
            code="two_copies",
            message=f"{path} is there both with and without .gz; the one "
            f"{'with' if path in left_out else 'without'} it is taken.",
        )
        for path in both
    )
    return [file for file in listing if file.path not in left_out], caveats


def hint(archive: ArchiveSource, obsid: ObsID) -> str:
    """Return what to do about an observation that is not there: which segments of it, or observations beside it, are.

    An observation may be kept in segments only: 30188-06-01-000, -001 and -00G for 30188-06-01-00.
    """
    found = _beside(archive, obsid)
    stem = obsid.text.rstrip("GHIFVW")
    segments = [one for one in found if one.startswith(stem) or stem.startswith(one.rstrip("GHIFVW"))]
    beside = segments or found
    if not beside:
        return "check the ObsID, or fetch the observation."
    what = "but these segments of it are" if segments else "but these observations of the same viewing are"
    return f"{what}: {some_of(beside, _NAMED)}. Ask for them instead, or fetch the observation."


def _beside(archive: ArchiveSource, obsid: ObsID) -> list[str]:
    """Return the ObsIDs of the same viewing that are in the archive, slews and scans only if one is asked for."""
    try:
        names = archive.directories(obsid.path.rstrip("/").rpartition("/")[0])
    except DataError:
        return []
    found = [name for name in names if name != obsid.text and _viewing(name) == obsid.viewing]
    return [name for name in found if ObsID(name).is_pointing or not obsid.is_pointing]


def _beginning(archive: ArchiveSource | None, text: str) -> str:
    """Return a sentence about what is in the archive whose name begins as a text does that is no ObsID."""
    start, found = text.strip(), list[str]()
    if archive is None or meant(text) or not _PART.fullmatch(start):
        return ""
    try:
        while len(start) > 1 and not (found := _which_begin(archive, start)):
            start = start[:-1]
    except (DataError, StoreError):
        return ""
    return f"Beginning with {start}, the archive has {some_of(found, _NAMED)}." if found else ""


def _which_begin(archive: ArchiveSource, start: str) -> list[str]:
    """Return the observations, or where not even the proposal is whole the proposals, that begin so."""
    proposal = start.partition("-")[0]
    if len(proposal) == _DIGITS:
        folder = ObsID(f"{proposal}-01-01-00").path.rstrip("/").rpartition("/")[0]
        return [name for name in archive.directories(folder) if name.startswith(start)]
    cycles = [name for name in archive.directories("") if re.fullmatch("AO[0-9]+", name)]
    cycles = [name for name in cycles if name[2] == start[0] or (start[0] == "9" and len(name) > len("AO9"))]
    found = [name[1:] for cycle in cycles for name in archive.directories(cycle)]
    return sorted(name for name in found if name.startswith(start))


def _viewing(name: str) -> str:
    try:
        return ObsID(name).viewing
    except ConfigError:
        return ""
