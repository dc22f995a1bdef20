"""What there is to say of sources, each a remark with a stable code; none where nothing is to be said."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rossi.facts import counted, some_of
from rossi.names import plain_name
from rossi.remarks import Remark
from rossi.sources.source import Source

#: Names that a remark tells; the rest are counted.
_NAMED = 5


def moving_left_out(number: int) -> list[Remark]:
    """Tell how many slews, scans and rasters belong to no source.

    Parameters
    ----------
    number : int
        How many.
    """
    text = f"{counted(number)} of slews, scans and rasters (ObsIDs that end in A, Z, S, R ...) belong to no source."
    return [Remark("moving_left_out", text)] if number else []


def without_coordinates(number: int) -> list[Remark]:
    """Tell how many observations were sorted by name.

    Parameters
    ----------
    number : int
        How many.
    """
    text = f"{counted(number)} without coordinates went to a source by the target's name."
    return [Remark("sorted_by_name", text)] if number else []


def nameless(number: int) -> list[Remark]:
    """Tell how many observations say nothing of their source.

    Parameters
    ----------
    number : int
        How many.
    """
    text = f"{counted(number)} without coordinates and without a target's name belong to no source."
    return [Remark("no_source", text)] if number else []


def not_in_table(number: int) -> list[Remark]:
    """Tell how many observations no row of the table covers.

    Parameters
    ----------
    number : int
        How many.
    """
    text = f"{counted(number)} lie near no source of the table and belong to none."
    return [Remark("not_in_table", text)] if number else []


def spread(names: Sequence[str], radius: float) -> list[Remark]:
    """Tell which targets have observations further away than the radius.

    Parameters
    ----------
    names : sequence of str
        Of these targets' sources.
    radius : float [deg]
    """
    text = f"Observations of one target's name lie more than {radius:g} deg apart and are one source"
    return [Remark("spread", f"{text}: {some_of(names, _NAMED)}.")] if names else []


def grown_together(pairs: Sequence[tuple[str, str]]) -> list[Remark]:
    """Tell of each source that has become part of another one.

    Parameters
    ----------
    pairs : sequence of (str, str)
        Name of the one that is gone, name of the one that stays.
    """
    return [
        Remark("grown_together", f"{gone} and {stays} have grown together; their observations are now {stays}'s.")
        for gone, stays in pairs
    ]


def same_name(sources: Sequence[Source]) -> list[Remark]:
    """Tell which sources were observed under one name at different places.

    Parameters
    ----------
    sources : sequence of Source
        Those that have not become part of another one.
    """
    named = sorted((key, source.name) for source in sources if (key := plain_name(source.target)))
    groups = [[name for _, name in same] for _, same in groupby(named, key=lambda one: one[0])]
    several = [" / ".join(names) for names in groups if len(names) > 1]
    text = "Targets of one name at places further apart than the radius are sources of their own"
    return [Remark("same_name", f"{text}: {some_of(several, _NAMED)}.")] if several else []
