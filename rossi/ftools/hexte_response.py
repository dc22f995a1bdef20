"""``hextebackest``, ``hxtarf``, ``marfrmf``, ``hxtrsp``: estimated background and responses of HEXTE spectra."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from rossi.calibration_roles import Role
from rossi.energy.area import area_table
from rossi.energy.collimator import read_cube
from rossi.energy.hexte_observed import channel_groups
from rossi.errors import ConfigError, DataError
from rossi.fits.edit import as_hdu, require_plain, with_keywords
from rossi.fits.reader import FitsFile, open_fits, read_bytes, read_fits
from rossi.fits.table import Table
from rossi.fits.writer import fits_bytes, now, primary_hdu
from rossi.ftools import samples
from rossi.ftools.caldb import caldb_entry, caldb_files, is_caldb
from rossi.ftools.origin import compare_origin, hdu_table, named_table, origin_of
from rossi.ftools.parameters import Made, Parameters, Task, extension, is_none, write_output, write_outputs
from rossi.ftools.pointing import Standing, position_of
from rossi.hexte.backest import archive_form, estimate_background
from rossi.spectra.area import read_area, with_area
from rossi.spectra.pha import find_spectrum
from rossi.spectra.response import Response, rebin_response
from rossi.spectra.response_file import contains_area, matrix_table, read_response, response_file

#: Options of ``hxtrsp`` on a command line.
OPTIONS = {"i": "infile", "a": "attfile"}


class HextebackestParameters(Parameters):
    """Parameters of ``hextebackest``; ``compat=no`` writes CPIX1 and QUALITY of the archive form as they should be."""

    infile: Annotated[str, "background spectrum of cluster B"]
    outfile: Annotated[str, "background of cluster A to be made"]
    corrfile: Annotated[str, "correction: file or CALDB"] = "CALDB"
    mkarcfil: Annotated[bool, "also in the 64 channels of the archive mode, as arc_<outfile>"] = False
    version: Annotated[str, "of the algorithm, 1.1"] = "1.1"
    compat: Annotated[bool, "no writes CPIX1 and QUALITY of the archive form as they should be"] = True


class HxtarfParameters(Parameters):
    """Parameters of ``hxtarf``; without ``xtefilt`` the source stands at ``y_source``, ``z_source``."""

    phafil: Annotated[str, "spectrum"]
    inarf: Annotated[str, "effective area on axis: file or CALDB"] = "CALDB"
    outarf: Annotated[str, "effective area to be made"]
    xtefilt: Annotated[str, "filter file or attitude (FH0e), or NONE: y_source, z_source hold"]
    collcube: Annotated[str, "collimator's response: file or CALDB"] = "CALDB"
    jitter: Annotated[float, "how much the pointing may vary [arcsec]"] = 25.0
    detnam: Annotated[str, "detector, other than DETNAM of the spectrum"] = ""
    ra: Annotated[float | None, "right ascension of the source [deg]; INDEF: RA_OBJ"] = None
    dec: Annotated[float | None, "declination of the source [deg]; INDEF: DEC_OBJ"] = None
    start: Annotated[float, "begin [s], -1: the spectrum's good time"] = -1.0
    stop: Annotated[float, "end [s], -1: the spectrum's good time"] = -1.0
    y_source: Annotated[float, "spacecraft's y of the source"] = 0.0
    z_source: Annotated[float, "spacecraft's z of the source"] = 0.0007
    compat: Annotated[bool, "no TIMEZERO of the attitude; the source at 0, 0 where it is unknown, as the original"] = (
        False
    )
    clobber: Annotated[bool, "overwrite output files that exist"] = True


class HxtrspParameters(Parameters):
    """Parameters of ``hxtrsp``; ``inrmf``, ``inarf`` and ``collcube`` take other files than those of the CALDB."""

    infile: Annotated[str, "spectrum; RESPFILE is written into it"]
    attfile: Annotated[str, "filter file or attitude (FH0e), or NONE"] = "NONE"
    inrmf: Annotated[str, "matrix: file or CALDB"] = "CALDB"
    inarf: Annotated[str, "effective area on axis: file or CALDB"] = "CALDB"
    collcube: Annotated[str, "collimator's response: file or CALDB"] = "CALDB"
    compat: Annotated[bool, "attitude as in hxtarf compat=yes; RESPFILE with the folder, as the original"] = False
    clobber: Annotated[bool, "overwrite output files that exist"] = True


class MarfrmfParameters(Parameters):
    """Parameters of ``marfrmf``."""

    rmfil: Annotated[str, "matrix"]
    ebfil: Annotated[str, "file with EBOUNDS, % where the matrix has it"] = "%"
    arfil: Annotated[str, "effective area"]
    outfil: Annotated[str, "response to be made"]
    arfcol: Annotated[str, "column of the effective area"] = "SPECRESP"
    qoverride: Annotated[bool, "multiply files of different instruments, too"] = False
    qdivide: Annotated[bool, "must be no"] = False


def hextebackest(p: HextebackestParameters) -> list[str]:
    """Estimate the background of cluster A; with ``mkarcfil``, in the 64 channels of the archive mode too."""
    if p.version.strip() != "1.1":
        raise ConfigError(f"version is {p.version!r}; 1.1, the only algorithm there is, was expected.")
    if p.outfile.strip().removeprefix("!").upper() == "STDOUT":
        raise ConfigError("outfile is STDOUT, but a spectrum can't go to the terminal; give the name of a file.")
    if is_caldb(p.corrfile):
        path, (hdu,) = next(iter(caldb_files("corrfile", Role.BACKGROUND_A).items()))
        correction = hdu_table(path, hdu)
    else:
        correction = hdu_table(*extension(p.corrfile))
    background = hdu_table(*extension(p.infile))
    estimate = estimate_background(background, correction)
    estimate.header.set("CREATOR", "hextebackest", "program that produced this file")
    estimate.header.set("DATE", now(), "file creation date UTC")
    made = [(p.outfile, fits_bytes(primary_hdu(), [as_hdu(estimate)]))]
    if p.mkarcfil:
        archive = archive_form(estimate, compat="heasoft" if p.compat else None)
        made.append((_archive_name(p.outfile), fits_bytes(primary_hdu(), [as_hdu(archive)])))
    return write_outputs(made, p.clobber)


def _archive_name(outfile: str) -> str:
    """Put ``arc_`` in front of a file's name, behind its folder."""
    path = Path(outfile.removeprefix("!"))
    return ("!" if outfile.startswith("!") else "") + str(path.with_name("arc_" + path.name))


