"""An observation's directory in an archive: what it holds, and what else may have been meant."""

from __future__ import annotations

from collections.abc import Sequence

from rossi.archive import ObsID
from rossi.errors import ConfigError, DataError
from services.contract import Caveat
from services.storage import ArchiveFile, ArchiveSource

#: Code of the caveat on a failure that is this.
NOT_IN_ARCHIVE = "not_in_archive"
_GZIPPED = ".gz"
#: Other observations that a message names.
_NAMED = 6


class NotInArchive(DataError):
    """The archive has no such observation, or not any more."""


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


def one_of_each(listing: Sequence[ArchiveFile]) -> tuple[list[ArchiveFile], tuple[Caveat, ...]]:
    """Leave out a file beside its compressed form, as ``gunzip -k`` leaves it; or that, where it is empty."""
    sizes = {file.path: file.size for file in listing}
    both = [path for path in sizes if path + _GZIPPED in sizes]
    left_out = {path if sizes[path + _GZIPPED] else path + _GZIPPED for path in both}
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
    named = segments or found
    if not named:
        return "check the ObsID, or fetch the observation."
    what = "but these segments of it are" if segments else "but these observations of the same viewing are"
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"{what}: {', '.join(named[:_NAMED])}{more}. Ask for them instead, or fetch the observation."


def _beside(archive: ArchiveSource, obsid: ObsID) -> list[str]:
    """Return the ObsIDs of the same viewing that are in the archive, slews and scans only if one is asked for."""
    try:
        names = archive.directories(obsid.path.rstrip("/").rpartition("/")[0])
    except DataError:
        return []
    found = [name for name in names if name != obsid.text and _viewing(name) == obsid.viewing]
    return [name for name in found if ObsID(name).is_pointing or not obsid.is_pointing]


def _viewing(name: str) -> str:
    try:
        return ObsID(name).viewing
    except ConfigError:
        return ""
