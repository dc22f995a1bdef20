"""``rossi products``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Config, Prefix, Store, nothing_in, settings_from


def command(
    obsids: Annotated[list[str] | None, typer.Argument(metavar="[OBSID]...", help="Only these observations.")] = None,
    store: Store = None,
    config: Config = None,
    prefix: Prefix = None,
    get: Annotated[Path | None, typer.Option(help="Copy them into this folder, by observation.")] = None,
) -> None:
    """List the newest products of every observation, or copy them out of the store.

    Example: `rossi products 20101-01-01-00 --store store --get products`
    """
    from flows.cli.display import show_products
    from flows.config import require
    from flows.export import check_folder, export_set
    from flows.inventory import product_sets
    from services.storage import open_store

    settings = settings_from(config, store=store, prefix=prefix)
    require(settings, "store")
    if get is not None:
        check_folder(get, "--get")
    opened = open_store(settings.store)
    entries = [e for e in product_sets(opened, settings.prefix) if not obsids or e.manifest.obsid in obsids]
    if not entries:
        raise nothing_in(settings)
    if get is None:
        show_products(opened, entries)
        return
    written = [
        path
        for e in entries
        for path in export_set(opened, e.key, get / (e.manifest.obsid or e.manifest.stage), "--get")
    ]
    print(f"{len(written)} files in {get}")
