"""Results of the original extractor on small files, and what must hold for any file."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rossi.errors import ConfigError, DataError, NoGoodTime
from rossi.extract.accumulate import accumulate, accumulate_alike
from rossi.extract.alike import Alike, stacked
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.lightcurve import Mode, Rejection, light_curve
from rossi.extract.products import light_curve_file, series_of, spectrum_file
from rossi.extract.selection import TimeSelection, select_samples
from rossi.extract.spectrum import spectrum
from rossi.extract.sums import last_sum
from rossi.fits.reader import open_fits
from rossi.fits.writer import table_hdu
from rossi.timeseries.reading import read_light_curve

T0 = 150000000.0
FOUR = "0~9,10~19,20~29,30~39"


def run(arrays, binsz=16.0, time=None, channels=None, **options):
    columns = [i.name for i in list(arrays[0].table.infos.values())[1:]]
    grid = select_samples(arrays, columns[0], binsz, time or TimeSelection())
    return accumulate(grid, columns, channels or ChannelSelection(), **options)


def one_row(make, **cards):
    """A file of one row whose header says something else."""
    made = make([np.ones((1, 1), int)], cpix="0~255")
    header = made.table.header.copy()
    for keyword, value in cards.items():
        header.set(keyword, value)
    return ScienceArray("sa", made.table.with_rows(made.table.rows, header), made.own_gti)


def test_a_curve_in_memory_is_the_one_that_its_file_holds(make_array):
    source = run([make_array([np.arange(24).reshape(6, 4) + 1], cpix=FOUR)])
    curve = light_curve(source)
    want, have = read_light_curve(light_curve_file(curve), "f"), series_of(curve, "f")
    assert want.columns.keys() == have.columns.keys()
    for name, values in (want.columns | {"intervals": want.intervals}).items():
        np.testing.assert_array_equal(values, (have.columns | {"intervals": have.intervals})[name], name)
    assert (want.timedel, want.rate_unit, want.remarks) == (have.timedel, have.rate_unit, have.remarks)
    structural = set(table_hdu("RATE", []).header)
    for one, other in ((want.header, have.header), (want.primary, have.primary)):
        keywords = [key for key in one if key not in structural | {"CHECKSUM", "DATASUM", "DATE"}]
        assert keywords == [key for key in other if key not in structural | {"DATE"}]
        assert [one.image(key) for key in keywords] == [other.image(key) for key in keywords]


@pytest.fixture
def t1(make_array):
    """Six rows of four channels with NULLs and a negative value."""
    values = np.arange(24).reshape(6, 4)
    values[1] = -1
    values[3, 2] = -5
    values[4] = (-1, -1, -1, 7)
    return make_array([values], cpix=FOUR, null=-1)


def test_t1_sums_errors_and_spectrum(t1):
    source = run([t1], null_exposure=True)
    curve = light_curve(source, Mode.SUM)
    assert curve.value.tolist() == [6, 0, 38, 40, 7, 86]
    assert np.array_equal(curve.error, np.sqrt(curve.value))
    assert curve.time.tolist() == [T0 + 16 * i for i in range(6)]
    assert spectrum(source, ChannelSelection()).value.tolist() == [40, 44, 34, 59]
    assert light_curve(run([t1], include_negative=True, null_exposure=True)).value[3] == 2.1875
    chosen = light_curve(run([t1], channels=ChannelSelection(chint="15-29"), null_exposure=True))
    assert chosen.value.tolist() == [0.1875, 0, 1.1875, 0.8125, 0, 2.6875]


def test_t1_what_is_null_has_no_exposure(t1):
    source = run([t1])  # row 1 is NULL in all channels, row 4 in three of four
    curve = light_curve(source, Mode.SUM)
    assert curve.value.tolist() == [6, 38, 40, 7, 86]
    assert (curve.time - T0).tolist() == [0, 32, 48, 64, 80]
    assert (curve.gti - T0).tolist() == [[0, 16], [32, 96]]
    assert (curve.ontime, spectrum(source, ChannelSelection()).exposure) == (80.0, 80.0)
    chosen = run([t1], channels=ChannelSelection(chint="15-29"))
    assert light_curve(chosen).value.tolist() == [0.1875, 1.1875, 0.8125, 2.6875]
    assert chosen.exposure.tolist() == [16.0] * 4
    joined = run([t1], 48.0)
    assert joined.exposure.tolist() == [32.0, 48.0]
    assert light_curve(joined).fracexp.tolist() == [0.666666667, 1.0]


@pytest.mark.parametrize(
    ("mode", "value", "error"),
    [
        (Mode.RATE, np.array([40, 44, 34, 59]) / 80, np.sqrt([40, 44, 34, 59]) / 80),
        (Mode.MEAN, [40 / 4, 44 / 4, 34 / 3, 59 / 5], np.sqrt([10, 11, 34 / 3, 11.8])),
    ],
)
def test_t1_rates_and_means_of_channels(t1, mode, value, error):
    """Counts over 80 s, or over the elements that are no NULL and not negative: 4, 4, 3 and 5."""
    made = spectrum(run([t1]), ChannelSelection(), mode)
    np.testing.assert_allclose([made.value, made.error], [value, error], rtol=1e-15)
    spiked = spectrum(
        run([t1]), ChannelSelection(), mode, Rejection(mspinten=0.6 if mode is Mode.RATE else 11.5, tnull=-7)
    )
    assert ((spiked.value == -7).tolist(), (spiked.error == -7).tolist()) == ([False, False, False, True],) * 2


def test_t1_means(t1):
    mean = light_curve(run([t1], null_exposure=True), Mode.MEAN).value
    assert mean[[0, 4]].tolist() == [6, 28]
    assert mean[3] == pytest.approx(53.3333333333)
    assert np.isnan(mean[1])


def test_t2_exposure_adds_up_with_its_rounding(make_array):
    values = np.zeros((1, 129), int)
    values[0, 0] = 638
    cpix = "0~4,5:53,(54~135;2),(136~237;3),(238~249;4),250~255"
    source = run([make_array([values, values], cpix=cpix)])
    curve = light_curve(source)
    assert source.exposure[0] == 16.000000000000025
    assert (curve.value[0], curve.error[0], curve.fracexp[0]) == (79.74999999999987, 2.232571387436465, 1.0)


@pytest.fixture
def t3(make_array):
    own = np.array([[20, 200], [230, 320]]) + T0
    return make_array([np.ones((30, 1), int)], gti=own, cpix="0~255")


def test_t3_rows_are_kept_by_their_start(t3):
    curve = light_curve(run([t3]))
    assert (len(curve.time), curve.time[0], curve.ontime) == (16, T0 + 32, 256)
    assert (curve.gti - T0).tolist() == [[32, 208], [240, 320]]


def test_t4_partial_bins(t3):
    source = run([t3], 100.0)
    assert light_curve(source).fracexp.tolist() == [0.8, 0.96, 0.64, 0.16]
    rejected = light_curve(source, rejection=Rejection(mfracexp=0.7))
    assert rejected.rejected
    assert (rejected.value[2:] == 0).all()
    assert len(light_curve(source, rejection=Rejection(mfracexp=0.7, tnull=-1)).time) == 2
    told = light_curve(source, rejection=Rejection(mfracexp=0.7, tnull=5.0))  # bins of 64 and 16 s
    assert told.value[2:].tolist() == told.error[2:].tolist() == [5 / 64, 5 / 16]
    edges = [light_curve(source, rejection=Rejection(mfracexp=least)).rejected for least in (0.16, 0.161)]
    highest = source.counts[0] / source.exposure[0]
    brightest = [light_curve(source, rejection=Rejection(mlcinten=most)).rejected for most in (highest, highest * 0.99)]
    assert (edges, brightest) == ([False, True], [False, True])


def test_exposure_may_exceed_the_bin(make_array):
    curve = light_curve(run([make_array([np.ones((10, 1), int)], cpix="0~255")], 40.0))
    assert curve.fracexp.tolist() == [1.2, 0.8, 1.2, 0.8]


def test_files_in_any_order_give_the_same(make_array):
    first = make_array([np.full((5, 2), 3)], cpix="0:1", name="first")
    second = make_array([np.full((5, 2), 4)], cpix="0:1", start=T0 + 200, name="second")
    a, b = run([first, second]), run([second, first])
    assert np.array_equal(light_curve(a).value, light_curve(b).value)
    assert [x.name for x in b.grid.files] == ["first", "second"]
    assert a.grid.origin == T0


def test_timezero_moves_everything(make_array):
    curve = light_curve(run([make_array([np.ones((3, 1), int)], cpix="0~255", timezero=3.378)]))
    assert curve.time[0] == T0 + 3.378


@pytest.mark.parametrize("binsz", [16.0, 48.0, 100.0, 0.5])
@given(data=st.data())
@settings(max_examples=30)
def test_counts_and_exposure_are_conserved(make_array, binsz, data):
    n_row = data.draw(st.integers(1, 40))
    values = np.array(data.draw(st.lists(st.integers(0, 1000), min_size=n_row, max_size=n_row)))[:, None]
    edges = sorted(data.draw(st.lists(st.integers(0, 16 * n_row), min_size=4, max_size=4, unique=True)))
    common = T0 + np.array(edges, float).reshape(2, 2)
    array = make_array([values, values], cpix="0~255")
    starts = T0 + np.arange(n_row) * 16.0
    inside = ((starts[:, None] >= common[:, 0]) & (starts[:, None] < common[:, 1])).any(axis=1)
    if not inside.any():
        with pytest.raises(NoGoodTime):
            light_curve(run([array], binsz, TimeSelection(common=[common])))
        return
    source = run([array], binsz, TimeSelection(common=[common]))
    assert light_curve(source, Mode.SUM).value.sum() == 2 * values[inside].sum()
    assert source.ontime == pytest.approx(16.0 * inside.sum())
    assert last_sum(source.channel_exposure) == pytest.approx(source.ontime)


def test_sums_of_float_counts_are_taken_in_order(make_array):
    values = np.random.default_rng(1).random((12, 5))
    source = run([make_array([values, values / 3], cpix="0:4")], 64.0)
    for bin_number in range(3):
        total = 0.0
        for row in range(4 * bin_number, 4 * bin_number + 4):
            for column in (values, values / 3):
                for value in column[row]:
                    total += value
        assert source.counts[bin_number] == total


def test_what_is_below_null_is_a_number(make_array):
    """It does not count, but its exposure does; a NULL has none."""
    source = run([make_array([np.array([[-5, -5], [-1, -1], [-1, 3], [2, 4]])], cpix="0:1", null=-1)])
    assert (source.bins.tolist(), source.exposure.tolist(), source.counts.tolist()) == ([1, 3, 4], [16] * 3, [0, 3, 6])
    real = run([make_array([np.array([[np.nan, np.nan], [-2.0, np.nan], [1.5, 2.0]])], cpix="0:1")])
    assert (real.bins.tolist(), real.counts.tolist()) == ([2, 3], [0, 3.5])


@pytest.mark.parametrize("by", [{}, {"by_bin": False}, {"by_channel": False}])
@pytest.mark.parametrize("binsz", [16.0, 40.0])
def test_files_of_one_kind_in_one_pass_have_what_each_has_alone(make_array, binsz, by):
    random, arrays = np.random.default_rng(3), []
    for number, n_row in enumerate((5, 1, 9)):
        values = [random.integers(-3, 9, (n_row, 4)) for _ in range(2)]  # -1 is NULL, -2 and -3 don't count
        start = T0 + 1000.0 * number
        gti = [[start, start + 40], [start + 64, start + 16 * n_row + 100]]
        arrays.append(make_array(values, cpix=FOUR, null=-1, start=start, gti=gti, name=f"f{number}"))
    grids = [select_samples([array], "Cnt0", binsz, TimeSelection()) for array in arrays]
    whole, first = stacked([array.table for array in arrays])
    chosen = ChannelSelection(chmin=10, chmax=25)
    made = accumulate_alike(Alike.of(grids, whole, first, 1), ["Cnt0", "Cnt1"], chosen, **by)
    for one, grid in zip(made, grids, strict=True):
        alone = accumulate(grid, ["Cnt0", "Cnt1"], chosen, null_exposure=True, **by)
        assert (one.columns, one.cpix) == (alone.columns, alone.cpix)
        for name in ("bins", "exposure", "counts", "accepted", "bounds", "time", "filled"):
            np.testing.assert_array_equal(getattr(one, name), getattr(alone, name), name)
        for name in ("channel_exposure", "channel_counts", "channel_accepted"):
            np.testing.assert_array_equal(getattr(one, name), getattr(alone, name), name)


def test_no_good_time_is_said(t3):
    with pytest.raises(NoGoodTime, match="contain no time"):
        run([t3], time=TimeSelection(common=[np.empty((0, 2))]))
    everything = run([t3], time=TimeSelection(common=[np.empty((0, 2))], empty_is_all=True))
    assert len(everything.bins) == 16


def test_mistakes_are_explained(make_array):
    array = make_array([np.ones((3, 2), int)], cpix="0:1")
    other = make_array([np.ones((3, 2), int)], cpix="5:6", start=T0 + 100, name="other")
    with pytest.raises(DataError, match="other: its channels"):
        run([array, other])
    with pytest.raises(ConfigError, match="binsz is -1"):
        run([array], -1.0)
    with pytest.raises(DataError, match="has 3 elements, its axis 2"):
        run([make_array([np.ones((3, 2), int)], cpix="0:2")])
    with pytest.raises(DataError, match="column NOSUCH is missing"):
        array.ordered(["NOSUCH"])
    with pytest.raises(DataError, match="none of the GTIs begins or ends with this file"):
        run([array], time=TimeSelection(own=[np.array([[1.0, 2.0]])]))


@pytest.mark.parametrize(
    ("binsz", "multiple", "expected"),
    [
        *((None, False, 16.0), (0.5, False, 16.0), (16.5, False, 16.5), (999999999.0, False, 999999999.0)),
        *((2.0, True, 32.0), (2.9, True, 32.0), (1.0, True, 16.0), (1 - 1e-11, True, 16.0)),
    ],
)
def test_lengths_of_bins(make_array, binsz, multiple, expected):
    array = make_array([np.ones((100, 1), int)], cpix="0~255")
    assert select_samples([array], "Cnt0", binsz, TimeSelection(), multiple).binsz == expected


@pytest.mark.parametrize(
    ("binsz", "multiple", "words"),
    [
        *((0.0, False, "binsz is 0.0; the bin size must be above 0"), (1e9, False, "below 1e.09 s")),
        (np.nan, False, "binsz is nan"),
        (0.9, True, "it counts samples of 16 s; 1 or more was expected"),
    ],
)
def test_lengths_that_bins_can_not_have(make_array, binsz, multiple, words):
    with pytest.raises(ConfigError, match=words):
        select_samples([make_array([np.ones((3, 1), int)])], "Cnt0", binsz, TimeSelection(), multiple)


@pytest.mark.parametrize("length", [1e-15, 2e9])
def test_bins_that_can_not_be_counted(make_array, length):
    """A TIMEDEL of which there are 1.6e16 in the file's time, and one longer than the mission."""
    with pytest.raises(DataError, match=re.escape(f"bins of {length:g} s from 1.5e+08 to 1.5e+08 s can't be counted")):
        select_samples([one_row(make_array, TIMEDEL=length)], "Cnt0", 1e-15, TimeSelection())
    later = make_array([np.ones((1, 1), int)], cpix="0~255", start=T0 + 16, name="b", dt=length)
    with pytest.raises(DataError, match=r"^sa: bins of"):
        select_samples([later, one_row(make_array, TIMEDEL=length)], "Cnt0", 1e-15, TimeSelection())


