"""``pcadeadcalc2`` and ``pcaextlc2``: dead time and light curves of PCA Standard2 data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from rossi.calibration_roles import Role
from rossi.errors import ConfigError
from rossi.extract.array import ScienceArray
from rossi.fits.dated import dated_file
from rossi.fits.reader import FitsFile, read_fits
from rossi.ftools import samples
from rossi.ftools.caldb import calibration_file, start_of
from rossi.ftools.extraction import ExtractionParameters, mode, remarks_on, science_arrays
from rossi.ftools.parameters import Made, Parameters, Task, file_list, is_none, write_output
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping, require_each_pcu
from rossi.pca.lightcurve import DeadTime, Request, pca_light_curve, pca_light_curve_file
from rossi.pca.prepare import prepare_background, prepare_standard2
from rossi.pca.standard2 import parse_layers, parse_pcus


class DeadTimeParameters(Parameters):
    """Parameters of the tasks that flag bad rows and work out dead time; a row of Standard1 is a sample."""

    zero_bad: Annotated[bool, "set bad rows to 0"] = True
    transition_bad: Annotated[bool, "rows near high-voltage transitions are bad"] = True
    propane_bad: Annotated[bool, "rows of PCUs without propane are bad"] = True
    cleanup: Annotated[bool, "accepted, without effect"] = True
    history: Annotated[bool, "accepted, without effect"] = True

    def rules(self) -> BadRowRules:
        """Return which rows are bad."""
        return BadRowRules(self.transition_bad, self.propane_bad, self.zero_bad)


class Pcadeadcalc2Parameters(DeadTimeParameters):
    """Parameters of ``pcadeadcalc2``."""

    infile: Annotated[str, "Standard2 file, or (with std2file) its model background"]
    outfile: Annotated[str, "file to be made"]
    hkfiles: Annotated[str, "housekeeping of all five PCUs, FH5a to FH5e: list or @list"]
    std2file: Annotated[str, "Standard2 file with dead time, for a background; NONE for data"] = "NONE"
    breakfile: Annotated[str, "times of breakdowns, or NONE"] = "NONE"


def read_housekeeping(names: Sequence[str], where: str = "") -> list[Housekeeping]:
    """Read the housekeeping of all PCUs.

    Raises
    ------
    DataError
        If the files are not one of each PCU.
    """
    housekeeping = [Housekeeping.from_file(read_fits(name)) for name in names]
    require_each_pcu(housekeeping, where or ", ".join(names))
    return housekeeping


def breakdown_times(breakfile: str, file: FitsFile) -> FitsFile | None:
    """Return the times without breakdown that a ``breakfile`` parameter names: a file, none, or CALDB."""
    return calibration_file("breakfile", breakfile, Role.BREAKDOWN, start_of(file))


def pcadeadcalc2(p: Pcadeadcalc2Parameters) -> Made:
    """Add bad-row flags and dead time to Standard2 data, or (with std2file) to model background of such data."""
    rules = p.rules()
    housekeeping = read_housekeeping(file_list(p.hkfiles))
    file, remarks = dated_file(read_fits(p.infile))
    breakdown = breakdown_times(p.breakfile, file)
    if is_none(p.std2file):
        prepared = prepare_standard2(file, housekeeping, breakdown, rules)
    else:
        data = prepare_standard2(dated_file(read_fits(p.std2file))[0], housekeeping, breakdown, rules)
        prepared = prepare_background(file, data, rules)
    return Made([write_output(p.outfile, prepared.to_bytes(), p.clobber)], remarks)


class LightCurveParameters(ExtractionParameters):
    """Parameters of the tasks that make PCA light curves."""

    src_infile: Annotated[str, "data with dead time: file, list or @list"]
    bkg_infile: Annotated[str, "background with dead time: file, list, @list, or NONE"]
    outfile: Annotated[str, "light curve to be made"]
    pculist: Annotated[str, "PCUs: ALL, 0,2 or 0-2"] = "ALL"
    binsz: Annotated[float, "bin width [s]"] = 16.0
    lcmode: Annotated[str, "RATE or SUM"] = "RATE"
    bkgsub: Annotated[bool, "subtract the background"] = True
    deadcorrtype: Annotated[str, "rates refer to LIVE time, time ON, or are as counted (NONE)"] = "LIVE"
    filtfile: Annotated[str, "accepted, without effect"] = "NONE"
    clobber: Annotated[bool, "overwrite output files that exist"] = True

    def dead_time(self) -> DeadTime:
        """Return which exposure rates refer to."""
        kind = self.deadcorrtype.strip().upper()
        if kind not in DeadTime.__members__:
            raise ConfigError(f"deadcorrtype is {self.deadcorrtype!r}; expected LIVE, ON or NONE.")
        return DeadTime(kind)

    def background(self) -> list[ScienceArray] | None:
        """Read the background, if any is named."""
        return None if is_none(self.bkg_infile) else science_arrays(self.bkg_infile)


class Pcaextlc2Parameters(LightCurveParameters):
    """Parameters of ``pcaextlc2``."""

    layerlist: Annotated[str, "layers: ALL, 1, 1,2 or X1L,X1R"] = "ALL"


def pcaextlc2(p: Pcaextlc2Parameters) -> Made:
    """Extract a light curve from prepared Standard2 files."""
    request = Request(
        parse_pcus(p.pculist),
        parse_layers(p.layerlist),
        p.channels(),
        p.binsz,
        mode(p.lcmode, "lcmode"),
        p.dead_time(),
        p.bkgsub,
        p.rejection(),
    )
    data = science_arrays(p.src_infile)
    result = pca_light_curve(data, p.background(), p.time(), request)
    made = write_output(p.outfile, pca_light_curve_file(result, compat="heasoft"), p.clobber)
    return Made([made], remarks_on(result.curve.source.grid))


TASKS = {
    "pcadeadcalc2": Task(
        Pcadeadcalc2Parameters,
        pcadeadcalc2,
        ("infile", "outfile", "hkfiles", "std2file"),
        example=f"{samples.STANDARD2} dead2.fits hkfiles=@prep/FP_pcahk.lis",
        after=("pcaprepobsid",),
    ),
    "pcaextlc2": Task(
        Pcaextlc2Parameters,
        pcaextlc2,
        ("src_infile", "bkg_infile", "outfile", "gtiandfile", "pculist", "layerlist", "binsz"),
        example="@prep/FP_dtstd2.lis @prep/FP_dtbkg2.lis std2.lc good.gti chmin=5 chmax=10",
        after=(
            "pcaprepobsid",
            "maketime",
        ),
    ),
}
