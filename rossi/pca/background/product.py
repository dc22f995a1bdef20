"""Model background as a table and file in Standard2 layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rossi.fits.edit import file_bytes
from rossi.fits.header import Header
from rossi.fits.reader import FitsFile
from rossi.fits.structure import Structure, structure
from rossi.fits.table import Table
from rossi.fits.writer import Column, now
from rossi.pca.background.channels import N_CHANNEL, N_ELEMENT, expand
from rossi.pca.standard2 import pcu_of
from rossi.version import __version__

Singles = NDArray[np.float32]

_TIME = Column("Time", "D", "s", "start of the row, raw clock", keywords=(("TDDES", "Time"),))
_COLUMN_CARD = re.compile(r"(T(TYPE|FORM|UNIT|NULL|SCAL|ZERO|DISP|DIM|DDES)|\dC[A-Z]{3})\d+$")
_CHANNELS, _ELEMENT = re.compile(r"C\[[^\]]*\]"), re.compile(r"E\[[^\]]*\]")
_SIX = "E[X1L^X1R^X2L^X2R^X3L^X3R]"


@dataclass(frozen=True, slots=True)
class BackgroundLayout:
    """What the file looks like; see `rossi.pca.background.estimate.BackgroundOptions`.

    Parameters
    ----------
    layers, full_spectrum : bool
    interval : float [s]
    """

    layers: bool
    full_spectrum: bool
    interval: float


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """Model background of a Standard2 file.

    Parameters
    ----------
    data : FitsFile
        The Standard2 file.
    time : ndarray (n_row,) [s]
        Starts of the rows, raw clock.
    spectra : dict of str to ndarray (n_row, 129 or 33) [count]
        By Standard2 column, in the data's order.
    layout : BackgroundLayout
    inputs : mapping of str to str
        What it was made from, for HISTORY.
    """

    data: FitsFile
    time: NDArray[np.float64]
    spectra: dict[str, Singles]
    layout: BackgroundLayout
    inputs: Mapping[str, str]

    def columns(self) -> dict[str, Singles]:
        """Return the file's spectra: anodes added up or not, elements expanded to channels or not.

        Returns
        -------
        dict of str to ndarray (n_row, n_channel) of float32 [count]
        """
        spectra = dict(self.spectra)
        if not self.layout.layers:
            spectra = {}
            for name, counts in self.spectra.items():
                pcu = f"XeSpecPcu{pcu_of(name)}" if name.startswith("X") else name
                spectra[pcu] = spectra[pcu] + counts if pcu in spectra else counts
        if self.layout.full_spectrum:
            return {name: expand(s) if s.shape[1] == N_ELEMENT else s for name, s in spectra.items()}
        return spectra

    def to_file(self) -> FitsFile:
        """Return the background as a FITS file in memory; everything but the spectra is as in the data."""
        name = PurePath(self.data.name).name.removesuffix(".gz") + "_bkg"
        primary = self.data.primary.without(("COMMENT", "CHECKSUM", "DATASUM"))
        primary.set("CREATOR", f"rossi {__version__}")
        primary.set("DATE", now(), "file creation (UTC)")
        return FitsFile(name, primary, (self._table(name), *self.data.tables[1:]))

    def to_bytes(self, *, compress: bool = False) -> bytes:
        """Return the background as the content of a FITS file.

        Parameters
        ----------
        compress : bool
            Gzip the file.
        """
        return file_bytes(self.to_file(), compress=compress)

    def _table(self, name: str) -> Table:
        columns = self.columns()
        data = self.data.tables[0]
        forms = tuple((column, spectra.shape[1]) for column, spectra in columns.items())
        cards, known = _described(data.structure, forms, self.layout)
        header = self._header(known.dtype.itemsize, len(forms) + 1)
        header.add(cards)
        rows = np.empty(len(self.time), known.dtype)
        rows["f1"] = self.time
        for number, spectra in enumerate(columns.values(), 2):
            rows[f"f{number}"] = spectra
        return Table(header, rows, name, known)

    def _header(self, width: int, n_field: int) -> Header:
        old = self.data.tables[0].header
        header = old.without_matching(_COLUMN_CARD, ("COMMENT", "CHECKSUM", "DATASUM"))
        changed: dict[str, Any] = {"NAXIS1": width, "NAXIS2": len(self.time), "TFIELDS": n_field}
        changed |= {"HDUCLAS2": "BACKGROUND", "TIMEDEL": self.layout.interval, "DELTAT": self.layout.interval}
        changed |= {"CREATOR": f"rossi {__version__}", "DATE": now()}
        for keyword, value in changed.items():
            header.set(keyword, value)
        header.append("HISTORY", f"Background of {self.data.name}")
        for what, which in self.inputs.items():
            header.append("HISTORY", f"{what}: {which}")
        return header


@lru_cache(maxsize=32)
def _described(
    known: Structure, forms: tuple[tuple[str, int], ...], layout: BackgroundLayout
) -> tuple[Header, Structure]:
    """Return the column cards of a background file, and its structure."""
    numbers = {info.name: info.number for info in known.infos.values()}
    columns = [_TIME, *(_column(known.header, numbers, name, n_channel, layout) for name, n_channel in forms)]
    header = Header(card for number, column in enumerate(columns, 1) for card in column.cards(number))
    return header, structure(header.column_cards(), len(columns), None)


def _column(data: Header, numbers: Mapping[str, int], name: str, n_channel: int, layout: BackgroundLayout) -> Column:
    number = numbers.get(name)
    if number is None:
        number = numbers[f"X1LSpecPcu{pcu_of(name)}"]
    descriptor = str(data.get(f"TDDES{number}", ""))
    channels = str(data.get(f"1CPIX{number}", ""))
    if not layout.layers and name.startswith("Xe"):
        descriptor = _ELEMENT.sub(_SIX, descriptor)
    if n_channel == N_CHANNEL:
        descriptor, channels = _CHANNELS.sub("C[0:255]", descriptor), "(0:255)"
    keywords = [("TDDES", descriptor), ("1CTYP", "CHANNEL"), ("1CPIX", channels), ("1CUNI", "channel")]
    return Column(name, f"{n_channel}E", "count", keywords=tuple(keywords))