def test_a_hundredth_of_the_time_is_a_bin_where_none_is_told(make_array):
    """Of the files' time, without the gap between them."""
    first, second = (make_array([np.ones((125, 1), int)], cpix="0~255", start=T0 + 16.0 * n) for n in (0, 1000))
    assert select_samples([first, second], "Cnt0", None, TimeSelection()).binsz == 40.0
    assert select_samples([first], "Cnt0", None, TimeSelection()).binsz == 20.0


def test_own_good_time_is_that_of_the_files_or_the_one_that_belongs_to_them(t3):
    own = TimeSelection().own_gtis([t3])[0] - T0
    assert own.tolist() == [[20, 200], [230, 320]]
    assert (TimeSelection(own="none").own_gtis([t3])[0] - T0).tolist() == [[0, 480]]
    bare = ScienceArray("bare", t3.table, None)
    both = TimeSelection().own_gtis([t3, bare])  # one file has none
    assert [(one - T0).tolist() for one in both] == [[[0, 480]]] * 2
    for pairs in ([[0.0, 7.0]], [[3.0, 480.0]]):
        gti = np.array(pairs) + T0
        assert TimeSelection(own=[np.empty((0, 2)), gti]).own_gtis([t3])[0] is gti
    with pytest.raises(ConfigError, match="own good time is 'all'; expected 'apply', 'none', or GTIs"):
        TimeSelection(own="all").own_gtis([t3])


