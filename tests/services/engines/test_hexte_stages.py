"""HEXTE's stages on a simulated archive, whose truth is known."""

import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from rossi.fits.reader import open_fits
from rossi.simulate import BACKEST_FILE, DEAD_TIME_FILE_A, DEAD_TIME_FILE_B, simulate_archive
from services.contract import FailureKind, Outcome
from services.engines import hexte as engine_hexte
from services.execution.request import Shard
from services.execution.worker import run_observation
from services.storage import open_archive, open_store
from services.storage.outputs import fetch_outputs
from tests.conftest import LONG

OBSERVATIONS = 20 if LONG else 8
BACK, DEAD = {}, {"bands": [{"chmin": 15, "chmax": 61}]}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hexte")
    return folder, simulate_archive(folder / "archive", OBSERVATIONS, seed=2)


def run(folder, obsid, back=BACK, dead=DEAD, archive="archive", **calibration):
    known = folder / "archive" / "calibration"
    files = {"dead_time_a": DEAD_TIME_FILE_A, "dead_time_b": DEAD_TIME_FILE_B, "background_a": BACKEST_FILE}
    shard = Shard(
        number=0,
        obsids=(obsid,),
        stages={"hexte_back": back, "hexte_dead": dead},
        archive=str(folder / archive),
        calibration={name: str(known / file) for name, file in files.items()} | calibration,
        store=str(folder / "store"),
    )
    return run_observation(obsid, shard, archive=open_archive(shard.archive), store=open_store(shard.store))


def outputs(folder, result, name):
    store = open_store(str(folder / "store"))
    return {file.name: file for file in fetch_outputs(store, result.last.manifest, name)}


def table(file):
    return open_fits(file.data, file.name).table(hdu=1)


def codes(result):
    return [caveat.code for stage in result.stages for caveat in stage.caveats]


CONTENT = {"src": "TOTAL", "p": "BKG", "m": "BKG", "bkg": "BKG"}


def test_products_say_what_they_hold(simulated):
    folder, truth = simulated
    for events in (True, False):
        observation = first(truth, A="rocking", events=events)
        result = run(folder, observation.obsid)
        assert result.outcome is Outcome.SUCCEEDED, result.last.message
        net = {name: table(file).header for name, file in outputs(folder, result, "light_curve").items()}
        assert {(h["HDUCLAS2"], h["BACKAPP"]) for h in net.values()} == {("NET", True)}
        parts = {name: table(file).header for name, file in outputs(folder, result, "parts").items()}
        spectra = {name: table(file).header for name, file in outputs(folder, result, "spectrum").items()}
        for name, header in (parts | spectra).items():
            assert header["HDUCLAS2"] == CONTENT[name.rpartition(".")[0].rpartition("_")[2]], name
        for header in (net | parts).values():
            # the archive mode has elements of two channels there, the first of them 14 and 15, known by its 14
            assert (header["MINCHAN"], header["MAXCHAN"]) == (16 if ";" in header["CPIX"] else 15, 61)
        for name, header in (net | parts | spectra).items():
            assert (header["OBS_ID"], bool(header["HDUVERS"])) == (observation.obsid, True), name


def test_net_rates_are_the_truth(simulated):
    folder, truth = simulated
    pulls = []
    for observation in truth.observations:
        result = run(folder, observation.obsid)
        assert result.outcome in (Outcome.SUCCEEDED, Outcome.NO_WORK), result.last.message
        rocked = result.stages[0].summary["clusters"]
        for cluster in observation.hexte:
            name = f"pw{cluster.cluster.lower()}"
            if cluster.motion != "rocking":
                continue
            assert (rocked[name]["dwell"], rocked[name]["angle"]) == (cluster.dwell, 1.5)
            if result.outcome is Outcome.SUCCEEDED:
                found = result.last.summary["bands"][f"{name}_ch15-61"]
                pulls.append((found["rate"] - cluster.archive.source) / found["error"])
    assert len(pulls) >= 1.5 * OBSERVATIONS
    assert abs(np.mean(pulls)) < 4 / np.sqrt(len(pulls))
    assert 0.7 < np.std(pulls) < 1.4
    assert max(np.abs(pulls)) < 5


def first(truth, **wanted):
    """The first observation whose clusters move as given, and which has event lists where `events` says so."""
    events = wanted.pop("events", None)
    return next(
        o
        for o in truth.observations
        if all(c.motion == wanted.get(c.cluster, c.motion) for c in o.hexte)
        and (events is None or bool(o.hexte[0].event_files) is events)
    )


