"""What a finished run publishes: a release of what was merged and of the observations' products."""

from __future__ import annotations

from collections.abc import Mapping

from flows.core.result import CampaignResult, Merged
from flows.core.results import Results
from flows.core.settings import Settings
from services.contract import Outcome
from services.storage import ObjectStore
from services.storage.publication import read_manifest
from services.storage.release_documents import Release, Source
from services.storage.releases import inner_key, newest_release, publish_release, source_of


def publish_results(store: ObjectStore, settings: Settings, result: CampaignResult) -> Release | None:
    """Publish a campaign's products, and have readers take them; None if nothing came of it.

    What other campaigns have published below the same prefix, of sources with other names, stays published, unless this
    one is about all that there are and has a front page.

    Parameters
    ----------
    store : ObjectStore
    settings : Settings
    result : CampaignResult

    Raises
    ------
    DataError
        If something that was made can't be read.
    StoreError
    """
    merged = [one for one in result.merges if one.merge.manifest]
    if not merged or result.results.number(Outcome.FAILED) == len(result.results):
        return None
    newest = newest_release(store, settings.prefix)
    before = {(one.merge, one.slug, one.name): one for one in (newest.sources if newest is not None else ())}
    sources = [_source(store, settings, one, result.results, before) for one in merged]
    front = result.front.manifest if result.front else ""
    whole = bool(front) and not result.unmerged and not result.some
    return publish_release(store, settings.prefix, sources, whole=whole, front=inner_key(settings.prefix, front))


def _source(
    store: ObjectStore,
    settings: Settings,
    one: Merged,
    results: Results,
    before: Mapping[tuple[str, str, str], Source],
) -> Source:
    """Describe a source; what was merged of the same products before stands in the release before."""
    name, slug = one.name if one.slug else settings.merge.title, one.slug or settings.merge.slug
    if there := before.get((inner_key(settings.prefix, one.merge.manifest), slug, name)):
        return there
    known = [found for obsid in one.obsids if (found := results.get(obsid)) is not None]
    return source_of(
        store,
        settings.prefix,
        name,
        slug,
        (one.merge.manifest, read_manifest(store, one.merge.manifest)),
        len(known),
        [stage.manifest for result in known for stage in result.stages if stage.manifest],
    )
