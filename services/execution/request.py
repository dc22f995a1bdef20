"""What is asked for: one stage of an observation, or all stages of a list of observations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic

from pydantic import Field, SerializeAsAny, field_validator

from services.calibration.config import CalibrationConfig
from services.contract import Config, EngineName, Frozen
from services.contract.configuration import validate
from services.execution.stages import load_stage
from services.storage import CacheConfig


class StageRequest(Frozen, Generic[Config]):
    """Everything one stage needs to run for one observation: a container's whole input.

    Parameters
    ----------
    stage, obsid : str
    config : model
        The stage's own.
    engine : EngineName
        Who computes.
    archive, store : str
        URLs. Credentials never stand here.
    cache : CacheConfig
        Where copies of a remote archive's files are kept.
    calibration : CalibrationConfig
        Where calibration files come from.
    prefix : str
        Run prefix within the store.
    upstream : dict
        For inputs from other stages: key of that stage's manifest.
    """

    stage: str
    obsid: str
    config: SerializeAsAny[Config] = Field({}, validate_default=True)
    engine: EngineName = EngineName.NATIVE
    archive: str = ""
    cache: CacheConfig = Field(default_factory=CacheConfig)
    calibration: CalibrationConfig = Field(default_factory=CalibrationConfig)
    store: str
    prefix: str = ""
    upstream: dict[str, str] = {}


class Shard(Frozen):
    """A list of observations that one process works off.

    Parameters
    ----------
    number : int
    obsids : tuple of str
    stages : dict
        Stage name to configuration, in the order in which they run: a stage after those that it reads from.
    engine, archive, cache, calibration, store, prefix
        See `StageRequest`.
    """

    number: int
    obsids: tuple[str, ...]
    stages: dict[str, SerializeAsAny[Frozen]]
    engine: EngineName = EngineName.NATIVE
    archive: str
    cache: CacheConfig = Field(default_factory=CacheConfig)
    calibration: CalibrationConfig = Field(default_factory=CalibrationConfig)
    store: str
    prefix: str = ""

    @field_validator("stages", mode="before")
    @classmethod
    def _configured(cls, value: Any) -> Any:
        """Read each stage's configuration with its own model."""
        given = value.items() if isinstance(value, Mapping) else ()
        read = {name: validate(load_stage(name).config, c, name) for name, c in given if isinstance(c, Mapping)}
        return {**value, **read} if read else value

    def request(self, stage: str, obsid: str, upstream: Mapping[str, str]) -> StageRequest[Any]:
        """Return what one stage is asked for; see `StageRequest`."""
        shared = {
            name: getattr(self, name) for name in ("engine", "archive", "cache", "calibration", "store", "prefix")
        }
        return StageRequest(stage=stage, obsid=obsid, config=self.stages[stage], upstream=dict(upstream), **shared)
