"""How observations are sorted into sources."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from rossi.errors import ConfigError, shortened
from rossi.names import plain_name
from rossi.sky import SOURCE_RADIUS


class By(StrEnum):
    """What makes observations one source."""

    AUTO = "auto"
    POSITION = "position"
    TARGET = "target"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Place:
    """A source that somebody listed.

    Parameters
    ----------
    name : str
    ra, dec : float [deg]
        J2000.
    radius : float [deg]
        NaN for that of the rule.
    """

    name: str
    ra: float
    dec: float
    radius: float = math.nan


@dataclass(frozen=True, slots=True)
class Rule:
    """Which observations belong to one source.

    Parameters
    ----------
    by : By
        position: those that pointed at one place; auto: the same, but all are one source where `only` names it; target:
        those whose target has one name, wherever it is; table: those near a place of `table`, and no others.
    radius : float [deg]
        Largest angle between a pointing and its source.
    table : tuple of Place
    only : str
        The one source that was asked for, by its name or position; matters with auto alone.
    moving : bool
        Slews, scans and rasters belong to sources too.

    Raises
    ------
    ConfigError
        If the radius is no angle above 0 and below 90 deg, or the table is missing, has a name twice or a place that is
        none.
    """

    by: By = By.AUTO
    radius: float = SOURCE_RADIUS
    table: tuple[Place, ...] = ()
    only: str = ""
    moving: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", _by(self.by))
        _check_radius(self.radius, "radius")
        if self.by is By.TABLE and not self.table:
            raise ConfigError('[sources] by = "table", and there is no table, or it is empty; name one in table.')
        seen: dict[str, str] = {}
        for place in self.table:
            _check_place(place)
            if other := seen.get(plain_name(place.name)):
                raise ConfigError(
                    f"[sources] table: {shortened(other)} and {shortened(place.name)} are one name; give each "
                    "source one row."
                )
            seen[plain_name(place.name)] = place.name


def _by(given: str) -> By:
    try:
        return By(given)
    except ValueError:
        raise ConfigError(f"[sources] by is {shortened(given)}; {', '.join(By)} were expected.") from None


def _check_radius(radius: float, what: str) -> None:
    if not 0 < radius < 90:
        raise ConfigError(f"[sources] {what} is {radius:g} deg; an angle above 0 and below 90 deg was expected.")


def _check_place(place: Place) -> None:
    what = f"table: {shortened(place.name)}"
    if not plain_name(place.name):
        raise ConfigError(f"[sources] {what} is no name; letters or digits were expected.")
    if not (abs(place.ra) <= 360 and abs(place.dec) <= 90):
        raise ConfigError(f"[sources] {what} lies at ra {place.ra:g}, dec {place.dec:g}; degrees were expected.")
    if not math.isnan(place.radius):
        _check_radius(place.radius, f"{what}: radius")
