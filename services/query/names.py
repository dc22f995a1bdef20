"""From what somebody writes to a place in the sky."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rossi.errors import ConfigError
from services.storage import StoreError

#: A position written as a name: "10:45:03.6 -59:41:04", "10h45m03.6s -59d41m04s", "161.265, -59.68".
_POSITION = re.compile(r"\s*([\d:.hmsdegr\s]+?)(?:\s*,\s*|\s+(?=[+-])|(?=[+-]))([+-]?[\d:.dmsegr\s]+)")


@dataclass(frozen=True, slots=True)
class Cone:
    """A circle in the sky.

    Parameters
    ----------
    ra, dec : float [deg]
        ICRS.
    radius : float [deg]
    """

    ra: float
    dec: float
    radius: float


def cone_of(
    name: str, ra: str | float | None, dec: str | float | None, radius: str | float, resolver: str = ""
) -> Cone | None:
    """Return the circle that is asked for, None if none is.

    Parameters
    ----------
    name : str
        A source, or a position in one text.
    ra, dec : str or float, optional
        Numbers are degrees; a right ascension with colons, or blanks between its parts, is in hours.
    radius : str or float
        Numbers are degrees.
    resolver : str
        Address of a Sesame service; empty for those that astropy asks.

    Raises
    ------
    ConfigError
        If there is no such source, or something can't be read.
    StoreError
        If the resolver does not answer.
    """
    if (ra is None) is not (dec is None):
        raise ConfigError(f"{'dec' if dec is None else 'ra'} is missing: a position needs both ra and dec.")
    if ra is None or dec is None:
        if not name.strip():
            return None
        match = _POSITION.fullmatch(name)
        if not match:
            return Cone(*_resolved(name.strip(), resolver), _radius(radius))
        ra, dec = match.groups()
    elif name.strip():
        raise ConfigError(f"Both a name ({name!r}) and a position were given; leave one of them out.")
    return Cone(_angle(ra, "right ascension", 0, 360), _angle(dec, "declination", -90, 90), _radius(radius))


def _radius(radius: str | float) -> float:
    degrees = _angle(radius, "radius", 0, 180)
    if not degrees:
        raise ConfigError("The radius is 0; give one such as 0.1deg or 6arcmin.")
    return degrees


def _angle(value: str | float, what: str, low: float, high: float) -> float:
    from astropy import units
    from astropy.coordinates import Angle

    text = str(value).strip()
    in_hours = what == "right ascension" and re.search(r"[:h]|\d\s+\d", text)
    try:
        unit = None if re.search("[a-z]", text) else "hourangle" if in_hours else "deg"
        degrees = float(Angle(text, unit=unit).to_value(units.deg))
    except (ValueError, TypeError, units.UnitsError):
        raise ConfigError(
            f"The {what} {text!r} can't be read; write degrees (161.26), sexagesimal (10:45:03.6, -59:41:04) or a unit "
            "(0.1deg, 6arcmin)."
        ) from None
    if not low <= degrees <= high:
        raise ConfigError(f"The {what} {text!r} is {degrees:g} degrees; {low:g} to {high:g} was expected.")
    return degrees


def _resolved(name: str, resolver: str) -> tuple[float, float]:
    from astropy.coordinates import SkyCoord
    from astropy.coordinates.name_resolve import NameResolveError, sesame_url

    try:
        with sesame_url.set([resolver] if resolver else sesame_url.get()):
            position = SkyCoord.from_name(name)
    except NameResolveError as error:
        if "Unable to find" in str(error):
            raise ConfigError(
                f"The name {name!r} is not known to Sesame (SIMBAD, NED, VizieR); check it, or give a position with "
                "--ra and --dec."
            ) from None
        raise StoreError(
            f"The position of {name!r} can't be looked up, as no name resolver answers; check the network, or give a "
            "position with --ra and --dec."
        ) from None
    except OSError as error:
        raise StoreError(f"The position of {name!r} can't be looked up ({error}); check the network.") from None
    return float(position.ra.deg), float(position.dec.deg)
