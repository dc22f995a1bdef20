"""The objects of a cluster's API server stand-in, their versions and their history."""

from __future__ import annotations

import copy
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


class Expired(Exception):
    """The history does not go back that far."""


class Objects:
    """Jobs, pods and events by name; every write makes a new version and is remembered for watchers."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.version = 1000
        self._oldest = 1000
        self._there: dict[str, dict[str, Json]] = {"jobs": {}, "pods": {}, "events": {}, "resourcequotas": {}}
        self._history: list[tuple[int, str, str, Json]] = []

    def get(self, kind: str, name: str) -> Json | None:
        """Return a copy of an object."""
        with self.changed:
            return copy.deepcopy(self._there[kind].get(name))

    def all(self, kind: str) -> list[Json]:
        """Return copies of all objects of a kind."""
        with self.changed:
            return copy.deepcopy(list(self._there[kind].values()))

    def create(self, kind: str, item: Json) -> Json | None:
        """Add an object; None if there is one of its name."""
        with self.changed:
            name = item["metadata"]["name"]
            if name in self._there[kind]:
                return None
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            item["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": now}
            return self._write(kind, "ADDED", item)

    def update(self, kind: str, name: str, change: Callable[[Json], None]) -> Json | None:
        """Change an object, if it is there and the change is one."""
        with self.changed:
            old = self._there[kind].get(name)
            if old is None:
                return None
            new = copy.deepcopy(old)
            change(new)
            return old if new == old else self._write(kind, "MODIFIED", new)

    def remove(self, kind: str, name: str) -> None:
        """Take an object away."""
        with self.changed:
            item = self._there[kind].pop(name, None)
            if item is not None:
                self._write(kind, "DELETED", item)

    def since(self, kind: str, version: int) -> list[tuple[int, str, Json]]:
        """Return what happened after a version; raises `Expired`."""
        with self.changed:
            if version < self._oldest:
                raise Expired
            return [(v, event, item) for v, k, event, item in self._history if k == kind and v > version]

    def forget(self) -> None:
        """Drop the history, as the server does after some minutes."""
        with self.changed:
            self.version += 1
            self._oldest = self.version
            self._history.clear()
            self.changed.notify_all()

    def _write(self, kind: str, event: str, item: Json) -> Json:
        self.version += 1
        item = copy.deepcopy(item)
        item["metadata"]["resourceVersion"] = str(self.version)
        if event != "DELETED":
            self._there[kind][item["metadata"]["name"]] = item
        self._history.append((self.version, kind, event, item))
        self.changed.notify_all()
        return copy.deepcopy(item)
