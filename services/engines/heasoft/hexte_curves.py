"""HEXTE's net light curves and sums of spectra by ``rebinlc``, ``lcmath`` and ``sumpha``."""

from __future__ import annotations

from collections.abc import Sequence

from rossi.hexte.cluster import defined
from rossi.timeseries.join import join
from rossi.timeseries.reading import read_light_curve
from rossi.timeseries.series import LightCurve
from rossi.timeseries.writing import write_light_curve
from services.engines.heasoft.files import file_list
from services.engines.heasoft.task import Call, Caller, Declared, Value


def joined_curve(curves: Sequence[bytes], name: str) -> bytes:
    """Return one light curve of several of the same bins: the task's own file where there is one; empty without any.

    Rows are put together, no number is changed.
    """
    if len(curves) <= 1:
        return b"".join(curves)
    return write_light_curve(join([read_light_curve(data, name) for data in curves], name=name).series)


def net_curve(call: Caller, source: bytes, background: bytes, multiple: int) -> bytes:
    """Rebin source and background to whole rocking cycles, and subtract.

    The bins of either curve begin at its own first row, a dwell apart, so ``lcmath`` takes each bin's background from
    two bins: that is the recipe's way.
    """
    rebinned = {name: _rebinned(call, data, name, multiple) for name, data in (("s", source), ("b", background))}
    files = {f"{name}_rb.lc": data for name, data in rebinned.items()}
    parameters: dict[str, Value] = {
        "infile": "s_rb.lc",
        "bgfile": "b_rb.lc",
        "outfile": "net.lc",
        "multi": 1,
        "multb": 1,
    }
    done = call(Call("lcmath", (Declared("net.lc"),), {**parameters, "addsubr": False}, inputs=files))
    return done.files["net.lc"]


def _rebinned(call: Caller, data: bytes, name: str, multiple: int) -> bytes:
    infile, outfile = f"{name}.lc", f"{name}_rb.lc"
    parameters: dict[str, Value] = {
        "infile": infile,
        "multiple": multiple,
        "outfile": outfile,
        "columns": "-",
        "clobber": True,
    }
    return call(Call("rebinlc", (Declared(outfile),), parameters, inputs={infile: data})).files[outfile]


def summed_spectrum(call: Caller, spectra: Sequence[bytes]) -> bytes:
    """Add up spectra that are corrected for dead time."""
    if len(spectra) == 1:
        return spectra[0]
    files = {f"p{number}.pha": data for number, data in enumerate(spectra)}
    listed = files | {"spectra.lis": file_list(files)}
    parameters: dict[str, Value] = {"filelist": "@spectra.lis", "outfile": "sum.pha", "clobber": True}
    return call(Call("sumpha", (Declared("sum.pha"),), parameters, inputs=listed)).files["sum.pha"]


def series_of(data: bytes) -> LightCurve | None:
    """Return a light curve as numbers, without rows that have no rate; None for an empty file or no such row."""
    return defined(read_light_curve(data, "light curve")) if data else None
