"""HEXTE's products, whoever computes them: what a cluster gave, how it is laid out in files and summed up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rossi.errors import DataError, NoGoodTime
from rossi.extract.channels import ChannelSelection
from rossi.extract.keywords import Content, describe, describe_file
from rossi.extract.repeats import REPEATED, once_of
from rossi.fits.reader import FitsFile
from rossi.fits.stream import stream_fits
from rossi.fits.table import Table
from rossi.gti import Gti, from_table, intersection, union
from rossi.hexte.cluster import Curves, spectrum_files
from rossi.hexte.dwell import find_dwell, overlapping
from rossi.hexte.rocking import Position
from rossi.hexte.science import DETECTOR_2_LOST, DETECTORS, Cluster, cluster_of, kind_of
from rossi.met import met_to_mjd
from rossi.remarks import Remark
from rossi.timeseries.rebin import weighted_mean
from rossi.timeseries.series import Series
from rossi.timeseries.writing import write_light_curve
from services.calibration.config import Role
from services.contract import File, Inputs, Outputs
from services.engines import caveats_of
from services.hexte_dead.stage import Dwell, HexteDeadConfig


@dataclass(frozen=True, slots=True)
class Part:
    """A split science file.

    Parameters
    ----------
    position : Position
    item : File
    file : FitsFile
        The rows of its first table are missing.
    """

    position: Position
    item: File
    file: FitsFile

    @classmethod
    def of(cls, item: File) -> Part:
        """Open a file of stage ``hexte_back``."""
        return cls(position_of(item.name), item, stream_fits(item.data, item.name).file)

    @property
    def table(self) -> Table:
        """The science table, without rows."""
        return self.file.table()

    @property
    def is_events(self) -> bool:
        """Whether rows are single events."""
        return kind_of(self.table).has_event_words

    @property
    def span(self) -> tuple[float, float]:
        """TSTART and TSTOP of the whole science file [s]."""
        header, where = self.table.header, self.table.where
        return header.number("TSTART", where), header.number("TSTOP", where)


@dataclass(frozen=True, slots=True)
class ClusterProducts:
    """What an observation gave for one cluster.

    Parameters
    ----------
    curves : mapping of str to Curves
        By band.
    spectra : dict of Position to FitsFile
    dwell : float [s]
    remarks : tuple of Remark
    ready : mapping of str to bytes
        Light curves that are files already, by what their names end with: ``ch15-61_src.lc``.
    """

    curves: Mapping[str, Curves]
    spectra: dict[Position, FitsFile]
    dwell: float
    remarks: tuple[Remark, ...]
    ready: Mapping[str, bytes] = field(default_factory=dict)


#: Reduces one cluster; None where nothing lies in good time.
Reduction = Callable[[Cluster, list[Part]], ClusterProducts | None]
#: Estimates cluster A's background from cluster B's, the correction, and a spectrum of A with its channels.
Estimate = Callable[[FitsFile, File, FitsFile], FitsFile]


def reduce_clusters(parts: Sequence[Part], reduction: Reduction) -> tuple[dict[Cluster, ClusterProducts], list[Remark]]:
    """Reduce both clusters; damage of one does not concern the other.

    Raises
    ------
    NoGoodTime
        If no data of either cluster lie in good time.
    DataError
        If no cluster can be reduced.
    """
    found: dict[Cluster, ClusterProducts] = {}
    remarks: list[Remark] = []
    errors: list[DataError] = []
    for cluster in Cluster:
        own = [part for part in parts if cluster_of(part.table) is cluster]
        try:
            one = reduction(cluster, own) if own else None
        except DataError as error:
            errors.append(error)
            remarks.append(Remark("cluster_failed", f"Cluster {cluster.name} was not reduced: {error}"))
            continue
        if one is not None:
            found[cluster] = one
            remarks += one.remarks
    if not found:
        raise errors[0] if errors else NoGoodTime("No HEXTE data lie in good time.")
    return found, remarks


def outputs_of(
    config: HexteDeadConfig,
    parts: Sequence[Part],
    found: dict[Cluster, ClusterProducts],
    remarks: Sequence[Remark],
    gti: bytes,
) -> Outputs:
    """Return the outputs of stage ``hexte_dead``."""
    obsid = str(parts[0].table.header.get("OBS_ID", "observation")).strip()
    channels = {band.name: ChannelSelection(chmin=band.chmin, chmax=band.chmax) for band in config.bands}
    files: dict[str, list[File]] = {name: [] for name in ("light_curve", "parts", "spectrum", "figure")}
    for cluster, one in found.items():
        for name, made in product_files(f"{obsid}_{cluster.value.lower()}", cluster, one, obsid, channels).items():
            files[name] += made
    outputs = {name: tuple(made) for name, made in files.items()} | {"gti": (File(f"{obsid}_hexte.gti", gti),)}
    return Outputs(outputs, caveats_of(remarks), summary_of(found))


def position_of(name: str) -> Position:
    """Return the position that the name of a split file says."""
    return Position(name.removesuffix(".gz").rpartition("_")[2])


def dwell_of(config: HexteDeadConfig, parts: Sequence[Part], tables: Sequence[Table]) -> tuple[float, list[Remark]]:
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


def good_of_parts(parts: Sequence[Part], good: Gti) -> tuple[list[Gti], list[Remark]]:
    """Return the good time of each part of a cluster, without what a part before has of the same position."""
    order = sorted(range(len(parts)), key=lambda n: parts[n].span[0])
    ranges = [intersection(good, from_table(parts[n].file.table(hdu=2))) for n in order]
    left, repeats = once_of([(parts[n].item.name, parts[n].position) for n in order], ranges)
    found = [good] * len(parts)
    for n, before, after in zip(order, ranges, left, strict=True):
        found[n] = good if after is before else after
    return found, [Remark(REPEATED, str(repeat)) for repeat in repeats]


def spectrum_detectors(config: HexteDeadConfig, cluster: Cluster, part: Part) -> tuple[int, ...]:
    """Return the detectors of a part's spectrum; none, no spectrum."""
    if not config.spectra:
        return ()
    return cluster.detectors_of_spectra if part.span[0] > DETECTOR_2_LOST else DETECTORS


