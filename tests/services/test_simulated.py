"""The stages on a simulated archive, whose truth is known."""

import numpy as np
import pytest

from rossi.simulate import simulate_archive
from services.contract import Outcome, Shard
from services.executor import fetch_outputs
from services.storage import open_archive, open_store
from services.worker import run_observation, run_shard

STAGES = {"pca_prep": {}, "pca_extract": {"bands": [{"chmin": 5, "chmax": 10}, {"chmin": 0, "chmax": 255}]}}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    return folder, simulate_archive(folder / "archive", observations=6, seed=3)


def shard(folder, truth, stages=STAGES):
    return Shard(
        number=0,
        obsids=tuple(o.obsid for o in truth.observations),
        stages=stages,
        archive=str(folder / "archive"),
        store=str(folder / "store"),
    )


def expected_rate(observation, band):
    """Rate per PCU, source and background, weighted with how long each PCU was on."""
    start, stop = observation.start, observation.stop
    on = np.zeros(5)
    for schedule in observation.pcus:
        on[schedule.pcu] += max(0, min(schedule.off, stop) - max(schedule.on, start))
    if observation.epoch == 5:
        on[0] = 0  # without propane its rows do not count
        on[1] *= start < 409622400
    total = np.add(band.source, band.background)
    return float((total * on).sum() / on.sum())


def test_rates_are_the_true_ones(simulated):
    folder, truth = simulated
    results = run_shard(shard(folder, truth))
    assert [r.outcome for r in results] == [Outcome.SUCCEEDED] * 6
    for observation, result in zip(truth.observations, results, strict=True):
        for name, band in (("ch5-10", observation.band), ("ch0-255", observation.whole)):
            found = result.last.summary["bands"][name]
            # a PCU that switches in mid-observation shifts the weights a little
            tolerance = 5 * found["error"] + 0.01 * found["rate"]
            assert found["rate"] == pytest.approx(expected_rate(observation, band), abs=tolerance)
        assert result.last.summary["ontime"] == pytest.approx(observation.good_time, abs=80)


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
