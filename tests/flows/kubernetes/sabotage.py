"""The workers, with observations or sources that kill their process, take very long, or can't be done.

``ROSSI_TEST_KILL``, ``ROSSI_TEST_SLOW``, ``ROSSI_TEST_FULL`` (observations that find the store's disk full) and
``ROSSI_TEST_BROKEN`` (sources that can't be merged) name them; ``ROSSI_TEST_MODULE`` says which worker it is.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rossi.errors import DataError
from services.contract import StageResult
from services.execution import overlap, signals
from services.execution import shard_process as index
from services.merge import batch, batches
from services.merge.config import MergeRequest
from services.storage import ObjectStore, local

_run, _merge, _write = index.run_observation, batch.run_merge, local.write


def _sabotaged(obsid: str, *arguments: Any, **options: Any) -> Any:
    _disturb(obsid)
    return _run(obsid, *arguments, **options)


def _unless_full(files: Sequence[tuple[str, str, bytes]], *what: Any) -> list[bool]:
    if any(_is_named("FULL", part) for folder, _, _ in files for part in Path(folder).parts):
        raise OSError(errno.ENOSPC, "No space left on device")
    return _write(files, *what)


def _sabotaged_merge(request: MergeRequest, store: ObjectStore) -> StageResult:
    _disturb(request.name)
    if _is_named("BROKEN", request.name):
        raise DataError(f"{request.name} makes no sense.")
    return _merge(request, store)


def _disturb(name: str) -> None:
    if _is_named("KILL", name):
        os.kill(os.getpid(), signal.SIGKILL)
    if _is_named("SLOW", name):
        print(f"{name} takes long", file=sys.stderr, flush=True)
        time.sleep(3600)


def _is_named(what: str, name: str) -> bool:
    return name in os.environ.get(f"ROSSI_TEST_{what}", "").split(",")


if __name__ == "__main__":
    signals.PATIENCE, overlap.LONG = 1.0, 0.1  # products wait for each other for a small part of what a signal gives
    local.write = _unless_full
    index.run_observation, batch.run_merge = _sabotaged, _sabotaged_merge
    {"services.execution": index.main, "services.merge.worker": batches.main}[os.environ["ROSSI_TEST_MODULE"]]()
