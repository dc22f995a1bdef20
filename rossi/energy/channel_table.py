"""The energy-to-channel table of the PCA (CALDB: E2C_PARM): which of its laws holds for a PCU, a layer and a day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from rossi.arrays import Floats
from rossi.calibration import calendar_mjd
from rossi.energy.channel_law import ChannelLaw, Origin
from rossi.energy.layers import ALL_XENON, NAMES, pair_code
from rossi.errors import DataError
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.spectra.algebra import Compat

#: The only method of the tables that are in use: a cubic in the nominal energy.
METHOD = 3
#: MJD of 1997-12-20, from which the drift of the gain is counted (cdate0_n of pcarmf 11.7, the same for all PCUs).
REFERENCE_DAY = 50802.0
_COLUMNS = tuple(f"PARM{n}" for n in range(1, 10))


@dataclass(frozen=True, slots=True)
class Extension:
    """The laws of one PCU from a date on: one extension of the table.

    Parameters
    ----------
    where : str
        File and extension, for messages.
    file : str
        The file's name without its folder.
    hdu : int
    pcu : int
    start : float [MJD]
        UTC.
    description : str
    lld : ndarray (n_row,) of int
        Codes of the groups of anodes.
    parameters : ndarray (n_row, 9)
        PARM1 to PARM9, single precision.
    """

    where: str
    file: str
    hdu: int
    pcu: int
    start: float
    description: str
    lld: tuple[int, ...]
    parameters: Floats

    def law(self, code: int, mjd: float) -> ChannelLaw:
        """Return the law of a group of anodes on the day of an MJD.

        All xenon has that of layer 1, which stands first.

        Parameters
        ----------
        code : int
            See `rossi.energy.layers`.
        mjd : float [MJD]
            UTC.

        Raises
        ------
        DataError
            If the extension has no row for it, or one that gives no channels per keV above 0 or no finite numbers.
        """
        row = self._row(code)
        p = [float(value) for value in self.parameters[row]]
        day = math.floor(mjd)
        since = day - REFERENCE_DAY
        a = np.float32(p[0] + p[4] * since + p[6] * since**2)
        b = np.float32(p[1] + (p[5] * since + p[7] * since**2) * p[3])
        origin = Origin(self.file, self.hdu, self.description, self.start, (float(self.lld[row]), *p))
        if not b > 0 or not all(math.isfinite(x) for x in (float(a), float(b), p[2], p[8])):
            raise DataError(
                f"{self.where}: row {row + 1} gives {b:g} channels per keV on MJD {day}; a number above 0 was "
                "expected. Give another energy-to-channel table, or a date that it was made for."
            )
        return ChannelLaw(self.pcu, code, float(day), float(a), float(b), p[2], p[8], origin)

    def _row(self, code: int) -> int:
        pair = pair_code(code)
        for row, lld in enumerate(self.lld):
            if lld in (code, pair) or (lld == ALL_XENON and code <= ALL_XENON):
                return row
        raise DataError(
            f"{self.where}: column LLD has no row for {NAMES[code]} (code {code}); found {list(self.lld)}. Give an "
            "energy-to-channel table with all layers."
        )


@dataclass(frozen=True, slots=True)
class ChannelTable:
    """The energy-to-channel table: its extensions in the file's order."""

    name: str
    extensions: tuple[Extension, ...]

    def extension(self, pcu: int, mjd: float, *, compat: Compat = None) -> Extension:
        """Return the extension that holds for a PCU at a moment, MJD (UTC): the last one that begins before it.

        Parameters
        ----------
        pcu : int
        mjd : float [MJD]
        compat : {"heasoft"}, optional
            Choose as pcarmf does in a file that is named: the first one in the file's order whose *day* is before the
            day asked for. So it takes the old law all through the day of a change.

        Raises
        ------
        DataError
            If there is none.
        """
        mine = [one for one in self.extensions if one.pcu == pcu]
        if compat:
            held = [one for one in mine if math.floor(mjd) > math.floor(one.start)][:1]
        else:
            held = sorted((one for one in mine if one.start <= mjd), key=lambda one: one.start)[-1:]
        if not held:
            first = min((one.start for one in mine), default=None)
            found = f"its laws begin on MJD {first:.4f}" if mine else "it has no extension for this PCU"
            raise DataError(
                f"{self.name}: no law of PCU {pcu} for MJD {mjd:.4f}; {found} (DETNAM, CVSD0001). Give another "
                "energy-to-channel table or another date."
            )
        return held[0]

    def law(self, pcu: int, code: int, mjd: float, *, compat: Compat = None) -> ChannelLaw:
        """Return the law of a group of anodes of a PCU; see `extension` and `Extension.law`.

        Parameters
        ----------
        pcu, code : int
        mjd : float [MJD]
            UTC.
        compat : {"heasoft"}, optional

        Raises
        ------
        DataError
            If there is none.
        """
        return self.extension(pcu, mjd, compat=compat).law(code, mjd)


def read_channel_table(file: FitsFile, hdus: Sequence[int] | None = None) -> ChannelTable:
    """Read an energy-to-channel table.

    Parameters
    ----------
    file : FitsFile
    hdus : sequence of int, optional
        Extensions to be read, from 1; by default all whose CONVMETH is 3.

    Raises
    ------
    DataError
        If it holds no such extension, or one that can't be read.
    """
    tables = [(number, file.table(hdu=number)) for number in hdus or range(1, len(file.tables) + 1)]
    usable = [(number, table) for number, table in tables if table.header.get("CONVMETH") == METHOD]
    if not usable:
        found = sorted({str(table.header.get("CONVMETH")) for _, table in tables})
        raise DataError(
            f"{file.name}: no extension with CONVMETH {METHOD}, found {', '.join(found) or 'no table'}; give the PCA's "
            "energy-to-channel table (CALDB: E2C_PARM)."
        )
    return ChannelTable(file.name, tuple(_extension(number, table) for number, table in usable))


def _extension(hdu: int, table: Table) -> Extension:
    header, where = table.header, f"{table.source}[{hdu}]"
    detector = str(header.get("DETNAM", "")).strip()
    if detector[:3] != "PCU" or detector[3:] not in {"0", "1", "2", "3", "4"}:
        raise DataError(f"{where}: keyword DETNAM is {detector!r}; PCU0 to PCU4 were expected.")
    date, clock = str(header.get("CVSD0001", "")), str(header.get("CVST0001", "00:00:00"))
    parameters = np.column_stack([table.numbers(name) for name in _COLUMNS])
    if not len(parameters):
        raise DataError(f"{where}: the table has no rows; fetch the energy-to-channel table again.")
    return Extension(
        where,
        PurePath(table.source).name,
        hdu,
        int(detector[3]),
        calendar_mjd(date, clock, f"{where} CVSD0001"),
        str(header.get("CDES0001", "")).strip(),
        tuple(table.integers("LLD").tolist()),
        parameters,
    )
