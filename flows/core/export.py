"""Copying products out of a store into a folder for people."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from flows.core.result import CampaignResult
from rossi.errors import ConfigError, DataError, shortened_name
from rossi.fits.reader import content
from rossi.product import Kind
from services.contract import File, ObservationResult
from services.storage import ObjectStore
from services.storage.base import key_of
from services.storage.outputs import read_outputs
from services.storage.publication import read_manifest
from services.storage.release_documents import Source
from services.storage.releases import stages_of

#: Folder of an exported campaign that holds the observations' own products, and that of its sources.
PRODUCTS, SOURCES = "products", "sources"
_INDEX = "index.html"
#: Outputs that are of use in a store alone.
INNER = frozenset({"entry", "front"})
#: Outputs that nobody looks for by themselves: what a page loads.
UNLISTED = INNER | {"part"}
#: Requests at a time.
_THREADS = 16


def read_file(path: Path) -> bytes:
    """Read a file that the user named.

    Raises
    ------
    DataError
    """
    try:
        return content(path)
    except OSError as error:
        raise DataError(f"{path}: the file can't be read ({error.strerror}).") from None


def check_folder(folder: Path, option: str = "--out") -> None:
    """Refuse a folder that could not be written to, before there is anything to write; nothing is left in it.

    Parameters
    ----------
    folder : Path
        May be still to be made.
    option : str
        What names it.

    Raises
    ------
    ConfigError
    """
    whole = folder.absolute()
    there = next(place for place in (whole, *whole.parents) if os.path.lexists(place))
    if not there.is_dir():
        which = "is" if there == whole else f"can't be made: {there} is"
        raise ConfigError(f"{shortened_name(folder)} {which} no folder; name another one with {option}.")
    try:
        whole.is_dir()  # of a name that is too long, this is an error
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise _not_writable(folder, error, option) from None


def _not_writable(path: Path, error: OSError, option: str) -> ConfigError:
    return ConfigError(
        f"{shortened_name(path)} can't be written ({error.strerror}); name another folder with {option}."
    )


def write_files(folder: Path, files: Iterable[File], option: str = "--out") -> list[Path]:
    """Write files into a folder, which is made, each as a whole; older ones of the same name are replaced.

    Raises
    ------
    ConfigError
        If the folder can't be written to.
    """
    written = []
    for file in files:
        path = folder / file.name
        part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(file.data)
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise ConfigError(
                f"{path} can't be written ({error.strerror}); name another folder with {option}."
            ) from None
        written.append(path)
    return written


def export_set(store: ObjectStore, key: str, folder: Path, option: str = "--out") -> list[Path]:
    """Copy all that one manifest names, verified, into a folder."""
    return write_files(folder, _files(store, key), option)


def export_observations(store: ObjectStore, results: Iterable[ObservationResult], folder: Path) -> list[Path]:
    """Copy the products of the last stage of each chain into ``<folder>/<obsid>/``."""
    done = [(result.obsid, end.manifest) for result in results for end in result.ends if end.manifest]
    return [path for obsid, manifest in done for path in export_set(store, manifest, folder / obsid)]


def export_campaign(store: ObjectStore, campaign: CampaignResult, folder: Path) -> list[Path]:
    """Copy the merged products into a folder, and those of the observations into ``products/`` below it.

    Of several sources each has its folder, ``sources/<slug>/``, and the front page is at the top. Links, which lead
    from place to place within the store, are made to lead to the copies.
    """
    front = campaign.front if not campaign.some else None  # which would lead to sources that are not copied
    written = export_front(store, front.manifest, folder) if front is not None else []
    index = f"../../{_INDEX}" if written else ""
    for one in campaign.merges:
        if one.merge.manifest:
            place, up = (folder / SOURCES / one.slug, "../../") if one.slug else (folder, "")
            written += write_files(place, _merged_files(store, one.merge.manifest, up, index))
    return written + export_observations(store, campaign.results, folder / PRODUCTS)


def export_source(
    store: ObjectStore, prefix: str, source: Source, folder: Path, top: Path, up: str = "", *, front: bool = False
) -> list[Path]:
    """Copy what a release names of a source, as `export_campaign` does.

    Parameters
    ----------
    store : ObjectStore
    prefix : str
    source : Source
    folder : Path
    top : Path
        `folder` is below it.
    up : str
        What leads from `folder` to `top`.
    front : bool
        Whether there is a front page in `top`.

    Raises
    ------
    DataError
        If something is missing or damaged.
    """
    index = f"{up}{_INDEX}" if front else ""
    written = write_files(folder, _merged_files(store, key_of(prefix, source.merge), up, index))
    keys = stages_of(store, prefix, source)
    with ThreadPoolExecutor(_THREADS) as threads:
        manifests = dict(zip(keys, threads.map(lambda key: read_manifest(store, key), keys), strict=True))
    went_on = {record.identity for manifest in manifests.values() for record in manifest.inputs}
    for key, manifest in manifests.items():
        if manifest.fingerprint not in went_on:  # the last one of its chain
            written += export_set(store, key, top / PRODUCTS / manifest.obsid)
    return written


def _merged_files(store: ObjectStore, key: str, up: str = "", index: str = "") -> Iterator[File]:
    for file in _files(store, key):
        yield replace(file, data=_relinked(file.data, up, index)) if file.about.kind is Kind.PAGE else file


def export_front(store: ObjectStore, key: str, folder: Path) -> list[Path]:
    """Copy a front page and its tables; the page leads to ``sources/<slug>/`` beside it."""
    from services.merge.front_stage import published
    from services.merge.stage import REPORT

    if not key:
        return []
    page = published(store, key).page(lambda entry: f"{SOURCES}/{entry.slug}/{REPORT}")
    files = (replace(file, data=page) if file.about.kind is Kind.PAGE else file for file in _files(store, key))
    return write_files(folder, files)


def _files(store: ObjectStore, key: str) -> Iterator[File]:
    """All files that a manifest names and people look for, one output in memory at a time."""
    manifest = read_manifest(store, key)
    for output in dict.fromkeys(record.output for record in manifest.outputs):
        if output not in INNER:
            yield from read_outputs(store, key, manifest, output)


def _relinked(page: bytes, up: str, index: str) -> bytes:
    from services.merge.report import ROOT, linked_back

    # A key is <obsid>/<stage>/<fingerprint>/<content>/<file>.
    link = rf'href="{re.escape(ROOT)}([^/"]+)/[^"]*?([^/"]+)"'
    moved = re.sub(link.encode(), rb'href="%s/\1/\2"' % f"{up}{PRODUCTS}".encode(), page)
    return linked_back(moved, index) if index else moved