def test_products_of_a_rocking_observation(simulated):
    folder, truth = simulated
    observation = first(truth, A="rocking", B="rocking")
    result = run(folder, observation.obsid)
    (curve_a, curve_b) = sorted(outputs(folder, result, "light_curve"))
    assert (curve_a, curve_b) == tuple(f"{observation.obsid}_{c}_ch15-61.lc" for c in ("pwa", "pwb"))
    file = open_fits(outputs(folder, result, "light_curve")[curve_b].data, curve_b)
    header = file.table("RATE").header
    assert header["TIMEDEL"] == 4 * observation.hexte[1].dwell
    assert (header["HDUCLAS2"], header["DEADAPP"], header["BACKAPP"], header["DETNAM"]) == ("NET", True, True, "PWB")
    spectra = outputs(folder, result, "spectrum")
    assert sorted(spectra) == sorted(
        f"{observation.obsid}_{c}_{p}.pha" for c in ("pwa", "pwb") for p in ("src", "p", "m", "bkg")
    )
    source = open_fits(spectra[f"{observation.obsid}_pwa_src.pha"].data, "src").table("SPECTRUM").header
    assert source["BACKFILE"] == f"{observation.obsid}_pwa_bkg.pha"
    assert (source["DETCHANS"], source["DEADAPP"]) == (64, True)
    assert len(outputs(folder, result, "parts")) == 4
    gti = open_fits(outputs(folder, result, "gti")[f"{observation.obsid}_hexte.gti"].data, "gti")
    assert any("TIME_SINCE_SAA" in str(image) for _, image in gti.table("STDGTI").header.images())


def test_cluster_b_leaves_detector_2_out_of_spectra_only(simulated):
    folder, truth = simulated
    observation = next(o for o in truth.observations if o.start > 7e7 and o.hexte[1].motion == "rocking")
    result = run(folder, observation.obsid)
    spectrum = open_fits(outputs(folder, result, "spectrum")[f"{observation.obsid}_pwb_src.pha"].data, "src").table(
        "SPECTRUM"
    )
    assert spectrum.header["DETNAM"] == "PWB013"
    assert spectrum.column("COUNTS")[:2].sum() == 0  # where the lost detector puts its events
    parts = outputs(folder, result, "parts")
    assert (
        open_fits(parts[f"{observation.obsid}_pwb_ch15-61_src.lc"].data, "lc").table("RATE").header["DETNAM"] == "PWB"
    )


def test_event_lists_give_what_the_archive_mode_gives(simulated):
    folder, truth = simulated
    observation = first(truth, A="rocking", B="rocking", events=True)
    wide = {"bands": [{"chmin": 16, "chmax": 61}]}
    modes = [
        run(folder, observation.obsid, {"data": data}, wide).last.summary["bands"] for data in ("archive", "events")
    ]
    for name, found in modes[0].items():
        # the same photons; good time begins inside frames, which the archive mode can't cut
        assert modes[1][name]["rate"] == pytest.approx(found["rate"], abs=found["error"])
    result = run(folder, observation.obsid, {"data": "events"}, wide)
    spectrum = open_fits(outputs(folder, result, "spectrum")[f"{observation.obsid}_pwa_src.pha"].data, "src")
    assert spectrum.table("SPECTRUM").header["DETCHANS"] == 256


def test_without_event_lists_the_archive_mode_is_used(simulated):
    folder, truth = simulated
    observation = first(truth, events=False)
    result = run(folder, observation.obsid, {"data": "events"})
    assert result.outcome is Outcome.SUCCEEDED


def test_a_staring_cluster_gets_the_background_of_the_other(simulated):
    folder, truth = simulated
    observation = first(truth, A="on source", B="rocking", events=True)
    dead = {"bands": [{"chmin": 15, "chmax": 240}]}
    result = run(folder, observation.obsid, {"data": "events"}, dead)
    assert {"staring", "estimated_background"} <= set(codes(result))
    assert list(result.last.summary["bands"]) == ["pwb_ch15-240"]
    files = outputs(folder, result, "spectrum")
    source, background = (
        open_fits(files[f"{observation.obsid}_pwa_{p}.pha"].data, p).table("SPECTRUM") for p in ("src", "bkg")
    )
    rates = [t.column("COUNTS")[15:241].sum() / t.header["EXPOSURE"] for t in (source, background)]
    error = np.sqrt(sum(t.column("COUNTS")[15:241].sum() / t.header["EXPOSURE"] ** 2 for t in (source, background)))
    # the estimate's exposure is that of B; its error is scaled with its slope, here about 4/3
    assert rates[0] - rates[1] == pytest.approx(observation.hexte[0].events.source, abs=6 * error)
    assert "no_background" in codes(run(folder, observation.obsid, {"data": "events"}, dead, background_a="NONE"))
    assert "no_background" in codes(run(folder, observation.obsid, BACK, DEAD))  # 64 channels of B can't tell


