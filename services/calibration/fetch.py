"""Fetching a file from a folder, a bucket or a web server, and keeping copies of remote ones."""

from __future__ import annotations

import hashlib
import os
import uuid
from contextlib import suppress
from pathlib import Path

from rossi.errors import ConfigError, shortened_name
from services.storage import MissingObject, StoreError, open_store
from services.storage.archive import MOST_BYTES
from services.storage.base import Refusal, local_path, scheme_of

#: Requests to a web server are repeated so often: there may be a copy.
_REPEATS = 3


def join(root: str, relative: str) -> str:
    """Return the URL of a file below a root; what follows ``?`` in an s3 URL stays at the end."""
    path, mark, query = root.partition("?") if scheme_of(root) == "s3" else (root, "", "")
    return f"{path.rstrip('/')}/{relative}{mark}{query}"


def zipped(url: str) -> str:
    """Return the URL of a file's gzip-compressed form."""
    path, mark, query = url.partition("?") if scheme_of(url) == "s3" else (url, "", "")
    return f"{path}.gz{mark}{query}"


def file_name(url: str) -> str:
    """Return the last part of a URL's path."""
    path = url.partition("?")[0] if scheme_of(url) == "s3" else url
    return path.rstrip("/").rpartition("/")[2]


def is_remote(url: str) -> bool:
    """Return whether a file is worth a copy on disk."""
    return scheme_of(url) != "file"


def fetch(url: str) -> bytes | None:
    """Return a file's content, None if there is no such file.

    Raises
    ------
    ConfigError
        If it may not be read, or URLs of this kind are not known.
    StoreError
        If the server did not answer as it should; later it may.
    """
    match scheme_of(url):
        case "file":
            return _from_disk(local_path(url))
        case "s3":
            path, mark, query = url.partition("?")
            folder, _, name = path.rpartition("/")
            try:
                return open_store(f"{folder}{mark}{query}").get(name)
            except MissingObject:
                return None
        case "http" | "https":
            return _from_web(url)
        case scheme:
            raise ConfigError(f"{url}: files can't be read from {scheme}://; give a path, s3://... or https://...")


def _from_disk(path: Path) -> bytes | None:
    try:
        with path.open("rb") as stream:
            return _bounded(stream.read(MOST_BYTES + 1), path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except (OSError, ValueError) as error:  # a name with a NUL in it
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{shortened_name(path)}: the calibration file can't be read ({reason}).") from None


def _from_web(url: str) -> bytes | None:
    from services.storage.transfer import BrokenTransfer
    from services.storage.web import Web, content  # with urllib3, which only the web needs

    try:
        found = Web(url, _REPEATS).ask("GET", url, lambda answer: content(answer, 0, MOST_BYTES))
    except Refusal as refusal:
        raise ConfigError(f"{refusal}; give a URL that needs no login, or a local copy.") from None
    except BrokenTransfer as error:
        raise StoreError(f"{url}: the transfer broke off after {len(error.data)} bytes ({error}).") from None
    return None if found is None else _bounded(found.data, url)


def _bounded(data: bytes, where: object) -> bytes:
    if len(data) > MOST_BYTES:
        raise ConfigError(f"{where}: there are more than {MOST_BYTES} bytes; no calibration file has so many.")
    return data


class FileCache:
    """Copies of remote files in a folder: ``<sha256 of the URL>/<sha256 of the content>-<name>``.

    A copy appears whole or not at all, and one whose content is no longer what its name says is not used.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, url: str) -> bytes | None:
        """Return the copy of a file, None if there is none that is intact."""
        for path in sorted(self._place(url).glob("*-*")):
            try:
                data = path.read_bytes()
            except OSError:
                continue
            if path.name.partition("-")[0] == hashlib.sha256(data).hexdigest():
                return data
        return None

    def put(self, url: str, data: bytes) -> None:
        """Keep a copy, in place of an older one.

        Raises
        ------
        ConfigError
            If the folder can't be written.
        """
        place = self._place(url)
        path = place / f"{hashlib.sha256(data).hexdigest()}-{file_name(url)}"
        part = place / f".{uuid.uuid4().hex}"
        try:
            place.mkdir(parents=True, exist_ok=True)
            with part.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
            for old in place.glob("*-*"):
                if old.name != path.name:
                    old.unlink(missing_ok=True)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise ConfigError(
                f"{self.folder}: calibration files can't be kept there ({error.strerror}); give another cache folder."
            ) from None

    def _place(self, url: str) -> Path:
        return self.folder / hashlib.sha256(url.encode()).hexdigest()[:32]
