"""Long observations a part at a time: the same as all at once."""

import numpy as np
import pytest

from rossi.errors import ConfigError, NoGoodTime
from rossi.fits.edit import with_values
from rossi.fits.reader import open_fits, read_fits
from rossi.fits.table import Table
from rossi.fits.writer import Column, table_hdu
from rossi.gti import union
from rossi.product import File
from rossi.spooled import SpooledFile
from rossi.timing import pieces, xenon_stream
from rossi.timing.choice import Wish, choose, choose_each
from rossi.timing.eventparts import ScreenedParts, _sorted
from rossi.timing.events import Screening, open_events, screened_events
from rossi.timing.fastcurve import fast_light_curve
from rossi.timing.modefiles import ModeFiles
from rossi.timing.pieces import Lost, fast_pieces, in_files, joined, together_at
from rossi.timing.steady import steady
from rossi.timing.xenon import XenonHalf
from rossi.timing.xenon_file import xenon_file
from rossi.timing.xenon_stream import MergedPair
from tests.rossi.timing.moved import moved

DT = 2.0**-7
XENON = ("FS37_200d0a32-200d0a3a.gz", "FS3b_200d0a32-200d0a3a.gz")
BANDS = ("FS3b_c1987f0-c198808.gz", "FS3f_c1987f0-c198808.gz", "null_FS37_c1987f0-c198820.gz")


def files(folder, names, kind=File):
    return [kind(name, (folder / name).read_bytes()) for name in names]


@pytest.fixture
def xenon(timing_golden):
    return timing_golden / "xenon/input"


@pytest.fixture
def binned(timing_golden):
    return timing_golden / "binned/input"


@pytest.mark.parametrize("most", [64, 1 << 22])
@pytest.mark.parametrize(("case", "names"), [("xenon/input", XENON), ("binned/input", BANDS)])
def test_pieces_make_the_whole(timing_golden, monkeypatch, most, case, names):
    monkeypatch.setattr(pieces, "PIECE", most)
    held = ModeFiles(files(timing_golden / case, names, SpooledFile))
    good = union(*(mode.gti for mode in held.modes))
    choices = [choose(held.modes, Wish(DT, *band)) for band in ((0, 35), (0, 13))]
    whole = fast_light_curve(choices, held.load, good)
    lost = Lost()
    found = list(fast_pieces(choices, held.load, good, lost=lost))
    assert (len(found) > 3) is (most == 64)
    made = joined(found)
    assert np.array_equal(made.counts, whole.counts)
    assert np.array_equal(made.bins.first, whole.bins.first) and np.array_equal(made.bins.number, whole.bins.number)
    assert lost.seconds == pytest.approx(whole.lost, abs=1e-6)
    parts = list(in_files(iter(found), most=1000))
    assert sum(part.counts.sum() for part in parts) == whole.counts.sum()
    assert {part.counts.dtype for part in parts} == {np.dtype("u1")}
    table = open_fits(parts[0].to_bytes(), "x").table()
    assert table.structure.forms[2].startswith("PB")
    assert np.concatenate(table.cells("COUNTS1").rows()).tolist() == parts[0].counts[0].tolist()


def test_steps_of_pieces_begin_with_their_interval(binned, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 400)
    held = ModeFiles(files(binned, BANDS[:1]))
    choice = choose(held.modes, Wish(DT, 0, 13))
    start = float(choice.gti[0, 0]) + 1.5
    found = list(fast_pieces([choice], held.load, np.array([[start, start + 12.0]]), step=128))
    first = [int(one.bins.first[0]) for one in found]
    assert np.diff(first).tolist() == [384] * (len(found) - 1)  # three steps of 1 s
    assert found[0].gti[0, 0] == pytest.approx(start)


