"""Small HEXTE files made by hand."""

import numpy as np

from rossi.fits.header import Header
from rossi.fits.table import Table
from rossi.fits.writer import Column, TableHDU, table_hdu

SPECTRUM_CARDS = {
    "TELESCOP": "XTE",
    "INSTRUME": "HEXTE",
    "DETNAM": "PWB013",
    "HDUCLAS1": "SPECTRUM",
    "EXPOSURE": 104.229,
    "DETCHANS": 256,
    "TLMIN1": 0,
    "TLMAX1": 255,
    "CPIX1": "(0:255)",
    "RA_OBJ": 83.633,
    "DEC_OBJ": 22.0145,
    "DATE-OBS": "2008-04-05T08:01:04",
    "TIME-OBS": "08:01:04",
}


def spectrum(counts, error=None, *, form="D", quality=None, quantity="COUNTS", **more) -> TableHDU:
    counts = np.asarray(counts)
    columns = [
        (Column("CHANNEL", "I"), np.arange(len(counts))),
        (Column(quantity, form, "count"), counts),
        (Column("STAT_ERR", "D", "count"), np.sqrt(np.abs(counts)) if error is None else error),
    ]
    if quality is not None:
        columns.append((Column("QUALITY", "I"), quality))
    cards = {key: value for key, value in (SPECTRUM_CARDS | more).items() if value is not None}
    return table_hdu("SPECTRUM", columns, list(cards.items()))


def correction(offset, slope, form="E") -> TableHDU:
    columns = [
        (Column("CHANNEL", "I"), np.arange(len(offset))),
        (Column("YOFFSET", form, "count/s"), offset),
        (Column("SLOPE", form), slope),
    ]
    return table_hdu("CORR_COEFF", columns, [("TELESCOP", "XTE"), ("INSTRUME", "HEXTE"), ("DETNAM", "PWA")])


def opened(hdu: TableHDU, name: str = "b.pha") -> Table:
    return Table(Header.from_block(hdu.header.to_block()), hdu.data, name)
