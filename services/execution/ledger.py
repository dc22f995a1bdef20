"""What a campaign on many machines keeps in the store: the parts to work off, and how each of their items ended.

A part is a shard of observations, or some sources to merge (`services.merge.batches`).

::

    <prefix>/campaigns/<work>/shards/<shard>.json               a shard, as the worker reads it
    <prefix>/campaigns/<work>/requests/<part>/<n>.json          what the merge of a part's n-th source is asked for
    <prefix>/campaigns/<work>/plan.json                         put last: the work list is whole; names all items
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
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from rossi.errors import ConfigError
from services.contract import FailureKind, Frozen, ObservationResult, Outcome, StageResult
from services.contract.configuration import validate
from services.execution.request import Shard
from services.storage import MissingObject, ObjectStore
from services.storage.base import key_of

#: Requests at a time when a work list is written: 1200 shards take a second where a put takes 10 ms.
_THREADS = 16
_FOLDER = "campaigns"
#: Of what a work list is made of; those of others lie elsewhere.
_LAYOUT = b"2\n"


Result = TypeVar("Result", ObservationResult, StageResult)


class Plan(Frozen):
    """What a work list is made of: the names of the items of each part."""

    names: tuple[tuple[str, ...], ...]


def work_key(prefix: str, shards: Sequence[Shard]) -> str:
    """Return the key of a work list, which follows from its content."""
    return list_key(prefix, b"\n".join(map(_text, shards)))


def list_key(prefix: str, content: bytes) -> str:
    """Return the key of a work list of some content."""
    digest = hashlib.sha256(_LAYOUT + content).hexdigest()[:32]
    return key_of(prefix, _FOLDER, digest)


def put_work(store: ObjectStore, prefix: str, shards: Sequence[Shard]) -> str:
    """Write a work list, unless it is there already; returns the key that `read_shard` wants."""
    work = work_key(prefix, shards)
    objects = [(_shard_key(work, shard.number), partial(_text, shard)) for shard in shards]
    put_list(store, work, [shard.obsids for shard in shards], objects)
    return work


def put_list(
    store: ObjectStore,
    work: str,
    names: Sequence[Sequence[str]],
    objects: Sequence[tuple[str, Callable[[], bytes]]],
) -> None:
    """Write a work list, unless it is there already.

    Parameters
    ----------
    store : ObjectStore
    work : str
        Its key.
    names : sequence of sequence of str
        Of the items of each part.
    objects : sequence of (str, callable)
        Keys of what is read of it, and what makes each: few are in memory at a time.
    """
    plan = f"{work}/plan.json"
    if store.head(plan) is None:
        with ThreadPoolExecutor(_THREADS) as threads:
            list(threads.map(lambda one: store.put(one[0], one[1]()), objects))
        store.put(plan, Plan(names=tuple(map(tuple, names))).model_dump_json().encode())


def read_plan(store: ObjectStore, work: str) -> Plan:
    """Return what a work list is made of.

    Raises
    ------
    ConfigError
        If it is not there, or was written by another version.
    """
    key = f"{work}/plan.json"
    try:
        return validate(Plan, store.get(key), store.url(key))
    except MissingObject:
        raise ConfigError(f"{store.url(key)}: there is no such work list; plan the campaign again.") from None


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


def is_final(result: ObservationResult | StageResult) -> bool:
    """Whether another attempt of the same run could not change a result."""
    stages = result.stages if isinstance(result, ObservationResult) else (result,)
    return not any(stage.kind is FailureKind.RETRYABLE for stage in stages if stage.outcome is Outcome.FAILED)


@dataclass(slots=True)
class Ledger(Generic[Result]):
    """What one run knows of one part; written by one worker at a time, each adding to what others left.

    Parameters
    ----------
    store : ObjectStore
    work : str
        Key of the work list.
    run : str
    number : int
        Of the part.
    model : type
        Of the results: those of observations, or of merges.
    """

    store: ObjectStore
    work: str
    run: str
    number: int
    model: type[Result]
    _keys: frozenset[str] = field(default=frozenset(), init=False)

    @property
    def base(self) -> str:
        """Folder of the part."""
        return f"{self.work}/runs/{self.run}/{self.number:05d}"

    def look(self) -> None:
        """Learn what there is."""
        self._keys = frozenset(info.key.removeprefix(f"{self.base}/") for info in self.store.list(f"{self.base}/"))

    def results(self, positions: int) -> list[Result | None]:
        """Return the last that is known of every item, None where it is nothing; `look` comes first."""
        if "results.json" in self._keys and (whole := self.whole()) is not None:
            return list(whole)
        with ThreadPoolExecutor(_THREADS) as threads:
            return list(threads.map(self._latest, range(positions)))

    def whole(self) -> list[Result] | None:
        """Return the results of all items, None if some are not done."""
        try:
            found: list[Result] = self._all.validate_json(self.store.get(f"{self.base}/results.json"))
        except MissingObject:
            return None
        return found

    def killed_its_process(self, position: int, attempt: int) -> bool:
        """Whether a process ended while it worked on an item, after one had ended before."""
        return any(
            _begun(position, earlier) in self._keys and _tried(position, earlier) not in self._keys
            for earlier in range(1, attempt)
        )

    def begin(self, position: int, attempt: int) -> None:
        """Leave word that an item is worked on, if a process has ended in this part before."""
        if attempt > 0:
            self.store.put(f"{self.base}/{_begun(position, attempt)}", b"{}")

    def keep(self, position: int, attempt: int, result: Result, *, final: bool) -> None:
        """Write how an item ended."""
        name = _done(position) if final else _tried(position, attempt)
        self.store.put(f"{self.base}/{name}", result.model_dump_json().encode())

    def close(self, results: Sequence[Result]) -> None:
        """Write all results as one object, by which the flow finds them."""
        self.store.put(f"{self.base}/results.json", self._all.dump_json(list(results)))

    @property
    def _all(self) -> TypeAdapter[list[Result]]:
        return TypeAdapter(list[self.model])  # type: ignore[name-defined]

    def _latest(self, position: int) -> Result | None:
        names = [name for name in self._keys if name.startswith("tried/") and name.endswith(f"/{position:05d}.json")]
        name = _done(position) if _done(position) in self._keys else max(names, default="")
        return self.model.model_validate_json(self.store.get(f"{self.base}/{name}")) if name else None

    def done(self, position: int) -> Result | None:
        """Return the final result of an item, None if there is none yet."""
        if _done(position) not in self._keys:
            return None
        return self.model.model_validate_json(self.store.get(f"{self.base}/{_done(position)}"))


def _done(position: int) -> str:
    return f"done/{position:05d}.json"


def _tried(position: int, attempt: int) -> str:
    return f"tried/{attempt:03d}/{position:05d}.json"


def _begun(position: int, attempt: int) -> str:
    return f"begun/{attempt:03d}/{position:05d}.json"
