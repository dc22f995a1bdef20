"""What ``rossi.open`` and ``rossi.reduce`` need of the services: archives behind URLs, and the stages in memory.

`rossi.front.door` imports it when it is needed, the only place where the science knows of the services.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rossi.archive import ObsID
from rossi.errors import ConfigError, DataError, NoGoodTime, RossiError
from rossi.front.made import Made
from rossi.optional import load
from rossi.remarks import Remark
from rossi.timing.observed import Beginnings
from services.contract import EngineName, FailureKind, Frozen, ObservationResult, Outcome, Stage, StageResult
from services.contract.configuration import validate
from services.execution.executor import execute
from services.execution.making import Memory
from services.execution.observation import NotInArchive, hint, list_observation
from services.execution.request import Shard, StageRequest
from services.execution.stages import STAGES, USUAL, chains_of, stage_configs
from services.execution.worker import run_stages
from services.storage import ArchiveSource, CacheConfig, open_archive
from services.storage.held import HeldArchive
from services.storage.memory import MemoryStore

#: Which setting of which stages a keyword of `rossi.reduce` is, where it is not that of its own name wherever it is.
KEYWORDS: dict[str, tuple[tuple[str, ...], str]] = {
    "bands": (("pca_extract",), "bands"),
    "hexte_bands": (("hexte_dead",), "bands"),
    "expression": (("pca_extract", "pca_fast"), "expression"),
    "hexte_expression": (("hexte_dead",), "expression"),
    "background": (("pca_prep",), "background"),
    "hexte_background": (("hexte_dead",), "background"),
    "systematic": (("pca_extract",), "systematic"),
    "hexte_systematic": (("hexte_dead",), "systematic"),
    "binsz": (("pca_extract",), "binsz"),
    "fast_bands": (("pca_fast",), "bands"),
    "fast_binsz": (("pca_fast",), "binsz"),
    "hexte_binsz": (("hexte_dead",), "binsz"),
    "hexte_data": (("hexte_back",), "data"),
}


def list_remote(obsid: ObsID, archive: str) -> tuple[dict[str, int], Callable[[str], bytes], Beginnings]:
    """Return the sizes of files by path, what fetches one, and what their beginnings, of an archive at a URL."""
    load("urllib3", "web", "Archives behind URLs")
    source = open_archive(archive, CacheConfig())
    folder = obsid.path
    listing = {file.path.removeprefix(folder): file for file in list_observation(source, obsid)}

    def fetch(path: str) -> bytes:
        (known,) = source.identify([listing[path]])
        return source.fetch_many([known])[0]

    def beginnings(paths: Sequence[str], size: int) -> Sequence[bytes]:
        return source.beginnings([listing[path] for path in paths], size)

    return {path: file.size for path, file in listing.items()}, fetch, beginnings


def absent(obsid: ObsID, archive: str) -> DataError:
    """Return the error of an observation that an archive does not have, which names those that are near."""
    return NotInArchive(f"{obsid.path} is not in the archive {archive}; {hint(open_archive(archive), obsid)}")


def stage_settings(
    instruments: Sequence[str], keywords: Mapping[str, Any], products: Sequence[str] = USUAL
) -> dict[str, Frozen]:
    """Return the configuration of each stage that keywords mean.

    Parameters
    ----------
    instruments : sequence of str
    keywords : mapping
        Of `rossi.reduce`, without those that were not given.
    products : sequence of str

    Raises
    ------
    ConfigError
        If a setting makes no sense.
    """
    chains = chains_of(instruments, products)
    found: dict[str, dict[str, Any]] = {name: {} for chain in chains.values() for name in chain}
    for keyword, value in keywords.items():
        stages, setting = KEYWORDS.get(keyword, (tuple(STAGES), keyword))
        for name in stages:
            if name in found and setting in STAGES[name].config.model_fields:
                found[name][setting] = value
    read = {name: validate(STAGES[name].config, given, f"rossi.reduce, {name}") for name, given in found.items()}
    return stage_configs(chains, products, read)


def reduce(
    obsid: ObsID,
    archive: str,
    instruments: Sequence[str],
    products: Sequence[str],
    settings: Mapping[str, Any],
    calibration: Mapping[str, Any],
    on_stage: Callable[[str, int, int], None],
) -> tuple[dict[str, Made], tuple[Remark, ...]]:
    """Run the stages of an observation, and keep what they make in memory.

    Parameters
    ----------
    obsid : ObsID
    archive : str
    instruments : sequence of str
    products : sequence of str
        What is made of them.
    settings : mapping
        Keywords of `rossi.reduce`.
    calibration : mapping
    on_stage : callable
        Told each stage that begins, its number and how many there are.

    Returns
    -------
    dict of str to Made
        By instrument; ``fast`` for the PCA's fast data.
    tuple of Remark

    Raises
    ------
    ConfigError, DataError, NoGoodTime
        If nothing could be reduced.
    """
    asked = {
        "number": 0,
        "obsids": (obsid.text,),
        "stages": stage_settings(instruments, settings, products),
        "engine": settings.get("engine", EngineName.NATIVE),
        "archive": archive,
        "calibration": calibration,
        "store": "memory:",
    }
    shard = validate(Shard, asked, "rossi.reduce")
    work = _Work(HeldArchive(open_archive(shard.archive, shard.cache)), len(shard.stages), on_stage)
    with _unlogged():
        result = ObservationResult.of(obsid.text, run_stages(obsid.text, shard, work.run))
    made = {name: work.made(chain, result) for name, chain in chains_of(instruments, products).items()}
    if all(one.why_not for one in made.values()):
        raise _error(result)
    caveats = [Remark("not_reduced", one.why_not) for one in made.values() if one.why_not]
    caveats += [Remark(caveat.code, caveat.message) for stage in result.stages for caveat in stage.caveats]
    return made, tuple(dict.fromkeys(caveats))


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep failures, which are raised or become caveats, out of the log, which a session shows; bugs stay in it."""
    log = logging.getLogger(execute.__module__)

    def is_told(record: logging.LogRecord) -> bool:
        return record.levelno != logging.WARNING

    log.addFilter(is_told)
    try:
        yield
    finally:
        log.removeFilter(is_told)


