"""Who computes: engines carry out what stages declare."""

from __future__ import annotations

from enum import StrEnum


class EngineName(StrEnum):
    """Which engine computes; ``native`` is rossi's own, ``heasoft`` calls NASA's tasks through heasoftpy."""

    NATIVE = "native"
    HEASOFT = "heasoft"
