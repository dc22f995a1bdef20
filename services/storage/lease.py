"""One at a time works on a prefix of a store, from whatever machine.

The lease is an object, ``<prefix>/lease.json``, that is created where none is and replaced only by who has seen what is
replaced. Its holder renews it. Who waits takes it over when it has not changed for as long as its holder said, by the
clock of who waits alone: clocks of two machines need not agree. A holder whose process is gone from this machine is not
waited for. Products come to no harm without it, each is created once; but the same work would be done twice, and what
is pruned could be what another run has just found to be done.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from rossi.errors import RossiError
from services.contract import Frozen
from services.storage.base import MissingObject, ObjectStore, StoreError, Tagged, key_of

LEASE = "lease.json"
#: After so many seconds without a renewal a lease is free: a store may be away in passing, and a run may be killed.
SECONDS = 120.0
#: Seconds between two looks at a lease that somebody else holds.
LOOK = 5.0
#: Renewals in the time in which one is due: three may be lost.
_RENEWALS = 4
#: States of processes that do nothing any more: gone, or dead and not yet asked for by its parent.
_ENDED = frozenset({"", "Z", "X"})
_UNSURE = (
    "{}: this store lets two writers win at the same time (it ignores If-None-Match or If-Match, or has no links or "
    "locks), so it can't keep two runs apart for certain: see to it that only one works on it at a time."
)


class AtWork(StoreError):
    """Somebody else works on this place of the store, and it is not to be waited for."""


class Holder(Frozen):
    """Who works on a place.

    Parameters
    ----------
    id : str
        Of this lease alone; empty if nobody holds it any more.
    who : str
        For people.
    host, space : str
        Where `pid` means something.
    pid : int
    since, expires : datetime
        UTC; by the holder's clock, so for people only.
    seconds : float
        Without a change for so long the lease is free.
    renewed : int
        Counts, so that every renewal is another object.
    """

    id: str
    who: str
    host: str
    space: str
    pid: int
    since: datetime
    expires: datetime
    seconds: float
    renewed: int = 0

    def __str__(self) -> str:
        return f"{self.who} ({self.host}, process {self.pid}) is at work there since {self.since:%Y-%m-%d %H:%M:%S} UTC"

    def renewal(self) -> Holder:
        """Return the lease for a while longer."""
        expires = datetime.now(UTC) + timedelta(seconds=self.seconds)
        return self.model_copy(update={"renewed": self.renewed + 1, "expires": expires})

    def text(self) -> bytes:
        """Return it as it stands in the store."""
        return self.model_dump_json(indent=1).encode()


class Lease:
    """A lease that is held, and renewed by a thread of its own.

    Parameters
    ----------
    store : ObjectStore
    key : str
    holder : Holder
        This process.
    tag : str
        Of the object.
    """

    def __init__(self, store: ObjectStore, key: str, holder: Holder, tag: str) -> None:
        self._store, self._key, self._holder, self._tag = store, key, holder, tag
        self._end = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()

    @property
    def caveat(self) -> str:
        """A sentence to be told where the store can't keep two apart for certain; else empty."""
        return "" if self._store.conditional else _UNSURE.format(self._store.url(self._key))

    def check(self) -> None:
        """Go on only if nobody has taken the lease over.

        Raises
        ------
        StoreError
        """
        if self._lost.is_set():
            raise StoreError(
                f"{self._store.url(self._key)}: somebody else works there now, as this process could not renew its "
                "lease in time; run it again."
            )

    def end(self) -> None:
        """Give the place free."""
        self._end.set()
        self._thread.join()
        if not self._lost.is_set():
            with suppress(RossiError):  # then it ends by itself
                self._store.swap(self._key, self._holder.renewal().model_copy(update={"id": ""}).text(), self._tag)

    def _renew(self) -> None:
        while not (self._lost.is_set() or self._end.wait(self._holder.seconds / _RENEWALS)):
            with suppress(StoreError):  # it is away; there is another try before it is too late
                self._renew_once()

    def _renew_once(self) -> None:
        renewal = self._holder.renewal()
        self._store.swap(self._key, renewal.text(), self._tag)
        found = _read(self._store, self._key)  # also after an answer that was lost
        if found is None or found[1].id != self._holder.id:
            self._lost.set()
        else:
            self._tag, self._holder = found


