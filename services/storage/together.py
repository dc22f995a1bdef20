"""All manifests of an observation in one object, by which a finished one is recognised with one request.

    <prefix>/<obsid>/manifests/<digest>.json

It repeats what the manifests say, under a seal, is put after all of them, and says nothing else: without it an
observation is recognised by its manifests one by one. The digest is of what the stages read of the archive and of
calibration, their settings and versions, so it is known before any manifest is.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from services.contract import Frozen, Manifest
from services.contract.seal import is_intact, seal
from services.storage.base import MissingObject, Reader, key_of
from services.storage.publication import TOGETHER


class Together(Frozen):
    """What the object holds."""

    manifests: tuple[Manifest, ...]
    seal: str = ""


def together_key(prefix: str, obsid: str, digest: str) -> str:
    """Return the key of the object for some work on an observation."""
    return key_of(prefix, obsid, TOGETHER, f"{digest}.json")


def together(documents: Iterable[bytes]) -> bytes:
    """Return the object that repeats the manifests of an observation, to be put when all are in the store."""
    return seal(b'{"manifests":[%b],"seal":""}' % b",".join(documents))


def find_together(store: Reader, key: str) -> tuple[Manifest, ...] | None:
    """Return the manifests of an observation, None if there is no such object, or none that is intact."""
    try:
        return read_together(store.get(key))
    except MissingObject:
        return None


def read_together(data: bytes) -> tuple[Manifest, ...] | None:
    """Return the manifests in such an object, None if it is damaged."""
    try:
        return Together.model_validate_json(data).manifests if is_intact(data) else None
    except ValidationError:
        return None
