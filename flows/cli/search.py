"""What sub-commands share that look for observations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flows.core.settings import Settings
    from services.contract import Caveat

Radius = Annotated[str | None, typer.Option(help="Around the position: 0.1deg, 6arcmin, or degrees.")]
Ra = Annotated[str | None, typer.Option(help="Right ascension: 161.26 or 10:45:03.6.")]
Dec = Annotated[str | None, typer.Option(help="Declination: -59.68 or -59:41:04.")]
ObsIds = Annotated[list[str] | None, typer.Option("--obsid", metavar="OBSID", help="An observation; may be repeated.")]
Proposals = Annotated[
    list[int] | None, typer.Option("--proposal", metavar="NUMBER", help="A proposal; may be repeated.")
]
Start = Annotated[str | None, typer.Option(help="Beginning at or after this date (2005-01-31) or MET.")]
Stop = Annotated[str | None, typer.Option(help="Beginning before this date or MET.")]
WorkListFile = Annotated[
    Path | None, typer.Option("--worklist", help="A list made before: ECSV, Parquet, or an ObsID a line.")
]


def criteria(
    name: str | None,
    radius: str | None,
    ra: str | None,
    dec: str | None,
    obsids: list[str] | None,
    proposals: list[int] | None,
    start: str | None,
    stop: str | None,
) -> dict[str, Any]:
    """Return what the command line asks for as settings of [query]."""
    given = {"name": name, "radius": radius, "ra": ra, "dec": dec, "start": start, "stop": stop}
    return given | {"obsids": obsids or None, "proposals": proposals or None}


def find_obsids(settings: Settings, worklist: Path | None) -> tuple[str, ...]:
    """Return the ObsIDs of a list made before, or of what [query] asks for; what there is to say goes to stderr."""
    from flows.core.export import read_file
    from services.query.stage import look
    from services.query.worklist import read_obsids
    from services.storage import open_archive

    if worklist is not None:
        return read_obsids(read_file(worklist), str(worklist))
    archive = open_archive(settings.archive, settings.cache) if settings.archive else None
    work = look(settings.query, archive)
    tell(work.caveats)
    return work.obsids


def tell(caveats: Iterable[Caveat]) -> None:
    """Print caveats to standard error."""
    for caveat in caveats:
        typer.echo(caveat.message, err=True)


def size_text(size: int) -> str:
    """Return a number of bytes for people."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} B"
