"""``xtefilt``, ``pcaprepfile2`` and ``pcaprepobsid``: from an observation directory to files ready for extraction."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

from rossi.archive import FILE_PATTERNS, stem_of
from rossi.calibration import calendar_mjd
from rossi.calibration_roles import Role
from rossi.errors import ConfigError, DataError
from rossi.fits.dated import dated_file
from rossi.fits.edit import file_bytes
from rossi.fits.reader import FitsFile, open_fits, read_fits
from rossi.ftools import samples
from rossi.ftools.background import models, saa_history
from rossi.ftools.caldb import calibration_file
from rossi.ftools.parameters import Made, Parameters, Task, file_list, is_none, write_output, write_outputs
from rossi.ftools.pca import DeadTimeParameters, breakdown_times, read_housekeeping
from rossi.ftools.standard1 import prepared_standard1
from rossi.ftools.texts import read_text
from rossi.pca.background.estimate import BackgroundOptions
from rossi.pca.filter import build_filter_file, needed_files
from rossi.pca.filter.collect import MAX_GAP
from rossi.pca.filter.columns import COLLECTED, Source
from rossi.pca.filter.indices import MasterIndex, read_master
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.observation import Calibration, prepare_file

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
    data, said = prepared_standard1(p.infile, read_housekeeping(file_list(p.hkfiles)), p.breakfile, p.rules())
    return Made([write_output(p.dtfile, data, p.clobber)], said)


def pcaprepfile2(p: Pcaprepfile2Parameters) -> Made:
    """Write background, dead time, and dead time of the background of one Standard2 file."""
    if is_none(p.dtfile) and not is_none(p.dtbkgfile):
        raise ConfigError("dtbkgfile is given without dtfile; the background's dead time is that of the data.")
    (file, said), (rows, more) = (dated_file(read_fits(name)) for name in (p.infile, p.filterfile))
    made = _prepared(file, rows, read_housekeeping(file_list(p.hkfiles)), p)
    named = zip((p.bkgfile, p.dtfile, p.dtbkgfile), made, strict=True)
    return Made(write_outputs([one for one in named if not is_none(one[0])], p.clobber), [*said, *more])


def pcaprepobsid(p: PcaprepobsidParameters) -> Made:
    """Prepare an observation: filter file, background and dead time of its Standard1 and Standard2 files, and lists.

    Everything is made before anything is written. A Standard1 file that can't be prepared is left out, with a remark,
    where Standard2 is prepared as well.
    """
    indir, modes = Path(p.indir), p.modes()
    if not (indir / "pca").is_dir():
        raise DataError(f"indir={p.indir}: not an observation directory, it has no folder pca; give one that has FMI.")
    work = _Work(Path(p.outdir))
    _clean(work.out, p.clobber)
    files = _read(indir)
    master = read_master(files)
    housekeeping = work.found(indir, "pcu_housekeeping")
    states = read_housekeeping(list(map(str, housekeeping)), str(indir / "pca"))
    data = {path: work.dated(path) for path in work.found(indir, "std2")}
    opened = {str(path.relative_to(indir)): file for path, file in data.items()}
    work.made["appid.lis"] = _appid_list().encode()
    history = _breakdown_history(p.breakfile, master)
    filter_bytes = build_filter_file({**files, **opened}, history, p.timestep, p.position(), said=work.said)
    work.made[master.filter_file] = filter_bytes
    work.lists |= {_FILTER_LIST: [work.out / master.filter_file], _HOUSEKEEPING_LIST: housekeeping}
    if "Standard2" in modes:
        _add_standard2(work, data, open_fits(filter_bytes, str(work.out / master.filter_file)), states, p)
    if "Standard1" in modes:
        _add_standard1(work, indir, states, p, strict=modes == {"Standard1"})
    return work.written(master.obsid, p)


@dataclass(slots=True)
class _Work:
    """What ``pcaprepobsid`` has made so far, by name; its lists of files; what is to be said."""

    out: Path
    made: dict[str, bytes] = field(default_factory=dict)
    lists: dict[str, list[Path]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def found(self, indir: Path, kind: str) -> list[Path]:
        """Return an observation's files of a kind, less those that are there without ``.gz``, which CFITSIO opens."""
        pattern = re.compile(FILE_PATTERNS[kind])
        paths = sorted(path for path in (indir / "pca").iterdir() if pattern.fullmatch(f"pca/{path.name}"))
        beside = [path for path in paths if path.suffix == ".gz" and path.with_suffix("") in paths]
        self.said += [f"{path} is left out, as the file is there without .gz, too." for path in beside]
        return [path for path in paths if path not in beside]

    def dated(self, path: Path) -> FitsFile:
        """Open a file, less the rows without a time."""
        file, said = dated_file(read_fits(path))
        self.said += said
        return file

    def written(self, obsid: str, p: PcaprepobsidParameters) -> Made:
        """Write everything, or nothing."""
        for name, paths in self.lists.items():
            lines = (str(path.absolute() if p.abspath else path) for path in paths)
            self.made[name] = "".join(f"{line}\n" for line in lines).encode()
        self.made[_DONE] = f"{obsid} is prepared\n".encode()
        files = [(str(self.out / name), data) for name, data in self.made.items()]
        return Made(write_outputs(files, p.clobber), self.said)


