"""``pcadeadcalc1`` and ``pcaextlc1``: dead time and light curves of PCA Standard1 data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from rossi.errors import ConfigError
from rossi.fits.dated import dated_file
from rossi.fits.reader import read_fits
from rossi.ftools import samples
from rossi.ftools.extraction import mode, remarks_on, science_arrays
from rossi.ftools.parameters import Made, Task, file_list, write_output
from rossi.ftools.pca import DeadTimeParameters, LightCurveParameters, breakdown_times, read_housekeeping
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.lightcurve import pca_light_curve_file
from rossi.pca.standard1 import prepare_standard1
from rossi.pca.standard1_lightcurve import Standard1Request, standard1_light_curve
from rossi.pca.standard1_table import standard1_file
from rossi.pca.standard2 import parse_layers, parse_pcus
from rossi.spectra.channels import LAST_CHANNEL


class Pcadeadcalc1Parameters(DeadTimeParameters):
    """Parameters of ``pcadeadcalc1``; ``compat`` is ours."""

    infile: Annotated[str, "Standard1 file"]
    outfile: Annotated[str, "file to be made"]
    hkfiles: Annotated[str, "housekeeping of all five PCUs, FH5a to FH5e: list or @list"]
    breakfile: Annotated[str, "times of breakdowns, or NONE"] = "NONE"
    compat: Annotated[bool, "describe time series of PCUs as channels, as the original does"] = False


def pcadeadcalc1(p: Pcadeadcalc1Parameters) -> Made:
    """Add flags and dead time of each sample to Standard1 data."""
    states = read_housekeeping(file_list(p.hkfiles))
    data, said = prepared_standard1(p.infile, states, p.breakfile, p.rules(), compat=p.compat)
    return Made([write_output(p.outfile, data, p.clobber)], said)


def prepared_standard1(
    path: str | Path, states: Sequence[Housekeeping], breakfile: str, rules: BadRowRules, *, compat: bool = False
) -> tuple[bytes, list[str]]:
    """Return a Standard1 file with flags and dead time, and what to say of rows without a time."""
    file, said = dated_file(read_fits(path))
    prepared = prepare_standard1(file, list(states), breakdown_times(breakfile, file), rules)
    return standard1_file(prepared, compat=compat), said


class Pcaextlc1Parameters(LightCurveParameters):
    """Parameters of ``pcaextlc1``."""

    layerlist: Annotated[str, "layers: ALL; Standard1 counts all layers together"] = "ALL"


def pcaextlc1(p: Pcaextlc1Parameters) -> Made:
    """Extract a light curve from prepared Standard1 files; the background is that of Standard2 files."""
    chosen = p.channels()
    everything = (chosen.chint, chosen.chbin) == (None, None) and (chosen.chmin or 0) <= 0
    if not everything or (LAST_CHANNEL if chosen.chmax is None else chosen.chmax) < LAST_CHANNEL:
        raise ConfigError(
            f"chmin, chmax, chint and chbin must be INDEF (or 0 and {LAST_CHANNEL}); Standard1 data have no channels."
        )
    if set(parse_layers(p.layerlist)) != set(parse_layers("ALL")):
        raise ConfigError(f"layerlist is {p.layerlist!r}; Standard1 counts all layers together: give ALL.")
    request = Standard1Request(
        parse_pcus(p.pculist),
        binsz=p.binsz,
        mode=mode(p.lcmode, "lcmode"),
        dead_time=p.dead_time(),
        subtract=p.bkgsub,
        rejection=p.rejection(),
    )
    data = science_arrays(p.src_infile)
    result = standard1_light_curve(data, p.background(), p.time(), request)
    made = write_output(p.outfile, pca_light_curve_file(result, compat="heasoft"), p.clobber)
    return Made([made], remarks_on(result.curve.source.grid))


TASKS = {
    "pcadeadcalc1": Task(
        Pcadeadcalc1Parameters,
        pcadeadcalc1,
        ("infile", "outfile", "hkfiles"),
        example=f"{samples.STANDARD1} dead1.fits hkfiles=@prep/FP_pcahk.lis",
        after=("pcaprepobsid",),
    ),
    "pcaextlc1": Task(
        Pcaextlc1Parameters,
        pcaextlc1,
        ("src_infile", "bkg_infile", "outfile", "gtiandfile", "pculist", "layerlist", "binsz"),
        example="@prep/FP_dtstd1.lis @prep/FP_dtbkg2.lis std1.lc good.gti binsz=1",
        after=(
            "pcaprepobsid",
            "maketime",
        ),
    ),
}
