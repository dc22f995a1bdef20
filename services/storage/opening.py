"""From a URL to a store or an archive: the one place that knows all kinds of them."""

from __future__ import annotations

import os

from rossi.errors import ConfigError
from services.storage.archive import ArchiveSource
from services.storage.base import ObjectStore, local_path, scheme_of
from services.storage.cache import CacheConfig, open_cache
from services.storage.identities import open_identities
from services.storage.local import LocalStore
from services.storage.local_archive import LocalArchive
from services.storage.remote import RemoteArchive
from services.storage.s3_url import parse_s3_url


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


def is_near(url: str) -> bool:
    """Return whether the store or archive at a URL is a folder, which mostly answers at once."""
    return scheme_of(url) == "file"


def puts_together(url: str) -> bool:
    """Return whether several products of an observation go into one object of the store at a URL.

    In a bucket they do, as every object costs a request there, unless its URL says ``products=single``; in a folder
    each is a file.
    """
    return scheme_of(url) == "s3" and parse_s3_url(url).together


def open_archive(url: str, cache: CacheConfig | None = None) -> ArchiveSource:
    """Open the archive at a URL.

    Parameters
    ----------
    url : str
        A path, ``file:///path``, ``s3://bucket/folder?endpoint=...&region=...`` (read without credentials), or
        ``https://host/folder``, which must answer with listings of directories.
    cache : CacheConfig, optional
        Where copies of remote files are kept, and what files of a folder hold; nothing is if it is absent.

    Raises
    ------
    ConfigError
        If the URL makes no sense or there is no such directory. A remote archive is not looked for before it is used.
    """
    match scheme_of(url):
        case "file":
            root = local_path(url)
            return LocalArchive(root, open_identities(cache, os.path.realpath(root)))
        case "s3" | "http" | "https" as scheme:
            kept = open_cache(cache)
            if scheme == "s3":
                from services.storage.remote_s3 import anonymous_buckets

                return RemoteArchive(anonymous_buckets(url), kept)
            from services.storage.remote_http import web_folders

            return RemoteArchive(web_folders(url), kept)
        case scheme:
            raise ConfigError(
                f"Archives can't be read from {scheme}://; give a directory, file:///..., s3://... or https://..."
            )
