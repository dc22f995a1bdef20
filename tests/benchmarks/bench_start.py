"""How long commands take from shell to shell, against the import of numpy, which nearly all of them need.

    python -m tests.benchmarks.bench_start [--repeat 9] [--campaigns 2]

What counts is the least processor time of many turns, that of all processes which a command starts included: others use
the machine, too, and wait for it. Goals were set in seconds where numpy took 0.081 s, and are ratios to that. rossi is
installed as users do it, into an environment of its own that sees the packages of this one. The observation is
simulated, of both instruments; the recipe is that for archive-mode files of HEXTE, of one cluster.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from flows.cli.simulate import command as simulate
from flows.core.plan import make_shard
from flows.core.settings import Settings, load_settings
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.simulate import DEAD_TIME_FILE_A
from services.execution.ledger import put_work
from services.storage import open_store
from tests.benchmarks.table import ROOT, Row, commands, script

#: What numpy's import took where the goals were set [s].
_NUMPY = 0.081


def install(folder: Path) -> tuple[str, str]:
    """Install rossi below a folder as users do, with the packages of this environment; return its Python and command.

    An editable one, as developers have it, takes a tenth of a task's time to say where it lies.
    """
    place, source = folder / "installed", folder / "source"
    venv.create(place, symlinks=True)
    (site,) = place.glob("lib/python*/site-packages")
    (site / "packages.pth").write_text(sysconfig.get_path("purelib"))
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "out", "tests", "docs"))
    python = str(place / "bin/python")
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python]
    subprocess.run([*uv, "--compile-bytecode", "--no-deps", "--no-build-isolation", str(source)], check=True)
    return python, str(place / "bin/rossi")


def filter_file(path: Path) -> None:
    """Write a filter file of 6000 rows."""
    seconds = np.arange(0.0, 96000.0, 16.0)
    columns = [(Column("Time", "D", "s"), seconds), (Column("ELV", "D", "deg"), 30 * np.sin(seconds / 900))]
    table = table_hdu("XTE_PCA", columns, [("TIMEZERO", 0.0), ("TELESCOP", "XTE"), ("INSTRUME", "PCA")])
    path.write_bytes(fits_bytes(primary_hdu(), [table]))


def recipe(rossi: str, observation: Path, calibration: Path, work: Path) -> str:
    """Return the fourteen calls of HEXTE's recipe as a shell's script."""
    science, housekeeping = (min(observation.glob(f"hexte/{kind}*")) for kind in ("FS52", "FH53"))
    part, dead = science.name.removesuffix(".gz"), f"hxtdead {calibration / DEAD_TIME_FILE_A} {housekeeping}"
    filtered = min(observation.glob("stdprod/x*.xfl*"))
    calls = [f"maketime {filtered} good.gti 'ELV > 10' time=Time", f"hxtback -i {science}", f"hxtback -b -i {science}"]
    calls[2] += " clobber=yes"
    how = "columns='SpecDet0 SpecDet1 SpecDet2 SpecDet3' binsz=16"
    for side in (f"{part}_src", f"{part}_bkg"):
        for kind, mode in (("lc", "LIGHTCURVE"), ("pha", "SPECTRUM")):
            calls += [f"saextrct {side} APPLY good.gti {side} {how} printmode={mode}", f"{dead} {side} {side}.{kind}"]
        calls.append(f"rebinlc {side}.lc 2 {side}_rb.lc")
    calls.append(f"lcmath {part}_src_rb.lc {part}_bkg_rb.lc net.lc addsubr=no")
    lines = (f"{rossi} ftool {call}" for call in calls)
    return "\n".join([f"set -e; rm -rf {work}; mkdir {work}; cd {work}", *lines])


def rows(repeat: int = 9, campaigns: int = 2) -> Iterator[Row]:
    """Return what commands take."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python, rossi = install(folder)
        filter_file(folder / "x.xfl")
        with contextlib.redirect_stdout(io.StringIO()):
            simulate(folder / "archive", 1, 1)
        (observation,) = folder.glob("archive/AO*/P*/*")
        config, store = folder / "archive" / "rossi.toml", folder / "store"
        settings = load_settings(config, {"store": str(store)})

        def new(*words: str) -> Sequence[str]:
            shutil.rmtree(store, ignore_errors=True)
            return [rossi, *words, "--config", str(config), "--store", str(store)]

        maketime = [f"infile={folder}/x.xfl", f"outfile=!{folder}/good.gti", "expr=ELV > 10", "time=Time"]
        script = recipe(rossi, observation, folder / "archive/calibration", folder / "hexte")
        runs = {
            "rossi --help": (0.1, lambda: [rossi, "--help"]),
            "rossi ftool maketime": (0.15, lambda: [rossi, "ftool", "maketime", *maketime]),
            "HEXTE recipe, 14 calls of rossi ftool": (2.5, lambda: ["sh", "-c", script]),
            "a worker until its first observation is done": (0.6, lambda: worker(python, settings, observation.name)),
            "rossi reduce of one observation": (0.8, lambda: new("reduce", observation.name)),
        }
        environment = {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "XDG_CACHE_HOME": str(folder / "cache")}
        whole = {"rossi campaign of one observation, through Prefect": (8.0, lambda: new("campaign"))}
        for some, turns in ((runs, repeat), (whole, campaigns)):
            found = commands(
                turns, lambda: [python, "-c", "import numpy"], *(run for _, run in some.values()), **environment
            )
            (_, reference), *took = found
            for (what, (most, _)), (_, used) in zip(some.items(), took, strict=True):
                yield Row(what, used, "s CPU", "import numpy", reference, _NUMPY / most)


def worker(python: str, settings: Settings, obsid: str) -> Sequence[str]:
    """Return the command of a pod's worker that has one observation to reduce, in a store of its own."""
    shutil.rmtree(settings.store, ignore_errors=True)
    work = put_work(open_store(settings.store), "", [make_shard(settings, [obsid])])
    return [python, "-m", "services.execution", "--store", settings.store, "--work", work, "--index", "0"]


if __name__ == "__main__":
    script(rows)
