"""``xtefilt``, ``pcaprepfile2`` and ``pcaprepobsid``: from an observation directory to files ready for extraction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

from rossi.errors import ConfigError, DataError
from rossi.fits.edit import as_hdu, dated_file
from rossi.fits.reader import FitsFile, open_fits, read_fits
from rossi.fits.writer import fits_bytes
from rossi.ftools import samples
from rossi.ftools.background import models, saa_history
from rossi.ftools.caldb import caldb_entries, caldb_entries_at, is_caldb
from rossi.ftools.parameters import Made, Parameters, Task, file_list, is_none, write_output
from rossi.ftools.pca import DeadTimeParameters, read_housekeeping
from rossi.ftools.texts import read_text
from rossi.pca.background.estimate import BackgroundOptions, estimate_background
from rossi.pca.deadtime import BadRowRules
from rossi.pca.filter import build_filter_file, needed_files
from rossi.pca.filter.collect import MAX_GAP
from rossi.pca.filter.columns import COLLECTED, Source
from rossi.pca.filter.indices import MasterIndex, read_master
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.prepare import prepare_background, prepare_standard2
from rossi.pca.standard1 import prepare_standard1
from rossi.pca.standard1_table import standard1_file
from rossi.pca.standard2 import PCUS

_STANDARD1 = re.compile(r"(FS46_[0-9a-f]+-[0-9a-f]+)(\.gz)?")
_STANDARD2 = re.compile(r"(FS4a_[0-9a-f]+-[0-9a-f]+)(\.gz)?")
_MODES = ("Standard1", "Standard2")
_DONE = "pcaprepobsid_done.txt"
_FILTER_LIST, _HOUSEKEEPING_LIST = "FP_xtefilt.lis", "FP_pcahk.lis"
_STANDARD1_LISTS = ("FP_std1.lis", "FP_dtstd1.lis")
_STANDARD2_LISTS = ("FP_std2.lis", "FP_bkg2.lis", "FP_dtstd2.lis", "FP_dtbkg2.lis")


class PrepParameters(DeadTimeParameters):
    """Parameters that ``pcaprepfile2`` and ``pcaprepobsid`` share."""

    modelfile: Annotated[str, "models of the background: files, or CALDB"] = "CALDB"
    bkginterval: Annotated[float, "seconds between estimates of the background"] = 16.0
    breakfile: Annotated[str, "times of breakdowns: file, NONE or CALDB"] = "CALDB"
    bkglayers: Annotated[bool, "background of each layer (pcaextlc2 needs it)"] = True
    bkgfullspec: Annotated[bool, "background in 256 channels"] = False
    saahfile: Annotated[str, "history of SAA passages: file, NONE or CALDB"] = "CALDB"

    def background(self) -> BackgroundOptions:
        """Return how to estimate the background."""
        return BackgroundOptions(
            interval=self.bkginterval, layers=self.bkglayers, full_spectrum=self.bkgfullspec, time_slop=128.0
        )


class XtefiltParameters(Parameters):
    """Parameters of ``xtefilt``: the letters of its options."""

    p: Annotated[str, "observation's directory, or its FMI"]
    f: Annotated[str, "what the filter file's name begins with; .xfl is appended"]
    o: Annotated[str, "ObsID, to be checked"] = ""
    a: Annotated[str, "list of columns: application id, column, new name; NONE for the usual ones"] = "NONE"
    t: Annotated[float, "step [s]"] = 16.0
    b: Annotated[str, "times of breakdowns, or NONE"] = "NONE"
    g: Annotated[float, "longest gap that is interpolated [s]"] = MAX_GAP
    c: Annotated[bool, "overwrite a file that exists"] = False


class Pcaprepfile1Parameters(DeadTimeParameters):
    """Parameters of ``pcaprepfile1``."""

    infile: Annotated[str, "Standard1 file"]
    hkfiles: Annotated[str, "housekeeping of all five PCUs, FH5a to FH5e: list or @list"]
    dtfile: Annotated[str, "data with dead time to be made"]
    breakfile: Annotated[str, "times of breakdowns: file, NONE or CALDB"] = "CALDB"


class Pcaprepfile2Parameters(PrepParameters):
    """Parameters of ``pcaprepfile2``."""

    infile: Annotated[str, "Standard2 file"]
    filterfile: Annotated[str, "filter file"]
    hkfiles: Annotated[str, "housekeeping of all five PCUs, FH5a to FH5e: list or @list"]
    bkgfile: Annotated[str, "background to be made, or NONE"]
    dtfile: Annotated[str, "data with dead time to be made, or NONE"]
    dtbkgfile: Annotated[str, "background with dead time to be made, or NONE"]


class PcaprepobsidParameters(PrepParameters):
    """Parameters of ``pcaprepobsid``."""

    indir: Annotated[str, "observation's directory"]
    outdir: Annotated[str, "directory of the results"]
    ra: Annotated[float | None, "right ascension that ELV and OFFSET refer to [deg]; INDEF: the pointing"] = None
    dec: Annotated[float | None, "declination [deg]"] = None
    datamodes: Annotated[str, "kinds of data, both or one of them"] = "Standard1,Standard2"
    timestep: Annotated[float, "step of the filter file [s]"] = 16.0
    abspath: Annotated[bool, "write absolute paths into the lists"] = False
    clobber: Annotated[bool, "overwrite output files that exist"] = True

    def position(self) -> tuple[float, float] | None:
        """Return the position that ELV and OFFSET refer to; None unless both coordinates are given."""
        return None if self.ra is None or self.dec is None else (self.ra, self.dec)

    def modes(self) -> set[str]:
        """Return which kinds of data are prepared."""
        words = [word.strip().capitalize() for word in self.datamodes.split(",") if word.strip()]
        if not words or set(words) - set(_MODES):
            raise ConfigError(f"datamodes is {self.datamodes!r}; expected Standard1,Standard2 or one of them.")
        return set(words)


def xtefilt(p: XtefiltParameters) -> Made:
    """Write the filter file of an observation directory (p), as f + ``.xfl``."""
    folder = Path(p.p).parent if Path(p.p).is_file() else Path(p.p)
    files = _read(folder)
    master = read_master(files)
    if p.o and p.o != master.obsid:
        raise DataError(f"{folder}/FMI: it is the index of {master.obsid}, not of o={p.o}; give its own directory.")
    sources = COLLECTED if is_none(p.a) else _sources(p.a)
    said: list[str] = []
    made = build_filter_file(files, _breakdown_history(p.b, master), p.t, sources=sources, max_gap=p.g, said=said)
    return Made([write_output(f"{p.f}.xfl", made, p.clobber or p.c)], said)


def pcaprepfile1(p: Pcaprepfile1Parameters) -> Made:
    """Write a Standard1 file with dead time."""
    states = read_housekeeping(file_list(p.hkfiles))
    file, said = dated_file(read_fits(p.infile))
    return Made([write_output(p.dtfile, _prepared_standard1(file, states, p.breakfile, p.rules()), p.clobber)], said)


def pcaprepfile2(p: Pcaprepfile2Parameters) -> Made:
    """Write background, dead time, and dead time of the background of one Standard2 file."""
    if is_none(p.dtfile) and not is_none(p.dtbkgfile):
        raise ConfigError("dtbkgfile is given without dtfile; the background's dead time is that of the data.")
    (file, said), (rows, more) = (dated_file(read_fits(name)) for name in (p.infile, p.filterfile))
    made = _prepared(file, rows, read_housekeeping(file_list(p.hkfiles)), p)
    wanted = [
        (path, data) for path, data in zip((p.bkgfile, p.dtfile, p.dtbkgfile), made, strict=True) if not is_none(path)
    ]
    _refuse_existing([path for path, _ in wanted], p.clobber)
    return Made([write_output(path, data, p.clobber) for path, data in wanted], [*said, *more])


def pcaprepobsid(p: PcaprepobsidParameters) -> Made:
    """Prepare an observation: filter file, background and dead time of its Standard1 and Standard2 files, and lists.

    Everything is made before anything is written. A Standard1 file that can't be prepared is left out, with a remark,
    where Standard2 is prepared as well.
    """
    indir, out, modes = Path(p.indir), Path(p.outdir), p.modes()
    if not (indir / "pca").is_dir():
        raise DataError(f"indir={p.indir}: not an observation directory, it has no folder pca; give one that has FMI.")
    _clean(out, p.clobber)
    files = _read(indir)
    master = read_master(files)
    housekeeping, beside = _one_of_each((indir / "pca").glob("FH5[abcde]_*"))
    if len(housekeeping) != len(PCUS):
        found = ", ".join(path.name for path in housekeeping) or "none"
        raise DataError(f"{indir}/pca: all five housekeeping files FH5a to FH5e are needed; found {found}.")
    standard2, more = _one_of_each(p for p in (indir / "pca").glob("FS4a*") if _STANDARD2.fullmatch(p.name))
    opened_files = {path: dated_file(read_fits(path)) for path in standard2}
    said = [sentence for _, sentences in opened_files.values() for sentence in sentences]
    said += [f"{path} is left out, as the file is there without .gz, too." for path in (*beside, *more)]
    data = {path: file for path, (file, _) in opened_files.items()}
    opened = {str(path.relative_to(indir)): file for path, file in data.items()}
    filter_bytes = build_filter_file(
        {**files, **opened}, _breakdown_history(p.breakfile, master), p.timestep, p.position(), said=said
    )
    filter_name = f"FP_{master.start:08x}-{master.stop:08x}.xfl"
    made = {"appid.lis": _appid_list().encode(), filter_name: filter_bytes}
    filter_file = open_fits(filter_bytes, str(out / filter_name))
    states = read_housekeeping(list(map(str, housekeeping)))
    stems = []
    for path, file in data.items() if "Standard2" in modes else ():
        stem = path.name.removesuffix(".gz")
        names = [f"{stem}_{kind}" for kind in ("bkg", "dt", "dtbkg")]
        made |= dict(zip(names, _prepared(file, filter_file, states, p), strict=True))
        stems.append(stem)
    lists = {_FILTER_LIST: [out / filter_name], _HOUSEKEEPING_LIST: housekeeping}
    if stems:
        products = [[out / f"{stem}_{kind}" for stem in stems] for kind in ("bkg", "dt", "dtbkg")]
        lists |= dict(zip(_STANDARD2_LISTS, [list(data), *products], strict=True))
    if "Standard1" in modes:
        prepared, remarks = _standard1(indir, states, p, strict=modes == {"Standard1"})
        said += remarks
        names = [f"{path.name.removesuffix('.gz')}_dt" for path in prepared]
        made |= dict(zip(names, prepared.values(), strict=True))
        if prepared:
            lists |= dict(zip(_STANDARD1_LISTS, [list(prepared), [out / name for name in names]], strict=True))
    for name, paths in lists.items():
        lines = (str(path.absolute() if p.abspath else path) for path in paths)
        made[name] = "".join(f"{line}\n" for line in lines).encode()
    made[_DONE] = f"{master.obsid} is prepared\n".encode()
    _refuse_existing([str(out / name) for name in made], p.clobber)
    return Made([write_output(str(out / name), content, p.clobber) for name, content in made.items()], said)


def _one_of_each(paths: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """Return files, and those left out as they are there without ``.gz`` too, which CFITSIO opens first."""
    found = sorted(paths)
    beside = [path for path in found if path.suffix == ".gz" and path.with_suffix("") in found]
    return [path for path in found if path not in beside], beside


def _standard1(
    indir: Path, states: Sequence[Housekeeping], p: PcaprepobsidParameters, *, strict: bool
) -> tuple[dict[Path, bytes], list[str]]:
    """Return an observation's Standard1 files with dead time, and what to say of those that are left out."""
    made: dict[Path, bytes] = {}
    found, beside = _one_of_each(p for p in (indir / "pca").glob("FS46*") if _STANDARD1.fullmatch(p.name))
    remarks = [f"{path} is left out, as the file is there without .gz, too." for path in beside]
    for path in found:
        try:
            file, said = dated_file(read_fits(path))
            made[path] = _prepared_standard1(file, states, p.breakfile, p.rules())
            remarks += said
        except DataError as error:
            if strict:
                raise
            remarks.append(f"left out: {error}")
    return made, remarks


