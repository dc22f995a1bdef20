"""How a stage or an observation ended, and what a user should know of it."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from pydantic import BaseModel, ConfigDict


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
