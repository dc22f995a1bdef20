"""Stage ``query``: which observations are to be reduced."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from importlib.util import find_spec

from rossi.errors import ConfigError
from services.contract import Caveat, File, InputRecord, Manifest, Outcome, Outputs, StageRequest, StageResult
from services.contract.configuration import validate
from services.execution.executor import result_of
from services.query.archive import look_through
from services.query.config import ListSource, QueryConfig
from services.query.vanished import place_of, with_vanished
from services.query.worklist import WorkList, ecsv, parquet
from services.storage import ArchiveSource, CacheConfig, ObjectStore, open_archive, open_store
from services.storage.local_archive import LocalArchive
from services.storage.publication import find_manifest, fingerprint, manifest_key, new_manifest, publish

__all__ = ["NAME", "ListSource", "QueryConfig", "execute_query", "look", "outputs", "run_query"]

NAME = "query"
VERSION = 2


def run_query(
    config: QueryConfig, archive: ArchiveSource | None, store: ObjectStore, prefix: str = ""
) -> tuple[WorkList, str]:
    """Make the work list and publish it as a table, as Parquet and as a figure.

    Parameters
    ----------
    config : QueryConfig
    archive : ArchiveSource or None
        None takes the list from the catalogue.
    store : ObjectStore
    prefix : str
        Run prefix within the store.

    Returns
    -------
    work : WorkList
    key : str
        Of the manifest, ``<prefix>/query/<fingerprint>/manifest.json``.
    """
    start = time.perf_counter()
    place = place_of(archive)
    work = with_vanished(look(config, archive), config, place, store, prefix)
    key, _, _ = _publish(work, config, place, store, prefix, start)
    return work, key


def execute_query(request: StageRequest) -> StageResult:
    """Run the query as a process is asked to; ``obsid`` of the request means nothing."""
    start = time.perf_counter()
    config = validate(QueryConfig, request.config, NAME)
    store = open_store(request.store)
    cache = validate(CacheConfig, request.cache, "cache")
    archive = open_archive(request.archive, cache) if request.archive else None
    place = place_of(archive)
    work = with_vanished(look(config, archive), config, place, store, request.prefix)
    key, manifest, reused = _publish(work, config, place, store, request.prefix, start)
    return result_of(manifest, key, reused=reused)


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


def outputs(work: WorkList) -> Outputs:
    """Return the work list as files: ECSV, Parquet where pyarrow is installed, and exposure against time."""
    from rossi.plot.exposure import exposure_figure
    from rossi.plot.longterm import png

    table = work.to_table()
    figure = exposure_figure(table["time"].data, table["exposure"].data, f"{len(table)} observations")
    files = {
        "observations": (File("observations.ecsv", ecsv(table)),),
        "parquet": (File("observations.parquet", parquet(table)),) if find_spec("pyarrow") else (),
        "figure": (File("exposure.png", png(figure)),),
    }
    return Outputs(files, work.caveats, {"observations": len(work.rows)})


def _publish(
    work: WorkList, config: QueryConfig, place: str, store: ObjectStore, prefix: str, start: float
) -> tuple[str, Manifest, bool]:
    table = work.to_ecsv()
    said = place + "".join(caveat.model_dump_json() for caveat in work.caveats)
    identity = "sha256:" + hashlib.sha256(table + said.encode()).hexdigest()
    inputs = [InputRecord(input="observations", path="work list", size=len(work.rows), identity=identity)]
    settings = config.model_dump(mode="json")
    digest = fingerprint(NAME, VERSION, settings, inputs)
    base = "/".join(filter(None, (prefix.strip("/"), NAME, digest)))
    key = manifest_key(base)
    there = find_manifest(store, key)
    if there is not None:
        return key, there, True
    made = outputs(work)
    made = replace(made, summary={**made.summary, "archive": place})
    outcome = Outcome.SUCCEEDED
    if not work.rows:
        nothing = "No observation matches; check the names, position and radius, dates and the archive's directory."
        made = Outputs(made.files, (*made.caveats, Caveat(code="nothing_found", message=nothing)), made.summary)
        outcome = Outcome.NO_WORK
    seconds = time.perf_counter() - start
    manifest = new_manifest(NAME, "", digest, settings, inputs, made, outcome, seconds)
    return key, publish(store, base, manifest, made.files), False
