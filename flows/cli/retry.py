"""``rossi retry``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import (
    Archive,
    Config,
    Out,
    Place,
    Prefix,
    PrintConfig,
    Store,
    Workers,
    nothing_in,
    prepared,
    settings_from,
)

if TYPE_CHECKING:
    from flows.core.retry import Known


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

    Example: `rossi retry store --config archive/rossi.toml --out out`
    """
    from flows.cli.campaign import show_products
    from flows.cli.display import progress_bar, show_summary
    from flows.core.extras import need
    from flows.core.result import campaign_code
    from flows.core.retry import look, retry
    from flows.core.turns import turn
    from services.storage import open_store

    need("matplotlib", "jinja2")
    settings = settings_from(
        config, print_config, archive=archive, store=place or store, prefix=prefix, campaign={"workers": workers}
    )
    settings = prepared(settings, out)
    known = look(open_store(settings.store), settings)
    if not known.asked:
        raise nothing_in(settings, "no campaign has left anything there")
    if not known.failed:
        print(_none_failed(known))
        raise typer.Exit
    with progress_bar("Reducing", in_logs=False) as bar, turn(settings, "rossi retry", bar.warned):
        bar.planned(len(known.failed))
        result = retry(settings, known, bar.finished)
    show_summary([one for one in result.results if one.obsid in known.failed])
    show_products(settings, result, out)
    raise typer.Exit(campaign_code(result, strict))


def _none_failed(known: Known) -> str:
    line = f"Of {len(known.asked)} observations none failed with these settings; there is nothing to try again."
    waiting = len(known.asked) - len(known.results)
    return line + f" {waiting} were not finished: the campaign, run once more, goes on with them." * bool(waiting)
