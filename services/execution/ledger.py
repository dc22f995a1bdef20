"""What a campaign on many machines keeps in the store: the shards to work off, and how each observation ended.

::

    <prefix>/campaigns/<work>/shards/<shard>.json               a shard, as the worker reads it
    <prefix>/campaigns/<work>/plan.json                         put last: the work list is whole
    <prefix>/campaigns/<work>/runs/<run>/<shard>/done/<n>.json  how the shard's n-th observation ended, for this run
    <prefix>/campaigns/<work>/runs/<run>/<shard>/tried/...      failures that another attempt may mend, by attempt
    <prefix>/campaigns/<work>/runs/<run>/<shard>/begun/...      what attempts after the first have begun
    <prefix>/campaigns/<work>/runs/<run>/<shard>/results.json   all of them in one object, once all are done
    <prefix>/campaigns/<work>/runs/<run>/settled.json           the results were taken over and merged

``<work>`` is a hash of the shards, ``<run>`` the Job that works them off. An observation has a number here instead of
its name, since names that are none of an observation are to be accounted for, too. Nothing of this is a product: it
can be removed when no Job works on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pydantic import RootModel

from rossi.errors import ConfigError
from services.contract import FailureKind, Frozen, ObservationResult, Outcome
from services.contract.configuration import validate
from services.execution.request import Shard
from services.storage import MissingObject, ObjectStore

#: Requests at a time when a work list is written: 1200 shards take a second where a put takes 10 ms.
_THREADS = 16
_FOLDER = "campaigns"


class Plan(Frozen):
    """What a work list is made of."""

    shards: int
    observations: int


class _Results(RootModel[list[ObservationResult]]):
    """Results of a whole shard."""


def work_key(prefix: str, shards: Sequence[Shard]) -> str:
    """Return the key of a work list, which follows from its content."""
    digest = hashlib.sha256(b"\n".join(map(_text, shards))).hexdigest()[:32]
    return "/".join(filter(None, (prefix.strip("/"), _FOLDER, digest)))


def put_work(store: ObjectStore, prefix: str, shards: Sequence[Shard]) -> str:
    """Write a work list, unless it is there already; returns the key that `read_shard` wants."""
    work = work_key(prefix, shards)
    plan = f"{work}/plan.json"
    if store.head(plan) is None:
        with ThreadPoolExecutor(_THREADS) as threads:
            keys = [_shard_key(work, shard.number) for shard in shards]
            list(threads.map(store.put, keys, map(_text, shards)))
        count = Plan(shards=len(shards), observations=sum(len(shard.obsids) for shard in shards))
        store.put(plan, count.model_dump_json().encode())
    return work


def read_shard(store: ObjectStore, work: str, number: int) -> Shard:
    """Return one shard of a work list.

    Raises
    ------
    ConfigError
        If there is no such shard, or it was written by another version.
    """
    key = _shard_key(work, number)
    try:
        return validate(Shard, store.get(key), store.url(key))
    except MissingObject:
        raise ConfigError(
            f"{store.url(key)}: the work list has no shard {number}; check --store and --work, or plan the campaign "
            "again."
        ) from None


def read_shards(store: ObjectStore, work: str, count: int) -> list[Shard]:
    """Return all shards of a work list."""
    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(lambda number: read_shard(store, work, number), range(count)))


def _text(shard: Shard) -> bytes:
    return shard.model_dump_json().encode()


def _shard_key(work: str, number: int) -> str:
    return f"{work}/shards/{number:05d}.json"


def settle(store: ObjectStore, work: str, run: str) -> None:
    """Remember that a run's results were taken over: the next campaign of the same work tries failures again."""
    store.put(f"{work}/runs/{run}/settled.json", b"{}")


def is_settled(store: ObjectStore, work: str, run: str) -> bool:
    """Whether a run's results were taken over."""
    return store.head(f"{work}/runs/{run}/settled.json") is not None


def is_final(result: ObservationResult) -> bool:
    """Whether another attempt of the same run could not change a result."""
    return not any(stage.kind is FailureKind.RETRYABLE for stage in result.stages if stage.outcome is Outcome.FAILED)


@dataclass(slots=True)
class Ledger:
    """What one run knows of one shard; written by one worker at a time, each adding to what others left.

    Parameters
    ----------
    store : ObjectStore
    work : str
        Key of the work list.
    run : str
    number : int
        Of the shard.
    """

    store: ObjectStore
    work: str
    run: str
    number: int
    _keys: frozenset[str] = field(default=frozenset(), init=False)

    @property
    def base(self) -> str:
        """Folder of the shard."""
        return f"{self.work}/runs/{self.run}/{self.number:05d}"

    def look(self) -> None:
        """Learn what there is."""
        self._keys = frozenset(info.key.removeprefix(f"{self.base}/") for info in self.store.list(f"{self.base}/"))

    def results(self, positions: int) -> list[ObservationResult | None]:
        """Return the last that is known of every observation, None where it is nothing; `look` comes first."""
        if "results.json" in self._keys and (whole := self.whole()) is not None:
            return list(whole)
        with ThreadPoolExecutor(_THREADS) as threads:
            return list(threads.map(self._latest, range(positions)))

    def whole(self) -> list[ObservationResult] | None:
        """Return the results of all observations, None if some are not done."""
        try:
            return _Results.model_validate_json(self.store.get(f"{self.base}/results.json")).root
        except MissingObject:
            return None

    def killed_its_process(self, position: int, attempt: int) -> bool:
        """Whether a process ended while it worked on an observation, after one had ended before."""
        return any(
            _begun(position, earlier) in self._keys and _tried(position, earlier) not in self._keys
            for earlier in range(1, attempt)
        )

    def begin(self, position: int, attempt: int) -> None:
        """Leave word that an observation is worked on, if a process has ended in this shard before."""
        if attempt > 0:
            self.store.put(f"{self.base}/{_begun(position, attempt)}", b"{}")

    def keep(self, position: int, attempt: int, result: ObservationResult, *, final: bool) -> None:
        """Write how an observation ended."""
        name = _done(position) if final else _tried(position, attempt)
        self.store.put(f"{self.base}/{name}", result.model_dump_json().encode())

    def close(self, results: Sequence[ObservationResult]) -> None:
        """Write all results as one object, by which the flow finds them."""
        self.store.put(f"{self.base}/results.json", _Results(list(results)).model_dump_json().encode())

    def _latest(self, position: int) -> ObservationResult | None:
        names = [name for name in self._keys if name.startswith("tried/") and name.endswith(f"/{position:05d}.json")]
        name = _done(position) if _done(position) in self._keys else max(names, default="")
        return ObservationResult.model_validate_json(self.store.get(f"{self.base}/{name}")) if name else None

    def done(self, position: int) -> ObservationResult | None:
        """Return the final result of an observation, None if there is none yet."""
        if _done(position) not in self._keys:
            return None
        return ObservationResult.model_validate_json(self.store.get(f"{self.base}/{_done(position)}"))


def _done(position: int) -> str:
    return f"done/{position:05d}.json"


def _tried(position: int, attempt: int) -> str:
    return f"tried/{attempt:03d}/{position:05d}.json"


def _begun(position: int, attempt: int) -> str:
    return f"begun/{attempt:03d}/{position:05d}.json"