def test_good_time_of_several_kinds_is_what_all_have():
    one, other = np.array([[0.0, 10.0]]), np.array([[5.0, 20.0]])
    assert TimeSelection(common=[one, other]).common_gti().tolist() == [[5, 10]]
    assert TimeSelection().common_gti() is None
    nothing = np.empty((0, 2))
    assert TimeSelection(common=[nothing], empty_is_all=True).common_gti() is None
    with pytest.raises(NoGoodTime):
        TimeSelection(common=[nothing, one], empty_is_all=True).common_gti()


def test_forty_columns_are_the_most(make_array):
    array = make_array([np.ones((1, 1), int)] * 41, cpix="0~255")
    names = [f"Cnt{n}" for n in range(41)]
    assert array.ordered(names[39::-1]) == tuple(names[:40])
    for wrong in (names, []):
        with pytest.raises(ConfigError, match=f"{len(wrong)} columns are asked for; between 1 and 40 are possible"):
            array.ordered(wrong)


def test_products_hold_what_was_extracted(t1):
    source = run([t1], null_exposure=True)
    curve = light_curve(source)
    table = open_fits(light_curve_file(curve), "f").table("RATE")
    assert np.array_equal(table.column("RATE"), curve.value)
    assert (table.header["TSTARTI"], table.header["TSTOPI"], table.header["ONTIME"]) == (150000000, 150000096, 96.0)
    assert (table.header["CPIX"], table.header["MAXCHAN"]) == (FOUR, 39)
    pha = open_fits(spectrum_file(spectrum(source, ChannelSelection())), "f").table("SPECTRUM")
    assert (pha.header["EXPOSURE"], pha.header["DETCHANS"]) == (96.0, 4)


def test_grouped_spectrum_keeps_its_exposure(t1):
    groups = ChannelSelection(chbin="0-19,20-39")
    source = run([t1], null_exposure=True)
    right = spectrum(source, groups)
    assert (right.value.tolist(), right.exposure) == ([84, 93], 96.0)
    assert spectrum(source, groups, grouped_exposure_defect=True).exposure == 48.0


def test_what_is_not_rejected_stays(t1):
    source = run([t1])
    for mode in Mode:
        for made in (light_curve(source, mode, Rejection()), light_curve(source, mode)):
            assert not made.rejected
        np.testing.assert_array_equal(light_curve(source, mode, Rejection()).value, made.value)
        np.testing.assert_array_equal(
            spectrum(source, ChannelSelection(), mode, Rejection()).value,
            spectrum(source, ChannelSelection(), mode).value,
        )