def _prepared_standard1(file: FitsFile, states: Sequence[Housekeeping], breakfile: str, rules: BadRowRules) -> bytes:
    return standard1_file(prepare_standard1(file, list(states), _breakdown_times(breakfile, file), rules))


def _read(folder: Path) -> dict[str, bytes]:
    """Read the files of an observation directory from which a filter file is made."""
    if not folder.is_dir():
        raise DataError(f"{folder}: not a directory; an observation directory was expected.")
    names = [str(path.relative_to(folder)) for path in (*folder.glob("*"), *folder.glob("*/*"))]
    return {name: (folder / name).read_bytes() for name in needed_files(names) if (folder / name).is_file()}


def _clean(out: Path, clobber: bool) -> None:
    """Make the output directory, and take away what an earlier run said of itself."""
    if not out.is_dir():
        try:
            out.mkdir()
        except OSError as error:
            raise DataError(f"outdir={out}: can't be made ({error.strerror}).") from None
    lists = (_FILTER_LIST, _HOUSEKEEPING_LIST, *_STANDARD1_LISTS, *_STANDARD2_LISTS)
    stale = [out / name for name in (_DONE, "appid.lis", *lists)]
    _refuse_existing([str(path) for path in stale], clobber)
    for path in stale:
        path.unlink(missing_ok=True)


