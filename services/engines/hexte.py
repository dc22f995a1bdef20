"""Between HEXTE's stages and `rossi.hexte`, whoever computes: settings to what is wanted, products to outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Any

from rossi.energy.band_energies import hexte_energies
from rossi.errors import DataError
from rossi.fits.reader import FitsFile
from rossi.gti import Gti
from rossi.hexte.correction import parse_detectors
from rossi.hexte.fields import mean_axes
from rossi.hexte.observation import SplitObservation, Wanted
from rossi.hexte.products import Products
from rossi.hexte.reduction import DetectorBand
from rossi.product import About, Kind
from rossi.remarks import Remark
from services.contract import File, Inputs, Outputs
from services.engines import caveats_of
from services.engines.responses import ready_hexte
from services.hexte_dead.stage import Background, Dwell, HexteBand, HexteDeadConfig

#: Of the components of the body axes: two thousandths of an arcsecond.
_DIGITS = 8


def contents(inputs: Inputs, name: str) -> dict[str, bytes]:
    """Return the files of an input by name."""
    return {item.name: item.data for item in inputs.get(name, ())}


def wanted_of(config: HexteDeadConfig) -> Wanted:
    """Return what the settings of stage ``hexte_dead`` mean."""
    detectors = parse_detectors(config.detectors)
    return Wanted(
        {band.name: _detector_band(band, detectors) for band in config.bands},
        spectra=config.spectra,
        cycles=config.cycles,
        interpolated=config.background is Background.INTERPOLATED,
        binsz=config.binsz,
        dwell=None if config.dwell is Dwell.AUTO else float(config.dwell.value),
    )


def _detector_band(band: HexteBand, detectors: tuple[int, ...]) -> DetectorBand:
    energies = None if band.energies is None else hexte_energies(band.energies)
    first, last = band.channels or (0, 255) if energies is None else energies.channels
    return DetectorBand(first, last, detectors, energies)


def split_outputs(made: SplitObservation, filter_file: File, remarks: Iterable[Remark] = ()) -> Outputs:
    """Return the outputs of stage ``hexte_back``."""
    files = {
        "science": made.files,
        "rocking": made.rocking,
        "filter_file": (filter_file,),
    }
    return Outputs(files, caveats_of([*made.remarks, *remarks]), {"clusters": made.clusters})


def _figures(made: Products) -> tuple[File, ...]:
    if not any(one.remarks for one in made.clusters.values()) or find_spec("matplotlib") is None:
        return ()  # the numbers that it would show are in the caveats
    from rossi.plot.background import figure_files

    return figure_files(made)


def attitude_of(filter_file: FitsFile, good: Gti) -> dict[str, Any]:
    """Return how the spacecraft was turned, as the summary has it, for whoever asks where the clusters looked.

    Parameters
    ----------
    filter_file : FitsFile
    good : ndarray (n, 2) [s]
        Good time, TIMEZERO applied.

    Returns
    -------
    dict
        ``axes``: `rossi.hexte.fields.mean_axes`; nothing where the filter file does not tell.
    """
    try:
        table = filter_file.table("XTE_MKF") if len(filter_file.tables) > 1 else filter_file.table()
        axes = mean_axes(table, good)
    except DataError:
        return {}
    return {"axes": axes.round(_DIGITS).tolist()}


def outputs_of(
    config: HexteDeadConfig,
    made: Products,
    gti: bytes,
    inputs: Inputs,
    attitude: Mapping[str, Any],
    remarks: Iterable[Remark] = (),
) -> Outputs:
    """Return the outputs of stage ``hexte_dead``."""
    net, parts = made.light_curve_files()
    ready, caveats = ready_hexte(config, made.spectrum_files(), inputs)
    good_time = File(f"{made.obsid}_hexte.gti", gti, about=About(Kind.GOOD_TIME, "hexte", "HEXTE"))
    files = {"light_curve": net, "parts": parts, **ready, "figure": _figures(made), "gti": (good_time,)}
    return Outputs(files, (*caveats_of([*made.remarks, *remarks]), *caveats), {**made.summary(), **attitude})
