"""The recipe of an observation on a simulated one, whose truth is known: without stages, stores or settings."""

from types import SimpleNamespace

import numpy as np
import pytest

from rossi.errors import DataError, NoGoodTime
from rossi.fits.edit import as_hdu
from rossi.fits.reader import open_fits, read_fits
from rossi.fits.unzip import gunzip
from rossi.fits.writer import fits_bytes
from rossi.hexte.observation import Wanted, reduce_observation, split_observation
from rossi.hexte.parts import Part, Science
from rossi.hexte.products import ClusterProducts, reduce_clusters
from rossi.hexte.reduction import DetectorBand
from rossi.hexte.rocking import Position
from rossi.hexte.science import Cluster
from rossi.maketime import find_good_time
from rossi.product import About, Content, File, Kind
from rossi.simulate import DEAD_TIME_FILE_A, DEAD_TIME_FILE_B
from tests.once import simulated
from tests.rossi.hexte.synthetic import T, archive
from tests.rossi.hexte.synthetic import housekeeping as rocking_of

WANTED = Wanted({"ch15-61": DetectorBand(15, 61)})


@pytest.fixture(scope="module")
def observation(tmp_path_factory):
    folder, archive = simulated(tmp_path_factory, 6, seed=3)
    truth = archive.observations[0]
    return truth, folder / truth.path, folder / "calibration"


def named(folder, *patterns):
    return {path.name: path.read_bytes() for pattern in patterns for path in sorted(folder.glob(f"hexte/{pattern}"))}


def housekeeping(folder, *patterns):
    return [File(name, data) for name, data in named(folder, *patterns).items()]


def split(folder, rocking):
    return split_observation(named(folder, "FS50*", "FS56*"), named(folder, "FS52*", "FS58*"), rocking)


def reduced(observation, wanted=WANTED, rocking=("FH53*", "FH59*")):
    _, folder, calibration = observation
    rocking = housekeeping(folder, *rocking)
    parts = [Part.of(file) for file in split(folder, rocking).files]
    good = find_good_time(read_fits(next(folder.glob("stdprod/x*.xfl*"))), "ELV > 10 && OFFSET < 0.02", 0.5, 0.5)
    files = {Cluster.A: DEAD_TIME_FILE_A, Cluster.B: DEAD_TIME_FILE_B}
    coefficients = {cluster: read_fits(calibration / name).table() for cluster, name in files.items()}
    return reduce_observation(parts, good.gti, [file.opened() for file in rocking], coefficients, wanted)


def test_an_observation_from_files_to_products(observation):
    truth, folder, _ = observation
    parts = split(folder, housekeeping(folder, "FH53*", "FH59*"))
    made = reduced(observation)
    summary = made.summary()
    for cluster in truth.hexte:
        name = f"pw{cluster.cluster.lower()}"
        assert parts.clusters[name]["dwell"] == summary["clusters"][name]["dwell"] == cluster.dwell
        found = summary["bands"][f"{name}_ch15-61"]
        assert found["rate"] == pytest.approx(cluster.archive.source, abs=3 * found["error"])
    nets = [one.curves["ch15-61"].net for one in made.clusters.values()]
    assert summary["tstart"] == min(net.time[0] for net in nets)
    assert summary["tstop"] == max(net.time[-1] + net.timedel for net in nets)
    live = {p.value: float(f.table().header["EXPOSURE"]) for p, f in made.clusters[Cluster.A].spectra.items()}
    assert summary["clusters"]["pwa"]["live"] == live
    net, beside = made.light_curve_files()
    stems = [f"{truth.obsid}_{cluster}_ch15-61" for cluster in ("pwa", "pwb")]
    assert [file.name for file in net] == [f"{stem}.lc" for stem in stems]
    assert [file.name for file in beside] == [f"{stem}_{kind}.lc" for stem in stems for kind in ("src", "bkg")]
    about = About(Kind.LIGHT_CURVE, "pwa_ch15-61_bkg", "HEXTE", Content.BACKGROUND, (15, 61), cluster="A")
    assert about in [file.about for file in beside]
    spectra = {file.name: file.data for file in made.spectrum_files()}
    header = open_fits(spectra[f"{truth.obsid}_pwa_src.pha"], "src").table().header
    assert header["BACKFILE"] == f"{truth.obsid}_pwa_bkg.pha" and header["BACKFILE"] in spectra
    background = open_fits(spectra[header["BACKFILE"]], "bkg").table().header
    assert [one["HDUCLAS2"] for one in (header, background)] == ["TOTAL", "BKG"]
    assert header["OBS_ID"] == background["OBS_ID"] == truth.obsid


