"""How a spectrum that was read is laid out in a file again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.fits.header import Header
from rossi.fits.writer import Column, TableHDU, now, table_hdu

#: Keywords that describe columns as they lay in another file, by their first letters.
_COLUMN_KEYWORDS = ("TTYPE", "TFORM", "TUNIT", "TDISP", "TNULL", "TZERO", "TSCAL", "TDIM", "TLMIN", "TLMAX")
_MEANINGS = {
    "CHANNEL": "channel",
    "COUNTS": "counts of a channel",
    "RATE": "rate of a channel",
    "STAT_ERR": "statistical error",
    "SYS_ERR": "systematic error, a fraction",
    "QUALITY": "0 is good",
    "GROUPING": "1 begins a group, -1 goes on",
}


def spectrum_hdu(columns: Mapping[str, NDArray[Any]], keywords: Header) -> TableHDU:
    """Lay out a spectrum.

    Parameters
    ----------
    columns : mapping of str to ndarray (n,)
        CHANNEL, COUNTS or RATE, and what else there is.
    keywords : Header
        Of the extension it was read from; what it says of columns is left out.
    """
    unit = "count/s" if "RATE" in columns else "count"
    forms = {"CHANNEL": ("J", ""), "QUALITY": ("I", ""), "GROUPING": ("I", ""), "SYS_ERR": ("D", "")}
    laid_out = [
        (Column(name, *forms.get(name, ("D", unit)), _MEANINGS[name]), np.asarray(values))
        for name, values in columns.items()
    ]
    header = keywords.without(tuple({"SYS_ERR", "QUALITY", "GROUPING"} & columns.keys()), _COLUMN_KEYWORDS)
    for keyword in ("TLMIN1", "TLMAX1"):  # of CHANNEL
        if keyword in keywords and str(keywords.get("TTYPE1", "CHANNEL")).strip() == "CHANNEL":
            header.set(keyword, keywords[keyword])
    header.set("POISSERR", "STAT_ERR" not in columns, "errors are Poisson's")
    header.set("DATE", now(), "file creation date")
    return table_hdu("SPECTRUM", laid_out, header)
