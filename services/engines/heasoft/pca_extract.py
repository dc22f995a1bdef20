"""Stage ``pca_extract`` by ``maketime``, ``pcaextlc2`` and ``pcaextspect2``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rossi.errors import ConfigError, NoGoodTime
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.energies import with_energies
from rossi.extract.keywords import describe_file
from rossi.extract.selection import TimeSelection, select_samples
from rossi.fits.reader import open_fits
from rossi.fits.table import Table
from rossi.gti import Gti
from rossi.pca.lightcurve import DeadTime
from rossi.pca.observation import SPECTRA, spectrum_about
from rossi.pca.standard2 import parse_pcus
from rossi.product import About, BandEnergies, Content, Kind
from rossi.timeseries.reading import read_light_curve
from rossi.timeseries.series import LightCurve
from rossi.timeseries.summary import band_summary, summary
from services.contract import Caveat, File, Inputs, Outputs
from services.engines import caveats_of
from services.engines.energies import CountedBand, counted_bands
from services.engines.heasoft.files import base_name, file_list, plain
from services.engines.heasoft.good_time import GOOD_TIME, find_good_time
from services.engines.heasoft.overlaps import refuse_repeats
from services.engines.heasoft.preflight import installed
from services.engines.heasoft.task import Call, Caller, Declared, Value
from services.engines.responses import ready_pca
from services.pca_extract.stage import PcaExtractConfig

_DATA, _BACKGROUND = "dt.lis", "dtbkg.lis"


def pca_extract(config: PcaExtractConfig, inputs: Inputs) -> Outputs:
    """Find good time and extract light curves in every band, and spectra.

    Raises
    ------
    NoGoodTime
        If the filter leaves no time, or all PCUs were off or bad in what it leaves.
    ConfigError
        For settings that the tasks don't have.
    """
    call = installed("pca_extract").call
    background = bool(inputs.get("std2_dtbkg"))
    if config.spectra and not background:
        raise ConfigError(
            "[pca_extract] spectra is true, but pcaextspect2 makes spectra only where preparation has estimated the "
            "background; set spectra = false, or engine = 'native'."
        )
    _check_energies(config)
    gti, good = find_good_time(call, inputs["filter_file"][0], config.expression, config.prefr, config.postfr)
    obsid, target = _names(inputs, good)
    files = _placed(inputs) | {GOOD_TIME: gti}
    bands, remarks = counted_bands(config.bands, inputs, _tables(inputs), parse_pcus(config.pcus))
    energies = {one.band.name: one.energies for one in bands}
    curves = {
        name: _curve(call, obsid, name, parameters, files, energies.get(name))
        for name, parameters in _requests(config, bands, background).items()
    }
    series = {name: read_light_curve(item.data, item.name) for name, item in curves.items()}
    if not (next(iter(series.values())).exposure > 0).any():
        raise NoGoodTime(f"The PCUs asked for ({config.pcus}) were off, or their rows bad, throughout the good time.")
    series = {name: one for name, one in series.items() if (one.exposure > 0).any()}
    ready, caveats = ready_pca(config, _spectra(call, config, obsid, files) if config.spectra else (), inputs)
    outputs = {
        "light_curve": tuple(curves[name] for name in series),
        **ready,
        "gti": (File(f"{obsid}.gti", gti, about=About(Kind.GOOD_TIME, "pca", "PCA")),),
    }
    if not background:
        caveats = (Caveat(code="no_background", message="Rates include the background."), *caveats)
    return Outputs(outputs, (*caveats, *caveats_of(remarks)), _summary(series, target))


def _check_energies(config: PcaExtractConfig) -> None:
    """Refuse bands in keV of several PCUs: they are other channels for each, and pcaextlc2 takes one range for all."""
    several = len(parse_pcus(config.pcus)) > 1 or config.per_pcu
    if several and (band := next((one for one in config.bands if one.energies is not None), None)):
        raise ConfigError(
            f"[pca_extract] band {band.name} is other channels for each of the PCUs {config.pcus}, and pcaextlc2 takes "
            "one range for all; set pcus to one PCU (pcus = '2') and per_pcu = false, or engine = 'native'."
        )


def _tables(inputs: Inputs) -> list[Table]:
    return [open_fits(item.data, item.name).table(hdu=1) for item in inputs["std2_dt"]]


def _names(inputs: Inputs, good: Gti) -> tuple[str, str]:
    """Return ObsID and target; data without a row in good time, which the tasks end in an error, are no work."""
    arrays = [ScienceArray.from_file(open_fits(item.data, item.name)) for item in inputs["std2_dt"]]
    grid = select_samples(arrays, arrays[0].good_columns()[0], None, TimeSelection(common=(good,)))
    refuse_repeats(grid.repeats)
    if not any(len(samples.index) for samples in grid.samples):
        raise NoGoodTime("No row of the Standard2 data lies in good time.")
    header = arrays[0].table.header
    return str(header.get("OBS_ID", "observation")).strip(), str(header.get("OBJECT", "")).strip()


def _placed(inputs: Inputs) -> dict[str, bytes]:
    """Return data and background for working directories, and the lists that name them in the same order."""
    files: dict[str, bytes] = {}
    for name, listed in (("std2_dt", _DATA), ("std2_dtbkg", _BACKGROUND)):
        items = sorted(inputs.get(name, ()), key=base_name)
        files |= {base_name(item): plain(item) for item in items}
        files |= {listed: file_list(map(base_name, items))} if items else {}
    return files


def _requests(config: PcaExtractConfig, bands: Sequence[CountedBand], background: bool) -> dict[str, dict[str, Value]]:
    """Return the parameters of each light curve by its name."""
    requests: dict[str, dict[str, Value]] = {}
    for one in bands:
        band = one.band
        common: dict[str, Value] = {
            "src_infile": f"@{_DATA}",
            "bkg_infile": f"@{_BACKGROUND}" if background else "NONE",
            "gtiorfile": "APPLY",
            "gtiandfile": GOOD_TIME,
            "chmin": one.first,
            "chmax": one.last,
            "pculist": config.pcus,
            "layerlist": config.layers,
            "binsz": band.binsz or config.binsz,
            "lcmode": "RATE",
            "bkgsub": config.subtract and background,
            "deadcorrtype": config.dead_time.value,
            "clobber": True,
        }
        requests[band.name] = common
        if config.per_pcu:
            for pcu in parse_pcus(config.pcus):
                requests[f"{band.name}_pcu{pcu}"] = common | {"pculist": pcu}
    return requests


def _curve(
    call: Caller,
    obsid: str,
    band: str,
    parameters: Mapping[str, Value],
    files: Mapping[str, bytes],
    energies: BandEnergies | None = None,
) -> File:
    name = f"{obsid}_{band}.lc"
    done = call(Call("pcaextlc2", (Declared(name),), {**parameters, "outfile": name}, inputs=files))
    content = Content.NET if parameters["bkgsub"] else Content.TOTAL
    ends = int(parameters["chmin"]), int(parameters["chmax"])
    pcus = parse_pcus(str(parameters["pculist"]))
    asked = None if energies else ends
    about = About(Kind.LIGHT_CURVE, band, "PCA", content, asked, float(parameters["binsz"]), pcus=pcus)
    selection = ChannelSelection(chmin=ends[0], chmax=ends[1])
    data = describe_file(done.files[name], name, content, selection, obsid)
    return File(name, with_energies(data, name, energies), about=replace(about, energies=energies))


def _spectra(call: Caller, config: PcaExtractConfig, obsid: str, files: Mapping[str, bytes]) -> tuple[File, ...]:
    """Return the spectra of source and background; the source's BACKFILE names the background's file."""
    names = {content: f"{obsid}_{label}.pha" for content, label in SPECTRA.items()}
    source, background = names[Content.TOTAL], names[Content.BACKGROUND]
    parameters: dict[str, Value] = {
        "src_infile": f"@{_DATA}",
        "bkg_infile": f"@{_BACKGROUND}",
        "src_phafile": source,
        "bkg_phafile": background,
        "gtiorfile": "APPLY",
        "gtiandfile": GOOD_TIME,
        "pculist": config.pcus,
        "layerlist": config.layers,
        "respfile": "NONE",
        "filtfile": "NONE",
        "accumulate": "ONE",
        "deadcorrtype": "ON" if config.dead_time is DeadTime.ON else "LIVE",
        "clobber": True,
    }
    done = call(Call("pcaextspect2", (Declared(source), Declared(background)), parameters, inputs=files))
    made = {content: describe_file(done.files[name], name, content, None, obsid) for content, name in names.items()}
    pcus = parse_pcus(config.pcus)
    return tuple(File(names[content], data, about=spectrum_about(content, pcus)) for content, data in made.items())


def _summary(curves: Mapping[str, LightCurve], target: str) -> dict[str, Any]:
    first = next(iter(curves.values()))
    stop, ontime = float(first.time[-1] + first.timedel), first.header.number("ONTIME", first.name)
    per_pcu = bool(set(first.extra) & {"LiveTime", "OnTime"})
    pcus = round(float(first.exposure.sum() / ontime), 2) if per_pcu else None
    bands = {name: band_summary(one.rate, one.error, one.exposure) for name, one in curves.items()}
    return summary(target, float(first.time[0]), stop, bands) | {"ontime": ontime, "pcus": pcus}
