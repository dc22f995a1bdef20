"""What the report's page tells of each observation, in blocks that the browser unpacks when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from rossi import gti
from rossi.arrays import Floats
from rossi.met import met_to_mjd
from services.contract import OutputRecord, StageResult
from services.merge.details import Details, ShownSpectrum
from services.merge.inputs import StageProducts
from services.merge.observations import Observation, utc_date
from services.merge.packing import Packer
from services.merge.products import drawable
from services.merge.shown import Shown

#: Observations in a block: few enough to unpack in a blink, many enough to compress well.
BLOCK = 50
#: Of more observations than this, panels tell less: no spectra, no lists of good time and no provenance, which are two
#: thirds of them. The page of 10,000 would have 35 MB with them; so it has 20.
WHOLE = 4000
#: Bins of all light curves of all observations together; of more, neighbours are averaged. About four bytes each.
_BINS = 400_000
#: So many bins a curve keeps however many curves there are.
_LEAST = 40
#: Intervals of good time that are listed; the others are counted.
_INTERVALS = 200
#: Time is kept in multiples of this [s]; every bin of RXTE's standard modes begins at one.
_TICK = 0.125


def blocks(shown: Shown) -> Iterator[str]:
    """Return the observations' panels, `BLOCK` of them a time."""
    curves = sum(len(o.curves) for o in shown.observations)
    most = max(_LEAST, _BINS // max(1, curves))
    for start in range(0, len(shown.observations), BLOCK):
        packer = Packer()
        some = shown.observations[start : start + BLOCK]
        yield packer.block({"observations": [_panel(packer, o, shown, most) for o in some]})


def _panel(packer: Packer, observation: Observation, shown: Shown, most: int) -> dict[str, Any]:
    start, stop = observation.span
    whole = len(shown.observations) <= WHOLE
    details = shown.details.get(observation.obsid, Details())
    products = observation.products if whole else {}
    known = bool(np.isfinite(start))
    return {
        "obsid": observation.obsid,
        "brief": not whole,
        "target": observation.target,
        "outcome": str(observation.outcome),
        "message": observation.message,
        "caveats": [[c.code, c.message] for c in observation.caveats],
        "problems": details.problems,
        "begin": utc_date(start, "%Y-%m-%dT%H:%M:%S") if known else None,
        "mjd": round(float(met_to_mjd(start)), 6) if known else None,
        "length": stop - start if known else 0.0,
        "ontime": observation.ontime,
        "pcus": observation.pcus,
        "modes": list(dict.fromkeys(mode for told in observation.told("modes") for mode in told)),
        "curves": [
            _curve(packer, number, band.name, observation, most)
            for number, band in enumerate(shown.bands)
            if len(observation.curves.get(band.name, ()))
        ],
        "spectra": [_spectrum(packer, s) for s in details.spectra] if whole else [],
        "good_time": _good_time(observation, details) if known and whole else [],
        "stages": [_stage(stage, products, stage.stage in observation.ends) for stage in observation.stages],
    }


def _curve(packer: Packer, number: int, band: str, observation: Observation, most: int) -> dict[str, Any]:
    series = observation.curves[band]
    factor = -(-len(series) // most)
    middle, rate, error = drawable(series, factor)
    mean, sigma, exposure = observation.means[band]
    return {
        "band": number,
        "time": packer.steps(middle - observation.span[0], _TICK),
        "rate": packer.quantised(rate),
        "error": packer.quantised(error, coarse=True),
        "bins": len(series),
        "width": series.timedel,
        "joined": factor,
        "mean": [mean, sigma, exposure] if exposure > 0 else None,
    }


def _spectrum(packer: Packer, spectrum: ShownSpectrum) -> dict[str, Any]:
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.where(spectrum.rate > 0, np.log10(spectrum.rate), np.nan)
    return {
        "label": spectrum.label,
        "background": spectrum.background,
        "exposure": spectrum.exposure,
        "total": spectrum.total,
        "edges": packer.steps(spectrum.edges),
        "log_rate": packer.quantised(logarithm, coarse=True),
    }


def _good_time(observation: Observation, details: Details) -> list[dict[str, Any]]:
    found: Mapping[str, Floats] = details.good_time
    if not found and observation.curves:
        found = {"": gti.union(*(series.intervals for series in observation.curves.values()))}
    start = observation.span[0]
    return [
        {
            "label": label,
            "count": len(intervals),
            "total": gti.total(intervals),
            "rows": np.round(intervals[:_INTERVALS] - start, 3).tolist(),
        }
        for label, intervals in sorted(found.items(), key=lambda item: (item[0] == "HEXTE", item[0]))
    ]


def _stage(stage: StageResult, products: Mapping[str, StageProducts], last: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"stage": stage.stage, "outcome": str(stage.outcome), "message": stage.message, "last": last}
    if (left := products.get(stage.stage)) is None:
        return told
    made = left.provenance
    return told | {
        "fingerprint": made.fingerprint,
        "created": made.created,
        "seconds": round(made.seconds, 3),
        "inputs": made.inputs,
        "bytes": made.size,
        "calibration": made.calibration,
        "versions": made.versions,
        "config": made.config,
        "content": next((PurePosixPath(key).parent.name for key, r in left.files.items() if not r.shared), ""),
        "files": [_file(record) for record in left.files.values()],
    }


def _file(record: OutputRecord) -> list[Any]:
    """Return what the page tells of a file; of one that observations share, also where it lies."""
    told: list[Any] = [record.name, record.size, record.about.kind or "", record.about.cluster]
    return [*told, record.sha256] if record.shared else told
