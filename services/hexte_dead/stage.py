"""Stage ``hexte_dead``: net light curves and spectra of HEXTE's clusters, corrected for dead time."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, field_validator

from rossi.calibration_roles import Role
from rossi.hexte.correction import parse_detectors
from services.contract import CALIBRATION, Input, Output, Stage
from services.contract.extraction import Channels, Extraction, as_text
from services.contract.fitting import RESPONSE_OUTPUTS, Fitting, calibration_inputs

#: The usual choice for HEXTE; the minutes after the SAA are left out for their residual background.
RECIPE = "ELV > 10 && OFFSET < 0.02 && (TIME_SINCE_SAA < 0 || TIME_SINCE_SAA > 30) && .NOT.ISNULL(ELV)"


class Background(StrEnum):
    """How the background of a light curve is taken off."""

    CYCLE = "cycle"
    INTERPOLATED = "interpolated"


class Dwell(StrEnum):
    """Where the dwell comes from: found in the housekeeping, or as given."""

    AUTO = "auto"
    S16 = "16"
    S32 = "32"
    S64 = "64"
    S128 = "128"


class HexteBand(Channels):
    """A band in channels or in keV."""

    INSTRUMENT = "HEXTE"


class HexteDeadConfig(Fitting, Extraction):
    """What is extracted from HEXTE data; a change does not repeat splitting."""

    expression: str = Field(RECIPE, description="good time: condition on the filter file's columns")
    bands: tuple[HexteBand, ...] = Field(
        (HexteBand(chmin=15, chmax=61),),
        min_length=1,
        description="absolute channels (15 is where the detectors begin), or keV: {emin = 15, emax = 60}",
    )
    detectors: str = Field("0123", description="detectors of light curves; spectra leave out cluster B's lost one")
    background: Background = Field(
        Background.CYCLE, description="cycle (bins of whole rocking cycles) or interpolated (bins of binsz)"
    )
    cycles: int = Field(1, ge=1, description="rocking cycles (four dwells) in a bin")
    binsz: float = Field(16.0, gt=0, le=16, description="seconds, for background = 'interpolated'")
    dwell: Dwell = Field(Dwell.AUTO, description="auto (from housekeeping and data), or 16, 32, 64, 128 seconds")
    spectra: bool = Field(True, description="spectra of source, plus, minus, and both sides together")

    @field_validator("detectors", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return as_text(value, "")

    @field_validator("detectors")
    @classmethod
    def _detectors(cls, value: str) -> str:
        parse_detectors(value)
        return value


STAGE = Stage(
    name="hexte_dead",
    version=3,
    config=HexteDeadConfig,
    inputs=(
        Input("science", "rows of each position", source="hexte_back"),
        Input("rocking", "16-s housekeeping", source="hexte_back", at_least=0),
        Input("filter_file", "pointing every 16 s", source="hexte_back", at_most=1),
        Input(Role.DEAD_TIME_A, "dead-time coefficients of cluster A", source=CALIBRATION),
        Input(Role.DEAD_TIME_B, "dead-time coefficients of cluster B", source=CALIBRATION),
        Input(Role.BACKGROUND_A, "turns cluster B's background into A's", source=CALIBRATION, at_least=0),
        *calibration_inputs(
            (Role.HEXTE_MATRIX, "matrices by detectors"),
            (Role.HEXTE_AREA, "effective areas on axis"),
            (Role.HEXTE_COLLIMATORS, "what the collimators let through"),
        ),
        *HexteDeadConfig.INPUTS,
    ),
    outputs=(
        Output("light_curve", "net light curve of each cluster and band", at_least=0),
        Output("parts", "light curves of source and background, in bins of a dwell"),
        Output("spectrum", "spectra of source (ready to fit), plus, minus and background", at_least=0),
        *RESPONSE_OUTPUTS,
        Output("gti", "the good time that was applied"),
        Output("figure", "the backgrounds of either side, where they differ", at_least=0),
    ),
)
