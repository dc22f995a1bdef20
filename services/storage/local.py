"""A store in a directory."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rossi.errors import ConfigError, is_full
from services.storage.base import MissingObject, ObjectInfo, StoreError, Tagged, check_key, is_key, no_room
from services.storage.whole_files import TEMPORARY, Place, rename, write

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
#: ... and those without locks to flock().
_NO_LOCKS = frozenset({errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK, errno.EINVAL})
#: Lies beside what is replaced, for one writer at a time; never removed.
_LOCK = ".lock"
#: Files that are written before the first is flushed: these are open at the same time, and as many folders.
_OPEN = 110


class LocalStore:
    """Objects as files below a directory, which the first `put` makes.

    Files are written under hidden temporary names in their final directory, flushed to disk and linked to their names:
    readers see each whole or not at all, and of concurrent writers one wins, also over NFS. Without hard links the last
    step is a look followed by a rename, and two writers at the same instant may both believe to have won; so it is for
    contents, where both write the same. A killed process leaves its temporary file, which no listing shows. What is
    replaced is so by a rename, behind a lock.

    Parameters
    ----------
    root : Path
    """

    def __init__(self, root: Path) -> None:
        self.root, self._above = root, f"{root}/"
        self._links = self._locks = True

    @property
    def conditional(self) -> bool:
        """See `ObjectStore.conditional`."""
        return self._links and self._locks

    def put(self, key: str, data: bytes) -> bool:
        """See `ObjectStore.put`."""
        return self.put_in_order([(key, data)])[0]

    def put_in_order(self, contents: Sequence[tuple[str, bytes]]) -> Sequence[bool]:
        """See `ObjectStore.put_in_order`; each folder is flushed once."""
        places = [self._place(key) for key, _ in contents]
        return _write(places, contents, [not os.access("/".join(place), os.F_OK) for place in places], self._publish)

    def put_contents(self, contents: Sequence[tuple[str, bytes]]) -> Sequence[bool]:
        """See `ObjectStore.put_contents`; each folder is flushed once."""
        places = [self._place(key) for key, _ in contents]
        there = {folder: _names(folder) for folder in {folder for folder, _ in places}}
        return _write(places, contents, [name not in there[folder] for folder, name in places], rename)

    def get(self, key: str) -> bytes:
        """See `ObjectStore.get`."""
        path = self._path(key)
        with _reading(path):
            return path.read_bytes()

    def head(self, key: str) -> ObjectInfo | None:
        """See `ObjectStore.head`."""
        path = self._path(key)
        with _reading(path):
            return ObjectInfo(key, path.stat().st_size, path.stat().st_mtime) if path.is_file() else None

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See `ObjectStore.list`."""
        folder = prefix.rpartition("/")[0]
        found = _walk(self._folder(folder), f"{folder}/" if folder else "")
        return (info for info in found if info.key.startswith(prefix) and is_key(info.key.rpartition("/")[2]))

    def occupied(self, folder: str, names: Collection[str]) -> set[str]:
        """See `ObjectStore.occupied`."""
        above = self._folder(folder)
        with _reading(above):
            return {name for name in names if (above / name).is_dir()}

    def delete(self, key: str) -> None:
        """See `ObjectStore.delete`."""
        path = self._path(key)
        with _writing(path):
            if path.is_file():
                path.unlink(missing_ok=True)

    def delete_all(self, keys: Iterable[str]) -> None:
        """See `ObjectStore.delete_all`."""
        for key in keys:
            self.delete(key)

    def get_tagged(self, key: str) -> Tagged:
        """See `ObjectStore.get_tagged`."""
        data = self.get(key)
        return Tagged(data, _tag(data))

    def swap(self, key: str, data: bytes, tag: str) -> bool:
        """See `ObjectStore.swap`."""
        path = self._path(key)
        with _writing(path), suppress(FileNotFoundError):
            if path.exists():
                with self._locked(path.parent):
                    return _tag(path.read_bytes()) == tag and write([(*self._place(key), data)], rename)[0]
        return False

    def leftovers(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See `ObjectStore.leftovers`."""
        found = _walk(self._folder(prefix), f"{prefix}/" if prefix else "")
        return (info for info in found if TEMPORARY.fullmatch(info.key.rpartition("/")[2]))

    def discard(self, leftovers: Iterable[ObjectInfo], prefix: str = "") -> None:
        """See `ObjectStore.discard`."""
        folder = self._folder(prefix)
        with _writing(folder):
            for info in leftovers:
                if TEMPORARY.fullmatch(info.key.rpartition("/")[2]):
                    (self.root / info.key).unlink(missing_ok=True)
            for path, _, files in os.walk(folder, topdown=False):
                if not files and Path(path) != folder:
                    with suppress(OSError):  # something is below it, or has just come
                        Path(path).rmdir()

    def url(self, key: str) -> str:
        """See `ObjectStore.url`."""
        return self._path(key).as_uri()

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _place(self, key: str) -> tuple[str, str]:
        folder, _, name = (self._above + check_key(key)).rpartition("/")
        return folder, name

    def _folder(self, prefix: str) -> Path:
        return self._path(prefix) if prefix else self.root

    def _publish(self, temporaries: dict[Place, str], place: Place) -> bool:
        folder, name = place
        try:
            os.link(temporaries[place], name, src_dir_fd=folder, dst_dir_fd=folder)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._links = False
            with os.scandir(folder) as found:
                return name not in {entry.name for entry in found} and rename(temporaries, place)
        return True

    @contextmanager
    def _locked(self, folder: Path) -> Iterator[None]:
        """Let one process at a time in; the lock goes away with it, however it ends."""
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                self._locks = False
            yield
        finally:
            os.close(descriptor)


def _write(
    places: Sequence[tuple[str, str]],
    contents: Sequence[tuple[str, bytes]],
    is_new: Sequence[bool],
    publish: Callable[[dict[Place, str], Place], bool],
) -> list[bool]:
    """Write what is new, a part after the other; return whether each was created."""
    files = [(*place, data) for place, (_, data), new in zip(places, contents, is_new, strict=True) if new]
    created: list[bool] = []
    for first in range(0, len(files), _OPEN):
        some = files[first : first + _OPEN]
        with _writing("/".join(some[0][:2]) if len(some) == 1 else some[0][0]):
            created += write(some, publish)
    made = iter(created)
    return [new and next(made) for new in is_new]


def _walk(folder: Path, above: str) -> Iterator[ObjectInfo]:
    """Iterate, in order, over all files below a folder, but for those in hidden ones."""
    try:
        with os.scandir(folder) as found:
            infos = [info for entry in found if (info := _info(entry, above)) is not None]
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise ConfigError(f"{folder}: the store can't be listed ({error.strerror}).") from None
    for info in sorted(infos, key=lambda info: info.key):
        if info.key.endswith("/"):
            yield from _walk(folder / info.key.removeprefix(above), info.key)
        else:
            yield info


def _info(entry: os.DirEntry[str], above: str) -> ObjectInfo | None:
    """Return what is known of a file, or of a directory, whose key ends with a slash; None if it has just gone."""
    try:
        if entry.is_dir():
            return ObjectInfo(f"{above}{entry.name}/", 0) if is_key(entry.name) else None
        found = entry.stat()
    except FileNotFoundError:
        return None
    return ObjectInfo(above + entry.name, found.st_size, found.st_mtime)


def _names(folder: str) -> frozenset[str]:
    """Return what is in a folder."""
    if os.access(folder, os.F_OK):
        with _writing(folder), suppress(FileNotFoundError), os.scandir(folder) as found:
            return frozenset(entry.name for entry in found)
    return frozenset()


def _tag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextmanager
def _writing(path: str | Path) -> Iterator[None]:
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
