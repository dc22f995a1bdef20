"""What files hold, and which of them give a band at a resolution."""

import re

import numpy as np
import pytest

from rossi.errors import ConfigError, DataError, NoGoodTime
from rossi.fits.reader import read_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.timing.choice import Wish, choose, choose_each
from rossi.timing.modefiles import during
from rossi.timing.modes import COLUMNS, LEADING, Configuration, Kind, Modes, configuration, modes_of, read_configuration
from rossi.timing.observed import read_headers


def leading(path):
    with path.open("rb") as file:
        return file.read(LEADING)


def test_headers_tell_what_files_hold(timing_golden):
    xenon, binned = (sorted((timing_golden / case / "input").glob("*FS*")) for case in ("xenon", "binned"))
    found = {path.name: read_configuration(leading(path), path.name) for path in (*xenon, *binned)}
    single = found["FS3f_c1987f0-c198808.gz"]
    assert (single.name, single.kind, single.resolution) == ("SB_125us_14_35_1s", Kind.SINGLE_BIT, 2.0**-13)
    assert (single.bounds.tolist(), single.tells_pcu, single.pcus) == ([[14, 35]], False, (0, 1, 2, 3, 4))
    assert single.stop - single.start == pytest.approx(24)
    counts = found["null_FS37_c1987f0-c198820.gz"]
    assert (counts.kind, counts.resolution) == (Kind.BINNED, 2.0**-9)
    assert counts.bounds.tolist() == [[0, 13], [14, 18], [19, 25], [26, 35]]
    half = found["FS37_200d0a32-200d0a3a.gz"]
    assert (half.kind, half.resolution, len(half.bounds), half.tells_pcu) == (Kind.XENON_HALF, 2.0**-20, 256, True)
    assert half.pcus == (0, 1, 2, 3, 4) and half.tells_layer
    text = str(Modes({"PCA": (), "HEXTE": ("Archive",)}, found.values()))
    assert text.splitlines()[0].split() == list(COLUMNS)
    assert "GoodXenon_16s  " in text and text.endswith("HEXTE: Archive")
    assert [mode.name for mode in modes_of(found.values())] == [
        *("GoodXenon_16s", "GoodXenon_2s", "E_16us_16B_36_1s"),
        *("B_2ms_4B_0_35_H", "SB_125us_0_13_1s", "SB_125us_14_35_1s"),
    ]


def test_real_and_simulated_files(shared, golden):
    real = shared / "data/real/pca"
    events = read_configuration(leading(real / "SE_93087-01-02-11_E_125us_64M.evt.gz"), "se")
    assert (events.kind, events.resolution, events.bounds[0].tolist(), events.bounds[-1].tolist()) == (
        *(Kind.EVENTS, 2.0**-13, [0, 4], [244, 249]),
    )
    assert (events.tells_pcu, events.tells_layer) == (True, False)
    assert read_configuration(leading(real / "GX_B1509-58_short.evt"), "gx").kind == Kind.XENON
    pca = next((golden / "e5_switch/input").glob("AO*/P*/*/pca"))
    standard = read_configuration(leading(next(pca.glob("FS46*"))), "std1")
    assert (standard.kind, standard.resolution, standard.bounds.tolist()) == (Kind.STANDARD1, 0.125, [[0, 255]])
    standard = read_configuration(leading(next(pca.glob("FS4a*"))), "std2")
    assert (standard.kind, standard.resolution, len(standard.bounds)) == (Kind.STANDARD2, 16.0, 129)


def test_files_that_only_touch_a_time_have_nothing_of_it():
    files = [mode("E_1", Kind.EVENTS, 1.0, [[0, 255]], start, start + 100.0) for start in (0.0, 100.0, 200.0, 300.0)]
    chosen = during(choose(modes_of(files), Wish(1.0)), np.array([[100.0, 120.0], [150.0, 300.0]]))
    assert [one.start for one in chosen.modes[0].configurations] == [100.0, 200.0]
    assert chosen.gti.tolist() == [[100.0, 120.0], [150.0, 300.0]]


@pytest.mark.parametrize("name", ["D_1us_0_249_1024_64s_F", "TLA_1s_10_249_1s_10000_F", "IDLE", "FL_4us", ""])
def test_what_is_no_light_curve_is_never_guessed(timing_golden, name):
    table = read_fits(timing_golden / "binned/input/FS3f_c1987f0-c198808.gz").table()
    header = table.header.copy()
    header.set("DATAMODE", name)
    found = configuration(header, "x")
    assert (found.kind, len(found.bounds)) == (Kind.OTHER, 0)
    assert (found.tells_pcu, found.tells_layer, found.pcus) == (False, False, ())
    assert np.isnan(found.resolution)
    with pytest.raises(NoGoodTime, match=r"can't be had: the observation has"):
        choose(modes_of([found]), Wish(1.0))


