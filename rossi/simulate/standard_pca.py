"""Standard products of the PCA, from the simulated counts and the expectation of their background."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rossi.simulate import clock
from rossi.simulate.detector import Rows, pcu_on, segments
from rossi.simulate.science import SAMPLE, SAMPLES
from rossi.simulate.source import CPIX, elements
from rossi.simulate.spec import PCUS, ROW, ObservationSpec
from rossi.simulate.standard import Origin, curve_file, good_time_file, product_path, spectrum_file

#: The PCU that is always on.
_ALWAYS = 2
#: Bands of the light curves [keV].
BANDS = {"a": (2, 9), "b": (2, 4), "c": (4, 9), "d": (9, 20), "e": (20, 40)}
_ANODES = ("X1L", "X1R", "X2L", "X2R", "X3L", "X3R")
_LAYER_1 = slice(0, 2)


def pca_products(spec: ObservationSpec, rows: Rows, good: NDArray[np.bool_]) -> list[tuple[str, bytes]]:
    """Return path and content of light curves, spectra and good time; none without good rows.

    Light curves are of layer 1 and scaled to one PCU, spectra of all layers and the sum of the PCUs: those that are on
    in all good rows and have their propane layer. Dead time is not corrected for.

    Parameters
    ----------
    spec : ObservationSpec
    rows : Rows
    good : ndarray (n,) of bool
        Which of the rows.
    """
    of_all = good & pcu_on(spec, rows.time)[:, _ALWAYS]
    if not of_all.any():
        return []
    on = np.asarray(pcu_on(spec, rows.time)[of_all].all(0))
    pcus = [pcu for pcu in range(PCUS) if on[pcu] and spec.start < clock.PROPANE_LOST.get(pcu, np.inf)]
    time = rows.time[of_all]
    counts, background = rows.xenon[of_all][:, pcus].astype(np.float64), rows.background[of_all][:, pcus]
    files = [good_time_file(spec, rows.time[good])]
    for band, energies in BANDS.items():
        files += _curves(spec, time, pcus, _channels(spec, *energies), band, (counts, background))
    files += _spectra(spec, time, pcus, counts, background)
    return files + _standard1(spec, rows, of_all, pcus)


def _channels(spec: ObservationSpec, low: float, high: float) -> tuple[int, int]:
    gain = clock.gain(spec.start, _ALWAYS)
    return int(low * gain + 0.5), int(high * gain)


def _curves(
    spec: ObservationSpec,
    time: NDArray[np.float64],
    pcus: list[int],
    channels: tuple[int, int],
    band: str,
    sides: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> list[tuple[str, bytes]]:
    total, background = (side[:, :, _LAYER_1, elements(*channels)].sum((1, 2, 3)) for side in sides)
    scale = 1.0 / len(pcus)
    names = tuple(f"{anode}SpecPcu{pcu}" for pcu in pcus for anode in _ANODES[_LAYER_1])
    made = {"s": (total, total), "b": (background, background), "n": (total - background, total)}
    files = []
    for content, (value, variance) in made.items():
        path = product_path(spec, "p", f"{content}2{band}.lc")
        origin = Origin(path, "PCA", content, names, CPIX, channels, scale=scale)
        error = np.sqrt(np.maximum(variance, 1)) * scale / ROW
        files.append(curve_file(spec, origin, time, value * scale / ROW, error))
    return files


def _spectra(
    spec: ObservationSpec,
    time: NDArray[np.float64],
    pcus: list[int],
    counts: NDArray[np.float64],
    background: NDArray[np.float64],
) -> list[tuple[str, bytes]]:
    names = tuple(f"{anode}SpecPcu{pcu}" for pcu in pcus for anode in _ANODES)
    files = []
    for content, side in (("s", counts), ("b", background)):
        value = side.sum((0, 1, 2))
        origin = Origin(product_path(spec, "p", f"{content}2.pha"), "PCA", content, names, CPIX)
        files.append(spectrum_file(spec, origin, time, value, np.sqrt(value), float(ROW * len(time))))
    return files


def _standard1(spec: ObservationSpec, rows: Rows, good: NDArray[np.bool_], pcus: list[int]) -> list[tuple[str, bytes]]:
    """Return the light curve of all channels of those rows that Standard1, in blocks of 128 s, has too."""
    whole = np.zeros(len(rows.time), bool)
    block = int(SAMPLE * SAMPLES) // ROW
    for run in segments(rows.time):
        whole[run.start : run.start + (run.stop - run.start) // block * block] = True
    chosen = good & whole
    if spec.fast is not None or not chosen.any():
        return []
    total, background = (side[chosen][:, pcus].sum((1, 2, 3)) for side in (rows.xenon, rows.background))
    scale = 1.0 / len(pcus)
    origin = Origin(
        product_path(spec, "p", "n1.lc"), "PCA", "n", tuple(f"XeCntPcu{pcu}" for pcu in pcus), "(0~255)", scale=scale
    )
    values = ((total - background) * scale / ROW, np.sqrt(total) * scale / ROW)
    return [curve_file(spec, origin, rows.time[chosen], *values)]
