"""The worker, with observations that kill their process, take very long, or find the store's disk full.

``ROSSI_TEST_KILL``, ``ROSSI_TEST_SLOW`` and ``ROSSI_TEST_FULL`` name them.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from typing import Any
from unittest.mock import patch

from services.execution import portion
from services.execution import shard_process as index

_run = index.run_observation


def _sabotaged(obsid: str, *arguments: Any, **options: Any) -> Any:
    if obsid in os.environ.get("ROSSI_TEST_KILL", "").split(","):
        os.kill(os.getpid(), signal.SIGKILL)
    if obsid in os.environ.get("ROSSI_TEST_SLOW", "").split(","):
        print(f"{obsid} takes long", file=sys.stderr, flush=True)
        time.sleep(3600)
    if obsid in os.environ.get("ROSSI_TEST_FULL", "").split(","):
        with patch("os.fsync", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            return _run(obsid, *arguments, **options)
    return _run(obsid, *arguments, **options)


if __name__ == "__main__":
    portion.GRACE = 1.0
    index.run_observation = _sabotaged
    index.main()
