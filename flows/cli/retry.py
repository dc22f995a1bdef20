"""``rossi retry``."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

import typer

from flows.cli.options import (
    Archive,
    Config,
    Out,
    Place,
    Prefix,
    PrintConfig,
    Sources,
    Store,
    Where,
    Workers,
    prepared,
    settings_from,
)


def command(
    place: Place = None,
    archive: Archive = None,
    store: Store = None,
    config: Config = None,
    prefix: Prefix = None,
    out: Out = None,
    source: Sources = None,
    workers: Workers = None,
    executor: Where = None,
    which: Annotated[
        Literal["transient", "data", "all"],
        typer.Option(help="Failures of store, memory, lost workers; of the data, that have been mended; or all."),
    ] = "all",
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 20 if any observation failed again.")] = False,
    print_config: PrintConfig = False,
) -> None:
    """Run only the failures of a campaign again, and merge.

    What failed is read from the store, so this works from another machine too, without Prefect. Give the configuration
    with which the campaign was run.

    Example: `rossi retry store --config archive/rossi.toml --out out`
    """
    from flows.cli.campaign import show_products
    from flows.cli.display import progress_bar, show_sources, show_summary
    from flows.core.extras import need
    from flows.core.result import campaign_code
    from flows.core.results import Results
    from flows.core.retry import Retry, failed
    from flows.core.run import run
    from flows.core.selection import NothingToDo
    from flows.core.turns import turn
    from flows.executors import open_executor

    need("matplotlib", "jinja2")
    campaign = {"workers": workers, "executor": executor}
    settings = settings_from(
        config,
        print_config,
        archive=archive,
        store=place or store,
        prefix=prefix,
        campaign=campaign,
        sources={"names": source or None},
    )
    settings = prepared(settings, out)
    select = partial(failed, which=Retry(which))
    try:
        with progress_bar("Reducing", in_logs=False) as bar, turn(settings, "rossi retry", bar.warned):
            result = run(settings, select, open_executor(settings), bar)
    except NothingToDo as nothing:
        print(nothing)
        raise typer.Exit from None
    todo = set(result.todo)
    show_summary(Results(one for one in result.results if one.obsid in todo))
    show_sources(result)
    show_products(settings, result, out)
    raise typer.Exit(campaign_code(result, strict))
