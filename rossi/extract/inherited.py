"""Cards that products have from the files that they were extracted from, as these have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rossi.fits.cards import card_value
from rossi.fits.header import Header, Image, images_of

_BEGIN, _END = ("TIMESYS", "DATE-OBS", "TIME-OBS"), ("DATE-END", "TIME-END")
_CLOCK = ("TIMEREF", "MJDREFI", "MJDREFF", "TASSIGN")
_INTERVALS = ("INSTRUME", "MJDREFI", "MJDREFF", "TIMESYS", "TIMEUNIT", "DATE-OBS", "TIME-OBS")
_PRIMARY = ("TELESCOP", "INSTRUME", "TIMESYS", "MJDREFI", "MJDREFF", "DATE-OBS", "TIME-OBS")
_FRAME = ("EQUINOX", "RADECSYS")
_ALL = tuple(dict.fromkeys((*_PRIMARY, *_END, *_CLOCK, *_INTERVALS, "OBJECT", *_FRAME)))


@dataclass(frozen=True)
class Inherited:
    """Cards of a science file that its products have too.

    Parameters
    ----------
    cards : mapping of str to bytes
        Images by keyword.
    direction : tuple of (str, float) [deg]
        RA and DEC, as far as they are known.
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


def inherited(header: Header, direction: Mapping[str, float]) -> Inherited:
    """Return what products have from a file with this header; parts of one file share it.

    Parameters
    ----------
    header : Header
    direction : mapping of str to float [deg]
        RA and DEC.
    """
    return _inherited(tuple(header.picked(_ALL)), tuple(direction.items()))


@lru_cache(maxsize=16)
def _inherited(images: tuple[Image, ...], direction: tuple[tuple[str, float], ...]) -> Inherited:
    return Inherited(dict(images), direction)
