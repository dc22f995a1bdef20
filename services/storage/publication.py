"""How products get into a store and out of it again.

A product set lies under one base, ``<prefix>/<obsid>/<stage>/<fingerprint>``::

    <base>/manifest.json          what there is; its presence says that everything is complete
    <base>/<content>/<file>       the payload; <content> is a hash of all its files' hashes
    <base>/<content>/products.tar ... or, where every object costs a request, several of its files in one

    <prefix>/shared/<sha256>/<file>   what many observations have the same of: responses

The payload is put first and the manifest last, create-only. As the payload's place follows from its content, an attempt
never meets another one's bytes: what a crashed attempt left is either the same or lies elsewhere, and what is neither
is damaged and put anew. When two writers work on the same fingerprint, each puts its own payload and one manifest
stays, which describes bytes that are there, even on servers that let the later writer win. Manifests bear a seal, so
that readers notice any changed byte of them; those of the payload are compared with the manifest's sha256.

Shared files lie once, by their sha256, and all manifests of products that have them name them. They are put before the
manifest as the rest is, and `rossi prune` removes one when no manifest that stays names it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from threading import Lock
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from rossi.errors import DamagedFile
from rossi.product import Kind
from rossi.spooled import SpooledFile
from rossi.version import __version__
from services.contract import MANIFEST_VERSION, EngineName, File, InputRecord, Manifest, OutputRecord, Outputs
from services.contract.seal import is_intact, seal, seal_of
from services.storage import MissingObject, ObjectStore
from services.storage.base import Reader, key_of
from services.storage.bundle import BUNDLE, object_key, pack
from services.storage.putting import put_all

MANIFEST = "manifest.json"
#: Folder of the records of failures, beside the products of a stage.
FAILURES = "failures"
#: Folder of objects that repeat the manifests of an observation, see `services.storage.together`.
TOGETHER = "manifests"
_RECORDS = TypeAdapter(tuple[OutputRecord, ...])
_SORTED = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
#: Folder of shared files.
SHARED = "shared"


@cache
def versions() -> dict[str, str]:
    """Return the versions that go into a manifest: of rossi, python and numpy."""
    return {"rossi": __version__, "python": platform.python_version(), "numpy": metadata.version("numpy")}


def fingerprint(
    stage: str,
    version: int,
    config: Mapping[str, Any],
    inputs: Sequence[InputRecord],
    engine: Mapping[str, str | None] | None = None,
) -> str:
    """Return the key of a result: equal for equal work, whatever the order and the place of the inputs.

    Parameters
    ----------
    stage : str
    version : int
        Of the stage.
    config : mapping
        Complete, defaults included; JSON-compatible.
    inputs : sequence of InputRecord
    engine : mapping, optional
        Its name, and the versions of what it computes with.

    Returns
    -------
    str
        sha256, 64 hexadecimal digits.
    """
    content = {
        "stage": stage,
        "version": version,
        "config": config,
        "engine": dict(engine or {}),
        "inputs": sorted([r.input, r.path, r.identity] for r in inputs),
        "layout": MANIFEST_VERSION,
        "rossi": versions()["rossi"],
    }
    return _sha256(_SORTED.encode(content).encode())


def new_manifest(
    stage: str,
    obsid: str,
    fingerprint: str,
    config: Mapping[str, Any],
    inputs: Sequence[InputRecord],
    outputs: Outputs,
    seconds: float,
    engine: EngineName | None = None,
    engine_versions: Mapping[str, str] | None = None,
    source: str = "",
) -> Manifest:
    """Return a manifest of now, complete but for the outputs' files, which `publish` adds."""
    return Manifest(
        stage=stage,
        obsid=obsid,
        fingerprint=fingerprint,
        engine=engine,
        config=dict(config),
        inputs=tuple(inputs),
        outputs=(),
        outcome=outputs.outcome,
        caveats=outputs.caveats,
        summary=from_json(to_json(dict(outputs.summary), inf_nan_mode="null")),
        versions={**versions(), **(engine_versions or {})},
        seconds=seconds,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        source=source,
    )


def manifest_key(base: str) -> str:
    """Return the key of the manifest of the product set at `base`."""
    return f"{base}/{MANIFEST}"


def output_key(key: str, manifest: Manifest, record: OutputRecord) -> str:
    """Return the place of one output: its key, or that of the object that holds it, with its name behind.

    Parameters
    ----------
    key : str
        Key of the manifest.
    manifest : Manifest
    record : OutputRecord
        One of ``manifest.outputs``.
    """
    return _places(key, manifest)(record)


def output_keys(key: str, manifest: Manifest) -> dict[str, OutputRecord]:
    """Return all outputs by their places; see `output_key`."""
    place = _places(key, manifest)
    return {place(record): record for record in manifest.outputs}


def _places(key: str, manifest: Manifest) -> Callable[[OutputRecord], str]:
    inner = manifest_key(key_of("", manifest.obsid, manifest.stage, manifest.fingerprint))
    names = json.dumps(sorted([r.output, r.name, r.sha256] for r in manifest.outputs))
    folder = f"{key.rpartition('/')[0]}/{_sha256(names.encode())[:16]}"
    bundle, shared = f"{folder}/{BUNDLE}", key.removesuffix(inner)

    def place(record: OutputRecord) -> str:
        if record.shared:
            return f"{shared}{shared_key(record)}"
        return f"{folder if record.start is None else bundle}/{record.name}"

    return place


