"""PCA stages on the native engine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.errors import NoGoodTime
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.selection import TimeSelection
from rossi.fits.reader import open_fits
from rossi.gti import from_rows
from rossi.maketime import good_time, gti_file
from rossi.met import met_to_mjd
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.lightcurve import PcaLightCurve, Request, light_curves, pca_light_curve_file
from rossi.pca.prepare import prepare_standard2
from rossi.pca.standard2 import PCUS, parse_layers, parse_pcus
from services.contract import Caveat, File, Inputs, Outputs
from services.pca_extract.stage import PcaExtractConfig
from services.pca_prep.stage import PcaPrepConfig


def pca_prep(config: PcaPrepConfig, inputs: Inputs) -> Outputs:
    """Mark bad rows and work out dead time of every Standard2 file of an observation."""
    housekeeping = [Housekeeping.from_file(open_fits(f.data, f.name)) for f in inputs["housekeeping"]]
    (filter_file,) = inputs["filter_file"]
    open_fits(filter_file.data, filter_file.name)  # a damaged one is this stage's failure, not the next one's
    rules = BadRowRules(config.transition_bad, config.propane_bad, config.zero_bad)
    prepared = []
    for item in sorted(inputs["std2"], key=lambda f: f.name):
        file = open_fits(item.data, item.name)
        data = prepare_standard2(file, housekeeping, None, rules).to_bytes(compress=True)
        prepared.append(File(f"{item.name.rpartition('/')[2].removesuffix('.gz')}_dt.gz", data))
    absent = sorted(set(PCUS) - {h.pcu for h in housekeeping})
    caveats = tuple(
        Caveat(code="no_housekeeping", message=f"PCU {n} has no housekeeping file and counts as off.") for n in absent
    )
    kept = File(filter_file.name.rpartition("/")[2], filter_file.data)
    return Outputs({"std2_dt": tuple(prepared), "filter_file": (kept,)}, caveats, {"files": len(prepared)})


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
        )
        for band in config.bands
    ]
    curves = light_curves(arrays, None, time, requests)
    if not (_exposure(curves[0]) > 0).any():
        raise NoGoodTime(f"The PCUs asked for ({config.pcus}) were off, or their rows bad, throughout the good time.")
    obsid = str(arrays[0].table.header.get("OBS_ID", "observation")).strip()
    files = [
        File(f"{obsid}_{band.name}.lc", pca_light_curve_file(curve))
        for band, curve in zip(config.bands, curves, strict=True)
    ]
    summary = _summary(curves, [band.name for band in config.bands])
    return Outputs({"light_curve": tuple(files), "gti": (File(f"{obsid}.gti", gti),)}, (), summary)


def _summary(curves: list[PcaLightCurve], bands: list[str]) -> dict[str, Any]:
    first = curves[0].curve
    start, stop = float(first.time[0]), float(first.time[-1] + first.source.grid.binsz)
    exposure = curves[0].exposure
    return {
        "target": str(first.source.grid.arrays[0].table.header.get("OBJECT", "")).strip(),
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
