"""What the report's page tells of each observation, in blocks that the browser unpacks when they are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from rossi import gti
from rossi.arrays import Floats
from rossi.calibration_roles import DATA_SETS, Role
from rossi.met import met_to_mjd
from rossi.product import About, Kind
from services.contract import File, OutputRecord, StageResult
from services.contract.validation import VALIDATION
from services.merge.details import Details, ShownSpectrum
from services.merge.inputs import StageProducts
from services.merge.observations import Observation, utc_date
from services.merge.packing import Packer
from services.merge.products import drawable
from services.merge.shown import Shown
from services.storage.bundle import BUNDLE, object_key

#: Observations in a block: few enough to unpack in a blink, many enough to compress well.
BLOCK = 50
#: Blocks stand in the page if they have no more bytes than this together: it is then one file, to be sent to somebody.
#: Else each is a file beside it. A browser reads so much in a blink.
_INSIDE = 1_500_000
#: Most bins that a curve keeps; of more, neighbours are averaged. About four bytes each.
_BINS = 4000
_PART = About(Kind.PAGE_PART)
#: Intervals of good time that are listed; the others are counted.
_INTERVALS = 200
#: Time is kept in multiples of this [s]; every bin of RXTE's standard modes begins at one.
_TICK = 0.125


@dataclass(frozen=True, slots=True)
class Panels:
    """The panels of all observations, `BLOCK` of them a time, in the page or beside it.

    Parameters
    ----------
    inside : tuple of str
        Blocks; none if they are in files.
    beside : tuple of File
        Scripts, which a page can load from wherever it lies, also from a folder, where it may fetch nothing.
    """

    inside: tuple[str, ...] = ()
    beside: tuple[File, ...] = ()


def panels(shown: Shown) -> Panels:
    """Return the panels, in the page where they are few."""
    made = tuple(blocks(shown))
    if sum(map(len, made)) <= _INSIDE:
        return Panels(inside=made)
    return Panels(beside=tuple(File(part_name(n), _script(n, block), about=_PART) for n, block in enumerate(made)))


def part_name(number: int | str) -> str:
    """Return the name of a file of panels."""
    return f"report-{number}.js"


def _script(number: int, block: str) -> bytes:
    """Return a block as a script that hands it to the page."""
    return f'rossiPart({number},"{block}");\n'.encode()


def blocks(shown: Shown) -> Iterator[str]:
    """Return the observations' panels, `BLOCK` of them a time."""
    for start in range(0, len(shown.observations), BLOCK):
        packer = Packer()
        some = enumerate(shown.observations[start : start + BLOCK], start)
        yield packer.block({"observations": [_panel(packer, row, o, shown) for row, o in some]})


def _panel(packer: Packer, row: int, observation: Observation, shown: Shown) -> dict[str, Any]:
    start, stop = observation.span
    details = shown.details.get(observation.obsid, Details())
    known = bool(np.isfinite(start))
    return {
        "obsid": observation.obsid,
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
        "standard": _standard_products(observation),
        "curves": [
            _curve(packer, number, band.name, observation)
            for number, band in enumerate(shown.bands)
            if len(observation.curves.get(band.name, ()))
        ],
        "spectra": [_spectrum(packer, s) for s in details.spectra],
        "good_time": _good_time(observation, details) if known else [],
        "beside": shown.fields.panel(row),
        "stages": [
            _stage(stage, observation.products, stage.stage in observation.ends) for stage in observation.stages
        ],
    }


def _standard_products(observation: Observation) -> str:
    """Return how many of the archive's standard products are the same, within errors, and so on; empty if not asked."""
    counts: Counter[str] = Counter()
    for told in observation.told(VALIDATION):
        counts.update(told)
    return ", ".join(f"{number} {verdict}" for verdict, number in counts.items())


def _curve(packer: Packer, number: int, band: str, observation: Observation) -> dict[str, Any]:
    series = observation.curves[band]
    factor = max(1, -(-len(series) // _BINS))
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
        "kind": spectrum.kind,
        "exposure": spectrum.exposure,
        "unit": spectrum.unit,
        "total": spectrum.total,
        "edges": packer.floats(spectrum.edges),
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
        "calibration": [(DATA_SETS[Role(role)].meaning, name, sha) for role, name, sha in made.calibration],
        "versions": made.versions,
        "config": made.config,
        "content": next(
            (PurePosixPath(object_key(key)).parent.name for key, r in left.files.items() if not r.shared), ""
        ),
        "files": [_file(record) for record in left.files.values()],
    }


def _content(key: str) -> str:
    return PurePosixPath(object_key(key)).parent.name


def _file(record: OutputRecord) -> list[Any]:
    """Return what the page tells of a file; of one that observations share, or that lies with others, also where."""
    told: list[Any] = [record.name, record.size, record.about.kind or "", record.about.cluster]
    if record.start is not None:
        return [*told, "", BUNDLE]
    return [*told, record.sha256] if record.shared else told