def test_what_is_wanted_decides(observation):
    made = reduced(observation, Wanted({"all": DetectorBand(0, 255)}, spectra=False, interpolated=True, binsz=8.0))
    assert made.spectrum_files() == ()
    assert made.clusters[Cluster.A].curves["all"].net.timedel == 8.0
    assert made.clusters[Cluster.A].spectra == {}


def test_split_files_that_find_no_room_are_compressed_and_give_the_same(observation, monkeypatch):
    _, folder, _ = observation
    rocking = housekeeping(folder, "FH53*", "FH59*")
    opened, net = split(folder, rocking), reduced(observation).light_curve_files()[0]
    monkeypatch.setattr("rossi.hexte.observation._KEPT", 0)
    packed = split(folder, rocking)
    assert all(file.fits for file in opened.files) and not any(file.fits for file in packed.files)
    assert sum(len(file.data) for file in packed.files) < 0.6 * sum(len(file.data) for file in opened.files)
    assert [gunzip(file.data, "x") for file in packed.files] == [gunzip(file.data, "x") for file in opened.files]
    for one, other in zip(net, reduced(observation).light_curve_files()[0], strict=True):
        np.testing.assert_array_equal(one.opened().table().rows, other.opened().table().rows)


def test_housekeeping_of_one_cluster_only_does_not_concern_the_other(observation):
    made = reduced(observation, rocking=("FH59*",))
    assert "no_housekeeping" in {remark.code for remark in made.clusters[Cluster.A].remarks}
    assert "no_housekeeping" not in {remark.code for remark in made.clusters[Cluster.B].remarks}
    assert Position.BACKGROUND in made.clusters[Cluster.B].spectra


@pytest.mark.parametrize(
    ("cluster", "start", "detectors"),
    [
        (Cluster.B, 68729232.0, (0, 1, 2, 3)),  # 1996-03-06 11:27:12, when it lost detector 2
        (Cluster.B, 68729231.5, (0, 1, 2, 3)),
        (Cluster.B, 68729232.5, (0, 1, 3)),
        (Cluster.A, 68729232.5, (0, 1, 2, 3)),
    ],
)
def test_detectors_of_spectra(cluster, start, detectors):
    part = SimpleNamespace(span=(start, start + 100), position=Position.PLUS)
    assert Wanted({}).spectrum_detectors(cluster, part) == detectors
    assert Wanted({}, spectra=False).spectrum_detectors(cluster, part) == ()


@pytest.mark.parametrize(("dwell", "width"), [(32.0, 32.0), (0.0, 16.0)])
def test_widths_of_bins(dwell, width):
    source, beside = (SimpleNamespace(position=position) for position in (Position.SOURCE, Position.MINUS))
    between = Wanted({}, interpolated=True, binsz=4.0)
    assert [Wanted({}).width(part, dwell) for part in (source, beside)] == [width, width]
    assert [between.width(part, dwell) for part in (source, beside)] == [4.0, 16.0]
    assert Wanted({}, interpolated=True).width(source, dwell) == 16.0


