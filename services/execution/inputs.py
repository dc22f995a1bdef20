"""Finding the files of a stage's declared inputs, without reading them yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rossi.archive import ObsID, parse_data_file
from rossi.calibration_roles import DATA_SETS, Role
from rossi.errors import ConfigError, DataError, MissingInput, NoGoodTime
from rossi.met import met_to_mjd
from rossi.spooled import SpooledFile
from services.calibration.find import CalibrationFile, find_calibration
from services.contract import (
    ARCHIVE,
    CALIBRATION,
    Caveat,
    File,
    Input,
    InputRecord,
    Inputs,
    Manifest,
    Outcome,
    OutputRecord,
)
from services.contract.stage import any_of
from services.execution.making import Memory
from services.execution.narrowing import Kept, narrow
from services.execution.observation import folder_of, in_parts, list_observation, one_of_each
from services.execution.request import StageRequest
from services.storage import ArchiveFile, ArchiveSource, MissingObject, ObjectStore
from services.storage.outputs import read_outputs
from services.storage.publication import read_manifest


@dataclass(frozen=True, slots=True)
class Sources:
    """Where inputs come from.

    Parameters
    ----------
    archive : ArchiveSource or None
        None for stages that read from other stages only.
    store : ObjectStore
    memory : Memory
        What need not be fetched from the store.
    """

    archive: ArchiveSource | None
    store: ObjectStore
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The inputs of one run, chosen and identified but not read.

    Parameters
    ----------
    inputs : tuple of Input
        What the stage declares, as far as the configuration needs it.
    records : tuple of InputRecord
    upstream : mapping
        Stage name to key and content of its manifest.
    calibration : mapping
        Input name to files, in memory already.
    caveats : tuple of Caveat
        What was found twice, or can't be used.
    left_out : frozenset of str
        Files of the observation that an input may be, and that this configuration does not need.
    """

    inputs: tuple[Input, ...]
    records: tuple[InputRecord, ...]
    upstream: Mapping[str, tuple[str, Manifest]]
    calibration: Mapping[str, tuple[File, ...]]
    caveats: tuple[Caveat, ...] = ()
    left_out: frozenset[str] = frozenset()


def choose(inputs: Sequence[Input], request: StageRequest[Any], sources: Sources) -> Chosen:
    """Choose the files of every declared input.

    Raises
    ------
    ConfigError
        If a calibration file is missing.
    DataError
        If there are too few or too many.
    NoGoodTime
        If a stage whose outputs are needed had no work.
    """
    from_stages = dict.fromkeys(i.source for i in inputs if i.source not in (ARCHIVE, CALIBRATION))
    upstream = {name: _manifest(name, request, sources) for name in from_stages}
    from_archive = _from_archive(inputs, request, sources)
    paths = [*from_archive.paths, *(r.path for _, m in upstream.values() for r in m.inputs)]
    calibration, caveats = _from_calibration(inputs, request, paths)
    files: dict[str, tuple[File, ...]] = {}
    records: list[InputRecord] = []
    for declared in inputs:
        if declared.source == CALIBRATION:
            found = calibration[declared]
            files[declared.name] = tuple(File(f.name, f.data, f.extensions) for f in found)
            records += [_calibration_record(declared.name, f) for f in found]
        elif declared.source == ARCHIVE:
            records += from_archive.records[declared]
        else:
            key, manifest = upstream[declared.source]
            outputs = [r for r in manifest.outputs if r.output == declared.name]
            _check_count(declared, [r.name for r in outputs], key)
            records += [_stage_record(declared, manifest, r) for r in outputs]
    unused = from_archive.left_out - {record.path for record in records}
    return Chosen(tuple(inputs), tuple(records), upstream, files, (*from_archive.caveats, *caveats), unused)


