"""What a finished run publishes: a release names every source's products, and ``current.json`` one of the releases.

::

    <prefix>/releases/<UTC>-<hash>.json        a release, put when all that it names is there
    <prefix>/releases/products/<hash>.json     the observations' products of a source that has many
    <prefix>/current.json                      which release readers are to take; the one object that is replaced

A release is a small document under a seal, and never changes. Readers go from ``current.json`` to the release and from
there to the products, so they see the products of one run and never some of two; yesterday's stay reachable by their
release's name. Whatever a release names it names relative to the prefix: a copy elsewhere, or the same bucket under
another address, is read in the same way.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from rossi.errors import ConfigError, DataError
from services.contract import Manifest
from services.storage import MissingObject, ObjectStore, StoreError
from services.storage.base import key_of
from services.storage.publication import output_keys
from services.storage.putting import put_exactly
from services.storage.release_documents import Current, Products, Release, Source, read_document, sealed

RELEASES = "releases"
CURRENT = "current.json"
PRODUCTS = "products"
#: Manifests that a release itself names of one source; of more, a document of their own does, that stays as it is when
#: the source does.
MOST_NAMED = 100
#: How often `CURRENT` is looked at again that somebody else has replaced meanwhile.
_TRIES = 20
#: Requests at a time.
_THREADS = 16
_NAME = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")


def source_of(
    store: ObjectStore,
    prefix: str,
    name: str,
    slug: str,
    merge: tuple[str, Manifest],
    observations: int,
    stages: Iterable[str],
) -> Source:
    """Describe the products of a source, and put what its release would be too large with.

    Parameters
    ----------
    store : ObjectStore
    prefix : str
        Run prefix within the store.
    name, slug : str
    merge : (str, Manifest)
        The manifest of what was merged, and its key.
    observations : int
    stages : iterable of str
        Keys of the manifests of the observations' stages.
    """
    key, manifest = merge
    inner = sorted({inner_key(prefix, stage) for stage in stages})
    files = list(output_keys(key, manifest))
    source = Source(
        name=name,
        slug=slug,
        merge=inner_key(prefix, key),
        folder=inner_key(prefix, files[0].rpartition("/")[0]) if files else "",
        files=tuple(record.name for record in manifest.outputs),
        size=sum(record.size for record in manifest.outputs),
        observations=observations,
        stages=tuple(inner),
    )
    if len(inner) <= MOST_NAMED:
        return source
    document = sealed(Products(stages=tuple(inner)))
    place = f"{RELEASES}/{PRODUCTS}/{hashlib.sha256(document).hexdigest()[:32]}.json"
    put_exactly(store, key_of(prefix, place), document)
    return source.model_copy(update={"stages": (), "products": place})


def publish_release(
    store: ObjectStore,
    prefix: str,
    sources: Sequence[Source],
    *,
    whole: bool = True,
    front: str = "",
    now: datetime | None = None,
) -> Release:
    """Publish what a run has made, and have readers take it; comes last of all.

    Nothing is published where the newest release names the same: it stays what it is. So does ``current.json`` then, if
    somebody has chosen another release: a run that changed nothing does not go on from it.

    Parameters
    ----------
    store : ObjectStore
    prefix : str
        Run prefix within the store.
    sources : sequence of Source
    whole : bool
        Whether these are all sources. If not, those of other names stay as they are in the newest release.
    front : str
        Key of the front page's manifest, relative to the prefix; without, that of the newest release stays if not
        `whole`.
    now : datetime, optional
        UTC.

    Returns
    -------
    Release
        The newest one.

    Raises
    ------
    StoreError
    """
    newest = newest_release(store, prefix)
    mine = {source.slug for source in sources}
    others = [] if whole or newest is None else [source for source in newest.sources if source.slug not in mine]
    named = tuple(sorted([*sources, *others], key=lambda source: source.slug))
    if not whole and not front and newest is not None:
        front = newest.front
    if newest is not None and (newest.sources, newest.front) == (named, front):
        _move(store, prefix, newest.name, stays=lambda current: current.chosen)
        return newest
    created = (now or datetime.now(UTC)).replace(microsecond=0)
    if newest is not None:  # also where another machine's clock is ahead
        created = max(created, newest.created + timedelta(seconds=1))
    release = Release(created=created, sources=named, front=front)
    document = sealed(release)
    put_exactly(store, release_key(prefix, release.name), document)
    _move(store, prefix, release.name, stays=lambda current: current.release > release.name)
    return Release.model_validate_json(document)


def make_current(store: ObjectStore, prefix: str, name: str) -> Release:
    """Have readers take a release of before, or a later one again.

    Raises
    ------
    ConfigError
        If there is none of this name.
    DataError
        If something that it names is not there any more.
    """
    release = read_release(store, prefix, name)
    if missing := absent(store, prefix, release):
        raise DataError(
            f"{store.url(missing[0])}: release {name} names it, but it is not in the store "
            f"({len(missing)} such in all); `rossi releases` lists others."
        )
    _move(store, prefix, name, stays=lambda _: False, chosen=True)
    return release


def list_releases(store: ObjectStore, prefix: str) -> list[str]:
    """Return the names of the releases that there are, oldest first."""
    folder = f"{key_of(prefix, RELEASES)}/"
    # The names begin with the year; what lies in folders beside them need not be listed.
    return [name for info in store.list(f"{folder}2") if (name := release_name(inner_key(prefix, info.key)))]


def newest_release(store: ObjectStore, prefix: str) -> Release | None:
    """Return the last release that was published, whatever readers take; None if there is none."""
    names = list_releases(store, prefix)
    return read_release(store, prefix, names[-1]) if names else None


def read_release(store: ObjectStore, prefix: str, name: str) -> Release:
    """Return a release.

    Raises
    ------
    ConfigError
        If there is none of this name.
    DataError
        If it is damaged.
    """
    key = release_key(prefix, name)
    try:
        if _NAME.fullmatch(name):
            return read_document(Release, store, key, store.get(key))
    except MissingObject:
        pass
    raise ConfigError(f"There is no release {name!r} in this store; `rossi releases` lists what there is.")


def current_name(store: ObjectStore, prefix: str) -> str:
    """Return the name of the release that readers are to take, empty for none.

    Raises
    ------
    DataError
        If ``current.json`` is damaged.
    """
    key = key_of(prefix, CURRENT)
    try:
        return read_document(Current, store, key, store.get(key)).release
    except MissingObject:
        return ""


def current_release(store: ObjectStore, prefix: str) -> Release | None:
    """Return the release that readers are to take, None if nothing has been published."""
    for attempt in range(1, _TRIES + 1):
        name = current_name(store, prefix)
        try:
            return read_release(store, prefix, name) if name else None
        except ConfigError:  # it has been another one meanwhile, and this one was pruned
            if attempt == _TRIES:
                raise
    return None


def stages_of(store: ObjectStore, prefix: str, source: Source) -> tuple[str, ...]:
    """Return the keys, in the store, of the manifests of the stages of a source's observations.

    Raises
    ------
    DataError
        If the document that names them is damaged or missing.
    """
    stages = source.stages
    if source.products:
        key = key_of(prefix, source.products)
        try:
            stages = read_document(Products, store, key, store.get(key)).stages
        except MissingObject:
            raise DataError(f"{store.url(key)}: the object is missing though a release names it.") from None
    return tuple(key_of(prefix, stage) for stage in stages)


def named_by(store: ObjectStore, prefix: str, release: Release) -> list[str]:
    """Return the keys, in the store, of all manifests that a release names.

    Raises
    ------
    DataError
        If a document that names some of them is damaged or missing.
    """
    with ThreadPoolExecutor(_THREADS) as threads:
        stages = list(threads.map(lambda source: stages_of(store, prefix, source), release.sources))
    above = [*(source.merge for source in release.sources), *([release.front] if release.front else [])]
    return [*(key_of(prefix, key) for key in above), *(key for some in stages for key in some)]


def absent(store: ObjectStore, prefix: str, release: Release) -> list[str]:
    """Return the keys of the manifests that a release names and the store has not."""
    keys = named_by(store, prefix, release)
    with ThreadPoolExecutor(_THREADS) as threads:
        there = list(threads.map(lambda key: store.head(key) is not None, keys))
    return [key for key, is_there in zip(keys, there, strict=True) if not is_there]


def release_key(prefix: str, name: str) -> str:
    """Return the key of a release."""
    return key_of(prefix, f"{RELEASES}/{name}.json")


def release_name(inner: str) -> str:
    """Return the name of the release that has a key relative to the prefix; empty for other keys."""
    folder, _, name = inner.rpartition("/")
    name = name.removesuffix(".json")
    return name if folder == RELEASES and _NAME.fullmatch(name) else ""


def inner_key(prefix: str, key: str) -> str:
    """Return a key of the store relative to the prefix."""
    return key.removeprefix(f"{prefix.strip('/')}/") if prefix.strip("/") else key


def _move(
    store: ObjectStore, prefix: str, name: str, *, stays: Callable[[Current], bool], chosen: bool = False
) -> None:
    """Replace ``current.json``, unless it is to stay; one that is damaged is not."""
    key = key_of(prefix, CURRENT)
    document = sealed(Current(release=name, path=f"{RELEASES}/{name}.json", chosen=chosen))
    for _ in range(_TRIES):
        try:
            there = store.get_tagged(key)
        except MissingObject:
            store.put(key, document)
            continue
        with suppress(DataError):
            current = read_document(Current, store, key, there.data)
            if there.data == document or stays(current) or (current.release == name and not chosen):
                return
        store.swap(key, document, there.tag)
    raise StoreError(f"{store.url(key)}: others replace it all the time; run it again.")
