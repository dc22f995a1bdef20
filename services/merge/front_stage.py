"""What stands above the sources of an archive: its front page, and the tables of everything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from importlib.util import find_spec
from typing import Protocol, TypeAlias

from astropy.table import Table

from rossi.errors import DataError
from rossi.exchange import to_ecsv, to_parquet
from rossi.product import About, Kind
from rossi.sources import Observations, Sources
from rossi.sources.measured import Measured
from rossi.sources.tables import observations_table, sources_table
from services.contract import (
    File,
    Frozen,
    InputRecord,
    Manifest,
    ObservationResult,
    Outcome,
    Output,
    Outputs,
    Stage,
    StageResult,
)
from services.execution.making import Work, carry_out, stage_folder
from services.merge.front_measured import measured
from services.merge.front_page import SourceEntry, front_page
from services.merge.report import ROOT
from services.merge.stage import REPORT
from services.storage import MissingObject, ObjectStore
from services.storage.outputs import fetch_outputs, read_outputs
from services.storage.publication import MANIFEST, output_key, read_manifest

NAME = "sources"
#: Parallel requests: an answer of S3 takes tens of milliseconds, nearly all of it waiting.
_REQUESTS = 16
_TABLE = "sources.ecsv"
PAGE = "page"
#: Outputs that are tables.
SOURCES, OBSERVATIONS = "sources", "observations"


Tables: TypeAlias = "dict[str, Table]"


class FrontConfig(Frozen):
    """What heads the front page, the rule by which there are sources, and the bands of the hardness."""

    title: str
    description: str = ""
    by: str
    radius: float
    hardness: tuple[str, ...] = ()


STAGE = Stage(
    name=NAME,
    version=2,
    config=FrontConfig,
    inputs=(),
    outputs=(
        Output(PAGE, "the front page"),
        Output(SOURCES, "the table of sources"),
        Output(OBSERVATIONS, "the table of observations, where pyarrow is installed", at_least=0),
        Output("front", "what the page shows, so that it can be made for another place"),
    ),
)


class Front(Frozen):
    """What a front page shows.

    Parameters
    ----------
    title, description : str
    downloads, notes : tuple of str
    hardness : str
        What it is the ratio of.
    entries : tuple of SourceEntry
        With links that lead from the page in the store.
    """

    title: str
    description: str
    downloads: tuple[str, ...]
    notes: tuple[str, ...]
    hardness: str = ""
    entries: tuple[SourceEntry, ...]

    def page(self, link: Callable[[SourceEntry], str] = lambda entry: entry.link) -> bytes:
        """Return the page for a place from which links lead elsewhere."""
        moved = [entry.model_copy(update={"link": link(entry)}) for entry in self.entries]
        return front_page(
            moved,
            self.title,
            self.description,
            hardness=self.hardness,
            downloads=self.downloads,
            notes=self.notes,
        )


class Known(Protocol):
    """How observations ended."""

    def get(self, obsid: str, /) -> ObservationResult | None:
        """Return the result of an observation, None if there is none."""
        ...

    def outcome(self, obsid: str, /) -> Outcome | None:
        """Return its outcome alone."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Everything:
    """What is known of an archive.

    Parameters
    ----------
    observations : Observations
    found : Sources
        Theirs.
    results : Known
    merges : mapping of slug to StageResult
    """

    observations: Observations
    found: Sources
    results: Known
    merges: Mapping[str, StageResult]


def run_front(
    config: FrontConfig, archive: Everything, store: ObjectStore, prefix: str = "", before: str = ""
) -> StageResult:
    """Publish front page and tables, unless that is done already, below ``<prefix>/sources/``.

    Parameters
    ----------
    config : FrontConfig
    archive : Everything
    store : ObjectStore
    prefix : str
        Run prefix within the store.
    before : str
        Key of the manifest of the page before, if there is one: of sources that are as they were it is read, and not of
        each one's products.

    Raises
    ------
    StoreError
        If the store does not answer; trying again may help.
    DataError
        If what a merge left can't be read.
    """
    work = Work(STAGE, config, (*merged_records(archive), made_of(archive)), prefix)
    return carry_out(work, store, lambda: _outputs(config, archive, store, prefix.strip("/"), before))


def published(store: ObjectStore, key: str) -> Front:
    """Return what a front page in a store shows, by the key of its manifest."""
    (file,) = fetch_outputs(store, key, "front")
    return Front.model_validate_json(file.data)


def last_table(store: ObjectStore, prefix: str, by: str) -> bytes | None:
    """Return the newest table of sources that were found by one kind of rule; None if there is none."""
    found: list[tuple[str, str, Manifest]] = []
    for info in store.list(f"{stage_folder(prefix, '', NAME)}/"):
        if info.key.endswith(f"/{MANIFEST}"):
            manifest = read_manifest(store, info.key)
            if manifest.config.get("by") == by:
                found.append((manifest.created, info.key, manifest))
    if not found:
        return None
    _, key, manifest = max(found, key=lambda one: one[:2])
    return next(file.data for file in read_outputs(store, key, manifest, SOURCES) if file.name == _TABLE)


