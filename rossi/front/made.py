"""What the stages made of an observation, as the door hands it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Made:
    """What one instrument gave.

    Parameters
    ----------
    products : mapping of str to mapping of str to bytes
        FITS files by what they are (``light_curve``, ``parts``, ``spectrum``, ``gti``, ``figure``) and their name.
    filter_file : tuple of (str, bytes) or None
        Name and content.
    why_not : str
        Why there is nothing: a sentence; empty where there is.
    """

    products: Mapping[str, Mapping[str, bytes]]
    filter_file: tuple[str, bytes] | None
    why_not: str = ""

    def files(self, *kinds: str) -> dict[str, bytes]:
        """Return the files of some kinds.

        Parameters
        ----------
        *kinds : str
            ``light_curve``, ``parts``, ``spectrum``, ``gti``, ``figure``.
        """
        return {name: data for kind in kinds for name, data in self.products.get(kind, {}).items()}
