"""Who started a flow run from this process: is told what happens, and gets the result."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field

from flows.core.result import CampaignResult
from flows.core.watcher import Watcher
from rossi.errors import RossiError


@dataclass(slots=True)
class Caller:
    """Whoever started a run from a command; Prefect's own parameters and results stay small.

    Parameters
    ----------
    watcher : Watcher
    result : CampaignResult or None
    error : RossiError or None
        Why it could not go on.
    """

    watcher: Watcher = field(default_factory=Watcher)
    result: CampaignResult | None = None
    error: RossiError | None = None


#: The caller of the flow run in this context; None where Prefect started it.
CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)