def _outputs(config: FrontConfig, archive: Everything, store: ObjectStore, prefix: str, before: str) -> Outputs:
    entries: tuple[SourceEntry, ...] = ()
    if before:
        with suppress(DataError, MissingObject):  # then everything is read
            entries = published(store, before).entries
    entries = entries_of(archive, store, prefix, entries)
    known, told = known_of(config, archive)
    return outputs_of(config, entries, (*notes_of(archive), *told), tables_of(archive, known), len(archive.merges))


def outputs_of(
    config: FrontConfig, entries: tuple[SourceEntry, ...], notes: tuple[str, ...], tables: Tables, sources: int
) -> Outputs:
    """Return page and tables as they are published."""
    files = _files(tables)
    front = Front(
        title=config.title,
        description=config.description,
        downloads=tuple(file.name for group in files.values() for file in group),
        notes=notes,
        hardness=" / ".join(config.hardness),
        entries=entries,
    )
    pages = {PAGE: (File("index.html", front.page(), about=About(Kind.PAGE)),)}
    inner = {"front": (File("front.json", front.model_dump_json().encode()),)}
    observations = len(tables[OBSERVATIONS]) if OBSERVATIONS in tables else int(tables[SOURCES]["observations"].sum())
    return Outputs(pages | inner | files, (), {"sources": sources, "observations": observations})


def entries_of(
    archive: Everything, store: ObjectStore, prefix: str, known: Iterable[SourceEntry] = ()
) -> tuple[SourceEntry, ...]:
    """Return what the page shows of the sources that are merged, as it is known or from the store."""
    done = [one.manifest for one in archive.merges.values() if one.manifest]
    folders = {key: ROOT + _inner(key.rpartition("/")[0], prefix) for key in done}
    there = {entry.link.rsplit("/", 2)[0]: entry for entry in known}  # .../<fingerprint>/<content>/<page>

    def entry(key: str) -> SourceEntry:
        return there.get(folders[key]) or _entry(store, prefix, key)

    with ThreadPoolExecutor(_REQUESTS) as pool:
        return tuple(pool.map(entry, done))


def _entry(store: ObjectStore, prefix: str, key: str) -> SourceEntry:
    manifest = read_manifest(store, key)
    (file,) = read_outputs(store, key, manifest, "entry")
    report = next(record for record in manifest.outputs if record.name == REPORT)
    place = _inner(output_key(key, manifest, report), prefix)
    return SourceEntry.model_validate_json(file.data).model_copy(update={"link": ROOT + place})


def _inner(key: str, prefix: str) -> str:
    return key.removeprefix(f"{prefix}/" if prefix else "")


def known_of(config: FrontConfig, archive: Everything) -> tuple[Measured, tuple[str, ...]]:
    """Return what was measured, and what is to be said of a hardness that there can't be."""
    known = measured(archive.observations, archive.results.get)
    absent = [band for band in config.hardness if band not in known.bands]
    if not absent:
        return (replace(known, hardness=(config.hardness[0], config.hardness[1])) if config.hardness else known), ()
    there = f"there are {', '.join(known.bands)}" if known.bands else "there are none"
    return known, (f"There is no hardness: no observation has a band {absent[0]}, {there}; see [merge] hardness.",)


def tables_of(archive: Everything, known: Measured) -> Tables:
    """Return the tables of sources and, where they can be written, of observations."""
    tables = {SOURCES: sources_table(archive.found, archive.observations, known)}
    if find_spec("pyarrow"):
        tables[OBSERVATIONS] = observations_table(archive.found, archive.observations, known)
    return tables


def _files(tables: Tables) -> dict[str, tuple[File, ...]]:
    files: dict[str, tuple[File, ...]] = {SOURCES: (File(_TABLE, to_ecsv(tables[SOURCES])),)}
    if OBSERVATIONS in tables:
        files[SOURCES] += (File("sources.parquet", to_parquet(tables[SOURCES])),)
        files[OBSERVATIONS] = (File("observations.parquet", to_parquet(tables[OBSERVATIONS])),)
    return files


def merged_records(archive: Everything) -> tuple[InputRecord, ...]:
    """Identify what was merged."""
    return tuple(
        InputRecord(input="source", path=slug, size=0, identity=one.fingerprint or _hash(one.message))
        for slug, one in archive.merges.items()
    )


def notes_of(archive: Everything) -> tuple[str, ...]:
    """Return sentences about sources that could not be merged, and about the grouping."""
    names = {source.slug: source.name for source in archive.found.sources}
    failed = [f"{names[slug]} could not be merged: {o.message}" for slug, o in archive.merges.items() if not o.manifest]
    return (*failed, *(remark.message for remark in archive.found.remarks))


def made_of(archive: Everything) -> InputRecord:
    """Identify what the tables have and the merges don't: whose each observation is, and those of nobody."""
    seen, found = archive.observations, archive.found
    outcomes = [archive.results.outcome(obsid) or "" for obsid in seen.obsid]
    numbers = [column.tolist() for column in (seen.ra, seen.dec, seen.time, seen.exposure, found.number)]
    content = [
        [astuple(source) for source in found.sources],
        notes_of(archive),
        seen.obsid,
        seen.target,
        numbers,
        outcomes,
    ]
    return InputRecord(input="observations", path="work list", size=len(seen), identity=_hash(json.dumps(content)))


def _hash(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
