"""The command `rossi compare` on both engines, the tasks being stand-ins."""

import importlib
import re

import numpy as np
import pytest
import tomlkit
from astropy.table import Table

from flows.cli import main
from flows.core.compare import compare_engines
from flows.core.known_deviations import DEAD_COLUMN, EVENT_LISTS, NET_CURVES, SUMS
from rossi.fits.reader import read_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.hexte.counting import whole_frames
from tests.services.engines.heasoft.conftest import ROOT, first_of

pytestmark = pytest.mark.usefixtures("forked")

CURVES = {"pca_extract": {"spectra": False}}
EVENTS = {"campaign": {"instruments": ["hexte"]}, "hexte_back": {"data": "events"}}


@pytest.fixture
def compare(configuration, tmp_path, capsys, monkeypatch):
    """Run the command; return its exit code, what it said and what went to standard error."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments, **changes):
        (tmp_path / "rossi.toml").write_text(tomlkit.dumps(configuration(**changes)))
        options = ("--config", tmp_path / "rossi.toml", "--out", tmp_path / "out")
        with pytest.raises(SystemExit) as stop:
            main(["compare", *map(str, (*arguments, *options))])
        return stop.value.code or 0, *capsys.readouterr()

    return run


def test_a_sample_larger_than_the_campaign(compare, simulated, tmp_path):
    obsids = sorted(o.obsid for o in simulated[1].observations)[:2]
    code, said, _ = compare("--sample", 50, "--strict", query={"obsids": obsids}, **CURVES)
    assert code == 0
    assert "The campaign has 2 observations; all of them are compared." in said
    assert re.search(r"2 compared: (\d+) of \1 products have the same numbers\.", said)
    assert sorted(path.stem for path in (tmp_path / "out").glob("*.png")) == obsids
    rows = Table.read(tmp_path / "out/comparison.ecsv")
    assert set(rows["observation"]) == set(obsids)
    assert {"RATE", "XeCntPcu2", "ELV"} <= set(rows["name"])


def test_an_observation_that_is_not_there(compare):
    code, said, _ = compare("20402-01-45-03", **CURVES)
    assert code == 20
    assert "20402-01-45-03 failed on both engines: pca_prep: AO2/P20402/20402-01-45-03/ is not in the archive" in said
    assert "0 of 0" not in said


def test_a_failure_of_one_engine(headas, compare, simulated):
    headas.plan(tasks={"pcaextlc2": "silent"})
    obsid = simulated[1].observations[0].obsid
    code, said, _ = compare(obsid, **CURVES)
    assert code == 20
    assert f"{obsid} native: succeeded; heasoft: failed (pca_extract: pcaextlc2 made no" in said
    assert f"{obsid} all 2 products of pca_extract are only on the native side" in said
    assert re.search(rf"{obsid}: (\d+) of \1 products have the same numbers\.", said)  # those of pca_prep


def test_no_work_for_one_engine_and_for_both(headas, compare, simulated):
    obsid = simulated[1].observations[0].obsid
    nothing = {"pca_extract": {"spectra": False, "expression": "ELV > 1000"}}
    code, said, _ = compare(obsid, "--strict", **nothing)
    assert code == 0
    assert f"{obsid} no work on both engines: pca_extract: No row of the filter file" in said
    headas.plan(tasks={"maketime": "nothing"})
    assert compare(obsid, **CURVES)[0] == 0
    code, said, _ = compare(obsid, "--strict", **CURVES)
    assert code == 20
    assert f"{obsid} native: succeeded; heasoft: no work (pca_extract: No row of the filter file" in said


def test_without_heasoft_nothing_is_computed(compare, simulated, monkeypatch, tmp_path):
    monkeypatch.delenv("HEADAS")
    code, _, error = compare(simulated[1].observations[0].obsid, **CURVES)
    assert code == 21
    assert "HEADAS is ''" in error
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "store").exists()


def test_known_deviations_are_named(compare, simulated, tmp_path):
    obsid = first_of(simulated, event_files=1, A="rocking", B="rocking").obsid
    code, said, _ = compare(obsid, "--tolerance", 1e-6, **EVENTS)
    assert code == 0
    assert f"Known ({EVENT_LISTS.name}): native counts whole 16-s frames" in said
    assert "with known deviations." in said
    assert "other differences" not in said
    rows = Table.read(tmp_path / "out/comparison.ecsv")
    named = rows[rows["what"] == "known"]
    assert {EVENT_LISTS.name, NET_CURVES.name} <= set(named["name"])
    assert set(named["note"]) <= {d.says for d in (EVENT_LISTS, NET_CURVES, DEAD_COLUMN, SUMS)}


@pytest.mark.parametrize("deviation", [EVENT_LISTS, NET_CURVES, DEAD_COLUMN, SUMS])
def test_deviations_have_the_names_of_the_document(deviation):
    assert f"\n| {deviation.name} |" in (ROOT / "docs" / "explanation" / "deviations.md").read_text()


def test_event_lists_differ_in_parts_of_frames_only(settings, simulated, monkeypatch):
    """With good time that ends and begins with frames, both engines have the same numbers."""
    observation = first_of(simulated, event_files=1, A="rocking", B="rocking")
    science = next((simulated[0] / observation.path / "hexte").glob("FS50*"))
    zero = read_fits(science).table().header["TIMEZERO"]
    hexte_dead = importlib.import_module("services.engines.heasoft.hexte_dead")
    find_good_time = hexte_dead.find_good_time

    def cut(*given):
        _, good = find_good_time(*given)
        frames = whole_frames(good, zero)
        assert 0 < np.diff(frames).sum() < np.diff(good).sum()
        columns = [(Column(name, "1D", "s"), frames[:, at]) for at, name in enumerate(("START", "STOP"))]
        cards = [("HDUCLASS", "OGIP"), ("HDUCLAS1", "GTI"), ("TIMESYS", "TT"), ("MJDREFI", 49353), ("TIMEZERO", 0.0)]
        return fits_bytes(primary_hdu(), [table_hdu("STDGTI", columns, cards)]), frames

    monkeypatch.setattr(hexte_dead, "find_good_time", cut)
    (found,) = compare_engines(settings(**EVENTS), [observation.obsid])
    assert found.remarks == ()
    exact = [p for p in found.products if p.name.endswith(("_src.lc", "_bkg.lc", ".pha"))]
    differing = [
        (p.name, c.name)
        for p in exact
        for c in p.columns
        if not c.identical and c.compared and c.max_rel > (0 if "_bkg.pha" not in p.name else 1e-6)
    ]
    assert (differing, len(exact)) == ([], 12)
    assert [remark for p in exact for remark in p.remarks] == []
    assert EVENT_LISTS not in [known.deviation for known in found.known if "_src" in str(known.products)]
