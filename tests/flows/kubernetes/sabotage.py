"""The worker, with observations that kill their process or take very long: ``ROSSI_TEST_KILL``, ``ROSSI_TEST_SLOW``."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

from services import index

_run = index.run_observation


def _sabotaged(obsid: str, *arguments: Any, **options: Any) -> Any:
    if obsid in os.environ.get("ROSSI_TEST_KILL", "").split(","):
        os.kill(os.getpid(), signal.SIGKILL)
    if obsid in os.environ.get("ROSSI_TEST_SLOW", "").split(","):
        print(f"{obsid} takes long", file=sys.stderr, flush=True)
        time.sleep(3600)
    return _run(obsid, *arguments, **options)


if __name__ == "__main__":
    index.GRACE = 1.0
    index.run_observation = _sabotaged
    index.main()
