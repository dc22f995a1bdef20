"""Rocking, dead time and rates of simulated HEXTE data are what the truth says."""

from __future__ import annotations

import numpy as np
import pytest

from rossi.errors import ConfigError
from rossi.simulate import (
    BACKEST_FILE,
    true_observation,
)
from rossi.simulate.hexte import hexte_calibration_files, hexte_files
from rossi.simulate.hexte.cluster import CLUSTERS, A, B, Cluster
from rossi.simulate.hexte.deadtime import large_pulses
from rossi.simulate.hexte.events import event_file
from rossi.simulate.hexte.monitor import draw_monitor, frame_times, housekeeping_file
from rossi.simulate.hexte.photons import observe
from rossi.simulate.hexte.response import LOWEST, redistribution
from rossi.simulate.hexte.science import archive_file
from rossi.simulate.hexte.source import background_rates
from tests.rossi.simulate.hexte.material import (
    FIRST,
    TICK,
    archive_dead,
    detectors_and_channels,
    event_dead,
    files_of,
    spec,
    table,
)


def test_channels_hold_the_energies_of_photons() -> None:
    """Channel n holds n to n + 1 keV; at 60 keV the width at half maximum is 9 keV, and it grows with the root."""
    matrix = redistribution()
    energy = (matrix.energ_lo + matrix.energ_hi) / 2
    middle = matrix.e_min + 0.5
    for wanted, width in ((60.0, 9.0), (135.0, 13.5)):
        row = int(np.argmin(np.abs(energy - wanted)))
        share = matrix.matrix[row].astype(float)
        mean = (share * middle).sum() / share.sum()
        sigma = np.sqrt((share * (middle - mean) ** 2).sum() / share.sum())
        assert share.sum() == pytest.approx(1, abs=0.005)
        assert mean == pytest.approx(energy[row], abs=0.1)
        assert sigma * 2.3548 == pytest.approx(width, rel=0.02)


def test_nothing_is_counted_below_the_lowest_channel() -> None:
    assert not redistribution().matrix[:, :LOWEST].any()
    rates = background_rates(A, spec().start)
    assert not rates[:, :LOWEST].any() and (rates[:, LOWEST:].sum(1) > 0).all()


