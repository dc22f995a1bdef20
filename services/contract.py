"""What every stage, engine and executor agrees on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Config = TypeVar("Config", bound=BaseModel)

#: Version of the manifest's layout; part of the fingerprint, so that manifests of other layouts lie elsewhere.
MANIFEST_VERSION = 2
ARCHIVE = "archive"
CALIBRATION = "calibration"


class Frozen(BaseModel):
    """Base of everything that is read from or written to JSON or TOML."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Outcome(StrEnum):
    """How a stage, or an observation, ended."""

    SUCCEEDED = "succeeded"
    NO_WORK = "no_work"
    FAILED = "failed"


class FailureKind(StrEnum):
    """What a failure means to whoever schedules."""

    DATA = "data_error"
    CONFIG = "config_error"
    RETRYABLE = "retryable"


class ExitCode(IntEnum):
    """Exit codes of a stage run as a process."""

    OK = 0
    RETRYABLE = 1
    DATA_ERROR = 20
    CONFIG_ERROR = 21


#: Code of the caveat on what is left of an observation that the archive does not have any more.
VANISHED = "vanished"


class Caveat(Frozen):
    """Something the user of a product should know.

    Parameters
    ----------
    code : str
        Short, stable, for machines: ``no_good_time``, ``housekeeping_short`` ...
    message : str
        One sentence.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class File:
    """A named file in memory.

    Parameters
    ----------
    name : str
    data : bytes
    hdus : tuple of int
        Which HDUs of a calibration file count; empty for all.
    """

    name: str
    data: bytes
    hdus: tuple[int, ...] = ()


#: What a stage is given: the files of each declared input.
Inputs = Mapping[str, tuple[File, ...]]


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a stage made.

    Parameters
    ----------
    files : mapping of output name to files
    caveats : tuple of Caveat
    summary : mapping
        A few plain numbers and strings for tables and reports (exposure, mean rate ...), JSON-compatible.
    """

    files: Mapping[str, tuple[File, ...]]
    caveats: tuple[Caveat, ...] = ()
    summary: Mapping[str, Any] = field(default_factory=dict)


def always(_config: Any) -> bool:
    """Whatever the configuration."""
    return True


@dataclass(frozen=True, slots=True)
class Input:
    """Declaration of a named input.

    Parameters
    ----------
    name, meaning : str
    source : str
        ``archive``, ``calibration``, or the name of the stage whose output of the same name is read.
    pattern : str
        For archive inputs: regular expression that the whole path relative to the observation directory must match.
    at_least, at_most : int
        How many files are expected; fewer is a data error, more too.
    missing : str
        What to say, and to do, when there are too few.
    when : callable
        Whether a configuration needs the input at all.
    """

    name: str
    meaning: str
    source: str = ARCHIVE
    pattern: str = ""
    at_least: int = 1
    at_most: int = 10_000
    missing: str = ""
    when: Callable[[Any], bool] = always

    def matches(self, path: str) -> bool:
        """Return whether a path relative to the observation directory is one of the files."""
        return re.fullmatch(self.pattern, path) is not None


@dataclass(frozen=True, slots=True)
class Output:
    """Declaration of a named output."""

    name: str
    meaning: str
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class Stage(Generic[Config]):
    """Declaration of a stage.

    Parameters
    ----------
    name : str
    version : int
        Raised when the same inputs and configuration give another result; part of the fingerprint.
    config : type
        Pydantic model of its configuration.
    inputs, outputs : tuple
    run : callable
        ``run(config, inputs) -> Outputs``; raises `rossi.errors.DataError`, `ConfigError` or `NoGoodTime`.
    """

    name: str
    version: int
    config: type[Config]
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    run: Callable[[Config, Inputs], Outputs]

    def inputs_for(self, config: Config) -> tuple[Input, ...]:
        """Return the inputs that a configuration needs."""
        return tuple(declared for declared in self.inputs if declared.when(config))

    def reads(self, config: Config) -> tuple[str, ...]:
        """Return the stages whose outputs a configuration needs."""
        sources = dict.fromkeys(declared.source for declared in self.inputs_for(config))
        return tuple(source for source in sources if source not in (ARCHIVE, CALIBRATION))


#: What manifests name is put together to keys and to paths of copies, so nothing may lead elsewhere.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+=@-][A-Za-z0-9_+=@.-]*\z")]


class InputRecord(Frozen):
    """One input as it stands in a manifest: its identity, not its content."""

    input: str
    path: str
    size: int
    identity: str


class OutputRecord(Frozen):
    """One output as it stands in a manifest."""

    output: str
    name: FileName
    size: int
    sha256: str


