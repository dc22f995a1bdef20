"""One short simulated observation in memory, whose truth is known, and the inputs that stages would get of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from rossi.archive import ObsID
from rossi.calibration_roles import Role
from rossi.simulate import (
    BACKEST_FILE,
    BREAKDOWN_FILE,
    DEAD_TIME_FILE_A,
    DEAD_TIME_FILE_B,
    MODEL_FILE,
    ObservationSpec,
    TrueObservation,
    simulate_observation,
    true_observation,
)
from rossi.simulate.calibration import calibration_files
from services.contract import ARCHIVE, CALIBRATION, File, Outputs, Stage

#: Files of each role; those of the others are left out, as with "NONE".
ROLES = {
    Role.MODEL: MODEL_FILE,
    Role.BREAKDOWN: BREAKDOWN_FILE,
    Role.DEAD_TIME_A: DEAD_TIME_FILE_A,
    Role.DEAD_TIME_B: DEAD_TIME_FILE_B,
    Role.BACKGROUND_A: BACKEST_FILE,
}


@dataclass(frozen=True)
class Observation:
    """Its files by their paths in its directory, those of calibration, and what is true of it."""

    truth: TrueObservation
    files: Mapping[str, bytes]
    calibration: Mapping[str, bytes]

    def inputs(self, stage: Stage[Any], config: Any, before: Outputs | None = None) -> dict[str, tuple[File, ...]]:
        """Return what a stage is given, as its declaration says: of the archive, calibration, or the stage before."""
        given: dict[str, tuple[File, ...]] = {}
        for declared in stage.inputs_for(config):
            if declared.source == ARCHIVE:
                found = tuple(File(path, data) for path, data in self.files.items() if declared.matches(path))
            elif declared.source == CALIBRATION:
                name = ROLES.get(Role(declared.name))
                found = (File(name, self.calibration[name]),) if name else ()
            else:
                assert before is not None
                found = tuple(before.files.get(declared.name, ()))
            assert declared.at_least <= len(found) <= declared.at_most, declared.name
            given[declared.name] = found
        return given


@pytest.fixture(scope="session")
def observation() -> Observation:
    """16 minutes with all PCUs on; both clusters rock, and have event lists."""
    spec = ObservationSpec(ObsID("20402-01-45-03"), 100_000_000, 960, slew=160, hexte_events=True)
    return Observation(true_observation(spec), simulate_observation(spec), calibration_files())
