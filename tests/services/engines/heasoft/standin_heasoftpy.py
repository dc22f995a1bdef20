"""A stand-in for heasoftpy: tasks of its names that are carried out by rossi.ftools, or misbehave as they are told.

Put on the path by tests as the package heasoftpy. ``$HEADAS/standin.json`` tells its version and how each task behaves.
Like the real thing, it reads a task's parameters from the first folder of PFILES that has them and remembers there what
it was given. As the real ``pcaprepobsid``, its own stops at a cell of an index that begins with a NUL, and at Standard2
files whose background would have no DATAMODE since that stands behind the first column; why is in log files of its own.
What it can't show is all else in which NASA's tasks read files otherwise than rossi does.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_PLAN = json.loads((Path(os.environ["HEADAS"]) / "standin.json").read_text())
__version__ = _PLAN["version"]
if _PLAN.get("import") == "fails":
    raise RuntimeError("cannot initialize")


class HSPTaskException(Exception):
    pass


class HSPResult:
    def __init__(self, returncode, stdout, stderr=None, params=None, custom=None):
        if _PLAN.get("bytes"):
            stdout = stdout.encode("latin-1", "replace")
        self.returncode, self.stdout, self.stderr, self.params, self.custom = returncode, stdout, stderr, params, custom

    @property
    def output(self):
        return self.stdout.split("\n")


class HSPParam:
    @staticmethod
    def param_type(value, kind):
        assert kind in "risbf"
        return None if value == "INDEF" and __version__ < "1.4" else value


if __version__ >= "1.5":

    class Config:
        allow_failure = None


class HSPTask:
    def __init__(self, name):
        self.taskname = name
        self.folders = [Path(folder) for folder in os.environ["PFILES"].replace(";", ":").split(":")]
        if not any((folder / f"{name}.par").exists() for folder in self.folders):
            raise HSPTaskException(f"No .par file found for task {name}")

    def __call__(self, args=None, **control):
        given = {name: str(value) for name, value in dict(args or {}).items()}
        remembered = self._remembered()
        params = given if control.get("noprompt") else remembered | given
        own = self.folders[0] / f"{self.taskname}.par"
        own.write_text(json.dumps(remembered | given))
        os.environ["HEADASNOQUERY"], os.environ["HEADASPROMPT"] = "", "/dev/null"
        returncode, said = behave(self.taskname, params, own)
        if returncode and __version__ >= "1.5" and Config.allow_failure is not True:
            raise HSPTaskException(f"{self.taskname} failed: {said}")
        return HSPResult(returncode, said, None, params)

    def _remembered(self):
        for folder in self.folders:
            path = folder / f"{self.taskname}.par"
            if path.exists() and path.stat().st_size:
                return json.loads(path.read_text())
        return {}


def behave(name, params, own):
    """Carry a task out as the plan says; return its exit status and what it says."""
    how = _PLAN["tasks"].get(name, "well")
    return BEHAVIOURS[how](name, params, own)


def well(name, params, own):
    from rossi.ftools.task import call

    if refused(name, params):
        return 0, f"{name}: a task that it calls has failed"
    result = call(name, dict(params))
    return result.returncode, result.stdout


def refused(name, params):
    """Return whether preparation ends since a file is not as the archive's; its log tells which and why."""
    if name not in ("pcaprepobsid", "pcaprepfile2"):
        return False
    folder, out = Path(params.get("indir", ".")), Path(params.get("outdir", "."))
    out.mkdir(exist_ok=True)
    if name == "pcaprepobsid" and any(undefined_cell(path) for path in sorted(folder.glob("F[MI]*"))):
        (out / "xtefilt.log").write_text("fcollect: reading the indices\nError parsing AppId #\n")
        return True
    data = sorted(folder.glob("pca/FS4a*")) if name == "pcaprepobsid" else [Path(params["infile"])]
    for path in data:
        if "DATAMODE" not in keywords_of_background(path):
            (out / f"{path.name.removesuffix('.gz')}.log").write_text("saextrct: could not find DATAMODE keyword\n")
            return True
    return False


