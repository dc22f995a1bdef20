"""The stages of an observation, and which of them run for which instrument."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from rossi.errors import ConfigError
from services.contract import Stage
from services.hexte_back.stage import STAGE as HEXTE_BACK
from services.hexte_dead.stage import STAGE as HEXTE_DEAD
from services.pca_extract.stage import STAGE as PCA_EXTRACT
from services.pca_prep.stage import STAGE as PCA_PREP


class Instrument(StrEnum):
    """RXTE's pointed instruments."""

    PCA = "pca"
    HEXTE = "hexte"


#: Stages of one observation in their order, by instrument: each has a section in rossi.toml, and those of the
#: instruments in [campaign] run.
CHAINS: Mapping[Instrument, tuple[str, ...]] = {
    Instrument.PCA: (PCA_PREP.name, PCA_EXTRACT.name),
    Instrument.HEXTE: (HEXTE_BACK.name, HEXTE_DEAD.name),
}
#: Every stage of an observation by its name.
STAGES: Mapping[str, Stage[Any]] = {one.name: one for one in (PCA_PREP, PCA_EXTRACT, HEXTE_BACK, HEXTE_DEAD)}


def load_stage(name: str) -> Stage[Any]:
    """Return a stage of an observation.

    Raises
    ------
    ConfigError
        If there is none of this name.
    """
    if (stage := STAGES.get(name)) is None:
        raise ConfigError(f"There is no stage {name!r} of an observation; there are {', '.join(STAGES)}.")
    return stage


def instrument_of(stage: str) -> Instrument | None:
    """Return the instrument that a stage belongs to."""
    return next((instrument for instrument, chain in CHAINS.items() if stage in chain), None)
