"""``rossi prune``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import Config, Place, Prefix, PrintConfig, Store, nothing_in, settings_from

if TYPE_CHECKING:
    from flows.core.settings import Settings
    from services.storage import ObjectStore


def command(
    place: Place = None,
    store: Store = None,
    config: Config = None,
    prefix: Prefix = None,
    keep: Annotated[int | None, typer.Option(min=1, help="Releases that are kept, counted from the last.")] = None,
    days: Annotated[float | None, typer.Option(min=0, help="What is younger, in days, is kept.")] = None,
    gone: Annotated[
        list[str] | None,
        typer.Option(metavar="OBSID", help="This observation will not come back to the archive: forget it."),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Remove it; without this, it is only said what would go.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for a run that is at work on this store, or end.")
    ] = True,
    print_config: PrintConfig = False,
) -> None:
    """Remove what nothing names any more, or say what that is. With `--apply` it is removed.

    That is: superseded products, merged products and query lists; orphans of interrupted or doubled runs; records of
    failures after which there was another try; work lists of finished runs; temporary files of killed processes. The
    last releases (3), the current one and what is younger than 7 days stay, and whatever rossi has not put there.

    An observation that is no longer in the archive keeps its last products in what is merged until `--gone` tells it to
    go: from the next run on it is left out, and removed when no kept release names it.

    Example: `rossi prune store`, then `rossi prune store --apply`
    """
    from flows.cli.display import show_pruning
    from flows.core.pruning import prune
    from flows.core.settings import require
    from services.storage import open_store

    values = {"keep": keep, "days": days}
    settings = settings_from(config, print_config, store=place or store, prefix=prefix, prune=values)
    require(settings, "store")
    opened = open_store(settings.store)
    for obsid in gone or []:
        _check(opened, settings, obsid)
    say = lambda text: typer.echo(text, err=True)  # noqa: E731
    found = prune(opened, settings, gone or [], say, apply=apply, wait=wait)
    if not found.objects and not found.doomed:
        raise nothing_in(settings)
    show_pruning(found, applied=apply)
    for obsid in gone or []:
        print(f"{obsid} {'is' if apply else 'would be'} left out from the next run on.")


def _check(store: ObjectStore, settings: Settings, obsid: str) -> None:
    """Refuse to forget an observation of which there is nothing."""
    from services.storage.base import check_key, key_of

    folder = check_key(key_of(settings.prefix, obsid))
    if next(iter(store.list(f"{folder}/")), None) is None:
        raise nothing_in(settings, f"there is nothing of {obsid}")
