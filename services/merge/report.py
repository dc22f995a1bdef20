"""The report: one self-contained page about a merged light curve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup
from numpy.typing import NDArray

from rossi.fits.writer import now
from rossi.met import met_to_mjd
from rossi.plot.epochs import EPOCHS
from rossi.plot.sparkline import sparkline_svg
from services.contract import Caveat, Outcome
from services.merge.observations import Observation, utc_date
from services.merge.products import Band, thinned

#: From ``<prefix>/merge/<fingerprint>/<content>/report.html`` up to ``<prefix>/``.
ROOT = "../../../"
#: The interactive figure shows so many bands at once without being asked.
_PANELS = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a report lies.

    Parameters
    ----------
    store, prefix : str
        URL of the store as the user gave it, and the run's prefix; empty if the report is in no store.
    fingerprint : str
    """

    store: str = ""
    prefix: str = ""
    fingerprint: str = ""

    def link(self, key: str) -> str:
        """Return a key as a link relative to the report."""
        return ROOT + key.removeprefix(f"{self.prefix}/" if self.prefix else "")


def report(
    title: str,
    description: str,
    observations: Sequence[Observation],
    bands: Sequence[Band],
    downloads: Sequence[str],
    place: Place,
    points: int,
    caveats: Sequence[Caveat] = (),
) -> bytes:
    """Return the page.

    Parameters
    ----------
    title, description : str
    observations : sequence of Observation
        All that were asked for, in time order.
    bands : sequence of Band
    downloads : sequence of str
        Names of the files that lie beside the page.
    place : Place
    points : int
        Bins in the interactive figure, of all bands together.
    caveats : sequence of Caveat
        What to know about the files.
    """
    counts = Counter(o.outcome for o in observations)
    spans = [o.span for o in observations if np.isfinite(o.span).all()]
    page = _template().render(
        title=title,
        description=description,
        asked=len(observations),
        counts={outcome.value: counts[outcome] for outcome in Outcome},
        first=utc_date(min(s[0] for s in spans), "%Y-%m-%d") if spans else "",
        last=utc_date(max(s[1] for s in spans), "%Y-%m-%d") if spans else "",
        ontime=sum(o.ontime for o in observations),
        bands=bands,
        rows=[_row(o, bands, place) for o in observations],
        failures=[o for o in observations if o.outcome is Outcome.FAILED],
        downloads=downloads,
        caveats=caveats,
        place=place,
        plot=_plot_data(observations, bands, points),
        created=now(),
    )
    return page.encode()


@cache
def _template() -> Template:
    loader = PackageLoader("services.merge", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html")


def _row(observation: Observation, bands: Sequence[Band], place: Place) -> dict[str, Any]:
    def name(key: str) -> str:
        return key.rpartition("/")[2].removeprefix(f"{observation.obsid}_")

    start, _ = observation.span
    curve = next((observation.curves[b.name] for b in bands if b.name in observation.curves), None)
    spark = "" if curve is None else sparkline_svg(curve.time, curve.rate, curve.error)
    return {
        "observation": observation,
        "date": utc_date(start),
        "mjd": float(met_to_mjd(start)) if np.isfinite(start) else None,
        "spark": Markup(spark),
        "means": [observation.means.get(band.name) for band in bands],
        "links": [(name(key), place.link(key), key) for key in observation.products],
    }


def _plot_data(observations: Sequence[Observation], bands: Sequence[Band], points: int) -> dict[str, Any]:
    """Return what the page's figure draws: integers and four digits, as thousands of them stand in the page."""
    shown = _shown(bands)
    curves = [{**_curve(b, observations, points // len(bands)), "shown": b.name in shown} for b in bands]
    start = min((c["time"][0] for c in curves if len(c["time"])), default=0.0)
    for curve in curves:
        curve["time"] = np.diff(np.rint(curve["time"] - start), prepend=0.0).astype(int).tolist()
        curve["mean_time"] = np.rint(curve["mean_time"] - start).astype(int).tolist()
    return {
        "start": round(float(met_to_mjd(start)), 6),
        "bands": curves,
        "names": [o.obsid for o in observations],
        "epochs": [
            [e.number, *(round(float(np.clip(t - start, -1e9, 1e9))) for t in (e.start, e.stop))] for e in EPOCHS
        ],
    }


def _shown(bands: Sequence[Band]) -> set[str]:
    """Return the bands to show at first: all, or of many the first one of each instrument and cluster."""
    first: dict[tuple[str, str], str] = {}
    for band in bands:
        first.setdefault((band.instrument, band.cluster), band.name)
    return {band.name for band in bands} if len(bands) <= _PANELS else set(first.values())


def _curve(band: Band, observations: Sequence[Observation], points: int) -> dict[str, Any]:
    drawn = thinned(observations, band.name, points)
    time, rate, error = (np.concatenate(parts) for parts in zip(*drawn.values(), strict=True))
    owner = np.repeat(list(drawn), [len(t) for t, _, _ in drawn.values()])
    order = np.argsort(time, kind="stable")
    chosen = [n for n, (t, _, _) in drawn.items() if len(t)]
    means = [observations[n].means[band.name] for n in chosen]
    return {
        "name": band.label,
        "unit": band.unit,
        "epochs": band.has_epochs,
        "time": time[order],
        "rate": _digits(rate[order]),
        "error": _digits(error[order]),
        "owner": owner[order].tolist(),
        "mean_time": np.array([observations[n].middles[band.name] for n in chosen]),
        "mean": _digits(m[0] for m in means),
        "mean_error": _digits(m[1] for m in means),
        "mean_owner": chosen,
    }


def _digits(values: Iterable[float] | NDArray[np.float64]) -> list[float | None]:
    return [float(f"{v:.4g}") if np.isfinite(v) else None for v in values]
