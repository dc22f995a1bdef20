"""Finding the files of a stage's declared inputs, without reading them yet."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from rossi.archive import ObsID
from rossi.errors import ConfigError, DataError, NoGoodTime
from services.contract import (
    ARCHIVE,
    File,
    Input,
    InputRecord,
    Inputs,
    Manifest,
    Outcome,
    OutputRecord,
    Stage,
    StageRequest,
)
from services.publication import read_manifest, read_outputs
from services.storage import ArchiveFile, ArchiveSource, MissingObject, ObjectStore


@dataclass(frozen=True, slots=True)
class Made:
    """What this process made: its manifest and the files of each output."""

    manifest: Manifest
    files: Mapping[str, tuple[File, ...]]


#: What this process made last, by the key of its manifest.
Memory = MutableMapping[str, Made]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where inputs come from.

    Parameters
    ----------
    archive : ArchiveSource or None
        None for stages that read from other stages only.
    store : ObjectStore
    memory : mapping
        What need not be fetched from the store.
    """

    archive: ArchiveSource | None
    store: ObjectStore
    memory: Memory


@dataclass(frozen=True, slots=True)
class Chosen:
    """The inputs of one run, chosen and identified but not read.

    Parameters
    ----------
    records : tuple of InputRecord
    upstream : mapping
        Stage name to key and content of its manifest.
    """

    records: tuple[InputRecord, ...]
    upstream: Mapping[str, tuple[str, Manifest]]


def choose(stage: Stage[Any], request: StageRequest, sources: Sources) -> Chosen:
    """Choose the files of every declared input.

    Raises
    ------
    DataError
        If there are too few or too many.
    NoGoodTime
        If a stage whose outputs are needed had no work.
    """
    from_stages = dict.fromkeys(i.source for i in stage.inputs if i.source != ARCHIVE)
    upstream = {name: _manifest(name, request, sources) for name in from_stages}
    folder = ObsID(request.obsid).path
    listing = _listing(folder, _archive(sources)) if any(i.source == ARCHIVE for i in stage.inputs) else []
    records: list[InputRecord] = []
    for declared in stage.inputs:
        if declared.source == ARCHIVE:
            found = [f for f in listing if re.fullmatch(declared.pattern, f.path.removeprefix(folder))]
            _check_count(declared, [f.path for f in found], folder)
            records += [_archive_record(declared.name, file, folder, _archive(sources)) for file in found]
        else:
            key, manifest = upstream[declared.source]
            outputs = [r for r in manifest.outputs if r.output == declared.name]
            _check_count(declared, [r.name for r in outputs], key)
            records += [_stage_record(declared, r) for r in outputs]
    return Chosen(tuple(records), upstream)


def read(stage: Stage[Any], request: StageRequest, chosen: Chosen, sources: Sources) -> Inputs:
    """Read what `choose` chose; archive files are named by their path in the observation directory.

    Raises
    ------
    DataError
        If a file can't be read or its content is not what was put.
    """
    folder = ObsID(request.obsid).path
    inputs: dict[str, tuple[File, ...]] = {}
    for declared in stage.inputs:
        if declared.source == ARCHIVE:
            paths = [r.path for r in chosen.records if r.input == declared.name]
            inputs[declared.name] = tuple(File(p, _archive(sources).fetch(folder + p)) for p in paths)
        else:
            key, manifest = chosen.upstream[declared.source]
            made = sources.memory.get(key)
            inputs[declared.name] = (
                made.files.get(declared.name, ()) if made else read_outputs(sources.store, key, manifest, declared.name)
            )
    return inputs


def _archive(sources: Sources) -> ArchiveSource:
    if sources.archive is None:
        raise ConfigError("The request names no archive; set archive to the directory that holds AO1, AO2, ...")
    return sources.archive


def _listing(folder: str, archive: ArchiveSource) -> list[ArchiveFile]:
    listing = archive.list(folder)
    if not listing:
        raise DataError(f"{folder} is not in the archive; check the ObsID, or fetch the observation.")
    return listing


def _archive_record(name: str, file: ArchiveFile, folder: str, archive: ArchiveSource) -> InputRecord:
    identity = archive.identity(file.path)
    return InputRecord(input=name, path=file.path.removeprefix(folder), size=file.size, identity=identity)


def _stage_record(declared: Input, output: OutputRecord) -> InputRecord:
    path = f"{declared.source}/{output.name}"
    return InputRecord(input=declared.name, path=path, size=output.size, identity=output.sha256)


def _manifest(stage: str, request: StageRequest, sources: Sources) -> tuple[str, Manifest]:
    key = request.upstream.get(stage)
    if key is None:
        raise ConfigError(
            f"Stage {request.stage} reads from stage {stage}; name the manifest's key in upstream.{stage}."
        )
    made = sources.memory.get(key)
    try:
        manifest = made.manifest if made else read_manifest(sources.store, key)
    except MissingObject:
        url = sources.store.url(key)
        raise DataError(f"{url}: there is no manifest of stage {stage}; run that stage first.") from None
    if manifest.outcome is Outcome.NO_WORK:
        raise NoGoodTime(manifest.caveats[-1].message)
    return key, manifest


def _check_count(declared: Input, found: Sequence[str], where: str) -> None:
    if len(found) < declared.at_least:
        reason = declared.missing.rstrip(".") or f"input {declared.name} ({declared.meaning}) is missing"
        counts = f" ({len(found)} found, {declared.at_least} needed)" if declared.at_least > 1 else ""
        raise DataError(f"{where}: {reason}{counts}.")
    if len(found) > declared.at_most:
        raise DataError(
            f"{where}: {len(found)} files for input {declared.name} ({declared.meaning}), at most {declared.at_most} "
            f"expected: {', '.join(found[:5])}."
        )