class Manifest(Frozen):
    """What stands beside the products of a stage; its presence says that they are complete.

    Parameters
    ----------
    seal : str
        sha256 of the manifest without it, as `services.seal` makes it; the last field.
    """

    version: int = MANIFEST_VERSION
    stage: FileName
    obsid: FileName | Literal[""]
    fingerprint: FileName
    config: dict[str, Any]
    inputs: tuple[InputRecord, ...]
    outputs: tuple[OutputRecord, ...]
    outcome: Outcome
    caveats: tuple[Caveat, ...] = ()
    summary: dict[str, Any] = {}
    versions: dict[str, str]
    seconds: float
    created: str
    seal: str = ""


class StageRequest(Frozen):
    """Everything one stage needs to run for one observation: a container's whole input.

    Parameters
    ----------
    stage, obsid : str
    config : dict
        Validated against the stage's own model.
    archive, store : str
        URLs. Credentials never stand here.
    cache : dict
        Where copies of a remote archive's files are kept; see `services.storage.CacheConfig`.
    calibration : dict
        Where calibration files come from; see `services.calibration`.
    prefix : str
        Run prefix within the store.
    upstream : dict
        For inputs from other stages: key of that stage's manifest.
    """

    stage: str
    obsid: str
    config: dict[str, Any] = {}
    archive: str = ""
    cache: dict[str, Any] = {}
    calibration: dict[str, Any] = {}
    store: str
    prefix: str = ""
    upstream: dict[str, str] = {}


class StageResult(Frozen):
    """How one stage ended for one observation.

    Parameters
    ----------
    manifest : str
        Key of the manifest; empty for failures.
    reused : bool
        True when the manifest was there already and nothing was done.
    message : str
        For `no_work` and `failed`: one sentence for the user.
    detail : str
        What an external task said, all of it; only in the record of a failure.
    reads : tuple of str
        The stages that this one went on from.
    """

    stage: str
    obsid: str
    outcome: Outcome
    manifest: str = ""
    fingerprint: str = ""
    reused: bool = False
    kind: FailureKind | None = None
    message: str = ""
    detail: str = ""
    caveats: tuple[Caveat, ...] = ()
    summary: dict[str, Any] = {}
    seconds: float = 0.0
    reads: tuple[str, ...] = ()


class ObservationResult(Frozen):
    """How all stages ended for one observation.

    Stages form chains, one an instrument: a stage goes on from those that it reads from, and is not run unless all of
    these succeeded.
    """

    obsid: str
    outcome: Outcome
    stages: tuple[StageResult, ...]

    @classmethod
    def of(cls, obsid: str, stages: Sequence[StageResult]) -> ObservationResult:
        """Return the result that those of the stages mean: one failure is one, else one chain's success is one."""
        result = cls(obsid=obsid, outcome=Outcome.FAILED, stages=tuple(stages))
        if any(stage.outcome is Outcome.FAILED for stage in stages):
            return result
        done = any(stage.outcome is Outcome.SUCCEEDED for stage in result.ends)
        return result.model_copy(update={"outcome": Outcome.SUCCEEDED if done else Outcome.NO_WORK})

    @property
    def ends(self) -> tuple[StageResult, ...]:
        """The stage with which each chain ended, in the order in which they ran."""
        went_on = {name for stage in self.stages for name in stage.reads}
        return tuple(stage for stage in self.stages if stage.stage not in went_on)

    @property
    def last(self) -> StageResult:
        """The stage that decided the outcome: of several, the first."""
        stages = self.stages if self.outcome is Outcome.FAILED else self.ends
        return next((stage for stage in stages if stage.outcome is self.outcome), self.stages[-1])

    @property
    def message(self) -> str:
        """What each stage without success says, with its name; once what several say. Empty if all succeeded."""
        said: dict[str, list[str]] = {}
        for stage in self.stages:
            if stage.outcome is not Outcome.SUCCEEDED:
                said.setdefault(stage.message, []).append(stage.stage)
        return "; ".join(f"{', '.join(stages)}: {message}" for message, stages in said.items())

    @property
    def reused(self) -> bool:
        """True when nothing had to be done."""
        return all(stage.reused for stage in self.stages)


class Shard(Frozen):
    """A list of observations that one process works off.

    Parameters
    ----------
    number : int
    obsids : tuple of str
    stages : dict
        Stage name to configuration, in the order in which they run: a stage after those that it reads from.
    """

    number: int
    obsids: tuple[str, ...]
    stages: dict[str, dict[str, Any]]
    archive: str
    cache: dict[str, Any] = {}
    calibration: dict[str, Any] = {}
    store: str
    prefix: str = ""
