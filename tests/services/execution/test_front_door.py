"""What is behind ``rossi.open`` and ``rossi.reduce``: the same stages, settings and numbers as everywhere."""

import inspect
import shutil
import sys
from pathlib import Path

import pytest
import tomlkit

import rossi
from flows.cli import main
from rossi.compare.product import compare_products
from rossi.fits.reader import open_fits, read_fits
from services.execution.front_door import KEYWORDS, stage_settings
from services.execution.stages import STAGES
from tests.once import simulated
from tests.rossi.front.test_front import calibration_in
from tests.servers.tap import serving
from tests.servers.web import WebServer

OBSID = "20101-01-01-00"
KINDS = (".lc", ".pha", ".gti", ".rmf", ".arf")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return simulated(tmp_path_factory, 1, seed=1)[0]


@pytest.fixture(scope="module")
def result(archive):
    return rossi.reduce(
        OBSID,
        archive=archive,
        bands=[(5, 10), (0, 255, 64), "2-9keV"],
        hexte_bands=[(20, 50), "15-60keV"],
        calibration=calibration_in(archive),
    )


def test_the_numbers_are_those_of_the_command(archive, result, tmp_path):
    calibration = {role: str(one) if isinstance(one, Path) else one for role, one in calibration_in(archive).items()}
    bands = [{"chmin": 5, "chmax": 10}, {"chmin": 0, "chmax": 255, "binsz": 64.0}, {"emin": 2, "emax": 9}]
    hexte = {"bands": [{"chmin": 20, "chmax": 50}, {"emin": 15, "emax": 60}]}
    settings = {"archive": str(archive), "calibration": calibration, "pca_extract": {"bands": bands}}
    (tmp_path / "rossi.toml").write_text(tomlkit.dumps(settings | {"hexte_dead": hexte}))
    places = ["--config", str(tmp_path / "rossi.toml"), "--store", str(tmp_path / "store")]
    with pytest.raises(SystemExit, match="0"):
        main(["reduce", OBSID, *places, "--out", str(tmp_path / "out")])
    written = {path.name: path for path in (tmp_path / "out").rglob("*") if path.suffix in KINDS}
    made = {name: data for name, data in result.files.items() if not name.endswith(".png")}
    assert written.keys() == made.keys()
    for name, path in written.items():
        tables = zip(read_fits(path).tables, open_fits(made[name], name).tables, strict=True)
        assert all(theirs.rows.tobytes() == mine.rows.tobytes() for theirs, mine in tables), name
    for value in result.spectra.values():
        named = {value.text(keyword) for keyword in ("RESPFILE", "ANCRFILE", "BACKFILE")} - {"NONE"}
        assert all((written[value.name].parent / name).is_file() for name in named), value.name
    for value in (*result.pca.values(), *result.hexte.values(), *result.parts.values()):
        theirs, mine = (file.tables[0] for file in (read_fits(written[value.name]), open_fits(value.to_bytes(), "")))
        assert theirs.rows.tobytes() == mine.rows.tobytes(), value.name  # good time without a row is not kept
    for value in result.spectra.values():
        again = open_fits(value.to_bytes(), value.name)
        difference = compare_products(read_fits(written[value.name]), again)
        assert difference.same_numbers, value.name
        assert (value.response is not None) == (value.text("RESPFILE") != "NONE") == (value.name.endswith("0_src.pha"))
        changed = {keyword.keyword for keyword in difference.keywords if keyword.hdu == "SPECTRUM"}
        assert changed <= {"POISSERR"}, (value.name, changed)


def test_every_setting_of_the_stages_is_a_keyword():
    keywords = inspect.signature(rossi.reduce).parameters
    reached = {(stage, setting) for stages, setting in KEYWORDS.values() for stage in stages}
    for stage, declared in STAGES.items():
        for setting in declared.config.model_fields:
            assert (stage, setting) in reached or (setting in keywords and setting not in KEYWORDS), (stage, setting)
    assert KEYWORDS.keys() <= keywords.keys()


def test_keywords_reach_the_stages_that_they_are_of():
    keywords = {"binsz": 32, "hexte_binsz": 8, "expression": "ELV > 5", "spectra": False, "background": "none"}
    keywords |= {"hexte_background": "interpolated", "hexte_data": "events", "filter_file": "archive", "pcus": [0, 2]}
    found = stage_settings(("pca", "hexte"), keywords)
    assert (found["pca_extract"].binsz, found["hexte_dead"].binsz) == (32, 8)
    assert found["pca_extract"].expression == "ELV > 5" != found["hexte_dead"].expression
    assert not found["pca_extract"].spectra and not found["hexte_dead"].spectra
    assert (found["pca_prep"].background, found["hexte_dead"].background) == ("none", "interpolated")
    assert found["pca_prep"].filter_file == found["hexte_back"].filter_file == "archive"
    assert (found["hexte_back"].data, found["pca_extract"].pcus) == ("events", "0,2")
    assert list(stage_settings(("hexte",), keywords)) == ["hexte_back", "hexte_dead"]


def test_an_archive_behind_a_url_needs_a_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "urllib3", None)
    with pytest.raises(rossi.ConfigError, match=r"Archives behind URLs need urllib3, .* pip install 'rossi\[web\]'"):
        rossi.open(OBSID, archive="https://127.0.0.1/rxte")


def test_an_archive_behind_a_url(archive, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with serving(WebServer(archive)) as server:
        there = rossi.open(OBSID, archive=server.url)
        assert there.files == rossi.open(OBSID, archive=archive).files
        assert there.target == "SIM X-1"
        with pytest.raises(rossi.DataError, match=r"not in the archive; but .* 20101-01-01-00"):
            rossi.open("20101-01-01-07", archive=server.url)
        made = rossi.reduce(there, instruments="pca", background="none", calibration={})
    shutil.rmtree(tmp_path)
    here = rossi.reduce(OBSID, archive=archive, instruments="pca", background="none", calibration={})
    assert made.pca["ch5-10"].rate.tobytes() == here.pca["ch5-10"].rate.tobytes()


def test_sizes_that_an_archive_does_not_list_are_not_told(archive):
    one = rossi.open(OBSID, archive=archive.as_uri())
    assert repr(one).startswith("<Observation 20101-01-01-00, SIM X-1, 1997-06-28T18:26:11 TT, 79 files, in file://")
