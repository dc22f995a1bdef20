"""``rossi campaign``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    Sources,
    Store,
    Where,
    Workers,
    of_bands,
    prepared,
    settings_from,
)

if TYPE_CHECKING:
    from flows.core.result import CampaignResult
    from flows.core.settings import Settings


def command(
    archive: Archive = None,
    store: Store = None,
    config: Config = None,
    prefix: Prefix = None,
    out: Out = None,
    source: Sources = None,
    band: Bands = None,
    hexte_band: HexteBands = None,
    product: Products = None,
    workers: Workers = None,
    executor: Where = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 20 if any observation failed.")] = False,
    print_config: PrintConfig = False,
) -> None:
    """Reduce all observations that are asked for, and merge them.

    Run again, it goes on where it was stopped and computes nothing twice. Exit code 0 says that every observation is
    accounted for; those that failed are listed.

    Example: `rossi campaign --config archive/rossi.toml --out out`
    """
    from flows.cli.display import show_sources, show_summary
    from flows.core.extras import need
    from flows.core.result import campaign_code
    from flows.core.settings import Executor
    from flows.prefect.shutdown_guard import end_soon

    need("prefect", "matplotlib", "jinja2")
    settings = settings_from(
        config,
        print_config,
        archive=archive,
        store=store,
        prefix=prefix,
        campaign={"workers": workers, "executor": executor, "products": product or None},
        sources={"names": source or None},
        **of_bands(band, hexte_band),
    )
    settings = prepared(settings, out)
    if settings.campaign.executor is Executor.KUBERNETES:
        from flows.kubernetes.cluster import open_cluster

        open_cluster(settings.kubernetes)
    result = _run(settings)
    show_summary(result.results)
    show_sources(result)
    show_products(settings, result, out)
    code = campaign_code(result, strict)
    end_soon(code)
    raise typer.Exit(code)


def _run(settings: Settings) -> CampaignResult:
    from flows.cli.display import progress_bar
    from flows.desktop.server import prefect_server

    with progress_bar("Starting Prefect") as bar, prefect_server() as wait_for_server:
        from flows.campaign import run_campaign

        wait_for_server()
        return run_campaign(settings, bar)


def show_products(settings: Settings, result: CampaignResult, out: Path | None) -> None:
    """Tell where the merged products are, or copy them into a folder."""
    from flows.core.export import export_campaign
    from flows.core.summary import unmerged_line
    from rossi.facts import counted
    from services.storage import open_store

    store = open_store(settings.store)
    if wrong := unmerged_line(result):
        typer.echo(wrong, err=True)
    if not any(one.merge.manifest for one in result.merges):
        return
    if out is None:
        print(f"Products: {store.url(result.top.manifest)} (copied to a folder by --out)")
        return
    written = export_campaign(store, result, out)
    first = next(path for path in written if path.suffix == ".html")
    print(f"{counted(len(written), 'file')} in {out}, to begin with {first}")