def test_the_dwell_is_that_of_most_of_the_time_of_all_files():
    """Two files of 64 and 512 s, which housekeeping tells with dwells of 16 and 32 s."""
    science, rocking = {}, []
    for number, (start, rows) in enumerate(((T, 4), (T + 64, 32))):
        time = start + 16.0 * np.arange(rows)
        file = archive(time, np.arange(rows) % 2, [1] * rows, np.ones((rows, 4), int))
        told = rocking_of(time, code=number + 1)
        science[f"FS52_{number}"], rock = (
            fits_bytes(one.primary, [as_hdu(table) for table in one.tables]) for one in (file, told)
        )
        rocking.append(File(f"FH53_{number}", rock))
    made = split_observation({}, science, rocking).clusters["pwa"]
    assert (made["dwell"], made["files"]) == (32.0, 2)


def test_a_science_file_is_opened_once():
    file = archive([T], [0], [1], np.ones((1, 4), int))
    assert Science("x", b"", file).opened() is file
    data = fits_bytes(file.primary, [as_hdu(table) for table in file.tables])
    assert Science("x", data, None).opened().table().column("GoodCnt").tolist() == [1]


def test_one_part_is_enough(observation):
    truth, folder, _ = observation
    part = next(map(Part.of, split(folder, housekeeping(folder, "FH53*", "FH59*")).files))
    made = reduce_clusters([part], {}, lambda cluster, own: ClusterProducts({}, {}, 32.0, ()))
    assert (made.obsid, len(made.clusters)) == (truth.obsid, 1)


@pytest.fixture(scope="module")
def both(observation):
    """A part of each cluster."""
    _, folder, _ = observation
    parts = [Part.of(file) for file in split(folder, housekeeping(folder, "FH53*", "FH59*")).files]
    return [next(part for part in parts if part.split.about.cluster == name) for name in "AB"]


def outcome(both, results, estimate=None):
    """What comes of clusters A and B whose reduction gives these results, or raises these errors."""

    def reduction(cluster, own):
        result = results[cluster.name]
        if isinstance(result, Exception):
            raise result
        return None if result is None else ClusterProducts({}, dict(result), 32.0, ())

    made = reduce_clusters(both, {}, reduction, estimate)
    return made, {remark.code: remark.message for remark in made.remarks}


def test_damage_of_a_cluster_does_not_concern_the_other(both):
    made, said = outcome(both, {"A": DataError("broken"), "B": {}})
    assert (list(made.clusters), said) == ([Cluster.B], {"cluster_failed": "Cluster A was not reduced: broken"})
    for results, error, words in (
        ({"A": DataError("broken"), "B": DataError("lost")}, DataError, "broken"),
        ({"A": None, "B": DataError("lost")}, DataError, "lost"),
        ({"A": None, "B": None}, NoGoodTime, "No HEXTE data lie in good time"),
    ):
        with pytest.raises(error, match=words):
            outcome(both, results)


def test_a_staring_cluster_a_has_the_background_of_cluster_b(both):
    source, beside = Position.SOURCE, Position.BACKGROUND
    staring, rocking = {source: "a"}, {source: "b", beside: "c"}
    made, said = outcome(both, {"A": staring, "B": rocking}, lambda background, like: background + like)
    assert made.clusters[Cluster.A].spectra == {source: "a", beside: "ca"}
    assert list(said) == ["estimated_background"]

    def refused(background, like):
        raise DataError("64 channels")

    for results, estimate, words in (
        ({"A": staring, "B": rocking}, None, "its spectrum has no background."),
        ({"A": staring, "B": {source: "b"}}, refused, "its spectrum has no background."),
        ({"A": staring, "B": None}, refused, "its spectrum has no background."),
        ({"A": staring, "B": rocking}, refused, "can't be estimated: 64 channels data = 'events'"),
    ):
        made, said = outcome(both, results, estimate)
        assert beside not in made.clusters[Cluster.A].spectra
        assert words in said["no_background"]
    for results in ({"A": rocking, "B": rocking}, {"A": {}, "B": rocking}, {"A": None, "B": rocking}):
        assert outcome(both, results, refused)[1] == {}


def test_without_science_files_there_is_no_work(observation):
    with pytest.raises(NoGoodTime, match="no HEXTE science data"):
        split_observation({}, {}, [])
    with pytest.raises(DataError):
        split_observation({}, {"FS52_1-2": b"damaged"}, [])
