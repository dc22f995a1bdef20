"""Comparisons as a table."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from astropy.table import Table, vstack

from rossi.validate.verdict import Comparison

#: Columns: name, type, meaning.
COLUMNS = (
    ("obsid", str, "observation"),
    ("product", str, "file among the standard products"),
    ("what", str, "light curve, spectrum, filter file, column (of it), good time, number"),
    ("column", str, "of the filter file; what was measured of a number"),
    ("verdict", str, "same, within errors, differs, not compared"),
    ("fine", bool, "nothing differs, or the choice of good time alone"),
    ("unit", str, "of largest"),
    ("compared", int, "rows, or channels, of both"),
    ("only_archive", int, "rows of the archive alone, without those that rossi leaves out for a known reason"),
    ("only_rossi", int, "rows of rossi alone"),
    ("ratio", float, "sum over rows, rossi over archive"),
    ("significance", float, "sum of the differences over its error"),
    ("pull_mean", float, "mean of difference over error"),
    ("pull_rms", float, "root mean square of difference over error"),
    ("largest", float, "largest difference, rossi minus archive"),
    ("at", float, "where: MET [s] or channel"),
    ("shift", float, "by which the archive's times are later [s]"),
    ("exposure_archive", float, "[s]"),
    ("exposure_rossi", float, "[s]"),
    ("reasons", str, "what is known of why"),
)


def table_of(obsid: str, comparisons: Sequence[Comparison]) -> Table:
    """Return comparisons of an observation, a row each.

    Parameters
    ----------
    obsid : str
    comparisons : sequence of Comparison
    """
    rows = [
        (
            *(obsid, one.product, one.what, one.column, str(one.verdict), one.is_fine, one.unit),
            *(one.compared, one.only_archive, one.only_rossi, one.ratio, one.significance, *one.pulls),
            *(one.largest, one.at, one.shift, *one.exposures, " ".join(one.reasons)),
        )
        for one in comparisons
    ]
    names, types = [name for name, _, _ in COLUMNS], [kind for _, kind, _ in COLUMNS]
    table = Table(rows=rows, names=names, dtype=types) if rows else Table(names=names, dtype=types)
    for name, _, meaning in COLUMNS:
        table[name].description = meaning
    return table


def to_ecsv(table: Table) -> bytes:
    """Return a table as an ECSV file.

    Parameters
    ----------
    table : Table
    """
    written = io.StringIO()
    table.write(written, format="ascii.ecsv")
    return written.getvalue().encode()


def read_ecsv(data: bytes) -> Table:
    """Read a table that `to_ecsv` wrote.

    Parameters
    ----------
    data : bytes
    """
    return Table.read(data.decode(), format="ascii.ecsv", fill_values=[]).filled("")


def joined(tables: Iterable[Table]) -> Table:
    """Return tables of several observations as one.

    Parameters
    ----------
    tables : iterable of Table
    """
    some = list(tables)
    return vstack(some, metadata_conflicts="silent") if some else table_of("", ())
