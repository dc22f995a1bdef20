"""Choosing of what a store has published: which release, which of its sources."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from rossi.errors import DataError
from services.storage import ObjectStore
from services.storage.base import key_of
from services.storage.release_documents import Release, Source
from services.storage.releases import CURRENT, current_release, read_release


def chosen_release(store: ObjectStore, prefix: str, name: str = "") -> Release:
    """Return a release by its name, without one the current one.

    Raises
    ------
    ConfigError
        If there is none of this name.
    DataError
        If nothing has been published.
    """
    found = read_release(store, prefix, name) if name else current_release(store, prefix)
    if found is None:
        where = store.url(key_of(prefix, CURRENT))
        raise DataError(f"{where}: there is none: no run has published anything yet; `rossi campaign` does at its end.")
    return found


def chosen_sources(release: Release, names: Sequence[str]) -> list[Source]:
    """Return the sources of these names, whatever their case, blanks and hyphens; all if there are no names.

    Raises
    ------
    DataError
        If there is none of a name; says which are near.
    """
    known = {spelling: one for one in release.sources for spelling in (folded(one.slug), folded(one.name))}
    for name in names:
        if folded(name) not in known:
            near = difflib.get_close_matches(folded(name), known, n=3, cutoff=0.5) or list(known)[:3]
            meant = ", ".join(dict.fromkeys(known[spelling].name for spelling in near))
            raise DataError(f"Release {release.name} has no source {name!r}; there is {meant}. `rossi releases` tells.")
    wanted = {known[folded(name)].slug for name in names}
    return [one for one in release.sources if not names or one.slug in wanted]


def folded(name: str) -> str:
    """Return a name without what spellings differ in."""
    return re.sub(r"[\W_]+", "", name.lower())
