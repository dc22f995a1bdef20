"""``rossi retry``."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import Archive, Config, Out, Place, Prefix, PrintConfig, Store, Workers, settings_from


def command(
    place: Place = None,
    archive: Archive = None,
    store: Store = None,
    config: Config = None,
    prefix: Prefix = None,
    out: Out = None,
    workers: Workers = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 20 if any observation failed again.")] = False,
    print_config: PrintConfig = False,
) -> None:
    """Run the failures of a campaign again, and only those, and merge once more.

    What failed is read from the store, so this works from another machine too, without Prefect. Give the configuration
    with which the campaign was run.

    Example: `rossi retry store --config rossi.toml --out out`
    """
    from flows.cli.campaign import show_products
    from flows.cli.display import progress_bar, show_summary
    from flows.config import require
    from flows.result import campaign_code
    from flows.retry import look, retry
    from rossi.errors import ConfigError
    from services.storage import open_archive, open_store

    settings = settings_from(
        config, print_config, archive=archive, store=place or store, prefix=prefix, campaign={"workers": workers}
    )
    require(settings, "archive", "store")
    open_archive(settings.archive)
    known = look(open_store(settings.store), settings)
    if not known.asked:
        raise ConfigError(f"{settings.store}: no campaign has left anything there; check --store and --prefix.")
    if not known.failed:
        print(f"Of {len(known.results)} observations with these settings none failed; there is nothing to try again.")
        raise typer.Exit
    with progress_bar("Reducing", in_logs=False) as bar:
        bar.planned(len(known.failed))
        result = retry(settings, known, bar.finished)
    show_summary([one for one in result.results if one.obsid in known.failed])
    show_products(settings, result, out)
    raise typer.Exit(campaign_code(result, strict))
