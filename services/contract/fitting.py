"""Settings of both instruments' extraction that make spectra ready to fit, and what responses are made of."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from rossi.calibration_roles import Role
from rossi.spectra.ready import FitSettings
from services.contract import CALIBRATION, Frozen, Input, Output


class Fitting(Frozen):
    """How spectra are made ready to fit."""

    spectra: bool
    responses: bool = Field(True, description="spectra have a response and effective area beside them, and name them")
    systematic: float = Field(0.0, ge=0, lt=1, description="systematic error of spectra, a fraction of the counts")
    group_min: int | None = Field(
        None, ge=1, description="join channels of spectra to groups of so many counts at least; none: they stand alone"
    )

    @property
    def fit(self) -> FitSettings:
        """The same as `rossi.spectra.ready` takes it."""
        return FitSettings(self.systematic, self.group_min)


def makes_responses(config: Any) -> bool:
    """Return whether settings ask for responses."""
    return bool(config.spectra and config.responses)


def calibration_inputs(*roles: tuple[Role, str]) -> tuple[Input, ...]:
    """Return the inputs of calibration that responses are made with: roles, and what each is for."""
    return tuple(Input(role, meaning, source=CALIBRATION, at_least=0, when=makes_responses) for role, meaning in roles)


#: Output of matrices, which observations share, and of effective areas.
RESPONSE, ANCILLARY = "response", "ancillary"
RESPONSE_OUTPUTS = (
    Output(RESPONSE, "matrices of the spectra, shared by observations", at_least=0),
    Output(ANCILLARY, "effective areas of the spectra", at_least=0),
)
