"""``pcarmf``, ``xpcaarf``, ``pcarsp``: responses of PCA spectra."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from rossi.energy.area import pca_area_table
from rossi.energy.collimator import BORESIGHT
from rossi.energy.detectors import PCUS
from rossi.energy.layers import ALL_XENON, XENON, layer_code
from rossi.energy.pca_matrix import pca_matrix
from rossi.energy.pca_response import pca_area
from rossi.energy.redistribution import PARTIAL_CHARGE
from rossi.energy.response_cards import pca_response_file
from rossi.errors import ConfigError
from rossi.fits.reader import read_bytes, read_fits
from rossi.fits.writer import fits_bytes, primary_hdu
from rossi.ftools import samples
from rossi.ftools.parameters import Made, Parameters, Task, extension, write_output
from rossi.ftools.pca_calibration import about_table, channel_tables, collimators, moment
from rossi.ftools.pointing import Standing, position_of
from rossi.spectra.algebra import Compat
from rossi.spectra.pha import find_spectrum
from rossi.spectra.response_file import read_response


class PcarmfParameters(Parameters):
    """Parameters of ``pcarmf``; ``compat=yes`` chooses table and propane by the day, as the original."""

    outfile: Annotated[str, "matrix to be made, of 256 channels"]
    pcuid: Annotated[int, "PCU, 0 to 4"]
    lld_code: Annotated[
        str, "anodes: 3, 12, 48 layers 1, 2, 3, 63 all xenon, 64 propane; or LR1, L1, R1, XE, P ..."
    ] = "63"
    e2cfile: Annotated[str, "energy-to-channel table: file, CALDB, or e05v03, which comes with rossi"] = "CALDB"
    cdate: Annotated[str, "date, UTC: 2000-05-13, with or without T18:33:40"]
    pcc_coeff: Annotated[float, "partial charge collection; 0: none"] = PARTIAL_CHARGE
    scale_hack: Annotated[float, "must be 0"] = 0.0
    compat: Annotated[bool, "choose the table, and whether there is propane, by the day, as the original"] = False


class XpcaarfParameters(Parameters):
    """Parameters of ``xpcaarf``."""

    phafil: Annotated[str, "spectrum"]
    rmffil: Annotated[str, "matrix, for its energies"]
    arffil: Annotated[str, "effective area to be made"]
    xtefilt: Annotated[str, "filter file or attitude (FH0e), or NONE: y_boresite, z_boresite hold"]
    collcube: Annotated[str, "collimator: file, CALDB, or NONE: the geometric area"] = "CALDB"
    pcu: Annotated[int, "PCU, 0 to 4"]
    ra: Annotated[float | None, "right ascension of the source [deg]; INDEF: RA_OBJ"] = None
    dec: Annotated[float | None, "declination of the source [deg]; INDEF: DEC_OBJ"] = None
    start: Annotated[float, "begin [s], -1: the spectrum's good time"] = -1.0
    stop: Annotated[float, "end [s], -1: the spectrum's good time"] = -1.0
    jitter: Annotated[float, "how much the pointing may vary [arcsec]"] = 20.0
    y_boresite: Annotated[float, "spacecraft's y of the source"] = BORESIGHT[0]
    z_boresite: Annotated[float, "spacecraft's z of the source"] = BORESIGHT[1]
    compat: Annotated[bool, "no TIMEZERO of the attitude; the source at 0, 0 where it is unknown, as the original"] = (
        False
    )


def pcarmf(p: PcarmfParameters) -> Made:
    """Make the matrix of a PCU in 256 channels."""
    if p.scale_hack:
        raise ConfigError(f"scale_hack is {p.scale_hack:g}; leave it 0, corrections are not applied to a matrix.")
    pcu, code, mjd = _pcu(p.pcuid, "pcuid"), layer_code(p.lld_code), moment(p.cdate, "cdate")
    compat: Compat = "heasoft" if p.compat else None
    table = channel_tables("e2cfile", p.e2cfile, [pcu], mjd, compat=compat)[pcu]
    matrix = pca_matrix(table, code, mjd, p.pcc_coeff, compat=compat)
    laws = [table.law(layer, mjd) for layer in (reversed(XENON) if code == ALL_XENON else (code,))]
    made = pca_response_file(matrix, f"PCU{pcu}", laws, "pcarmf", full=False)
    return Made([write_output(p.outfile, made, p.clobber)], about_table(p.e2cfile))


def xpcaarf(p: XpcaarfParameters) -> Made:
    """Make the effective area of a PCU where the source stood."""
    pcu = _pcu(p.pcu, "pcu")
    file = read_fits(extension(p.phafil)[0])
    spectrum = find_spectrum(file)
    matrix = extension(p.rmffil)[0]
    energies, _ = read_response(read_bytes(matrix), matrix)
    standing = Standing(p.xtefilt, p.ra, p.dec, p.start, p.stop, (p.y_boresite, p.z_boresite), p.jitter)
    position, remarks = position_of(standing, file, spectrum, compat="heasoft" if p.compat else None)
    cube = collimators("collcube", p.collcube, [pcu], spectrum).get(pcu)
    area = pca_area(pcu, energies, cube, position)
    names = (Path(file.name).name, Path(p.rmffil).name)
    made = fits_bytes(primary_hdu(), [pca_area_table(PCUS[pcu], area, cube, position, names)])
    return Made([write_output(p.arffil, made, p.clobber)], remarks)


def _pcu(number: int, parameter: str) -> int:
    if number not in range(len(PCUS)):
        raise ConfigError(f"{parameter} is {number}; a PCU from 0 to {len(PCUS) - 1} was expected.")
    return number


TASKS = {
    "pcarmf": Task(
        PcarmfParameters,
        pcarmf,
        ("outfile", "pcuid", "lld_code", "e2cfile", "cdate"),
        example="pcu2.rmf 2 63 e05v03 2005-03-26",
    ),
    "xpcaarf": Task(
        XpcaarfParameters,
        xpcaarf,
        ("phafil", "rmffil", "arffil", "xtefilt", "collcube", "pcu"),
        example=f"src.pha pcu2.rmf pcu2.arf {samples.FILTER} NONE 2",
        after=("pcaextspect2", "pcarmf"),
    ),
}
