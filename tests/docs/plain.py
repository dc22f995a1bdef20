"""The command, whose campaigns Prefect does not hear of: it takes longer to start than a tutorial's campaign takes."""

from __future__ import annotations

from flows.cli import campaign, main
from flows.core.preflight import check
from flows.core.result import CampaignResult
from flows.core.run import run
from flows.core.selection import everything
from flows.core.settings import Settings
from flows.core.watcher import Watcher
from flows.executors import open_executor


def _run(settings: Settings) -> CampaignResult:
    check(settings)
    return run(settings, everything, open_executor(settings), Watcher())


if __name__ == "__main__":
    campaign._run = _run
    main()
