"""A store in which one call, or any number of them, goes wrong in every way that real ones do."""

from __future__ import annotations

import threading
from enum import StrEnum

from services.storage import StoreError
from services.storage.at_once import at_once


class Fault(StrEnum):
    """What can become of one call."""

    FAIL = "fail"  #: nothing was done
    LOST = "lost"  #: it was done, but the connection broke before the answer
    DELAY = "delay"  #: another writer does all its work meanwhile
    TWICE = "twice"  #: it is done twice, as a client that repeats requests does
    TRUNCATE = "truncate"  #: half of the content arrives, then the connection breaks
    SILENT = "silent"  #: half of the content arrives, and nobody says so
    KILL = "kill"  #: the process dies before the call
    KILL_AFTER = "kill after"  #: ... and after it


class Killed(BaseException):
    """Stands for SIGKILL: no `except Exception` sees it."""


class FaultyStore:
    """A store whose n-th call, from 0, meets a fault; the others are counted and go through.

    Parameters
    ----------
    store : ObjectStore
    at : int or None
    fault : Fault
    meanwhile : callable
        What happens during a delay.
    """

    def __init__(self, store, at=None, fault=Fault.FAIL, meanwhile=lambda: None):
        self.store, self.at, self.fault, self.meanwhile = store, at, fault, meanwhile
        self.calls = []
        self.hit = False
        self._lock = threading.Lock()

    def url(self, key):
        """No request."""
        return self.store.url(key)

    def put(self, key, data):
        """See `ObjectStore.put`."""
        if self._due("put", key):
            match self.fault:
                case Fault.TRUNCATE | Fault.SILENT:
                    # No store that keeps its promise does this; a broken disk or server does.
                    done = self.store.put(key, data[: len(data) // 2])
                    return self._broken(done)
        return self._call(lambda: self.store.put(key, data))

    def put_in_order(self, contents):
        """See `ObjectStore.put_in_order`: a call for each, as a server is asked."""
        return [self.put(*content) for content in contents]

    def put_contents(self, contents):
        """See `ObjectStore.put_contents`: a call for each, as a server is asked."""
        return at_once(lambda content: self.put(*content), contents)

    def get(self, key):
        """See `ObjectStore.get`."""
        if self._due("get", key):
            match self.fault:
                case Fault.TRUNCATE | Fault.SILENT:
                    data = self.store.get(key)
                    return self._broken(data[: len(data) // 2])
        return self._call(lambda: self.store.get(key))

    def head(self, key):
        """See `ObjectStore.head`."""
        self._due("head", key)
        return self._call(lambda: self.store.head(key))

    def list(self, prefix=""):
        """See `ObjectStore.list`."""
        self._due("list", prefix)
        return self._call(lambda: iter(list(self.store.list(prefix))))

    def occupied(self, folder, names):
        """See `ObjectStore.occupied`."""
        self._due("occupied", folder)
        return self._call(lambda: self.store.occupied(folder, names))

    def delete(self, key):
        """See `ObjectStore.delete`."""
        self._due("delete", key)
        return self._call(lambda: self.store.delete(key))

    def delete_all(self, keys):
        """See `ObjectStore.delete_all`; every object is a request, so that a kill may come between any two."""
        for key in keys:
            self.delete(key)

    def get_tagged(self, key):
        """See `ObjectStore.get_tagged`."""
        self._due("get_tagged", key)
        return self._call(lambda: self.store.get_tagged(key))

    def swap(self, key, data, tag):
        """See `ObjectStore.swap`."""
        self._due("swap", key)
        return self._call(lambda: self.store.swap(key, data, tag))

    def leftovers(self, prefix=""):
        """See `ObjectStore.leftovers`."""
        self._due("leftovers", prefix)
        return self._call(lambda: iter(list(self.store.leftovers(prefix))))

    def discard(self, leftovers, prefix=""):
        """See `ObjectStore.discard`."""
        self._due("discard", prefix)
        return self._call(lambda: self.store.discard(leftovers, prefix))

    @property
    def conditional(self):
        """See `ObjectStore.conditional`."""
        return self.store.conditional

    def _due(self, method, key):
        with self._lock:
            self._now = len(self.calls) == self.at
            self.calls.append((method, key))
            self.hit |= self._now
            return self._now

    def _broken(self, answer):
        if self.fault is Fault.TRUNCATE:
            raise StoreError("the connection broke in the middle")
        return answer

    def _call(self, call):
        if not self._now:
            return call()
        match self.fault:
            case Fault.FAIL | Fault.TRUNCATE | Fault.SILENT:
                raise StoreError("the server does not answer")
            case Fault.KILL:
                raise Killed
            case Fault.DELAY:
                self.meanwhile()
            case Fault.TWICE:
                call()
        answer = call()
        if self.fault is Fault.LOST:
            raise StoreError("the connection broke before the answer")
        if self.fault is Fault.KILL_AFTER:
            raise Killed
        return answer
