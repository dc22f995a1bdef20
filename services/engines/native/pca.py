"""PCA stages on the native engine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import NoGoodTime
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.selection import TimeSelection
from rossi.fits.reader import FitsFile, open_fits
from rossi.gti import from_rows
from rossi.maketime import good_time, gti_file
from rossi.met import met_to_mjd
from rossi.pca.background.estimate import estimate_background
from rossi.pca.background.model import BackgroundModel, read_model
from rossi.pca.deadtime import BadRowRules
from rossi.pca.filter import build_filter_file
from rossi.pca.filter.indices import read_master
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.lightcurve import PcaLightCurve, Request, light_curves, pca_light_curve_file
from rossi.pca.prepare import prepare_background, prepare_standard2
from rossi.pca.standard2 import PCUS, parse_layers, parse_pcus
from services.calibration.config import Role
from services.contract import Caveat, File, Inputs, Outputs
from services.pca_extract.stage import PcaExtractConfig
from services.pca_prep.stage import FilterSource, PcaPrepConfig


def pca_prep(config: PcaPrepConfig, inputs: Inputs) -> Outputs:
    """Make the filter file, mark bad rows, work out dead time and estimate background of an observation."""
    housekeeping = [Housekeeping.from_file(open_fits(f.data, f.name)) for f in inputs["housekeeping"]]
    filter_item = _filter_file(config, inputs)
    filter_file = open_fits(filter_item.data, filter_item.name)
    rules = BadRowRules(config.transition_bad, config.propane_bad, config.zero_bad)
    models = [_model(item) for item in inputs.get(Role.MODEL, ())]
    saa, breakdown = (_calibration(inputs, role) for role in (Role.SAA, Role.BREAKDOWN))
    prepared, backgrounds = [], []
    for item in sorted(inputs["std2"], key=lambda f: f.name):
        file = open_fits(item.data, item.name)
        name = item.name.rpartition("/")[2].removesuffix(".gz")
        data = prepare_standard2(file, housekeeping, breakdown, rules)
        prepared.append(File(f"{name}_dt.gz", data.to_bytes(compress=True)))
        if models:
            estimate = estimate_background(file, filter_file, models, saa).to_file()
            background = prepare_background(estimate, data, rules)
            backgrounds.append(File(f"{name}_dtbkg.gz", background.to_bytes(compress=True)))
    absent = sorted(set(PCUS) - {h.pcu for h in housekeeping})
    caveats = [
        Caveat(code="no_housekeeping", message=f"PCU {n} has no housekeeping file and counts as off.") for n in absent
    ]
    if not models:
        caveats.append(Caveat(code="no_background", message="Rates include the background; none was estimated."))
    files = {"std2_dt": tuple(prepared), "std2_dtbkg": tuple(backgrounds), "filter_file": (filter_item,)}
    return Outputs(files, tuple(caveats), {"files": len(prepared)})


def _filter_file(config: PcaPrepConfig, inputs: Inputs) -> File:
    if config.filter_file is FilterSource.ARCHIVE:
        (found,) = inputs["filter_file"]
        return File(found.name.rpartition("/")[2], found.data)
    needed = [*inputs["index"], *inputs["spacecraft"], *inputs["std2"], *inputs["housekeeping"]]
    files = {item.name: item.data for item in needed}
    master = read_master(files)
    history = _calibration(inputs, Role.BREAKDOWN_HISTORY)
    return File(f"FP_{master.start:08x}-{master.stop:08x}.xfl.gz", build_filter_file(files, history, compress=True))


def _calibration(inputs: Inputs, role: Role) -> FitsFile | None:
    return next((open_fits(item.data, item.name) for item in inputs.get(role, ())), None)


def _model(item: File) -> BackgroundModel:
    model = read_model(item.data, item.name)
    return model.only(item.hdus) if item.hdus else model


def pca_extract(config: PcaExtractConfig, inputs: Inputs) -> Outputs:
    """Find good time and extract a light curve in every band.

    Raises
    ------
    NoGoodTime
        If the filter leaves no time, or all PCUs were off or bad in what it leaves.
    """
    (filter_item,) = inputs["filter_file"]
    filter_file = open_fits(filter_item.data, filter_item.name)
    table = filter_file.table("XTE_MKF") if len(filter_file.tables) > 1 else filter_file.table(hdu=1)
    rows = good_time(table, config.expression, config.prefr, config.postfr, "Time")
    gti = gti_file(filter_file, table, rows, config.expression, config.prefr, config.postfr)
    if not len(rows):
        raise NoGoodTime(f"No row of the filter file {filter_item.name} fulfils {config.expression!r}.")
    time = TimeSelection(common=(from_rows(rows, table.header, table.where),))
    arrays = [ScienceArray.from_file(open_fits(f.data, f.name)) for f in inputs["std2_dt"]]
    pcus, anodes = parse_pcus(config.pcus), parse_layers(config.layers)
    requests = [
        Request(
            *(pcus, anodes, ChannelSelection(chmin=band.chmin, chmax=band.chmax), config.binsz),
            dead_time=config.dead_time,
            subtract=config.subtract,
        )
        for band in config.bands
    ]
    background = [ScienceArray.from_file(open_fits(f.data, f.name)) for f in inputs.get("std2_dtbkg", ())]
    curves = light_curves(arrays, background or None, time, requests)
    if not (_exposure(curves[0]) > 0).any():
        raise NoGoodTime(f"The PCUs asked for ({config.pcus}) were off, or their rows bad, throughout the good time.")
    obsid = str(arrays[0].table.header.get("OBS_ID", "observation")).strip()
    files = [
        File(f"{obsid}_{band.name}.lc", pca_light_curve_file(curve))
        for band, curve in zip(config.bands, curves, strict=True)
    ]
    summary = _summary(curves, [band.name for band in config.bands])
    caveats = [] if background else [Caveat(code="no_background", message="Rates include the background.")]
    outputs = {"light_curve": tuple(files), "gti": (File(f"{obsid}.gti", gti),)}
    return Outputs(outputs, tuple(caveats), summary)


def _summary(curves: list[PcaLightCurve], bands: list[str]) -> dict[str, Any]:
    first = curves[0].curve
    start, stop = float(first.time[0]), float(first.time[-1] + first.source.grid.binsz)
    exposure = curves[0].exposure
    return {
        "target": str(first.source.grid.files[0].table.header.get("OBJECT", "")).strip(),
        "tstart": start,
        "tstop": stop,
        "mjd": float(met_to_mjd((start + stop) / 2)),
        "ontime": first.ontime,
        "pcus": None if exposure is None else round(float(exposure.sum() / first.ontime), 2),
        "bands": {name: _band_summary(curve) for name, curve in zip(bands, curves, strict=True)},
    }


def _exposure(result: PcaLightCurve) -> NDArray[np.float64]:
    """Return PCU seconds, or the length of the bins where there is no dead-time correction (n_bin,) [s]."""
    return result.curve.source.exposure if result.exposure is None else result.exposure


def _band_summary(result: PcaLightCurve) -> dict[str, float | int]:
    """Return the exposure-weighted mean rate [count / s / PCU] and what it rests on."""
    curve = result.curve
    weight = _exposure(result)
    valid = np.isfinite(curve.value) & (weight > 0)
    total = float(weight[valid].sum())
    share = weight[valid]
    return {
        "rate": float((curve.value[valid] * share).sum() / total),
        "error": float(np.sqrt(((curve.error[valid] * share) ** 2).sum()) / total),
        "exposure": total,
        "rows": len(curve.time),
    }