def estimate_missing(found: dict[Cluster, ClusterProducts], inputs: Inputs, estimate: Estimate) -> list[Remark]:
    """Give a staring cluster A a background estimated from that of cluster B, where that can be done."""
    a, b = found.get(Cluster.A), found.get(Cluster.B)
    if a is None or Position.SOURCE not in a.spectra or Position.BACKGROUND in a.spectra:
        return []
    given = inputs.get(Role.BACKGROUND_A, ())
    if not given or b is None or Position.BACKGROUND not in b.spectra:
        return [Remark("no_background", "Cluster A stared at the source; its spectrum has no background.")]
    try:
        like = a.spectra[Position.SOURCE]
        a.spectra[Position.BACKGROUND] = estimate(b.spectra[Position.BACKGROUND], given[0], like)
    except DataError as error:
        message = f"Cluster A stared at the source, and its background can't be estimated: {error}"
        message += " See data in [hexte_back]."
        return [Remark("no_background", message)]
    message = "Cluster A stared at the source; its background spectrum is estimated from cluster B's."
    return [Remark("estimated_background", message)]


def product_files(
    stem: str, cluster: Cluster, one: ClusterProducts, obsid: str, channels: Mapping[str, ChannelSelection]
) -> dict[str, list[File]]:
    """Lay out what one cluster gave; `channels` are those of each band."""

    def file_of(name: str, series: Series, content: Content, band: str) -> File:
        data = one.ready.get(name) or write_light_curve(series)
        return File(f"{stem}_{name}", describe_file(data, name, content, channels[band], obsid))

    curves, parts = [], []
    for band, found in one.curves.items():
        if found.source is not None:
            parts.append(file_of(f"{band}_src.lc", found.source, Content.TOTAL, band))
        if found.background is not None:
            parts.append(file_of(f"{band}_bkg.lc", found.background, Content.BACKGROUND, band))
        if found.net is not None:
            curves.append(file_of(f"{band}.lc", found.net, Content.NET, band))
    for position, file in one.spectra.items():
        content = Content.TOTAL if position is Position.SOURCE else Content.BACKGROUND
        describe(file.table().header, content, None, obsid)
    spectra = [File(name, data) for name, data in spectrum_files(one.spectra, stem).items()]
    figures = []
    if {"backgrounds_differ", "background_offset"} & {remark.code for remark in one.remarks}:
        from rossi.plot.background import background_figure
        from rossi.plot.longterm import png

        picture = background_figure(one.spectra, f"{obsid}, HEXTE cluster {cluster.name}")
        figures.append(File(f"{stem}_background.png", png(picture)))
    return {"light_curve": curves, "parts": parts, "spectrum": spectra, "figure": figures}


def summary_of(found: Mapping[Cluster, ClusterProducts]) -> dict[str, Any]:
    """Return what tables and reports show of an observation."""
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


def _cluster_summary(one: ClusterProducts) -> dict[str, Any]:
    exposures = {p.value: float(f.table().header["EXPOSURE"]) for p, f in one.spectra.items()}
    return {"dwell": one.dwell, "live": exposures}


def _band_summary(series: Series) -> dict[str, float | int]:
    rate, error, exposure = weighted_mean(series)
    return {"rate": rate, "error": error, "exposure": exposure, "rows": len(series)}
