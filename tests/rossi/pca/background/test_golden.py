"""Background against that of the original task, to the last bit."""

import json

import pytest

from rossi import ftools
from rossi.fits.reader import open_fits, read_fits
from rossi.pca.background.estimate import BackgroundOptions, estimate_background
from rossi.pca.background.model import read_model
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.prepare import prepare_background, prepare_standard2
from tests.golden.comparison import differences

MODEL = "sim_pca_bkgd_e03e05.mdl.gz"


def observation(case):
    return next((case / "input").glob("AO*/P*/*"))


def calibration(folder):
    model = read_model((folder / "calibration" / MODEL).read_bytes(), MODEL)
    return model, read_fits(folder / "calibration/sim_saa_history.fits")


@pytest.mark.parametrize(
    ("product", "options"),
    [
        ("prep/FS4a_15752a10-15752e70_bkg.gz", {"interval": 16.0}),
        ("prep/FS4a_15752a10-15752e70_bkg.gz", {}),
        ("bkgvar/combined.fits.gz", {"layers": False}),
        ("bkgvar/combined_fullspec.fits.gz", {"layers": False, "full_spectrum": True}),
        ("bkgvar/combined_32s.fits.gz", {"layers": False, "interval": 32.0}),
        ("bkgvar/combined_nointerp.fits.gz", {"layers": False, "interpolate": False}),
    ],
)
def test_background_is_equal(golden, product, options):
    model, saa = calibration(golden)
    case = golden / "e5_switch"
    file = read_fits(next(observation(case).glob("pca/FS4a*")))
    filter_file = read_fits(next((case / "expected/prep").glob("FP_*.xfl.gz")))
    made = estimate_background(file, filter_file, [model], saa, BackgroundOptions(**options))
    expected = read_fits(case / "expected" / product)
    assert differences(expected, open_fits(made.to_bytes(), "made")) == []
    for name in expected.tables[0].infos.values():
        for keyword in ("1CTYP", "1CPIX", "1CUNI"):
            key = f"{keyword}{name.number}"
            assert expected.tables[0].header.get(key) == made.to_file().tables[0].header.get(key)


def check_prepared(folder, name, number):
    """Background and its dead time of every Standard2 file of a case, without files in between."""
    model, saa = calibration(folder)
    case, rules = folder / name, BadRowRules()
    breakdown = read_fits(folder / "calibration/sim_pca_breakdown.fits.gz")
    housekeeping = [Housekeeping.from_file(read_fits(path)) for path in sorted(observation(case).glob("pca/FH5*"))]
    filter_file = read_fits(next((case / "expected/prep").glob("FP_*.xfl.gz")))
    paths = sorted(observation(case).glob("pca/FS4a*"))
    for path in paths:
        data = prepare_standard2(read_fits(path), housekeeping, breakdown, rules)
        background = estimate_background(data.file, filter_file, [model], saa).to_file()
        made = prepare_background(background, data, rules).to_bytes()
        expected = case / "expected/prep" / f"{path.name.removesuffix('.gz')}_dtbkg"
        assert differences(read_fits(expected), open_fits(made, "made")) == []
    assert len(paths) == number


@pytest.mark.parametrize(("name", "number"), [("e5_switch", 1), ("e3_split_nulls", 3), ("e3_all5", 1)])
def test_dead_time_of_the_background_is_equal(golden, name, number):
    check_prepared(golden, name, number)


def test_recorded_calls(golden, tmp_path, monkeypatch):
    case = golden / "e5_switch"
    for name, source in {"input": case, "prep": case / "expected", "calibration": golden}.items():
        (tmp_path / name).symlink_to(source / name)
    (tmp_path / "bkgvar").mkdir()
    monkeypatch.chdir(tmp_path)
    steps = [s for s in json.loads((case / "plan.json").read_text())["steps"] if s["task"] == "pcabackest"]
    for step in steps:
        result = ftools.pcabackest(**step["parameters"])
        assert result.returncode == 0, result.stdout
        (made,) = result.output
        assert differences(read_fits(case / "expected" / f"{made}.gz"), read_fits(made)) == []
    assert len(steps) == 4


@pytest.fixture
def call(golden, tmp_path):
    case = golden / "e5_switch"
    parameters = {
        "infile": str(next(observation(case).glob("pca/FS4a*"))).removesuffix(".gz"),
        "outfile": str(tmp_path / "bkg"),
        "modelfile": str(golden / "calibration" / MODEL).removesuffix(".gz"),
        "filterfile": str(next((case / "expected/prep").glob("FP_*.xfl.gz"))),
        "saahfile": str(golden / "calibration/sim_saa_history.fits"),
        **{"layers": "yes", "gaincorr": "no", "fullspec": "no", "interp": "yes", "syserr": "no", "maxmodels": "2000"},
    }
    return lambda **changes: ftools.pcabackest(**(parameters | changes))


def test_the_task_makes_the_same(golden, tmp_path, call):
    result = call()
    assert result.returncode == 0, result.stdout
    expected = golden / "e5_switch/expected/prep/FS4a_15752a10-15752e70_bkg.gz"
    assert differences(read_fits(expected), read_fits(tmp_path / "bkg")) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modelfile": "missing.mdl"}, "missing.mdl"),
        ({"modelfile": "test.mdl[X1L]"}, "number of an HDU"),
        ({"saahfile": "none"}, "give saahfile"),
        ({"filterfile": "NONE"}, "PCU0_ON"),
        ({"gaincorr": "yes"}, "gaincorr=yes is not offered"),
        ({"syserr": "yes"}, "syserr=yes is not offered"),
        ({"modeltype": "all"}, "internal, external or both"),
        ({"interval": "0"}, "interval is 0"),
    ],
)
def test_what_the_task_refuses(tmp_path, call, changes, message):
    result = call(**changes)
    assert result.returncode != 0
    assert message in result.stdout
    assert not (tmp_path / "bkg").exists()


def test_the_task_without_caldb(call, monkeypatch):
    monkeypatch.delenv("CALDB", raising=False)
    result = call(modelfile="CALDB")
    assert result.returncode == 1
    assert "environment variable CALDB" in result.stdout


def test_the_task_takes_its_files_from_a_caldb(golden, tmp_path, call, monkeypatch):
    monkeypatch.setenv("CALDB", str(golden / "caldb/tree"))
    result = call(modelfile="CALDB", saahfile="CALDB")
    assert result.returncode == 0, result.stdout
    expected = golden / "e5_switch/expected/prep/FS4a_15752a10-15752e70_bkg.gz"
    assert differences(read_fits(expected), read_fits(tmp_path / "bkg")) == []


def test_single_hdus_are_used_whatever_their_dates_say(golden, tmp_path, call):
    name = str(golden / "calibration" / MODEL)
    assert call(modelfile=f"{name}[0],{name}+1").returncode == 0
    made = read_fits(tmp_path / "bkg").tables[0]
    assert made.column("X1LSpecPcu0").any()
    assert not made.column("X1RSpecPcu0").any()
