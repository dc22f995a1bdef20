"""One campaign at a time works on a store's prefix."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists
from prefect.logging import get_run_logger

from flows.config import Settings
from flows.parameters import absolute
from flows.server import OWN_SERVER

#: Seconds after which the place of a run that was killed is free again.
LEASE = 60.0


def limit_name(settings: Settings) -> str:
    """Name of the limit: the store and the prefix, and what tells them apart for certain."""
    place = f"{absolute(settings.store)} {settings.prefix.strip('/')}"
    slug = re.sub(r"[^a-z0-9]+", "-", place.lower()).strip("-")[-40:].strip("-")
    return f"store-{slug}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


@contextmanager
def one_at_a_time(settings: Settings) -> Iterator[None]:
    """Wait until no other campaign of this Prefect server works on the same prefix of the same store.

    Products would come to no harm: each is created once. But the same work would be done twice.
    """
    if os.environ.get(OWN_SERVER):  # no other campaign, but perhaps the place of one that was killed
        yield
        return
    name = limit_name(settings)
    with get_client(sync_client=True) as client:
        try:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=1))
        except ObjectAlreadyExists:
            taken = client.read_global_concurrency_limit_by_name(name).active_slots
            if taken:
                get_run_logger().info("Another campaign works on this store; this one waits (limit %s).", name)
    # A server that restarts meanwhile must not end the run: so not strict.
    with concurrency(name, occupy=1, lease_duration=LEASE, raise_on_lease_renewal_failure=False):
        yield
