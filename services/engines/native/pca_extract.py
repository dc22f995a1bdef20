"""Stage ``pca_extract`` on the native engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import NoGoodTime
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.keywords import Content
from rossi.extract.repeats import REPEATED
from rossi.extract.selection import TimeSelection
from rossi.fits.reader import open_fits
from rossi.met import met_to_mjd
from rossi.pca.lightcurve import DeadTime, PcaLightCurve, Request, light_curves, pca_light_curve_file
from rossi.pca.spectrum import SpectrumRequest, pca_spectrum, pca_spectrum_file
from rossi.pca.standard2 import parse_layers, parse_pcus
from services.contract import Caveat, File, Inputs, Outputs
from services.engines.native.good_time import find_good_time
from services.pca_extract.stage import PcaExtractConfig

Arrays = Sequence[ScienceArray]


def pca_extract(config: PcaExtractConfig, inputs: Inputs) -> Outputs:
    """Find good time and extract light curves in every band, and spectra.

    Raises
    ------
    NoGoodTime
        If the filter leaves no time, or all PCUs were off or bad in what it leaves.
    """
    gti, good, told = find_good_time(inputs["filter_file"][0], config.expression, config.prefr, config.postfr)
    time = TimeSelection(common=(good,))
    data, background = (_arrays(inputs.get(name, ())) for name in ("std2_dt", "std2_dtbkg"))
    obsid = str(data[0].table.header.get("OBS_ID", "observation")).strip()
    requests = _requests(config)
    curves = dict(zip(requests, light_curves(data, background or None, time, list(requests.values())), strict=True))
    if not (_exposure(next(iter(curves.values()))) > 0).any():
        raise NoGoodTime(f"The PCUs asked for ({config.pcus}) were off, or their rows bad, throughout the good time.")
    curves = {name: curve for name, curve in curves.items() if (_exposure(curve) > 0).any()}
    spectra = _spectra(config, obsid, data, background, time) if config.spectra else ()
    repeats = dict.fromkeys(repeat for curve in curves.values() for repeat in curve.curve.source.grid.repeats)
    caveats = [*told, *(Caveat(code=REPEATED, message=str(repeat)) for repeat in repeats)]
    if not background:
        caveats.append(Caveat(code="no_background", message="Rates include the background."))
    outputs = {
        "light_curve": tuple(File(f"{obsid}_{name}.lc", pca_light_curve_file(c)) for name, c in curves.items()),
        "spectrum": spectra,
        "gti": (File(f"{obsid}.gti", gti),),
    }
    return Outputs(outputs, tuple(caveats), _summary(curves))


def _arrays(files: Sequence[File]) -> Arrays:
    return [ScienceArray.from_file(open_fits(f.data, f.name)) for f in files]


def _requests(config: PcaExtractConfig) -> dict[str, Request]:
    """Return what to extract, by the name of each light curve."""
    pcus, anodes = parse_pcus(config.pcus), parse_layers(config.layers)
    requests = {}
    for band in config.bands:
        requests[band.name] = Request(
            *(pcus, anodes, ChannelSelection(chmin=band.chmin, chmax=band.chmax), band.binsz or config.binsz),
            dead_time=config.dead_time,
            subtract=config.subtract,
        )
        if config.per_pcu:
            requests |= {f"{band.name}_pcu{n}": replace(requests[band.name], pcus=(n,)) for n in pcus}
    return requests


def _spectra(
    config: PcaExtractConfig, obsid: str, data: Arrays, background: Arrays, time: TimeSelection
) -> tuple[File, ...]:
    """Return the spectra of source and background; the source's BACKFILE names the background's file."""
    dead_time = DeadTime.ON if config.dead_time == DeadTime.ON else DeadTime.LIVE
    request = SpectrumRequest(parse_pcus(config.pcus), parse_layers(config.layers), dead_time=dead_time)
    source, modelled = pca_spectrum(data, background or None, time, request)
    if modelled is None:
        return (File(f"{obsid}_src.pha", pca_spectrum_file(source, content=Content.TOTAL)),)
    name = f"{obsid}_bkg.pha"
    return (
        File(f"{obsid}_src.pha", pca_spectrum_file(source, name, content=Content.TOTAL)),
        File(name, pca_spectrum_file(modelled, content=Content.BACKGROUND)),
    )


def _summary(curves: Mapping[str, PcaLightCurve]) -> dict[str, Any]:
    result = next(iter(curves.values()))
    first, exposure = result.curve, result.exposure
    start, stop = float(first.time[0]), float(first.time[-1] + first.source.grid.binsz)
    return {
        "target": str(first.source.grid.files[0].table.header.get("OBJECT", "")).strip(),
        "tstart": start,
        "tstop": stop,
        "mjd": float(met_to_mjd((start + stop) / 2)),
        "ontime": first.ontime,
        "pcus": None if exposure is None else round(float(exposure.sum() / first.ontime), 2),
        "bands": {name: _band_summary(curve) for name, curve in curves.items()},
    }


def _exposure(result: PcaLightCurve) -> NDArray[np.float64]:
    """Return PCU seconds, or the length of the bins where there is no dead-time correction (n_bin,) [s]."""
    return result.curve.source.exposure if result.exposure is None else result.exposure


def _band_summary(result: PcaLightCurve) -> dict[str, float | int]:
    """Return the exposure-weighted mean rate [count / s / PCU] and what it rests on."""
    curve, weight = result.curve, _exposure(result)
    valid = np.isfinite(curve.value) & (weight > 0)
    share, total = weight[valid], float(weight[valid].sum())
    return {
        "rate": float((curve.value[valid] * share).sum() / total),
        "error": float(np.sqrt(((curve.error[valid] * share) ** 2).sum()) / total),
        "exposure": total,
        "rows": len(curve.time),
    }
