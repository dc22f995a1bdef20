"""The end of a campaign, whoever runs it: what the observations gave is joined."""

from __future__ import annotations

from collections.abc import Sequence

from flows.core.plan import make_shard
from flows.core.publishing import publish_results
from flows.core.settings import Settings
from rossi.errors import DataError
from services.contract import ObservationResult, StageResult
from services.execution.failures import failed
from services.execution.vanished import keep_last
from services.merge.config import MergeRequest
from services.merge.stage import run_merge
from services.storage import open_store


def keep_vanished(
    settings: Settings, asked: Sequence[str], results: Sequence[ObservationResult]
) -> tuple[ObservationResult, ...]:
    """Put the last products of observations that are not in the archive any more in the place of their failures.

    Raises
    ------
    StoreError
        If they are so many that nothing is to be published.
    """
    plan = make_shard(settings, asked)
    return keep_last(results, plan, open_store(settings.store), settings.campaign.vanished)


def merge_results(settings: Settings, asked: Sequence[str], results: Sequence[ObservationResult]) -> StageResult:
    """Join the products of a campaign, with the report, and publish them; if that can't be done, it alone has failed.

    Parameters
    ----------
    settings : Settings
    asked : sequence of str
        ObsIDs that the report accounts for.
    results : sequence of ObservationResult
    """
    request = MergeRequest(
        store=settings.store,
        prefix=settings.prefix,
        asked=tuple(asked),
        results=tuple(results),
        config=settings.merge,
    )
    store = open_store(settings.store)
    try:
        merged = run_merge(request, store)
        publish_results(store, settings, merged, results)
    except DataError as error:  # what was reduced is there all the same
        return failed("merge", "", error)
    return merged