def _refuse_existing(paths: Sequence[str], clobber: bool) -> None:
    """Stop before anything is written if a file may not be overwritten."""
    there = [path for path in paths if Path(path).exists()]
    if there and not clobber:
        raise DataError(f"{there[0]} exists; give clobber=yes to overwrite it.")


def _appid_list() -> str:
    """Return the list of collected columns as ``appid.lis`` has it."""
    lines = (f"       {s.apid} {s.name}" + f" {s.column}" * (s.column != s.name) for s in COLLECTED)
    return "".join(f"{line}\n" for line in lines)


def _sources(path: str) -> tuple[Source, ...]:
    """Read a list of columns: application id, column, and its name in the filter file where that differs."""
    found = []
    for line in filter(None, (line.split() for line in read_text(path, "the list of columns").split("\n"))):
        if not (2 <= len(line) <= 3 and line[0].isdecimal()):
            raise ConfigError(f"a={path}: the line {' '.join(line)!r} should be an application id and a column.")
        found.append(Source(int(line[0]), line[1], line[-1]))
    return tuple(found)


def _breakdown_history(breakfile: str, master: MasterIndex) -> FitsFile | None:
    if not is_caldb(breakfile):
        return None if is_none(breakfile) else read_fits(breakfile)
    found = caldb_entries_at("breakfile", "PCA_BREAKDOWN_HIST", master.begin, "FMI StartDate")
    return read_fits(found[0][0])


