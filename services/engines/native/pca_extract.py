"""Stage ``pca_extract`` on the native engine."""

from __future__ import annotations

from collections.abc import Sequence

from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.maketime import find_good_time
from rossi.pca.lightcurve import DeadTime, Request
from rossi.pca.observation import extract, with_each_pcu
from rossi.pca.spectrum import SpectrumRequest
from rossi.pca.standard2 import parse_layers, parse_pcus
from rossi.product import About, Kind
from services.contract import File, Inputs, Outputs
from services.engines import caveats_of
from services.engines.energies import CountedBand, counted_bands
from services.engines.native.files import opened, opened_in_turn
from services.engines.responses import ready_pca
from services.pca_extract.stage import PcaExtractConfig


def pca_extract(config: PcaExtractConfig, inputs: Inputs) -> Outputs:
    """Find good time and extract light curves in every band, and spectra.

    Raises
    ------
    NoGoodTime
        If the filter leaves no time, or all PCUs were off or bad in what it leaves.
    DataError
        If the channels hold none of the bands in keV.
    """
    good_time = find_good_time(opened(inputs["filter_file"][0]), config.expression, config.prefr, config.postfr)
    data, background = (
        list(map(ScienceArray.from_file, opened_in_turn(inputs.get(name, ())))) for name in ("std2_dt", "std2_dtbkg")
    )
    bands, remarks = counted_bands(config.bands, inputs, [one.table for one in data], parse_pcus(config.pcus))
    found = extract(data, background, good_time, _requests(config, bands), _spectrum(config))
    ready, caveats = ready_pca(config, found.spectrum_files(), inputs)
    outputs = {
        "light_curve": found.light_curve_files(),
        **ready,
        "gti": (File(f"{found.obsid}.gti", good_time.file, about=About(Kind.GOOD_TIME, "pca", "PCA")),),
    }
    return Outputs(outputs, (*caveats_of([*found.remarks, *remarks]), *caveats), found.summary())


def _requests(config: PcaExtractConfig, bands: Sequence[CountedBand]) -> dict[str, Request]:
    """Return what to extract, by the name of each light curve."""
    requests = {
        one.band.name: Request(
            pcus=parse_pcus(config.pcus),
            anodes=parse_layers(config.layers),
            channels=ChannelSelection(chmin=one.first, chmax=one.last),
            binsz=one.band.binsz or config.binsz,
            dead_time=config.dead_time,
            subtract=config.subtract,
            energies=one.energies,
        )
        for one in bands
    }
    return with_each_pcu(requests) if config.per_pcu else requests


def _spectrum(config: PcaExtractConfig) -> SpectrumRequest | None:
    if not config.spectra:
        return None
    dead_time = DeadTime.ON if config.dead_time == DeadTime.ON else DeadTime.LIVE
    return SpectrumRequest(parse_pcus(config.pcus), parse_layers(config.layers), dead_time=dead_time)
