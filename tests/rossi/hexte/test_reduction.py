"""The way from a science file to corrected products in memory, against what the chain of tasks makes."""

import json

import numpy as np
import pytest

from rossi.errors import ConfigError
from rossi.extract.array import ScienceArray
from rossi.extract.events import ScienceEvents
from rossi.fits.edit import file_bytes, with_values
from rossi.fits.reader import read_fits
from rossi.gti import from_table
from rossi.hexte.counting import (
    ArchivePart,
    Correction,
    EventPart,
    Request,
    _groups,
    count_archive,
    count_events,
    whole_frames,
)
from rossi.hexte.housekeeping import Housekeeping
from rossi.hexte.reduction import DetectorBand, reduce_counts
from rossi.hexte.rocking import Position, split
from rossi.hexte.science import Cluster, cluster_of
from rossi.hexte.slews import curve_without_slews, exposed_part, spectrum_without_slews
from rossi.hexte.tally import Window, _edges, tally
from rossi.spectra.pha import read_pha
from rossi.timeseries.reading import light_curve_of
from tests.golden.comparison import differences
from tests.rossi.ftools.hexte import CASES, GOLDEN
from tests.rossi.hexte.synthetic import (
    T,
    archive,
    as_file,
    as_read,
    coefficients,
    curve,
    events,
    housekeeping,
    spectrum,
)

POSITIONS = (Position.SOURCE, Position.PLUS, Position.MINUS)
#: Products are named after files in other folders, and -3.142 means nothing.
NAMES = ("FILEN1", "OLDEXP")