def first_records(inputs: Sequence[Input], request: StageRequest[Any], sources: Sources) -> list[InputRecord]:
    """Return the files of the archive and of calibration among a stage's inputs, before any other stage is looked at.

    Raises
    ------
    ConfigError, DataError
        See `choose`.
    """
    found = _from_archive(inputs, request, sources)
    listing = list_observation(_archive(sources), ObsID(request.obsid))
    calibration, _ = _from_calibration(inputs, request, [file.path for file in listing])
    of_calibration = (_calibration_record(declared.name, f) for declared, files in calibration.items() for f in files)
    return [*(record for records in found.records.values() for record in records), *of_calibration]


@dataclass(frozen=True, slots=True)
class _FromArchive:
    """What is read of the archive: by input, of all files of the observation."""

    records: Mapping[Input, Sequence[InputRecord]]
    paths: Sequence[str] = ()
    caveats: tuple[Caveat, ...] = ()
    left_out: frozenset[str] = frozenset()


def _from_archive(inputs: Sequence[Input], request: StageRequest[Any], sources: Sources) -> _FromArchive:
    """Choose files of the archive, once for each stage."""
    chosen: dict[str, _FromArchive] = sources.memory.chosen
    if request.stage not in chosen:
        chosen[request.stage] = _choose_from_archive(inputs, request, sources)
    return chosen[request.stage]


def _choose_from_archive(inputs: Sequence[Input], request: StageRequest[Any], sources: Sources) -> _FromArchive:
    mine = [declared for declared in inputs if declared.source == ARCHIVE]
    if not mine:
        return _FromArchive({})
    obsid, archive = ObsID(request.obsid), _archive(sources)
    folder = folder_of(request.obsid)
    listing = list_observation(archive, obsid)
    named, start = any_of(mine).fullmatch, len(folder)  # of hundreds of files a stage reads a few
    ours, caveats = one_of_each([file for file in listing if named(file.path, start)], archive)
    kept: dict[Input, Kept] = {}
    for declared in mine:
        fits = declared.regex.fullmatch
        found = [file for file in ours if fits(file.path, start)]
        kept[declared] = narrow(declared, request.config, found, listing, folder, archive)
        caveats = (*caveats, *kept[declared].caveats)
        _check_count(declared, [file.path for file in kept[declared].files], folder)
    files = {file.path: file for one in kept.values() for file in one.files}
    known = {file.path: file for file in archive.identify(tuple(files.values()))}
    records = {
        declared: [_archive_record(declared.name, known[file.path], folder) for file in one.files]
        for declared, one in kept.items()
    }
    left_out = frozenset(file.path.removeprefix(folder) for one in kept.values() for file in one.left_out)
    return _FromArchive(records, [file.path for file in listing], caveats, left_out)


def _from_calibration(
    inputs: Sequence[Input], request: StageRequest[Any], paths: Iterable[str]
) -> tuple[dict[Input, tuple[CalibrationFile, ...]], tuple[Caveat, ...]]:
    mine = [declared for declared in inputs if declared.source == CALIBRATION]
    if not mine:
        return {}, ()
    roles = {declared: Role(declared.name) for declared in mine}
    found = find_calibration(request.calibration, _start(paths), roles.values())
    files = {declared: found.get(role, ()) for declared, role in roles.items()}
    caveats = [caveat for one, role in roles.items() for caveat in _without(role, request, files[one])]
    return files, tuple(caveats)


def read(declared_inputs: Sequence[Input], request: StageRequest[Any], chosen: Chosen, sources: Sources) -> Inputs:
    """Read what `choose` chose; archive files are named by their path in the observation directory.

    Raises
    ------
    DataError
        If a file can't be read or its content is not what was put.
    """
    folder = folder_of(request.obsid)
    inputs: dict[str, tuple[File, ...]] = dict(chosen.calibration)
    fetched = _fetch(declared_inputs, folder, chosen, sources)
    for declared in declared_inputs:
        if declared.source == CALIBRATION:
            continue
        if declared.source == ARCHIVE:
            paths = [r.path for r in chosen.records if r.input == declared.name]
            inputs[declared.name] = tuple(fetched[path] for path in paths)
        else:
            key, manifest = chosen.upstream[declared.source]
            made = sources.memory.get(key)
            if made is None or made.files is None:
                inputs[declared.name] = read_outputs(sources.store, key, manifest, declared.name)
            else:
                inputs[declared.name] = made.files.get(declared.name, ())
    return inputs


