"""Event files with the detector, anode and channel of each photon as columns (the FTOOLS task ``decodeevt``)."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rossi.errors import DataError
from rossi.extract.events import ScienceEvents
from rossi.extract.eventword import ANODES, PROPANE, EventWord
from rossi.fits import declarations as declared
from rossi.fits.columns import append_columns
from rossi.fits.edit import as_hdu, select_columns, select_rows
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.fits.writer import Column, fits_bytes

#: The names of the anodes, and what stands for another one, in the form for people.
_NAMES = {10: "X1L", 11: "X1R", 20: "X2L", 21: "X2R", 30: "X3L", 31: "X3R"}
_NO_NAME = "INDEF"
#: Cards of the event words that stay with the column that takes their place.
_WORD_CARDS = ("TPACK", "TDDES", "TEVTB")


class Form(StrEnum):
    """How decoded events are laid out."""

    #: Event words stay; PCUID, ANODEID and PHA as numbers.
    OGIP = "O"
    #: For people: CHANNEL, PCUID, the ANODE's name and PROPANE in place of the event words.
    ASCII = "A"


def decode_events(file: FitsFile, column: str = "Event", *, form: Form = Form.OGIP, compress: bool = False) -> bytes:
    """Return a copy of an event file with the detector, anode and channel of each photon; marker rows are left out.

    Parameters
    ----------
    file : FitsFile
    column : str
        The column of the event words.
    form : Form
        In both, the channel is the element as the file numbers them, from 0; CPIXn says which absolute channels each
        holds. What a word does not tell is 255 (in the OGIP form NULL), or INDEF.
    compress : bool
        Gzip the file.

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
    decoded = _with_numbers(kept, word, words) if form is Form.OGIP else _with_names(kept, column, word, words)
    return fits_bytes(file.primary, [as_hdu(decoded), *map(as_hdu, file.tables[1:])], compress=compress)


def _with_numbers(kept: Table, word: EventWord, words: NDArray[np.unsignedinteger]) -> Table:
    number = len(kept.structure.forms) + 1
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
    return decoded


def _with_names(kept: Table, column: str, word: EventWord, words: NDArray[np.unsignedinteger]) -> Table:
    others = [info.name for info in kept.infos.values() if info.name.upper() != column.upper()]
    anode, old = word.anode(words), kept.info(column).number
    names = np.array([_NAMES.get(number, _NO_NAME).ljust(15) for number in range(256)], "S15")
    decoded = append_columns(
        select_columns(kept, others),
        [
            (Column("CHANNEL", "1I", "chan", "channel element, from 0"), word.channel(words)),
            (Column("PCUID", "1I", "", "PCU, 0 to 4; 255 is unknown"), word.detector(words)),
            (Column("ANODE", "15A", "", "X1L to X3R"), names[anode]),
            (Column("PROPANE", "1I", "", "1 for the propane layer"), anode == PROPANE),
        ],
    )
    for stem in _WORD_CARDS:
        if (value := kept.header.get(f"{stem}{old}")) is not None:
            decoded.header.set(f"{stem}{len(others) + 1}", value)
    return decoded
