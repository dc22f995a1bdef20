"""Event files with the detector, anode and channel of each photon as columns (the FTOOLS task ``decodeevt``)."""

from __future__ import annotations

from rossi.errors import DataError
from rossi.extract.events import ScienceEvents
from rossi.extract.eventword import ANODES, PROPANE
from rossi.fits import declarations as declared
from rossi.fits.edit import append_columns, as_hdu, select_rows
from rossi.fits.reader import FitsFile
from rossi.fits.writer import fits_bytes


def decode_events(file: FitsFile, column: str = "Event", *, compress: bool = False) -> bytes:
    """Return a copy of an event file with columns PCUID, ANODEID and PHA, marker rows left out.

    Parameters
    ----------
    file : FitsFile
        PHA is the channel element as the file numbers them, from 0; CPIXn says which absolute channels each holds.
        What a word does not tell is 255 (NULL).
    column : str
        The column of the event words.

    Raises
    ------
    DataError
        If the file has such columns already.
    """
    events = ScienceEvents.from_file(file, column)
    table, word = events.table, events.word
    if "PCUID" in table:
        raise DataError(f"{table.where}: column PCUID is there already; the events are decoded.")
    words = events.words(table)
    photon = word.is_photon(words)
    words = words[photon]
    kept = select_rows(table, photon)
    number = len(table.structure.forms) + 1
    columns = [
        (declared.PCUID, word.detector(words)),
        (declared.ANODEID, word.anode(words)),
        (declared.PHA, word.channel(words).astype("u1")),
    ]
    decoded = append_columns(kept, columns)
    limits = ((0, 4), (min(ANODES), PROPANE), (0, len(word.bounds) - 1))
    for at, (low, high) in enumerate(limits, number):
        decoded.header.set(f"TLMIN{at}", low)
        decoded.header.set(f"TLMAX{at}", high)
    decoded.header.set(f"CPIX{number + 2}", word.cpix)
    return fits_bytes(file.primary, [as_hdu(decoded), *map(as_hdu, file.tables[1:])], compress=compress)
