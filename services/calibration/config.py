"""Where calibration comes from; light to import."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field

from rossi.calibration_roles import Role
from services.contract import Frozen

#: The energy-to-channel table that comes with rossi.
BUILT_IN = "e05v03"

__all__ = ["CalibrationConfig", "Role", "default_cache"]


def default_cache() -> str:
    """Return the folder for copies of remote files: below XDG_CACHE_HOME, or ``~/.cache``."""
    return str(Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "rossi" / "calibration")


class CalibrationConfig(Frozen):
    """Calibration files, each a path or URL (file, s3, https), or a CALDB to choose them from."""

    model: tuple[str, ...] = Field((), description="background model files (.mdl); empty takes them from the CALDB")
    saa: str = Field("", description="history of SAA passages; empty takes it from the CALDB, NONE does without")
    breakdown: str = Field(
        "",
        description="times without breakdown (PCU0_GTI to PCU4_GTI); empty takes it from the CALDB, NONE does without",
    )
    breakdown_history: str = Field(
        "",
        description="history of breakdowns for the filter file; empty is the file given as breakdown, or the CALDB's",
    )
    dead_time_a: str = Field(
        "", description="HEXTE: dead-time coefficients of cluster A (hxtdead_*_pwa.fits); empty takes the CALDB's"
    )
    dead_time_b: str = Field("", description="the same of cluster B (hxtdead_*_pwb.fits)")
    background_a: str = Field(
        "NONE",
        description="HEXTE: what turns cluster B's background into that of cluster A, which stares since 2006; empty "
        "takes the CALDB's, NONE does without",
    )
    energy_to_channel: str = Field(
        "",
        description="the PCA's energy-to-channel table (pca_e2c_*.fits); empty takes the CALDB's, or without one "
        "e05v03, the table of HEASoft 6.20 that comes with rossi",
    )
    collimators: tuple[str, ...] = Field(
        (),
        description="PCA: collimators, a file of each PCU, for responses; empty takes the CALDB's, ['NONE'] takes "
        "nothing as in the way",
    )
    hexte_matrix: tuple[str, ...] = Field(
        (),
        description="HEXTE: matrices of detectors, for responses; empty takes the CALDB's, ['NONE'] makes no responses",
    )
    hexte_area: tuple[str, ...] = Field(
        (), description="HEXTE: effective areas on axis of the same detectors; empty takes the CALDB's"
    )
    hexte_collimators: tuple[str, ...] = Field(
        (),
        description="HEXTE: collimators of the same detectors; empty takes the CALDB's, ['NONE'] takes nothing as in "
        "the way",
    )
    clock: str = Field(
        "NONE",
        description="fine corrections of the spacecraft's clock (tdc.dat), for times at the barycentre, good to 5 us "
        "then instead of 100 us; NONE does without",
    )
    caldb: str = Field(
        "",
        description="root of a CALDB: the folder or URL that holds data/xte/pca/caldb.indx; $CALDB is what the "
        "environment says",
    )
    cache: str = Field(default_factory=default_cache, description="folder for copies of remote files")

    def given(self, role: Role) -> tuple[str, ...]:
        """Return the files that are given for a role, whatever the CALDB says; (NONE,) where it is to do without."""
        value: str | tuple[str, ...] = getattr(self, role.value)
        if isinstance(value, tuple):
            return ("NONE",) if [text.strip().upper() for text in value] == ["NONE"] else value
        text = value
        if role is Role.BREAKDOWN_HISTORY:
            text = text or self.breakdown
        if not text.strip():
            return ("NONE",) if role is Role.CLOCK else ()
        without = {"none", *((BUILT_IN,) if role is Role.ENERGY_TO_CHANNEL else ())}  # which comes with rossi
        return ("NONE",) if text.strip().lower() in without else (text,)