def test_pcus_that_can_not_be_read_are_all(timing_golden):
    header = read_fits(timing_golden / "binned/input/FS3f_c1987f0-c198808.gz").table().header
    for told, pcus in (("D[0~2]", (0, 1, 2)), ("D[1-3]", (1, 2, 3)), ("D[x]", (0, 1, 2, 3, 4)), ("D[3,7]", (3,))):
        damaged = header.copy()
        for keyword in [one for one in header if re.fullmatch(r"TDDES\d+", one)]:
            damaged.set(keyword, re.sub(r"D\[[^]]*\]", told, header[keyword]))
        assert configuration(damaged, "x").pcus == pcus


def test_damaged_beginnings():
    with pytest.raises(DataError, match="not a FITS file"):
        read_configuration(b"nonsense", "x")
    with pytest.raises(DataError, match="has no END card"):
        read_configuration(b"SIMPLE  =", "x")
    with pytest.raises(DataError, match="x: the gzip data are damaged"):
        read_configuration(b"\x1f\x8b" + bytes(20), "x")
    whole = fits_bytes(primary_hdu(), [table_hdu("X", [(Column("A", "J"), np.arange(3))], [])])
    for cut, hdu in ((whole[:80], 0), (whole[:3000], 1)):
        with pytest.raises(DataError, match=f"the header of HDU {hdu} has no END card"):
            read_configuration(cut, "x")


def test_of_long_headers_more_is_read():
    files = {}
    for name, cards in (("short", 10), ("longer", 1000), ("longest", 5000), ("damaged", 5000)):
        more = [("HISTORY", f"line {n}") for n in range(cards)] + [("WHICH", name)]
        files[name] = fits_bytes(primary_hdu(), [table_hdu("X", [(Column("A", "J"), np.arange(3))], more)])
    files["nothing"] = b"nonsense"
    asked = []

    def beginnings(paths, size):
        asked.append((tuple(paths), size))
        return [files[path][:size] for path in paths]

    headers, wrong = read_headers(
        list(files), beginnings, lambda path: files[path][: 1 << 18] if path == "damaged" else files[path]
    )
    assert {path: header["WHICH"] for path, header in headers.items()} == {
        name: name for name in ("short", "longer", "longest")
    }
    assert asked == [(tuple(files), LEADING), (("longer", "longest", "damaged"), 8 * LEADING)]
    assert len(wrong) == 2 and wrong[0].startswith("damaged") and "no END card" in wrong[0]
    assert wrong[1].startswith("nothing: not a FITS file")


def mode(name, kind, resolution, bounds, start=0.0, stop=1000.0, tells_pcu=False):
    return Configuration(name, name, kind, resolution, np.array(bounds), start, stop, (0, 1, 2, 3, 4), tells_pcu, False)


STANDARD = [
    mode("Standard1b", Kind.STANDARD1, 0.125, [[0, 255]], tells_pcu=True),
    mode("Standard2f", Kind.STANDARD2, 16.0, [[0, 4], *([c, c] for c in range(5, 256))], tells_pcu=True),
]
SB = [
    mode("SB_125us_0_13_1s", Kind.SINGLE_BIT, 2.0**-13, [[0, 13]]),
    mode("SB_125us_14_35_1s", Kind.SINGLE_BIT, 2.0**-13, [[14, 35]]),
]
HARD = mode("E_16us_16B_36_1s", Kind.EVENTS, 2.0**-16, [[36, 60], [61, 249]], tells_pcu=True)
BINNED = mode("B_2ms_4B_0_35_H", Kind.BINNED, 2.0**-9, [[0, 13], [14, 18], [19, 25], [26, 35]])
WHOLE = mode("E_125us_64M_0_1s", Kind.EVENTS, 2.0**-13, [[0, 9], [10, 35], [36, 249]], tells_pcu=True)
SOFT = mode("E_500us_1A_14_1s", Kind.EVENTS, 2.0**-11, [[14, 35]])
COARSE = mode("E_125us_2A_0_1s", Kind.EVENTS, 2.0**-13, [[0, 9], [10, 249]], tells_pcu=True)
XENON = [
    mode(f"GoodXenon{n}_2s", Kind.XENON_HALF, 2.0**-20, [[c, c] for c in range(256)], tells_pcu=True) for n in (1, 2)
]


