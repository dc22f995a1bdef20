"""Finding, making and publishing what a stage makes: written once, whatever carries the stage out.

How products are kept so that nothing is done twice and nothing half-done is ever read is told in
`services.storage.publication`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rossi.errors import DataError
from services.contract import (
    Caveat,
    EngineName,
    File,
    Frozen,
    InputRecord,
    Manifest,
    Outcome,
    Outputs,
    Stage,
    StageResult,
)
from services.storage import ObjectStore
from services.storage.base import key_of
from services.storage.publication import Ready, Seen, find_manifest, fingerprint, manifest_key, new_manifest, ready

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Made:
    """What this process made or found: its manifest; if it made it, the files of each output, and what it put."""

    manifest: Manifest
    files: Mapping[str, tuple[File, ...]] | None = None
    put: bytes = field(default=b"", repr=False)

    @property
    def document(self) -> bytes:
        """The manifest as JSON: as it was put where this process made it."""
        return self.put or self.manifest.model_dump_json().encode()


class Memory(dict[str, Made]):
    """What this process made or found of an observation, by the key of its manifest.

    Parameters
    ----------
    behind : bool
        Whether what is made is put later: it waits in `waiting`.
    """

    def __init__(self, *, behind: bool = False) -> None:
        super().__init__()
        #: Products to be put, by the name of the stage that made them.
        self.waiting: dict[str, Ready] = {}
        self.behind = behind
        #: What was chosen of the archive, by the name of the stage that will read it.
        self.chosen: dict[str, Any] = {}
        #: What the stages that go on from no other would do, and their inputs, by their names.
        self.first: dict[str, tuple[Work, Any]] = {}
        #: Keys of all manifests that the store has of the observation, None if that is not known.
        self.there: frozenset[str] | None = None
        #: Key of the object that repeats all of these manifests; empty if it is not known to be there.
        self.together = ""

    def find(self, store: ObjectStore, key: str) -> Manifest | None:
        """Return a manifest, None if there is none; only asks where it is not known."""
        if key not in self and (self.there is None or key in self.there):
            found = find_manifest(store, key)
            if found is not None:
                self[key] = Made(found)
        return self[key].manifest if key in self else None

    def forget_files(self) -> None:
        """Keep manifests alone."""
        self.update({key: Made(made.manifest, put=made.put) for key, made in self.items()})


@dataclass(frozen=True, slots=True)
class Work:
    """What a stage would do: everything that its fingerprint says.

    Parameters
    ----------
    stage : Stage
    config : Frozen
    records : tuple of InputRecord
    prefix : str
        Run prefix within the store.
    obsid : str
        Empty for stages of several observations.
    engine : EngineName or None
        Who computes.
    versions : mapping of str to str
        Of what the engine computes with.
    source : str
        Slug of the source that it is about, empty where it is not about one.
    settings : dict
        The configuration, JSON-compatible.
    fingerprint : str
        Key of the result.
    base : str
        Where the products are, or will be.
    key : str
        Of the products' manifest.
    """

    stage: Stage[Any]
    config: Frozen
    records: Sequence[InputRecord]
    prefix: str = ""
    obsid: str = ""
    engine: EngineName | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    settings: dict[str, Any] = field(init=False)
    fingerprint: str = field(init=False)
    base: str = field(init=False)
    key: str = field(init=False)

    def __post_init__(self) -> None:
        settings, engine = self.config.model_dump(mode="json"), {"name": self.engine, **self.versions}
        digest = fingerprint(self.stage.name, self.stage.version, settings, self.records, engine)
        object.__setattr__(self, "settings", settings)
        object.__setattr__(self, "fingerprint", digest)
        object.__setattr__(self, "base", f"{self.folder}/{digest}")
        object.__setattr__(self, "key", manifest_key(self.base))

    @property
    def folder(self) -> str:
        """Of all that the stage made of this."""
        return stage_folder(self.prefix, self.obsid, self.stage.name)


def stage_folder(prefix: str, obsid: str, stage: str) -> str:
    """Return the folder of all that a stage made, of an observation or of several together."""
    return key_of(prefix, obsid, stage)


def carry_out(
    work: Work, store: ObjectStore, make: Callable[[], Outputs], memory: Memory | None = None, *, together: bool = False
) -> StageResult:
    """Make and publish what a stage makes, unless it is in the store already.

    Parameters
    ----------
    work : Work
    store : ObjectStore
    make : callable
        Called if it is not there.
    memory : Memory, optional
        What is known of the observation; gets what was made or found.
    together : bool
        Whether several files go into one object; see `services.storage.publication.ready`.

    Raises
    ------
    RossiError
        What `make` raises; `DataError` where it left out something that the stage declares.
    """
    memory = Memory() if memory is None else memory
    if (there := memory.find(store, work.key)) is not None:
        return result_of(there, work.key, reused=True)
    start = time.perf_counter()
    outputs = make()
    if outputs.outcome is Outcome.SUCCEEDED:
        check_outputs(work.stage, outputs)
    seconds = time.perf_counter() - start
    known = (work.stage.name, work.obsid, work.fingerprint, work.settings, work.records)
    mine = new_manifest(*known, outputs, seconds, work.engine, work.versions, work.source)
    products = ready(work.base, mine, outputs.files, together=together)
    manifest = products.manifest
    if memory.behind:
        memory.waiting[work.stage.name] = products
    else:
        manifest = put(products, store)
    if manifest is products.manifest:
        memory[work.key] = Made(manifest, outputs.files, products.document)
    return result_of(manifest, work.key, reused=False)


def put(products: Ready, store: ObjectStore, seen: Seen | None = None) -> Manifest:
    """Put products, see `Ready.put`; returns their own manifest, or another writer's, if it was faster.

    Raises
    ------
    RossiError
    """
    mine = products.manifest
    manifest = products.put(store, seen)
    if manifest.seal == mine.seal:
        return mine
    about = mine.obsid or mine.source or "all"
    _log.warning("%s %s: another process has made the same meanwhile; its products stay.", about, mine.stage)
    return manifest


def check_outputs(stage: Stage[Any], outputs: Outputs) -> None:
    """Compare what was made with what the stage declares.

    Raises
    ------
    DataError
        If a file is missing, or empty.
    ValueError
        If there is an output that is not declared: a mistake in the stage.
    """
    if unknown := outputs.files.keys() - {output.name for output in stage.outputs}:
        raise ValueError(f"Stage {stage.name} made outputs that it does not declare: {', '.join(sorted(unknown))}.")
    for declared in stage.outputs:
        files = outputs.files.get(declared.name, ())
        if len(files) < declared.at_least:
            raise DataError(
                f"Stage {stage.name} made {len(files)} files of output {declared.name} ({declared.meaning}), "
                f"{declared.at_least} expected."
            )
        if empty := [file.name for file in files if not file.data]:
            raise DataError(f"Stage {stage.name} left {empty[0]} empty (output {declared.name}: {declared.meaning}).")


def result_of(manifest: Manifest, key: str, *, reused: bool) -> StageResult:
    """Return the result that a published manifest means."""
    why = manifest.caveats[-1] if manifest.outcome is Outcome.NO_WORK else Caveat(code="", message="")
    return StageResult(
        stage=manifest.stage,
        obsid=manifest.obsid,
        outcome=manifest.outcome,
        manifest=key,
        fingerprint=manifest.fingerprint,
        reused=reused,
        code=why.code,
        message=why.message,
        caveats=manifest.caveats,
        summary=manifest.summary,
        seconds=manifest.seconds,
        source=manifest.source,
    )
