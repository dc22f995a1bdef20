"""Looking through a store for anything that is not as it was put."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

from pydantic import ValidationError

from rossi.errors import ConfigError, DataError
from rossi.fits.checksum import checksum_problems, is_fits
from services.contract import Manifest, Outcome, OutputRecord, StageResult
from services.contract.seal import is_intact
from services.storage import MissingObject, ObjectStore
from services.storage.base import key_of
from services.storage.bundle import object_key, pack
from services.storage.lease import LEASE
from services.storage.publication import (
    FAILURES,
    MANIFEST,
    TOGETHER,
    manifest_key,
    output_key,
    output_keys,
    read_manifest,
)
from services.storage.releases import (
    CURRENT,
    RELEASES,
    current_name,
    inner_key,
    named_by,
    read_release,
    release_key,
    release_name,
)
from services.storage.together import read_together

_RECORDS = frozenset({FAILURES, "products"})
_MERGED = frozenset({"query", "merge", "sources"})
#: Below these folders stands how runs went, of which no product is made.
_NOTES = frozenset({"campaigns", "gone", "runs"})
#: Objects in work at a time, which bounds memory too: products have a few MB.
_THREADS = 8

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the store that is not as it should be.

    Parameters
    ----------
    message : str
        A sentence that names the object.
    keys : tuple of str
        What to remove to have it made again.
    """

    message: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of looking.

    Parameters
    ----------
    manifests, objects : int
        How many manifests there are, and how many objects they and the other records are, together with the payload.
    size : int [byte]
        Of all of these.
    stray : int
        Objects that no manifest names: what interrupted attempts and slower writers left. Nobody reads them.
    problems : tuple of Problem
    """

    manifests: int
    objects: int
    size: int
    stray: int
    problems: tuple[Problem, ...]


def verify(store: ObjectStore, prefix: str = "", on_object: Callable[[int, int], None] | None = None) -> Verification:
    """Read every object below a prefix and compare it with what was put.

    Of every manifest its seal, its place and what it says; of every product its size, its sha256, and CHECKSUM and
    DATASUM of every HDU; of the records of failures and the index their own sums.

    Parameters
    ----------
    store : ObjectStore
    prefix : str
        Run prefix within the store.
    on_object : callable, optional
        Told how many objects have been looked at, and how many there are.

    Raises
    ------
    StoreError
        If the store does not answer; nothing is known then.
    """
    base = prefix.strip("/")
    sizes = {info.key: info.size for info in store.list(f"{base}/" if base else "")}
    keys = [key for key in sizes if _name(key) == MANIFEST]
    records = [key for key in sizes if _folder(key) in _RECORDS]
    problems: list[Problem] = []
    looked = 0

    def look(check: Callable[[Item], list[Problem]], items: Iterable[Item]) -> None:
        nonlocal looked
        for found in _in_parallel(check, items):
            problems.extend(found)
            looked += 1
            if on_object is not None:
                on_object(looked, len(sizes))

    manifests: dict[str, Manifest] = {}
    look(lambda key: _check_manifest(store, key, base, manifests), keys)
    present = {(m.obsid, m.stage, m.fingerprint) for m in manifests.values()}
    for key, manifest in sorted(manifests.items()):
        problems += _lineage(store, key, manifest, present)
    payload = [(key, m, r) for key, m in sorted(manifests.items()) for r in m.outputs]
    owners = _owners(payload)
    look(lambda one: _check_payload(store, *one, sizes), [one for one in payload if _is_single(one[2])])
    bundles = [one for one in sorted(manifests.items()) if any(r.start is not None for r in one[1].outputs)]
    look(lambda one: _check_bundle(store, *one), bundles)
    look(lambda one: _check_shared(store, *one, sizes), owners.items())
    look(lambda key: _check_record(store, key), records)
    together = [key for key in sizes if _folder(key) == TOGETHER]
    look(lambda key: _check_together(store, key, manifests), together)
    problems = [replace(one, keys=(*_naming(one.keys, together), *one.keys)) for one in problems]
    published = [key for key in sizes if _folder(key) == RELEASES or _name(key) == CURRENT]
    look(lambda key: _check_published(store, key, sizes), published)
    known = {*keys, *records, *together, *published, *(object_key(output_key(*one)) for one in payload)}
    notes = {key for key in sizes.keys() - known if _NOTES & set(key.split("/")[:-1]) or _name(key) == LEASE}
    there = known & sizes.keys()
    size = sum(sizes[key] for key in there)
    stray = len(sizes) - len(there) - len(notes)
    return Verification(len(keys), len(there), size, stray, tuple(sorted(problems, key=lambda p: p.message)))


def _in_parallel(check: Callable[[Item], list[Problem]], items: Iterable[Item]) -> Iterator[list[Problem]]:
    waiting = iter(items)
    with ThreadPoolExecutor(_THREADS) as pool:
        while batch := list(islice(waiting, 8 * _THREADS)):
            yield from pool.map(check, batch)


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _folder(key: str) -> str:
    return key.rpartition("/")[0].rpartition("/")[2]


def _check_manifest(store: ObjectStore, key: str, base: str, found: dict[str, Manifest]) -> list[Problem]:
    try:
        manifest = read_manifest(store, key)
    except (DataError, MissingObject) as error:
        return [Problem(str(error), (key,))]
    inner = key.removeprefix(f"{base}/") if base else key
    place = key_of("", manifest.obsid, manifest.stage, manifest.fingerprint, MANIFEST)
    # Without its prefix being named, a store may hold several runs.
    if inner != place and (base or not inner.endswith(f"/{place}")):
        return [Problem(f"{store.url(key)}: the manifest belongs at {place}; it was moved or copied.", (key,))]
    found[key] = manifest
    return [Problem(f"{store.url(key)}: {said}.", (key,)) for said in _contradictions(manifest)]


def _contradictions(manifest: Manifest) -> Iterator[str]:
    names = [record.name for record in manifest.outputs]
    if len(set(names)) < len(names):
        yield "the manifest names two outputs of one name"
    if manifest.outcome is Outcome.FAILED:
        yield "the manifest is of a failure, which never has one"
    if manifest.outcome is Outcome.NO_WORK and not manifest.caveats:
        yield "the manifest says that there was no work, but not why"
    if manifest.outcome is Outcome.SUCCEEDED and not names:
        yield "the manifest is of a success, but names no output"


def _lineage(store: ObjectStore, key: str, manifest: Manifest, present: set[tuple[str, str, str]]) -> Iterator[Problem]:
    """Say which results of other stages a result was made from that are not there, or not intact."""
    if manifest.stage in _MERGED:
        return
    missing: Counter[tuple[str, str]] = Counter()
    for record in manifest.inputs:
        stage, slash, _ = record.path.partition("/")
        is_result = slash and len(record.identity) == 64 and stage != manifest.stage
        if is_result and (manifest.obsid, stage, record.identity) not in present:
            missing[stage, record.identity] += 1
    for (stage, identity), number in missing.items():
        files = "a file" if number == 1 else f"{number} files"
        yield Problem(
            f"{store.url(key)}: it was made from {files} of {stage}/{identity[:12]}..., which is not in the store.", ()
        )


Named = tuple[str, Manifest, OutputRecord]


def _owners(payload: Iterable[Named]) -> dict[str, list[Named]]:
    """Return the keys of shared files with all that names each."""
    found: dict[str, list[Named]] = {}
    for one in payload:
        if one[2].shared:
            found.setdefault(output_key(*one), []).append(one)
    return found


def _own(key: str, manifest: Manifest) -> tuple[str, ...]:
    """Return the keys of a manifest and of its files, those that it shares aside."""
    places = (place for place, one in output_keys(key, manifest).items() if not one.shared)
    return tuple(dict.fromkeys([key, *map(object_key, places)]))


def _is_single(record: OutputRecord) -> bool:
    return record.start is None and not record.shared


def _check_bundle(store: ObjectStore, key: str, manifest: Manifest) -> list[Problem]:
    """Look at the object that holds several files: each of them, and every byte between them."""
    records = [record for record in manifest.outputs if record.start is not None]
    place, own = object_key(output_key(key, manifest, records[0])), _own(key, manifest)
    where = store.url(place)
    try:
        whole = store.get(place)
    except MissingObject:
        return [Problem(f"{where}: the object is missing though its manifest names it.", own)]
    files = [(r.name, whole[r.start or 0 : (r.start or 0) + r.size]) for r in records]
    for record, (name, data) in zip(records, files, strict=True):
        if hashlib.sha256(data).hexdigest() != record.sha256:
            return [Problem(f"{where}: the content of {name} in it is damaged; its sha256 is not the manifest's.", own)]
    if pack(files)[0] != whole:
        return [Problem(f"{where}: what lies between the files in it is damaged.", own)]
    said = (said for name, data in files if is_fits(data, name) for said in checksum_problems(data, f"{where}/{name}"))
    return [Problem(one, own) for one in said]


def _check_shared(store: ObjectStore, place: str, named: Sequence[Named], sizes: Mapping[str, int]) -> list[Problem]:
    """Look at a shared file once; all that name it are to be made again with it."""
    keys = (place, *(own for key, manifest, _ in named for own in _own(key, manifest)))
    return _check_object(store, place, named[0][2], keys, sizes)


def _check_payload(
    store: ObjectStore, key: str, manifest: Manifest, record: OutputRecord, sizes: Mapping[str, int]
) -> list[Problem]:
    return _check_object(store, output_key(key, manifest, record), record, _own(key, manifest), sizes)


def _check_object(
    store: ObjectStore, place: str, record: OutputRecord, whole: tuple[str, ...], sizes: Mapping[str, int]
) -> list[Problem]:
    where = store.url(place)
    if place not in sizes:
        return [Problem(f"{where}: the object is missing though its manifest names it.", whole)]
    if sizes[place] != record.size:
        return [Problem(f"{where}: the object has {sizes[place]} bytes, {record.size} were put.", whole)]
    try:
        data = store.get(place)
    except MissingObject:
        return [Problem(f"{where}: the object went away.", whole)]
    if len(data) != record.size or hashlib.sha256(data).hexdigest() != record.sha256:
        return [Problem(f"{where}: the content is damaged; its sha256 is not the manifest's.", whole)]
    if not is_fits(data, record.name):
        return []
    return [Problem(said, whole) for said in checksum_problems(data, where)]


def _check_record(store: ObjectStore, key: str) -> list[Problem]:
    try:
        data = store.get(key)
    except MissingObject:
        return []
    if _folder(key) == FAILURES:
        intact = _name(key).removesuffix(".json").endswith(hashlib.sha256(data).hexdigest())
        kind, readable = "record of a failure", _is_result(data)
    else:
        kind, intact, readable = "index of products", is_intact(data), _is_json(data)
    return [] if intact and readable else [Problem(f"{store.url(key)}: the {kind} is damaged.", (key,))]


def _check_together(store: ObjectStore, key: str, manifests: Mapping[str, Manifest]) -> list[Problem]:
    """Say what is wrong with the manifests of an observation in one object."""
    try:
        named = read_together(store.get(key))
    except MissingObject:
        return []
    if named is None:
        return [Problem(f"{store.url(key)}: the manifests in it are damaged.", (key,))]
    folder = key.rpartition("/")[0].rpartition("/")[0]
    places = {manifest_key(f"{folder}/{one.stage}/{one.fingerprint}"): one for one in named}
    lost = [place for place, one in places.items() if manifests.get(place) != one]
    return [Problem(f"{store.url(key)}: it has {one}, which is not so in the store.", (key,)) for one in lost]


def _naming(keys: Iterable[str], together: Sequence[str]) -> Iterator[str]:
    """Return what is to be removed before some manifests, as it has them too."""
    folders = {key.rsplit("/", 3)[0] for key in keys if _name(key) == MANIFEST and key.count("/") > 2}
    return (key for key in together if key.rsplit("/", 2)[0] in folders)


def _check_published(store: ObjectStore, key: str, sizes: Mapping[str, int]) -> list[Problem]:
    """Say what is wrong with a release, or with what says which one is current."""
    try:
        if _name(key) == CURRENT:
            return _check_current(store, key, sizes)
        prefix = key[: -len(f"{RELEASES}/{_name(key)}")].strip("/")
        name = release_name(inner_key(prefix, key))
        release = read_release(store, prefix, name) if name else None
    except ConfigError:  # it went away meanwhile
        return []
    except DataError as error:
        return [Problem(str(error), (key,))]
    try:
        named = [] if release is None else named_by(store, prefix, release)
    except DataError as error:
        return [Problem(str(error), ())]
    missing = [one for one in named if one not in sizes]
    return [Problem(f"{store.url(key)}: it names {one}, which is not in the store.", ()) for one in missing]


def _check_current(store: ObjectStore, key: str, sizes: Mapping[str, int]) -> list[Problem]:
    prefix = key.removesuffix(CURRENT).strip("/")
    name = current_name(store, prefix)
    if not name or release_key(prefix, name) in sizes:
        return []
    return [Problem(f"{store.url(key)}: release {name}, which is current, is not in the store.", (key,))]


def _is_result(data: bytes) -> bool:
    try:
        StageResult.model_validate_json(data)
    except ValidationError:
        return False
    return True


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True
