"""Simulated HEXTE files have the form of real ones, and tell the same photons."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from rossi import ftools
from rossi.archive import parse_data_file
from rossi.simulate import (
    BACKEST_FILE,
    DEAD_TIME_FILE_A,
    DEAD_TIME_FILE_B,
    simulate_archive,
    simulate_observation,
)
from rossi.simulate.hexte import hexte_calibration_files, hexte_files
from rossi.simulate.hexte.cluster import CLUSTERS, Cluster
from tests.rossi.simulate.hexte.material import (
    COEFFICIENTS,
    FIRST,
    detectors_and_channels,
    files_of,
    header,
    on_source,
    spec,
    table,
)


def test_housekeeping_covers_more_than_the_science() -> None:
    for cluster in CLUSTERS:
        for path, content in hexte_files(spec()):
            name = parse_data_file(Path(path).name)
            assert name is not None
            cards = header(content)
            assert (name.start, name.stop) == (cards["TSTART"], cards["TSTOP"])
            assert name.apid == cards["APPID"] and "TIMEZERO" in cards
        archive, _, housekeeping = files_of(spec(), cluster)
        time = table(housekeeping)["Time"]
        assert (np.diff(time) == 16).all()
        assert time[0] <= table(archive)["Time"][0] - 16 and time[-1] > table(archive)["Time"][-1]


@pytest.mark.parametrize("cluster", CLUSTERS, ids="AB")
def test_archive_and_events_are_the_same_photons(cluster: Cluster) -> None:
    archive, events, _ = files_of(spec(1999, flux=5.0), cluster)
    rows, list_ = table(archive), table(events)
    detector, channel = detectors_and_channels(events)
    assert header(events)["DATAMODE"] == ("E_8us_256_DX1F" if cluster.name == "A" else "E_8us_256_DX0F")
    assert list_["Event"].shape[1] == (40 if cluster.name == "A" else 32)
    assert (np.diff(list_["Time"]) >= 0).all()
    frame = ((list_["Time"] - rows["Time"][0]) // 16).astype(int)
    assert np.array_equal(np.bincount(frame, minlength=len(rows)), rows["GoodCnt"])
    counts = np.zeros((len(rows), 4, 256), int)
    np.add.at(counts, (frame, detector, channel), 1)
    for d in range(4):
        assert np.array_equal(np.add.reduceat(counts[:, d], FIRST, axis=1), rows[f"SpecDet{d}"])
    second = (list_["Time"] - rows["Time"][frame]).astype(int)
    edges = [rows[f"MsLimit{n}"][0] for n in range(1, 6)]
    series = np.zeros((len(rows), 16, 4), int)
    inside = (channel >= edges[0]) & (channel < edges[-1])
    np.add.at(series, (frame[inside], second[inside], np.digitize(channel[inside], edges) - 1), 1)
    assert np.array_equal(series, rows["TimSerCnt"])
    assert 0 < np.mean(list_["LiveTime"] == -1) < 0.02


@pytest.mark.parametrize("cluster", CLUSTERS, ids="AB")
def test_event_words_tell_the_time(cluster: Cluster) -> None:
    _, events, _ = files_of(spec(), cluster)
    rows = table(events)
    bits = rows["Event"].astype(int)
    fine = bits[:, -25:-8] @ (1 << np.arange(16, -1, -1))
    assert np.array_equal(rows["Time"] % 1 * 2**17, fine)
    width = 4 if cluster.name == "A" else 3
    coarse = bits[:, -29 - width : -29] @ (1 << np.arange(width - 1, -1, -1))
    assert np.array_equal(rows["Time"] // 1 % (1 << width), coarse)


def test_coefficients_have_the_form_of_the_real_ones(shared: Path) -> None:
    for cluster in CLUSTERS:
        name = f"hxtdead_97jul2_pw{cluster.name.lower()}.fits"
        with (
            fits.open(shared / "data/real/calibration" / name) as real,
            fits.open(io.BytesIO(hexte_calibration_files()[COEFFICIENTS[cluster.name]])) as ours,
        ):
            assert ours[1].name == real[1].name
            assert ours[1].columns.names == real[1].columns.names
            assert ours[1].columns.formats == real[1].columns.formats
            for key in ("TELESCOP", "INSTRUME", "DETNAM", "CCNM0001", "CVSD0001"):
                assert ours[1].header[key] == real[1].header[key]


GOLDEN = [
    ("a_archive16", "FS52_5f5e110-5f5e410"),
    ("a_archive16", "FS58_5f5e110-5f5e410"),
    ("a_archive16", "FH53_5f5e0e0-5f5e420"),
    ("c_event_dx1f_a", "FS50_bfb0440-bfb06c0"),
    ("d_event_dx0f_b", "FS56_11e1a300-11e1a500"),
]


def test_columns_and_keywords_are_those_the_tasks_need(golden: Path) -> None:
    files = {path[6:10]: content for path, content in hexte_files(spec())}
    for case, name in GOLDEN:
        with (
            fits.open(golden.parent / "hexte" / case / "input" / f"{name}.gz") as theirs,
            fits.open(io.BytesIO(files[name[:4]])) as ours,
        ):
            assert [h.name for h in ours[2:]] == [h.name for h in theirs[2:]]
            for attribute in ("names", "formats", "dims"):
                assert getattr(ours[1].columns, attribute) == getattr(theirs[1].columns, attribute)
            keys = [k for k in theirs[1].header if k.startswith(("TDDES", "TEVTB")) or k[:1] in "12"]
            keys += ["APPID", "HDUCLAS1", "MJDREFI", "MJDREFF", "TIMESYS", "TIMEUNIT", "TIMEREF"]
            keys += [k for k in ("DATAMODE", "TIMEDEL", "DELTAT") if k in theirs[1].header]
            for key in keys:
                assert ours[1].header[key] == theirs[1].header[key], (name, key)
            assert ours[1].header["CREATOR"].count(":") == 1


@pytest.mark.parametrize("cluster", CLUSTERS, ids="AB")
def test_the_extractors_take_the_files(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    archive, events, _ = files_of(spec(1999), cluster)
    Path("archive").write_bytes(archive)
    Path("events").write_bytes(events)
    columns = "SpecDet0 SpecDet1 SpecDet2 SpecDet3"
    ftools.saextrct(infile="archive", outroot="sa", columns=columns, chint="15-61", binsz=32, lcmode="SUM")
    ftools.seextrct(infile="events", outroot="se", chint="15-240", binsz=32, lcmode="SUM")
    rows, (_, channel) = table(archive), detectors_and_channels(events)
    spectrum, curve = fits.getdata("sa.pha", 1), fits.getdata("sa.lc", 1)
    counted = sum(rows[f"SpecDet{d}"].sum(0) for d in range(4))
    kept = np.isin(np.arange(64), np.arange(8, 31))
    assert np.array_equal(spectrum["COUNTS"], np.where(kept, counted, 0))
    assert curve["COUNTS"].sum() == spectrum["COUNTS"].sum()
    good = (channel >= 15) & (channel <= 240)
    assert fits.getdata("se.pha", 1)["COUNTS"].sum() == good.sum() == fits.getdata("se.lc", 1)["COUNTS"].sum()
    assert fits.getheader("sa.pha", 1)["EXPOSURE"] == fits.getheader("se.pha", 1)["EXPOSURE"] == 1600.0


def test_an_archive_has_event_lists_for_some(tmp_path: Path) -> None:
    truth = simulate_archive(tmp_path, 4)
    both = set()
    for observation in truth.observations:
        directory = tmp_path / observation.path
        names = [p.name for p in directory.glob("hexte/*.gz")]
        for cluster, true in zip(CLUSTERS, observation.hexte, strict=True):
            assert sum(n.startswith(f"FS{cluster.archive:02x}") for n in names) == true.archive_files
            assert sum(n.startswith(f"FS{cluster.events:02x}") for n in names) == true.event_files
            assert true.archive_files == observation.files
            both.add(true.event_files > 0)
        (index,) = directory.glob("FIHX*")
        rows = fits.getdata(index, 1)
        listed = {str(cell) for name in rows.names if name.startswith("Cluster") for cell in rows[name]} - {""}
        assert listed == {f"hexte/{name.removesuffix('.gz')}" for name in names}
    assert both == {True, False}
    assert {p.name for p in (tmp_path / "calibration").iterdir()} >= {DEAD_TIME_FILE_A, DEAD_TIME_FILE_B, BACKEST_FILE}


def test_gaps_make_files() -> None:
    files = [Path(path).name[:4] for path, _ in hexte_files(spec(gaps=((320, 480), (800, 1000))))]
    assert sorted(files) == sorted(["FH53", "FH59"] + ["FS50", "FS52", "FS56", "FS58"] * 3)
    assert sorted(Path(path).name[:4] for path, _ in hexte_files(spec(gaps=((0, 1600),)))) == ["FH53", "FH59"]


def test_equal_specifications_give_equal_files_and_leave_the_pca_alone() -> None:
    with_events, without = (simulate_observation(spec(hexte_events=wanted)) for wanted in (True, False))
    assert dict(hexte_files(spec())) == {p: c for p, c in with_events.items() if p.startswith("hexte/")}
    shared_paths = [p for p in without if not p.startswith("FIHX")]
    assert all(with_events[path] == without[path] for path in shared_paths)
    assert {Path(p).name[:4] for p in with_events.keys() - without.keys()} == {"FS50", "FS56"}


def test_standard_products_have_the_frames_of_their_side() -> None:
    wanted, cluster = spec(), CLUSTERS[0]
    good = np.ones(100, bool)
    good[::7] = False
    files = {Path(path).name: content for path, content in hexte_files(wanted, good)}
    archive = files_of(wanted, cluster)[0]
    rows, zero = table(archive), header(archive)["TIMEZERO"]
    source = on_source(rows["ClstrPosition"], archive=True)
    assert len(set(rows["ClstrPosition"][~source])) > 1  # both sides
    (spectrum,) = (header(data) for name, data in files.items() if name.endswith("_s0.pha"))
    assert [spectrum[key] for key in ("DETCHANS", "TLMIN1", "TLMAX1")] == [64, 0, 63]
    for content, chosen in (("s", good & source), ("b", good & ~source), ("n", good & source)):
        (curve,) = (table(data) for name, data in files.items() if name.endswith(f"_{content}0a.lc"))
        assert curve["TIME"] == pytest.approx(rows["Time"][chosen] + zero, rel=1e-12)
