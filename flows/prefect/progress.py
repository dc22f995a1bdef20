"""How a campaign tells whoever watches what happens, from whatever thread it happens in."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol

from services.contract import ObservationResult


class Watcher(Protocol):
    """Somebody who watches a campaign."""

    def checking(self, observations: int) -> None:
        """So many observations will be looked at, before any is worked on."""
        ...

    def checked(self) -> None:
        """One of them has been looked at; called from several threads."""
        ...

    def planned(self, observations: int) -> None:
        """So many observations will be worked on."""
        ...

    def finished(self, result: ObservationResult) -> None:
        """One of them is done; called from several threads."""
        ...

    def waiting(self, why: str) -> None:
        """Why workers can't start, whenever that changes; empty if none waits. Called from any thread."""
        ...

    def merging(self) -> None:
        """All are done and will be merged."""
        ...

    def warned(self, message: str) -> None:
        """Something holds the work up; called from several threads."""
        ...


class Nobody:
    """Does nothing."""

    def checking(self, observations: int) -> None:
        """See `Watcher.checking`."""

    def checked(self) -> None:
        """See `Watcher.checked`."""

    def planned(self, observations: int) -> None:
        """See `Watcher.planned`."""

    def finished(self, result: ObservationResult) -> None:
        """See `Watcher.finished`."""

    def waiting(self, why: str) -> None:
        """See `Watcher.waiting`."""

    def merging(self) -> None:
        """See `Watcher.merging`."""

    def warned(self, message: str) -> None:
        """See `Watcher.warned`."""


#: The watcher of the flow run in this context: no parameter of the flow, since those go to the Prefect server.
WATCHER: ContextVar[Watcher] = ContextVar("watcher", default=Nobody())  # noqa: B039
