"""One campaign at a time works on a store's prefix.

The place is that of a Prefect limit, held by a lease that ends a minute after its holder. A lease alone is not enough:
a server that keeps leases in memory, as Prefect's does unless told otherwise, forgets them when it restarts, and the
place stays taken for good. So its holder also carries the limit's name as a tag, and every run shows signs of life
(`flows.prefect.progress_reporter`): a place whose holder shows none for some minutes is given free by whoever waits
for it.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags
from prefect.client.schemas.objects import FlowRun
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.context import FlowRunContext
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.logging import get_run_logger

from flows.core.settings import Settings
from flows.prefect import OWN_SERVER
from flows.prefect.form import absolute
from flows.prefect.signs_of_life import SILENCE, duration

#: Seconds after which the place of a run that was killed is free again; Prefect allows no less.
LEASE = 60.0
#: Seconds between two looks for the place.
LOOK = 5.0


class Taken(Exception):
    """Another run works on the store, and this one was started by a schedule, which will start the next."""


def limit_name(settings: Settings) -> str:
    """Name of the limit: the store and the prefix, and what tells them apart for certain."""
    place = f"{absolute(settings.store)} {settings.prefix.strip('/')}"
    slug = re.sub(r"[^a-z0-9]+", "-", place.lower()).strip("-")[-40:].strip("-")
    return f"store-{slug}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


@contextmanager
def one_at_a_time(settings: Settings, go_on: Callable[[], None]) -> Iterator[None]:
    """Wait until no other campaign of this Prefect server works on the same prefix of the same store.

    Products would come to no harm: each is created once. But the same work would be done twice. So a server in
    trouble is no reason not to begin.

    Parameters
    ----------
    settings : Settings
    go_on : callable
        Called while it waits; raises when the run is not to go on.

    Raises
    ------
    Taken
    """
    if os.environ.get(OWN_SERVER):  # nobody else uses it, and what a killed command held would be held for good
        yield
        return
    with ExitStack() as stack:
        try:
            _wait(stack, limit_name(settings), go_on)
        except (httpx.HTTPError, ConcurrencySlotAcquisitionError) as error:
            get_run_logger().warning("Prefect can't say whether another campaign works on this store: %s", error)
        try:
            yield
        finally:
            _leave(stack.pop_all())


def _wait(stack: ExitStack, name: str, go_on: Callable[[], None]) -> None:
    """Get the place."""
    with get_client(sync_client=True) as client:
        queue = _Queue(client, name)
        while not (queue.is_free() and _acquired(stack, name)):
            queue.look()
            end = time.monotonic() + LOOK
            while time.monotonic() < end:
                go_on()
                time.sleep(0.2)
        queue.sign()


def _acquired(stack: ExitStack, name: str) -> bool:
    # A server that restarts meanwhile must not end the run: so a lease that can't be renewed is no error.
    lease = concurrency(name, max_retries=0, lease_duration=LEASE, raise_on_lease_renewal_failure=False)
    try:
        stack.enter_context(lease)
    except ConcurrencySlotAcquisitionError as error:
        cause = error.__cause__
        if isinstance(cause, httpx.HTTPStatusError) and cause.response.status_code == HTTPStatus.LOCKED:
            return False
        raise
    return True


def _leave(stack: ExitStack) -> None:
    try:
        stack.close()
    except Exception as error:  # the work is done, and the lease ends by itself
        get_run_logger().warning("Prefect did not hear that the store is free again: %s", error)


class _Queue:
    """Who waits for the place, and what it sees of whoever holds it."""

    def __init__(self, client: SyncPrefectClient, name: str) -> None:
        context = FlowRunContext.get()
        assert context is not None and context.flow_run is not None
        self._client, self._name, self._run = client, name, context.flow_run
        self._signs: set[tuple[object, object]] | None = None
        self._since = time.monotonic()
        with suppress(ObjectAlreadyExists):  # somebody else made it at the same time
            client.upsert_global_concurrency_limit_by_name(name, 1)

    def is_free(self) -> bool:
        """Whether it is worth asking for the place; Prefect logs a refusal as an error, every few seconds."""
        try:
            limit = self._client.read_global_concurrency_limit_by_name(self._name)
        except ObjectNotFound:  # somebody deleted it
            return True
        return limit.active_slots < limit.limit

    def sign(self) -> None:
        """Say in the run's tags that it holds the place."""
        tags = {*self._client.read_flow_run(self._run.id).tags, self._name}
        self._client.update_flow_run(self._run.id, tags=sorted(tags))

    def look(self) -> None:
        """Look who holds the place; give it free if nobody does.

        Raises
        ------
        Taken
        """
        holders = self._holders()
        signs: set[tuple[object, object]] = {(run.id, run.updated) for run in holders}
        if self._signs is None:
            self._say(holders)
        elif signs != self._signs and holders and self._run.auto_scheduled:
            raise Taken(f"{holders[0].name} works on this store; the next run of the schedule does what it leaves.")
        if signs != self._signs:
            self._signs, self._since = signs, time.monotonic()
        elif time.monotonic() - self._since > SILENCE:
            get_run_logger().warning("Who held this store's place shows no sign of life; this run takes it.")
            self._client.update_global_concurrency_limit(self._name, GlobalConcurrencyLimitUpdate(active_slots=0))

    def _holders(self) -> list[FlowRun]:
        mine = FlowRunFilter(tags=FlowRunFilterTags(all_=[self._name]))
        runs = self._client.read_flow_runs(flow_run_filter=mine, limit=200)
        return [run for run in runs if run.state and not run.state.is_final() and run.id != self._run.id]

    def _say(self, holders: Sequence[FlowRun]) -> None:
        who = f"{holders[0].name} works" if holders else "Another run works"
        get_run_logger().info(
            "%s on this store; this one waits its turn, or %s if the other one is dead (limit %s).",
            who,
            duration(SILENCE),
            self._name,
        )
