"""Engines: implementations of the stages, one contract.

An engine is a module of this package with a function for each stage, of the stage's name:
``pca_prep(config, inputs) -> Outputs``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from rossi.remarks import Remark
from services.contract import Caveat, File, Inputs, Outputs
from services.contract.engine import EngineName


def implementation(engine: EngineName, stage: str) -> Callable[[Any, Inputs], Outputs]:
    """Return what carries a stage out on an engine; the engine is imported only now."""
    module = importlib.import_module(f"services.engines.{engine.value}")
    return cast(Callable[[Any, Inputs], Outputs], getattr(module, stage))


def caveats_of(remarks: Iterable[Remark]) -> tuple[Caveat, ...]:
    """Return remarks as caveats, each once."""
    return tuple(Caveat(code=r.code, message=r.message) for r in dict.fromkeys(remarks))


def files_of(named: Mapping[str, bytes]) -> tuple[File, ...]:
    """Return the files of an output."""
    return tuple(File(name, data) for name, data in named.items())


def engine_versions(engine: EngineName, stage: str) -> dict[str, str]:
    """Return the versions of what an engine computes a stage with besides rossi; they decide on its numbers.

    Raises
    ------
    ConfigError
        If the engine can't carry the stage out here.
    """
    if engine is not EngineName.HEASOFT:
        return {}
    module = importlib.import_module("services.engines.heasoft")
    return cast(dict[str, str], module.versions(stage))
