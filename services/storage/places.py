"""Where below a server the archive's root lies."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence

from rossi.errors import ConfigError
from services.storage.base import Refusal

#: The archive's folder has two names: older material calls it rxte, the catalogue's links of 2025 xte.
_NAMES = ("rxte/data/archive", "xte/data/archive")
#: The HEASARC's public bucket and web folder, below which the names above lie.
_TOPS = re.compile(r"(s3://nasa-heasarc|https?://[^/]+/FTP)/?")


def candidates(root: str) -> tuple[str, ...]:
    """Return the places at which the root may be that somebody gave, best first.

    Parameters
    ----------
    root : str
        URL without parameters. That of the HEASARC's bucket or web folder stands for the archive in it, and of the
        archive's two names either stands for the other.
    """
    root = root.rstrip("/")
    if _TOPS.fullmatch(root):
        return tuple(f"{root}/{name}" for name in _NAMES)
    for name, other in (_NAMES, _NAMES[::-1]):
        if root.endswith(f"/{name}"):
            return root, f"{root.removesuffix(name)}{other}"
    return (root,)


class Root:
    """The one of several places that answers, found out when it is first needed.

    Parameters
    ----------
    places : sequence of str
    answers : callable
        Whether an archive is at a place.
    """

    def __init__(self, places: Sequence[str], answers: Callable[[str], bool]) -> None:
        self._places = places
        self._answers = answers
        self._found = places[0] if len(places) == 1 else ""
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return self._found or self._places[0]

    def find(self) -> str:
        """Return the place.

        Raises
        ------
        ConfigError
            If an archive is at none of them, or the server does not let in.
        """
        with self._lock:
            if not self._found:
                try:
                    found = next((place for place in self._places if self._answers(place)), "")
                except Refusal as refusal:
                    raise refused(refusal) from None
                if not found:
                    raise absent(*self._places)
                self._found = found
            return self._found


def refused(refusal: Refusal) -> ConfigError:
    """Return what the refusal of an archive's root means."""
    return ConfigError(f"{refusal}; an archive is read without credentials: check its URL.")


def absent(*places: str) -> ConfigError:
    """Return what it means that there is nothing where the archive's root should be."""
    return ConfigError(f"There is no archive at {' nor at '.join(places)}; give the folder that holds AO1, AO2, ...")
