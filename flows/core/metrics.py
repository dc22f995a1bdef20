"""Numbers for a dashboard in Prometheus's text format, from the store alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from flows.core.runs import last_good_run
from rossi.errors import ConfigError, DataError
from services.contract import Outcome
from services.execution.stages import CHAINS, FAST_CHAIN, Instrument, instrument_of
from services.query.vanished import rows_of
from services.storage import MissingObject, ObjectStore, open_store
from services.storage.inventory import Record, failures
from services.storage.publication import MANIFEST, read_manifest

#: Where `flows.desktop.browse` shows them.
PATH = "metrics"
#: The format's version, for the answer's header.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Seconds for which numbers are shown again, and how many times what they took: whoever asks often costs no more.
_KEPT = 15.0
_SHARE = 20.0
#: Requests at a time.
_THREADS = 16


@dataclass(frozen=True, slots=True)
class _Set:
    """Of a product set, what is counted; a manifest never changes, so that it is read once."""

    record: Record
    seconds: float
    created: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is shown.

    Parameters
    ----------
    observations : dict
        How many are done, without work, failed and waiting.
    seconds : float or None
        That an observation took on average, all stages together.
    last_good : datetime or None
        When a run last did its work.
    """

    observations: dict[str, int] = field(default_factory=dict)
    seconds: float | None = None
    last_good: datetime | None = None


class StoreNumbers(Collector):
    """The numbers of one prefix of a store; reads each manifest once.

    Parameters
    ----------
    store : ObjectStore
    prefix : str
    """

    def __init__(self, store: ObjectStore, prefix: str = "") -> None:
        self._store, self._prefix = store, prefix
        self._sets: dict[str, _Set | None] = {}
        self._lock = threading.Lock()
        self._numbers, self._until = Numbers(), 0.0
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """Return the page."""
        return generate_latest(self._registry)

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing is asked of the store before somebody wants the numbers."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Iterate over the metrics."""
        numbers = self.numbers()
        what = "Observations of the store by what became of them; waiting: asked for last, and not at an end."
        observations = GaugeMetricFamily("rossi_observations", what, labels=["state"])
        for state, number in numbers.observations.items():
            observations.add_metric([state], number)
        yield observations
        if numbers.seconds is not None:
            said = "Mean time that an observation's stages took."
            yield GaugeMetricFamily("rossi_observation_seconds", said, numbers.seconds)
        if numbers.last_good is not None:
            age = (datetime.now(UTC) - numbers.last_good).total_seconds()
            yield GaugeMetricFamily("rossi_last_good_run_age_seconds", "Since a run last did its work.", max(0.0, age))

    def numbers(self) -> Numbers:
        """Read the store, or return what was read just before."""
        with self._lock:
            begun = time.monotonic()
            if begun >= self._until:
                self._numbers = self._read()
                self._until = time.monotonic() + max(_KEPT, _SHARE * (time.monotonic() - begun))
            return self._numbers

    def _read(self) -> Numbers:
        base = self._prefix.strip("/")
        keys = [info.key for info in self._store.list(f"{base}/" if base else "") if info.key.endswith(f"/{MANIFEST}")]
        new = [key for key in keys if key not in self._sets]
        with ThreadPoolExecutor(_THREADS) as threads:
            self._sets.update(zip(new, threads.map(self._set, new), strict=True))
        sets = {key: found for key in keys if (found := self._sets.get(key)) is not None}
        last = last_good_run(self._store, self._prefix)
        stages = [one for one in sets.values() if instrument_of(one.record.stage)]
        newest = {(one.record.obsid, one.record.stage): one for one in sorted(stages, key=lambda one: one.created)}
        taken: dict[str, float] = {}
        for (obsid, _), one in newest.items():
            taken[obsid] = taken.get(obsid, 0.0) + one.seconds
        states = self._states([one.record for one in newest.values()])
        counts = {name: list(states.values()).count(name) for name in ("done", "no_work", "failed", "waiting")}
        ended = [taken[obsid] for obsid, state in states.items() if state == "done"]
        counts["waiting"] += len(self._asked(sets) - states.keys())
        return Numbers(counts, sum(ended) / len(ended) if ended else None, last.ended if last else None)

    def _set(self, key: str) -> _Set | None:
        try:
            m = read_manifest(self._store, key)
        except (DataError, MissingObject):
            return None
        when = "".join(filter(str.isdigit, m.created))[:14]
        return _Set(Record(m.obsid, m.stage, m.outcome, when, ""), m.seconds, m.created)

    def _states(self, done: list[Record]) -> dict[str, str]:
        """Return what became of each observation that something is known of."""
        failed = failures(self._store, self._prefix)
        records = sorted([*failed, *done], key=lambda one: (one.when, one.outcome is not Outcome.FAILED))
        stages: dict[str, dict[str, Outcome]] = {}
        for one in records:
            stages.setdefault(one.obsid, {})[one.stage] = one.outcome
        return {obsid: _state(outcomes) for obsid, outcomes in stages.items()}

    def _asked(self, sets: dict[str, _Set]) -> set[str]:
        """Return the observations of the newest work list."""
        lists = {key: one.created for key, one in sets.items() if one.record.stage == "query"}
        if not lists:
            return set()
        return {row.obsid for row in rows_of(self._store, max(lists, key=lists.__getitem__))}


def show_numbers(store: str, prefix: str, port: int) -> None:
    """Show the numbers at ``/metrics`` of a port of all addresses, until the process ends.

    Raises
    ------
    ConfigError
        If the port is taken.
    """
    registry = CollectorRegistry()
    registry.register(StoreNumbers(open_store(store), prefix))
    try:
        start_http_server(port, registry=registry)
    except OSError as error:
        why = error.strerror
        raise ConfigError(f"Port {port} can't be used for numbers ({why}); choose another one.") from None


def _state(outcomes: dict[str, Outcome]) -> str:
    found = set(outcomes.values())
    if Outcome.FAILED in found:
        return "failed"
    last = {CHAINS[i][-1] for stage in outcomes if (i := instrument_of(stage)) is not None}
    if (fast := FAST_CHAIN[-1]) in outcomes:  # which runs last of the PCA's, where it is asked for
        last = {fast, *(stage for stage in last if stage in outcomes or instrument_of(stage) is not Instrument.PCA)}
    if Outcome.NO_WORK not in found and not last <= outcomes.keys():
        return "waiting"
    return "done" if any(outcomes.get(stage) is Outcome.SUCCEEDED for stage in last) else "no_work"
