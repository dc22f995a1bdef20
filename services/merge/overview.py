"""The long light curve of the report's figure, and what it shows in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.energy.epochs import epochs
from rossi.met import met_to_mjd
from services.merge.observations import Observation, utc_date
from services.merge.packing import Packer
from services.merge.products import MergedBand, thinned
from services.merge.shown import Shown

#: The figure shows so many bands at once without being asked.
_PANELS = 4
#: Times far outside of any light curve [s].
_FAR = 1e9


def overview(shown: Shown, points: int) -> str:
    """Return the block of the figure: some `points` bins of all bands together, and the mean of every observation."""
    first = first_bands(shown.bands)
    at_once = {b.name for b in shown.bands} if len(shown.bands) <= _PANELS else first
    spans = np.array([o.span for o in shown.observations], float).reshape(-1, 2)
    start = float(np.nanmin(spans[:, 0], initial=np.inf))
    packer = Packer()
    bands = [
        {**_curve(packer, band, shown.observations, points // len(shown.bands), start), "shown": band.name in at_once}
        for band in shown.bands
    ]
    return packer.block(
        {
            "start": round(float(met_to_mjd(start)), 8),
            "bands": bands,
            "span": {
                "from": packer.steps(_since(spans[:, 0], start), 0.125),
                "to": packer.steps(_since(spans[:, 1], start), 0.125),
            },
            "names": [o.obsid for o in shown.observations],
            "epochs": [
                [e.number, *(float(np.clip(t - start, -_FAR, _FAR)) for t in (e.start, e.stop))] for e in epochs()
            ],
        }
    )


def _since(moments: NDArray[np.float64], start: float) -> NDArray[np.float64]:
    """Return seconds since the start; -1 for times that are not known."""
    return np.where(np.isfinite(moments), moments - start, -1.0)


def first_bands(bands: Sequence[MergedBand]) -> set[str]:
    """Return the name of the first band of each instrument and cluster."""
    first: dict[tuple[str, str], str] = {}
    for band in bands:
        first.setdefault((band.instrument, band.cluster), band.name)
    return set(first.values())


def _curve(
    packer: Packer, band: MergedBand, observations: Sequence[Observation], points: int, start: float
) -> dict[str, Any]:
    drawn = thinned(observations, band.name, points)
    time, rate, error = (np.concatenate(parts) for parts in zip(*drawn.values(), strict=True))
    owner = np.repeat(list(drawn), [len(t) for t, _, _ in drawn.values()])
    order = np.argsort(time, kind="stable")
    chosen = [n for n, (t, _, _) in drawn.items() if len(t) and observations[n].means[band.name][2] > 0]
    means = np.array([observations[n].means[band.name][:2] for n in chosen], float).reshape(-1, 2)
    return {
        "name": band.label,
        "unit": band.unit,
        "epochs": band.has_epochs,
        "time": packer.steps(time[order] - start),
        "rate": packer.floats(rate[order]),
        "error": packer.floats(error[order]),
        "owner": packer.steps(owner[order]),
        "mean": {
            "time": packer.steps([observations[n].middles[band.name] - start for n in chosen]),
            "rate": packer.floats(means[:, 0]),
            "error": packer.floats(means[:, 1]),
            "owner": packer.steps(chosen),
        },
    }


def in_words(shown: Shown) -> list[str]:
    """Return what the figure shows, one sentence a band."""
    return [_sentence(band, shown.observations) for band in shown.bands]


def _sentence(band: MergedBand, observations: Sequence[Observation]) -> str:
    having = [o for o in observations if o.means.get(band.name, (0, 0, 0.0))[2] > 0]
    rows = int(np.isfinite(band.joined.series.rate).sum())
    some = f"{band.label}: {rows:,} bins of {len(having):,} observation{'s' if len(having) != 1 else ''}"
    if not having:
        return f"{some}."
    first, last = (utc_date(moment, "%Y-%m-%d") for moment in (having[0].span[0], having[-1].span[1]))
    low, high = (pick(having, key=lambda o: o.means[band.name][0]) for pick in (min, max))
    told = [f"{o.means[band.name][0]:.4g} ({o.obsid}, {utc_date(o.span[0], '%Y-%m-%d')})" for o in (low, high)]
    middle = float(np.median([o.means[band.name][0] for o in having]))
    return (
        f"{some} from {first} to {last}. Their mean rates go from {told[0]} to {told[1]} {band.unit}; "
        f"half of them are above {middle:.4g}."
    )
