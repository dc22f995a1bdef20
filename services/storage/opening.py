"""From a URL to a store."""

from __future__ import annotations

from rossi.errors import ConfigError
from services.storage.base import ObjectStore, local_path, scheme_of
from services.storage.local import LocalStore


def open_store(url: str) -> ObjectStore:
    """Open the store at a URL: a path, ``file:///path``, or ``s3://bucket/prefix?endpoint=...&region=...``.

    Nothing is read or written yet, so an unreachable store shows at its first use.

    Raises
    ------
    ConfigError
        If the URL makes no sense.
    """
    match scheme_of(url):
        case "file":
            return LocalStore(local_path(url))
        case "s3":
            from services.storage.s3 import open_s3

            return open_s3(url)
        case scheme:
            raise ConfigError(f"Stores of kind {scheme}:// are not known; use a directory, file:///... or s3://bucket.")
