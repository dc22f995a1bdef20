"""Times at the barycentre of the solar system: the setting, and what a stage reads for them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator

from rossi.archive import FILE_PATTERNS
from rossi.calibration_roles import Role
from services.contract.outcome import Frozen
from services.contract.stage import CALIBRATION, Input


class Times(StrEnum):
    """What becomes of times."""

    #: A column BARYTIME beside TIME, which stays as it is.
    COLUMN = "column"
    #: All times of a file, good time and keywords among them.
    REPLACE = "replace"
    OFF = "off"


class BarycentreConfig(Frozen):
    """How products of a stage have times at the barycentre; "column" alone is short for times = "column"."""

    times: Times = Field(Times.COLUMN, description="column (BARYTIME beside TIME) or replace (all times of a file)")
    ra: float | None = Field(
        None, ge=0, le=360, description="of the source, J2000, ICRS [deg]; that of the target in the data when none"
    )
    dec: float | None = Field(None, ge=-90, le=90, description="of the source, J2000, ICRS [deg]")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"times": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _both(self) -> BarycentreConfig:
        if (self.ra is None) != (self.dec is None):
            raise ValueError("one of ra and dec is given; give both, or none to take those of the data")
        return self


def is_wanted(config: Any) -> bool:
    """Return whether a stage's configuration asks for times at the barycentre."""
    wanted: BarycentreConfig | Mapping[str, Any] | None = vars(config).get("barycentre")
    return isinstance(wanted, BarycentreConfig) and wanted.times is not Times.OFF


#: What a stage reads besides, whose products have such times.
BARYCENTRE_INPUTS = (
    Input("orbit", "orbit file of the day", pattern=FILE_PATTERNS["orbit"], at_least=0, when=is_wanted),
    Input(Role.CLOCK, "fine corrections of the spacecraft's clock", source=CALIBRATION, at_least=0, when=is_wanted),
)
