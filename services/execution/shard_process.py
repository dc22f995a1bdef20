"""A shard as a process, an index of an Indexed Job.

``python -m services.execution --index-from JOB_COMPLETION_INDEX``
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import partial

from services.contract import ObservationResult
from services.execution.failures import lost_observation
from services.execution.ledger import Ledger, read_shard
from services.execution.overlap import Overlap
from services.execution.portion import Portion, serve
from services.execution.request import Shard
from services.execution.worker import open_places, run_observation
from services.storage import ObjectStore
from services.storage.patience import lost, patiently

_EPILOG = """Exit codes: 0 every observation succeeded or had nothing to do, 1 try the shard
again, 20 every observation is accounted for and at least one failed for good,
21 the configuration is wrong: no shard could succeed.

Example:
  python -m services.execution --store s3://bucket/run --work campaigns/0123abcd \\
      --index-from JOB_COMPLETION_INDEX"""


def main() -> None:
    """Run the command; exits."""
    serve("python -m services.execution", _open, "Work one shard of a campaign off.", _EPILOG)


def _open(
    store: ObjectStore, work: str, run: str, number: int
) -> tuple[Portion[ObservationResult], Ledger[ObservationResult]]:
    return portion_of(read_shard(store, work, number)), Ledger(store, work, run, number, ObservationResult)


def portion_of(shard: Shard) -> Portion[ObservationResult]:
    """Return a shard as what a process works off.

    Raises
    ------
    ConfigError
        If archive or store can't be used.
    """
    archive, store = open_places(shard)

    def run(position: int) -> ObservationResult:
        work = partial(run_observation, shard.obsids[position], shard, archive=archive, store=store)
        return patiently(work, archive, store, is_lost=lost)

    def killed(position: int) -> ObservationResult:
        obsid = shard.obsids[position]
        how = f"{obsid}: the process that worked on it was killed, twice; it may need more memory than there is."
        return lost_observation(shard, obsid, how, store)

    def overlapped(
        positions: Iterator[int], keep: Callable[[int, ObservationResult], None], go_on: Callable[[], bool]
    ) -> Generator[tuple[int, ObservationResult], None, None]:
        begin = portion.begin
        return Overlap(shard, archive, store, run_observation, keep, on_begin=begin, go_on=go_on).work(positions)

    portion = Portion(shard.number, shard.obsids, run, killed, overlapped=overlapped)
    return portion