def undefined_cell(path):
    """Return whether a cell of text begins with a NUL, which is read as no value at all."""
    from rossi.fits.reader import read_fits

    for table in read_fits(path).tables:
        texts = [n for n, form in enumerate(table.structure.forms, 1) if form.strip().endswith("A")]
        if any(cell[:1] in (b"", b"\0") for n in texts for cell in table.rows[f"f{n}"].tolist()):
            return True
    return False


def keywords_of_background(path):
    """Return the keywords that pcabackest copies from its data: those before the first column, and no more."""
    from rossi.fits.reader import read_fits

    keywords = list(read_fits(path).tables[0].header)
    first = next(at for at, keyword in enumerate(keywords) if keyword.startswith(("TTYPE", "TFORM")))
    return keywords[:first]


def silent(name, params, own):
    return 0, "Filtering resulted in having no data! ... Aborting..."


def outputs(params):
    names = [params[key] for key in ("outfile", "src_phafile", "phalcf") if key in params]
    if "outroot" in params:
        names.append(params["outroot"] + {"L": ".lc", "S": ".pha"}[params["printmode"][0]])
    return names


def empty(name, params, own):
    for path in outputs(params):
        Path(path).write_bytes(b"")
    return 0, "done"


def garbage(name, params, own):
    for path in outputs(params):
        Path(path).write_bytes(b"no FITS file, whatever its name says")
    return 0, "done"


def prompt(name, params, own):
    try:
        with Path("/dev/tty").open() as terminal:
            return 0, f"asked at the terminal: {terminal.readline()}"
    except OSError:
        pass
    return 0, f"chmin? got {sys.stdin.readline()!r}"


def hang(name, params, own):
    with Path(_PLAN["marks"]).open("a") as marks:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print(f"{os.getpid()} {child.pid}", file=marks, flush=True)
        print("about to hang", flush=True)
        time.sleep(600)
    return 0, ""


def crash(name, params, own):
    print("segmentation fault, or so", flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(60)


def killed(name, params, own):
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def fails(name, params, own):
    return 1, "Error: could not open the file"


def raises(name, params, own):
    raise HSPTaskException("something heasoftpy did not expect")


def nothing(name, params, own):
    well(name, {**params, "expr": "ELV > 99999"}, own)
    return 0, "0 rows"


def syntax_error(name, params, own):
    nothing(name, params, own)
    return 431, "syntax error in expression"


def quiet_syntax_error(name, params, own):
    return 0, syntax_error(name, params, own)[1]


def partly(name, params, own):
    """Make everything, then leave half of the first output."""
    told = well(name, params, own)
    first = Path(outputs(params)[0])
    first.write_bytes(first.read_bytes()[: first.stat().st_size // 2])
    return 0, told[1]


def echo(name, params, own):
    """Write what the parameter file says after a while: another's value, if that is shared."""
    time.sleep(0.02)
    found = json.loads(own.read_text())
    shared = Path(os.environ["HOME"]) / "lastcall"
    shared.write_text(found["value"])
    Path("helper.tmp").write_text(found["value"])
    time.sleep(0.02)
    text = " ".join((found["value"], shared.read_text(), Path("helper.tmp").read_text(), os.environ["TMPDIR"]))
    Path(found["outfile"]).write_text(text)
    return 0, ""


def show(name, params, own):
    told = {"environment": dict(os.environ), "folder": str(Path.cwd()), "params": params}
    Path(params["outfile"]).write_text(json.dumps(told))
    return 0, "caf\xe9"


BEHAVIOURS = {
    function.__name__: function
    for function in (
        *(
            well,
            silent,
            empty,
            garbage,
            prompt,
            hang,
            crash,
            killed,
            fails,
            raises,
            nothing,
            syntax_error,
            quiet_syntax_error,
            partly,
            echo,
            show,
        ),
    )
}
