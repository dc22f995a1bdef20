"""GoodXenon pairs against what xenon2fits and make_se made of them, and where rossi does better."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rossi import ftools
from rossi.errors import DataError
from rossi.extract.decode import Form, decode_events
from rossi.fits.edit import select_columns, select_rows, with_values
from rossi.fits.reader import open_fits, read_fits
from rossi.fits.table import Table
from rossi.gti import from_table
from rossi.timing.merge import Losses, merge_xenon
from rossi.timing.xenon import Listed, XenonHalf
from rossi.timing.xenon_file import Layout, xenon_file, xenon_pairs
from tests.golden.comparison import differences

PAIRS = {
    "clean": ("FS37_200d0a32-200d0a3a", "FS3b_200d0a32-200d0a3a"),
    "quirk16": ("FS37_200d0b90-200d0be0", "FS3b_200d0b90-200d0be0"),
    "quirk_noeod": ("FS3f_200d0c58-200d0c60", "FS4f_200d0c58-200d0c60"),
}


@pytest.fixture
def pair(timing_golden):
    return lambda name: [read_fits(timing_golden / "xenon/input" / file) for file in PAIRS[name]]


@pytest.fixture
def expected(timing_golden):
    return lambda name: read_fits(timing_golden / "xenon/expected" / f"{name}.evt.gz")


def halves(files):
    return [XenonHalf.from_file(file) for file in files]


def test_where_nothing_is_lost_nothing_is_said():
    assert Losses(("a", "b"), (0, 0), 0, 16.0, (0, 0), (), 0).remarks() == []
    said = Losses(("a", "b"), (2, 3), 1, 16.0, (0, 0), (), 0).remarks()
    assert [text.split(";")[0] for text in said] == [
        "a: 3 events were lost on board",
        "a, b: 1 partitions of 16 s are in one of the files alone",
    ]


@pytest.mark.parametrize("name", PAIRS)
def test_compat_gives_the_tasks_file(pair, expected, name):
    data, _ = xenon_file(*pair(name), Layout.OGIP, compat=True)
    assert without_null(expected(f"{name}_o"), open_fits(data, name)) == []


def without_null(golden, made):
    """List differences but for that of what is declared undefined, which the task does not declare."""
    return [line for line in differences(golden, made) if "NULL" not in line]


def test_a_clean_pair_is_equal_by_default(pair, expected):
    data, said = xenon_file(*reversed(pair("clean")), Layout.OGIP)
    golden, made = expected("clean_o").table(), open_fits(data, "made").table()
    assert said == ()
    for column in ("TIME", "Event", "PCUID", "PHA"):
        assert np.array_equal(golden.column(column), made.column(column))
    anode = golden.column("ANODEID")
    assert np.array_equal(np.where(anode == 0, 255, anode), made.column("ANODEID"))  # no anode is undefined
    limits = {
        f"TL{end}{n}": value
        for n, ends in ((3, (0, 4)), (4, (10, 40)), (5, (0, 255)))
        for end, value in zip(("MIN", "MAX"), ends, strict=True)
    }
    assert {key: made.header[key] for key in limits} == limits
    assert (made.header["CPIX5"], made.header["TIMEDEL"], made.header["DATAMODE"]) == (
        "0:255",
        2.0**-20,
        "GoodXenon_2s",
    )
    first, last = made.column("TIME")[[0, -1]]
    assert (first, last) == (537721650 + (8192 * 0 + 134) * 2.0**-20, 537721657.9996796)


@pytest.mark.parametrize("turned", [False, True])
def test_keywords_are_those_of_the_first_half(pair, turned):
    files = pair("clean")
    roles = [XenonHalf.from_file(file).role for file in files]
    for file, role in zip(files, roles, strict=True):
        file.table().header.set("OBJECT", f"of {role}")
    made = open_fits(xenon_file(*(reversed(files) if turned else files))[0], "made").table()
    assert sorted(roles) == [1, 2] and made.header["OBJECT"] == "of 1"


def test_nothing_is_lost_in_the_last_row_or_behind_a_missing_end(pair, expected):
    one, other = halves(pair("quirk_noeod"))
    events = merge_xenon(one, other)
    words = [one.words[at : at + number] for at, number in zip(one.at, one.number, strict=True)]
    assert len(events.time) == sum(int((w >= 0x8000).sum()) for w in words) == 1693
    assert sum("no end mark" in said for said in events.remarks) == 2
    one, other = halves(pair("quirk16"))
    last = merge_xenon(one.chosen(np.array([4])), other.chosen(np.array([3])))
    assert len(last.time) == 30  # a partition of 100 words that begins in the last row
    assert len(merge_xenon(one, other).time) == len(expected("quirk16_o").table()) + 30


def test_words_in_another_order_find_their_events(pair):
    one, other = halves(pair("quirk16"))
    events = merge_xenon(one, other)
    assert (np.diff(events.time) >= 0).all()  # the task's file runs backward three times
    task = merge_xenon(one, other, compat=True)
    assert (np.diff(task.time) < 0).sum() == 3
    assert len(events.missing) == 1 and events.missing[0].tolist() == [537722016.0, 537722032.0]
    assert sum("events were lost on board" in said for said in events.remarks) == 1
    # exchanging words of different PCUs within an interval changes nothing
    flat = other.words.copy()
    at = next(
        i for i in range(300, 600) if flat[i] >= 0x8000 and flat[i + 1] >= 0x8000 and flat[i] >> 12 != flat[i + 1] >> 12
    )
    flat[[at, at + 1]] = flat[[at + 1, at]]
    exchanged = XenonHalf(*(getattr(other, f) for f in ("name", "table", "role", "time", "number", "at", "lost")), flat)
    again = merge_xenon(one, exchanged)
    for field in ("time", "pcu", "code", "height"):
        assert np.array_equal(getattr(events, field), getattr(again, field))


def test_a_partition_of_one_file_alone_is_no_good_time(pair):
    data, said = xenon_file(*pair("quirk16"))
    good = from_table(open_fits(data, "x").tables[1]) - 3.37842846
    assert good == pytest.approx(np.array([[537722000, 537722016], [537722032, 537722080]]), abs=1e-6)
    assert any("1 partitions of 16 s" in line for line in said)


def test_an_event_with_one_word_is_dropped_and_counted(pair):
    one, other = halves(pair("clean"))
    gone = np.flatnonzero(other.words[: other.number[0]] >= 0x8000)[10]
    flat = other.words.copy()
    flat[gone : other.number[0] - 1] = other.words[gone + 1 : other.number[0]]
    number = other.number - np.array([1, 0, 0, 0])
    damaged = XenonHalf(other.name, other.table, 2, other.time, number, other.at, other.lost, flat)
    whole, events = merge_xenon(one, other), merge_xenon(one, damaged)
    assert 1 <= len(whole.time) - len(events.time) <= 3  # those of its PCU in 1/128 s
    assert np.isin(events.time, whole.time).all()
    assert "a word in one of the two files only" in events.remarks[0]


def test_behind_a_lost_mark_no_time_is_certain(pair):
    one, other = halves(pair("clean"))
    inside = other.words[: other.number[0]]
    mark = np.flatnonzero(inside < 0x8000)[100]
    flat = other.words.copy()
    flat[mark : other.number[0] - 1] = inside[mark + 1 :]
    number = other.number - np.array([1, 0, 0, 0])
    damaged = XenonHalf(other.name, other.table, 2, other.time, number, other.at, other.lost, flat)
    whole, events = merge_xenon(one, other), merge_xenon(one, damaged)
    begin, length = one.time[0], 2.0
    behind = (whole.time > begin + 100 / 128) & (whole.time < begin + length)
    lost = np.setdiff1d(whole.time, events.time)
    assert np.isin(events.time, whole.time).all()
    assert 0.95 * behind.sum() < len(lost) <= behind.sum() + 20
    assert "from 0.7" in events.remarks[0] and "no certain time" in events.remarks[0]


def test_words_may_be_stored_as_negative_numbers(pair):
    file = pair("clean")[0]
    half, table = XenonHalf.from_file(file), file.table()
    rows = table.rows.copy()
    rows["f7"] = half.words.reshape(-1, 256).view(np.int16)
    header = table.header.without(("TZERO7",))
    signed = Table(header, rows.tobytes(), "signed")
    again = XenonHalf.from_file(type(file)("signed", file.primary, (signed,)))
    assert (signed.column("EventList") < 0).any()
    assert np.array_equal(again.words, half.words)


def test_a_partition_is_as_long_as_its_file_tells_or_as_it_is_to_the_next(pair):
    half = halves(pair("clean"))[0]

    def length(*starts, **told):
        header = half.table.header.without(("DELTAT", "TIMEDEL"))
        for keyword, value in told.items():
            header.set(keyword, value)
        return replace(half, table=half.table.with_rows(half.table.rows, header), time=np.array(starts)).length

    assert length(0.0, 8.0, DELTAT=2) == length(0.0, 8.0, TIMEDEL=2) == 2
    assert length(0.0, 8.0, 10.0, TIMEDEL=2.0**-20) == 2  # that of its events
    assert length(0.0) == 16


def test_refusals(pair):
    one = pair("clean")[0]
    with pytest.raises(DataError, match="two halves of one GoodXenon mode"):
        xenon_file(one, one)
    with pytest.raises(DataError, match="no partition of the same time"):
        xenon_file(one, pair("quirk_noeod")[1])
    with pytest.raises(DataError, match="two halves"):
        xenon_file(one, pair("quirk16")[1])
    table = one.table()
    cut = Table(select_rows(table, np.arange(1, 28)).header, table.rows[1:], "cut")
    with pytest.raises(DataError, match="near row 1 the rows of a partition"):
        XenonHalf.from_file(type(one)("cut", one.primary, (cut,)))
    with pytest.raises(DataError, match="its columns are D"):
        XenonHalf.from_file(type(one)("few", one.primary, (select_columns(table, ["Time"]),)))
    wrong = with_values(table, {"PartRowSeq": np.ones(28)})
    with pytest.raises(DataError, match="near row"):
        XenonHalf.from_file(type(one)("wrong", one.primary, (wrong,)))
    table.header.set("DATAMODE", "E_125us_64M_0_1s")
    with pytest.raises(DataError, match="E_125us_64M_0_1s"):
        XenonHalf.from_file(one)


def test_pairs_are_found_by_time(pair):
    a, b, c = pair("clean"), pair("quirk16"), pair("quirk_noeod")
    pairs, said = xenon_pairs([b[1], c[0], a[0], b[0], a[1]])  # half of one pair is missing
    assert [(p.first.name, p.second.name) for p in pairs] == [(a[0].name, a[1].name), (b[0].name, b[1].name)]
    assert len(said) == 1 and "FS3f_200d0c58" in said[0] and "no file of the other half of GoodXenon1_2s" in said[0]
    with pytest.raises(DataError, match=r"FS37_200d0a32.* no file of the other half"):
        xenon_pairs([b[0], a[0]])
    with pytest.raises(DataError, match="No GoodXenon file is given"):
        xenon_pairs([])


@pytest.mark.parametrize("which", [0, 1])
def test_behind_a_partition_without_end_the_task_has_nothing(pair, which):
    whole = merge_xenon(*halves(pair("clean")), compat=True)
    two = halves(pair("clean"))
    words = two[which].words.copy()
    words[two[which].at[1] + two[which].number[1] - 1] = 0x7FF8
    two[which] = replace(two[which], words=words)
    cut = merge_xenon(*two, compat=True)
    assert np.array_equal(cut.time, whole.time[whole.time < two[0].time[2]]) and 0 < len(cut.time) < len(whole.time)


def test_the_tasks_repeat_the_golden_calls(timing_golden, tmp_path, monkeypatch):
    case = timing_golden / "xenon"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "expected").mkdir()
    (tmp_path / "input").symlink_to(case / "input")
    seen = 0
    for entry in json.loads((case / "manifest.json").read_text())["entries"]:
        golden = case / entry["file"]
        if entry["task"] == "xenon2fits":
            result = ftools.xenon2fits(**entry["parameters"], compat="yes")
        elif entry["task"] == "make_se":
            result = ftools.make_se(i="input/all.lis", p="expected/se", compat="yes", clobber="yes")
        else:
            result = getattr(ftools, entry["task"])(**entry["parameters"])
        assert result.returncode == 0, result.stdout
        made = read_fits(entry["file"].removesuffix(".gz"))
        assert without_null(read_fits(golden), made) == [], entry["file"]
        seen += 1
    assert seen == 19


def test_anodes_have_names(pair):
    merged = open_fits(xenon_file(*pair("clean"))[0], "merged")
    ogip, people = (open_fits(decode_events(merged, form=form), "x").table() for form in Form)
    told = set(zip(ogip.column("ANODEID").tolist(), people.column("ANODE").tolist(), strict=True))
    names = {layer * 10 + side: f"X{layer}{'LR'[side]}" for layer in (1, 2, 3) for side in (0, 1)}
    assert told == {*names.items(), (40, "INDEF"), (255, "INDEF")}
    assert np.array_equal(people.column("PROPANE"), ogip.column("ANODEID") == 40)


def test_words_with_the_top_bit_are_events():
    words = np.array([0x7FFC, 0x8000, 0x7FFF, 0xFFFF, 0x0000], np.uint16)
    assert Listed(words, np.zeros(5, int), np.zeros(5, int)).is_event.tolist() == [False, True, False, True, False]
