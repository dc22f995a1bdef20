"""What a finished run publishes: a release of what was merged and of the observations' products."""

from __future__ import annotations

from collections.abc import Sequence

from flows.core.settings import Settings
from services.contract import ObservationResult, Outcome, StageResult
from services.storage import ObjectStore
from services.storage.publication import read_manifest
from services.storage.release_documents import Release
from services.storage.releases import publish_release, source_of


def publish_results(
    store: ObjectStore, settings: Settings, merged: StageResult, results: Sequence[ObservationResult]
) -> Release | None:
    """Publish a campaign's products, and have readers take them; None if nothing came of it.

    What other campaigns have published below the same prefix, of sources with other names, stays published.

    Parameters
    ----------
    store : ObjectStore
    settings : Settings
    merged : StageResult
    results : sequence of ObservationResult
        All that the merge accounts for.

    Raises
    ------
    StoreError
    """
    if not merged.manifest or all(result.outcome is Outcome.FAILED for result in results):
        return None
    stages = [stage.manifest for result in results for stage in result.stages if stage.manifest]
    source = source_of(
        store,
        settings.prefix,
        settings.merge.title,
        settings.merge.slug,
        (merged.manifest, read_manifest(store, merged.manifest)),
        len(results),
        stages,
    )
    return publish_release(store, settings.prefix, [source], whole=False)