def _breakdown_times(breakfile: str, file: FitsFile) -> FitsFile | None:
    if not is_caldb(breakfile):
        return None if is_none(breakfile) else read_fits(breakfile)
    return read_fits(caldb_entries("breakfile", "STDGTI", file.table(hdu=1), "ALL")[0][0])


def _prepared(
    file: FitsFile, filter_file: FitsFile, states: Sequence[Housekeeping], p: PrepParameters
) -> tuple[bytes, bytes, bytes]:
    """Return the background of a Standard2 file, its data with dead time, and the background with dead time."""
    background = estimate_background(
        file, filter_file, models(p.modelfile, file), saa_history(p.saahfile, file), p.background()
    ).to_file()
    data = prepare_standard2(file, states, _breakdown_times(p.breakfile, file), p.rules())
    judged = prepare_background(background, data, p.rules())
    plain = fits_bytes(background.primary, [as_hdu(table) for table in background.tables])
    return plain, data.to_bytes(), judged.to_bytes()


TASKS = {
    "xtefilt": Task(
        XtefiltParameters,
        xtefilt,
        ("p", "f"),
        options={letter: letter for letter in "pfoatbgc"},
        example=f"-p {samples.OBSERVATION} -f filter -o 90101-01-01-04",
    ),
    "pcaprepfile1": Task(
        Pcaprepfile1Parameters,
        pcaprepfile1,
        ("infile", "hkfiles", "dtfile"),
        example=f"{samples.STANDARD1} @prep/FP_pcahk.lis std1_dt breakfile=NONE",
        after=("pcaprepobsid",),
    ),
    "pcaprepfile2": Task(
        *(Pcaprepfile2Parameters, pcaprepfile2),
        ("infile", "filterfile", "hkfiles", "bkgfile", "dtfile", "dtbkgfile"),
        example=f"{samples.STANDARD2} {samples.FILTER} @prep/FP_pcahk.lis std2_bkg std2_dt std2_dtbkg "
        f"{samples.PCA_CALIBRATION}",
        after=("pcaprepobsid",),
    ),
    "pcaprepobsid": Task(
        PcaprepobsidParameters,
        pcaprepobsid,
        ("indir", "outdir"),
        example=f"{samples.OBSERVATION} prep {samples.PCA_CALIBRATION}",
    ),
}
