"""Stage ``hexte_dead`` on the native engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rossi.errors import DataError, NoGoodTime
from rossi.extract.events import ScienceEvents
from rossi.fits.reader import FitsFile, open_fits
from rossi.fits.stream import stream_fits
from rossi.fits.table import Table
from rossi.gti import Gti, from_table, union
from rossi.hexte.cluster import Curves, curves_of, estimated_background, spectra_of, spectrum_files
from rossi.hexte.contamination import background_remarks
from rossi.hexte.correction import parse_detectors
from rossi.hexte.dwell import find_dwell, overlapping
from rossi.hexte.housekeeping import Housekeeping
from rossi.hexte.reduction import Band, Correction, Reduced, Request, reduce_archive, reduce_events, whole_frames
from rossi.hexte.rocking import Position
from rossi.hexte.science import DETECTOR_2_LOST, DETECTORS, FRAME, Cluster, Remark, cluster_of, kind_of
from rossi.met import met_to_mjd, timezero
from rossi.timeseries.rebin import weighted_mean
from rossi.timeseries.series import Series
from rossi.timeseries.writing import write_light_curve
from services.calibration.config import Role
from services.contract import File, Inputs, Outputs
from services.engines.native.good_time import find_good_time
from services.engines.native.hexte_back import caveats_of, cluster_tables
from services.hexte_dead.stage import Background, Dwell, HexteDeadConfig

#: Event lists of more bytes, compressed, are not held in memory uncompressed.
_LONG = 16 << 20
_COEFFICIENTS = {Cluster.A: Role.DEAD_TIME_A, Cluster.B: Role.DEAD_TIME_B}


@dataclass(frozen=True, slots=True)
class _Part:
    """A split science file."""

    position: Position
    item: File
    file: FitsFile  # of which the rows of the first table are missing

    @property
    def table(self) -> Table:
        return self.file.table()

    @property
    def is_events(self) -> bool:
        return kind_of(self.table).has_event_words

    @property
    def span(self) -> tuple[float, float]:
        header, where = self.table.header, self.table.where
        return header.number("TSTART", where), header.number("TSTOP", where)


@dataclass(frozen=True, slots=True)
class _Cluster:
    """What an observation gave for one cluster."""

    curves: Mapping[str, Curves]
    spectra: dict[Position, FitsFile]
    dwell: float
    remarks: tuple[Remark, ...]


def hexte_dead(config: HexteDeadConfig, inputs: Inputs) -> Outputs:
    """Extract, correct for dead time, and subtract the background.

    Raises
    ------
    NoGoodTime
        If no data of either cluster lie in good time.
    DataError
        If no cluster can be reduced.
    """
    gti, good = find_good_time(inputs["filter_file"][0], config.expression, config.prefr, config.postfr)
    parts = [_Part(_position(item.name), item, stream_fits(item.data, item.name).file) for item in inputs["science"]]
    obsid = str(parts[0].table.header.get("OBS_ID", "observation")).strip()
    found: dict[Cluster, _Cluster] = {}
    remarks: list[Remark] = []
    errors: list[DataError] = []
    for cluster in Cluster:
        own = [part for part in parts if cluster_of(part.table) is cluster]
        try:
            one = _reduced(config, cluster, own, good, inputs) if own else None
        except DataError as error:
            errors.append(error)
            remarks.append(Remark("cluster_failed", f"Cluster {cluster.name} was not reduced: {error}"))
            continue
        if one is not None:
            found[cluster] = one
            remarks += one.remarks
    if not found:
        raise errors[0] if errors else NoGoodTime("No HEXTE data lie in good time.")
    remarks += _estimate(found, inputs)
    files: dict[str, list[File]] = {name: [] for name in ("light_curve", "parts", "spectrum", "figure")}
    for cluster, one in found.items():
        for name, made in _files(f"{obsid}_{cluster.value.lower()}", cluster, one, obsid).items():
            files[name] += made
    outputs = {name: tuple(made) for name, made in files.items()} | {"gti": (File(f"{obsid}_hexte.gti", gti),)}
    return Outputs(outputs, caveats_of(remarks), _summary(found))


def _position(name: str) -> Position:
    return Position(name.removesuffix(".gz").rpartition("_")[2])


def _opened(item: File) -> FitsFile:
    return open_fits(item.data, item.name)


def _reduced(
    config: HexteDeadConfig, cluster: Cluster, parts: Sequence[_Part], good: Gti, inputs: Inputs
) -> _Cluster | None:
    """Reduce one cluster; None where nothing lies in good time."""
    tables = cluster_tables(inputs.get("rocking", ()), cluster)
    coefficients = _opened(inputs[_COEFFICIENTS[cluster]][0]).table()
    dwell, remarks = _dwell(config, parts, tables)
    bands = {b.name: Band(b.chmin, b.chmax, parse_detectors(config.detectors)) for b in config.bands}
    reduced: list[Reduced] = []
    for part in parts:
        usable = whole_frames(good, timezero(part.table.header, part.table.where)) if part.is_events else good
        request = Request(bands, _binsz(config, part, dwell), _spectrum(config, cluster, part), usable)
        covering = overlapping(tables, *part.span)
        housekeeping = None if covering is None else Housekeeping.from_table(covering, cluster)
        if housekeeping is None:
            if tables:
                raise DataError(
                    f"{part.table.where}: no housekeeping covers {part.span[0]:.0f} to {part.span[1]:.0f} s, the time "
                    "of the science data; fetch the observation's FH53 and FH59 again."
                )
            remarks.append(_realtime(cluster, dwell))
        reduced += _one(part, request, Correction(housekeeping, coefficients, dwell))
    if not reduced:
        return None
    for one in reduced:
        remarks += one.remarks
    interpolated = config.background is Background.INTERPOLATED
    curves = {name: curves_of(reduced, name, dwell, config.cycles, interpolated=interpolated) for name in bands}
    spectra = spectra_of(reduced)
    remarks += background_remarks(spectra, cluster)
    return _Cluster(curves, spectra, dwell, tuple(dict.fromkeys(remarks)))


def _one(part: _Part, request: Request, correction: Correction) -> list[Reduced]:
    if not part.is_events:
        made = reduce_archive(_opened(part.item), part.position, request, correction)
        return [] if made is None else [made]
    events = ScienceEvents.from_bytes(part.item.data, part.item.name, whole=_LONG)
    return reduce_events(events, request, correction, part.position)


def _dwell(config: HexteDeadConfig, parts: Sequence[_Part], tables: Sequence[Table]) -> tuple[float, list[Remark]]:
    """Return the dwell, 0 for staring."""
    source, beside = (
        union(*(from_table(p.file.table(hdu=2)) for p in parts if (p.position is Position.SOURCE) is wanted))
        for wanted in (True, False)
    )
    if config.dwell is not Dwell.AUTO:
        return (float(config.dwell.value) if len(beside) else 0.0), []
    spans = [p.span for p in parts]
    covering = overlapping(tables, min(start for start, _ in spans), max(stop for _, stop in spans))
    return find_dwell(covering, source, beside)


def _binsz(config: HexteDeadConfig, part: _Part, dwell: float) -> float:
    if config.background is Background.INTERPOLATED:
        return config.binsz if part.position is Position.SOURCE else FRAME
    return dwell or FRAME


def _spectrum(config: HexteDeadConfig, cluster: Cluster, part: _Part) -> tuple[int, ...]:
    if not config.spectra:
        return ()
    return cluster.detectors_of_spectra if part.span[0] > DETECTOR_2_LOST else DETECTORS


def _realtime(cluster: Cluster, dwell: float) -> Remark:
    return Remark(
        "no_housekeeping",
        f"Cluster {cluster.name} has no housekeeping (realtime data): exposures beside the source are shortened for "
        f"the slews of a dwell of {dwell:g} s, dead time is not corrected.",
    )


def _estimate(found: dict[Cluster, _Cluster], inputs: Inputs) -> list[Remark]:
    """Give a staring cluster A a background estimated from that of cluster B, where that can be done."""
    a, b = found.get(Cluster.A), found.get(Cluster.B)
    if a is None or Position.SOURCE not in a.spectra or Position.BACKGROUND in a.spectra:
        return []
    given = inputs.get(Role.BACKGROUND_A, ())
    if not given or b is None or Position.BACKGROUND not in b.spectra:
        return [Remark("no_background", "Cluster A stared at the source; its spectrum has no background.")]
    try:
        correction, like = _opened(given[0]).table(), a.spectra[Position.SOURCE]
        a.spectra[Position.BACKGROUND] = estimated_background(b.spectra[Position.BACKGROUND], correction, like)
    except DataError as error:
        message = (
            f"Cluster A stared at the source, and its background can't be estimated: {error} See data in [hexte_back]."
        )
        return [Remark("no_background", message)]
    message = "Cluster A stared at the source; its background spectrum is estimated from cluster B's."
    return [Remark("estimated_background", message)]


def _files(stem: str, cluster: Cluster, one: _Cluster, obsid: str) -> dict[str, list[File]]:
    """Lay out what one cluster gave."""
    curves, parts = [], []
    for band, found in one.curves.items():
        named = {"src": found.source, "bkg": found.background}
        parts += [File(f"{stem}_{band}_{n}.lc", write_light_curve(s)) for n, s in named.items() if s is not None]
        if found.net is not None:
            curves.append(File(f"{stem}_{band}.lc", write_light_curve(found.net)))
    spectra = [File(name, data) for name, data in spectrum_files(one.spectra, stem).items()]
    figures = []
    if {"backgrounds_differ", "background_offset"} & {remark.code for remark in one.remarks}:
        from rossi.plot.background import background_figure
        from rossi.plot.longterm import png

        picture = background_figure(one.spectra, f"{obsid}, HEXTE cluster {cluster.name}")
        figures.append(File(f"{stem}_background.png", png(picture)))
    return {"light_curve": curves, "parts": parts, "spectrum": spectra, "figure": figures}


def _summary(found: Mapping[Cluster, _Cluster]) -> dict[str, Any]:
    curves = {
        f"{cluster.value.lower()}_{band}": (c.net or c.source or c.background)
        for cluster, one in found.items()
        for band, c in one.curves.items()
    }
    every = [series for series in curves.values() if series is not None]
    start = min(float(s.time.min()) for s in every)
    stop = max(float(s.time.max() + s.timedel) for s in every)
    nets = {f"{c.value.lower()}_{band}": k.net for c, one in found.items() for band, k in one.curves.items()}
    return {
        "target": str(every[0].header.get("OBJECT", "")).strip(),
        "tstart": start,
        "tstop": stop,
        "mjd": float(met_to_mjd(np.float64((start + stop) / 2))),
        "clusters": {c.value.lower(): _cluster_summary(one) for c, one in found.items()},
        "bands": {name: _band_summary(series) for name, series in nets.items() if series is not None},
    }


def _cluster_summary(one: _Cluster) -> dict[str, Any]:
    exposures = {p.value: float(f.table().header["EXPOSURE"]) for p, f in one.spectra.items()}
    return {"dwell": one.dwell, "live": exposures}


def _band_summary(series: Series) -> dict[str, float | int]:
    rate, error, exposure = weighted_mean(series)
    return {"rate": rate, "error": error, "exposure": exposure, "rows": len(series)}
