"""``pcaclrsp``: light curves of the PCA corrected for the collimator."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from rossi.arrays import Floats
from rossi.energy.vignetting import JITTER, bin_transmission, read_pointing
from rossi.errors import ConfigError, DataError
from rossi.fits.columns import append_columns
from rossi.fits.edit import file_bytes, with_values
from rossi.fits.reader import FitsFile, read_fits
from rossi.fits.table import Table
from rossi.fits.writer import Column
from rossi.ftools import samples
from rossi.ftools.origin import hdu_table
from rossi.ftools.parameters import Made, Parameters, Task, extension, is_none, write_output
from rossi.ftools.pca_calibration import collimators
from rossi.met import timezero
from rossi.spectra.algebra import Compat


class PcaclrspParameters(Parameters):
    """Parameters of ``pcaclrsp``."""

    lcfile: Annotated[str, "light curve"]
    outfile: Annotated[str, "light curve to be made"]
    xtefilt: Annotated[str, "filter file or attitude (FH0e)"]
    pcu: Annotated[int, "PCU whose collimator is taken, 0 to 4"] = 2
    collcube: Annotated[str, "collimator: file or CALDB"] = "CALDB"
    ra: Annotated[float | None, "right ascension of the source [deg]; INDEF: RA_OBJ"] = None
    dec: Annotated[float | None, "declination of the source [deg]; INDEF: DEC_OBJ"] = None
    jitter: Annotated[float, "how much the pointing may vary before bins differ [arcsec]"] = JITTER
    compat: Annotated[
        bool, "the attitude at the start of bins, or half a bin early; single precision, as the original"
    ] = False


def pcaclrsp(p: PcaclrspParameters) -> Made:
    """Divide rates and errors by what the collimator lets through."""
    file = read_fits(extension(p.lcfile)[0])
    table = next((t for t in file.tables if "TIME" in t and ("RATE" in t or "COUNTS" in t)), None)
    if table is None:
        raise DataError(f"{file.name}: no extension has the columns TIME and RATE or COUNTS; give a light curve.")
    if is_none(p.collcube):
        raise ConfigError(
            "collcube is NONE, but nothing is to be corrected without a collimator; give a file or CALDB."
        )
    if table.header.is_true("VIGNAPP"):
        raise DataError(f"{table.where}: VIGNAPP is T, so it has been corrected already; give the curve as extracted.")
    cube = collimators("collcube", p.collcube, [p.pcu], table)[p.pcu]
    pointing = read_pointing(hdu_table(*extension(p.xtefilt)))
    start = table.numbers("TIME") + timezero(table.header, table.where)
    width = table.header.finite("TIMEDEL", table.where)
    if not len(start) or not np.isfinite(start).all() or not width > 0:
        raise DataError(
            f"{table.where}: {len(start)} bins of {width:g} s, some perhaps without TIME; times and a width above 0 "
            "were expected. Give a light curve as extracted."
        )
    compat: Compat = "heasoft" if p.compat else None
    through = bin_transmission(pointing, cube, _position(p, table), start, width, p.jitter, compat=compat)
    data = file_bytes(
        FitsFile(file.name, file.primary, tuple(_corrected(t, through, p) if t is table else t for t in file.tables))
    )
    bad = int(np.isnan(through).sum())
    remarks = (
        [f"{bad} bins have no correction and are undefined: attitude unknown or source out of view."] if bad else []
    )
    return Made([write_output(p.outfile, data, p.clobber)], remarks)


def _position(p: PcaclrspParameters, table: Table) -> tuple[float, float]:
    header = table.header
    known = {"RA_OBJ": "RA", "DEC_OBJ": "DEC"}
    ra, dec = (
        given if given is not None else header.finite(key if key in header else other, table.where)
        for given, (key, other) in zip((p.ra, p.dec), known.items(), strict=True)
    )
    return ra, dec


def _corrected(table: Table, through: Floats, p: PcaclrspParameters) -> Table:
    """Return the light curve with the corrected columns, and with the factor as a column or as COLLCORR."""
    quantity = "RATE" if "RATE" in table else "COUNTS"
    columns = {name: table.numbers(name) for name in (quantity, "ERROR") if name in table}
    values = {name: _divided(column, through, single=p.compat) for name, column in columns.items()}
    made = with_values(table, values)
    factors = np.unique(through[~np.isnan(through)])
    header = made.header.copy()
    header.set("VIGNAPP", True, "corrected for the collimator")
    header.append("HISTORY", f"collimator: {p.collcube}, PCU {p.pcu}")
    if len(factors) == 1 and not np.isnan(through).any():
        header.set("COLLCORR", float(factors[0]), "transmission of the collimator")
        return made.with_rows(made.rows, header)
    column = Column("COLLIMAT", "E", "", "transmission of the collimator")
    return append_columns(made.with_rows(made.rows, header), [(column, through.astype(np.float32))])


def _divided(values: Floats, through: Floats, *, single: bool) -> NDArray[np.floating]:
    if single:
        return np.asarray(values.astype(np.float32) / through.astype(np.float32), np.float32)
    return values / through


TASKS = {
    "pcaclrsp": Task(
        PcaclrspParameters,
        pcaclrsp,
        ("lcfile", "outfile", "xtefilt", "collcube"),
        example=f"std2.lc corrected.lc {samples.FILTER} CALDB pcu=2",
        after=("pcaextlc2",),
        needs="the PCA's collimators in a CALDB",
    )
}
