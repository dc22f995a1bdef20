"""``rossi query``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import Archive, Config, Out, Prefix, PrintConfig, Store, settings_from
from flows.cli.search import Dec, ObsIds, Proposals, Ra, Radius, Start, Stop, criteria, tell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flows.core.settings import Settings
    from services.contract import File
    from services.query.worklist import WorkList
    from services.storage import ArchiveSource


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
    grouped: Annotated[
        bool, typer.Option("--group", help="Print the sources of the observations: name, position, exposure.")
    ] = False,
    modes: Annotated[
        list[str] | None,
        typer.Option(metavar="OBSID", help="Print which data modes an observation has; may be given several times."),
    ] = None,
    config: Config = None,
    archive: Archive = None,
    store: Store = None,
    prefix: Prefix = None,
    out: Out = None,
    print_config: PrintConfig = False,
) -> None:
    """List observations: of a source, or those of a campaign.

    The table goes to standard output, and other programs read it too (ECSV). With --out, the folder gets it as ECSV and
    Parquet, with a plot of exposure against time; with a store, so does the store. With --group, the table is that of
    the sources, and the folder gets it too. With --modes, the archive is asked which data of an observation hold what:
    resolution, channels, detectors, time; only the beginnings of its files are read.

    Example: `rossi query "Eta Car" --radius 0.1deg --out list`

    Example: `rossi query --modes 20402-01-45-03 --archive s3://nasa-heasarc`
    """
    from flows.core.export import check_folder
    from flows.core.settings import require
    from services.query.stage import look, run_query
    from services.storage import open_archive, open_store

    asked = criteria(name, radius, ra, dec, obsid, proposal, start, stop) | {"adql": adql}
    if everything:
        asked["source"] = "catalogue"
    settings = settings_from(config, print_config, archive=archive, store=store, prefix=prefix, query=asked)
    if out is not None:
        check_folder(out)
    source = open_archive(settings.archive, settings.cache) if settings.archive else None
    if modes:
        require(settings, "archive")
        raise typer.Exit(_modes(open_archive(settings.archive, settings.cache), modes))
    if settings.store:
        opened = open_store(settings.store)
        work, listed = run_query(settings.query, source, opened, settings.prefix)
        typer.echo(f"Work list: {opened.url(listed.manifest)}", err=True)
    else:
        work = look(settings.query, source)
    tell(work.caveats)
    table, sources, said = _sources(work, settings) if grouped else (work.to_ecsv(), (), "")
    if out is not None:
        _write(work, sources, said, out)
        return
    typer.echo(table, nl=False)
    typer.echo(_summary(work) + said, err=True)


def _modes(archive: ArchiveSource, obsids: Sequence[str]) -> int:
    """Print the data modes of observations; one that can't be had is no reason to leave out others."""
    from rossi.errors import DataError
    from services.query.modes import observation_modes

    code = 0
    for obsid in dict.fromkeys(obsids):
        try:
            found = observation_modes(archive, obsid)
        except DataError as error:
            typer.echo(f"{obsid}: {error}", err=True)
            code = error.exit_code
            continue
        print(f"{obsid}\n{found}")
    return code


def _sources(work: WorkList, settings: Settings) -> tuple[str | bytes, tuple[File, ...], str]:
    """Return the table of sources to print, as files, and how many there are; what there is to say goes to stderr."""
    from flows.core.grouping import rule_of
    from services.query.sources import printed, source_files, sources_of

    observations, found = sources_of(work, rule_of(settings))
    for remark in found.remarks:
        typer.echo(remark.message, err=True)
    return printed(observations, found), source_files(observations, found), f", sources: {len(found.present)}"


def _write(work: WorkList, sources: Sequence[File], said: str, out: Path) -> None:
    from flows.core.export import write_files
    from services.query.stage import outputs

    files = [file for group in outputs(work).files.values() for file in group]
    written = write_files(out, [*files, *sources])
    print(_summary(work) + said)
    print("\n".join(str(path) for path in written))


def _summary(work: WorkList) -> str:
    from services.query.stage import NOTHING

    exposure = sum(row.exposure for row in work.rows if row.exposure > 0)
    if not work.rows:
        return NOTHING
    return f"Observations: {len(work.rows)}, exposure: {exposure / 1000:.1f} ks"
