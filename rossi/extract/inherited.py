"""Cards that products have from the files that they were extracted from, as these have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from rossi.fits.cards import Image, card_value, images_of
from rossi.fits.header import Header

_BEGIN, _END = ("TIMESYS", "DATE-OBS", "TIME-OBS"), ("DATE-END", "TIME-END")
_CLOCK = ("TIMEREF", "MJDREFI", "MJDREFF", "TASSIGN")
_INTERVALS = ("INSTRUME", "MJDREFI", "MJDREFF", "TIMESYS", "TIMEUNIT", "DATE-OBS", "TIME-OBS")
_PRIMARY = ("TELESCOP", "INSTRUME", "TIMESYS", "MJDREFI", "MJDREFF", "DATE-OBS", "TIME-OBS")
_FRAME = ("EQUINOX", "RADECSYS")
_ANGLES = ("RA_OBJ", "RA_PNT", "DEC_OBJ", "DEC_PNT")
_ALL = tuple(dict.fromkeys((*_PRIMARY, *_END, *_CLOCK, *_INTERVALS, "OBJECT", *_FRAME)))


@dataclass(frozen=True, eq=False)  # the same for all files of equal cards, see `inherited`
class Inherited:
    """Cards of a science file that its products have too.

    Parameters
    ----------
    cards : mapping of str to bytes
        Images by keyword.
    direction : tuple of (str, float) [deg]
        RA and DEC of the source, else of the pointing; what the file does not tell is missing.
    """

    cards: Mapping[str, bytes]
    direction: tuple[tuple[str, float], ...]

    def _some(self, keywords: tuple[str, ...]) -> tuple[Image, ...]:
        return tuple([(keyword, self.cards[keyword]) for keyword in keywords if keyword in self.cards])

    @cached_property
    def begin(self) -> tuple[Image, ...]:
        """Time system, and when the file begins."""
        return self._some(_BEGIN)

    @cached_property
    def end(self) -> tuple[Image, ...]:
        """When it ends."""
        return self._some(_END)

    @cached_property
    def clock(self) -> tuple[Image, ...]:
        """What times are counted from, and where."""
        return self._some(_CLOCK)

    @cached_property
    def intervals(self) -> tuple[Image, ...]:
        """What good time says of the file."""
        return self._some(_INTERVALS)

    @cached_property
    def instrument(self) -> tuple[Image, ...]:
        """Mission and instrument."""
        return self._some(("TELESCOP", "INSTRUME"))

    @cached_property
    def primary(self) -> tuple[Image, ...]:
        """What primary headers say, without comments."""
        return _without_comments(self._some(_PRIMARY))

    @cached_property
    def primary_end(self) -> tuple[Image, ...]:
        """What primary headers say of the end, without comments."""
        return _without_comments(self.end)

    @cached_property
    def pointing(self) -> tuple[Image, ...]:
        """Name and direction as RA_PNT and DEC_PNT."""
        return self._target("{}_PNT")

    @cached_property
    def target(self) -> tuple[Image, ...]:
        """Name and direction as RA_OBJ and DEC_OBJ."""
        return self._target("{}_OBJ")

    @cached_property
    def plain(self) -> tuple[Image, ...]:
        """Name and direction as RA and DEC."""
        return self._target("{}")

    def _target(self, spelled: str) -> tuple[Image, ...]:
        angles = [(spelled.format(axis), angle, "[deg] of the first input file") for axis, angle in self.direction]
        return (*self._some(("OBJECT",)), *images_of(*angles), *self._some(_FRAME))


def _without_comments(images: tuple[Image, ...]) -> tuple[Image, ...]:
    values = [(keyword, card_value(image)) for keyword, image in images]
    return tuple(images_of(*[(keyword, value) for keyword, value in values if value is not None]))


def inherited(header: Header) -> Inherited:
    """Return what products have from a file with this header; parts of one file share it.

    Parameters
    ----------
    header : Header
    """
    return _inherited(tuple(header.picked((*_ALL, *_ANGLES))))


@lru_cache(maxsize=16)
def _inherited(images: tuple[Image, ...]) -> Inherited:
    header = Header.of(images)
    found = []
    for axis in ("RA", "DEC"):
        known = (header.known(f"{axis}_{kind}") for kind in ("OBJ", "PNT"))
        angle = next((angle for angle in known if angle is not None and abs(angle) <= 360), None)
        if angle is not None:  # the reference passes positions through single precision
            found.append((axis, float(f"{np.float32(angle):.8e}")))
    return Inherited(dict(images), tuple(found))
