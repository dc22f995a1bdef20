"""How often a run shows a sign of life, and after how long without one its process counts as gone."""

from __future__ import annotations

import os

from rossi.errors import ConfigError

#: Names other seconds of silence: for tests, and for whoever wants runs taken up sooner than a slow server allows.
VARIABLE = "ROSSI_SILENCE"


def _silence() -> float:
    text = os.environ.get(VARIABLE, "180")
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1.0 <= seconds <= 86_400.0:
        raise ConfigError(
            f"{VARIABLE} is {text!r}; expected are seconds from 1 to 86400, such as 180. Unset or mend it."
        )
    return seconds


#: Seconds without a sign of life after which a run's process is gone: several signs are missing then.
SILENCE = _silence()
#: Seconds between two signs of life: the server notes when a run was last written.
LIFE = SILENCE / 6
#: Seconds between two looks for runs that show none.
LOOK = SILENCE / 12


def duration(seconds: float) -> str:
    """Say how long something takes, for people."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
