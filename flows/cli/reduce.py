"""``rossi reduce``."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import (
    Archive,
    Bands,
    Config,
    HexteBands,
    Out,
    Prefix,
    PrintConfig,
    Products,
    Store,
    of_bands,
    prepared,
    settings_from,
)


def command(
    obsids: Annotated[list[str], typer.Argument(metavar="OBSID", help="Observations, e.g. 20402-01-45-03.")],
    archive: Archive = None,
    store: Store = None,
    config: Config = None,
    prefix: Prefix = None,
    band: Bands = None,
    hexte_band: HexteBands = None,
    out: Out = None,
    product: Products = None,
    print_config: PrintConfig = False,
) -> None:
    """Reduce one observation or a few, here and now. Others may work on the store at the same time.

    What a campaign has finished is taken from there, and it finds what was finished here; who is at work is told.

    Examples: `rossi reduce 20101-01-01-00 --config archive/rossi.toml --out products`,
    `rossi reduce 20101-01-01-00 --config archive/rossi.toml --out kev --band 2-9keV`
    """
    from flows.cli.display import progress_bar, show_results
    from flows.core.export import export_observations
    from flows.core.plan import make_shard
    from flows.core.result import failure_code
    from flows.core.results import Results
    from flows.core.turns import beside
    from rossi.facts import counted
    from services.execution.worker import run_shard
    from services.storage import open_store

    asked = {"campaign": {"products": product or None}, **of_bands(band, hexte_band)}
    settings = settings_from(config, print_config, archive=archive, store=store, prefix=prefix, **asked)
    settings = prepared(settings, out)
    beside(settings, lambda said: typer.echo(said, err=True))
    unique = tuple(dict.fromkeys(obsids))
    with progress_bar("Reducing", in_logs=False) as bar:
        bar.planned(len(unique))
        results = run_shard(make_shard(settings, unique), bar.finished, lambda pause: typer.echo(str(pause), err=True))
    show_results(Results(results))
    if out:
        written = export_observations(open_store(settings.store), results, out)
        print(f"{counted(len(written), 'product')} in {out}")
    raise typer.Exit(failure_code(results))
