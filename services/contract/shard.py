"""The unit of work: a list of observations that one process works off."""

from __future__ import annotations

from typing import Any

from services.contract.outcome import Frozen


class Shard(Frozen):
    """A list of observations that one process works off.

    Parameters
    ----------
    number : int
    obsids : tuple of str
    stages : dict
        Stage name to configuration, in the order in which they run: a stage after those that it reads from.
    """

    number: int
    obsids: tuple[str, ...]
    stages: dict[str, dict[str, Any]]
    archive: str
    cache: dict[str, Any] = {}
    calibration: dict[str, Any] = {}
    store: str
    prefix: str = ""
