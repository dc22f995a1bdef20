"""Stage ``pca_prep``: bad rows and dead time of an observation's Standard2 data."""

from __future__ import annotations

from pydantic import Field

from rossi.archive import FILE_PATTERNS
from services.contract import Frozen, Input, Inputs, Output, Outputs, Stage
from services.engines import EngineName, implementation


class PcaPrepConfig(Frozen):
    """How PCA data are prepared; a change repeats preparation."""

    engine: EngineName = Field(EngineName.NATIVE, description="who computes")
    transition_bad: bool = Field(True, description="rows next to a switching of a PCU (and a file's ends) do not count")
    propane_bad: bool = Field(True, description="rows of PCU 0 and 1 after they lost their propane layer do not count")
    zero_bad: bool = Field(True, description="spectra of rows that do not count are set to 0")


def run(config: PcaPrepConfig, inputs: Inputs) -> Outputs:
    """Prepare one observation."""
    return implementation(config.engine, "pca_prep")(config, inputs)


STAGE = Stage(
    name="pca_prep",
    version=1,
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
        Input(
            "filter_file",
            "pointing and PCU state every 16 s",
            pattern=FILE_PATTERNS["filter_file"],
            at_most=1,
            missing="the filter file stdprod/x*.xfl is missing; fetch it from the archive",
        ),
    ),
    outputs=(
        Output("std2_dt", "Standard2 data with bad rows marked and dead time"),
        Output("filter_file", "the filter file, as it was"),
    ),
    run=run,
)
