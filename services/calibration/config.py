"""Where calibration comes from; light to import."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field

from rossi.calibration import Role
from services.contract import Frozen

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
        if role is Role.MODEL:
            return self.model
        text: str = getattr(self, role.value)
        if role is Role.BREAKDOWN_HISTORY:
            text = text or self.breakdown
        if not text.strip():
            return ("NONE",) if role is Role.CLOCK else ()
        return ("NONE",) if text.strip().upper() == "NONE" else (text,)
