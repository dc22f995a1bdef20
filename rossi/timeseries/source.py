"""Which source a light curve is of, and whether two are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from rossi.names import plain_name
from rossi.sky import SOURCE_RADIUS, separation
from rossi.timeseries.series import LightCurve

#: Keywords of a position, those of the source first.
_POSITIONS = tuple((f"RA{suffix}", f"DEC{suffix}") for suffix in ("_OBJ", "", "_NOM", "_PNT"))


@dataclass(frozen=True, slots=True)
class Source:
    """What a curve says it is of.

    Parameters
    ----------
    name : str
        OBJECT, empty where it is not told.
    position : tuple of float or None [deg]
        Right ascension and declination.
    """

    name: str
    position: tuple[float, float] | None

    @classmethod
    def of(cls, series: LightCurve) -> Source:
        """Return the source of a curve.

        Parameters
        ----------
        series : LightCurve
        """
        return cls(series.target, _position(series))

    def is_same(self, other: Source, *, by_name: bool) -> bool | None:
        """Return whether two curves are of one source; None where it can't be told.

        Parameters
        ----------
        other : Source
        by_name : bool
            Sources at one position with different names are different.
        """
        named = bool(self.name and other.name)
        alike = plain_name(self.name) == plain_name(other.name)
        if self.position and other.position:
            near = bool(separation(*self.position, *other.position) <= SOURCE_RADIUS)
            return near and (alike or not named or not by_name)
        return alike if named else None


def _position(series: LightCurve) -> tuple[float, float] | None:
    for ra_keyword, dec_keyword in _POSITIONS:
        for header in (series.header, series.primary):
            if _is_angle(ra := header.get(ra_keyword)) and _is_angle(dec := header.get(dec_keyword)) and abs(dec) <= 90:
                return float(ra) % 360, float(dec)
    return None


def _is_angle(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 360


def source_numbers(told: Sequence[Source], *, by_name: bool) -> list[int]:
    """Return a number for each curve, the same for those of one source; -1 where it can't be told which of several.

    Parameters
    ----------
    told : sequence of Source
    by_name : bool
        See `Source.is_same`.
    """
    firsts: list[Source] = []
    for source in sorted(set(told), key=lambda s: (plain_name(s.name), s.position or (inf,), s.name)):
        if (source.name or source.position) and not any(source.is_same(one, by_name=by_name) for one in firsts):
            firsts.append(source)
    numbers = []
    for source in told:
        answers = [source.is_same(one, by_name=by_name) for one in firsts]
        if True in answers:
            numbers.append(answers.index(True))
        else:
            numbers.append(0 if answers in ([None], []) else -1)
    return numbers
