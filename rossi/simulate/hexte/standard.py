"""Standard products of HEXTE, from the simulated photons and the true dead time."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.simulate.hexte.cluster import ARCHIVE_CPIX, ARCHIVE_FIRST, DETECTORS, FRAME, Cluster
from rossi.simulate.hexte.photons import Frames, Photons
from rossi.simulate.hexte.science import archive_spectra
from rossi.simulate.spec import ObservationSpec
from rossi.simulate.standard import Origin, curve_file, product_path, spectrum_file

#: Times, rates and errors.
_Curve: TypeAlias = tuple[Floats, Floats, Floats]

#: Bands of the light curves [channel]; an element belongs to the band that its first channel is in.
BANDS = {"a": (15, 61), "b": (15, 29), "c": (30, 61)}


def hexte_products(
    spec: ObservationSpec, cluster: Cluster, frames: Frames, photons: Photons, good: NDArray[np.bool_]
) -> list[tuple[str, bytes]]:
    """Return path and content of light curves in frames of 16 s, and spectra; none of what has no good frame.

    Parameters
    ----------
    spec : ObservationSpec
    cluster : Cluster
    frames : Frames
    photons : Photons
    good : ndarray (n,) of bool
        Which of the frames.
    """
    spectra, live = archive_spectra(len(frames.time), photons), FRAME - frames.dead
    sides = {"s": good & (frames.position == 0), "b": good & (frames.position != 0)}
    sides = {content: chosen for content, chosen in sides.items() if chosen.any()}
    files = []
    for content, chosen in sides.items():
        files.append(_spectrum(spec, cluster, content, frames.time[chosen], spectra[chosen], live[chosen]))
    for band, (low, high) in BANDS.items():
        inside = (low <= ARCHIVE_FIRST) & (high >= ARCHIVE_FIRST)
        counts, seconds = spectra[:, :, inside].sum((1, 2)), live.mean(1)
        rate, error = counts / seconds, np.sqrt(np.maximum(counts, 1)) / seconds
        made: dict[str, _Curve] = {c: (frames.time[rows], rate[rows], error[rows]) for c, rows in sides.items()}
        if len(made) == len(sides) == len("sb"):
            made["n"] = _net(made["s"], made["b"])
        files += [_curve(spec, f"{c}{cluster.index}{band}", (low, high), *one) for c, one in made.items()]
    return files


def _net(source: _Curve, background: _Curve) -> _Curve:
    """Subtract the background, which is interpolated between the frames beside the source."""
    time, rate, error = source
    below, scatter = (np.interp(time, background[0], one) for one in background[1:])
    return time, rate - below, np.sqrt(error**2 + scatter**2)


def _curve(
    spec: ObservationSpec, name: str, band: tuple[int, int], time: Floats, rate: Floats, error: Floats
) -> tuple[str, bytes]:
    columns = tuple(f"SpecDet{detector}" for detector in range(DETECTORS))
    path = product_path(spec, "h", f"{name}.lc")
    origin = Origin(path, "HEXTE", name[0], columns, ARCHIVE_CPIX, band, is_live=True)
    return curve_file(spec, origin, time, rate, error, FRAME)


def _spectrum(
    spec: ObservationSpec,
    cluster: Cluster,
    content: str,
    time: Floats,
    spectra: NDArray[np.int64],
    live: Floats,
) -> tuple[str, bytes]:
    lost = cluster.lost_detector(spec.start)
    detectors = [detector for detector in range(DETECTORS) if detector != lost]
    counts = spectra[:, detectors].sum((0, 1)).astype(float)
    path = product_path(spec, "h", f"{content}{cluster.index}.pha")
    columns = tuple(f"SpecDet{detector}" for detector in detectors)
    origin = Origin(path, "HEXTE", content, columns, ARCHIVE_CPIX, is_live=True)
    return spectrum_file(spec, origin, time, counts, np.sqrt(counts), float(live[:, detectors].mean(1).sum()))
