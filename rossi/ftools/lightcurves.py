"""``rebinlc``, ``lcmath``, ``lcurve``, ``timetrans``: arithmetic on light curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from rossi.errors import ConfigError, DataError
from rossi.fits.edit import as_hdu
from rossi.fits.reader import FitsFile, read_fits
from rossi.fits.writer import Column, TableHDU, fits_bytes, now, primary_hdu, table_hdu
from rossi.ftools import samples
from rossi.ftools.parameters import Made, Parameters, Task, extension, file_list, is_none, write_output
from rossi.ftools.texts import time_pairs
from rossi.timeseries import units
from rossi.timeseries.arithmetic import Terms, add, subtract
from rossi.timeseries.columns import Chosen, choose
from rossi.timeseries.kind import groups, require_alike
from rossi.timeseries.once import each_moment_once
from rossi.timeseries.reading import light_curve_of
from rossi.timeseries.rebin import rebin
from rossi.timeseries.series import EXTRA, LightCurve
from rossi.timeseries.xronos import absolute, newbins, xronos_file


class RebinlcParameters(Parameters):
    """Parameters of ``rebinlc``."""

    infile: Annotated[str, "light curve"]
    outfile: Annotated[str, "light curve to be made"]
    multiple: Annotated[int, "so many bins make one"] = 1
    columns: Annotated[str, "must be -: all columns are rebinned"] = "-"
    column: Annotated[str | None, "column to take where the file has several curves: RATE2"] = None


class LcmathParameters(Parameters):
    """Parameters of ``lcmath``; ``compat=no`` gives what is right where the original has a defect."""

    infile: Annotated[str, "light curve"]
    bgfile: Annotated[str, "curve that is subtracted or added"]
    outfile: Annotated[str, "light curve to be made"]
    multi: Annotated[float, "factor of infile"] = 1.0
    multb: Annotated[float, "factor of bgfile"] = 1.0
    addsubr: Annotated[bool, "add instead of subtract"] = False
    addi: Annotated[float, "constant added to infile"] = 0.0
    addb: Annotated[float, "constant added to bgfile"] = 0.0
    docor: Annotated[bool, "accepted, without effect"] = True
    emin: Annotated[float, "accepted, without effect"] = 0.0
    emax: Annotated[float, "accepted, without effect"] = 0.0
    err_mode: Annotated[int, "how errors are worked out, 1 to 6"] = 1
    compat: Annotated[bool, "no gives what is right where the original has a defect"] = True
    column: Annotated[str | None, "column to take where a file has several curves: RATE2"] = None


class LcurveParameters(Parameters):
    """Parameters of ``lcurve``; what concerns plots is accepted and has no effect."""

    nser: Annotated[int, "number of series, must be 1"] = 1
    cfile1: Annotated[str, "light curves: file, list or @list"]
    window: Annotated[str, "must be -: no windows"] = "-"
    dtnb: Annotated[float | None, "width of new bins [s]; negative: so many old ones; INDEF: 512 bins"] = None
    nbint: Annotated[int | None, "new bins an interval"] = None
    outfile: Annotated[str, "file to be made"]
    nintfm: Annotated[int | None, "accepted, without effect"] = None
    rebin: Annotated[float, "accepted, without effect"] = 0.0
    plot: Annotated[bool, "accepted, without effect"] = False
    plotdev: Annotated[str, "accepted, without effect"] = "/null"
    plotdnum: Annotated[int, "accepted, without effect"] = 1
    plotfile: Annotated[str, "accepted, without effect"] = "-"
    tchat: Annotated[int, "accepted, without effect"] = 6
    lchat: Annotated[int, "accepted, without effect"] = 0
    logname: Annotated[str, "accepted, without effect"] = "xronos.log"
    column: Annotated[str | None, "column to take where a file has several curves: RATE2"] = None
    force: Annotated[bool, "join curves of different sources (OBJECT, position) too"] = False


class TimetransParameters(Parameters):
    """Parameters of ``timetrans``."""

    infile: Annotated[str, "file from whose start the times count"]
    outfile: Annotated[str, "text to be made, a pair a line, for timeint=@file"]
    timeint: Annotated[str, "times [s]: a-b,c-d, or @file with a pair a line"]


def rebinlc(p: RebinlcParameters) -> Made:
    """Join groups of bins."""
    if not is_none(p.columns):
        raise ConfigError(f"columns is {p.columns!r}; all columns are rebinned (columns=-).")
    curve = read_curve(p.infile, p.column)
    series = rebin(curve.series, p.multiple)
    table = _table(series, curve, "counts/s" if series.quantity == "RATE" else "counts", list(series.extra))
    made = write_output(p.outfile, fits_bytes(primary_hdu(series.primary), [table]), p.clobber)
    return Made([made], series.remarks)


def lcmath(p: LcmathParameters) -> Made:
    """Subtract a background curve, or add a curve."""
    curve, other = (read_curve(name, p.column) for name in (p.infile, p.bgfile))
    source, background = _rates(curve.series), _rates(other.series)
    require_alike([source, background])
    terms = Terms(p.multi, p.multb, p.addi, p.addb, p.err_mode)
    combine = add if p.addsubr else subtract
    net = combine(source, background, terms, compat="heasoft" if p.compat else None)
    made = write_output(p.outfile, combined_file(net, curve), p.clobber)
    return Made([made], [*source.remarks, *background.remarks])


def combined_file(net: LightCurve, first: Curve) -> bytes:
    """Lay out a combined curve as lcmath does: in single precision, with the other extensions of its first file."""
    others = [as_hdu(table) for table in first.file.tables if table is not first.chosen.table]
    return fits_bytes(primary_hdu(net.primary), [_table(net, first, "count/s", []), *others])


def lcurve(p: LcurveParameters) -> Made:
    """Put light curves on one grid of new bins."""
    names = file_list(p.cfile1)
    if p.nser != 1 or "///" in names or not is_none(p.window):
        raise ConfigError("lcurve joins one series of curves (nser=1, no line ///) without windows (window=-) here.")
    curves = [_rates(read_curve(name, p.column).series) for name in names]
    _require_one_kind(curves, any_source=p.force)
    once, remarks = each_moment_once(curves)
    intervals = newbins(once, p.dtnb, p.nbint)
    made = write_output(p.outfile, xronos_file(intervals, curves[0].header), p.clobber)
    return Made([made], [*(remark for curve in curves for remark in curve.remarks), *remarks])


def _require_one_kind(curves: Sequence[LightCurve], *, any_source: bool) -> None:
    require_alike(curves)
    found = groups(curves, any_source=any_source)
    if len(found) > 1:
        each = "; ".join(f"{group.label}: {', '.join(curves[n].name for n in group.members)}" for group in found)
        raise DataError(
            f"these light curves are of {len(found)} kinds and can't become one: {each}. Join each kind by itself; "
            "force=yes joins different sources."
        )


def timetrans(p: TimetransParameters) -> list[str]:
    """Write times read off a plot as absolute times, one pair a line, for ``timeint=@file``."""
    table = read_fits(file_list(p.infile)[0]).table()
    found = absolute(time_pairs(p.timeint), table.header, table.where)
    lines = [f"{start:19.8f} {stop:19.8f}\n" for start, stop in found]
    return [write_output(p.outfile, "".join(lines).encode(), p.clobber)]


@dataclass(frozen=True, slots=True)
class Curve:
    """A light curve on disk.

    Parameters
    ----------
    file : FitsFile
    chosen : Chosen
        Which table and columns it is.
    series : LightCurve
        Its rates or counts, as the file has them.
    """

    file: FitsFile
    chosen: Chosen
    series: LightCurve


def read_curve(path: str, column: str | None = None) -> Curve:
    """Read a light curve on disk."""
    file = read_fits(extension(path)[0])
    return Curve(file, choose(file, column), light_curve_of(file, quantity=None, column=column))


def _rates(series: LightCurve) -> LightCurve:
    """Turn counts a bin into rates as lcmath does: over the bin's width, exposed or not."""
    if series.quantity == "RATE":
        return series
    width = series.widths
    header = series.header.copy()
    header.set("HDUCLAS3", "RATE", "count/s")
    rate, error = series.rate / width, series.error / width
    return replace(series, rate=rate, error=error, quantity="RATE", unit=units.RATE, header=header)