@contextmanager
def hold(
    store: ObjectStore,
    prefix: str,
    who: str,
    on_wait: Callable[[Holder], None] = lambda _: None,
    *,
    wait: bool = True,
    seconds: float = SECONDS,
    look: float = LOOK,
) -> Iterator[Lease]:
    """Hold the lease of a place while the block runs.

    Parameters
    ----------
    store : ObjectStore
    prefix : str
        Run prefix within the store.
    who : str
        What others are told: the run's name.
    on_wait : callable
        Told at every look who is at work; raises when there is no more waiting. See `once`.
    wait : bool
        Whether to wait at all.
    seconds, look : float [s]

    Raises
    ------
    AtWork
        If somebody else is at work and `wait` is false.
    StoreError
    """
    key = key_of(prefix, LEASE)
    lease = _acquire(store, key, _me(who, seconds), on_wait if wait else _refuse(store, key), look)
    try:
        yield lease
    finally:
        lease.end()


def holder_of(store: ObjectStore, prefix: str) -> Holder | None:
    """Return who holds a lease, as far as a single look tells; None if nobody does."""
    found = _read(store, key_of(prefix, LEASE))
    return found[1] if found is not None and found[1].id and not _is_gone(found[1]) else None


def once(tell: Callable[[str], None]) -> Callable[[Holder], None]:
    """Return what tells of each holder once, however often it is called."""
    told: set[str] = set()

    def on_wait(holder: Holder) -> None:
        if holder.id not in told:
            told.add(holder.id)
            tell(f"{holder}; this waits until that has ended, or shows no sign of life for {holder.seconds:g} s.")

    return on_wait


def _refuse(store: ObjectStore, key: str) -> Callable[[Holder], None]:
    def on_wait(holder: Holder) -> None:
        raise AtWork(f"{store.url(key)}: {holder}; try again when it has ended.")

    return on_wait


def _acquire(store: ObjectStore, key: str, me: Holder, on_wait: Callable[[Holder], None], look: float) -> Lease:
    seen, since = "", time.monotonic()
    while True:
        found = _read(store, key)
        if found is not None and found[1].id and not _is_gone(found[1]):
            if found[0] != seen:
                seen, since = found[0], time.monotonic()
            if time.monotonic() - since <= found[1].seconds:
                on_wait(found[1])
                time.sleep(look)
                continue
        if found is None:
            store.put(key, me.text())
        else:
            store.swap(key, me.text(), found[0])
        if (mine := _if_mine(store, key, me, look)) is not None:
            return Lease(store, key, me, mine)


def _if_mine(store: ObjectStore, key: str, me: Holder, look: float) -> str | None:
    """Return the tag of the lease if it is ours; where two may win, the later one's stays, so it is looked at again."""
    found = _read(store, key)
    if found is not None and found[1].id == me.id and not store.conditional:
        time.sleep(look)
        found = _read(store, key)
    return found[0] if found is not None and found[1].id == me.id else None


def _read(store: ObjectStore, key: str) -> tuple[str, Holder] | None:
    try:
        there = store.get_tagged(key)
    except MissingObject:
        return None
    return there.tag, _holder(there)


def _holder(there: Tagged) -> Holder:
    try:
        return Holder.model_validate_json(there.data)
    except ValidationError:  # of another version, or damaged: it is waited for, like any other
        now = datetime.now(UTC)
        return Holder(
            id=there.tag, who="Something", host="?", space="?", pid=0, since=now, expires=now, seconds=SECONDS
        )


def _me(who: str, seconds: float) -> Holder:
    now = datetime.now(UTC)
    return Holder(
        id=secrets.token_hex(8),
        who=who,
        host=socket.gethostname(),
        space=_space(),
        pid=os.getpid(),
        since=now,
        expires=now + timedelta(seconds=seconds),
        seconds=seconds,
    )


def _space() -> str:
    """Return what two processes have in common that see each other by their ids: machine, its start, and container."""
    parts = [socket.gethostname()]
    with suppress(OSError):  # only Linux has these
        parts += [
            Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
            str(Path("/proc/self/ns/pid").readlink()),
        ]
    return " ".join(parts)


def _is_gone(holder: Holder) -> bool:
    if holder.space != _space():
        return False
    with suppress(OSError):  # only Linux has it
        return _state(holder.pid) in _ENDED
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False


def _state(pid: int) -> str:
    """Return in what state a process is, as Linux tells it; empty for none."""
    Path("/proc/self/stat").stat()
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
