"""``addspec``, ``addrmf``: sums of spectra with their background and response, and of responses."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

from rossi.errors import ConfigError, DataError
from rossi.fits.reader import FitsFile, read_bytes, read_fits
from rossi.ftools.parameters import Made, Parameters, Task, extension, file_list, is_none, write_output
from rossi.ftools.pha import MathphaParameters, mathpha
from rossi.spectra.area import read_area, with_area
from rossi.spectra.pha import Spectrum, read_pha
from rossi.spectra.response import Response, mean_response, weighted_sum
from rossi.spectra.response_file import matrix_table, read_response, response_file
from rossi.spectra.summing import given_again


class AddspecParameters(Parameters):
    """Parameters of ``addspec``."""

    infil: Annotated[str, "text with the names of the spectra, one a line"]
    outfil: Annotated[str, "what the names of the products begin with: .pha, .bak, .rsp"]
    qaddpha: Annotated[bool, "accepted, without effect: the spectra are added"] = True
    units: Annotated[str, "C: counts, R: rates, F: the column as it is"] = "C"
    qaddrmf: Annotated[bool, "add the responses, weighted by exposure"] = True
    qsubback: Annotated[bool, "add the backgrounds"] = True
    bexpscale: Annotated[float, "factor of the background's counts and exposure, against rounding"] = 1000.0
    properr: Annotated[bool, "propagate errors"] = False
    errmeth: Annotated[str, "errors where there is no STAT_ERR: GAUSS, POISS-0, -1, -2 or -3"] = "POISS-0"
    schatter: Annotated[int, "accepted, without effect"] = 5
    compat: Annotated[bool, "cut off fractional counts as the original does"] = True


class AddrmfParameters(Parameters):
    """Parameters of ``addrmf``."""

    list: Annotated[str, "matrices: a,b, or @file with a matrix and its weight a line"]
    weights: Annotated[str, "of matrices that are listed: 0.5,0.5; empty: 1 for each"] = ""
    rmffile: Annotated[str, "matrix to be made"]


def addspec(p: AddspecParameters) -> Made:
    """Add spectra, their backgrounds and their responses."""
    names = file_list(f"@{p.infil.removeprefix('@')}")
    spectra = [read_pha(read_fits(name)) for name in names]
    root, overwrite = p.outfil.removeprefix("!"), p.clobber or p.outfil.startswith("!")
    backgrounds, remarks = _beside(spectra, names, "BACKFILE") if p.qsubback else ([], [])
    matrices, more = _beside(spectra, names, "RESPFILE") if p.qaddrmf else ([], [])
    shared = {"units": p.units, "properr": p.properr, "errmeth": p.errmeth, "areascal": "NULL"}
    shared |= {"compat": p.compat, "clobber": overwrite, "comment1": "made by addspec"}
    made: list[str] = []
    if backgrounds:
        made += mathpha(MathphaParameters.read(shared | _background(spectra, backgrounds, p.bexpscale, f"{root}.bak")))
    if matrices:
        made.append(write_output(f"{root}.rsp", _response(spectra, names, matrices), overwrite))
    files = {"backfile": f"{root}.bak" if backgrounds else "NONE", "rmfile": f"{root}.rsp" if matrices else "NONE"}
    total = {"expr": "+".join(f"'{name}'" for name in names), "outfil": f"{root}.pha", "exposure": "CALC"}
    return Made(
        [*mathpha(MathphaParameters.read(shared | files | total)), *made], [*given_again(spectra), *remarks, *more]
    )


def _background(spectra: list[Spectrum], names: list[str], scale: float, outfil: str) -> dict[str, str]:
    """Return how mathpha adds backgrounds: scaled to the spectra's BACKSCAL, and by `scale` against rounding."""
    files = [read_pha(read_fits(name)) for name in names]
    source, behind = ([pha.header.finite("BACKSCAL", pha.name, 1.0) for pha in some] for some in (spectra, files))
    if zero := [name for name, one in zip(names, behind, strict=True) if one <= 0]:
        raise DataError(f"{zero[0]}: BACKSCAL is not above 0, so the background can't be scaled; qsubback=no.")
    factors = [one * scale / other for one, other in zip(source, behind, strict=True)]
    expression = "+".join(f"('{name}'*{factor:.12g})" for name, factor in zip(names, factors, strict=True))
    exposure = int(sum(back.exposure for back in files) * scale)
    return {"expr": expression, "outfil": outfil, "exposure": str(exposure), "comment2": f"exposure times {scale:g}"}


