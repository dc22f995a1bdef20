"""The stages on a simulated archive, whose truth is known."""

import shutil

import numpy as np
import pytest

from rossi.errors import ConfigError
from rossi.fits.dated import clock
from rossi.fits.edit import as_hdu, with_values
from rossi.fits.reader import open_fits
from rossi.fits.writer import fits_bytes
from rossi.simulate import BREAKDOWN_FILE, MODEL_FILE
from services.calibration.config import CalibrationConfig
from services.contract import Outcome
from services.execution.request import Shard
from services.execution.worker import run_observation, run_shard
from services.pca_prep.stage import PcaPrepConfig
from services.storage import open_archive, open_store
from services.storage.outputs import fetch_outputs
from tests import once

STAGES = {"pca_prep": {}, "pca_extract": {"bands": [{"chmin": 5, "chmax": 10}, {"chmin": 0, "chmax": 255}]}}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    archive, truth = once.simulated(tmp_path_factory, 6, 3)
    folder = tmp_path_factory.mktemp("simulated")
    (folder / "archive").symlink_to(archive)
    return folder, truth


def shard(folder, truth, stages=STAGES):
    return Shard(
        number=0,
        obsids=tuple(o.obsid for o in truth.observations),
        stages=stages,
        archive=str(folder / "archive"),
        calibration={
            "model": [str(folder / "archive" / "calibration" / MODEL_FILE)],
            "saa": "NONE",
            "energy_to_channel": "e05v03",
            "collimators": ["NONE"],
            "hexte_matrix": ["NONE"],
            "breakdown": str(folder / "archive" / "calibration" / BREAKDOWN_FILE),
        },
        store=str(folder / "store"),
    )


def expected_rate(observation, rates):
    """Rate per PCU, weighted with how long each PCU was on."""
    start, stop = observation.start, observation.stop
    on = np.zeros(5)
    for schedule in observation.pcus:
        on[schedule.pcu] += max(0, min(schedule.off, stop) - max(schedule.on, start))
    if observation.epoch == 5:
        on[0] = 0  # without propane its rows do not count
        on[1] *= start < 409622400
    return float((np.array(rates) * on).sum() / on.sum())


def check_rates(truth, results, rates_of):
    assert [r.outcome for r in results] == [Outcome.SUCCEEDED] * 6
    for observation, result in zip(truth.observations, results, strict=True):
        for name, band in (("ch5-10", observation.band), ("ch0-255", observation.whole)):
            found = result.last.summary["bands"][name]
            # a PCU that switches in mid-observation shifts the weights a little
            tolerance = 5 * found["error"] + 0.01 * found["rate"]
            assert found["rate"] == pytest.approx(expected_rate(observation, rates_of(band)), abs=tolerance)
        assert result.last.summary["ontime"] == pytest.approx(observation.good_time, abs=80)


def test_net_rates_are_those_of_the_source(simulated):
    folder, truth = simulated
    check_rates(truth, run_shard(shard(folder, truth)), lambda band: band.source)


def test_products_say_what_they_hold(simulated):
    folder, truth = simulated
    store = open_store(str(folder / "store"))
    for background, (of_curves, is_net) in {"model": ("NET", True), "none": ("TOTAL", False)}.items():
        stages = {**STAGES, "pca_prep": {} if is_net else {"background": "none", "filter_file": "archive"}}
        result = next(r for r in run_shard(shard(folder, truth, stages)) if r.outcome is Outcome.SUCCEEDED)
        files = {
            file.name: open_fits(file.data, file.name).table()
            for name in ("light_curve", "spectrum")
            for file in fetch_outputs(store, result.last.manifest, name)
        }
        said = {name.removeprefix(f"{result.obsid}_"): table.header for name, table in files.items()}
        assert {header["OBS_ID"] for header in said.values()} == {str(result.obsid)}, background
        assert {header["HDUVERS"] for header in said.values()} == {"1.1.0"}
        bands = {name: (said[name]["MINCHAN"], said[name]["MAXCHAN"]) for name in ("ch5-10.lc", "ch0-255.lc")}
        assert bands == {"ch5-10.lc": (5, 10), "ch0-255.lc": (0, 255)}
        assert {(said[name]["HDUCLAS2"], said[name]["BACKAPP"]) for name in bands} == {(of_curves, is_net)}
        assert said["src.pha"]["HDUCLAS2"] == "TOTAL"
        assert ("bkg.pha" in said) is is_net
        assert said.get("bkg.pha", {"HDUCLAS2": "BKG"})["HDUCLAS2"] == "BKG"


def test_rows_without_a_time_are_left_out_and_told(simulated, tmp_path):
    folder, truth = simulated
    shutil.copytree(folder / "archive", tmp_path / "archive")
    damaged = 0
    for path in (*tmp_path.rglob("FS4a_*"), *tmp_path.rglob("FH18_*"), *tmp_path.rglob("FH5c_*")):
        file = open_fits(path.read_bytes(), path.name)
        table = file.table()
        time = table.column(clock(table)).copy()
        time[3] = np.nan
        tables = (with_values(table, {clock(table): time}), *file.tables[1:])
        path.write_bytes(fits_bytes(file.primary, [as_hdu(one) for one in tables], compress=path.suffix == ".gz"))
        damaged += 1
    assert damaged > 3 * len(truth.observations) - 1
    results = run_shard(shard(tmp_path, truth))
    check_rates(truth, results, lambda band: band.source)
    for result in results:
        told = [c.message for stage in result.stages for c in stage.caveats if c.code == "undated_rows"]
        assert any("FS4a" in message for message in told)
        assert any("FH18" in message for message in told)
        assert all(message.endswith("rows; they are left out.") for message in told)