def hxtarf(p: HxtarfParameters) -> Made:
    """Apply the collimator's response to the effective area on axis."""
    area, remarks = _arf(p)
    return Made([write_output(p.outarf, area, p.clobber)], remarks)


def _arf(p: HxtarfParameters) -> tuple[bytes, list[str]]:
    file = read_fits(extension(p.phafil)[0])
    spectrum = find_spectrum(file)
    detector = p.detnam.strip() or _detector(spectrum)
    source = _calibration("inarf", p.inarf, "EFF_AREA", spectrum, detector)
    cube = _calibration("collcube", p.collcube, "COLLRESP", spectrum, detector)
    expected = origin_of(spectrum.header) | {"DETNAM": detector}
    remarks = []
    for table in (source, cube):
        remarks += compare_origin(spectrum.where, expected, table.where, origin_of(table.header))
    frame = str(source.header.get("CSYSNAME", "RAW_DET")).strip()
    if frame != "RAW_DET":
        remarks.append(f"{source.where}: CSYSNAME is {frame}, not RAW_DET; has the collimator been applied already?")
    standing = Standing(p.xtefilt, p.ra, p.dec, p.start, p.stop, (p.y_source, p.z_source), p.jitter)
    position, more = position_of(standing, file, spectrum, compat="heasoft" if p.compat else None)
    made = area_table(source, read_cube(cube), position, Path(file.name).name)
    return fits_bytes(primary_hdu(), [made]), remarks + more


def marfrmf(p: MarfrmfParameters) -> Made:
    """Multiply a redistribution matrix with an effective area."""
    if p.qdivide:
        raise ConfigError("qdivide=yes is not offered; leave qdivide=no.")
    rmf = extension(p.rmfil)[0]
    ebounds = None if p.ebfil.strip() == "%" or is_none(p.ebfil) else read_bytes(extension(p.ebfil)[0])
    response, source = read_response(read_bytes(rmf), rmf, ebounds)
    area = named_table(p.arfil, p.arfcol)
    origin = origin_of(matrix_table(source).header)
    remarks = [] if p.qoverride else compare_origin(rmf, origin, area.where, origin_of(area.header))
    return Made([write_output(p.outfil, _multiplied(response, source, area, p.arfcol), p.clobber)], remarks)


def _multiplied(response: Response, source: FitsFile, area: Table, column: str = "SPECRESP") -> bytes:
    if contains_area(source):
        raise DataError(
            f"{matrix_table(source).where}: HDUCLAS3 is FULL, so the matrix contains an effective area already; "
            "give one without (HDUCLAS3 = REDIST)."
        )
    return response_file(with_area(response, read_area(area, column)), source, full=True)


