"""Sources to be merged as a work list in the store, and a part of them as a process, an index of an Indexed Job.

``python -m services.merge.worker --index-from JOB_COMPLETION_INDEX``

Each source's request is an object of its own, so that a process has one in memory at a time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from rossi.errors import ConfigError
from services.contract import StageResult
from services.contract.configuration import validate
from services.execution.failures import ProcessLost
from services.execution.ledger import Ledger, list_key, put_list, read_plan
from services.execution.portion import Portion, serve
from services.merge.batch import merge_one, record_failed
from services.merge.config import Merge, MergeRequest
from services.storage import MissingObject, ObjectStore

_EPILOG = """Exit codes: 0 every source was merged, 1 try it again, 20 every source is
accounted for and at least one could not be merged, 21 the configuration is
wrong: no source could be merged.

Example:
  python -m services.merge.worker --store s3://bucket/run --work campaigns/0123abcd \\
      --index-from JOB_COMPLETION_INDEX"""


def batches_key(prefix: str, batches: Sequence[Sequence[Merge]]) -> str:
    """Return the key of a work list, which follows from what is to be merged and how it is dealt out."""
    content = [[(one.name, one.fingerprint) for one in batch] for batch in batches]
    return list_key(prefix, json.dumps(content).encode())


def put_batches(store: ObjectStore, prefix: str, batches: Sequence[Sequence[Merge]]) -> str:
    """Write a work list of sources to be merged, unless it is there already; returns its key."""
    work = batches_key(prefix, batches)
    objects = [
        (_key(work, number, position), one.text)
        for number, batch in enumerate(batches)
        for position, one in enumerate(batch)
    ]
    put_list(store, work, [[one.name for one in batch] for batch in batches], objects)
    return work


def read_request(store: ObjectStore, work: str, number: int, position: int) -> MergeRequest:
    """Return what the merge of one source is asked for.

    Raises
    ------
    ConfigError
        If there is no such source, or it was written by another version.
    """
    key = _key(work, number, position)
    try:
        return validate(MergeRequest, store.get(key), store.url(key))
    except MissingObject:
        raise ConfigError(f"{store.url(key)}: the work list lacks this source; run the campaign again.") from None


def main() -> None:
    """Run the command; exits."""
    serve("python -m services.merge.worker", _open, "Merge some sources of a campaign.", _EPILOG)


def _open(store: ObjectStore, work: str, run: str, number: int) -> tuple[Portion[StageResult], Ledger[StageResult]]:
    plan = read_plan(store, work)
    if number >= len(plan.names):
        raise ConfigError(f"{store.url(work)}: the work list has no part {number}, only {len(plan.names)}.")
    names = plan.names[number]

    def merge(position: int) -> StageResult:
        return merge_one(read_request(store, work, number, position))

    def killed(position: int) -> StageResult:
        request = read_request(store, work, number, position)
        of = f" {request.source.name}" if request.source is not None else ""
        how = f"The process that merged{of} was killed, twice; it may need more memory than there is."
        return record_failed(request, ProcessLost(how))

    called = tuple(name or "all" for name in names)
    portion = Portion(number, called, merge, killed, "source", "part")
    return portion, Ledger(store, work, run, number, StageResult)


def _key(work: str, number: int, position: int) -> str:
    return f"{work}/requests/{number:05d}/{position:05d}.json"
