"""Golden cases: calls of the original tasks are repeated, and what comes out is compared with what they made."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rossi import ftools
from rossi.fits.reader import read_fits
from rossi.ftools.task import call
from tests.golden.comparison import differences

TASKS = {"maketime", "saextrct", "seextrct", "pcaextlc2", "pcaextspect2"}


def lay_out(case: Path, work: Path) -> list[dict]:
    """Put a case's inputs, calibration and prepared files side by side, as the recorded calls expect them."""
    shutil.copytree(case / "input", work / "input")
    shutil.copytree(case.parent / "calibration", work / "calibration")
    shutil.copytree(case / "expected" / "prep", work / "prep")
    plan = json.loads((case / "plan.json").read_text())
    for name, source in plan.get("extra_inputs", {}).items():
        (work / name).parent.mkdir()
        shutil.copyfile(case / source, work / name)
    return plan["steps"]


def products(case: Path) -> dict[str, list[Path]]:
    """Return the golden files of each step."""
    found: dict[str, list[Path]] = {}
    for entry in json.loads((case / "manifest.json").read_text())["entries"]:
        found.setdefault(entry["name"], []).append(Path(entry["file"]).relative_to("expected"))
    return found


def replay(case: Path, work: Path, chdir: Callable[[Path], None], only: str) -> dict[str, list[str]]:
    """Repeat the calls whose names begin with `only`; return the differences of each product."""
    steps, golden_files, compared = lay_out(case, work), products(case), {}
    chdir(work)
    for step in steps:
        for name, lines in (step.get("files") or {}).items():
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_text("\n".join(lines) + "\n")
        if not step["name"].startswith(only):
            continue
        if step["task"] not in TASKS or step["name"] not in golden_files or "quirk" in str(step["outputs"]):
            continue
        for output in step["outputs"]:
            Path(output).parent.mkdir(exist_ok=True)
        result = call(step["task"], step["parameters"])
        assert result.returncode == 0, result.stdout
        for name in golden_files[step["name"]]:
            made = Path(str(name).removesuffix(".gz"))
            assert str(made) in result.output
            compared[str(made)] = differences(read_fits(case / "expected" / name), read_fits(made))
    return compared


def check_case(case, tmp_path, monkeypatch, at_least, only=""):
    work = tmp_path / case.name
    work.mkdir()
    compared = replay(case, work, monkeypatch.chdir, only)
    assert {name: found for name, found in compared.items() if found} == {}
    assert len(compared) >= at_least


@pytest.mark.parametrize(("name", "at_least"), [("e5_switch", 27), ("e3_split_nulls", 25), ("e3_all5", 40)])
def test_products_are_equal_to_the_last_bit(golden, tmp_path, monkeypatch, name, at_least):
    check_case(golden / name, tmp_path, monkeypatch, at_least)


def test_so_are_those_of_real_events(shared, tmp_path, monkeypatch):
    check_case(shared / "data/golden/pca/e3_all5", tmp_path, monkeypatch, 4, only="realse_")


def dead_time_calls(case: Path) -> list[tuple[str, str, dict[str, str]]]:
    """Return (data file, golden file, parameters) of every pcadeadcalc2 call behind a case's prepared files."""
    folder = next((case / "input").glob("AO*/P*/*"))
    hkfiles = ",".join(str(f) for f in sorted(folder.glob("pca/FH5*")))
    common = {"hkfiles": hkfiles, "breakfile": str(case.parent / "calibration" / "sim_pca_breakdown.fits.gz")}
    calls = []
    for prep, rules in (("prep", {}), ("prep_notrans", {"transition_bad": "NO", "propane_bad": "NO"})):
        for made in sorted((case / "expected" / prep).glob("FS4a*_dt.gz")):
            data = folder / "pca" / made.name.replace("_dt", "")
            calls.append((str(data), str(made), {**common, **rules}))
            background = made.with_name(made.name.replace("_dt", "_bkg"))
            if background.exists():
                golden_file = str(made.with_name(made.name.replace("_dt", "_dtbkg")))
                calls.append((str(background), golden_file, {**common, **rules, "std2file": str(data)}))
    return calls


@pytest.mark.parametrize(("name", "number"), [("e5_switch", 2), ("e3_split_nulls", 6), ("e3_all5", 1)])
def test_dead_time_is_equal_to_the_last_bit(golden, tmp_path, name, number):
    calls = dead_time_calls(golden / name)
    assert len(calls) == number
    for data, expected, parameters in calls:
        out = tmp_path / "dt"
        result = ftools.pcadeadcalc2(infile=data, outfile=str(out), clobber="yes", **parameters)
        assert result.returncode == 0, result.stdout
        assert differences(read_fits(expected), read_fits(out)) == []
