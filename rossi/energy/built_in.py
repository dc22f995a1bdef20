"""The energy-to-channel table that comes with rossi: e05v03, of HEASoft 6.20.

It makes bands in keV and examples work where there is no CALDB. The CALDB's present table differs from it by 0.5 % of
an energy between 3 and 50 keV and by 6 % at 90 keV: make a response that is to be fitted with that one.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files
from itertools import groupby

import numpy as np

from rossi.calibration import calendar_mjd
from rossi.energy.channel_table import ChannelTable, Extension

NAME = "e05v03"
_FILE = f"{NAME}.csv"


@lru_cache(maxsize=1)
def built_in_table() -> ChannelTable:
    """Return the table that comes with rossi: five epochs of five PCUs."""
    text = files("rossi.energy").joinpath(_FILE).read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    extensions = [_extension(list(some)) for _, some in groupby(rows, key=lambda row: row["hdu"])]
    return ChannelTable(f"{NAME} (built in)", tuple(extensions))


def _extension(rows: list[dict[str, str]]) -> Extension:
    first = rows[0]
    date, _, clock = first["start"].partition("T")
    where = f"{_FILE}[{first['hdu']}]"
    numbers = [[np.float32(row[f"PARM{n}"]) for n in range(1, 10)] for row in rows]
    return Extension(
        where,
        f"{NAME} (built in)",
        int(first["hdu"]),
        int(first["pcu"]),
        calendar_mjd(date, clock, where),
        f"PCU{first['pcu']} Energy->Channel params (method-3; {first['description']})",
        tuple(int(row["LLD"]) for row in rows),
        np.array(numbers, np.float64),
    )
