"""Which science files of the PCA a stage needs: what their headers say, and what it makes of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rossi.timing.choice import Wish
from rossi.timing.observed import read_modes
from rossi.timing.wanted import wanted_files
from services.contract.outcome import Caveat
from services.contract.stage import Look

#: Science files of the PCA but those of Standard2, which no fast product is made of.
_SCIENCE = re.compile(r"pca/(FS(?!4a)[0-9a-f]{2}|GX|SE)_.*")


def needed_science(look: Look, wishes: Sequence[Wish], *, events: bool) -> tuple[tuple[str, ...], tuple[Caveat, ...]]:
    """Return the files that light curves, power spectra and event lists are made of, and what is to be said of others.

    Standard1 takes part in the choice; its files are among what is returned where it is chosen.

    Parameters
    ----------
    look : Look
    wishes : sequence of Wish
        Resolutions and bands of light curves and power spectra.
    events : bool
        Event lists are made as well.
    """
    modes = read_modes([path for path in look.files if _SCIENCE.fullmatch(path)], look.beginnings, look.whole)
    paths, remarks = wanted_files(modes, wishes, events=events)
    unread = [Caveat(code="file_left_out", message=f"{text} It is left out.") for text in modes.remarks]
    return paths, (*unread, *(Caveat(code=one.code, message=one.message) for one in remarks))