def test_segments_begin_with_frame_bin_position_and_good_time():
    """Frames change at T + 16 and T + 32, bins behind row 4, the position behind row 6; good time is rows 1 to 7."""
    time = T + np.array([1.0, 2.0, 17.0, 18.0, 33.0, 34.0, 35.0, 36.0, 37.0])
    number, code = np.array([1.0] * 5 + [2.0] * 4), np.array([0] * 7 + [1] * 2, np.uint8)
    assert _edges(time, number, code, np.array([1, 8])).tolist() == [0, 1, 2, 4, 5, 7, 8, 9]
    assert _edges(time, number, code, np.array([0, 9])).tolist() == [0, 2, 4, 5, 7, 9]
    assert _edges(time[:5], number[:5], code[:5], np.array([0, 5])).tolist() == [0, 2, 4, 5]
    assert _edges(time[:0], number[:0], code[:0], np.array([0, 0])).tolist() == [0]


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rows", [[0], [7], [-1], [0, 3, -1], range(12)])
def test_events_without_a_time_do_not_count(lost, rows):
    time = T + np.arange(12.0)
    time[rows] = lost
    table = events(np.where(np.isfinite(time), time, T), np.arange(12), [1] * 12, [0] * 12).table()
    table = with_values(table, {"Time": time})
    window = Window(0.0, T, 4.0, np.array([[T, T + 16.0]]))
    (found,) = tally([table], np.zeros(256, np.uint8), 1, window, [(0, 255, (0, 1, 2, 3))])
    known = np.isfinite(time)
    assert found.frames.events.sum() == found.spectrum.sum() == found.counts.sum() == known.sum()
    assert found.bins.tolist() == sorted({1 + n // 4 for n in np.flatnonzero(known).tolist()})
    assert found.frames.live[:, 0].tolist() == ([np.flatnonzero(known)[-1]] if known.any() else [])


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize(("cells", "last"), [(1 << 23, 64), (1 << 23, 1), (5 << 10, 1), (1 << 10, 64)])
def test_one_pass_counts_what_a_loop_over_events_counts(monkeypatch, cells, last, step):
    """In pieces whose rows ascend in time, or descend; the last rows of segments may hold all counters, or not."""
    monkeypatch.setattr("rossi.hexte.tally._MOST_CELLS", cells)
    monkeypatch.setattr("rossi.hexte.tally._LAST", np.arange(last, 0, -1))
    random, n = np.random.default_rng(4), 300
    time = T + np.sort(random.uniform(0, 160, n))
    code, detector = random.choice([1, 65, 8, 2, 68, 32, 16, 7], n), random.integers(0, 4, n)
    channel, live = random.integers(0, 256, n), np.where(random.random(n) < 0.3, -1, random.integers(0, 999, n))
    table = events(time, live, code, detector, channel).table()
    positions, lookup = _groups(table, None)
    bands = [(0, 255, (0, 1, 2, 3)), (50, 120, (1, 3)), (51, 51, (2,))]
    good = np.array([[T + 13.0, T + 60.5], [T + 80.25, T + 150.0]])
    pieces = [table.with_rows(rows[::step].copy()) for rows in (table.rows[:101], table.rows[101:])]
    found = tally(pieces, lookup, 3, Window(3.0, T + 3.0, 5.0, good), bands)
    of_position = [{1, 65, 8}, {2, 68}, {32, 16}]
    for position, one, codes in zip(positions, found, of_position, strict=True):
        bins, spectrum_, frames = {}, np.zeros((4, 256), int), {}
        for t, c, d, ch, value in zip(time, code, detector, channel, live, strict=True):
            if c not in codes:
                continue
            last, valid = frames.setdefault(int(t // 16), ([-1] * 4, [0] * 4))
            if value != -1:
                last[d], valid[d] = value, valid[d] + 1
            if any(start <= t + 3 < stop for start, stop in good):
                spectrum_[d, ch] += 1
                counts = bins.setdefault(int((t - T) // 5) + 1, [0] * 3)
                for number, (low, high, which) in enumerate(bands):
                    counts[number] += low <= ch <= high and d in which
        assert one.spectrum.tolist() == spectrum_.tolist()
        assert dict(zip(one.bins.tolist(), one.counts.tolist(), strict=True)) == bins
        assert one.frames.number.tolist() == sorted(frames)
        assert one.frames.live.tolist() == [frames[number][0] for number in sorted(frames)]
        assert one.frames.events.tolist() == [frames[number][1] for number in sorted(frames)]
        assert set(one.frames.on_source.tolist()) == {position is Position.SOURCE}


def reduced_events(events, request, correction, position=None, good=None):
    counted = count_events([EventPart(events, position, good)], request, correction)
    return reduce_counts(counted, request.bands, 16.0)


def reduced(folder, path, chunk=None):
    """Reduce one golden science file as its manifest says, position by position."""
    manifest = json.loads((folder / "expected/manifest.json").read_text())
    file = read_fits(path)
    cluster = cluster_of(file.table())
    hk = read_fits(next((folder / "input").glob("FH53*" if cluster is Cluster.A else "FH59*")))
    good = from_table(read_fits(folder / "expected/20_maketime/good_hexte.gti.gz").table())
    stem = path.name.removesuffix(".gz")
    steps = [s["command"].split() for s in manifest["steps"] if s["task"] in ("saextrct", "seextrct")]
    words = next(dict(w.split("=", 1) for w in s[1:]) for s in steps if f"outroot={stem}_src" in s)
    archive_mode = path.name.startswith(("FS52", "FS58"))
    band = DetectorBand(15, 61 if archive_mode else 240)
    request = Request({"band": band}, float(words["binsz"]), cluster.detectors_of_spectra)
    known = coefficients(cluster.value.lower(), rows=[(71861504, 999999999, 1.0)]).table()
    correction = Correction(Housekeeping.from_table(hk.table(), cluster), known)
    if archive_mode:
        parts = [ArchivePart(ScienceArray.from_file(as_file(s)), s.position, good) for s in split(file, POSITIONS)]
        return stem, reduce_counts(count_archive(parts, request, correction), request.bands)
    science = ScienceEvents.from_file(file) if chunk is None else ScienceEvents.from_path(path, whole=0)
    return stem, reduced_events(science, request, correction, good=good)


def same_curve(want, have):
    for name in ("time", "rate", "error", "fracexp", "intervals"):
        np.testing.assert_array_equal(getattr(want, name), getattr(have, name), name)
    assert (want.timedel, want.rate_unit, want.channels) == (have.timedel, have.rate_unit, have.channels)
    for key in ("DETNAM", "DEADAPP", "ONTIME", "TSTARTI", "TSTARTF", "TSTOPI", "TSTOPF", "CPIX", "OBJECT"):
        assert want.header[key] == have.header[key]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("chunk", [None, 1])
def test_products_equal_those_of_the_tasks_to_the_last_bit(monkeypatch, case, chunk):
    folder = GOLDEN / case
    compared = 0
    for path in sorted((folder / "input").glob("FS5*")):
        if chunk and path.name[:4] not in ("FS50", "FS56"):
            continue
        if chunk:
            monkeypatch.setattr("rossi.hexte.counting._ROWS", 3001)
        stem, parts = reduced(folder, path, chunk)
        for part in parts:
            expected = folder / "expected/40_hxtdead"
            pha, curve = (expected / f"{stem}_{name}.gz" for name in (f"{part.position.value}.pha", "src.lc"))
            if pha.exists():
                want, (have, read) = read_fits(pha), part.spectrum
                assert as_read(read_pha(have)) == as_read(read)
                assert [d for d in differences(want, have) if not any(f": {n} " in d for n in NAMES)] == []
                assert want.table().header["DETNAM"] == have.table().header["DETNAM"]
                compared += 1
            if curve.exists() and part.position is Position.SOURCE:
                same_curve(light_curve_of(read_fits(curve)), part.curves["band"])
                compared += 1
    assert compared or chunk


def test_split_event_lists_give_the_same():
    folder = GOLDEN / "e_staring_a"
    path = next((folder / "input").glob("FS56*"))
    file = read_fits(path)
    _, whole = reduced(folder, path)
    hk = read_fits(next((folder / "input").glob("FH59*")))
    known = coefficients("pwb", rows=[(71861504, 999999999, 1.0)]).table()
    correction = Correction(Housekeeping.from_table(hk.table()), known)
    good = from_table(read_fits(folder / "expected/20_maketime/good_hexte.gti.gz").table())
    request = Request({"band": DetectorBand(15, 240)}, 32.0, (0, 1, 3))
    for part, expected in zip(split(file, POSITIONS), whole, strict=True):
        (made,) = reduced_events(ScienceEvents.from_file(as_file(part)), request, correction, part.position, good)
        assert made.position == expected.position
        assert differences(expected.spectrum[0], made.spectrum[0]) == []
        same_curve(expected.curves["band"], made.curves["band"])


def small(n=64, **cards):
    time = T + np.arange(n) * 1.0
    code = np.repeat([1, 2, 1, 32], 16)[:n]
    return events(time, 1000000 + np.arange(n), code, np.arange(n) % 4, np.arange(n) + 10, **cards)


def correction():
    hk = Housekeeping.from_table(housekeeping(T + 16 * np.arange(-1, 8)).table())
    return Correction(hk, coefficients().table())


@pytest.mark.parametrize("binsz", [16.0, 1.0, 0.25])
def test_detectors_and_channels_of_bands(binsz):
    bands = {"all": DetectorBand(0, 255), "low": DetectorBand(10, 41), "one": DetectorBand(0, 255, (1,))}
    parts = reduced_events(ScienceEvents.from_file(small()), Request(bands, binsz, (0, 3)), correction())
    found = dict.fromkeys(bands, 0.0)
    for part in parts:
        for name, lit in part.curves.items():
            filled = lit.rate > 0
            found[name] += ((lit.rate[filled] / lit.error[filled]) ** 2).sum()
    assert {name: round(total) for name, total in found.items()} == {"all": 64, "low": 32, "one": 16}
    total = sum(part.spectrum[0].table().column("COUNTS").sum() for part in parts)
    assert total == 32
    assert {part.spectrum[0].table().header["DETNAM"] for part in parts} == {"PWA03"}


@pytest.mark.parametrize("order", [np.random.default_rng(1).permutation(64), np.arange(64)[::-1]])
def test_rows_out_of_order_count_all_the_same(order):
    file = small()
    table = file.table()
    from rossi.fits.reader import FitsFile
    from rossi.fits.table import Table

    shuffled = Table(table.header, table.rows[order], "x", table.structure)
    request = Request({"all": DetectorBand(0, 255)}, 16.0)
    one = reduced_events(ScienceEvents.from_file(file), request, correction())
    other = reduced_events(
        ScienceEvents.from_file(FitsFile("x", file.primary, (shuffled, file.tables[1]))), request, correction()
    )
    for a, b in zip(one, other, strict=True):
        assert [d for d in differences(a.spectrum[0], b.spectrum[0]) if "FILEN1" not in d] == []


def test_frames_that_are_good_as_a_whole():
    good = np.array([[T + 3.0, T + 35.0], [T + 40.0, T + 60.0], [T + 60.5, T + 75.0], [T + 99.0, T + 131.0]])
    assert whole_frames(good, 3.0).tolist() == [[T + 3, T + 35], [T + 99, T + 131]]
    assert whole_frames(good + 1, 3.0).tolist() == [[T + 19, T + 35], [T + 115, T + 131]]


def test_positions_without_events_are_left_out():
    """Nothing on source, then nothing on the plus side either."""
    request = Request({"all": DetectorBand(0, 255)}, 16.0)
    time = T + np.arange(32) * 1.0
    for codes, expected in (
        ([2] * 16 + [32] * 16, ["p", "m"]),
        ([32] * 32, ["m"]),
        ([1] * 16 + [32] * 16, ["src", "m"]),
    ):
        file = events(time, 1000000 + np.arange(32), codes, np.arange(32) % 4, np.arange(32) + 10)
        made = count_events([EventPart(ScienceEvents.from_file(file))], request, correction())
        assert [one.position for one in made] == expected


def test_what_cluster_b_says_of_being_on_source_in_2010_is_its_plus_side():
    start = 505_000_000 // 16 * 16
    file = events(start + np.arange(32.0), [100] * 32, [1] * 16 + [32] * 16, [0, 1, 3, 3] * 8, cluster=1)
    request = Request({"all": DetectorBand(0, 255)}, 16.0)
    made = count_events([EventPart(ScienceEvents.from_file(file))], request, Correction(None, None))
    assert [one.position for one in made] == [Position.PLUS, Position.MINUS]


def test_events_behind_the_housekeeping_have_no_dead_time():
    """It ends at T + 128; frames that begin before count."""
    file = events(T + np.array([1.0, 120.0, 130.0, 145.0, 161.0]), [100] * 5, [1] * 5, [0] * 5)
    (made,) = count_events(
        [EventPart(ScienceEvents.from_file(file))], Request({"all": DetectorBand(0, 255)}, 16.0), correction()
    )
    assert (made.dead.first, len(made.dead.dead)) == (T // 16, 8)


def test_nothing_in_good_time():
    request, before = Request({"all": DetectorBand(0, 255)}, 16.0), np.array([[T - 100.0, T - 50]])
    assert count_events([EventPart(ScienceEvents.from_file(small()), good=before)], request, correction()) == []
    rows = archive(T + 16 * np.arange(2), [0, 0], [1, 1], np.ones((2, 4), int))
    (part,) = split(rows, POSITIONS)
    array = ScienceArray.from_file(as_file(part))
    assert count_archive([ArchivePart(array, part.position, before)], request, correction()) == []


def test_without_housekeeping_slews_are_taken_off():
    request = Request({"all": DetectorBand(0, 255)}, 16.0)
    parts = reduced_events(ScienceEvents.from_file(small()), request, Correction(None, None))
    exposures = [part.spectrum[0].table().header["EXPOSURE"] for part in parts]
    assert exposures == [32.0, 12.0, 12.0]
    rates = [part.curves["all"].rate[0] for part in parts]
    assert rates == pytest.approx([1.0, 4 / 3, 4 / 3])
    assert "DEADAPP" not in parts[1].spectrum[0].table().header or not parts[1].spectrum[0].table().header["DEADAPP"]


@pytest.mark.parametrize(("dwell", "part"), [(16, 0.75), (32, 0.875), (64, 15 / 16), (128, 31 / 32)])
def test_exposed_part_of_a_dwell(dwell, part):
    assert exposed_part(Position.PLUS, dwell) == part
    assert exposed_part(Position.SOURCE, dwell) == 1
    made = spectrum_without_slews(spectrum(["Event"], [(T, T + 32)], 32.0), Position.MINUS, dwell)
    assert made.table().header["EXPOSURE"] == 32 * part
    uneven = spectrum_without_slews(spectrum(["Event"], [(T, T + 32)], 31.2367), Position.MINUS, dwell).table().header
    assert (uneven["OLDEXP"], uneven["EXPOSURE"]) == (31.237, pytest.approx(31.2367 * part, abs=5e-4))
    assert uneven["EXPOSURE"] == round(uneven["EXPOSURE"], 3) != round(uneven["EXPOSURE"], 2)
    lit = curve_without_slews(light_curve_of(curve(["Event"], [T], [3.0], [2.0], 16.0)), Position.MINUS, dwell)
    assert (lit.rate[0], lit.error[0]) == (3.0 / part, 2.0 / part)


def test_an_unknown_dwell_stops():
    with pytest.raises(ConfigError, match="dwell is 0 s"):
        exposed_part(Position.PLUS, 0)


def test_products_as_files(request):
    part = reduced_events(ScienceEvents.from_file(small()), Request({"all": DetectorBand(0, 255)}, 16.0), correction())[
        0
    ]
    assert file_bytes(part.spectrum[0])[:6] == b"SIMPLE"
