"""Copying out of an archive what the stages need of an observation, and no more."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rossi.errors import ConfigError, DataError
from services.contract import ARCHIVE, Frozen
from services.contract.stage import any_of
from services.execution.narrowing import narrow
from services.execution.observation import in_parts, list_observation, read_obsid
from services.execution.stages import load_stage
from services.storage import ArchiveFile, ArchiveSource, StoreError
from services.storage.archive import UNKNOWN
from services.storage.patience import Pause, patiently

#: Beside the copies, a file for each observation: the identity in the archive, and the sha256, of each.
_NOTES = ".fetched"
#: Observations that are looked at and copied at a time: an archive elsewhere is mostly waited for.
_AT_A_TIME = 8
#: Where a path names the observation: AO2/P20402/20402-01-45-03/...
_OBSERVATION = 2


@dataclass(frozen=True, slots=True)
class Needed:
    """What is needed of an observation.

    Parameters
    ----------
    files : tuple of ArchiveFile
        With size and identity.
    whole : int [byte]
        Size of all files of the observation; `UNKNOWN` where the archive does not list sizes, as a local one.
    """

    files: tuple[ArchiveFile, ...]
    whole: int

    @property
    def size(self) -> int:
        """Of the files that are needed [byte]."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of an observation.

    Parameters
    ----------
    obsid : str
    needed : Needed or None
    copied : int
        Files that were not there before.
    size : int [byte]
        Of those.
    problem : DataError, StoreError or None
        Why there are no (more) copies.
    """

    obsid: str
    needed: Needed | None = None
    copied: int = 0
    size: int = 0
    problem: DataError | StoreError | None = None


def fetch_all(
    archive: ArchiveSource,
    obsids: Sequence[str],
    stages: Mapping[str, Frozen],
    folder: Path | None,
    on_pause: Callable[[Pause], None],
) -> Iterator[Fetched]:
    """Copy what stages read of observations, a few at a time; iterate over what became of each, in order.

    One that fails is no reason to leave out others. An archive that is away is waited for.

    Parameters
    ----------
    archive : ArchiveSource
    obsids : sequence of str
    stages : mapping of name to configuration
    folder : Path or None
        See `copy`; None copies nothing.
    on_pause : callable
        Told of every pause.

    Raises
    ------
    ConfigError
        If the folder can't be written, or the archive is none.
    Away
    """
    asked = list(dict.fromkeys(obsids))

    def fetch(obsid: str) -> Fetched:
        return _fetch(archive, obsid, stages, folder)

    with ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="fetch") as pool:
        for first in range(0, len(asked), _AT_A_TIME):
            batch = _Batch(asked[first : first + _AT_A_TIME], lambda obsids: pool.map(fetch, obsids))
            yield from patiently(batch.work, archive, None, on_pause, _some_lost)


class _Batch:
    """A few observations; what failed as if the archive was away is tried once more when it is asked for again."""

    def __init__(self, obsids: list[str], fetch: Callable[[list[str]], Iterator[Fetched]]) -> None:
        self._obsids, self._fetch = obsids, fetch
        self._done: dict[str, Fetched] = {}

    def work(self) -> list[Fetched]:
        left = [one for one in self._obsids if one not in self._done or _some_lost([self._done[one]])]
        self._done |= {fetched.obsid: fetched for fetched in self._fetch(left)}
        return [self._done[obsid] for obsid in self._obsids]


def _some_lost(results: Sequence[Fetched]) -> bool:
    return any(isinstance(fetched.problem, StoreError) for fetched in results)


def _fetch(archive: ArchiveSource, obsid: str, stages: Mapping[str, Frozen], folder: Path | None) -> Fetched:
    found = None
    try:
        found = needed(archive, obsid, stages)
        copied = copy(archive, found.files, folder) if folder is not None else ()
    except (DataError, StoreError) as error:
        return Fetched(obsid, found, problem=error)
    return Fetched(obsid, found, len(copied), sum(file.size for file in copied))


def needed(archive: ArchiveSource, obsid: str, stages: Mapping[str, Frozen]) -> Needed:
    """Return the files that stages read of an observation.

    Parameters
    ----------
    archive : ArchiveSource
    obsid : str
    stages : mapping of name to configuration

    Raises
    ------
    DataError
        If the observation is not in the archive.
    """
    one = read_obsid(archive, obsid)
    folder = one.path
    listing = list_observation(archive, one)
    told = [one for name, config in stages.items() for one in load_stage(name).inputs_for(config)]
    named = any_of(one for one in told if one.source == ARCHIVE and one.narrow is None).fullmatch
    wanted = {file.path for file in listing if named(file.path, len(folder))}
    wanted |= {file.path for file in _narrowed(archive, stages, listing, folder)}
    chosen = [file for file in listing if file.path in wanted]
    sizes = [file.size for file in listing]
    return Needed(tuple(archive.identify(chosen)), UNKNOWN if UNKNOWN in sizes else sum(sizes))


def copy(archive: ArchiveSource, files: tuple[ArchiveFile, ...], folder: Path) -> tuple[ArchiveFile, ...]:
    """Copy files into a folder that is laid out as the archive; those that are there with the same content are left.

    Each appears whole or not at all. Which identity in the archive the copies have, and what they hold, is remembered
    beside them: an archive elsewhere need not tell a checksum.

    Returns
    -------
    tuple of ArchiveFile
        Those that were copied.

    Raises
    ------
    ConfigError
        If the folder can't be written.
    """
    if not files:
        return ()
    notes = folder / _NOTES / f"{PurePosixPath(files[0].path).parts[_OBSERVATION]}.json"
    noted = _read_notes(notes)
    missing = tuple(file for file in files if not _is_there(folder / file.path, file, noted.get(file.path)))
    for part in in_parts(missing):
        for file, data in zip(part, archive.fetch_many(part), strict=True):
            _write(folder / file.path, data)
            noted[file.path] = [file.identity, _digest(data)]
        _write(notes, json.dumps(noted, indent=1, sort_keys=True).encode())
    return missing


def _narrowed(
    archive: ArchiveSource, stages: Mapping[str, Frozen], listing: Sequence[ArchiveFile], folder: str
) -> Iterator[ArchiveFile]:
    """Return the files of those inputs of which headers tell which are needed."""
    for name, config in stages.items():
        for declared in load_stage(name).inputs_for(config):
            if declared.narrow is not None:
                found = [file for file in listing if declared.matches(file.path.removeprefix(folder))]
                yield from narrow(declared, config, found, listing, folder, archive).files


def _read_notes(path: Path) -> dict[str, list[str]]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):  # what can't be read is copied once more
        return {}
    return found if isinstance(found, dict) else {}


def _is_there(path: Path, file: ArchiveFile, noted: list[str] | None) -> bool:
    """Return whether a copy is of what the archive has now, and still holds it."""
    try:
        if path.stat().st_size != file.size:
            return False
        digest = _digest(path.read_bytes())
    except OSError:
        return False
    return digest == file.identity or [file.identity, digest] == noted


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f".{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise ConfigError(f"{path} can't be written ({error.strerror}); name another folder with --out.") from None
