"""Having a disk keep what was written: file by file, or a whole file system at once where that is sure and quick.

To flush a file system takes little longer than to flush one of its files, and many were written. It is asked of such
as mean nothing less by it than by `fsync` of each (ext4, XFS, btrfs, tmpfs), and of kernels that say whether it failed.
It waits for what everybody else has written there, too: where that has taken long, this process asks for it no more.
"""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctypes import CDLL

#: So many files are flushed one by one.
FEW = 3
#: What statfs says of the file systems: ext4, XFS, btrfs; and tmpfs, which lies in memory and has nothing to flush.
_KINDS = {0xEF53, 0x58465342, 0x9123683E, 0x01021994}
#: From this version of Linux on, syncfs tells errors of writing.
_TELLS = (5, 8)
#: This is long [s].
_LONG = 1.0
#: SYNC_FILE_RANGE_WRITE of Linux.
_WRITE = 2


def flush(descriptors: Sequence[int]) -> None:
    """Return when the disk has some files or folders.

    Parameters
    ----------
    descriptors : sequence of int
        In the order in which they were opened.

    Raises
    ------
    OSError
    """
    # An error is told of what was written since a file was opened, so that which was opened first is asked.
    places = {os.fstat(descriptor).st_dev: descriptor for descriptor in reversed(descriptors)}
    if len(descriptors) > FEW and _Whole.is_quick and all(map(_is_sure, places, places.values())):
        began = time.monotonic()
        for descriptor in places.values():
            _checked("syncfs", descriptor)
        _Whole.is_quick = time.monotonic() - began < _LONG
        return
    for descriptor in descriptors[1:]:  # waiting for the first is then waiting for nearly all
        _begin(descriptor)
    for descriptor in descriptors:
        os.fsync(descriptor)


class _Whole:
    """Whether to flush whole file systems has been quick so far."""

    is_quick = True


_known: dict[int, bool] = {}


def _is_sure(device: int, descriptor: int) -> bool:
    """Whether a whole file system may be flushed instead of its files."""
    if device not in _known:
        _known[device] = _tells_errors(platform.system(), platform.release()) and _kind(descriptor) in _KINDS
    return _known[device]


def _tells_errors(system: str, release: str) -> bool:
    version = re.match(r"(\d+)\.(\d+)", release)
    return system == "Linux" and version is not None and tuple(map(int, version.groups())) >= _TELLS


def _kind(descriptor: int) -> int:
    from ctypes import byref, c_long

    about = (c_long * 32)()  # the structure, of which the first number says it, and more than that
    _checked("fstatfs", descriptor, byref(about))
    return about[0]


def _begin(descriptor: int) -> None:
    """Have the disk begin to write a file, without waiting; where that can't be asked, nothing happens."""
    if (ask := _asks()) is not None:
        ask(descriptor, 0, 0, _WRITE)


def _checked(call: str, *arguments: object) -> None:
    if getattr(_library(), call)(*arguments):
        from ctypes import get_errno

        raise OSError(get_errno(), os.strerror(get_errno()))


@cache
def _asks() -> Callable[[int, int, int, int], object] | None:
    if (ask := getattr(_library(), "sync_file_range", None)) is not None:
        from ctypes import c_int, c_int64, c_uint

        ask.argtypes = (c_int, c_int64, c_int64, c_uint)
    return ask


@cache
def _library() -> CDLL:
    from ctypes import CDLL

    return CDLL(None, use_errno=True)