def test_interpolated_background_keeps_the_bins_of_the_source(simulated):
    folder, truth = simulated
    observation = first(truth, A="rocking", B="rocking")
    result = run(folder, observation.obsid, BACK, DEAD | {"background": "interpolated"})
    for name, file in outputs(folder, result, "light_curve").items():
        assert open_fits(file.data, name).table("RATE").header["TIMEDEL"] == 16


def changed(folder, observation, name, change):
    """Copy an observation into another archive and change its HEXTE files."""
    source, target = folder / "archive" / observation.path, folder / name / observation.path
    shutil.copytree(source, target)
    for path in sorted((target / "hexte").iterdir()):
        change(path)
    return name


def test_no_hexte_data_is_no_failure(simulated):
    folder, truth = simulated
    observation = truth.observations[0]
    archive = changed(folder, observation, "without", lambda p: p.unlink() if p.name.startswith("FS") else None)
    result = run(folder, observation.obsid, archive=archive)
    assert (result.outcome, result.last.kind) == (Outcome.FAILED, FailureKind.DATA)
    assert (
        "no HEXTE science data" in result.last.message and "that the indices name are not there" in result.last.message
    )
    index = next((folder / archive / observation.path).glob("FIHX_*"))
    index.write_bytes(re.sub(rb"hexte/FS[\w-]+", lambda m: b" " * len(m[0]), index.read_bytes()))
    result = run(folder, observation.obsid, archive=archive)
    assert result.outcome is Outcome.NO_WORK
    assert "no HEXTE science data" in result.last.message


def test_realtime_data_without_housekeeping(simulated):
    folder, truth = simulated
    observation = first(truth, A="rocking", B="rocking")
    archive = changed(folder, observation, "realtime", lambda p: p.unlink() if p.name.startswith("FH") else None)
    result = run(folder, observation.obsid, archive=archive)
    assert result.outcome is Outcome.SUCCEEDED, result.last.message
    assert "no_housekeeping" in codes(result)
    part = 1 - 4 / observation.hexte[0].dwell
    spectra = outputs(folder, result, "spectrum")
    header = open_fits(spectra[f"{observation.obsid}_pwa_p.pha"].data, "p").table("SPECTRUM").header
    assert header.get("EXPOSURE") == pytest.approx(header.get("OLDEXP", header["EXPOSURE"] / part) * part, abs=0.01)


def test_one_clusters_damage_does_not_stop_the_other(simulated):
    folder, truth = simulated
    observation = first(truth, A="rocking", B="rocking")

    def other_time(path):
        if path.name.startswith("FH53"):
            other = next(p for p in (folder / "archive").rglob("FH53*") if observation.obsid not in str(p))
            path.write_bytes(other.read_bytes())

    result = run(folder, observation.obsid, archive=changed(folder, observation, "damaged", other_time))
    assert result.outcome is Outcome.SUCCEEDED
    assert "cluster_failed" in codes(result)
    assert list(result.last.summary["bands"]) == ["pwb_ch15-61"]


def test_a_truncated_file_is_a_data_error(simulated):
    folder, truth = simulated
    observation = truth.observations[1]

    def cut(path):
        if path.name.startswith("FS52"):
            path.write_bytes(path.read_bytes()[:1000])

    result = run(folder, observation.obsid, archive=changed(folder, observation, "cut", cut))
    assert (result.outcome, result.last.kind) == (Outcome.FAILED, FailureKind.DATA)
    assert "FS52" in result.last.message


def test_nothing_good_is_no_work(simulated):
    folder, truth = simulated
    result = run(folder, truth.observations[0].obsid, BACK, DEAD | {"expression": "ELV > 900"})
    assert result.outcome is Outcome.NO_WORK


def test_missing_coefficients_stop_everything(simulated):
    folder, truth = simulated
    with pytest.raises(Exception, match="dead_time_a to a file or URL"):
        run(folder, truth.observations[0].obsid, dead_time_a="")


def test_without_matplotlib_there_is_no_figure(monkeypatch):
    monkeypatch.setattr("services.engines.hexte.find_spec", lambda _: None)
    told = SimpleNamespace(clusters={"A": SimpleNamespace(remarks=["backgrounds differ"])})
    assert engine_hexte._figures(told) == ()
