"""``pcaextspect2``: spectra of PCA Standard2 data and their background."""

from __future__ import annotations

from typing import Annotated

from rossi.errors import ConfigError, DataError
from rossi.ftools.extraction import ExtractionParameters, remarks_on, science_arrays
from rossi.ftools.parameters import Made, Task, is_none, write_output
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
    respfile: Annotated[str, "must be NONE: responses are not made here"] = "NONE"
    filtfile: Annotated[str, "filter file, accepted"] = "NONE"
    ra: Annotated[float | None, "right ascension to be written [deg]"] = None
    dec: Annotated[float | None, "declination to be written [deg]"] = None
    deadcorrtype: Annotated[str, "LIVE or ON"] = "LIVE"
    accumulate: Annotated[str, "ONE spectrum, or MANY: one a column"] = "ONE"
    phazeroexp: Annotated[bool, "write spectra without exposure"] = True
    respzeroexp: Annotated[bool, "accepted, without effect"] = False
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
    if not is_none(p.respfile):
        raise ConfigError(
            f"respfile is {p.respfile!r}, but responses are not made here; give NONE and take one from elsewhere."
        )
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
    return Made(made, remarks_on(source.spectrum.source.grid))


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