def test_rates_without_background_hold_both(simulated):
    folder, truth = simulated
    results = run_shard(shard(folder, truth, {**STAGES, "pca_prep": {"background": "none", "filter_file": "archive"}}))
    check_rates(truth, results, lambda band: np.add(band.source, band.background))
    assert all([c.code for c in r.last.caveats] == ["no_background"] for r in results)


def test_rebuilt_filter_files_find_the_same_good_time_as_the_archives(simulated):
    folder, truth = simulated
    ontimes = []
    for source in ("rebuild", "archive"):
        results = run_shard(shard(folder, truth, {**STAGES, "pca_prep": {"filter_file": source}}))
        ontimes.append([r.last.summary["ontime"] for r in results])
    assert ontimes[0] == ontimes[1]


def test_missing_calibration_stops_everything_with_its_name(simulated):
    folder, truth = simulated
    plan = shard(folder, truth)
    with pytest.raises(ConfigError, match="no background model is given"):
        run_shard(plan.model_copy(update={"calibration": CalibrationConfig()}))
    with pytest.raises(ConfigError, match=r"nosuch\.mdl"):
        absent = plan.calibration.model_copy(update={"model": ("nosuch.mdl",)})
        run_shard(plan.model_copy(update={"calibration": absent}))


def test_a_second_run_does_nothing_and_other_bands_repeat_no_preparation(simulated):
    folder, truth = simulated
    run_shard(shard(folder, truth))
    assert all(r.reused for r in run_shard(shard(folder, truth)))
    other = {**STAGES, "pca_extract": {"binsz": 128.0, "pcus": "2", "layers": "1"}}
    results = run_shard(shard(folder, truth, other))
    assert [tuple(s.reused for s in r.stages) for r in results] == [(True, False)] * 6


def test_a_filter_that_leaves_nothing_is_no_work(simulated):
    folder, truth = simulated
    stages = {**STAGES, "pca_extract": {"expression": "ELV > 1000"}}
    for result in run_shard(shard(folder, truth, stages)):
        assert result.outcome == Outcome.NO_WORK
        assert "fulfils 'ELV > 1000'" in result.last.message


def test_prepared_files_stay_readable_for_other_tools(simulated):
    folder, truth = simulated
    plan = shard(folder, truth)
    store = open_store(plan.store)
    result = run_observation(plan.obsids[0], plan, archive=open_archive(plan.archive), store=store)
    files = fetch_outputs(store, result.stages[0].manifest, "std2_dt")
    assert all(f.name.startswith("FS4a_") and f.name.endswith("_dt.gz") for f in files)


def test_bands_of_their_own_bins_curves_of_each_pcu_and_spectra(simulated):
    folder, truth = simulated
    bands = [{"chmin": 5, "chmax": 10}, {"chmin": 5, "chmax": 10, "binsz": 128}]
    plan = shard(folder, truth, {**STAGES, "pca_extract": {"bands": bands, "per_pcu": True}})
    store = open_store(plan.store)
    observation = next(o for o in truth.observations if {p.pcu for p in o.pcus} == {0, 1, 2, 3, 4})
    result = run_observation(observation.obsid, plan, archive=open_archive(plan.archive), store=store).last
    found = result.summary["bands"]
    names = {f"{band}{pcu}" for band in ("ch5-10", "ch5-10_128s") for pcu in ("", *(f"_pcu{n}" for n in range(5)))}
    assert set(found) == names
    for n in range(5):
        one = found[f"ch5-10_pcu{n}"]
        assert one["rate"] == pytest.approx(observation.band.source[n], abs=5 * one["error"])
    assert sum(found[f"ch5-10_pcu{n}"]["exposure"] for n in range(5)) == pytest.approx(found["ch5-10"]["exposure"])
    assert found["ch5-10_128s"]["rate"] == pytest.approx(found["ch5-10"]["rate"], rel=1e-6)
    files = fetch_outputs(store, result.manifest, "spectrum")
    source, background = (open_fits(f.data, f.name).table("SPECTRUM") for f in files)
    assert source.header["BACKFILE"] == f"{observation.obsid}_bkg.pha"
    rates = [table.column("COUNTS")[1:7].sum() / table.header["EXPOSURE"] for table in (source, background)]
    assert rates[0] - rates[1] == pytest.approx(found["ch5-10"]["rate"], rel=1e-6)


def test_four_housekeeping_files_do_with_the_archives_filter_file(simulated, tmp_path):
    folder, truth = simulated
    observation = truth.observations[0]
    shutil.copytree(folder / "archive" / observation.path, tmp_path / "archive" / observation.path)
    next((tmp_path / "archive" / observation.path).glob("pca/FH5e_*")).unlink()
    plan = shard(folder, truth).model_copy(update={"archive": str(tmp_path / "archive"), "store": str(tmp_path / "s")})
    store, archive = open_store(plan.store), open_archive(plan.archive)
    result = run_observation(observation.obsid, plan, archive=archive, store=store)
    assert result.outcome == Outcome.FAILED
    assert "PCU 4 (pca/FH5e_*) is missing" in result.last.message
    prep = PcaPrepConfig(filter_file="archive")
    plan = plan.model_copy(update={"stages": {**plan.stages, "pca_prep": prep}})
    result = run_observation(observation.obsid, plan, archive=archive, store=store)
    assert result.outcome == Outcome.SUCCEEDED
    lost, off = result.stages[0].caveats
    assert lost.code == "files_missing"
    assert "1 of 5 files" in lost.message and "of pca/FH5e, 0 % of the expected" in lost.message
    assert off.message == "PCU 4 has no housekeeping file and counts as off."
