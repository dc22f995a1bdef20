"""A table of sources that somebody wrote."""

from __future__ import annotations

from typing import Any

import numpy as np

from rossi.errors import ConfigError
from rossi.sources.rule import Place


def read_places(data: bytes, name: str) -> tuple[Place, ...]:
    """Return the sources of an ECSV table with the columns name, ra, dec and, if some differ, radius.

    Parameters
    ----------
    data : bytes
    name : str
        Of the file, for messages.

    Returns
    -------
    tuple of Place
        Angles in degrees; a column with another unit of angles is converted.

    Raises
    ------
    ConfigError
        If it can't be read, or a column is missing or holds something else.
    """
    from astropy.table import Table

    try:
        table = Table.read(data.decode(), format="ascii.ecsv")
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ConfigError(
            f"{name}: this is no ECSV table ({str(error)[:200]}); columns name, ra, dec were expected."
        ) from None
    if missing := [column for column in ("name", "ra", "dec") if column not in table.colnames]:
        raise ConfigError(f"{name}: the columns {', '.join(missing)} are missing; name, ra, dec were expected.")
    if not len(table):
        raise ConfigError(f"{name}: the table has no row; a source a row was expected.")
    names = [str(text) for text in table["name"].tolist()]
    angles = [_degrees(table[column], f"{name}: column {column}") for column in ("ra", "dec")]
    radius = (
        _degrees(table["radius"], f"{name}: column radius") if "radius" in table.colnames else [np.nan] * len(names)
    )
    return tuple(Place(*row) for row in zip(names, *angles, radius, strict=True))


def _degrees(column: Any, where: str) -> list[float]:
    from astropy import units as u

    filled = column.filled(np.nan) if hasattr(column, "filled") and column.dtype.kind == "f" else column
    try:
        values = np.asarray(filled, np.float64)
        degrees = (values * (column.unit or u.deg)).to_value(u.deg)
    except (ValueError, TypeError, u.UnitsError) as error:
        raise ConfigError(f"{where} holds no angles ({str(error)[:200]}); degrees were expected.") from None
    result: list[float] = degrees.tolist()
    return result
