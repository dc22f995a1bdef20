"""``sumpha``, ``mathpha``, ``rddescr``, ``rbnrmf``: spectra and their responses."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np

from rossi.errors import ConfigError, DataError
from rossi.fits.reader import read_bytes, read_fits
from rossi.fits.writer import fits_bytes, primary_hdu
from rossi.ftools.parameters import Parameters, Task, extension, file_list, is_none, write_output
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
from rossi.spectra.pha import Pha, read_pha
from rossi.spectra.product import Derived, spectrum_table
from rossi.spectra.response import rebin_response
from rossi.spectra.response_file import read_response, response_file
from rossi.spectra.summing import sum_file


class SumphaParameters(Parameters):
    """Parameters of ``sumpha``; ``compat=no`` keeps fractional counts, which the original cuts off."""

    filelist: str
    outfile: str
    compat: bool = True


class MathphaParameters(Parameters):
    """Parameters of ``mathpha``; ``compat=no`` keeps fractional counts, which the original cuts off."""

    expr: str
    units: str = "C"
    outfil: str
    exposure: str = "CALC"
    areascal: str = "%"
    properr: bool = False
    errmeth: str = "POISS-0"
    auxfiles: str = "NONE"
    backfile: str = "NONE"
    backscal: str = "%"
    corrfile: str = "NONE"
    corrscal: str = "%"
    arfile: str = "NONE"
    rmfile: str = "NONE"
    ncomments: int = 1
    comment1: str = ""
    comment2: str = ""
    comment3: str = ""
    comment4: str = ""
    phaversn: str = "1.2.0"
    divzero: float = -99.0
    compat: bool = True


class RddescrParameters(Parameters):
    """Parameters of ``rddescr``; ``compat=yes`` leaves out the gaps that the original forgets."""

    phafil: str
    chanfil: str
    clobber: bool = True
    compat: bool = False


class RbnrmfParameters(Parameters):
    """Parameters of ``rbnrmf``."""

    infile: str
    binfile: str
    outfile: str
    fchan: str = "%"
    nchan: int | None = None
    cmpmode: str = "linear"
    ebfact: int = 1
    ebdfile: str = "%"


def sumpha(p: SumphaParameters) -> list[str]:
    """Add up spectra."""
    names = file_list(p.filelist)
    outfile = p.outfile if p.outfile.endswith(".pha") else p.outfile + ".pha"
    if len(names) == 1:
        return [write_output(outfile, read_bytes(names[0]), p.clobber)]
    spectra = [read_pha(read_fits(name)) for name in names]
    return [write_output(outfile, sum_file(spectra, compat=_compat(p.compat, spectra)), p.clobber)]


def mathpha(p: MathphaParameters) -> list[str]:
    """Evaluate an expression on spectra."""
    _check(p)
    formula = Formula(text_or_file(p.expr, "the expression"))
    spectra = {name: read_pha(read_fits(name)) for name in formula.names}
    compat = _compat(p.compat, spectra.values())
    units, errors = Units(p.units.strip().upper()[:1]), Errors(p.errmeth.strip().upper())
    result = combine(formula, spectra, units, errors, p.divzero, compat=compat)
    first = spectra[formula.names[0]]
    is_rate = units == Units.RATE or (units == Units.FORMAL and first.quantity == "RATE")
    exposure = _exposure(p.exposure, formula, spectra, compat)
    propagated = stated_errors(result.value, result.error, errors, exposure if is_rate else 1.0, propagate=p.properr)
    made = Derived(
        *(first.channel, result.value, propagated, result.quality, exposure),
        is_rate=is_rate,
        whole=compat is not None,
        header=first.header,
        areascal=_number(p.areascal, "areascal", common_areascal(list(spectra.values())) if p.areascal == "%" else 1.0),
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
    first = None if p.fchan.strip() == "%" else int(_number(p.fchan, "fchan", 0.0))
    made = rebin_response(response, groups, first)
    if p.nchan is not None and p.nchan != len(made.e_min):
        raise ConfigError(f"nchan is {p.nchan}, but the groups of {p.binfile} give {len(made.e_min)} channels.")
    return [write_output(p.outfile, response_file(made, source), p.clobber)]


def _compat(wanted: bool, spectra: Iterable[Pha]) -> Compat:
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
    if p.errmeth.strip().upper() not in set(Errors):
        raise ConfigError(f"errmeth is {p.errmeth!r}; expected one of {', '.join(Errors)}.")
    if not is_none(p.auxfiles) or p.phaversn.strip() != "1.2.0":
        raise ConfigError("auxiliary keywords are given one by one (auxfiles=NONE), in format 1.2.0 (phaversn).")


def _exposure(text: str, formula: Formula, spectra: dict[str, Pha], compat: Compat) -> float:
    if text.strip().upper() == "CALC":
        return exposure_of(formula, spectra, compat=compat)
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return read_pha(read_fits(text.strip().strip("'"))).exposure
    except DataError as error:
        raise ConfigError(f"exposure is {text!r}; expected CALC, a number of seconds or a spectrum: {error}") from None


def _number(text: str, parameter: str, default: float) -> float:
    if text.strip() in {"%", ""} or is_none(text):
        return default
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"{parameter} is {text!r}; a number or % was expected.") from None


TASKS = {
    "sumpha": Task(SumphaParameters, sumpha, ("filelist", "outfile")),
    "mathpha": Task(MathphaParameters, mathpha, ("expr", "units", "outfil", "exposure")),
    "rddescr": Task(RddescrParameters, rddescr, ("phafil", "chanfil")),
    "rbnrmf": Task(RbnrmfParameters, rbnrmf, ("infile", "binfile", "outfile")),
}
