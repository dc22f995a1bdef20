"""The report's section on fast data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from rossi import met
from services.contract import File
from services.merge.page_parts import template
from services.merge.timing import Timing

#: Bursts and candidates that are listed; the table beside the page has all.
_LISTED = 100


def timing_section(timing: Timing, figures: Sequence[File]) -> Markup:
    """Return the section, empty where there are no fast data.

    Parameters
    ----------
    timing : Timing
    figures : sequence of File
        Pictures that lie beside the page.
    """
    if not timing:
        return Markup()
    page = template("timing.html").render(
        bands=[_band(name, timing, figures) for name in timing.bands],
        searched=timing.searched,
        bursts=[_burst(obsid, one.burst) for obsid, one in timing.accepted[:_LISTED]],
        number=len(timing.accepted),
        rejected=len(timing.bursts) - len(timing.accepted),
        pictures=[file.name for file in figures if file.about.label == "bursts"],
    )
    return Markup(page)  # made by a template that escapes


def _band(name: str, timing: Timing, figures: Sequence[File]) -> dict[str, Any]:
    spectrum = timing.bands[name].spectrum()
    return {
        "name": name,
        "mean": spectrum.mean,
        "observations": len(timing.bands[name].rows),
        "rms": spectrum.rms(),
        "peaks": spectrum.peaks(),
        "false_alarm": spectrum.rules.false_alarm,
        "pictures": [f.name for f in figures if f.about.label in (f"{name}_power", f"{name}_dynamic")],
    }


def _burst(obsid: str, burst: Any) -> dict[str, Any]:
    return {"obsid": obsid, "start": met.isot(burst.start)[:19], "burst": burst}
