"""The front page of an archive: every source on the sky and in a table that leads to its page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from rossi.fits.writer import now
from services.merge.front_sources import Measured, SourceEntry, address, block, galactic
from services.merge.observations import utc_date
from services.merge.page_parts import joined, template

__all__ = ["Measured", "SourceEntry", "front_page"]

#: The page's scripts, in the order in which they build on each other.
_SCRIPTS = ("data", "axes", "spark", "listing", "sky", "sky_drawing", "sky_gestures", "columns", "sources", "front")
#: Sources that the figure in words names.
_NAMED = 5
#: Half of the width [deg] of the band of the sky that the words call the Galactic plane.
_PLANE = 10.0


def front_page(
    entries: Sequence[SourceEntry],
    title: str,
    description: str = "",
    *,
    hardness: str = "",
    downloads: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> bytes:
    """Return the page, ``index.html``: it asks for nothing from anywhere.

    Parameters
    ----------
    entries : sequence of SourceEntry
        Those of equal exposure stay in this order.
    title, description : str
    hardness : str
        What the hardness is the ratio of.
    downloads : sequence of str
        Paths of files, relative to the page.
    notes : sequence of str
        Sentences that the reader should know.

    Raises
    ------
    ConfigError
        If a source's link is not relative.
    """
    longitude, latitude = galactic(entries)
    placed = int(np.isfinite(longitude).sum())
    page = template("front.html").render(
        title=title,
        description=description,
        entries=entries,
        addresses=[address(entry) for entry in entries],
        observations=sum(entry.observations for entry in entries),
        failures=sum(entry.failures for entry in entries),
        exposure=_kiloseconds(sum(entry.exposure for entry in entries if np.isfinite(entry.exposure))),
        first=_date(min, [entry.first for entry in entries]),
        last=_date(max, [entry.last for entry in entries]),
        placed=placed,
        words=_in_words(entries, latitude),
        hardness=hardness,
        downloads=downloads,
        notes=notes,
        block=Markup(block(entries)),
        style=joined(("style.css", "front.css")),
        script=joined(f"{name}.js" for name in _SCRIPTS),
        created=now(),
    )
    return page.encode()


def _kiloseconds(exposure: float) -> str:
    """Return seconds as ks: four digits, but no power of ten."""
    found = exposure / 1000
    return f"{found:,.0f} ks" if found >= 1000 else f"{found:.4g} ks"


def _date(pick: Callable[[Iterable[float]], float], moments: Iterable[float]) -> str:
    known = [moment for moment in moments if np.isfinite(moment)]
    return utc_date(pick(known), "%Y-%m-%d") if known else ""


def _in_words(entries: Sequence[SourceEntry], latitude: NDArray[np.float64]) -> list[str]:
    """Return what the map shows, in sentences."""
    placed = np.isfinite(latitude)
    near = int((np.abs(latitude[placed]) <= _PLANE).sum())
    told = [
        f"{placed.sum():,} of {len(entries):,} sources have a position; {near:,} are within {_PLANE:g}° of the plane."
    ]
    longest = sorted(entries, key=lambda entry: -np.nan_to_num(entry.exposure))[:_NAMED]
    if named := [f"{e.name} ({_kiloseconds(e.exposure)})" for e in longest if e.exposure > 0]:
        told.append(f"Observed for longest: {', '.join(named)}.")
    return told
