"""Files that overlap, which HEASoft's extractors count twice."""

from __future__ import annotations

from collections.abc import Sequence

from rossi.errors import DataError


def refuse_repeats(repeats: Sequence[object]) -> None:
    """Raise a `DataError` where a moment is in several files.

    Parameters
    ----------
    repeats : sequence
        What is there more than once, as sentences; see `rossi.extract.repeats`.
    """
    if repeats:
        said = str(repeats[0]).partition(";")[0]
        raise DataError(
            f"{said}. HEASoft would count them twice: take one of the files out of the archive's copy, or set engine = "
            "'native', which counts each moment once."
        )
