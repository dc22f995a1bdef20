"""The object store and the read-only archive source, behind two small interfaces.

`open_store` and `open_archive` take a URL; nothing else needs to know what is behind it.
"""

from services.storage.archive import ArchiveFile, ArchiveSource
from services.storage.base import MissingObject, ObjectInfo, ObjectStore, StoreError
from services.storage.cache import CacheConfig
from services.storage.opening import open_archive, open_store

__all__ = [
    "ArchiveFile",
    "ArchiveSource",
    "CacheConfig",
    "MissingObject",
    "ObjectInfo",
    "ObjectStore",
    "StoreError",
    "open_archive",
    "open_store",
]
