"""What a store holds: read from its manifests and failure records alone, while a campaign runs or long after."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

from pydantic import ValidationError

from rossi.errors import DataError
from services.contract import Caveat, Manifest, Outcome, StageResult
from services.storage import MissingObject, ObjectStore
from services.storage.base import is_key, key_of
from services.storage.publication import FAILURES, MANIFEST, read_manifest

#: Requests at a time; a store that answers in 10 ms gives 1600 manifests a second.
_THREADS = 16
#: Manifests that are in memory before somebody has looked at them.
_AT_ONCE = 256
#: Later than anything else: what is damaged now.
_ALWAYS = "99999999999999"


@dataclass(frozen=True, slots=True)
class Entry:
    """A product set: where its manifest lies, and what it says."""

    key: str
    manifest: Manifest

    @property
    def when(self) -> str:
        """When it was made: UTC, digits only."""
        return _digits(self.manifest.created)[:14]

    @property
    def age(self) -> tuple[str, str]:
        """What sorts product sets, the oldest first."""
        return self.manifest.created, self.key

    @property
    def observations(self) -> tuple[str, ...]:
        """The ObsIDs that a product set of a source is about."""
        return tuple(r.path for r in self.manifest.inputs if r.input == "observation") if self.manifest.source else ()


@dataclass(frozen=True, slots=True)
class Record:
    """The last that is known of one stage of one observation.

    Parameters
    ----------
    obsid, stage : str
    outcome : Outcome
    when : str
        UTC, digits only, so that it sorts.
    message : str
    caveats : tuple of Caveat
        What to know of what was made.
    source : str
        Slug of the source that it is about, where it is not about an observation.
    observations : tuple of str
        Those of the source, as far as they are known.
    """

    obsid: str
    stage: str
    outcome: Outcome
    when: str
    message: str
    caveats: tuple[Caveat, ...] = ()
    source: str = ""
    observations: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """What it is about: an observation, a source, or neither."""
        return self.obsid or self.source


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure as it was recorded, and when (see `Record`)."""

    when: str
    result: StageResult


def all_sets(store: ObjectStore, prefix: str = "") -> Iterator[Entry]:
    """Iterate over every product set, few of which are in memory; those whose manifest is damaged are left out."""
    return (entry for entry in _read_all(store, prefix) if isinstance(entry, Entry))


def product_sets(store: ObjectStore, prefix: str = "", obsids: Collection[str] = ()) -> list[Entry]:
    """The newest product set of every stage of every observation and source, by these and time of making.

    Parameters
    ----------
    store : ObjectStore
    prefix : str
    obsids : collection of str
        Only of these observations; nothing else is read.
    """
    newest: dict[tuple[str, str, str], Entry] = {}
    folders = [obsid for obsid in dict.fromkeys(obsids) if is_key(obsid)] if obsids else [""]
    for entry in chain.from_iterable(all_sets(store, key_of(prefix, folder)) for folder in folders):
        what = (entry.manifest.obsid, entry.manifest.source, entry.manifest.stage)
        newest[what] = max(entry, newest.get(what, entry), key=lambda e: e.age)
    return sorted(newest.values(), key=lambda e: (e.manifest.obsid, e.manifest.source, e.manifest.created))


def observations(store: ObjectStore, prefix: str = "") -> list[str]:
    """The first part of the keys of all manifests: the observations that something was made of, and other folders."""
    start = len(f"{prefix.strip('/')}/") if prefix.strip("/") else 0
    keys = (key for key in _keys(store, prefix) if key.endswith(f"/{MANIFEST}"))
    return list(dict.fromkeys(key[start:].partition("/")[0] for key in keys))


def recorded_failures(store: ObjectStore, prefix: str = "") -> list[Failure]:
    """Every failure that was recorded, oldest first; damaged records are left out."""
    keys = [key for key in _keys(store, prefix) if f"/{FAILURES}/" in key]
    with ThreadPoolExecutor(_THREADS) as threads:
        results = list(threads.map(lambda key: _failure(store, key), keys))
    found = [
        Failure(_digits(key.rpartition("/")[2].partition("-")[0])[:14], result)
        for key, result in zip(keys, results, strict=True)
        if result is not None
    ]
    return sorted(found, key=lambda failure: failure.when)


def failures(store: ObjectStore, prefix: str = "") -> list[Record]:
    """The same as `Record`."""
    return [
        Record(f.result.obsid, f.result.stage, f.result.outcome, f.when, f.result.message, source=f.result.source)
        for f in recorded_failures(store, prefix)
    ]


def _read_all(store: ObjectStore, prefix: str) -> Iterator[Entry | Record]:
    """Read every manifest, some at a time; one that is damaged becomes the record of a failure."""
    keys = [key for key in _keys(store, prefix) if key.endswith(f"/{MANIFEST}")]
    with ThreadPoolExecutor(_THREADS) as threads:
        for start in range(0, len(keys), _AT_ONCE):
            yield from threads.map(lambda key: _entry(store, key), keys[start : start + _AT_ONCE])


def _entry(store: ObjectStore, key: str) -> Entry | Record:
    try:
        return Entry(key, read_manifest(store, key))
    except (DataError, MissingObject) as error:
        *_, obsid, stage, _, _ = ["", "", *key.split("/")]
        return Record(obsid, stage, Outcome.FAILED, _ALWAYS, str(error))


def _failure(store: ObjectStore, key: str) -> StageResult | None:
    try:
        return StageResult.model_validate_json(store.get(key))
    except (ValidationError, MissingObject):
        return None


def status(store: ObjectStore, prefix: str = "") -> list[Record]:
    """The last that is known of every stage of observations and sources: a product set, no work, or a later failure."""
    done = [entry if isinstance(entry, Record) else _record(entry) for entry in _read_all(store, prefix)]
    every = sorted([*failures(store, prefix), *done], key=_when)
    newest = {(record.obsid, record.source, record.stage): record for record in every}
    return sorted(newest.values(), key=lambda record: (record.obsid, record.source, record.when, record.stage))


def _record(entry: Entry) -> Record:
    m = entry.manifest
    message = m.caveats[-1].message if m.caveats else ""
    return Record(m.obsid, m.stage, m.outcome, entry.when, message, m.caveats, m.source, entry.observations)


def _when(record: Record) -> tuple[str, bool]:
    # In the same second, a product set is what came of the next try.
    return record.when, record.outcome is not Outcome.FAILED


def _keys(store: ObjectStore, prefix: str) -> Iterable[str]:
    base = prefix.strip("/")
    return (info.key for info in store.list(f"{base}/" if base else ""))


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
