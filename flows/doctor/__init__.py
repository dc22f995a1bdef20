"""What works here and what does not: the findings of `rossi doctor`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flows.core.settings import Settings
from flows.doctor import places, servers, software
from flows.doctor.finding import Finding, Verdict
from rossi.errors import ConfigError, RossiError

__all__ = ["Finding", "Verdict", "examine"]

_CHECKS: tuple[tuple[str, Callable[[Settings], Iterator[Finding]]], ...] = (
    ("Python", software.python),
    ("Libraries", software.libraries),
    ("HEASoft", software.heasoft),
    ("Disk", places.disk),
    ("Archive", places.archive),
    ("Calibration", places.calibration),
    ("Store", places.store),
    ("Catalogue", servers.catalogue),
    ("Prefect", servers.prefect),
    ("Cluster", servers.cluster),
)


def examine(settings: Settings) -> Iterator[Finding]:
    """Iterate over what is found out, each as soon as it is; what is broken does not stop what comes after it."""
    for what, check in _CHECKS:
        try:
            yield from check(settings)
        except RossiError as error:
            verdict = Verdict.BROKEN if isinstance(error, ConfigError) else Verdict.AWAY
            yield Finding(what, verdict, str(error))
        except ModuleNotFoundError as error:
            yield Finding(what, Verdict.ABSENT, f"not looked at: {software.remedy(error.name or '')}")
