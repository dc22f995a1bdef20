"""Stage ``pca_extract``: good time and light curves from prepared PCA data."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator

from rossi.calibration_roles import Role
from rossi.pca.lightcurve import ROW, DeadTime
from rossi.spectra.ready import DEFAULTS
from services.contract import CALIBRATION, Input, Output, Stage
from services.contract.extraction import PCA_RECIPE, Channels, Extraction, PcaSelection, in_energies
from services.contract.fitting import RESPONSE_OUTPUTS, Fitting, calibration_inputs, makes_responses

#: What can be asked for.
BANDS = "absolute channels, 0 to 255: {chmin = 5, chmax = 10}, or keV: {emin = 2, emax = 9}; also '5-10' and '2-9keV'"


class Band(Channels):
    """A band in channels or in keV, and its bin size [s] if it is not that of the others.

    Standard2 elements that overlap a range of channels count as a whole; a band in keV is made of whole elements.
    """

    binsz: Annotated[float, Field(gt=0, multiple_of=ROW)] | None = Field(
        None, description="Bin size [s], a multiple of 16; that of [pca_extract] when none."
    )

    @property
    def name(self) -> str:
        """Name in files and tables: ``ch5-10``, ``2-9keV``, or ``ch5-10_128s``."""
        return super().name + (f"_{self.binsz:g}s" if self.binsz else "")


class SpectrumExposure(StrEnum):
    """What the exposure of spectra is, and so what their effective area is."""

    PCU_SECONDS = "pcu_seconds"
    SECONDS = "seconds"


class PcaExtractConfig(Fitting, PcaSelection, Extraction):
    """What is extracted; a change does not repeat preparation."""

    expression: str = Field(PCA_RECIPE, description="good time: condition on the filter file's columns")
    bands: tuple[Band, ...] = Field((Band(chmin=5, chmax=10),), min_length=1, description=BANDS)
    pcus: str = Field("ALL", description="ALL, 2, 0,2,3 or 1-3; or a list: [0, 2]")
    layers: str = Field("ALL", description="ALL, 1, 1-2, or anodes: X1L,X1R")
    binsz: float = Field(ROW, gt=0, description="seconds; a multiple of 16")
    subtract: bool = Field(True, description="take the background off, where preparation estimated one")
    per_pcu: bool = Field(False, description="a light curve of each PCU besides that of all")
    spectra: bool = Field(True, description="spectra of source and background")
    systematic: float = Field(
        DEFAULTS["PCA"].systematic, ge=0, lt=1, description="systematic error of spectra, a fraction of the counts"
    )
    spectrum_exposure: SpectrumExposure = Field(
        SpectrumExposure.PCU_SECONDS,
        description="of spectra: pcu_seconds (and the mean of the PCUs' areas) or seconds (and their sum)",
    )
    dead_time: DeadTime = Field(DeadTime.LIVE, description="exposure: LIVE, ON, or NONE (no correction)")

    @field_validator("binsz")
    @classmethod
    def _whole_rows(cls, value: float) -> float:
        if value % ROW:
            raise ValueError(f"must be a multiple of {ROW:g}, the length of a Standard2 row")
        return value


def _needs_energies(config: PcaExtractConfig) -> bool:
    return in_energies(config) or makes_responses(config)


STAGE = Stage(
    name="pca_extract",
    version=3,
    config=PcaExtractConfig,
    inputs=(
        Input("std2_dt", "prepared Standard2 data", source="pca_prep"),
        Input("std2_dtbkg", "model background of the same rows", source="pca_prep", at_least=0),
        Input("filter_file", "pointing and PCU state every 16 s", source="pca_prep", at_most=1),
        Input(
            Role.ENERGY_TO_CHANNEL,
            "energies of the PCA's channels",
            source=CALIBRATION,
            at_least=0,
            when=_needs_energies,
        ),
        *calibration_inputs((Role.COLLIMATORS, "what the collimators let through")),
        *PcaExtractConfig.INPUTS,
    ),
    outputs=(
        Output("light_curve", "one light curve a band"),
        Output("spectrum", "spectra of source and background, ready to fit", at_least=0),
        *RESPONSE_OUTPUTS,
        Output("gti", "the good time that was applied"),
    ),
)