@pytest.mark.parametrize(
    ("present", "wish", "names"),
    [
        ([*STANDARD, *SB, HARD], Wish(16.0), ["Standard2f"]),
        ([*STANDARD, *SB, HARD], Wish(32.0, 14, 35), ["Standard2f"]),
        ([*STANDARD, *SB, HARD], Wish(0.125), ["Standard1b"]),
        ([*STANDARD, *SB, HARD], Wish(0.125, 0, 35), ["SB_125us_0_13_1s", "SB_125us_14_35_1s"]),
        ([*STANDARD, *SB, HARD], Wish(2.0**-12), ["SB_125us_0_13_1s", "SB_125us_14_35_1s", "E_16us_16B_36_1s"]),
        ([*STANDARD, *SB, HARD], Wish(2.0**-15, 36, 249), ["E_16us_16B_36_1s"]),
        ([*STANDARD, *SB, HARD], Wish(2.0**-12, 14, 35), ["SB_125us_14_35_1s"]),
        ([*STANDARD, BINNED, HARD], Wish(2.0**-8), ["B_2ms_4B_0_35_H", "E_16us_16B_36_1s"]),
        ([*STANDARD, BINNED, *SB], Wish(2.0**-8, 14, 25), ["B_2ms_4B_0_35_H"]),
        ([*STANDARD, WHOLE, *SB], Wish(2.0**-8), ["E_125us_64M_0_1s"]),
        ([*SB, BINNED], Wish(2.0**-8, 14, 35), ["B_2ms_4B_0_35_H"]),  # three elements
        ([BINNED, *SB], Wish(2.0**-8, 14, 35), ["B_2ms_4B_0_35_H"]),
        ([*SB, SOFT], Wish(2.0**-8, 14, 35), ["E_500us_1A_14_1s"]),
        ([SOFT, *XENON], Wish(2.0**-8, 14, 35), ["GoodXenon_2s"]),
        ([COARSE, WHOLE], Wish(2.0**-8), ["E_125us_64M_0_1s"]),
        ([WHOLE, COARSE], Wish(2.0**-8), ["E_125us_64M_0_1s"]),
        ([*STANDARD, *XENON, WHOLE], Wish(2.0**-8, 5, 50), ["GoodXenon_2s"]),
        ([*STANDARD, *SB, HARD], Wish(2.0**-12, 36, 249, by_pcu=True), ["E_16us_16B_36_1s"]),
    ],
)
def test_the_rule(present, wish, names):
    choice = choose(modes_of(present), wish)
    assert [m.name for m in choice.modes] == names
    assert choice.remark == ""
    assert choice.gti.tolist() == [[0, 1000]]


def test_what_is_really_used_is_told():
    choice = choose(modes_of([*STANDARD, BINNED, HARD]), Wish(2.0**-8, 5, 20))
    assert choice.channels.tolist() == [[0, 25]]
    assert [e.tolist() for e in choice.elements] == [[0, 1, 2]]
    assert choice.remark == (
        "Channels 5-20 are asked for; the nearest that the data have are 0-25 (B_2ms_4B_0_35_H): elements count as a "
        "whole."
    )
    assert str(choice) == "B_2ms_4B_0_35_H, channels 0-25, 1000 s"


def test_one_channel_less_is_told():
    cut = mode("E_125us_2A_36_1s", Kind.EVENTS, 2.0**-13, [[36, 100], [101, 248]])
    assert choose(modes_of([HARD]), Wish(2.0**-8, 36, 249)).remark == ""
    assert choose(modes_of([HARD]), Wish(2.0**-8, 36, 255)).remark == ""  # no mode has more
    assert "the nearest that the data have are 36-248" in choose(modes_of([cut]), Wish(2.0**-8, 36, 249)).remark


def test_a_half_alone_or_too_coarse_data_are_no_work():
    with pytest.raises(NoGoodTime, match=r"Bins of 0.000976562 s .* the observation has .*GoodXenon_2s"):
        choose(modes_of([*STANDARD, XENON[0]]), Wish(2.0**-10))
    with pytest.raises(NoGoodTime, match="no mode at all"):
        choose([], Wish(1.0))
    # samples of 2 ms make no bins of 5 ms
    with pytest.raises(NoGoodTime):
        choose(modes_of([BINNED]), Wish(0.005))
    assert choose(modes_of([HARD]), Wish(0.005, 36, 249)).modes[0].name == HARD.name
    assert [Wish(1.0, *ends).channels.sum() for ends in ((5, 5), (0, 255), (0, 0), (255, 255))] == [1, 256, 1, 1]
    for ends in ((5, 256), (6, 5), (-1, 5)):
        with pytest.raises(ConfigError, match="0 to 255"):
            Wish(1.0, *ends)
    with pytest.raises(ConfigError, match="seconds above 0"):
        Wish(0.0)


def test_modes_that_change_in_an_observation_give_choices_one_after_the_other():
    soft = [mode(SB[0].name, Kind.SINGLE_BIT, 2.0**-13, [[0, 13]], 0, 400)]
    later = [mode(WHOLE.name, Kind.EVENTS, 2.0**-13, WHOLE.bounds, 500, 1000, tells_pcu=True)]
    choices = choose_each(modes_of([*soft, *later]), Wish(2.0**-10, 0, 13))
    assert [(c.modes[0].name, c.gti.tolist()) for c in choices] == [
        (SB[0].name, [[0, 400]]),
        (WHOLE.name, [[500, 1000]]),
    ]
    halves = [mode(XENON[0].name, Kind.XENON_HALF, 2.0**-20, XENON[0].bounds, 0, 300)]
    halves += [mode(XENON[1].name, Kind.XENON_HALF, 2.0**-20, XENON[1].bounds, 200, 500)]
    assert modes_of(halves)[0].gti.tolist() == [[200, 300]]
