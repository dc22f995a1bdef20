"""What the settings of both instruments' extraction share: good time and channels."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from rossi.expression import compile_expression
from services.contract import Frozen

#: The filter of the PCA that the RXTE cookbook and HEASARC's notebook use.
PCA_RECIPE = "(ELV > 4) && (OFFSET < 0.1) && (NUM_PCU_ON > 0) && .NOT. ISNULL(ELV) && (NUM_PCU_ON < 6)"

Channel = Annotated[int, Field(ge=0, le=255)]


def as_text(value: object, separator: str) -> object:
    """Take a list of numbers, or one number, for its text: [0, 2] means ``0,2``."""
    if isinstance(value, list | tuple):
        return separator.join(map(str, value))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Channels(Frozen):
    """A range of absolute detector channels."""

    chmin: Channel = Field(description="First channel.")
    chmax: Channel = Field(description="Last channel, which belongs to it.")

    @model_validator(mode="after")
    def _in_order(self) -> Channels:
        if self.chmin > self.chmax:
            raise ValueError(f"chmin {self.chmin} is above chmax {self.chmax}")
        return self

    @property
    def name(self) -> str:
        """Name in files and tables: ``ch5-10``."""
        return f"ch{self.chmin}-{self.chmax}"


class Extraction(Frozen):
    """How good time is found; the stages add what they extract."""

    expression: str = Field(description="good time: condition on the filter file's columns")
    prefr: float = Field(0.5, ge=0, le=1, description="part of the step before a good filter row that is good")
    postfr: float = Field(0.5, ge=0, le=1, description="part of the step behind a good filter row that is good")

    @field_validator("expression")
    @classmethod
    def _readable(cls, value: str) -> str:
        compile_expression(value)
        return value
