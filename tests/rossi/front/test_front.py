"""What ``import rossi`` offers, used on a simulated observation as an astronomer does."""

from __future__ import annotations

import inspect
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.table import Table

import rossi
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.front.named import Named, NoSuchName
from rossi.front.progress import told
from rossi.simulate import BACKEST_FILE, BREAKDOWN_FILE, DEAD_TIME_FILE_A, DEAD_TIME_FILE_B, MODEL_FILE
from rossi.simulate import simulate_archive as simulate

#: Longest that anything of a simulated observation differs from what it should be: a row of 16 s at each end [s].
ROWS = 32


def calibration_in(archive: Path) -> dict[str, Any]:
    folder = archive / "calibration"
    names = {"breakdown": BREAKDOWN_FILE, "dead_time_a": DEAD_TIME_FILE_A, "dead_time_b": DEAD_TIME_FILE_B}
    names |= {"background_a": BACKEST_FILE}
    return {
        "model": [str(folder / MODEL_FILE)],
        "saa": "NONE",
        "energy_to_channel": "e05v03",
        "collimators": ["NONE"],
        "hexte_matrix": ["NONE"],
    } | {role: folder / name for role, name in names.items()}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("front") / "archive"
    simulate(folder, observations=1, seed=1)
    return folder


@pytest.fixture(scope="module")
def obs(archive: Path) -> rossi.Observation:
    return rossi.open("20101-01-01-00", archive=archive)


@pytest.fixture(scope="module")
def result(archive: Path, obs: rossi.Observation) -> rossi.Reduction:
    return rossi.reduce(obs, bands=[(5, 10), (11, 20)], calibration=calibration_in(archive), progress=False)


def test_importing_it_imports_nothing_else() -> None:
    """The names are there at once, what is behind them when it is used; of services only at the door."""
    code = """
import importlib, sys
before = set(sys.modules)
import rossi
loaded = lambda *names: [n for n in names if n in sys.modules]
assert not (set(sys.modules) - before) - {"rossi"}, sorted(set(sys.modules) - before)
assert set(rossi.__all__) <= set(dir(rossi))
for name in rossi.__all__:
    getattr(rossi, name)
print(loaded("prefect", "boto3", "botocore", "matplotlib", "stingray", "services", "flows", "pydantic"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_whole_session_needs_neither_prefect_nor_boto3(archive: Path) -> None:
    code = f"""
