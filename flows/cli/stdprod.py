"""``rossi stdprod``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import Archive, Config, settings_from
from flows.cli.search import Dec, ObsIds, Proposals, Ra, Radius, Start, Stop, WorkListFile, criteria, find_obsids, tell

if TYPE_CHECKING:
    from flows.core.settings import Settings
    from services.merge.config import MergeConfig


def command(
    target: Annotated[str | None, typer.Option(help="A source by any name, or a position.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for light curves, figures and report.html.")] = Path("stdprod"),
    band: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BAND", help="n2a (the PCA's), n2b to n2e, n1, n0a and n1a (HEXTE's) ...; may be repeated."
        ),
    ] = None,
    worklist: WorkListFile = None,
    radius: Radius = None,
    ra: Ra = None,
    dec: Dec = None,
    obsid: ObsIds = None,
    proposal: Proposals = None,
    start: Start = None,
    stop: Stop = None,
    archive: Archive = None,
    config: Config = None,
) -> None:
    """Join and plot the archive's own light curves of a source.

    Example: `rossi stdprod --target "eta car" --archive s3://nasa-heasarc --out eta-car`
    """
    from rich.console import Console
    from rich.progress import Progress

    from flows.core.export import check_folder, write_files
    from flows.core.settings import require
    from rossi.errors import DataError
    from services.merge.stage import merge_files
    from services.query.stage import NOTHING
    from services.query.standard_products import check_bands, collect
    from services.storage import open_archive

    asked = criteria(target, radius, ra, dec, obsid, proposal, start, stop)
    settings = settings_from(config, archive=archive, query=asked)
    require(settings, "archive")
    check_folder(out)
    bands = check_bands(band or ["n2a"])
    source = open_archive(settings.archive, settings.cache)
    obsids = find_obsids(settings, worklist)
    if not obsids:
        raise DataError(NOTHING)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Collecting", total=len(obsids))
        collected = collect(source, obsids, bands, lambda: progress.advance(bar))
    for one, number in collected.found.items():
        print(f"{one}: found {number} of {collected.asked}")
    tell(collected.problems)
    if not collected.curves:
        raise DataError("None of the observations has such a standard product.")
    outputs = merge_files(_titled(settings, target), collected.curves)
    tell(outputs.caveats)
    written = write_files(out, (file for group in outputs.files.values() for file in group))
    print("\n".join(str(path) for path in written))


def _titled(settings: Settings, target: str | None) -> MergeConfig:
    """Name light curves after the source, unless the configuration gives them a title."""
    from services.merge.config import MergeConfig

    if settings.merge.title != MergeConfig().title or not target:
        return settings.merge
    return settings.merge.model_copy(update={"title": f"{target}, standard products"})
