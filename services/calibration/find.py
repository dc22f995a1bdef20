"""Choosing and fetching the calibration files of an observation."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rossi.calibration import INDEX, CalibrationEntry, read_index
from rossi.calibration_roles import DATA_SETS, Role, find_files
from rossi.errors import ConfigError
from rossi.fits.reader import open_fits
from services.calibration.config import CalibrationConfig
from services.calibration.fetch import FileCache, fetch, file_name, is_remote, join, zipped
from services.storage import StoreError

#: How to do without a file, for messages.
_WITHOUT = {Role.MODEL: "background = 'none' in [pca_prep]"}
_NONE = "'NONE'"
_WITHOUT |= dict.fromkeys((Role.DEAD_TIME_A, Role.DEAD_TIME_B), "instruments = ['pca'] in [campaign]")
#: What PCA needs.
PCA_ROLES = (Role.MODEL, Role.SAA, Role.BREAKDOWN, Role.BREAKDOWN_HISTORY)


@dataclass(frozen=True, slots=True)
class CalibrationFile:
    """A calibration file.

    Parameters
    ----------
    name : str
        Its name, for manifests and messages.
    url : str
        Where it came from.
    data : bytes
        Its content, as it was found (gzip-compressed files stay so).
    sha256 : str
        Of the content.
    extensions : tuple of int
        Which HDUs the CALDB chose; empty where all may be used.
    """

    name: str
    url: str
    data: bytes
    sha256: str
    extensions: tuple[int, ...] = ()


def find_calibration(
    config: CalibrationConfig, start: float, roles: Iterable[Role] = PCA_ROLES
) -> dict[Role, tuple[CalibrationFile, ...]]:
    """Return the calibration files of an observation.

    Files that are given go before those of the CALDB. Of the CALDB, what held when the observation started counts.

    Parameters
    ----------
    config : CalibrationConfig
    start : float [MJD]
        Start of the observation (DATE-OBS).
    roles : iterable of Role
        What is needed; by default what PCA needs.

    Returns
    -------
    dict of Role to tuple of CalibrationFile
        One file a role, several for models and for what each detector has its own; roles that are to do without (NONE),
        or that the CALDB may be without, are left out.

    Raises
    ------
    ConfigError
        If a file is missing, naming it.
    StoreError
        If a server did not answer as it should.
    """
    library = _library(config)
    found = {role: library.files(role, start) for role in roles}
    return {role: files for role, files in found.items() if files}


def check_calibration(config: CalibrationConfig, roles: Iterable[Role]) -> None:
    """Refuse a configuration that lacks calibration for every observation, or names files of another kind.

    Of a CALDB only the index is read: which of its files are needed depends on the observation.

    Parameters
    ----------
    config : CalibrationConfig
    roles : iterable of Role
        What is needed.

    Raises
    ------
    ConfigError
        Naming the first that is missing or of another kind.
    StoreError
        If a server did not answer as it should.
    """
    library = _library(config)
    for role in roles:
        library.check(role)


@lru_cache(maxsize=4)
def _library(config: CalibrationConfig) -> _Library:
    return _Library(config)


class _Library:
    """The files of a configuration; each is fetched once."""

    def __init__(self, config: CalibrationConfig) -> None:
        self._config = config
        self._root = os.path.expandvars(config.caldb)
        self._cache = FileCache(Path(config.cache).expanduser())
        self._files: dict[str, CalibrationFile] = {}
        self._entries: dict[str, tuple[CalibrationEntry, ...]] = {}
        self._fit: set[tuple[Role, str]] = set()
        self._given: dict[Role, tuple[CalibrationFile, ...]] = {}

    def files(self, role: Role, start: float) -> tuple[CalibrationFile, ...]:
        if role in self._given:
            return self._given[role]
        given, wanted = self._config.given(role), DATA_SETS[role]
        if given or (wanted.optional and not self._root):
            self._given[role] = () if given == ("NONE",) else tuple(self._file(role, url) for url in given)
            return self._given[role]
        if wanted.optional and not self._has_index(wanted.instrument):
            return ()
        self._need_root(role)
        url, index = self._index(wanted.instrument)
        found = find_files(index, role, start)
        if not found and wanted.optional:
            return ()
        if not found:
            raise ConfigError(
                f"{url}: there is no {wanted.meaning} ({wanted.codename}) for MJD {start:.5f}; "
                f"update the CALDB, or set {role} to a file."
            )
        every = {join(self._root, path): hdus if wanted.extensions else () for path, hdus in found.items()}
        return tuple(self._file(role, url, hdus) for url, hdus in every.items())

    def check(self, role: Role) -> None:
        """See `check_calibration`."""
        if self._config.given(role):
            self.files(role, 0.0)
            return
        if DATA_SETS[role].optional:
            return
        self._need_root(role)
        self._index(DATA_SETS[role].instrument)

    def _has_index(self, instrument: str) -> bool:
        try:
            self._index(instrument)
        except ConfigError:
            return False
        return True

    def _need_root(self, role: Role) -> None:
        if not self._root:
            raise ConfigError(
                f"calibration: no {DATA_SETS[role].meaning} is given; set {role} to a file or URL, or caldb to the "
                f"root of a CALDB (a folder or URL that holds {INDEX.format('pca')}); {_WITHOUT.get(role, _NONE)} "
                "does without."
            )

    def _index(self, instrument: str) -> tuple[str, tuple[CalibrationEntry, ...]]:
        url = join(self._root, INDEX.format(instrument.lower()))
        if instrument not in self._entries:
            data = self._fetch(url, changes=True)
            if data is None:
                raise ConfigError(f"{url}: the CALDB has no index there; set caldb to the folder that holds data/xte.")
            self._entries[instrument] = read_index(open_fits(data, url).table(hdu=1))
        return url, self._entries[instrument]

    def _file(self, role: Role, url: str, extensions: Sequence[int] = ()) -> CalibrationFile:
        if url not in self._files:
            candidates = (url, zipped(url))
            for candidate in candidates:
                data = self._fetch(candidate)
                if data is not None:
                    break
            else:
                raise ConfigError(
                    f"{url}: this {DATA_SETS[role].meaning} is missing (and there is no {file_name(candidates[1])}); "
                    f"put it there, or set {role} to another file or URL."
                )
            self._files[url] = CalibrationFile(file_name(candidate), candidate, data, hashlib.sha256(data).hexdigest())
        file = self._files[url]
        if (role, url) not in self._fit:
            from services.calibration.kinds import check_kind

            check_kind(role, file.data, file.url)
            self._fit.add((role, url))
        return CalibrationFile(file.name, file.url, file.data, file.sha256, tuple(extensions))

    def _fetch(self, url: str, *, changes: bool = False) -> bytes | None:
        """Return a file, from the cache where it is; one that changes is asked for again where the server answers."""
        if not is_remote(url):
            return fetch(url)
        kept = self._cache.get(url)
        if kept is not None and not changes:
            return kept
        try:
            data = fetch(url)
        except StoreError:
            if kept is None:
                raise
            return kept
        if data is not None and data != kept:
            self._cache.put(url, data)
        return data