def _table(series: LightCurve, curve: Curve, unit: str, extra: list[str]) -> TableHDU:
    """Lay out a curve as these tasks do: single precision, the time column spelled as in the input."""
    table = curve.chosen.table
    if units.normalised(table.info(curve.chosen.value).unit) not in {units.RATE, units.COUNT, ""}:
        unit = series.rate_unit  # the originals write counts/s whatever the input says
    header = series.header.copy()
    header.set("TIMEDEL", series.timedel, "bin width [s]")
    header.set("DATE", now(), "file creation date")
    columns = [
        (Column(table.info("TIME").name, "D", "s", "start of the bin, MET (TT)"), series.time),
        (Column(series.quantity, "E", unit), series.rate),
        (Column("ERROR", "E", unit), series.error),
        (Column("FRACEXP", "E"), series.fracexp),
        *((EXTRA[name], series.extra[name]) for name in extra),
    ]
    return table_hdu(series.quantity, columns, header)


TASKS = {
    "rebinlc": Task(
        RebinlcParameters,
        rebinlc,
        ("infile", "multiple", "outfile"),
        example=f"{samples.LIGHT_CURVE} 4 rebinned.lc",
    ),
    "lcmath": Task(
        LcmathParameters,
        lcmath,
        ("infile", "bgfile", "outfile", "multi", "multb", "addsubr"),
        example=f"{samples.LIGHT_CURVE} {samples.LIGHT_CURVE} twice.lc addsubr=yes",
    ),
    "lcurve": Task(
        LcurveParameters,
        lcurve,
        ("nser", "cfile1", "window", "dtnb", "nbint", "outfile"),
        example=f"1 {samples.LIGHT_CURVE} - 64 outfile=joined.flc",
    ),
    "timetrans": Task(
        TimetransParameters,
        timetrans,
        ("infile", "outfile", "timeint"),
        options={"i": "infile", "f": "outfile", "t": "timeint"},
        example=f"-i {samples.LIGHT_CURVE} -f times.txt -t 100-500",
    ),
}
