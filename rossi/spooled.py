"""Files whose content is on disk while nobody looks at it: products and data of long observations."""

from __future__ import annotations

import os
import tempfile
import weakref
from dataclasses import fields
from pathlib import Path

from rossi.product import About, File


class Spool:
    """A temporary file, which is removed with the last that names it.

    Parameters
    ----------
    data : bytes
        Its content.
    """

    def __init__(self, data: bytes) -> None:
        handle, name = tempfile.mkstemp(prefix="rossi-")
        self.path = Path(name)
        weakref.finalize(self, self.path.unlink, missing_ok=True)
        with os.fdopen(handle, "wb") as file:
            file.write(data)


class SpooledFile(File):
    """A file whose content is read from disk each time that it is asked for.

    Parameters
    ----------
    name : str
    data : bytes
    about : About
    """

    __slots__ = ("spool",)
    spool: Spool

    def __init__(self, name: str, data: bytes, about: About = About()) -> None:  # noqa: B008 - frozen
        like = File(name, b"", about=about)
        for one in fields(File):
            if one.name != "data":
                object.__setattr__(self, one.name, getattr(like, one.name))
        object.__setattr__(self, "spool", Spool(data))

    @property
    def data(self) -> bytes:
        """Its content."""
        return self.spool.path.read_bytes()

    @property
    def size(self) -> int:
        """Length of its content [byte]."""
        return self.spool.path.stat().st_size
