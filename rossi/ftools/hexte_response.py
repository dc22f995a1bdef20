"""``hextebackest``: the background of HEXTE's cluster A, estimated from cluster B."""

from __future__ import annotations

from pathlib import Path

from rossi.errors import ConfigError
from rossi.fits.edit import as_hdu
from rossi.fits.reader import read_fits
from rossi.fits.table import Table
from rossi.fits.writer import fits_bytes, now, primary_hdu
from rossi.ftools.caldb import hexte_background_correction, is_caldb
from rossi.ftools.parameters import Parameters, Task, extension, write_outputs
from rossi.hexte.backest import archive_form, estimate_background


class HextebackestParameters(Parameters):
    """Parameters of ``hextebackest``; ``compat=no`` writes CPIX1 and QUALITY of the archive form as they should be."""

    infile: str
    outfile: str
    corrfile: str = "CALDB"
    mkarcfil: bool = False
    version: str = "1.1"
    compat: bool = True


def hextebackest(p: HextebackestParameters) -> list[str]:
    """Estimate the background of cluster A; with ``mkarcfil``, in the 64 channels of the archive mode too."""
    if p.version.strip() != "1.1":
        raise ConfigError(f"version is {p.version!r}; 1.1, the only algorithm there is, was expected.")
    if p.outfile.strip().removeprefix("!").upper() == "STDOUT":
        raise ConfigError("outfile is STDOUT, but a spectrum can't go to the terminal; give the name of a file.")
    path, hdu = hexte_background_correction() if is_caldb(p.corrfile) else extension(p.corrfile)
    correction = _table(path, hdu)
    background = _table(*extension(p.infile))
    estimate = estimate_background(background, correction)
    estimate.header.set("CREATOR", "hextebackest", "program that produced this file")
    estimate.header.set("DATE", now(), "file creation date UTC")
    made = [(p.outfile, _alone(estimate))]
    if p.mkarcfil:
        archive = archive_form(estimate, compat="heasoft" if p.compat else None)
        made.append((_archive_name(p.outfile), _alone(archive)))
    return write_outputs(made, p.clobber)


def _archive_name(outfile: str) -> str:
    """Put ``arc_`` in front of a file's name, behind its folder."""
    path = Path(outfile.removeprefix("!"))
    return ("!" if outfile.startswith("!") else "") + str(path.with_name("arc_" + path.name))


def _table(path: str, hdu: int | str) -> Table:
    file = read_fits(path)
    return file.table(hdu) if isinstance(hdu, str) else file.table(hdu=hdu)


def _alone(table: Table) -> bytes:
    return fits_bytes(primary_hdu(), [as_hdu(table)])


TASKS = {"hextebackest": Task(HextebackestParameters, hextebackest, ("infile", "outfile"))}
