"""``rossi query``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import Archive, Config, Out, Prefix, PrintConfig, Store, settings_from
from flows.cli.search import Dec, ObsIds, Proposals, Ra, Radius, Start, Stop, criteria, tell

if TYPE_CHECKING:
    from pathlib import Path

    from services.query.worklist import WorkList


def command(
    name: Annotated[str | None, typer.Argument(help="A source by any name, or a position.")] = None,
    radius: Radius = None,
    ra: Ra = None,
    dec: Dec = None,
    obsid: ObsIds = None,
    proposal: Proposals = None,
    start: Start = None,
    stop: Stop = None,
    adql: Annotated[str | None, typer.Option(help="A query of your own; it must return obsid.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every pointing that the catalogue has.")] = False,
    config: Config = None,
    archive: Archive = None,
    store: Store = None,
    prefix: Prefix = None,
    out: Out = None,
    print_config: PrintConfig = False,
) -> None:
    """List observations: those of a source, or what a campaign would reduce.

    The table goes to standard output, and other programs read it too (ECSV). With --out, the folder gets it as ECSV and
    Parquet, with a plot of exposure against time; with a store, so does the store.

    Example: `rossi query "Eta Car" --radius 0.1deg --out list`
    """
    from flows.core.export import check_folder
    from services.query.stage import look, run_query
    from services.storage import open_archive, open_store

    asked = criteria(name, radius, ra, dec, obsid, proposal, start, stop) | {"adql": adql}
    if everything:
        asked["source"] = "catalogue"
    settings = settings_from(config, print_config, archive=archive, store=store, prefix=prefix, query=asked)
    if out is not None:
        check_folder(out)
    source = open_archive(settings.archive, settings.cache) if settings.archive else None
    if settings.store:
        opened = open_store(settings.store)
        work, listed = run_query(settings.query, source, opened, settings.prefix)
        typer.echo(f"Work list: {opened.url(listed.manifest)}", err=True)
    else:
        work = look(settings.query, source)
    tell(work.caveats)
    if out is not None:
        _write(work, out)
        return
    typer.echo(work.to_ecsv(), nl=False)
    typer.echo(_summary(work), err=True)


def _write(work: WorkList, out: Path) -> None:
    from flows.core.export import write_files
    from services.query.stage import outputs

    written = write_files(out, (file for group in outputs(work).files.values() for file in group))
    print(_summary(work))
    print("\n".join(str(path) for path in written))


def _summary(work: WorkList) -> str:
    exposure = sum(row.exposure for row in work.rows if row.exposure > 0)
    if not work.rows:
        return "No observation matches; check the name, the position, the radius and the dates."
    return f"Observations: {len(work.rows)}, exposure: {exposure / 1000:.1f} ks"
