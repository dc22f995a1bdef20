"""The front page after a run of some sources of an archive: their lines are renewed, the others stay as they were."""

from __future__ import annotations

import hashlib

from astropy.table import Table

from rossi.errors import DataError
from rossi.exchange import from_parquet
from rossi.sources.tables import renewed
from services.contract import File, InputRecord, Manifest, Outputs, StageResult
from services.execution.making import Work, carry_out, result_of
from services.merge.front_stage import (
    OBSERVATIONS,
    PAGE,
    SOURCES,
    STAGE,
    Everything,
    Front,
    FrontConfig,
    Tables,
    entries_of,
    known_of,
    made_of,
    merged_records,
    notes_of,
    outputs_of,
    tables_of,
)
from services.storage import ObjectStore
from services.storage.outputs import read_outputs
from services.storage.publication import read_manifest


class OtherRule(DataError):
    """The page before is of sources that were found in another way, and stays as it is."""

    code = "other_rule"


def renew_front(
    config: FrontConfig, some: Everything, before: str, store: ObjectStore, prefix: str = ""
) -> StageResult:
    """Publish front page and tables with the lines of some sources renewed, unless they are as they were.

    Parameters
    ----------
    config : FrontConfig
    some : Everything
        Observations, results and merges of these sources alone.
    before : str
        Key of the manifest of the page before; empty for none, then these sources alone are on the page.
    store : ObjectStore
    prefix : str
        Run prefix within the store.

    Raises
    ------
    StoreError
        If the store does not answer; trying again may help.
    OtherRule
        If the page before is of sources by another rule.
    DataError
        If the page before, or what a merge left, can't be read.
    """
    there = read_manifest(store, before) if before else None
    if there is not None:
        _require_same_rule(config, there)
    outputs = _outputs(config, some, (before, there), store, prefix.strip("/"))
    if there is not None and _identities(outputs) == {o.name: o.sha256 for o in there.outputs if o.output != PAGE}:
        return result_of(there, before, reused=True)
    of_before = InputRecord(input="before", path="front", size=0, identity=there.fingerprint if there else "")
    work = Work(STAGE, config, (*merged_records(some), of_before, made_of(some)), prefix)
    return carry_out(work, store, lambda: outputs)


def _require_same_rule(config: FrontConfig, before: Manifest) -> None:
    by, radius = before.config.get("by"), before.config.get("radius")
    if (by, radius) != (config.by, config.radius):
        raise OtherRule(
            f"The front page is of sources by {by} within {radius} deg, these are by {config.by} within "
            f"{config.radius} deg; run the campaign without naming sources."
        )


def _outputs(
    config: FrontConfig, some: Everything, before: tuple[str, Manifest | None], store: ObjectStore, prefix: str
) -> Outputs:
    key, there = before
    now = tables_of(some, known_of(config, some)[0])
    page, tables = _read(store, key, there, now) if there else (None, {})
    names = {source.slug: source.name for source in some.found.sources}
    slugs = list(some.merges)
    whole = {SOURCES: renewed(tables.get(SOURCES), now[SOURCES], "slug", slugs)}
    if OBSERVATIONS in now and (there is None or OBSERVATIONS in tables):  # else the others' are not known
        called = [names[slug] for slug in slugs]
        whole[OBSERVATIONS] = renewed(tables.get(OBSERVATIONS), now[OBSERVATIONS], "source", called, unique="obsid")
    made = {entry.slug: entry for entry in entries_of(some, store, prefix, page.entries if page else ())}
    entries = [*(made.pop(entry.slug, entry) for entry in (page.entries if page else ())), *made.values()]
    theirs = tuple(f"{names[slug]} could not be merged: " for slug in slugs)
    kept = [note for note in (page.notes if page else ()) if not note.startswith(theirs)]
    notes = tuple(dict.fromkeys((*notes_of(some), *kept)))
    return outputs_of(config, tuple(entries), notes, whole, len(whole[SOURCES]))


def _read(store: ObjectStore, key: str, manifest: Manifest, now: Tables) -> tuple[Front, Tables]:
    """Return page and tables of before, of these those that can be made now."""

    def files(output: str) -> dict[str, File]:
        return {file.name.rpartition(".")[2]: file for file in read_outputs(store, key, manifest, output)}

    front = Front.model_validate_json(files("front")["json"].data)
    ecsv = files(SOURCES)["ecsv"].data.decode()
    tables = {SOURCES: Table.read(ecsv, format="ascii.ecsv", fill_values=[])}
    if OBSERVATIONS in now and any(record.output == OBSERVATIONS for record in manifest.outputs):
        tables[OBSERVATIONS] = from_parquet(files(OBSERVATIONS)["parquet"].data, "observations.parquet")
    return front, tables


def _identities(outputs: Outputs) -> dict[str, str]:
    """Return what was made but for the page, which follows from the rest and says when it was made."""
    files = [file for name, group in outputs.files.items() if name != PAGE for file in group]
    return {file.name: hashlib.sha256(file.data).hexdigest() for file in files}
