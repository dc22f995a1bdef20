"""Files of outputs, read from a store and compared with what the manifest says of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, MutableMapping

from rossi.errors import DamagedFile
from services.contract import File, Manifest, OutputRecord
from services.storage import MissingObject
from services.storage.base import Reader
from services.storage.bundle import object_key
from services.storage.publication import output_keys, read_manifest, repair


def fetch_outputs(store: Reader, key: str, output: str) -> tuple[File, ...]:
    """Return the files of one output, compared with the sha256 in the manifest.

    Parameters
    ----------
    store : Reader
    key : str
        Key of the manifest.
    output : str

    Raises
    ------
    DataError
        If an object is missing or its content is not what was put.
    """
    return read_outputs(store, key, read_manifest(store, key), output)


def read_outputs(
    store: Reader, key: str, manifest: Manifest, output: str, known: MutableMapping[str, bytes] | None = None
) -> tuple[File, ...]:
    """Return the files of one output as `fetch_outputs` does, with the manifest at hand; see `read_records`."""
    return read_records(store, key, output_keys(key, manifest), output, known)


def read_records(
    store: Reader,
    key: str,
    records: Mapping[str, OutputRecord],
    output: str,
    known: MutableMapping[str, bytes] | None = None,
) -> tuple[File, ...]:
    """Return the files of one output as `fetch_outputs` does, with what the manifest says of each at hand.

    Parameters
    ----------
    store : Reader
    key : str
        Of the manifest.
    records : mapping of str to OutputRecord
        By the files' keys.
    output : str
    known : mutable mapping of str to bytes, optional
        Shared files that were read before, by their keys; those that are read now are added.
    """
    shared = {} if known is None else known
    chosen = {place: record for place, record in records.items() if record.output == output}
    parts = _parts_of(store, {place: record for place, record in chosen.items() if record.start is not None})

    def content(place: str, record: OutputRecord) -> bytes:
        if not record.shared:
            data = parts[place] if place in parts else _read(store, place)
            return _verified(store, key, place, record, data)
        if place not in shared:
            shared[place] = _verified(store, key, place, record, _read(store, place))
        return shared[place]

    return tuple(File(r.name, content(place, r), about=r.about, shared=r.shared) for place, r in chosen.items())


def _read(store: Reader, place: str) -> bytes | None:
    try:
        return store.get(place)
    except MissingObject:
        return None


def _parts_of(store: Reader, records: Mapping[str, OutputRecord]) -> dict[str, bytes | None]:
    """Return files that lie in one object, which is read whole: not every server gives the part that is asked for."""
    if not records:
        return {}
    whole = _read(store, object_key(next(iter(records))))
    spans = {place: slice(record.start, (record.start or 0) + record.size) for place, record in records.items()}
    return {place: None if whole is None else whole[span] for place, span in spans.items()}


def _verified(store: Reader, manifest: str, place: str, record: OutputRecord, data: bytes | None) -> bytes:
    advice, where = repair(store, manifest, "it and "), store.url(object_key(place))
    if data is None:
        raise DamagedFile(f"{where}: the object is missing though its manifest names it; {advice}")
    found = hashlib.sha256(data).hexdigest()
    if found != record.sha256:
        what = "content" if record.start is None else f"content of {record.name} in it"
        raise DamagedFile(
            f"{where}: the {what} is damaged: {len(data)} bytes with sha256 {found[:12]}..., expected "
            f"{record.size} bytes with {record.sha256[:12]}...; {advice}"
        )
    return data
