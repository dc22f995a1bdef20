"""Who watches a campaign: is told what happens, from whatever thread it happens in, and does each of its steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from services.contract import ObservationResult, StageResult
from services.execution.survey import Standing

Result = TypeVar("Result")


class Stopped(Exception):
    """Somebody wants the work to end."""


class Watcher:
    """Somebody who watches a campaign; this one does nothing with what it is told.

    Another one overrides what it wants to hear.
    """

    def step(self, kind: str, work: Callable[[], Result], name: str = "") -> Result:  # noqa: ARG002
        """Do a step of the campaign; returns and raises what the work does. Called from several threads.

        Parameters
        ----------
        kind : str
            ``query``, ``survey``, ``shard``, ``submit``, ``job``, ``merge`` ...
        work : callable
        name : str
            What tells it from others of its kind.
        """
        return work()

    def checking(self, observations: int) -> None:
        """So many observations will be looked at, before any is worked on."""

    def checked(self) -> None:
        """One of them has been looked at; called from several threads."""

    def surveyed(self, standings: Sequence[Standing], chosen: Sequence[Standing]) -> None:
        """All have been looked at, and these were chosen."""

    def planned(self, observations: int) -> None:
        """So many observations will be worked on."""

    def finished(self, result: ObservationResult) -> None:
        """One of them is done; called from several threads."""

    def waiting(self, why: str) -> None:
        """Why workers can't start, whenever that changes; empty if none waits. Called from any thread."""
        if why:
            self.warned(f"Pods can't start: {why}")

    def merging(self, sources: int) -> None:
        """All are done, and so many sources, in which something has changed, will be merged."""

    def merged(self, result: StageResult) -> None:
        """One source is merged; called from several threads."""

    def warned(self, message: str) -> None:
        """Something is not as it should be, or holds the work up; called from several threads."""
