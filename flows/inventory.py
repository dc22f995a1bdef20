"""What a store holds: read from its manifests and failure records alone, while a campaign runs or long after."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from services.contract import Manifest, Outcome, StageResult
from services.publication import MANIFEST, read_manifest
from services.storage import ObjectStore

#: Requests at a time; a store that answers in 10 ms gives 1600 manifests a second.
_THREADS = 16
_FAILURES = "/failures/"


@dataclass(frozen=True, slots=True)
class Entry:
    """A product set: where its manifest lies, and what it says."""

    key: str
    manifest: Manifest


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
    """

    obsid: str
    stage: str
    outcome: Outcome
    when: str
    message: str


def product_sets(store: ObjectStore, prefix: str = "") -> list[Entry]:
    """The newest product set of every stage of every observation, by observation and time of making."""
    keys = [key for key in _keys(store, prefix) if key.endswith(f"/{MANIFEST}")]
    with ThreadPoolExecutor(_THREADS) as threads:
        manifests = list(threads.map(lambda key: read_manifest(store, key), keys))
    newest: dict[tuple[str, str], Entry] = {}
    for entry in sorted(map(Entry, keys, manifests), key=lambda entry: entry.manifest.created):
        newest[entry.manifest.obsid, entry.manifest.stage] = entry
    return sorted(newest.values(), key=lambda entry: (entry.manifest.obsid, entry.manifest.created))


def failures(store: ObjectStore, prefix: str = "") -> list[Record]:
    """Every failure that was recorded, oldest first."""
    keys = [key for key in _keys(store, prefix) if _FAILURES in key]
    with ThreadPoolExecutor(_THREADS) as threads:
        results = list(threads.map(lambda key: StageResult.model_validate_json(store.get(key)), keys))
    records = [
        Record(result.obsid, result.stage, result.outcome, _digits(key.rpartition("/")[2])[:14], result.message)
        for key, result in zip(keys, results, strict=True)
    ]
    return sorted(records, key=lambda record: record.when)


def status(store: ObjectStore, prefix: str = "") -> list[Record]:
    """The last that is known of every stage of every observation: a product set, no work, or a later failure."""
    done = [
        Record(m.obsid, m.stage, m.outcome, _digits(m.created)[:14], m.caveats[-1].message if m.caveats else "")
        for m in (entry.manifest for entry in product_sets(store, prefix))
    ]
    newest = {(record.obsid, record.stage): record for record in sorted([*failures(store, prefix), *done], key=_when)}
    return sorted(newest.values(), key=lambda record: (record.obsid, record.when, record.stage))


def _when(record: Record) -> tuple[str, bool]:
    # In the same second, a product set is what came of the next try.
    return record.when, record.outcome is not Outcome.FAILED


def _keys(store: ObjectStore, prefix: str) -> Iterable[str]:
    base = prefix.strip("/")
    return (info.key for info in store.list(f"{base}/" if base else ""))


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