def hxtrsp(p: HxtrspParameters) -> Made:
    """Make the response of a spectrum beside it (``.rmf``, ``.arf``, ``.rsp``), and name it in the spectrum."""
    name = extension(p.infile)[0]
    data = read_bytes(name)
    require_plain(data, name)
    file = open_fits(data, name)
    spectrum = find_spectrum(file)
    full, source = _matrix(p.inrmf, spectrum, _detector(spectrum))
    response = rebin_response(full, channel_groups(spectrum, len(full.e_min)), 0)
    n_channel = spectrum.header.count("DETCHANS", spectrum.where)
    if len(response.e_min) != n_channel:
        raise DataError(
            f"{spectrum.where}: DETCHANS is {n_channel}, but CPIX1 makes {len(response.e_min)} channels of the "
            f"{len(full.e_min)} of {full.name}; extract the spectrum again."
        )
    remarks = compare_origin(
        spectrum.where, origin_of(spectrum.header), full.name, origin_of(matrix_table(source).header)
    )
    root = str(Path(name).with_suffix(""))
    files: dict[str, Any] = {
        "phafil": name,
        "inarf": p.inarf,
        "outarf": root + ".arf",
        "xtefilt": p.attfile,
        "collcube": p.collcube,
    }
    arf, more = _arf(HxtarfParameters(**files, compat=p.compat))
    area = open_fits(arf, root + ".arf").table("SPECRESP")
    made = [(root + ".rmf", response_file(response, source)), (root + ".arf", arf)]
    made.append((root + ".rsp", _multiplied(response, source, area)))
    respfile = (root if p.compat else Path(root).name) + ".rsp"
    names = [("RESPFILE", respfile, "response"), ("ANCRFILE", "NONE", "is part of the response")]
    changed = with_keywords(data, name, file.tables.index(spectrum) + 1, names)
    return Made([*write_outputs(made, p.clobber), write_output(name, changed, True)], remarks + more)


def _matrix(text: str, spectrum: Table, detector: str) -> tuple[Response, FitsFile]:
    if not is_caldb(text):
        path = extension(text)[0]
        return read_response(read_bytes(path), path)
    matrix, ebounds = (
        caldb_entry("inrmf", codename, spectrum, detector, "HEXTE")[0] for codename in ("MATRIX", "EBOUNDS")
    )
    return read_response(read_bytes(matrix), matrix, None if ebounds == matrix else read_bytes(ebounds))


def _detector(spectrum: Table) -> str:
    detector = str(spectrum.header.get("DETNAM", "")).strip()
    if not detector:
        raise DataError(
            f"{spectrum.where}: keyword DETNAM is missing, so the detectors are unknown; correct the dead time first, "
            "hxtdead writes it."
        )
    return detector


def _calibration(parameter: str, text: str, codename: str, spectrum: Table, detector: str) -> Table:
    if is_caldb(text):
        path, hdu = caldb_entry(parameter, codename, spectrum, detector, "HEXTE")
        return read_fits(path).table(hdu=hdu)
    return named_table(text, "SPECRESP" if codename == "EFF_AREA" else codename)


TASKS = {
    "hextebackest": Task(
        HextebackestParameters,
        hextebackest,
        ("infile", "outfile"),
        example=f"rossi ftool hxtback -i {samples.HEXTE}/FS56_{samples.SPAN}.gz -b\n"
        f"rossi ftool seextrct FS56_{samples.SPAN}_bkg APPLY - pwb printmode=SPECTRUM\n"
        f"rossi ftool hxtdead {samples.CALIBRATION}/sim_hxtdead_pwb.fits "
        f"{samples.HEXTE}/FH59_{samples.HOUSEKEEPING}.gz FS56_{samples.SPAN}_bkg pwb.pha\n"
        f"pwb.pha pwa.pha corrfile={samples.CALIBRATION}/sim_hextebackest.fits",
    ),
    "hxtarf": Task(
        HxtarfParameters,
        hxtarf,
        ("phafil", "inarf", "outarf", "xtefilt", "collcube"),
        example=f"hexte.pha CALDB hexte.arf {samples.FILTER}",
        after=("hxtdead",),
        needs="HEXTE's responses in a CALDB",
    ),
    "hxtrsp": Task(
        HxtrspParameters,
        hxtrsp,
        ("infile", "attfile"),
        options=OPTIONS,
        example=f"-i hexte.pha -a {samples.FILTER}",
        after=("hxtdead",),
        needs="HEXTE's responses in a CALDB",
    ),
    "marfrmf": Task(
        MarfrmfParameters,
        marfrmf,
        ("rmfil", "arfil", "outfil"),
        example="hexte.rmf arfil=hexte.arf outfil=full.rsp",
        after=("hxtrsp",),
        needs="HEXTE's responses in a CALDB",
    ),
}
