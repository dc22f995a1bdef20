"""``sumpha``, ``mathpha``, ``rddescr``, ``rbnrmf``: spectra and their responses."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import numpy as np

from rossi.errors import ConfigError, DataError
from rossi.fits.reader import open_fits, read_bytes, read_fits
from rossi.fits.writer import fits_bytes, primary_hdu
from rossi.ftools.parameters import Made, Parameters, Task, extension, file_list, is_none, write_output
from rossi.ftools.texts import read_text, text_or_file
from rossi.spectra.algebra import (
    Compat,
    Errors,
    Formula,
    Units,
    combine,
    common_areascal,
    exposure_of,
    stated_errors,
)
from rossi.spectra.channels import cpix_groups, read_groups, write_groups
from rossi.spectra.pha import Spectrum, find_spectrum, read_pha
from rossi.spectra.product import Derived, spectrum_table
from rossi.spectra.response import rebin_response
from rossi.spectra.response_file import read_response, response_file
from rossi.spectra.summing import given_again, sum_file


class SumphaParameters(Parameters):
    """Parameters of ``sumpha``; ``compat=no`` keeps fractional counts, which the original cuts off."""

    filelist: Annotated[str, "spectra: list or @list"]
    outfile: Annotated[str, "spectrum to be made; .pha is appended"]
    compat: Annotated[bool, "cut off fractional counts as the original does"] = True


class MathphaParameters(Parameters):
    """Parameters of ``mathpha``; ``compat=no`` keeps fractional counts, which the original cuts off."""

    expr: Annotated[str, "expression of files and numbers: 'a-1.pha'+2*b.pha, or @file"]
    units: Annotated[str, "C: counts, R: rates, F: the column as it is"] = "C"
    outfil: Annotated[str, "spectrum to be made"]
    exposure: Annotated[str, "of the result [s]: CALC, a number, or a spectrum that has it"] = "CALC"
    areascal: Annotated[str, "a number, a spectrum that has it, % for that of the inputs, NULL for 1"] = "%"
    properr: Annotated[bool, "propagate errors"] = False
    errmeth: Annotated[str, "errors where there is no STAT_ERR: GAUSS, POISS-0, -1, -2 or -3"] = "POISS-0"
    auxfiles: Annotated[str, "must be NONE"] = "NONE"
    backfile: Annotated[str, "background's name to be written"] = "NONE"
    backscal: Annotated[str, "background's scaling to be written"] = "%"
    corrfile: Annotated[str, "correction's name to be written"] = "NONE"
    corrscal: Annotated[str, "correction's scaling to be written"] = "%"
    arfile: Annotated[str, "name of the effective area to be written"] = "NONE"
    rmfile: Annotated[str, "name of the matrix to be written"] = "NONE"
    ncomments: Annotated[int, "how many comments are written, 0 to 4"] = 1
    comment1: Annotated[str, "first comment"] = ""
    comment2: Annotated[str, "second comment"] = ""
    comment3: Annotated[str, "third comment"] = ""
    comment4: Annotated[str, "fourth comment"] = ""
    phaversn: Annotated[str, "format to be written, 1.2.0"] = "1.2.0"
    divzero: Annotated[float, "value where something was divided by zero"] = -99.0
    compat: Annotated[bool, "cut off fractional counts as the original does"] = True


class RddescrParameters(Parameters):
    """Parameters of ``rddescr``; ``compat=yes`` leaves out the gaps that the original forgets."""

    phafil: Annotated[str, "spectrum"]
    chanfil: Annotated[str, "text to be made: first channel, last channel, factor"]
    clobber: Annotated[bool, "overwrite output files that exist"] = True
    compat: Annotated[bool, "leave out the gaps that the original forgets"] = False


class RbnrmfParameters(Parameters):
    """Parameters of ``rbnrmf``."""

    infile: Annotated[str, "matrix"]
    binfile: Annotated[str, "text: first channel, last channel, factor, as rddescr writes it"]
    outfile: Annotated[str, "matrix to be made"]
    fchan: Annotated[str, "first channel of the result, % as it is"] = "%"
    nchan: Annotated[str, "how many channels there should be; empty: any number"] = ""
    cmpmode: Annotated[str, "must be linear"] = "linear"
    ebfact: Annotated[int, "must be 1"] = 1
    ebdfile: Annotated[str, "file with EBOUNDS, % where the matrix has it"] = "%"


def sumpha(p: SumphaParameters) -> Made:
    """Add up spectra."""
    names = file_list(p.filelist)
    outfile = p.outfile if p.outfile.endswith(".pha") else p.outfile + ".pha"
    if len(names) == 1:
        return Made([write_output(outfile, _one_spectrum(names[0]), p.clobber)])
    spectra = [read_pha(read_fits(name)) for name in names]
    made = write_output(outfile, sum_file(spectra, compat=_compat(p.compat, spectra)), p.clobber)
    return Made([made], given_again(spectra))


def _one_spectrum(name: str) -> bytes:
    """Return a file as it is, if it holds a spectrum."""
    data = read_bytes(name)
    try:
        find_spectrum(open_fits(data, name))
    except DataError as error:
        raise DataError(f"{error} If {name} is a list of spectra, give filelist=@{name}.") from None
    return data


def mathpha(p: MathphaParameters) -> list[str]:
    """Evaluate an expression on spectra."""
    _check(p)
    formula = Formula(text_or_file(p.expr, "the expression"))
    spectra = {name: read_pha(read_fits(name)) for name in formula.names}
    compat = _compat(p.compat, spectra.values())
    units, errors = Units(p.units.strip().upper()[:1]), _errors(p.errmeth)
    result = combine(formula, spectra, units, errors, p.divzero, compat=compat)
    first = spectra[formula.names[0]]
    is_rate = units == Units.RATE or (units == Units.FORMAL and first.quantity == "RATE")
    exposure = _exposure(p.exposure, formula, spectra, compat)
    propagated = stated_errors(result.value, result.error, errors, exposure if is_rate else 1.0, propagate=p.properr)
    made = Derived(
        first.channel,
        result.value,
        propagated,
        result.quality,
        exposure,
        is_rate=is_rate,
        whole=compat is not None,
        header=first.header,
        areascal=_areascal(p.areascal, list(spectra.values())),
        backscal=_number(p.backscal, "backscal", 1.0),
        corrscal=_number(p.corrscal, "corrscal", 1.0),
        files={"BACKFILE": p.backfile, "CORRFILE": p.corrfile, "RESPFILE": p.rmfile, "ANCRFILE": p.arfile},
    )
    comments = [p.comment1, p.comment2, p.comment3, p.comment4][: max(p.ncomments, 0)]
    texts = [text.encode("ascii", "replace").decode() for text in (f"Expression: {formula.text}", *comments)]
    cards = [("COMMENT", text) for text in texts if text.strip()]
    primary = primary_hdu([("CONTENT", "PHA SPECTRUM", "a spectrum")])
    return [write_output(p.outfil, fits_bytes(primary, [spectrum_table(made, cards)]), p.clobber)]


def rddescr(p: RddescrParameters) -> list[str]:
    """Write how the channels of a spectrum were joined, for ``rbnrmf``."""
    name, _ = extension(p.phafil)
    pha = read_pha(read_fits(name))
    groups = cpix_groups(pha.header, f"{name}[SPECTRUM]", compat="heasoft" if p.compat else None)
    return [write_output(p.chanfil, write_groups(groups).encode(), p.clobber)]


def rbnrmf(p: RbnrmfParameters) -> list[str]:
    """Join the channels of a redistribution matrix."""
    if p.cmpmode.strip().lower() != "linear" or p.ebfact != 1:
        raise ConfigError(
            f"cmpmode is {p.cmpmode!r} and ebfact {p.ebfact}; channels are joined with cmpmode=linear, ebfact=1."
        )
    other = None if p.ebdfile.strip() == "%" or is_none(p.ebdfile) else read_bytes(p.ebdfile)
    response, source = read_response(read_bytes(p.infile), p.infile, other)
    groups = read_groups(read_text(p.binfile, "the list of channels"), p.binfile)
    first = None if p.fchan.strip() == "%" else _channel(p.fchan)
    made = rebin_response(response, groups, first)
    if p.nchan.strip() and _number(p.nchan, "nchan", 0.0) != len(made.e_min):
        raise ConfigError(f"nchan is {p.nchan}, but the groups of {p.binfile} give {len(made.e_min)} channels.")
    return [write_output(p.outfile, response_file(made, source), p.clobber)]


def _compat(wanted: bool, spectra: Iterable[Spectrum]) -> Compat:
    """Say so when following the original loses counts."""
    if not wanted:
        return None
    for pha in spectra:
        lost = float(np.sum(pha.value - np.trunc(pha.value))) if pha.quantity == "COUNTS" else 0.0
        if lost:
            warnings.warn(
                f"{pha.name}: {lost:g} counts are lost because fractions are cut off as the original does; give "
                "compat=no to keep them.",
                stacklevel=3,
            )
    return "heasoft"


def _check(p: MathphaParameters) -> None:
    if p.units.strip().upper()[:1] not in set(Units):
        raise ConfigError(f"units is {p.units!r}; expected C (counts), R (rate) or F (the column as it is).")
    if not is_none(p.auxfiles) or p.phaversn.strip() != "1.2.0":
        raise ConfigError("auxiliary keywords are given one by one (auxfiles=NONE), in format 1.2.0 (phaversn).")


def _errors(text: str) -> Errors:
    """Read ``errmeth``: Gauss, gaussian, POISS-1, Poisson1 ..., in a list of parameters with a comma behind it."""
    word = re.sub(r"[^A-Z0-9]", "", text.upper())
    found = re.fullmatch(r"(GAUSS)(?:IAN)?|(?:POISS(?:ON)?)([0-3])", word)
    if found is None:
        raise ConfigError(f"errmeth is {text!r}; expected one of {', '.join(Errors)}.")
    return Errors(found[1] or f"POISS-{found[2]}")


def _exposure(text: str, formula: Formula, spectra: dict[str, Spectrum], compat: Compat) -> float:
    if text.strip().upper() == "CALC":
        return exposure_of(formula, spectra, compat=compat)
    if text.strip().upper() == "NULL":
        return 1.0
    try:
        seconds = float(text)
    except ValueError:
        return _exposure_of_file(text)
    if not 0 < seconds < np.inf:
        raise ConfigError(f"exposure is {text!r}; a positive number of seconds was expected, or CALC or a spectrum.")
    return seconds


def _exposure_of_file(text: str) -> float:
    try:
        return read_pha(read_fits(text.strip().strip("'"))).exposure
    except DataError as error:
        raise ConfigError(f"exposure is {text!r}; expected CALC, NULL, seconds or a spectrum: {error}") from None


def _areascal(text: str, spectra: list[Spectrum]) -> float:
    if text.strip() == "%":
        return common_areascal(spectra)
    if Path(text.strip()).is_file():
        return read_pha(read_fits(text.strip())).areascal
    return _number(text, "areascal", 1.0)


def _channel(text: str) -> int:
    number = _number(text, "fchan", 0.0)
    if not (number.is_integer() and abs(number) < 1 << 31):
        raise ConfigError(f"fchan is {text!r}; the number of a channel or % was expected.")
    return int(number)


def _number(text: str, parameter: str, default: float) -> float:
    if text.strip().upper() in {"%", "NULL"} or is_none(text):
        return default
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise ConfigError(f"{parameter} is {text!r}; a number or % was expected.")
    return number


TASKS = {
    "sumpha": Task(
        SumphaParameters,
        sumpha,
        ("filelist", "outfile"),
        example="src.pha,src.pha sum",
        after=("pcaextspect2",),
    ),
    "mathpha": Task(
        MathphaParameters,
        mathpha,
        ("expr", "units", "outfil", "exposure", "areascal", "ncomments"),
        example="\"'src.pha' - 'bkg.pha'\" R net.pha src.pha properr=yes errmeth=Gauss",
        after=("pcaextspect2",),
    ),
    "rddescr": Task(
        RddescrParameters,
        rddescr,
        ("phafil", "chanfil"),
        example="x.pha channels.txt",
        after=("saextrct",),
    ),
    "rbnrmf": Task(
        RbnrmfParameters,
        rbnrmf,
        ("infile", "binfile", "outfile"),
        example="full.rmf channels.txt x.rmf",
        after=("rddescr",),
        needs="a matrix full.rmf of 256 channels",
    ),
}