@pytest.mark.parametrize("year", [1996, 1997, 1999])
def test_clusters_rock_in_antiphase(year: int) -> None:
    a, b = (table(files_of(spec(year), cluster)[0]) for cluster in CLUSTERS)
    dwell = 32 if year == 1999 else 16
    assert np.array_equal(a["Time"], b["Time"]) and not (a["Time"] % 16).any()
    assert np.array_equal(a["ClstrPosition"] == 0, b["ClstrPosition"] != 0)
    for code in (a["ClstrPosition"], b["ClstrPosition"]):
        starts = np.flatnonzero((a["Time"] % dwell == 0) & (a["Time"] + dwell <= a["Time"][-1] + 16))
        assert all((code[i : i + dwell // 16] == code[i]).all() for i in starts)
        sequence = code[starts].tolist()
        assert "".join(map(str, sequence[:8])) in "0105" * 4
    gap = np.diff(a["ClstrPosition"].astype(int)) != 0
    assert ((a["Time"][1:][gap] % dwell) == 0).all()


@pytest.mark.parametrize(
    ("year", "code", "positions"),
    [
        (1997, (1, 1), ({0, 1, 5}, {0, 1, 5})),
        (1999, (2, 2), ({0, 1, 5}, {0, 1, 5})),
        (2007, (0, 2), ({0}, {0, 1, 5})),
        (2010, (0, 0), ({0}, {1})),
    ],
)
def test_dwell_by_date(year: int, code: tuple[int, int], positions: tuple[set[int], set[int]]) -> None:
    truth = true_observation(spec(year)).hexte
    flags = {0: 1, 1: 2, 5: 32}
    for cluster, dwell, expected, true in zip(CLUSTERS, code, positions, truth, strict=True):
        archive, events, housekeeping = files_of(spec(year), cluster)
        rows = table(housekeeping)
        assert set(rows["DwellPdApMod"]) == set(rows["CmdDwellApMod"]) == {dwell}
        assert set(table(archive)["ClstrPosition"]) == expected
        assert set(table(events)["ClstrPosition"]) == {flags[p] for p in expected}
        assert true.dwell == {0: 0, 1: 16, 2: 32}[dwell]
        assert true.motion == ("rocking" if dwell else "on source" if expected == {0} else "off source")


@pytest.mark.parametrize("year", [1997, 1999, 2010])
@pytest.mark.parametrize("cluster", CLUSTERS, ids="AB")
def test_the_specified_formula_finds_the_true_dead_time(year: int, cluster: Cluster) -> None:
    wanted, rng = spec(year), np.random.default_rng(3)
    covered = frame_times(wanted)
    monitor = draw_monitor(cluster, covered, rng)
    pulses = large_pulses(cluster, monitor)
    frames, photons = observe(wanted, cluster, covered[2:-2], (pulses[2:-2], pulses[1:-3]), rng)
    _, housekeeping = housekeeping_file(wanted, cluster, covered, monitor)
    _, archive = archive_file(wanted, cluster, frames, photons)
    _, events = event_file(wanted, cluster, frames, photons, rng)
    assert np.abs(archive_dead(cluster.name, archive, housekeeping) - frames.dead).max() < 0.6 * TICK
    assert np.abs(event_dead(cluster.name, events, housekeeping) - frames.dead).max() < 0.6 * TICK
    on = frames.position == 0
    if on.any():
        assert 0.35 < frames.dead[on].mean() / 16 < 0.45
    if not on.all():
        expected = {1997: 0.55, 1999: 0.475, 2010: 0.4}[year]
        assert frames.dead[~on].mean() / 16 == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize(("year", "dwell"), [(1997, 16), (1999, 32)])
def test_nothing_is_counted_while_a_cluster_moves(year: int, dwell: int) -> None:
    for cluster in CLUSTERS:
        rows = table(files_of(spec(year), cluster)[1])
        off = rows["ClstrPosition"] != 1
        since = rows["Time"][off] % dwell
        assert since.min() >= 2 and since.max() < dwell - 2
        assert rows["Time"][~off].min() % dwell < 1 and (rows["Time"][~off] % dwell).max() > dwell - 1


@pytest.mark.parametrize("year", [1996, 1997, 1999])
@pytest.mark.parametrize("cluster", CLUSTERS, ids="AB")
def test_rates_are_true(year: int, cluster: Cluster) -> None:
    wanted = spec(year, flux=6.0, duration=3200, entropy=(7, year))
    truth = true_observation(wanted).hexte[cluster.index]
    archive, events, housekeeping = files_of(wanted, cluster)
    rows, list_ = table(archive), table(events)
    detector, channel = detectors_and_channels(events)
    frame = ((list_["Time"] - rows["Time"][0]) // 16).astype(int)
    live = 16 - archive_dead(cluster.name, archive, housekeeping)
    kept = [n for n, first in enumerate(FIRST) if 15 <= first <= 61]
    assert [FIRST[kept[0]], FIRST[kept[-1]]] == [16, 60]
    on = rows["ClstrPosition"] == 0
    inside = (channel >= 15) & (channel <= 240)
    list_counts = np.zeros((len(rows), 4))
    np.add.at(list_counts, (frame[inside], detector[inside]), 1)
    array_counts = np.column_stack([rows[f"SpecDet{d}"][:, kept].sum(1) for d in range(4)])
    for counts, true in ((array_counts, truth.archive), (list_counts, truth.events)):
        source, background = counts[on].sum(0) / live[on].sum(0), counts[~on].sum(0) / live[~on].sum(0)
        variance = counts[on].sum(0) / live[on].sum(0) ** 2, counts[~on].sum(0) / live[~on].sum(0) ** 2
        assert abs(background.sum() - true.background) < 4 * np.sqrt(variance[1].sum()) + 0.01 * true.background
        assert abs((source - background).sum() - true.source) < 4 * np.sqrt(np.sum(variance))
        plus, minus = (counts[rows["ClstrPosition"] == code].sum() for code in (1, 5))
        assert abs(plus - minus) < 5 * np.sqrt(plus + minus)


def test_truth_of_the_lost_detector() -> None:
    before, after = (true_observation(spec(year)).hexte for year in (1996, 1997))
    assert before[0].archive.source == after[0].archive.source
    assert after[1].archive.source == pytest.approx(0.753 * before[1].archive.source, abs=0.01)
    for year, lost in ((1996, False), (1997, True)):
        rows = table(files_of(spec(year), B)[0])
        assert (rows["SpecDet2"][:, :2].sum() > 0) == lost == (rows["SpecDet2"][:, 2:].sum() == 0)
        assert rows["SpecDet1"][:, :6].sum() == 0
        detector, channel = detectors_and_channels(files_of(spec(year), B)[1])
        assert channel[detector != 2].min() == 12
        assert not lost or set(channel[detector == 2]) == {0, 1, 2}


def test_the_lost_detector_does_not_change_the_mean_live_time() -> None:
    archive, _, housekeeping = files_of(spec(1999), B)
    live = 16 - archive_dead("B", archive, housekeeping)
    assert live.mean() == pytest.approx(live[:, [0, 1, 3]].mean(), rel=1e-3)


def test_off_target_there_is_only_background() -> None:
    for cluster in CLUSTERS:
        wanted = spec(1999, flux=50.0, slew=100_000)
        archive, _, housekeeping = files_of(wanted, cluster)
        rows, live = table(archive), 16 - archive_dead(cluster.name, archive, housekeeping)
        on = rows["ClstrPosition"] == 0
        rates = [rows["GoodCnt"][w].sum() / live[w].sum() for w in (on, ~on)]
        assert rates[0] == pytest.approx(rates[1], rel=0.05)


def test_background_of_a_staring_cluster_follows_from_the_other() -> None:
    blank = spec(2007, flux=0.0, duration=8000)
    (archive_a, events_a, house_a), (archive_b, events_b, house_b) = (files_of(blank, c) for c in CLUSTERS)
    rows, dead_b = table(archive_b), archive_dead("B", archive_b, house_b)
    off = rows["ClstrPosition"] != 0
    exposure_a = (16 - archive_dead("A", archive_a, house_a).mean(1)).sum()
    exposure_b = (16 - dead_b[off][:, [0, 1, 3]].mean(1)).sum()
    (_, channel_a), (detector, channel) = (detectors_and_channels(e) for e in (events_a, events_b))
    used = (detector != 2) & (table(events_b)["ClstrPosition"] != 1)
    correction = table(hexte_calibration_files()[BACKEST_FILE])
    assert np.array_equal(correction["CHANNEL"], np.arange(256)) and not correction["YOFFSET"].any()
    for low, high in ((15, 61), (15, 240), (150, 240)):
        real = ((channel_a >= low) & (channel_a <= high)).sum() / exposure_a
        counts = np.bincount(channel[used], minlength=256)[low : high + 1]
        estimate = (correction["SLOPE"][low : high + 1] * counts).sum() / exposure_b
        assert 1.1 < correction["SLOPE"][low] < 1.6
        assert estimate == pytest.approx(real, rel=4 / np.sqrt(counts.sum()))


def test_too_bright() -> None:
    with pytest.raises(ConfigError, match="counters of HEXTE"):
        hexte_files(spec(flux=1e5))


def test_clusters_are_told_apart() -> None:
    assert (A.detnam, B.detnam) == ("PWA", "PWB")
    assert [B.lost_detector(met) for met in (68_729_231, 68_729_232)] == [None, 2]
    assert A.lost_detector(5e8) is None
