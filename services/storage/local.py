"""A store in a directory."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rossi.errors import ConfigError, is_full
from services.storage.base import MissingObject, ObjectInfo, StoreError, check_key, is_key, no_room

#: Errors of writing that do not go away by waiting.
_NOT_WRITABLE = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOTDIR,
        errno.EEXIST,
        errno.ENOENT,
        errno.EISDIR,
        errno.ENAMETOOLONG,
    }
)
#: What file systems without hard links (FAT, some network and FUSE ones) answer to link().
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})


class LocalStore:
    """Objects as files below a directory, which the first `put` makes.

    A file is written under a hidden temporary name in its final directory, flushed to disk and linked to its name:
    readers see it whole or not at all, and of concurrent writers one wins, also over NFS. Without hard links the last
    step is a look followed by a rename, and two writers at the same instant may both believe to have won. A killed
    process leaves its temporary file, which no listing shows.

    Parameters
    ----------
    root : Path
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, data: bytes) -> bool:
        """See `ObjectStore.put`."""
        path = self._path(key)
        with _writing(path):
            if path.exists():
                return False
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{uuid.uuid4().hex}")
            try:
                with temporary.open("xb") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
                created = _publish(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
            _sync_directory(path.parent)
        return created

    def put_content(self, key: str, data: bytes) -> bool:
        """See `ObjectStore.put_content`."""
        return self.put(key, data)

    def get(self, key: str) -> bytes:
        """See `ObjectStore.get`."""
        path = self._path(key)
        with _reading(path):
            return path.read_bytes()

    def get_range(self, key: str, start: int, stop: int) -> bytes:
        """See `ObjectStore.get_range`."""
        path = self._path(key)
        with _reading(path), path.open("rb") as stream:
            stream.seek(start)
            return stream.read(max(stop - start, 0))

    def head(self, key: str) -> ObjectInfo | None:
        """See `ObjectStore.head`."""
        path = self._path(key)
        with _reading(path):
            return ObjectInfo(key, path.stat().st_size) if path.is_file() else None

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See `ObjectStore.list`."""
        folder = prefix.rpartition("/")[0]
        start = self._path(folder) if folder else self.root
        return (info for info in self._walk(start, f"{folder}/" if folder else "") if info.key.startswith(prefix))

    def delete(self, key: str) -> None:
        """See `ObjectStore.delete`."""
        path = self._path(key)
        if path.is_file():
            with _writing(path):
                path.unlink(missing_ok=True)

    def url(self, key: str) -> str:
        """See `ObjectStore.url`."""
        return self._path(key).as_uri()

    def presign(self, key: str, seconds: int = 3600) -> str:  # noqa: ARG002 - files do not expire
        """See `ObjectStore.presign`."""
        return self.url(key)

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _walk(self, folder: Path, above: str) -> Iterator[ObjectInfo]:
        try:
            with os.scandir(folder) as found:
                entries = [(e.name + "/" * e.is_dir(), e.stat().st_size) for e in found if is_key(e.name)]
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise ConfigError(f"{folder}: the store can't be listed ({error.strerror}).") from None
        for name, size in sorted(entries):
            if name.endswith("/"):
                yield from self._walk(folder / name, above + name)
            else:
                yield ObjectInfo(above + name, size)


def _publish(temporary: Path, path: Path) -> bool:
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if path.exists():
            return False
        temporary.replace(path)
    return True


def _sync_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise no_room(path, error.strerror) from None
        message = f"{path}: the store can't be written ({error.strerror})"
        if error.errno in _NOT_WRITABLE:
            raise ConfigError(f"{message}; give a directory that you may write to.") from None
        raise StoreError(f"{message}.") from None


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise MissingObject(f"{path}: the store has no such object.") from None
    except PermissionError as error:
        raise ConfigError(f"{path}: the store can't be read ({error.strerror}).") from None
    except OSError as error:
        raise StoreError(f"{path}: the store can't be read ({error.strerror}).") from None
