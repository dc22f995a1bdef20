"""``saextrct``: light curves and spectra from Science Array files."""

from __future__ import annotations

from typing import Annotated

from rossi.errors import ConfigError
from rossi.extract.accumulate import Accumulation, accumulate
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.lightcurve import light_curve
from rossi.extract.products import light_curve_file, spectrum_file
from rossi.extract.selection import select_samples
from rossi.extract.spectrum import spectrum
from rossi.fits.edit import select_rows
from rossi.fits.table import by_row
from rossi.ftools import samples
from rossi.ftools.extraction import ASKED, ExtractionParameters, mode, remarks_on, science_arrays
from rossi.ftools.parameters import Made, Task, word_list, write_output


class SaextrctParameters(ExtractionParameters):
    """Parameters of ``saextrct``; ``spillage`` and ``compat`` are ours."""

    infile: Annotated[str, "science array files: file, list or @list"]
    outroot: Annotated[str, "what the names of the products begin with"] = "sac"
    columns: Annotated[str, "columns that are added up: A B C, @file, or GOOD for all that fit"] = "GOOD"
    binsz: Annotated[float | None, "bin width [s]; INDEF: a hundredth of the time"] = None
    multiple: Annotated[bool, "binsz counts samples"] = False
    printmode: Annotated[str, "LIGHTCURVE, SPECTRUM or BOTH"] = "BOTH"
    lcmode: Annotated[str, "RATE, SUM or MEAN"] = "RATE"
    spmode: Annotated[str, "SUM, RATE or MEAN"] = "SUM"
    accumulate: Annotated[str, "ONE: columns are added up"] = "ONE"
    extenlc: Annotated[str, "how a light curve's name ends"] = ".lc"
    extenpha: Annotated[str, "how a spectrum's name ends"] = ".pha"
    writesum: Annotated[str, "accepted, without effect"] = "-"
    writemean: Annotated[str, "accepted, without effect"] = "-"
    clobber: Annotated[bool, "overwrite output files that exist"] = True
    chkit: Annotated[bool, "accepted, without effect"] = False
    dryrun: Annotated[bool, "accepted, without effect"] = False
    bailout: Annotated[bool, "accepted, without effect"] = False
    spillage: Annotated[bool, "use rows whose counts ran over (column Spillage not 0)"] = True
    compat: Annotated[bool, "channels of single-bit data, undefined samples, files that overlap: as the original"] = (
        False
    )


def saextrct(p: SaextrctParameters) -> Made:
    """Extract; return the files made."""
    if p.accumulate.strip().upper()[:1] != "O":
        raise ConfigError(f"accumulate is {p.accumulate!r}; columns are added up (ONE): extract them one by one.")
    arrays, remarks = _without_spillage(science_arrays(p.infile, compat=p.compat), p.spillage)
    good = p.columns.strip().upper() == "GOOD"
    columns = list(arrays[0].good_columns()) if good else word_list(p.columns)
    if not columns:
        raise ConfigError(f"columns is {p.columns!r}, which names none; GOOD takes all that fit.")
    grid = select_samples(arrays, columns[0], p.binsz, p.time(), p.multiple)
    negative = p.negative.strip().upper() in {"SUM", "INCLUDE"}
    source = accumulate(grid, columns, p.channels(), include_negative=negative, null_exposure=p.compat)
    kind, made = p.printmode.strip().upper()[:1], []
    if kind not in {"B", "L", "S"}:
        raise ConfigError(f"printmode is {p.printmode!r}; expected BOTH, LIGHTCURVE or SPECTRUM.")
    if kind in "BL":
        curve = light_curve(source, mode(p.lcmode, "lcmode"), p.rejection())
        made.append(write_output(p.outroot + p.extenlc, light_curve_file(curve, chbin=p.channels().chbin), p.clobber))
    if kind in "BS":
        pha = spectrum(source, p.channels(), mode(p.spmode, "spmode"), p.rejection())
        made.append(write_output(p.outroot + p.extenpha, spectrum_file(pha), p.clobber))
    remarks += [*remarks_on(grid), *_channels_used(source, p.channels())]
    if p.binsz is not None and not p.multiple and p.binsz < grid.binsz:
        remarks.append(f"binsz is {p.binsz:g} s, but a sample lasts {grid.binsz:g} s; bins are as long as that.")
    return Made(made, remarks)


def _without_spillage(arrays: list[ScienceArray], kept: bool) -> tuple[list[ScienceArray], list[str]]:
    """Return arrays with or without rows in which counts ran over, and what to say of them."""
    result, said = [], []
    for array in arrays:
        table = array.table
        spilled = by_row(table.integers("Spillage", None)).any(axis=1) if "Spillage" in table else None
        if spilled is None or not spilled.any():
            result.append(array)
            continue
        way = "are used; spillage=no leaves them out" if kept else "are left out"
        said.append(
            f"{table.where}: of {int(spilled.sum())} rows counts ran over into the next or were lost; they {way}."
        )
        rows = table if kept else select_rows(table, ~spilled)
        result.append(ScienceArray(array.name, rows, array.own_gti, compat=array.compat))
    return result, said


def _channels_used(source: Accumulation, channels: ChannelSelection) -> list[str]:
    """Return what to say where elements, which count as a whole, hold other channels than were asked for."""
    if channels == ChannelSelection(chbin=channels.chbin):
        return []
    asked = channels.wanted()
    used = source.bounds[channels.elements(source.bounds)]
    inside = (asked[None, :, 0] <= used[:, None, 0]) & (used[:, None, 1] <= asked[None, :, 1])
    over = used[~inside.any(axis=1)]
    if not len(over) or source.cpix in (None, "(0~255)"):
        return []
    shown = ", ".join(f"{a}-{b}" for a, b in over[:4])
    return [f"elements count as a whole: those of channels {shown} hold more than was asked for."]


_FIRST = ("infile", "gtiorfile", "gtiandfile", "outroot", "accumulate")
TASKS = {
    "saextrct": Task(
        SaextrctParameters,
        saextrct,
        (*_FIRST, *ASKED),
        example=f"{samples.STANDARD2} APPLY - x columns='X1LSpecPcu2 X1RSpecPcu2' binsz=16",
    )
}
