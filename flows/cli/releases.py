"""``rossi releases``."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import Config, Place, Prefix, Store, nothing_in, settings_from


def command(
    place: Place = None,
    store: Store = None,
    config: Config = None,
    prefix: Prefix = None,
    sources: Annotated[bool, typer.Option("--sources", help="Name the sources of each release, too.")] = False,
) -> None:
    """List what runs have published. Of each: name, time, sources, observations, and size.

    Readers, such as `products --out`, take the one that is marked as current; `publish` has them take another one.

    Example: `rossi releases store`
    """
    from flows.cli.display import show_releases
    from flows.core.settings import require
    from services.storage import open_store
    from services.storage.releases import current_name, list_releases, read_release

    settings = settings_from(config, store=place or store, prefix=prefix)
    require(settings, "store")
    opened = open_store(settings.store)
    names = list_releases(opened, settings.prefix)
    if not names:
        raise nothing_in(settings, "no run has published anything there")
    found = [read_release(opened, settings.prefix, name) for name in names]
    show_releases(found, current_name(opened, settings.prefix), sources=sources)
