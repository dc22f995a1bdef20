"""How a stage or an observation ended, and what a user should know of it."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from pydantic import BaseModel, ConfigDict

from rossi.errors import ConfigError, DataError, NoGoodTime, RossiError


class Frozen(BaseModel):
    """Base of everything that is read from or written to JSON or TOML."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Outcome(StrEnum):
    """How a stage, or an observation, ended."""

    SUCCEEDED = "succeeded"
    NO_WORK = "no_work"
    FAILED = "failed"


class ExitCode(IntEnum):
    """Exit codes of a stage run as a process: those of the errors."""

    OK = NoGoodTime.exit_code
    RETRYABLE = RossiError.exit_code
    DATA_ERROR = DataError.exit_code
    CONFIG_ERROR = ConfigError.exit_code


class FailureKind(StrEnum):
    """What a failure means to whoever schedules."""

    DATA = "data_error"
    CONFIG = "config_error"
    RETRYABLE = "retryable"

    @property
    def exit_code(self) -> ExitCode:
        """With which a process ends because of such a failure."""
        return _EXIT_CODES[self]


_EXIT_CODES = {
    FailureKind.DATA: ExitCode.DATA_ERROR,
    FailureKind.CONFIG: ExitCode.CONFIG_ERROR,
    FailureKind.RETRYABLE: ExitCode.RETRYABLE,
}
#: What the exit code of an error means.
KINDS = {code: kind for kind, code in _EXIT_CODES.items()}
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