def _response(spectra: list[Spectrum], names: list[str], matrices: list[str]) -> bytes:
    """Return the mean response, weighted by exposure (and AREASCAL), with effective areas where they are named."""
    areas, _ = _beside(spectra, names, "ANCRFILE")
    total = sum(pha.exposure for pha in spectra)
    if not total > 0:
        raise DataError(f"{', '.join(names)}: no spectrum has exposure, so their responses have no weight; qaddrmf=no.")
    read = [read_response(read_bytes(name), name) for name in matrices]
    source: FitsFile = read[0][1]
    responses: list[Response] = [response for response, _ in read]
    if areas:
        tables = [read_fits(extension(name)[0]).table("SPECRESP") for name in areas]
        responses = [with_area(r, read_area(t)) for r, t in zip(responses, tables, strict=True)]
    weights = [pha.exposure / total * pha.areascal for pha in spectra]
    return response_file(mean_response(responses, weights), source, full=bool(areas))


def addrmf(p: AddrmfParameters) -> list[str]:
    """Add matrices."""
    names, weights = _weighted(p)
    read = [read_response(read_bytes(name), name) for name in names]
    headers = [matrix_table(source).header for _, source in read]
    kinds = [str(header.get("HDUCLAS3", "")).strip() for header in headers]
    for name, kind in zip(names, kinds, strict=True):
        if kind != kinds[0]:
            raise DataError(
                f"{name}: HDUCLAS3 is {kind!r}, but {names[0]} has {kinds[0]!r}; add matrices that all contain the "
                "effective area, or none of which does."
            )
    threshold = min(h.finite("LO_THRES", name, 0.0) for h, name in zip(headers, names, strict=True))
    total = weighted_sum([response for response, _ in read], weights, threshold)
    told = [f"{weight:.9g} times {name}" for name, weight in zip(names, weights, strict=True)]
    return [write_output(p.rmffile, response_file(total, read[0][1], told=["sum of responses:", *told]), p.clobber)]


def _weighted(p: AddrmfParameters) -> tuple[list[str], list[float]]:
    """Return matrices and weights, which stand behind the names in a list of them."""
    lines = [line.split() for line in file_list(p.list)]
    if p.list.startswith("@"):
        words = [(line[0], line[1] if len(line) > 1 else "1") for line in lines]
    else:
        given = p.weights.replace(",", " ").split() or ["1"] * len(lines)
        if len(given) != len(lines):
            raise ConfigError(f"there are {len(lines)} matrices, but {len(given)} weights ({p.weights}); give as many.")
        words = [(line[0], weight) for line, weight in zip(lines, given, strict=True)]
    try:
        weights = [float(weight) for _, weight in words]
    except ValueError:
        weights = [math.nan]
    if not all(map(math.isfinite, weights)):
        raise ConfigError(f"the weights are {', '.join(weight for _, weight in words)}; numbers were expected.")
    return [name for name, _ in words], weights


def _beside(spectra: list[Spectrum], names: list[str], keyword: str) -> tuple[list[str], list[str]]:
    """Return the files that a keyword of all spectra names, and what to say where none does.

    Raises
    ------
    DataError
        If some spectra name a file and others none.
    """
    named = [str(pha.header.get(keyword, "NONE")).strip() for pha in spectra]
    missing = [name for name, file in zip(names, named, strict=True) if is_none(file)]
    if len(missing) == len(names):
        return [], [f"{keyword} is NONE in all spectra; that of the sum is NONE, too."]
    if missing:
        raise DataError(f"{', '.join(missing)}: {keyword} is NONE, but others have one; name it with grppha's chkey.")
    found = [
        file if Path(file).exists() else str(Path(name).parent / file) for name, file in zip(names, named, strict=True)
    ]
    return found, []


TASKS = {
    "addspec": Task(
        AddspecParameters,
        addspec,
        ("infil", "outfil", "qaddrmf", "qsubback"),
        example="printf 'src.pha\\nsrc.pha\\n' > spectra.lis\nspectra.lis added qaddrmf=no",
        after=("pcaextspect2",),
    ),
    "addrmf": Task(
        AddrmfParameters,
        addrmf,
        ("list", "weights", "rmffile"),
        example="pcu2.rmf,pcu2.rmf 0.25,0.75 mean.rmf",
        after=("pcarmf",),
    ),
}
