"""Observations that were told to go: their last products are not merged any more, and in time removed.

An observation that vanished from the archive keeps its last products until somebody says that it is gone for good. That
is kept as ``<prefix>/gone/<obsid>/<UTC>.json``, and holds for what was made before, until it comes back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from services.storage.base import ObjectStore, check_key, key_of

FOLDER = "gone"


def tell_to_go(store: ObjectStore, prefix: str, obsid: str) -> str:
    """Say that an observation is gone for good; returns when: UTC, digits only.

    Raises
    ------
    ConfigError
        If it can't be the name of an observation.
    """
    now = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    store.put(check_key(f"{_base(prefix)}{obsid}/{now}.json"), json.dumps({"obsid": obsid, "when": now}).encode())
    return now.replace("T", "")


def told_to_go(store: ObjectStore, prefix: str) -> dict[str, str]:
    """Return the observations that were told to go, and when last: UTC, digits only."""
    base = _base(prefix)
    keys = [info.key.removeprefix(base).split("/") for info in store.list(base)]
    # A later key of the same observation is a later time.
    return {parts[0]: parts[1][:15].replace("T", "") for parts in keys if len(parts) == 2}


def come_back(store: ObjectStore, prefix: str, obsids: Iterable[str]) -> None:
    """Take back that observations are gone: they are in the archive again."""
    for obsid in obsids:
        store.delete_all([info.key for info in store.list(f"{_base(prefix)}{obsid}/")])


def is_gone(gone: Mapping[str, str], obsid: str, made: str) -> bool:
    """Whether what was made of an observation then (ISO 8601, UTC) was told to go since."""
    return obsid in gone and "".join(filter(str.isdigit, made))[:14] <= gone[obsid]


def _base(prefix: str) -> str:
    return f"{key_of(prefix, FOLDER)}/"
