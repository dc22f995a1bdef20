"""``rossi status``."""

from __future__ import annotations

from flows.cli.options import Config, Place, Prefix, Sources, Store, nothing_in, of_sources, settings_from


def command(
    place: Place = None, store: Store = None, config: Config = None, prefix: Prefix = None, source: Sources = None
) -> None:
    """Show how far a campaign is, from its store alone. It may be running, and on another machine.

    A source's observations are those that were merged last.

    Example: `rossi status store`
    """
    from flows.cli.display import show_status
    from flows.core.settings import require
    from services.storage import open_store
    from services.storage.inventory import product_sets, status

    settings = settings_from(config, store=place or store, prefix=prefix)
    require(settings, "store")
    opened = open_store(settings.store)
    records = status(opened, settings.prefix)
    if not records:
        raise nothing_in(settings)
    if source:
        slugs, obsids = of_sources(product_sets(opened, settings.prefix), source)
        records = [record for record in records if record.source in slugs or record.obsid in obsids]
    show_status(records)
