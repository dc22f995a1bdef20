"""Engines: implementations of the stages, one contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module, metadata
from typing import Any, Protocol

from rossi.remarks import Remark
from services.contract import Caveat, EngineName, Inputs, Outputs


class Engine(Protocol):
    """Carries stages out; what it needs is imported when it is used."""

    def run(self, stage: str, config: Any, inputs: Inputs) -> Outputs:
        """Carry a stage out.

        Parameters
        ----------
        stage : str
        config : model
            The stage's own.
        inputs : mapping of str to tuple of File

        Raises
        ------
        NoGoodTime
        DataError
        ConfigError
        """
        ...

    def versions(self, stage: str) -> dict[str, str]:
        """Return the versions of what computes a stage besides rossi; they decide on its numbers.

        Raises
        ------
        ConfigError
            If the engine can't carry the stage out here.
        """
        ...


class Native:
    """rossi's own numbers, in memory from end to end."""

    def run(self, stage: str, config: Any, inputs: Inputs) -> Outputs:
        """See `Engine`."""
        return _native(stage)(config, inputs)

    def versions(self, stage: str) -> dict[str, str]:
        """See `Engine`: rossi's own is in every manifest; that of stingray, which makes power spectra."""
        if stage != "pca_fast":
            return {}
        with suppress(metadata.PackageNotFoundError):
            return {"stingray": metadata.version("stingray")}
        return {}


@cache
def _native(stage: str) -> Callable[[Any, Inputs], Outputs]:
    """Return what carries a stage out on the native engine, in a process that is ready for it."""
    from services.engines.native.allocation import keep_freed_memory

    keep_freed_memory()
    carry_out: Callable[[Any, Inputs], Outputs] = getattr(import_module(f"services.engines.native.{stage}"), stage)
    return carry_out


class Heasoft:
    """NASA's own tasks through heasoftpy, each call in a sandbox of its own."""

    def run(self, stage: str, config: Any, inputs: Inputs) -> Outputs:
        """See `Engine`."""
        from services.engines.heasoft import STAGES

        return STAGES[stage](config, inputs)

    def versions(self, stage: str) -> dict[str, str]:
        """See `Engine`: those of HEASoft and heasoftpy."""
        from services.engines.heasoft.preflight import installed

        return installed(stage).versions


#: Who carries stages out, by name.
ENGINES: Mapping[EngineName, Engine] = {EngineName.NATIVE: Native(), EngineName.HEASOFT: Heasoft()}


def caveats_of(remarks: Iterable[Remark]) -> tuple[Caveat, ...]:
    """Return remarks as caveats, each once."""
    return tuple(Caveat(code=r.code, message=r.message) for r in dict.fromkeys(remarks))
