"""Stage ``hexte_validate``: what rossi makes of HEXTE's data, against the archive's standard products."""

from __future__ import annotations

from rossi.archive import FILE_PATTERNS
from rossi.calibration_roles import Role
from services.contract import CALIBRATION, Frozen, Input, Stage
from services.contract.validation import VALIDATION_OUTPUTS


class HexteValidateConfig(Frozen):
    """How HEXTE's standard products are compared: each is made again as its own header says, so there is no choice."""


STAGE = Stage(
    name="hexte_validate",
    version=1,
    config=HexteValidateConfig,
    inputs=(
        Input(
            "standard_product",
            "light curves and spectra of the mission's pipeline",
            pattern=FILE_PATTERNS["hexte_standard_product"],
            at_least=0,
        ),
        Input("science", "rows of each position", source="hexte_back"),
        Input("rocking", "16-s housekeeping", source="hexte_back", at_least=0),
        Input(Role.DEAD_TIME_A, "dead-time coefficients of cluster A", source=CALIBRATION),
        Input(Role.DEAD_TIME_B, "dead-time coefficients of cluster B", source=CALIBRATION),
    ),
    outputs=VALIDATION_OUTPUTS,
)