def _add_standard2(
    work: _Work, data: Mapping[Path, FitsFile], rows: FitsFile, states: Sequence[Housekeeping], p: PrepParameters
) -> None:
    """Add an observation's Standard2 files with dead time, and their background; `rows` is the filter file."""
    names = {path: [f"{stem_of(path.name)}_{kind}" for kind in ("bkg", "dt", "dtbkg")] for path in data}
    for path, file in data.items():
        work.made |= dict(zip(names[path], _prepared(file, rows, states, p), strict=True))
    if data:
        products = [[work.out / name for name in column] for column in zip(*names.values(), strict=True)]
        work.lists |= dict(zip(_STANDARD2_LISTS, [list(data), *products], strict=True))


def _add_standard1(
    work: _Work, indir: Path, states: Sequence[Housekeeping], p: PrepParameters, *, strict: bool
) -> None:
    """Add an observation's Standard1 files with dead time; those that can't be prepared are an error if `strict`."""
    prepared = {}
    for path in work.found(indir, "std1"):
        try:
            data, said = prepared_standard1(path, states, p.breakfile, p.rules())
        except DataError as error:
            if strict:
                raise
            said = [f"left out: {error}"]
        else:
            name = f"{stem_of(path.name)}_dt"
            work.made[name], prepared[path] = data, work.out / name
        work.said += said
    if prepared:
        work.lists |= dict(zip(_STANDARD1_LISTS, [list(prepared), list(prepared.values())], strict=True))


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
    there = [path for path in stale if path.exists()]
    if there and not clobber:
        raise DataError(f"{there[0]} exists; give clobber=yes to overwrite it.")
    for path in stale:
        path.unlink(missing_ok=True)


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
    start = partial(calendar_mjd, *master.begin, "FMI StartDate")
    return calibration_file("breakfile", breakfile, Role.BREAKDOWN_HISTORY, start)


def _prepared(
    file: FitsFile, filter_file: FitsFile, states: Sequence[Housekeeping], p: PrepParameters
) -> tuple[bytes, bytes, bytes]:
    """Return the background of a Standard2 file, its data with dead time, and the background with dead time."""
    saa, breakdown = saa_history(p.saahfile, file), breakdown_times(p.breakfile, file)
    calibration = Calibration(models(p.modelfile, file), saa, breakdown)
    made = prepare_file(file, filter_file, states, calibration, p.rules(), p.background())
    assert made.estimate is not None and made.background is not None  # as there are models
    return file_bytes(made.estimate), made.data.to_bytes(), made.background.to_bytes()


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
        Pcaprepfile2Parameters,
        pcaprepfile2,
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
