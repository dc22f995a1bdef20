"""``rossi status``."""

from __future__ import annotations

from flows.cli.options import Config, Place, Prefix, Store, nothing_in, settings_from


def command(place: Place = None, store: Store = None, config: Config = None, prefix: Prefix = None) -> None:
    """Show how far a campaign is, from its store alone; also while it runs, and from another machine.

    Example: `rossi status store`
    """
    from flows.cli.display import show_status
    from flows.core.settings import require
    from services.storage import open_store
    from services.storage.inventory import status

    settings = settings_from(config, store=place or store, prefix=prefix)
    require(settings, "store")
    records = status(open_store(settings.store), settings.prefix)
    if not records:
        raise nothing_in(settings)
    show_status(records)
