"""Which data hold what: of archives of any kind, from the beginnings of files alone."""

import re

import pytest
from typer.testing import CliRunner

import rossi
from flows.cli import app
from rossi.archive import ObsID
from rossi.errors import DataError
from rossi.fits.reader import open_fits
from rossi.simulate import Configurations, FastSpec, ObservationSpec, simulate_observation
from rossi.timing.choice import Wish, choose
from rossi.timing.modes import LEADING, Kind
from rossi.timing.xenon_file import Layout, xenon_file
from services.query.modes import observation_modes
from services.storage import open_archive
from tests.servers.tap import serving
from tests.servers.web import WebServer

BINNED, XENON = ObsID("20101-01-01-00"), ObsID("20101-01-01-01")
START = 110_145_600


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """An archive of two observations: binned data, and GoodXenon in halves and merged."""
    folder = tmp_path_factory.mktemp("modes")
    for obsid, which in ((BINNED, Configurations.BINNED), (XENON, Configurations.XENON)):
        spec = ObservationSpec(obsid, START, 320, flux=0.1, slew=0, fast=FastSpec(which), compress=which == "binned")
        files = simulate_observation(spec)
        halves = [open_fits(data, path) for path, data in files.items() if re.match("pca/FS3", path)]
        if which == Configurations.XENON:
            files[f"pca/GX_{START:x}-{START + 320:x}.evt"] = xenon_file(*halves, Layout.OGIP)[0]
        for path, data in files.items():
            place = folder / obsid.path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    return folder


@pytest.fixture
def elsewhere(root):
    with serving(WebServer(root)) as server:
        yield server


def test_a_folder_and_a_server_tell_the_same(root, elsewhere):
    there = observation_modes(open_archive(elsewhere.url), str(BINNED))
    here = observation_modes(open_archive(str(root)), str(BINNED))
    assert str(there) == str(here) == str(rossi.open(BINNED, root).modes)
    assert here["PCA"] == ("B_2ms_4B_0_35_H", "E_125us_16B_36_1s", "Standard1b", "Standard2f")
    assert [mode.kind for mode in here.table] == [Kind.STANDARD1, Kind.STANDARD2, Kind.EVENTS, Kind.BINNED]
    assert here.remarks == ()


def test_only_beginnings_are_read(elsewhere):
    archive = open_archive(elsewhere.url)
    found = observation_modes(archive, str(XENON))
    read = [line for line in elsewhere.log if line.startswith("GET") and "FS" in line.rpartition("/")[2]]
    assert len(read) > 4
    more = [line for line in read if not line.endswith(f" bytes=0-{LEADING - 1}")]
    assert [line.partition("/pca/")[2].partition("_")[0] for line in more] == ["FS4a"]  # 183 columns, not packed
    assert more[0].endswith(f" bytes=0-{8 * LEADING - 1}")
    assert not any("/FH" in line or "stdprod/" in line.rpartition("/")[0] for line in read)
    assert archive.transferred <= LEADING * (len(read) + 8)
    assert {mode.name for mode in found.table} == {"Standard1b", "Standard2f", "GoodXenon_16s"}


def test_the_front_door_reads_no_more_of_a_server(elsewhere, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    obs = rossi.open(BINNED, elsewhere.url)
    assert "B_2ms_4B_0_35_H" in obs.modes["PCA"]
    assert all("bytes=0-" in line for line in elsewhere.log if line.startswith("GET") and "pca/FS" in line)


def test_merged_events_are_taken_rather_than_halves(root):
    found = observation_modes(open_archive(str(root)), str(XENON))
    assert [mode.kind for mode in found.table if mode.name == "GoodXenon_16s"] == [Kind.XENON] * 2
    for modes in (found.table, found.table[::-1]):
        chosen = choose(modes, Wish(2**-10, 10, 30))
        assert [path.rpartition("/")[2][:2] for path in chosen.modes[0].paths] == ["GX"]


def test_a_damaged_header_does_not_hide_others(root, tmp_path):
    source = root / BINNED.path
    for path in source.rglob("*"):
        if path.is_file():
            place = tmp_path / BINNED.path / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            data = path.read_bytes()
            place.write_bytes(data[:300] if "FS37" in path.name else b"" if "FS46" in path.name else data)
    found = observation_modes(open_archive(str(tmp_path)), str(BINNED))
    assert {mode.kind for mode in found.table} == {Kind.STANDARD2, Kind.EVENTS}
    assert len(found.remarks) == 2
    assert "FS37" in found.remarks[0] and "FS46" in found.remarks[1]


def test_the_command(root):
    runner = CliRunner()
    asked = ["query", "--archive", str(root), "--modes", str(BINNED), "--modes", "20101-01-01-09"]
    done = runner.invoke(app, asked)
    assert done.exit_code == DataError.exit_code
    assert re.search(r"^B_2ms_4B_0_35_H +binned +1.953 ms +0-35 +4 +all +320 +1$", done.stdout, re.M)
    assert "20101-01-01-09: " in done.stderr and "are: 20101-01-01-00, 20101-01-01-01" in done.stderr
