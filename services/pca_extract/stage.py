"""Stage ``pca_extract``: good time and light curves from prepared PCA data."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from rossi.pca.lightcurve import ROW, DeadTime
from rossi.pca.standard2 import parse_layers, parse_pcus
from services.contract import Input, Output, Stage
from services.contract.extraction import PCA_RECIPE, Channels, Extraction, as_text


class Band(Channels):
    """A range of absolute detector channels, and its bin size [s] if it is not that of the others.

    Standard2 elements that overlap the range count as a whole.
    """

    binsz: Annotated[float, Field(gt=0, multiple_of=ROW)] | None = Field(
        None, description="Bin size [s], a multiple of 16; that of [pca_extract] when none."
    )

    @property
    def name(self) -> str:
        """Name in files and tables: ``ch5-10``, or ``ch5-10_128s``."""
        return super().name + (f"_{self.binsz:g}s" if self.binsz else "")


class PcaExtractConfig(Extraction):
    """What is extracted; a change does not repeat preparation."""

    expression: str = Field(PCA_RECIPE, description="good time: condition on the filter file's columns")
    bands: tuple[Band, ...] = Field((Band(chmin=5, chmax=10),), min_length=1, description="absolute channels, 0 to 255")
    pcus: str = Field("ALL", description="ALL, 2, 0,2,3 or 1-3; or a list: [0, 2]")
    layers: str = Field("ALL", description="ALL, 1, 1-2, or anodes: X1L,X1R")
    binsz: float = Field(ROW, gt=0, description="seconds; a multiple of 16")
    subtract: bool = Field(True, description="take the background off, where preparation estimated one")
    per_pcu: bool = Field(False, description="a light curve of each PCU besides that of all")
    spectra: bool = Field(True, description="spectra of source and background")
    dead_time: DeadTime = Field(DeadTime.LIVE, description="exposure: LIVE, ON, or NONE (no correction)")

    @field_validator("pcus", "layers", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return as_text(value, ",")

    @field_validator("pcus")
    @classmethod
    def _pcus(cls, value: str) -> str:
        parse_pcus(value)
        return value

    @field_validator("layers")
    @classmethod
    def _layers(cls, value: str) -> str:
        parse_layers(value)
        return value

    @field_validator("binsz")
    @classmethod
    def _whole_rows(cls, value: float) -> float:
        if value % ROW:
            raise ValueError(f"must be a multiple of {ROW:g}, the length of a Standard2 row")
        return value


STAGE = Stage(
    name="pca_extract",
    version=2,
    config=PcaExtractConfig,
    inputs=(
        Input("std2_dt", "prepared Standard2 data", source="pca_prep"),
        Input("std2_dtbkg", "model background of the same rows", source="pca_prep", at_least=0),
        Input("filter_file", "pointing and PCU state every 16 s", source="pca_prep", at_most=1),
    ),
    outputs=(
        Output("light_curve", "one light curve a band"),
        Output("spectrum", "spectra of source and background, exposure in PCU seconds", at_least=0),
        Output("gti", "the good time that was applied"),
    ),
)
