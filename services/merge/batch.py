"""Merging sources one after the other, in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from rossi.errors import ConfigError
from services.contract import StageResult
from services.execution.failures import failed, record_failure
from services.merge.config import NAME, MergeRequest
from services.merge.stage import run_merge
from services.storage import open_store
from services.storage.patience import Away, Pause, patiently


def merge_batch(
    requests: Iterable[MergeRequest], on_result: Callable[[StageResult], None], on_pause: Callable[[Pause], None]
) -> list[StageResult]:
    """Merge sources one after the other; what goes wrong with one is a failure of that one.

    Parameters
    ----------
    requests : iterable of MergeRequest
        Each is dropped when it is done with.
    on_result : callable
        Told how each ended.
    on_pause : callable
        Told when the store is waited for.

    Raises
    ------
    ConfigError
        If what was asked for makes no sense.
    StoreError
        If the store stays away.
    """
    results = []
    for request in requests:
        results.append(merge_one(request, on_pause))
        on_result(results[-1])
    return results


def merge_one(request: MergeRequest, on_pause: Callable[[Pause], None] | None = None) -> StageResult:
    """Merge a source; whatever goes wrong with it is its failure, but for what `merge_batch` raises."""
    store = open_store(request.store)
    try:
        return patiently(partial(run_merge, request, store), None, store, on_pause)
    except (ConfigError, Away):
        raise
    except Exception as error:  # the others go on
        return record_failed(request, error)


def record_failed(request: MergeRequest, error: Exception) -> StageResult:
    """Return the failure that an exception means, and leave it in the store."""
    result = failed(NAME, "", error, request.name)
    record_failure(open_store(request.store), request.prefix, result)
    return result
