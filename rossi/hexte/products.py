"""What an observation gave, whoever computed it: products of each cluster, their files, and a summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rossi.errors import DataError, NoGoodTime
from rossi.extract.channels import ChannelSelection
from rossi.extract.energies import add_energies
from rossi.extract.keywords import describe
from rossi.fits.edit import hdus_of
from rossi.fits.reader import FitsFile
from rossi.fits.writer import join_hdus
from rossi.hexte.cluster import Curves, spectrum_files
from rossi.hexte.parts import Part
from rossi.hexte.reduction import DetectorBand
from rossi.hexte.rocking import Position
from rossi.hexte.science import Cluster, cluster_of
from rossi.product import About, Content, File, Kind
from rossi.remarks import Remark
from rossi.timeseries.layout import primary
from rossi.timeseries.series import LightCurve
from rossi.timeseries.summary import band_summary, summary


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

    def summary(self) -> dict[str, Any]:
        """Return the dwell [s] and the live time of each position [s]."""
        live = {p.value: float(f.table().header["EXPOSURE"]) for p, f in self.spectra.items()}
        return {"dwell": self.dwell, "live": live}


@dataclass(frozen=True, slots=True)
class Products:
    """What an observation gave.

    Parameters
    ----------
    obsid : str
    bands : mapping of str to DetectorBand
    clusters : mapping of Cluster to ClusterProducts
        At least one.
    remarks : tuple of Remark
    """

    obsid: str
    bands: Mapping[str, DetectorBand]
    clusters: Mapping[Cluster, ClusterProducts]
    remarks: tuple[Remark, ...]

    def light_curve_files(self) -> tuple[tuple[File, ...], tuple[File, ...]]:
        """Return net light curves as files, and those of source and background: ``<obsid>_pwa_ch15-61_src.lc``."""
        net, parts = list[File](), list[File]()
        for cluster, one in self.clusters.items():
            for band, curves in one.curves.items():
                parts += self._light_curve(cluster, band, "_src", curves.source, Content.TOTAL)
                parts += self._light_curve(cluster, band, "_bkg", curves.background, Content.BACKGROUND)
                net += self._light_curve(cluster, band, "", curves.net, Content.NET)
        return tuple(net), tuple(parts)

    def _light_curve(
        self, cluster: Cluster, band: str, suffix: str, series: LightCurve | None, content: Content
    ) -> list[File]:
        if series is None:
            return []
        name = f"{band}{suffix}.lc"
        ready = self.clusters[cluster].ready.get(name)
        hdus = [primary(series.primary), *series.tables()] if ready is None else hdus_of(ready, name)
        first, last = self.bands[band].first, self.bands[band].last
        describe(hdus[1].header, content, ChannelSelection(chmin=first, chmax=last), self.obsid)
        both = self.bands[band].energies
        energies = None if both is None else both.of(cluster.value)
        hdus += add_energies(hdus[1].header, energies)
        channels = (first, last) if energies is None else None
        label, of = f"{cluster.label}_{band}{suffix}", cluster.name
        about = About(Kind.LIGHT_CURVE, label, "HEXTE", content, channels, cluster=of, energies=energies)
        return [File(f"{self.stem(cluster)}_{name}", join_hdus(hdus), about=about)]

    def spectrum_files(self) -> tuple[File, ...]:
        """Return spectra as files: ``<obsid>_pwa_src.pha`` and the like."""
        files = list[File]()
        for cluster, one in self.clusters.items():
            for position, file in one.spectra.items():
                describe(file.table().header, _content(position), None, self.obsid)
            for position, data in spectrum_files(one.spectra, self.stem(cluster)).items():
                label = f"{cluster.label}_{position.value}"
                content = _content(position)
                about = About(Kind.SPECTRUM, label, "HEXTE", content, cluster=cluster.name, position=position.value)
                files.append(File(f"{self.obsid}_{label}.pha", data, about=about))
        return tuple(files)

    def stem(self, cluster: Cluster) -> str:
        """Return what the names of a cluster's files begin with.

        Parameters
        ----------
        cluster : Cluster
        """
        return f"{self.obsid}_{cluster.label}"

    def summary(self) -> dict[str, Any]:
        """Return what tables and reports show: see `rossi.timeseries.summary`."""
        curves = {
            f"{cluster.label}_{band}": found
            for cluster, one in self.clusters.items()
            for band, found in one.curves.items()
        }
        shown = (c.net or c.source or c.background for c in curves.values())
        every = [series for series in shown if series is not None]
        start = min(float(s.time.min()) for s in every)
        stop = max(float(s.time.max() + s.timedel) for s in every)
        nets = {name: found.net for name, found in curves.items() if found.net is not None}
        bands = {name: band_summary(net.rate, net.error, net.exposure) for name, net in nets.items()}
        clusters = {cluster.label: one.summary() for cluster, one in self.clusters.items()}
        return summary(str(every[0].header.get("OBJECT", "")).strip(), start, stop, bands) | {"clusters": clusters}


#: Reduces one cluster; None where nothing lies in good time.
Reduction = Callable[[Cluster, list[Part]], ClusterProducts | None]
#: Estimates cluster A's background from cluster B's, and a spectrum of A with its channels.
Estimate = Callable[[FitsFile, FitsFile], FitsFile]


def reduce_clusters(
    parts: Sequence[Part], bands: Mapping[str, DetectorBand], reduction: Reduction, estimate: Estimate | None = None
) -> Products:
    """Reduce both clusters; damage of one does not concern the other.

    Parameters
    ----------
    parts : sequence of Part
        At least one.
    bands : mapping of str to DetectorBand
        Light curves by name.
    reduction : callable
        Takes a cluster and its parts; gives `ClusterProducts`, or None where nothing lies in good time.
    estimate : callable, optional
        Takes the background spectrum of cluster B and the source spectrum of A; gives a background of A.

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
    remarks += _estimate_missing(found, estimate)
    return Products(str(parts[0].table.header.get("OBS_ID", "observation")).strip(), bands, found, tuple(remarks))


def _content(position: Position) -> Content:
    return Content.TOTAL if position is Position.SOURCE else Content.BACKGROUND


def _estimate_missing(found: Mapping[Cluster, ClusterProducts], estimate: Estimate | None) -> list[Remark]:
    """Give a staring cluster A a background estimated from that of cluster B, where that can be done."""
    a, b = found.get(Cluster.A), found.get(Cluster.B)
    if a is None or Position.SOURCE not in a.spectra or Position.BACKGROUND in a.spectra:
        return []
    if estimate is None or b is None or Position.BACKGROUND not in b.spectra:
        return [Remark("no_background", "Cluster A stared at the source; its spectrum has no background.")]
    try:
        a.spectra[Position.BACKGROUND] = estimate(b.spectra[Position.BACKGROUND], a.spectra[Position.SOURCE])
    except DataError as error:
        message = f"Cluster A stared at the source, and its background can't be estimated: {error}"
        message += " data = 'events' in [hexte_back] takes event lists where there are any."
        return [Remark("no_background", message)]
    message = "Cluster A stared at the source; its background spectrum is estimated from cluster B's."
    return [Remark("estimated_background", message)]