@dataclass
class _Work:
    """The stages of one observation, and what they made."""

    archive: ArchiveSource
    number: int
    on_stage: Callable[[str, int, int], None]
    store: MemoryStore = field(default_factory=MemoryStore)
    memory: Memory = field(default_factory=Memory)
    begun: int = 0

    def run(self, stage: Stage[Any], request: StageRequest[Any]) -> StageResult:
        """Run one stage."""
        self.begun += 1
        self.on_stage(stage.name, self.begun, self.number)
        result = execute(stage, request, archive=self.archive, store=self.store, memory=self.memory)
        if result.kind is FailureKind.CONFIG:
            raise ConfigError(result.message)
        return result

    def made(self, chain: Sequence[str], result: ObservationResult) -> Made:
        """Return what the stages of an instrument made."""
        ended = [stage for stage in result.stages if stage.stage in chain]
        files = [self.memory[stage.manifest].files or {} for stage in ended if stage.outcome is Outcome.SUCCEEDED]
        filter_file = next((file for made in files for file in made.get("filter_file", ())), None)
        if len(files) < len(chain):
            return Made((), filter_file, ended[-1].message)
        return Made(tuple(file for some in files[-1].values() for file in some), filter_file)


def _error(result: ObservationResult) -> RossiError:
    """Return the error that it is that nothing could be reduced."""
    kinds = {stage.kind for stage in result.stages if stage.outcome is Outcome.FAILED}
    if FailureKind.RETRYABLE in kinds:
        return RossiError(result.message)
    return DataError(result.message) if kinds else NoGoodTime(result.message)
