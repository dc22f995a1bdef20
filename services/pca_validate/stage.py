"""Stage ``pca_validate``: what rossi makes of the PCA's data, against the archive's standard products."""

from __future__ import annotations

import re
from typing import Any

from rossi.archive import FILE_PATTERNS, parse_standard_product
from services.contract import Caveat, Frozen, Input, Look, Stage
from services.contract.validation import VALIDATION_OUTPUTS


class PcaValidateConfig(Frozen):
    """How the PCA's products are compared: each is made again as its own header says, so there is no choice."""


def _standard1(_config: Any, look: Look) -> tuple[tuple[str, ...], tuple[Caveat, ...]]:
    """Return the Standard1 files where there is a product made of them."""
    found = (parse_standard_product(path.rpartition("/")[2]) for path in look.files if path.startswith("stdprod/"))
    if not any(one is not None and one.instrument == "PCA" and one.number == 1 for one in found):
        return (), ()
    return tuple(path for path in look.files if re.fullmatch(FILE_PATTERNS["std1"], path)), ()


STAGE = Stage(
    name="pca_validate",
    version=1,
    config=PcaValidateConfig,
    inputs=(
        Input(
            "standard_product",
            "light curves and spectra of the mission's pipeline",
            pattern=FILE_PATTERNS["pca_standard_product"],
            at_least=0,
        ),
        Input("standard_filter_file", "its filter file", pattern=FILE_PATTERNS["filter_file"], at_least=0, at_most=1),
        Input("standard_gti", "its good time", pattern=FILE_PATTERNS["standard_good_time"], at_least=0, at_most=1),
        Input("std1", "Standard1 data", pattern=FILE_PATTERNS["std1"], at_least=0, narrow=_standard1),
        Input("housekeeping", "state of each PCU", pattern=FILE_PATTERNS["pcu_housekeeping"], at_least=0),
        Input("std2_dt", "prepared Standard2 data", source="pca_prep"),
        Input("std2_dtbkg", "model background of the same rows", source="pca_prep", at_least=0),
        Input("filter_file", "pointing and PCU state every 16 s", source="pca_prep", at_most=1),
    ),
    outputs=VALIDATION_OUTPUTS,
)
