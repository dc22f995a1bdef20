"""Engines: implementations of the stages, one contract."""

from __future__ import annotations

import importlib
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from services.contract import Inputs, Outputs
    from services.pca_extract.stage import PcaExtractConfig
    from services.pca_prep.stage import PcaPrepConfig


class EngineName(StrEnum):
    """Which engine computes; ``native`` is rossi's own."""

    NATIVE = "native"


class Engine(Protocol):
    """What an engine module offers: one function a stage."""

    def pca_prep(self, config: PcaPrepConfig, inputs: Inputs) -> Outputs:
        """See `services.pca_prep.stage`."""

    def pca_extract(self, config: PcaExtractConfig, inputs: Inputs) -> Outputs:
        """See `services.pca_extract.stage`."""


def load_engine(name: EngineName) -> Engine:
    """Return an engine's module."""
    return cast(Engine, importlib.import_module(f"services.engines.{name.value}"))
