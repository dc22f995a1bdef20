"""Stage ``query``: which observations of the archive are to be reduced."""

from __future__ import annotations

import datetime
import hashlib
import time

from astropy.time import Time
from pydantic import Field

from rossi.met import met_to_mjd
from services.configuration import validate
from services.contract import Caveat, File, Frozen, InputRecord, Manifest, Outcome, Outputs, StageRequest, StageResult
from services.executor import result_of
from services.publication import find_manifest, fingerprint, manifest_key, new_manifest, publish
from services.query.index import describe, find_observations
from services.query.worklist import WorkList, WorkRow, blank, in_order
from services.storage import ArchiveSource, ObjectStore, open_archive, open_store

NAME = "query"
VERSION = 1


class QueryConfig(Frozen):
    """What to look for; everything by default."""

    targets: tuple[str, ...] = Field(
        (), description="Sources as the master index spells them, case and blanks aside; none means all."
    )
    obsids: tuple[str, ...] = Field((), description="Observations; none means all.")
    slews: bool = Field(False, description="Include slews, scans and rasters.")
    start: float | datetime.date | None = Field(
        None, description="Observations that begin at or after this MET [s] or date (0 h UTC)."
    )
    stop: float | datetime.date | None = Field(
        None, description="Observations that begin before this MET [s] or date (0 h UTC)."
    )


def run_query(
    config: QueryConfig, archive: ArchiveSource, store: ObjectStore, prefix: str = ""
) -> tuple[WorkList, str]:
    """Look through the archive and publish the work list as ``observations.ecsv``.

    Observations that are asked for by name but not there, and those whose index can't be read, stay in the list with
    a caveat: they will fail by themselves and be reported.

    Parameters
    ----------
    config : QueryConfig
    archive : ArchiveSource
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
    work = look(config, archive)
    key, _, _ = _publish(work, config, store, prefix, time.perf_counter() - start)
    return work, key


def execute_query(request: StageRequest) -> StageResult:
    """Run the query as a process is asked to; ``obsid`` of the request means nothing."""
    start = time.perf_counter()
    config = validate(QueryConfig, request.config, NAME)
    store = open_store(request.store)
    work = look(config, open_archive(request.archive))
    key, manifest, reused = _publish(work, config, store, request.prefix, time.perf_counter() - start)
    return result_of(manifest, key, reused=reused)


def look(config: QueryConfig, archive: ArchiveSource) -> WorkList:
    """Return the observations that the configuration asks for, without publishing them."""
    found, nearly = find_observations(archive)
    rows, caveats = [], []
    for obsid in found:
        if obsid.text in config.obsids if config.obsids else config.slews or obsid.is_pointing:
            row, caveat = describe(archive, obsid)
            caveats += [caveat] if caveat else []
            if caveat or _matches(row, config):
                rows.append(row)
    absent = [obsid for obsid in dict.fromkeys(config.obsids) if obsid not in {o.text for o in found}]
    rows += [blank(obsid) for obsid in absent]
    caveats += [Caveat(code="not_in_archive", message=f"{obsid} is not in the archive.") for obsid in absent]
    if nearly:
        message = (
            f"{len(nearly)} directories look like observations but are not named or placed as such: {nearly[0]} ..."
        )
        caveats.append(Caveat(code="not_an_obsid", message=message))
    return in_order(rows, caveats)


def _matches(row: WorkRow, config: QueryConfig) -> bool:
    if config.targets and _plain(row.target_name) not in map(_plain, config.targets):
        return False
    return (config.start is None or row.time >= _mjd(config.start)) and (
        config.stop is None or row.time < _mjd(config.stop)
    )


def _plain(target: str) -> str:
    return "".join(target.lower().split())


def _mjd(moment: float | datetime.date) -> float:
    if isinstance(moment, datetime.date):
        return float(Time(moment.isoformat(), scale="utc").tt.mjd)
    return float(met_to_mjd(moment))


def _publish(
    work: WorkList, config: QueryConfig, store: ObjectStore, prefix: str, seconds: float
) -> tuple[str, Manifest, bool]:
    table = work.to_ecsv()
    said = "".join(caveat.model_dump_json() for caveat in work.caveats)
    identity = "sha256:" + hashlib.sha256(table + said.encode()).hexdigest()
    inputs = [InputRecord(input="master_index", path="AO*/P*/*/FMI", size=len(work.rows), identity=identity)]
    settings = config.model_dump(mode="json")
    digest = fingerprint(NAME, VERSION, settings, inputs)
    base = "/".join(filter(None, (prefix.strip("/"), NAME, digest)))
    key = manifest_key(base)
    there = find_manifest(store, key)
    if there is not None:
        return key, there, True
    caveats, outcome = work.caveats, Outcome.SUCCEEDED
    if not work.rows:
        nothing = "No observation of the archive matches; check the targets, dates and the archive's directory."
        caveats, outcome = (*caveats, Caveat(code="nothing_found", message=nothing)), Outcome.NO_WORK
    outputs = Outputs({"observations": (File("observations.ecsv", table),)}, caveats, {"observations": len(work.rows)})
    manifest = new_manifest(NAME, "", digest, settings, inputs, outputs, outcome, seconds)
    return key, publish(store, base, manifest, outputs.files), False