import sys, rossi
obs = rossi.open("20101-01-01-00", archive={str(archive)!r})
rossi.reduce(obs, instruments="pca", background="none", calibration={{}})
print([n for n in ("prefect", "boto3", "botocore", "matplotlib", "flows") if n in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_names_are_what_they_say() -> None:
    assert rossi.__all__ == sorted(rossi.__all__)
    for name in rossi.__all__:
        assert name == "__version__" or inspect.getdoc(getattr(rossi, name)), name
    with pytest.raises(AttributeError, match=r"'rossi' has no attribute 'opne'; did you mean open\?"):
        _ = rossi.opne  # type: ignore[attr-defined]


def test_an_observation_says_what_there_is(archive: Path, obs: rossi.Observation) -> None:
    assert obs.target == "SIM X-1"
    assert "FMI" in obs.files
    assert [path for path in obs.files if path.startswith("pca/FS4a")]
    assert obs.exposure.unit == u.s
    assert abs(obs.exposure - (obs.stop - obs.start).to(u.s)) < ROWS * u.s
    assert obs.modes == {
        "PCA": ("Standard1b", "Standard2f"),
        "HEXTE": ("Archive", "E_8us_256_DX0F", "E_8us_256_DX1F"),
    }
    assert repr(obs).startswith("<Observation 20101-01-01-00, SIM X-1, 1997-06-28T18:26:11 TT, 79 files, ")
    assert "SIM X-1" in obs._repr_html_()
    assert obs.read_bytes("FMI")[:6] == b"SIMPLE"
    with pytest.raises(rossi.DataError, match=r"there is no file FMX; Observation.files names"):
        obs.read_bytes("FMX")


def test_its_directory_is_enough(archive: Path, obs: rossi.Observation) -> None:
    assert rossi.open(archive / obs.obsid.path).files == obs.files
    with pytest.raises(rossi.ConfigError, match=r"Where is '20101-01-01-00'\? Give archive="):
        rossi.open("20101-01-01-00")


@pytest.mark.parametrize(
    ("obsid", "said"),
    [
        ("20101-01-01-07", "not in the archive .*observations of the same viewing are: 20101-01-01-00"),
        ("20101010100", r"is no ObsID; did you mean 20101-01-01-00\?"),
    ],
)
def test_what_is_not_there_is_told(archive: Path, obsid: str, said: str) -> None:
    with pytest.raises(rossi.RossiError, match=said):
        rossi.open(obsid, archive=archive)


def test_no_archive(tmp_path: Path) -> None:
    with pytest.raises(rossi.ConfigError, match="there is no such directory"):
        rossi.open("20101-01-01-00", archive=tmp_path / "nowhere")
    with pytest.raises(rossi.ConfigError, match="Archives can't be read from ftp://"):
        rossi.open("20101-01-01-00", archive="ftp://host/rxte")


def test_curves_by_band(result: rossi.Reduction) -> None:
    assert list(result.pca) == ["ch5-10", "ch11-20"]
    assert list(result.hexte) == ["pwa_ch15-61", "pwb_ch15-61"]
    assert [name.rpartition("_")[2] for name in result.parts] == ["src", "bkg"] * 2
    curve = result.pca["ch5-10"]
    assert (curve.channels, curve.rate_unit) == ((5, 10), "count/s/PCU")
    with pytest.raises(KeyError) as error:
        result.pca["ch5-11"]
    assert str(error.value) == (
        "There is no light curve of PCA called 'ch5-11'. Did you mean ch5-10? There are ch5-10, ch11-20."
    )


def test_spectra_good_time_and_filter_file(result: rossi.Reduction) -> None:
    assert {"pca_src", "pca_bkg", "pwa_src", "pwa_bkg", "pwb_src", "pwb_bkg"} <= set(result.spectra)
    assert result.spectra["pca_src"].text("BACKFILE") == "20101-01-01-00_bkg.pha"
    assert result.spectra["pca_bkg"].rate.sum() < result.spectra["pca_src"].rate.sum()
    assert list(result.gti) == ["pca", "hexte"]
    assert result.gti["pca"].contains(result.pca["ch5-10"].time + 8).all()
    table = result.filter_file
    assert (table["Time"].unit, table["ELV"].unit, table.meta["EXTNAME"]) == (u.s, u.deg, "XTE_MKF")
    assert np.diff(table["Time"]).min() == 16


def test_products_can_be_written_and_read(result: rossi.Reduction, tmp_path: Path) -> None:
    kinds = {path.name: type(rossi.read(path)) for path in result.write(tmp_path) if path.suffix != ".png"}
    assert kinds.keys() == {name for name in result.files if not name.endswith(".png")}
    by_suffix = {".lc": rossi.LightCurve, ".pha": rossi.Spectrum, ".gti": rossi.GoodTime}
    by_suffix |= dict.fromkeys((".rmf", ".arf"), Table)
    assert all(kind is by_suffix[Path(name).suffix] for name, kind in kinds.items())
    with pytest.raises(rossi.ConfigError, match="there is such a file already"):
        result.write(tmp_path)


def test_it_shows_itself(result: rossi.Reduction) -> None:
    assert repr(result).startswith(
        "<Reduction 20101-01-01-00, SIM X-1, PCA: ch5-10, ch11-20, HEXTE: pwa_ch15-61, pwb_ch15-61, spectra: pca_src, "
    )
    assert "pwa_ch15-61" in result._repr_html_()
    assert "ch5-10" in result.pca._repr_html_()
    assert result.pca._ipython_key_completions_() == ["ch5-10", "ch11-20"]


def test_results_go_to_other_processes(result: rossi.Reduction) -> None:
    again = pickle.loads(pickle.dumps(result))
    assert repr(again) == repr(result)
    assert again.observation.files == result.observation.files
    curve = pickle.loads(pickle.dumps(result.pca["ch5-10"]))
    assert curve.rate.tobytes() == again.pca["ch5-10"].rate.tobytes()
    assert pickle.loads(pickle.dumps(result.gti["pca"])) == again.gti["pca"]
    assert repr(pickle.loads(pickle.dumps(result.spectra))) == repr(again.spectra)


def test_without_a_master_index(archive: Path, obs: rossi.Observation, tmp_path: Path) -> None:
    copy = tmp_path / obs.obsid.path
    shutil.copytree(archive / obs.obsid.path, copy)
    (copy / "FMI").unlink()
    here = rossi.open(copy)
    assert "there is no file FMI" in repr(here)
    with pytest.raises(rossi.DataError, match="there is no file FMI"):
        _ = here.target
    made = rossi.reduce(here, instruments="pca", background="none", calibration={}, filter_file="archive")
    assert repr(made).startswith("<Reduction 20101-01-01-00, SIM X-1, PCA: ch5-10, spectra: pca_src, ")


def test_progress_is_told(archive: Path, obs: rossi.Observation) -> None:
    seen: list[tuple[str, int, int]] = []
    rossi.reduce(obs, instruments="pca", background="none", calibration={}, progress=lambda *stage: seen.append(stage))
    assert seen == [("pca_prep", 1, 2), ("pca_extract", 2, 2)]


def test_what_one_instrument_lacks_does_not_concern_the_other(archive: Path, obs: rossi.Observation) -> None:
    result = rossi.reduce(obs, expression="ELV > 1000", calibration=calibration_in(archive), progress=False)
    assert list(result.hexte) == ["pwa_ch15-61", "pwb_ch15-61"]
    assert "fulfils 'ELV > 1000'" in next(str(caveat) for caveat in result.caveats if caveat.code == "not_reduced")
    with pytest.raises(NoSuchName, match=r"There is none. No row of the filter file .* fulfils"):
        result.pca["ch5-10"]
    only = rossi.reduce(obs, instruments=["pca"], background="none", calibration={}, progress=False)
    with pytest.raises(NoSuchName, match=r"There is none\. It was not asked for \(instruments\)\."):
        only.hexte["pwa_ch15-61"]


def test_fast_data(archive: Path, obs: rossi.Observation) -> None:
    asked = {"instruments": "pca", "background": "none", "calibration": {}, "progress": False}
    made = rossi.reduce(obs, products=["bursts", "fast"], fast_bands=[(0, 255)], fast_binsz=0.5, pcus=[2, 3], **asked)
    assert (list(made.fast), list(made.standard1), list(made.events)) == (["fast"], ["std1"], [])
    assert not made.bursts["ACCEPTED"].any() and all(made.bursts["REASON"])
    table = made.fast["fast"]
    assert table.meta["TIMEDEL"] == 0.5 and table["NUMBER"].sum() > 1000
    assert made.standard1["std1"].rate.mean() > 0
    assert made.gti["fast"].total > 500
    assert "fast data: fast light curve, light curve, bursts" in repr(made)
    with pytest.raises(NoSuchName, match=r"It was not asked for \(products\)"):
        made.pca["ch5-10"]
    with pytest.raises(rossi.NoGoodTime, match="No mode has single photons; the observation has Standard1b"):
        rossi.reduce(obs, products="events", **asked)
    usual = rossi.reduce(obs, products=["lightcurves"], **asked)
    assert list(usual.pca) == ["ch5-10"] and list(usual.spectra) == []
    with pytest.raises(NoSuchName, match="products"):
        usual.power["ch0-255"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"products": ["powr"]}, "'powr' is none that rossi makes; did you mean power"),
        ({"products": []}, "has to name lightcurves"),
        ({"products": ["spectra", "fast"]}, "has to name lightcurves"),
        ({"products": "fast", "instruments": "hexte"}, "made of the PCA alone"),
        ({"products": "fast", "engine": "heasoft"}, "engine='heasoft' does not make"),
    ],
)
def test_products_that_can_not_be_made(obs: rossi.Observation, given: dict[str, Any], said: str) -> None:
    with pytest.raises(rossi.ConfigError, match=said):
        rossi.reduce(obs, calibration={}, progress=False, **given)