def test_blocks_of_a_pair_are_the_pair(xenon, monkeypatch):
    pair = [read_fits(xenon / name) for name in XENON]
    data, said = xenon_file(*pair)
    whole = open_fits(data, "whole").table()
    monkeypatch.setattr(xenon_stream, "_WORDS", 1000)
    merged = MergedPair(*reversed(pair))
    some = list(merged.pieces())
    assert len(some) > 3 and not said and merged.remarks == []
    for name in ("TIME", "Event"):
        assert np.array_equal(np.concatenate([piece.column(name) for piece in some]), whole.column(name))
    at = whole.column("TIME")[0] + merged.timezero
    assert sum(map(len, merged.pieces(span=(at + 3, at + 3.5)))) < len(whole)


def test_losses_of_blocks_are_added_up(timing_golden, monkeypatch):
    pair = [
        read_fits(timing_golden / "xenon/input" / f"{name}.gz")
        for name in ("FS3f_200d0c58-200d0c60", "FS4f_200d0c58-200d0c60")
    ]
    said = xenon_file(*pair)[1]
    monkeypatch.setattr(xenon_stream, "_WORDS", 500)
    merged = MergedPair(*pair)
    for _ in range(2):  # nothing is counted twice
        list(merged.pieces())
        assert merged.remarks == list(said)
    assert len(said) == 2


def test_pairs_of_files_are_read_again_when_they_are_looked_at(xenon):
    held = ModeFiles(files(xenon, (*XENON, "FS3f_200d0c58-200d0c60.gz"), SpooledFile))
    (mode,) = held.modes
    (pair,), said = held.events(mode)
    assert len(said) == 1 and said[0].startswith("FS3f_200d0c58-200d0c60.gz: no file of the other half")
    whole = MergedPair(*(read_fits(xenon / name) for name in XENON))
    for _ in range(2):
        for name in ("TIME", "Event"):
            mine, other = (np.concatenate([part.column(name) for part in one.pieces()]) for one in (pair, whole))
            assert np.array_equal(mine, other)
    assert pair.own_gti == pytest.approx(whole.own_gti)


def test_parts_of_an_event_list(xenon):
    events = open_events([read_fits(xenon / name) for name in XENON])[0]
    good = np.array([[537721651.5, 537721654.0], [537721656.0, 537721657.25]]) + 3.37842846
    whole = screened_events(events, Screening(good))
    monkeypatched = ScreenedParts(events, Screening(good), most=700)
    parts = list(monkeypatched.parts())
    assert len(parts) > 1 and monkeypatched.jumps == []
    for name in ("time", "pcu", "anode", "pha"):
        assert np.array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name))
    assert union(*(part.gti for part in parts)) == pytest.approx(whole.gti)
    assert sum(part.exposure for part in parts) == pytest.approx(whole.exposure)
    for part in parts:
        assert ((part.time >= part.gti[0, 0]) & (part.time < part.gti[-1, 1])).all()
    with pytest.raises(NoGoodTime, match="no event lies in good time"):
        ScreenedParts(events, Screening(np.array([[0.0, 1.0]])))
    with pytest.raises(NoGoodTime, match="There is no event file"):
        ScreenedParts([], Screening())


def test_a_clock_that_jumps_is_told(binned):
    file = read_fits(binned / "FS4f_c1987f0-c198808.gz")
    table = file.tables[0]
    time = table.column("Time").copy()
    time[8000:] -= 8.0
    events = open_events([type(file)("jumps", file.primary, (with_values(table, {"Time": time}), *file.tables[1:]))])[0]
    parts = ScreenedParts(events, Screening())
    (made,) = parts.parts()
    ((name, when, far),) = parts.jumps
    photon = events[0].word.is_photon(events[0].words(table))
    before, behind = (time[some][photon[some]] for some in (slice(None, 8000), slice(8000, None)))
    assert (name, far) == ("jumps", pytest.approx(before[-1] - behind[0]))
    assert when == pytest.approx(behind[0] + events[0].timezero)
    assert (np.diff(made.time) >= 0).all()


