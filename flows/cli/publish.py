"""``rossi publish``."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import Config, Place, Prefix, Store, nothing_in, settings_from

_LATEST = "latest"


def command(
    place: Place = None,
    store: Store = None,
    config: Config = None,
    prefix: Prefix = None,
    release: Annotated[str, typer.Option(help="Name of the release, as `rossi releases` lists it.")] = _LATEST,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="SOURCE", help="Publish the release anew without this source; may be given repeatedly."),
    ] = None,
) -> None:
    """Have readers take an older release, or `latest` again.

    A run that finds nothing changed leaves it at that; one that has new products publishes them, and readers take
    these. Nothing is computed or copied.

    Example: `rossi publish store --release latest`
    """
    from flows.core.published import chosen_sources
    from flows.core.settings import require
    from rossi.facts import counted
    from services.storage import open_store
    from services.storage.releases import list_releases, make_current, publish_release, read_release

    settings = settings_from(config, store=place or store, prefix=prefix)
    require(settings, "store")
    opened = open_store(settings.store)
    names = list_releases(opened, settings.prefix)
    if not names:
        raise nothing_in(settings, "no run has published anything there")
    name = names[-1] if release == _LATEST else release
    if without:
        found = read_release(opened, settings.prefix, name)
        left_out = {source.slug for source in chosen_sources(found, without)}
        name = publish_release(
            opened, settings.prefix, [source for source in found.sources if source.slug not in left_out]
        ).name
    made = make_current(opened, settings.prefix, name)
    of = ", ".join(source.name for source in made.sources)
    print(f"Release {name} is current: {counted(made.observations)} of {of}.")
