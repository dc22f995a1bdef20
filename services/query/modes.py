"""Which data modes an observation has, of any archive; only the beginnings of its science files are read."""

from __future__ import annotations

from collections.abc import Sequence

from rossi.timing.modes import Modes
from rossi.timing.observed import read_modes
from services.execution.observation import list_observation, one_of_each, read_obsid
from services.storage import ArchiveSource


def observation_modes(archive: ArchiveSource, obsid: str) -> Modes:
    """Return the data modes of an observation.

    Raises
    ------
    DataError
        If the observation is not in the archive, or a file can't be had.
    """
    wanted = read_obsid(archive, obsid)
    listed, caveats = one_of_each(list_observation(archive, wanted), archive)
    files = {file.path.removeprefix(wanted.path): file for file in listed}

    def beginnings(paths: Sequence[str], size: int) -> Sequence[bytes]:
        return archive.beginnings([files[path] for path in paths], size)

    found = read_modes(list(files), beginnings, lambda path: archive.fetch(files[path].path))
    remarks = (*(caveat.message for caveat in caveats), *found.remarks)
    return Modes(dict(found), found.configurations, remarks)
