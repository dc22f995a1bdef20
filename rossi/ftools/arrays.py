"""``saextrct``: light curves and spectra from Science Array files."""

from __future__ import annotations

from rossi.errors import ConfigError
from rossi.extract.accumulate import accumulate
from rossi.extract.lightcurve import light_curve
from rossi.extract.products import light_curve_file, spectrum_file
from rossi.extract.selection import select_samples
from rossi.extract.spectrum import spectrum
from rossi.ftools.extraction import ExtractionParameters, mode, science_arrays
from rossi.ftools.parameters import Task, word_list, write_output


class SaextrctParameters(ExtractionParameters):
    """Parameters of ``saextrct``."""

    infile: str
    outroot: str = "sac"
    columns: str = "GOOD"
    binsz: float | None = None
    multiple: bool = False
    printmode: str = "BOTH"
    lcmode: str = "RATE"
    spmode: str = "SUM"
    accumulate: str = "ONE"
    extenlc: str = ".lc"
    extenpha: str = ".pha"
    writesum: str = "-"
    writemean: str = "-"
    clobber: bool = True
    chkit: bool = False
    dryrun: bool = False
    bailout: bool = False


def saextrct(p: SaextrctParameters) -> list[str]:
    """Extract; return the files made."""
    if p.accumulate.strip().upper()[:1] != "O":
        raise ConfigError(f"accumulate is {p.accumulate!r}; columns are added up (ONE): extract them one by one.")
    arrays = science_arrays(p.infile)
    good = p.columns.strip().upper() == "GOOD"
    columns = list(arrays[0].good_columns()) if good else word_list(p.columns)
    grid = select_samples(arrays, columns[0], p.binsz, p.time(), p.multiple)
    negative = p.negative.strip().upper() in {"SUM", "INCLUDE"}
    source = accumulate(grid, columns, p.channels(), include_negative=negative)
    kind, made = p.printmode.strip().upper()[:1], []
    if kind not in {"B", "L", "S"}:
        raise ConfigError(f"printmode is {p.printmode!r}; expected BOTH, LIGHTCURVE or SPECTRUM.")
    if kind in "BL":
        curve = light_curve(source, mode(p.lcmode, "lcmode"), p.rejection())
        made.append(write_output(p.outroot + p.extenlc, light_curve_file(curve), p.clobber))
    if kind in "BS":
        pha = spectrum(source, p.channels(), mode(p.spmode, "spmode"), p.rejection())
        made.append(write_output(p.outroot + p.extenpha, spectrum_file(pha), p.clobber))
    return made


TASKS = {"saextrct": Task(SaextrctParameters, saextrct, ("infile", "gtiorfile", "gtiandfile", "outroot"))}
