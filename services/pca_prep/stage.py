"""Stage ``pca_prep``: filter file, bad rows, dead time and background of an observation's Standard2 data."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from rossi.archive import FILE_PATTERNS
from rossi.calibration_roles import Role
from services.contract import CALIBRATION, Frozen, Input, Output, Stage
from services.contract.filter_file import FILTER_FILE_INPUTS, FilterSource


class BackgroundSource(StrEnum):
    """Whether background is estimated with a model, or not at all."""

    MODEL = "model"
    NONE = "none"


class PcaPrepConfig(Frozen):
    """How PCA data are prepared; a change repeats preparation."""

    filter_file: FilterSource = Field(
        FilterSource.REBUILD, description="rebuild (from housekeeping) or archive (stdprod/x*.xfl)"
    )
    background: BackgroundSource = Field(BackgroundSource.MODEL, description="model (see [calibration]) or none")
    transition_bad: bool = Field(True, description="rows next to a switching of a PCU (and a file's ends) do not count")
    propane_bad: bool = Field(True, description="rows of PCU 0 and 1 after they lost their propane layer do not count")
    zero_bad: bool = Field(True, description="spectra of rows that do not count are set to 0")


def _models(config: PcaPrepConfig) -> bool:
    return config.background is BackgroundSource.MODEL


STAGE = Stage(
    name="pca_prep",
    version=2,
    config=PcaPrepConfig,
    inputs=(
        Input(
            "std2",
            "Standard2 data",
            pattern=FILE_PATTERNS["std2"],
            missing="the observation has no Standard2 data (pca/FS4a_*); leave it out or check the archive copy",
        ),
        Input(
            "housekeeping",
            "state of each PCU",
            pattern=FILE_PATTERNS["pcu_housekeeping"],
            missing="the housekeeping files pca/FH5a_* to FH5e_* are missing; fetch the observation again",
        ),
        *FILTER_FILE_INPUTS,
        Input(Role.MODEL, "background model", source=CALIBRATION, when=_models),
        Input(Role.SAA, "history of SAA passages", source=CALIBRATION, at_least=0, when=_models),
        Input(Role.BREAKDOWN, "times without breakdown", source=CALIBRATION, at_least=0, when=_models),
        Input(Role.BREAKDOWN_HISTORY, "history of breakdowns", source=CALIBRATION, at_least=0, when=_models),
    ),
    outputs=(
        Output("std2_dt", "Standard2 data with bad rows marked and dead time"),
        Output("std2_dtbkg", "model background of the same rows", at_least=0),
        Output("filter_file", "the filter file"),
    ),
)
