"""What to look for; light to import."""

from __future__ import annotations

import datetime
import math
import re
from contextlib import suppress
from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from services.contract import Frozen
from services.query.names import Cone, cone_of

#: Rows that are asked for at a time: half of what the service gives at most, so that it never cuts an answer off.
PAGE_ROWS = 50_000
#: What some clients put behind a date.
_MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0+)?)?(Z|\+00:00)?$")
_DASHED = re.compile(r"\d{4}-")
#: A year, or a date without dashes.
_DATE_LIKE = re.compile(r"(199|20[0-2])\d(\d{4})?(\.0)?")


class ListSource(StrEnum):
    """Where the list of observations comes from."""

    AUTO = "auto"
    CATALOGUE = "catalogue"
    ARCHIVE = "archive"


def moment(value: object) -> float | datetime.date | None:
    """Return the date or mission time that somebody wrote.

    A year alone, or a date without its dashes, would be a mission time of before the launch; nobody means that.

    Raises
    ------
    ValueError
        If it is neither; says how both are written.
    """
    if value is None or (isinstance(value, datetime.date) and not isinstance(value, datetime.datetime)):
        return value
    text = _MIDNIGHT.sub("", str(value).strip())
    with suppress(ValueError):
        if _DASHED.match(text):
            return datetime.date.fromisoformat(text)
        if not _DATE_LIKE.fullmatch(text) and math.isfinite(met := float(text)):
            return met
    raise ValueError("expected a date as year-month-day (1999-12-31), or mission time in seconds (189302400)")


class QueryConfig(Frozen):
    """Which observations; all criteria that are given must be met."""

    source: ListSource = Field(
        ListSource.AUTO,
        description="catalogue (the HEASARC's table of all observations), archive (the indices in the archive itself), "
        "or auto: the archive if it is a folder, or ObsIDs are given, and nothing is asked for that only the catalogue "
        "knows",
    )
    name: str = Field("", description="A source by any name; its position is looked up. Or a position. (catalogue)")
    ra: str | float | None = Field(
        None, description="Right ascension: 161.26, '161.26deg' or '10:45:03.6'. (catalogue)"
    )
    dec: str | float | None = Field(None, description="Declination: -59.68, '-59.68deg' or '-59:41:04'. (catalogue)")
    radius: str | float = Field("0.1deg", description="Around the position: '0.1deg', '6arcmin', or degrees.")
    targets: tuple[str, ...] = Field(
        (), description="Sources as the observer spelled them; case, blanks and underscores aside."
    )
    obsids: tuple[str, ...] = Field((), description="Observations.")
    proposals: tuple[int, ...] = Field((), description="Proposals: 20402 ... (catalogue)")
    slews: bool = Field(False, description="Include slews, scans and rasters.")
    start: float | datetime.date | None = Field(
        None, description="Observations that begin at or after this MET [s] or date (0 h UTC)."
    )
    stop: float | datetime.date | None = Field(
        None, description="Observations that begin before this MET [s] or date (0 h UTC)."
    )
    adql: str = Field("", description="A query of your own instead of all of these; it must return obsid. (catalogue)")
    service: str = Field(
        "", description="The catalogue's TAP service; empty finds the HEASARC's in the registry of the VO."
    )
    resolver: str = Field("", description="Address of a Sesame name resolver; empty asks the CDS and its mirror.")
    table: str = Field("xtemaster", pattern=r"^[A-Za-z_][A-Za-z0-9_.]*$", description="Its table of observations.")
    page_rows: int = Field(PAGE_ROWS, ge=1, le=99_999, description="Rows that are asked of the service at a time.")
    jobs: bool = Field(False, description="Have the service run queries as jobs, if it stops long ones.")

    @field_validator("start", "stop", mode="before")
    @classmethod
    def _readable(cls, value: object) -> float | datetime.date | None:
        return moment(value)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        first, last = self.start, self.stop
        if first is not None and type(first) is type(last) and first >= last:  # type: ignore[operator]
            raise ValueError(f"start {first} is not before stop {last}")
        return self

    @property
    def cone(self) -> Cone | None:
        """Position and radius, None if none is asked for.

        Raises
        ------
        ConfigError
            If they can't be read, or the name can't be resolved.
        StoreError
            If the resolver does not answer.
        """
        return cone_of(self.name, self.ra, self.dec, self.radius, self.resolver)

    @property
    def needs_catalogue(self) -> bool:
        """Whether something is asked for that an archive's indices do not tell."""
        return bool(self.name or self.ra is not None or self.dec is not None or self.proposals or self.adql)

    @property
    def is_open(self) -> bool:
        """Whether nothing says which observations."""
        dated = self.start is not None or self.stop is not None
        return not (self.needs_catalogue or self.targets or self.obsids or dated)