def shared_key(record: OutputRecord) -> str:
    """Return the key of a shared file, relative to the prefix."""
    return f"{SHARED}/{record.sha256}/{record.name}"


class Seen(set[str]):
    """Shared files that are known to be in a store, of the last minutes; one thread at a time puts new ones."""

    def __init__(self) -> None:
        super().__init__()
        self.adding = Lock()


@dataclass(frozen=True, slots=True)
class Ready:
    """Products that can be put, and the manifest that will stand beside them.

    Parameters
    ----------
    key : str
        Of the manifest.
    manifest : Manifest
        Complete.
    document : bytes
        The same as it will lie there.
    payload : tuple of (str, bytes or SpooledFile)
        Keys and contents.
    shared : frozenset of str
        Which of these others may have put before.
    """

    key: str
    manifest: Manifest
    document: bytes
    payload: tuple[tuple[str, bytes | SpooledFile], ...]
    shared: frozenset[str]

    @property
    def size(self) -> int:
        """Of what waits in memory [byte]."""
        return sum(len(content) for _, content in self.payload if isinstance(content, bytes))

    def put(self, store: ObjectStore, seen: Seen | None = None) -> Manifest:
        """Put the payload, then the manifest.

        Parameters
        ----------
        store : ObjectStore
        seen : Seen, optional
            Gets the shared files that then are there.

        Returns
        -------
        Manifest
            The one that is in the store: another writer's, if it was faster.
        """
        put_payloads([self], store, seen)
        return self.manifest if store.put(self.key, self.document) else read_manifest(store, self.key)


def put_payloads(products: Collection[Ready], store: ObjectStore, seen: Seen | None = None) -> None:
    """Put the payload of several products at the same time; their manifests may follow. See `Ready.put`."""
    known = Seen() if seen is None else seen
    with nullcontext() if all(one.shared <= known for one in products) else known.adding:
        contents = {key: content for one in products for key, content in one.payload if key not in one.shared & known}
        put_all(store, tuple(contents.items()))
        known.update(*(one.shared for one in products))


def ready(base: str, manifest: Manifest, outputs: Mapping[str, Sequence[File]], *, together: bool = False) -> Ready:
    """Return products as they are put.

    Parameters
    ----------
    base : str
        ``<prefix>/<obsid>/<stage>/<fingerprint>``.
    manifest : Manifest
        Complete but for its outputs.
    outputs : mapping of output name to files
    together : bool
        Whether to put several files into one object: all but figures, which pages show, what other products have the
        same of, and what is on disk.
    """
    files = [(name, file) for name, group in outputs.items() for file in group]
    if len({file.name for _, file in files}) < len(files):
        raise ValueError(f"Stage {manifest.stage} made two files of one name: {sorted(f.name for _, f in files)}.")
    alone = {f.name for _, f in files if f.shared or f.about.kind is Kind.FIGURE or isinstance(f, SpooledFile)}
    packed = [(file.name, file.data) for _, file in files if together and file.name not in alone]
    whole, starts = pack(packed) if len(packed) > 1 else (b"", [])
    begins = dict(zip((name for name, _ in packed), starts, strict=False))
    key = manifest_key(base)
    records = _RECORDS.validate_python([_record(name, file, begins.get(file.name)) for name, file in files])
    complete = manifest.model_copy(update={"outputs": records})
    document = seal(complete.model_dump_json(indent=1).encode())
    content: dict[str, bytes | SpooledFile] = {}
    places = output_keys(key, complete)
    for place, (_, file) in zip(places, files, strict=True):
        own = file if isinstance(file, SpooledFile) else file.data
        name = object_key(place)
        content[name] = own if name == place else whole
    shared = frozenset(place for place, one in places.items() if one.shared)
    complete = complete.model_copy(update={"seal": seal_of(document)})
    return Ready(key, complete, document, tuple(content.items()), shared)


def publish(store: ObjectStore, base: str, manifest: Manifest, outputs: Mapping[str, Sequence[File]]) -> Manifest:
    """Put outputs, then their manifest; see `ready` and `Ready.put`."""
    return ready(base, manifest, outputs).put(store)


def _record(output: str, file: File, start: int | None) -> dict[str, Any]:
    data, known = file.data, {"name": file.name, "about": file.about, "shared": file.shared}
    return {"output": output, "size": len(data), "sha256": _sha256(data), "start": start, **known}


def read_manifest(store: Reader, key: str) -> Manifest:
    """Return a manifest.

    Raises
    ------
    MissingObject
        If there is none.
    DataError
        If it can't be read as one, or any byte of it has changed.
    """
    data = store.get(key)
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        raise DamagedFile(
            f"{store.url(key)}: not a manifest of this version ({error.error_count()} problems); {repair(store, key)}"
        ) from None
    if not is_intact(data):
        raise DamagedFile(
            f"{store.url(key)}: the manifest's content does not fit its seal, it is damaged; {repair(store, key)}"
        )
    return manifest


def repair(store: Reader, key: str, what: str = "") -> str:
    """Say how to have made again what belongs to a manifest; of an observation, what repeats it is to go, too."""
    folder = "/".join([*key.split("/")[:-3], TOGETHER])
    of_all = f" and {store.url(folder)}" if key.count("/") > 2 else ""
    return f"remove {what}{store.url(key)}{of_all}, as rossi verify --remove does, to have its stage run again."


def find_manifest(store: Reader, key: str) -> Manifest | None:
    """Return a manifest, None if there is none."""
    try:
        return read_manifest(store, key)
    except MissingObject:
        return None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
