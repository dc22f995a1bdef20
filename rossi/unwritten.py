"""Products that are in memory as tables, whose bytes are worked out when somebody asks for them."""

from __future__ import annotations

from dataclasses import fields

from rossi.fits.edit import file_bytes
from rossi.fits.reader import FitsFile
from rossi.product import About, File


class UnwrittenFile(File):
    """A FITS file that goes on in memory: who changes it again need not write it, nor read it.

    Parameters
    ----------
    fits : FitsFile
        Its name is that of the file.
    about : About
    """

    __slots__ = ("_written",)
    _written: bytes
    fits: FitsFile

    def __init__(self, fits: FitsFile, about: About = About()) -> None:  # noqa: B008 - frozen
        like = File(fits.name, b"", about=about, fits=fits)
        for one in fields(File):
            if one.name != "data":
                object.__setattr__(self, one.name, getattr(like, one.name))
        object.__setattr__(self, "_written", b"")

    @property
    def data(self) -> bytes:
        """Its content."""
        if not self._written:
            object.__setattr__(self, "_written", file_bytes(self.fits))
        return self._written
