"""Stage ``pca_fast`` on the native engine."""

from __future__ import annotations

from rossi import gti as intervals
from rossi.errors import NoGoodTime
from rossi.extract.array import ScienceArray
from rossi.fits.dated import dated
from rossi.goodtime import GoodTime
from rossi.maketime import find_good_time
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.standard2 import parse_layers, parse_pcus
from rossi.product import About, Kind
from rossi.remarks import Remark
from rossi.timing.bursts import BurstRules
from rossi.timing.events import Screening
from rossi.timing.modefiles import ModeFiles
from rossi.timing.observation import (
    FastData,
    FastRequest,
    Made,
    event_lists,
    fast_light_curves,
    standard1_curve,
    summary_of,
)
from rossi.timing.observation_bursts import bursts_of
from rossi.timing.observation_power import PowerRequest, power_spectra
from rossi.timing.power_product import PowerRules
from rossi.timing.standard1 import read_standard1
from rossi.timing.steady import steady
from services.contract import File, Inputs, Outputs
from services.engines import caveats_of
from services.engines.energies import channel_ranges
from services.engines.native.files import opened, opened_in_turn
from services.pca_fast.stage import FastProduct, PcaFastConfig

#: ANODEIDs by the names of anodes.
_ANODES = {"X1L": 10, "X1R": 11, "X2L": 20, "X2R": 21, "X3L": 30, "X3R": 31}


def pca_fast(config: PcaFastConfig, inputs: Inputs) -> Outputs:
    """Make what is asked for of fast data.

    Raises
    ------
    NoGoodTime
        If the filter leaves no time, or there is nothing to make it of.
    """
    data, good_time, remarks = _data(config, inputs)
    start = [opened(inputs["std2_dt"][0]).table(hdu=1)]
    bands, told = channel_ranges(config.bands, inputs, start, parse_pcus(config.pcus))
    remarks += told
    made, request = Made(), _request(config, bands)
    wanted = set(config.products)
    if FastProduct.FAST in wanted:
        fast_light_curves(data, request, made)
        standard1_curve(data, request, made)
    if FastProduct.EVENTS in wanted:
        event_lists(data, request, made)
    if FastProduct.POWER in wanted:
        _power(config, data, request, made)
    if FastProduct.BURSTS in wanted:
        _bursts(config, data, request, made)
    if not made.files:
        reasons = " ".join(dict.fromkeys(remark.message for remark in made.remarks))
        raise NoGoodTime(f"There are no fast data to work with. {reasons}".strip())
    files = {output: tuple(some) for output, some in made.files.items()}
    files["gti"] = (File(f"{data.obsid}_fast.gti", good_time.to_bytes(), about=About(Kind.GOOD_TIME, "fast", "PCA")),)
    caveats = caveats_of([*remarks, *data.science.remarks, *data.standard1.remarks, *made.remarks])
    return Outputs(files, caveats, summary_of(data, made))


def _power(config: PcaFastConfig, data: FastData, request: FastRequest, made: Made) -> None:
    """Make power spectra, and a figure of each."""
    from rossi.plot.longterm import png
    from rossi.plot.power import power_figure

    rules = PowerRules(config.rebin, config.rms_bands, config.false_alarm)
    asked = PowerRequest(request.bands, config.power_binsz, config.segment, request.pcus, config.noise_above, rules)
    for name, spectrum in power_spectra(data, asked, made).items():
        picture = png(power_figure(spectrum, f"{data.obsid} {data.target}, {name}"))
        about = About(Kind.FIGURE, f"{name}_power", "PCA")
        made.add("figure", File(f"{data.obsid}_{name}_power.png", picture, about=about))


def _bursts(config: PcaFastConfig, data: FastData, request: FastRequest, made: Made) -> None:
    """Look for bursts, and make a figure of them where there are any."""
    from rossi.plot.bursts import burst_figure
    from rossi.plot.longterm import png

    found = bursts_of(data, BurstRules(significance=config.burst_sigma), made, request.pcus)
    if found is None or not found.curves:
        return
    ordered = sorted(found.curves, key=lambda one: bool(one.burst.rejected))
    shown = [(f"MET {one.burst.start:.2f}{' rejected' * bool(one.burst.rejected)}", one) for one in ordered]
    picture = png(burst_figure(shown, found.dt, f"{data.obsid} {data.target}"))
    about = About(Kind.FIGURE, "bursts", "PCA")
    made.add("figure", File(f"{data.obsid}_bursts.png", picture, about=about))


def _data(config: PcaFastConfig, inputs: Inputs) -> tuple[FastData, GoodTime, list[Remark]]:
    """Return what there is of the observation, the good time that counts, and what is to be said of both."""
    filter_file = opened(inputs["filter_file"][0])
    found = find_good_time(filter_file, config.expression, config.prefr, config.postfr)
    table = filter_file.table("XTE_MKF") if len(filter_file.tables) > 1 else filter_file.table(hdu=1)
    quiet = steady(dated(table)[0], found.gti)
    if not len(quiet.gti):
        raise NoGoodTime("PCUs were switched, or all off, throughout the good time.")
    remarks = list(found.remarks)
    cut = intervals.total(found.gti) - intervals.total(quiet.gti)
    if cut > 1:
        remarks.append(
            Remark("switching_cut", f"{cut:.0f} s of good time within 24 s of a switching of PCUs are left out.")
        )
    science = ModeFiles([*inputs.get("science", ()), *inputs.get("std1", ())])
    housekeeping = [Housekeeping.from_file(opened(item)) for item in inputs.get("housekeeping", ())]
    rules = BadRowRules(True, config.propane_bad, True)
    standard1 = read_standard1((opened(item) for item in inputs.get("std1", ())), housekeeping, rules)
    header = opened(inputs["std2_dt"][0]).table(hdu=1).header
    data = FastData(
        str(header.get("OBS_ID", "observation")).strip(),
        str(header.get("OBJECT", "")).strip(),
        quiet,
        science,
        standard1,
        lambda: list(map(ScienceArray.from_file, opened_in_turn(inputs["std2_dt"]))),
        lambda: list(map(ScienceArray.from_file, opened_in_turn(inputs.get("std2_dtbkg", ())))),
    )
    return data, GoodTime(quiet.gti, "good time", header), remarks


def _request(config: PcaFastConfig, bands: dict[str, tuple[int, int]]) -> FastRequest:
    pcus = parse_pcus(config.pcus)
    every = config.pcus.strip().upper() == "ALL"
    anodes = None if config.layers.strip().upper() == "ALL" else tuple(_ANODES[a] for a in parse_layers(config.layers))
    return FastRequest(
        bands,
        config.binsz,
        pcus,
        Screening(None, None if every else pcus, anodes),
        config.energies,
    )
