"""``barycorr``, ``faxbary``, ``axbary`` and ``hdaxbary``: times at the barycentre of the solar system."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, BinaryIO

from rossi.errors import ConfigError
from rossi.fits.reader import open_fits, read_bytes, read_fits
from rossi.ftools.parameters import Made, Parameters, Task, file_list, is_none, write_stream
from rossi.ftools.texts import read_text
from rossi.timing.barycentre import Barycentre, Direction
from rossi.timing.barycentre_file import Correction, direction_of, write_barycentred
from rossi.timing.clock import FineClock, read_clock
from rossi.timing.ephemeris import Ephemeris, open_ephemeris
from rossi.timing.orbit import read_orbit

#: Where HEASoft keeps its files of clock and ephemeris.
_FOLDERS = ("TIMING_DIR", "LHEA_DATA")


class BarycentreParameters(Parameters):
    """What all of them take; ``ephemeris``, ``clockfile`` and ``compat`` are ours."""

    infile: Annotated[str, "event file or light curve"]
    outfile: Annotated[str, "file to be made"]
    orbitfiles: Annotated[str, "orbit files FPorbit_DayNNNN: file, list or @list"]
    ra: Annotated[float | None, "right ascension of the source [deg]; INDEF: from the header"] = None
    dec: Annotated[float | None, "declination of the source [deg]; INDEF: from the header"] = None
    refframe: Annotated[str, "frame of position and ephemeris: ICRS (DE405) or FK5 (DE200)"] = "ICRS"
    ephemeris: Annotated[str, "DE405, builtin, a file JPLEPH.nnn or a kernel of astropy's; empty: by refframe"] = ""
    clockfile: Annotated[str, "fine clock corrections tdc.dat; empty: of $TIMING_DIR or $LHEA_DATA; - or NONE"] = ""
    tolerance: Annotated[float, "accepted, without effect"] = 3.0
    compat: Annotated[bool, "interpolate the orbit as the original does"] = False

    def clock(self) -> FineClock | None:
        """Return the clock corrections, None where there are none."""
        if self.clockfile.strip() and is_none(self.clockfile):
            return None
        path = self.clockfile.strip() or _heasoft_file("tdc.dat")
        return read_clock(read_text(path, "the file of clock corrections"), path) if path else None

    def source(self) -> tuple[Direction, list[str]]:
        """Return the position of the source, and what to say of it."""
        frame = self.refframe.strip().upper()
        if frame not in {"ICRS", "FK5"}:
            raise ConfigError(f"refframe is {self.refframe!r}; expected ICRS or FK5.")
        if (self.ra is None) != (self.dec is None):
            raise ConfigError("One of ra and dec is given; give both, or none to take those of the header.")
        if self.ra is not None and self.dec is not None:
            return Direction(self.ra, self.dec, frame), []
        table = open_fits(read_bytes(self.infile), self.infile).table()
        direction, said = direction_of(table.header, table.where, "FK5")
        return direction, [said] if said else []

    def positions(self) -> Ephemeris:
        """Return the ephemeris."""
        if self.ephemeris.strip():
            return open_ephemeris(self.ephemeris)
        if self.refframe.strip().upper() == "ICRS":
            return open_ephemeris()
        path = _heasoft_file("JPLEPH.200")
        if not path:
            raise ConfigError(
                "refframe=FK5 needs DE200: give HEASoft's file as ephemeris=.../JPLEPH.200, or refframe=ICRS (DE405)."
            )
        return open_ephemeris(path)


def _heasoft_file(name: str) -> str:
    folders = [Path(os.environ[key]) for key in _FOLDERS if os.environ.get(key)]
    return next((str(folder / name) for folder in folders if (folder / name).is_file()), "")


class ReplacingParameters(BarycentreParameters):
    """Parameters of ``barycorr``; ``ephemeris``, ``clockfile`` and ``compat`` are ours."""

    barytime: Annotated[bool, "add a column BARYTIME and leave the rest as it is"] = False


class AddingParameters(BarycentreParameters):
    """Parameters of ``faxbary``; ``ephemeris``, ``clockfile`` and ``compat`` are ours."""

    barytime: Annotated[bool, "add a column BARYTIME and leave the rest as it is"] = True


class ScriptParameters(BarycentreParameters):
    """Parameters of ``axbary`` and ``hdaxbary``; ``ephemeris``, ``clockfile`` and ``compat`` are ours."""


def barycorr(p: ReplacingParameters | AddingParameters) -> Made:
    """Correct a file, or add BARYTIME."""
    return _correct(p, p.barytime)


def axbary(p: ScriptParameters) -> Made:
    """Correct a file."""
    return _correct(p, False)


def _correct(p: BarycentreParameters, column: bool) -> Made:
    direction, said = p.source()
    orbit = read_orbit([read_fits(name) for name in file_list(p.orbitfiles)])
    barycentre = Barycentre(direction, orbit, p.positions(), p.compat)
    request = Correction(barycentre, p.clock(), column)

    def write(out: BinaryIO) -> list[str]:
        return write_barycentred(read_bytes(p.infile), p.infile, request, out)

    more = write_stream(p.outfile, p.clobber, write)
    return Made([str(p.outfile).removeprefix("!")], [*said, *more])


_ASKED = ("infile", "outfile", "orbitfiles")
_OPTIONS = {"i": "orbitfiles", "f": "infile", "o": "outfile", "ra": "ra", "dec": "dec", "ref": "refframe"}
_NEEDS = "an event file and the orbit file of its day"
_SOURCE = "ra=228.481325 dec=-59.135778"
TASKS = {
    "barycorr": Task(
        ReplacingParameters,
        barycorr,
        _ASKED,
        example=f"gx.evt gx_bary.evt FPorbit_Day6223 {_SOURCE} clockfile=tdc.dat",
        needs=_NEEDS,
    ),
    "faxbary": Task(
        AddingParameters, barycorr, _ASKED, example=f"gx.evt gx_bary.evt FPorbit_Day6223 {_SOURCE}", needs=_NEEDS
    ),
    **{
        name: Task(
            ScriptParameters,
            axbary,
            _ASKED,
            options=_OPTIONS,
            example="-i FPorbit_Day6223 -f gx.evt -o gx_bary.evt -ra 228.481325 -dec -59.135778",
            needs=_NEEDS,
        )
        for name in ("axbary", "hdaxbary")
    },
}