def test_nothing_at_all_is_an_error(
    archive: Path, obs: rossi.Observation, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(rossi.NoGoodTime, match="fulfils 'ELV > 1000'"):
        rossi.reduce(obs, instruments="pca", background="none", calibration={}, expression="ELV > 1000")
    copy = tmp_path / obs.obsid.path
    shutil.copytree(archive / obs.obsid.path, copy)
    (science,) = copy.glob("pca/FS4a*")
    science.unlink()
    with pytest.raises(rossi.DataError, match="the observation has no Standard2 data"):
        rossi.reduce(copy, instruments="pca", background="none", calibration={})
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"band": [(5, 10)]}, r"rossi.reduce has no keyword 'band'; did you mean bands\?"),
        ({"binsz": 17}, "rossi.reduce, pca_extract: parameter 'binsz' is 17: must be a multiple of 16"),
        (
            {"bands": 5},
            r"bands is 5; energies or pairs of channels were expected: bands=\['2-9keV'\] or bands=\[\(5, 10",
        ),
        ({"bands": "2 to 9"}, r"'bands.0' is '2 to 9': it should look like 2-9keV \(energies\) or 5-10 \(channels\)"),
        ({"bands": ["9-2keV"]}, "'bands.0' is '9-2keV': a band of 9 to 2 keV; rising numbers"),
        ({"bands": [(10, 5)]}, "chmin 10 is above chmax 5"),
        ({"instruments": "asm"}, "instruments: 'asm' is none that rossi reduces; there are pca and hexte"),
        ({"instruments": []}, "instruments is empty"),
        ({"calibration": {"modle": "x"}}, r"there is no parameter 'calibration.modle'; did you mean model\?"),
        ({"calibration": "/no/caldb"}, "/no/caldb/data/xte/pca/caldb.indx: the CALDB has no index there"),
        ({"expression": "ELV >"}, "parameter 'expression' is 'ELV >'"),
    ],
)
def test_bad_keywords_are_refused_with_a_sentence(
    keywords: dict[str, Any], said: str, archive: Path, obs: rossi.Observation
) -> None:
    known = {"calibration": calibration_in(archive), "progress": False}
    with pytest.raises(rossi.ConfigError, match=said):
        rossi.reduce(obs, **known | keywords)  # type: ignore[arg-type]


