"""Who works a campaign off, as `[campaign] executor` says."""

from __future__ import annotations

from flows.core.executor import Executor, Inline
from flows.core.processes import Processes
from flows.core.settings import Executor as Kind
from flows.core.settings import Settings


def open_executor(settings: Settings, flow_run: str = "") -> Executor:
    """Return who works a run off.

    Parameters
    ----------
    settings : Settings
    flow_run : str
        Of Prefect, if it is one.
    """
    match settings.campaign.executor:
        case Kind.INLINE:
            return Inline(settings)
        case Kind.LOCAL:
            return Processes(settings)
        case Kind.KUBERNETES:
            from flows.kubernetes.executor import Pods

            return Pods(settings, flow_run)