def test_files_that_are_of_no_use_are_told(xenon, binned):
    first = files(xenon, XENON[:1])
    held = ModeFiles([*first, File("pca/FS4f_1-2.gz", b"nonsense"), *files(binned, BANDS[:1])])
    assert [remark.code for remark in held.remarks] == ["file_left_out", "half_missing"]
    assert "pca/FS4f_1-2.gz: not a FITS file" in held.remarks[0].message
    assert "the other half of GoodXenon1_2s is missing" in held.remarks[1].message
    assert held.names() == "GoodXenon_2s, SB_125us_0_13_1s"
    (choice,) = choose_each([mode for mode in held.modes if len(mode.gti)], Wish(DT, 0, 255))
    assert choice.modes[0].name == "SB_125us_0_13_1s"


def test_bands_whose_modes_change(binned):
    early, late = (read_fits(binned / name) for name in BANDS[:2])
    held = ModeFiles(
        [
            File("a", moved(early, 0.0)),
            File("b", moved(late, 0.0)),
            File("c", moved(early, 100.0, {"DATAMODE": "SB_125us_0_13_2s"})),
        ]
    )
    choices = [choose_each(held.modes, Wish(DT, *band)) for band in ((0, 13), (0, 35))]
    found = [(tuple(one.modes[0].name for one in some), common) for some, common in together_at(choices)]
    assert [names for names, _ in found] == [("SB_125us_0_13_1s",) * 2, ("SB_125us_0_13_2s",) * 2]
    assert found[1][1][0, 0] - found[0][1][0, 0] == pytest.approx(100.0)


def test_switched_pcus_are_cut_out():
    time = 16.0 * np.arange(100)
    on = np.ones((100, 5), int)
    on[:40, 1] = 0  # switched on between 624 and 640 s
    on[70:75] = 0  # all off from 1120 to 1200 s
    on[90:, 4] = 255  # not known from 1440 s on
    columns = [(Column("Time", "D", "s"), time)]
    columns += [(Column(f"PCU{n}_ON", "B", null=255), on[:, n]) for n in range(5)]
    hdu = table_hdu("XTE_MKF", columns, [("TIMEZERO", 3.0)])
    found = steady(Table(hdu.header, hdu.data, "x"), np.array([[13.0, 1553.0]]))
    cut = [[13, 600 + 3], [664 + 3, 1080 + 3], [1224 + 3, 1400 + 3], [1464 + 3, 1553]]
    assert found.gti.tolist() == cut
    assert [found.number(np.array([row])) for row in found.gti] == [4, 5, 5, 4]
    assert found.number(found.gti[:2], (0, 1)) == pytest.approx((590 + 2 * 416) / 1006)
    assert np.isnan(found.number(np.empty((0, 2))))


def test_all_pcus_are_no_choice_of_pcus(binned):
    """Single bits don't tell the PCU, and need not where all are asked for."""
    held = ModeFiles(files(binned, BANDS[:1]))
    choices = [choose(held.modes, Wish(DT, 0, 13))]
    good = held.modes[0].gti
    (every,), (whole,) = (list(fast_pieces(choices, held.load, good, pcus=pcus)) for pcus in (range(5), None))
    assert np.array_equal(every.counts, whole.counts)
    with pytest.raises(ConfigError, match="counts all together"):
        list(fast_pieces(choices, held.load, good, pcus=range(4)))


def test_keywords_of_a_pair_are_those_of_its_first_half(xenon):
    pair = [read_fits(xenon / name) for name in XENON]
    for file in pair:
        file.table().header.set("OBJECT", f"of {XenonHalf.from_file(file).role}")
    assert [MergedPair(*order).table.header["OBJECT"] for order in (pair, pair[::-1])] == ["of 1", "of 1"]


def test_photons_that_come_backward_are_sorted():
    held = [(np.array([3.0, 2.0]), *(np.array([n, n + 1], np.uint8) for n in (1, 3, 5)))]
    assert [one.tolist() for one in _sorted(held)] == [[2, 3], [2, 1], [4, 3], [6, 5]]
