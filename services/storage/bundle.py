"""Several files in one object, where every object costs a request: a tar, of which each file can be read alone."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence

#: Name of the object, in the folder in which the files would be.
BUNDLE = "products.tar"


def pack(files: Sequence[tuple[str, bytes]]) -> tuple[bytes, list[int]]:
    """Return files in one, and where each begins; equal for equal files.

    Parameters
    ----------
    files : sequence of (str, bytes)
        Names and contents.
    """
    whole, starts = io.BytesIO(), list[int]()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
            starts.append(tar.offset - len(data) - -len(data) % tarfile.BLOCKSIZE)
    return whole.getvalue(), starts


def object_key(place: str) -> str:
    """Return the key of the object in which a file lies, by its place: ``.../products.tar/name`` or its own key."""
    folder = place.rpartition("/")[0]
    return folder if folder.endswith(f"/{BUNDLE}") else place
