"""``pcaextspect2``: spectra of PCA Standard2 data and their background."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from rossi.errors import ConfigError, DataError, RossiError
from rossi.ftools.extraction import ExtractionParameters, remarks_on, science_arrays
from rossi.ftools.parameters import Made, Task, is_none, write_output
from rossi.ftools.spectrum_response import PcarspParameters, pcarsp
from rossi.pca.lightcurve import DeadTime
from rossi.pca.spectrum import SpectrumRequest, pca_spectrum, pca_spectrum_file
from rossi.pca.standard2 import parse_layers, parse_pcus


class Pcaextspect2Parameters(ExtractionParameters):
    """Parameters of ``pcaextspect2``."""

    src_infile: Annotated[str, "Standard2 files with dead time: file, list or @list"]
    bkg_infile: Annotated[str, "their background with dead time: file, list or @list"]
    src_phafile: Annotated[str, "spectrum to be made"]
    bkg_phafile: Annotated[str, "background's spectrum to be made"]
    pculist: Annotated[str, "PCUs: ALL, 0,2 or 0-2"] = "ALL"
    layerlist: Annotated[str, "layers: ALL, 1, 1,2 or X1L,X1R"] = "ALL"
    respfile: Annotated[str, "response to be made, or NONE"] = "NONE"
    filtfile: Annotated[str, "filter file or attitude, for the response; NONE: the source is where the PCA points"] = (
        "NONE"
    )
    e2cfile: Annotated[str, "energy-to-channel table: file, CALDB, or e05v03, which comes with rossi"] = "CALDB"
    collcube: Annotated[str, "collimators: CALDB, a list of files, or NONE: the geometric area"] = "CALDB"
    ra: Annotated[float | None, "right ascension to be written [deg]"] = None
    dec: Annotated[float | None, "declination to be written [deg]"] = None
    deadcorrtype: Annotated[str, "LIVE or ON"] = "LIVE"
    accumulate: Annotated[str, "ONE spectrum, or MANY: one a column"] = "ONE"
    compat: Annotated[bool, "count a moment as often as it is in the files; the response as pcarsp compat=yes"] = False
    phazeroexp: Annotated[bool, "write spectra without exposure"] = True
    respzeroexp: Annotated[bool, "accepted, without effect: without exposure there is no response"] = False
    clobber: Annotated[bool, "overwrite output files that exist"] = True

    def request(self) -> SpectrumRequest:
        """Return what to extract."""
        kind, how = self.deadcorrtype.strip().upper(), self.accumulate.strip().upper()
        if kind not in (DeadTime.LIVE, DeadTime.ON):
            raise ConfigError(f"deadcorrtype is {self.deadcorrtype!r}; expected LIVE or ON.")
        if how not in ("ONE", "MANY"):
            raise ConfigError(f"accumulate is {self.accumulate!r}; expected ONE or MANY.")
        if (self.ra is None) != (self.dec is None):
            raise ConfigError("ra and dec belong together: give both, or leave both INDEF.")
        position = None if self.ra is None or self.dec is None else (self.ra, self.dec)
        pcus, anodes = parse_pcus(self.pculist), parse_layers(self.layerlist)
        return SpectrumRequest(pcus, anodes, self.channels(), DeadTime(kind), how == "MANY", position)


def pcaextspect2(p: Pcaextspect2Parameters) -> Made:
    """Extract the spectra of source and background; return the files made."""
    if not is_none(p.respfile) and p.accumulate.strip().upper() == "MANY":
        raise ConfigError("accumulate=MANY makes a spectrum of each column; make their responses with pcarsp.")
    if is_none(p.bkg_infile):
        raise ConfigError("bkg_infile is missing; pcaextspect2 needs prepared background files of the same data.")
    request = p.request()
    data, background = science_arrays(p.src_infile), science_arrays(p.bkg_infile)
    source, model = pca_spectrum(data, background, p.time(), request)
    assert model is not None  # there is background
    if source.exposure <= 0 and not p.phazeroexp:
        raise DataError(f"{data[0].name}: the chosen PCUs have no exposure in the good time; phazeroexp=yes writes it.")
    made = [write_output(p.src_phafile, pca_spectrum_file(source, p.bkg_phafile), p.clobber)]
    made.append(write_output(p.bkg_phafile, pca_spectrum_file(model), p.clobber))
    remarks = remarks_on(source.spectrum.source.grid)
    if is_none(p.respfile):
        return Made(made, remarks)
    if source.exposure <= 0:
        return Made(made, [*remarks, f"{p.src_phafile}: there is no exposure, so no response is made."])
    try:
        response = _response(p, request)
    except RossiError:
        for name in made:  # all of the products, or none
            Path(name).unlink(missing_ok=True)
        raise
    return Made([*made, *(name for name in response.files if name not in made)], [*remarks, *response.remarks])


def _response(p: Pcaextspect2Parameters, request: SpectrumRequest) -> Made:
    """Make the response of a spectrum that was written: the mean of its PCUs, as the exposure is in PCU seconds."""
    halves = {anode[1]: [other for other in request.anodes if other[1] == anode[1]] for anode in request.anodes}
    names = [f"LR{layer}" if len(some) == 2 else some[0][2] + layer for layer, some in halves.items()]
    layers = "all" if names == ["LR1", "LR2", "LR3"] else ",".join(names)
    given = {"phafil": p.src_phafile.removeprefix("!"), "attfile": p.filtfile, "layers": layers, "weights": "@INFILE"}
    given |= {"pcus": ",".join(map(str, request.pcus)), "name": p.respfile, "e2cfile": p.e2cfile}
    return pcarsp(PcarspParameters.read(given | {"collcube": p.collcube, "compat": p.compat, "clobber": p.clobber}))


TASKS = {
    "pcaextspect2": Task(
        Pcaextspect2Parameters,
        pcaextspect2,
        (
            *("src_infile", "bkg_infile", "src_phafile", "bkg_phafile", "gtiandfile"),
            *("pculist", "layerlist", "respfile", "filtfile"),
        ),
        example="@prep/FP_dtstd2.lis @prep/FP_dtbkg2.lis src.pha bkg.pha good.gti",
        after=(
            "pcaprepobsid",
            "maketime",
        ),
    )
}
