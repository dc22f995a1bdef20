"""``rossi products``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import Config, Prefix, Sources, Store, nothing_in, of_sources, settings_from

if TYPE_CHECKING:
    from flows.core.settings import Settings
    from services.storage import ObjectStore

#: ObsIDs that a message names.
_NAMED = 6


def command(
    obsids: Annotated[list[str] | None, typer.Argument(metavar="OBSID", help="Only these observations.")] = None,
    store: Store = None,
    config: Config = None,
    prefix: Prefix = None,
    source: Sources = None,
    get: Annotated[Path | None, typer.Option(help="Copy them into this folder, by observation.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Copy what was published into this folder: merged products and those of them.")
    ] = None,
    release: Annotated[str, typer.Option(help="With --out: a release other than the current one.")] = "",
) -> None:
    """List the newest products, or copy them out of the store.

    With --source, those of a source and of the observations that were merged last of it.

    With `--out` copies what the last run has published, under the names that people know: each source's light curves,
    spectra and report, and below `products` those of its observations.

    Example: `rossi products 20101-01-01-00 --store store --get products`, or of all that was published
    `rossi products --store store --out published`
    """
    from flows.cli.display import show_products
    from flows.core.export import check_folder, export_set
    from flows.core.settings import require
    from rossi.facts import counted
    from services.storage import open_store
    from services.storage.inventory import product_sets

    settings = settings_from(config, store=store, prefix=prefix)
    require(settings, "store")
    if out is not None or release:
        _published(settings, out, source or [], release, other=bool(obsids or get))
        return
    if get is not None:
        check_folder(get, "--get")
    opened = open_store(settings.store)
    entries = product_sets(opened, settings.prefix, () if source else obsids or ())
    if source:
        slugs, theirs = of_sources(entries, source)
        theirs = theirs.intersection(obsids or theirs)
        entries = [e for e in entries if (e.manifest.source in slugs and not obsids) or e.manifest.obsid in theirs]
    absent = _absent(obsids or [], {e.manifest.obsid for e in entries}, opened, settings.prefix)
    if not entries:
        raise nothing_in(settings, f"there are no products of {absent}" if absent else "there is nothing yet")
    if get is None:
        show_products(opened, entries)
        _end(absent)
        return
    folders = {e.key: get / (e.manifest.obsid or e.manifest.source or e.manifest.stage) for e in entries}
    written = [path for key, folder in folders.items() for path in export_set(opened, key, folder, "--get")]
    print(f"{counted(len(written), 'file')} in {get}")
    _end(absent)


def _published(settings: Settings, out: Path | None, sources: list[str], release: str, *, other: bool) -> None:
    """Copy what a release names; a source's products into a folder of its own, where there are several."""
    from flows.core.export import SOURCES, check_folder, export_front, export_source
    from flows.core.published import chosen_release, chosen_sources
    from rossi.errors import ConfigError
    from rossi.facts import counted
    from services.storage import open_store
    from services.storage.base import key_of

    if out is None or other:
        raise ConfigError("--release chooses what --out copies; observations are copied with --get.")
    check_folder(out)
    opened = open_store(settings.store)
    found = chosen_release(opened, settings.prefix, release)
    several = len(found.sources) > 1
    front = bool(found.front) and not sources
    if front:
        export_front(opened, key_of(settings.prefix, found.front), out)
    for one in chosen_sources(found, sources):
        folder, up = (out / SOURCES / one.slug, "../../") if several else (out, "")
        written = export_source(opened, settings.prefix, one, folder, out, up, front=front)
        print(f"{one.name}: {counted(len(written), 'file')} in {out}, of release {found.name}")


def _absent(asked: list[str], found: set[str], store: ObjectStore, prefix: str) -> str:
    """Return what is asked for and not found, with what is there and begins the same."""
    from rossi.archive import meant
    from services.storage.inventory import observations

    absent = [obsid for obsid in dict.fromkeys(asked) if obsid not in found]
    there = observations(store, prefix) if absent else []
    near = [[name for name in there if name.startswith(meant(one) or one.strip())] for one in absent]
    return ", ".join(
        f"{one} (but of {', '.join(names[:_NAMED])})" if names else one for one, names in zip(absent, near, strict=True)
    )


def _end(absent: str) -> None:
    from services.contract import ExitCode

    if absent:
        typer.echo(f"There are no products of {absent}.", err=True)
        raise typer.Exit(ExitCode.DATA_ERROR)