def test_without_a_caldb(obs: rossi.Observation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALDB", raising=False)
    with pytest.raises(rossi.ConfigError, match="the environment has no CALDB; give calibration="):
        rossi.reduce(obs)


class _Shown:
    """What IPython's display gives back."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, data: dict[str, str], **_: object) -> _Shown:
        self.lines.append(data["text/plain"])
        return self

    update = __call__


def test_progress_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _Shown()
    display = SimpleNamespace(display=shown)
    ipython = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1), display=display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    with told(True, "Reducing x") as on_stage:
        on_stage("pca_prep", 1, 2)
    ipython.get_ipython = SimpleNamespace  # a shell in a terminal
    with told(True, "Reducing y"):
        assert shown.lines == ["Reducing x", "Reducing x: pca_prep (1 of 2)", "Reducing x: done"]


def test_progress_goes_to_a_terminal_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with told(True, "Reducing x") as on_stage:
        on_stage("pca_prep", 1, 2)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with told(True, "Reducing x") as on_stage:
        on_stage("pca_prep", 1, 2)
    out, err = capsys.readouterr()
    assert out == ""
    assert "Reducing x" in err


def public() -> Iterator[tuple[str, Any]]:
    """Everything that may be called of what ``rossi`` names, and what it gives."""
    for name in rossi.__all__:
        value = getattr(rossi, name)
        if callable(value):
            yield name, value
        if inspect.isclass(value):
            methods = inspect.getmembers(value, inspect.isfunction)
            yield from ((f"{name}.{method}", one) for method, one in methods if not method.startswith("_"))


@pytest.mark.parametrize(("name", "value"), list(public()))
def test_what_is_public_describes_its_parameters(name: str, value: Any) -> None:
    text = inspect.getdoc(value) or ""
    assert text, name
    if inspect.isclass(value) and issubclass(value, Exception):
        return
    wanted = set(inspect.signature(value).parameters) - {"self", "unknown"}
    described = {
        word.lstrip("*") for line in text.splitlines() if " : " in line for word in line.partition(" : ")[0].split(", ")
    }
    brief = len(wanted) == 1 and "Parameters" not in text and len(text.splitlines()) == 1
    assert brief or wanted <= described or "see `" in text or "as of `" in text, (name, wanted - described)


def test_every_keyword_is_documented() -> None:
    lines = inspect.getdoc(rossi.reduce).splitlines()
    described = {name for line in lines if " : " in line for name in line.partition(" : ")[0].split(", ")}
    assert set(inspect.signature(rossi.reduce).parameters) - {"unknown"} <= described


def test_other_files(archive: Path, obs: rossi.Observation, tmp_path: Path) -> None:
    (filter_file,) = (archive / obs.obsid.path).glob("stdprod/x*.xfl.gz")
    assert rossi.read(filter_file)["ELV"].unit == u.deg
    (standard,) = (archive / obs.obsid.path).glob("stdprod/*n2a.lc.gz")
    assert len(rossi.read(f"{standard}[STDGTI]")) == len(rossi.read(standard).gti)
    curve = rossi.read(standard)
    rates, good = curve.tables()
    (tmp_path / "first.lc").write_bytes(fits_bytes(primary_hdu(), [good, rates]))
    assert isinstance(rossi.read(tmp_path / "first.lc"), rossi.LightCurve)
    assert isinstance(rossi.read(f"{tmp_path}/first.lc[STDGTI]"), rossi.GoodTime)
    names = ("TIME", "RATE1", "ERROR1", "RATE2", "ERROR2")
    several = [(Column(name, "D", "s" if name == "TIME" else "count/s"), curve.time) for name in names]
    (tmp_path / "several.lc").write_bytes(fits_bytes(primary_hdu(), [table_hdu("RATE", several, curve.header)]))
    with pytest.raises(rossi.DataError, match=r"RATE1, RATE2; .*: rossi.read\(..., column='RATE1'\)"):
        rossi.read(tmp_path / "several.lc")
    assert len(rossi.read(tmp_path / "several.lc", column="RATE2")) == len(curve)
    for content, said in ((b"", "the file is empty"), (b"no fits", "not a FITS file")):
        (tmp_path / "x.fits").write_bytes(content)
        with pytest.raises(rossi.DataError, match=said):
            rossi.read(tmp_path / "x.fits")
    with pytest.raises(rossi.DataError, match=r"nowhere.lc: can't be read"):
        rossi.read(tmp_path / "nowhere.lc")


def test_names_need_not_be_texts() -> None:
    named = Named({"a": 1}, "number")
    assert (len(named), named["a"], dict(named)) == (1, 1, {"a": 1})
    with pytest.raises(NoSuchName, match=r"There is no number called \['a'\]. There is only a"):
        named[["a"]]  # type: ignore[index]
