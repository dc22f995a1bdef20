"""Observations that a list had when it was last made: they stay in it, so that they don't leave without a word."""

from __future__ import annotations

from dataclasses import replace

from services.contract import Caveat, Manifest
from services.query.config import QueryConfig
from services.query.worklist import WorkList, WorkRow, in_order, read_rows
from services.storage import ArchiveSource, ObjectStore
from services.storage.base import key_of
from services.storage.gone import come_back, is_gone, told_to_go
from services.storage.local_archive import LocalArchive
from services.storage.outputs import fetch_outputs
from services.storage.publication import MANIFEST, read_manifest
from services.storage.remote import RemoteArchive

#: How the list is asked for, not what for.
_MANNER = frozenset({"service", "resolver", "page_rows", "jobs"})


def place_of(archive: ArchiveSource | None) -> str:
    """Return where an archive is, empty for none."""
    if isinstance(archive, LocalArchive):
        return str(archive.root)
    return archive.remote.url if isinstance(archive, RemoteArchive) else ""


def with_vanished(work: WorkList, config: QueryConfig, place: str, store: ObjectStore, prefix: str) -> WorkList:
    """Return a list with what it had when the same was last asked of the same archive, and now lacks.

    What was told to go since is left out.

    Parameters
    ----------
    work : WorkList
    config : QueryConfig
        What was asked for.
    place : str
        See `place_of`.
    store, prefix
        Where earlier lists are.
    """
    last = _last(config, place, store, prefix)
    if last is None:
        return work
    created, key = last
    there, told = set(work.obsids), told_to_go(store, prefix)
    if back := sorted(there & told.keys()):
        come_back(store, prefix, back)
        # With the caveat it is another list than before they went, and so the newest.
        said = [Caveat(code="back", message=f"{obsid} was told to go and is in the archive again.") for obsid in back]
        work = replace(work, caveats=(*work.caveats, *said))
    gone = [row for row in rows_of(store, key) if row.obsid not in there and not is_gone(told, row.obsid, created)]
    if not gone:
        return work
    caveats = [Caveat(code="vanished", message=f"{row.obsid} was there before and is not any more.") for row in gone]
    return replace(in_order([*work.rows, *gone], [*work.caveats, *caveats]), vanished=tuple(row.obsid for row in gone))


def rows_of(store: ObjectStore, key: str) -> list[WorkRow]:
    """Return the rows of a list that a store has, by the key of its manifest; none, if nothing was found."""
    return [row for file in fetch_outputs(store, key, "observations") for row in read_rows(file.data)]


def _last(config: QueryConfig, place: str, store: ObjectStore, prefix: str) -> tuple[str, str] | None:
    """Return when the newest list of the same observations was made, and its key."""
    folder = key_of(prefix, "query")
    wanted = _question(config.model_dump(mode="json"))
    found: list[tuple[str, str]] = []
    for info in store.list(folder):
        if info.key.endswith(f"/{MANIFEST}"):
            manifest = read_manifest(store, info.key)
            if _question(manifest.config) == wanted and _place(manifest) == place:
                found.append((manifest.created, info.key))
    return max(found) if found else None


def _question(settings: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in settings.items() if name not in _MANNER}


def _place(manifest: Manifest) -> object:
    return manifest.summary.get("archive")