def _fetch(inputs: Sequence[Input], folder: str, chosen: Chosen, sources: Sources) -> dict[str, File]:
    """Fetch the archive's files of all inputs, each once: those for memory together, those for disk a few at a time."""
    fetched: dict[str, File] = {}
    on_disk = {declared.name for declared in inputs if declared.source == ARCHIVE and declared.on_disk}
    in_memory = {declared.name for declared in inputs if declared.source == ARCHIVE} - on_disk
    for names, kind in ((in_memory, File), (on_disk, SpooledFile)):
        files = archive_files(folder, chosen.records, names)
        for some in [files] if kind is File else in_parts(files):
            for file, data in zip(some, _archive(sources).fetch_many(some), strict=True) if some else ():
                path = file.path.removeprefix(folder)
                fetched[path] = kind(path, data)
    return fetched


def archive_files(folder: str, records: Iterable[InputRecord], names: Collection[str]) -> list[ArchiveFile]:
    """Return the files in an observation's folder that are among some inputs, each once."""
    paths = {record.path: record for record in records if record.input in names}
    return [ArchiveFile(folder + record.path, record.size, record.identity) for record in paths.values()]


def _archive(sources: Sources) -> ArchiveSource:
    if sources.archive is None:
        raise ConfigError("The request names no archive; set archive to the directory that holds AO1, AO2, ...")
    return sources.archive


def _archive_record(name: str, file: ArchiveFile, folder: str) -> InputRecord:
    return InputRecord(input=name, path=file.path.removeprefix(folder), size=file.size, identity=file.identity)


def _start(paths: Iterable[str]) -> float:
    """Return when an observation starts [MJD], by its science files or those that an earlier stage has read."""
    names = [parse_data_file(path.rpartition("/")[2]) for path in paths if "/FS" in path]
    starts = [name.start for name in names if name is not None and name.kind == "S"]
    return float(met_to_mjd(min(starts, default=0)))


def _without(role: Role, request: StageRequest[Any], found: Sequence[CalibrationFile]) -> tuple[Caveat, ...]:
    """Return what to say where there is no calibration and none was said to be wanted."""
    code, message = DATA_SETS[role].without
    if found or not code or request.calibration.given(role):
        return ()
    return (Caveat(code=code, message=message),)


def _calibration_record(name: str, file: CalibrationFile) -> InputRecord:
    hdus = "".join(f",{hdu}" for hdu in file.extensions)
    return InputRecord(input=name, path=file.name, size=len(file.data), identity=file.sha256 + hdus)


def _stage_record(declared: Input, manifest: Manifest, output: OutputRecord) -> InputRecord:
    """Identify a stage's output by what it was made from: its content also says when it was made."""
    path = f"{declared.source}/{output.name}"
    return InputRecord(input=declared.name, path=path, size=output.size, identity=manifest.fingerprint)


def _manifest(stage: str, request: StageRequest[Any], sources: Sources) -> tuple[str, Manifest]:
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
        raise MissingInput(f"{url}: there is no manifest of stage {stage}; run that stage first.") from None
    if manifest.outcome is Outcome.NO_WORK:
        raise NoGoodTime(manifest.caveats[-1].message)
    return key, manifest


def _check_count(declared: Input, found: Sequence[str], where: str) -> None:
    if len(found) < declared.at_least:
        reason = declared.missing.rstrip(".") or f"input {declared.name} ({declared.meaning}) is missing"
        counts = f" ({len(found)} found, {declared.at_least} needed)" if declared.at_least > 1 else ""
        raise MissingInput(f"{where}: {reason}{counts}.")
    if len(found) > declared.at_most:
        raise DataError(
            f"{where}: {len(found)} files for input {declared.name} ({declared.meaning}), at most {declared.at_most} "
            f"expected: {', '.join(found[:5])}."
        )
