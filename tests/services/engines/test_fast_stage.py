"""Stage pca_fast on an archive of a simulated observation, from its files to products in a store."""

import shutil
import tempfile
from importlib import metadata

import numpy as np
import pytest

from rossi.archive import ObsID
from rossi.errors import ConfigError
from rossi.fits.reader import open_fits
from rossi.simulate import ObservationSpec, simulate_observation, true_observation
from rossi.simulate.signals import Configurations, FastSpec, Qpo
from rossi.timing.power_product import read_power
from services.contract import Outcome
from services.engines import Native
from services.engines.heasoft import STAGES as BY_TASKS
from services.execution.request import Shard
from services.execution.stages import STAGES
from services.execution.worker import run_observation
from services.storage import open_archive, open_store
from services.storage.outputs import fetch_outputs
from services.storage.publication import read_manifest

OBSID = ObsID("20402-01-45-03")
QPO = Qpo(24.0, 2.0, 0.2)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Counts in four bands up to channel 35, events above, and a file of a mode that nobody needs."""
    folder = tmp_path_factory.mktemp("archive")
    spec = ObservationSpec(OBSID, 100_000_000, 640, slew=160, fast=FastSpec(Configurations.BINNED, qpo=QPO))
    write(folder, spec)
    return folder, true_observation(spec)


def write(folder, spec):
    for path, data in simulate_observation(spec).items():
        place = folder / OBSID.path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def shard(archive, tmp_path, **config):
    stages = {"pca_prep": {"background": "none"}, "pca_fast": config}
    return Shard(number=0, obsids=(str(OBSID),), stages=stages, archive=str(archive), store=str(tmp_path / "store"))


def run(plan):
    archive, store = open_archive(plan.archive), open_store(plan.store)
    return run_observation(str(OBSID), plan, archive=archive, store=store), store


def test_all_products_of_an_observation(archive, tmp_path, monkeypatch):
    folder, truth = archive
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    result, store = run(shard(folder, tmp_path))
    assert result.outcome is Outcome.SUCCEEDED
    done = result.last
    assert [caveat.code for caveat in done.caveats] == ["no_background"]
    manifest = read_manifest(store, done.manifest)
    names = {record.name for record in manifest.outputs}
    assert names >= {f"{OBSID}_{end}" for end in ("fast.fits.gz", "std1.lc.gz", "ch0-255_power.fits", "bursts.fits")}
    (file,) = fetch_outputs(store, done.manifest, "power_spectrum")
    spectrum = read_power(open_fits(file.data, file.name))
    assert spectrum.header["MODE1"] == "B_2ms_4B_0_35_H + E_125us_16B_36_1s"
    (curve,) = (open_fits(f.data, f.name) for f in fetch_outputs(store, done.manifest, "fast_light_curve"))
    live = 1 - curve.table("DEADTIME").column("FRACTION").mean()
    assert 0.95 < live < 0.99
    true = sum(truth.whole.source) + sum(truth.whole.background)
    assert spectrum.mean.rate == pytest.approx(true * live, rel=0.005)  # as it was detected
    (peak,) = spectrum.peaks()
    assert peak.low < QPO.frequency < peak.high
    share = sum(truth.whole.source) / true
    assert spectrum.rms()[1].rms == pytest.approx(QPO.rms * share, abs=4 * spectrum.rms()[1].error)
    (events,) = fetch_outputs(store, done.manifest, "events")
    assert events.name == f"{OBSID}_E_125us_16B_36_1s.evt.gz"
    assert np.isfinite(open_fits(events.data, events.name).table().column("ENERGY")).all()
    assert not list(tmp_path.glob("rossi-*"))  # nothing is left of what was kept on disk
    again, _ = run(shard(folder, tmp_path))
    assert all(stage.reused for stage in again.stages)


def test_only_what_is_needed_is_read(archive, tmp_path):
    folder, _ = archive
    result, store = run(shard(folder, tmp_path, products=["power"], bands=[{"chmin": 36, "chmax": 249}]))
    manifest = read_manifest(store, result.last.manifest)
    science = [record.path for record in manifest.inputs if record.input == "science"]
    assert len(science) == 1
    (file,) = fetch_outputs(store, result.last.manifest, "power_spectrum")
    assert open_fits(file.data, file.name).table().header["MODE1"] == "E_125us_16B_36_1s"


def test_an_observation_without_fast_data_is_no_work(tmp_path):
    write(tmp_path / "archive", ObservationSpec(OBSID, 100_000_000, 320, slew=160))
    result, _ = run(shard(tmp_path / "archive", tmp_path, products=["events", "power"]))
    assert result.outcome is Outcome.NO_WORK
    assert result.message == (
        "pca_fast: There are no fast data to work with. No mode has single photons; the observation has Standard1b. "
        "ch0-255: no mode that ran in good time has bins of 0.00195312 s."
    )


def test_lost_files_are_damage(archive, tmp_path):
    folder, _ = archive
    shutil.copytree(folder, tmp_path / "archive")
    place = tmp_path / "archive" / OBSID.path / "pca"
    lost = [path for path in place.iterdir() if path.name.startswith(("FS37", "FS3b", "FS3f", "FS4f"))]
    for path in lost:
        path.unlink()
    result, _ = run(shard(tmp_path / "archive", tmp_path, products=["events"]))
    assert result.outcome is Outcome.FAILED and len(lost) == 2
    assert "2 of 2 files (user configurations: events and arrays of counts)" in result.message


def test_the_version_of_stingray_is_part_of_the_result():
    assert Native().versions("pca_fast") == {"stingray": metadata.version("stingray")}
    assert Native().versions("pca_prep") == {}


def test_heasoft_refuses():
    with pytest.raises(ConfigError, match="engine = 'heasoft' does not make fast data"):
        BY_TASKS["pca_fast"](STAGES["pca_fast"].config(), {})
