"""Stage ``query``: which observations are to be reduced."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from typing import Any

from rossi.errors import ConfigError
from rossi.product import About, Kind
from services.contract import Caveat, File, InputRecord, Outcome, Output, Outputs, Stage, StageResult
from services.execution.making import Work, carry_out
from services.execution.request import StageRequest
from services.query.archive import look_through
from services.query.config import ListSource, QueryConfig
from services.query.vanished import place_of, with_vanished
from services.query.worklist import WorkList, ecsv, parquet
from services.storage import ArchiveSource, ObjectStore, open_archive, open_store
from services.storage.local_archive import LocalArchive

NAME = "query"
STAGE = Stage(
    name=NAME,
    version=2,
    config=QueryConfig,
    inputs=(),
    outputs=(
        Output("observations", "the work list"),
        Output("parquet", "the same as Parquet, where pyarrow is installed", at_least=0),
        Output("figure", "exposure against time"),
    ),
)
NOTHING = (
    "No observation matches; check names, position, radius and dates, and that the archive is the folder or URL that "
    "holds AO1, AO2 ..."
)


def run_query(
    config: QueryConfig, archive: ArchiveSource | None, store: ObjectStore, prefix: str = ""
) -> tuple[WorkList, StageResult]:
    """Make the work list and publish it as a table, as Parquet and as a figure, below ``<prefix>/query/``.

    Parameters
    ----------
    config : QueryConfig
    archive : ArchiveSource or None
        None takes the list from the catalogue.
    store : ObjectStore
    prefix : str
        Run prefix within the store.
    """
    place = place_of(archive)
    work = with_vanished(look(config, archive), config, place, store, prefix)
    asked = Work(STAGE, config, (_record(work, place),), prefix)
    return work, carry_out(asked, store, lambda: outputs(work, place))


def execute_query(request: StageRequest[Any]) -> StageResult:
    """Run the query as a process is asked to; ``obsid`` of the request means nothing."""
    archive = open_archive(request.archive, request.cache) if request.archive else None
    return run_query(request.config, archive, open_store(request.store), request.prefix)[1]


def look(config: QueryConfig, archive: ArchiveSource | None) -> WorkList:
    """Return the observations that the configuration asks for, without publishing them.

    Raises
    ------
    ConfigError
        If nothing says which observations, and the list is not asked for from a source by its name.
    """
    source = config.source
    if source is ListSource.AUTO:
        listed = isinstance(archive, LocalArchive) or (archive is not None and bool(config.obsids))
        source = ListSource.ARCHIVE if listed and not config.needs_catalogue else ListSource.CATALOGUE
        if source is ListSource.CATALOGUE and config.is_open:
            raise ConfigError(
                "Which observations? Give [query] a name, position, obsids, proposals, targets or dates (`rossi query "
                '--help`), or source = "catalogue" for all that there are.'
            )
    if source is ListSource.ARCHIVE:
        if archive is None:
            raise ConfigError('No archive was given to list; name one, or set source = "catalogue".')
        return look_through(config, archive)
    from services.query.catalogue import look_up

    return look_up(config)


def outputs(work: WorkList, place: str = "") -> Outputs:
    """Return the work list as files: ECSV, Parquet where pyarrow is installed, and exposure against time."""
    from rossi.plot.exposure import exposure_figure
    from rossi.plot.longterm import png

    table = work.to_table()
    figure = exposure_figure(table["time"].data, table["exposure"].data, f"{len(table)} observations")
    files = {
        "observations": (File("observations.ecsv", ecsv(table), about=About(Kind.TABLE)),),
        "parquet": (File("observations.parquet", parquet(table), about=About(Kind.TABLE)),)
        if find_spec("pyarrow")
        else (),
        "figure": (File("exposure.png", png(figure), about=About(Kind.FIGURE)),),
    }
    nothing = () if work.rows else (Caveat(code="nothing_found", message=NOTHING),)
    outcome = Outcome.SUCCEEDED if work.rows else Outcome.NO_WORK
    summary = {"observations": len(work.rows), "archive": place}
    return Outputs(files, (*work.caveats, *nothing), summary, outcome)


def _record(work: WorkList, place: str) -> InputRecord:
    """Identify what was found: its rows, where they are from, and what there is to say."""
    said = place + "".join(caveat.model_dump_json() for caveat in work.caveats)
    identity = "sha256:" + hashlib.sha256(work.to_ecsv() + said.encode()).hexdigest()
    return InputRecord(input="observations", path="work list", size=len(work.rows), identity=identity)
