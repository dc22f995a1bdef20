"""Light curves and spectra of events: exposure, what counts, and files in pieces."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rossi import gti as intervals
from rossi.errors import ConfigError, DataError, NoGoodTime
from rossi.extract.bitmask import parse_bit_mask
from rossi.extract.channels import ChannelSelection
from rossi.extract.eventbins import EventBins
from rossi.extract.events import EventSelection, ScienceEvents, accumulate_events
from rossi.extract.lightcurve import Mode, Rejection, light_curve
from rossi.extract.products import light_curve_file, spectrum_file
from rossi.extract.selection import TimeSelection
from rossi.extract.spectrum import spectrum
from rossi.fits.reader import open_fits
from rossi.fits.stream import stream_fits
from tests.rossi.extract.eventfile import T0, event_file, words

#: GTIs of test T5 of the specification, seconds after T0.
T5 = np.array([[2.5, 20.25], [30.5, 33], [40, 45.5], [50.25, 50.75], [60, 100]])


def opened(*args, name="se", **kwargs):
    return ScienceEvents.from_file(open_fits(event_file(*args, **kwargs), name))


def run(files, binsz=1.0, time=None, selection=None, **options):
    return accumulate_events(files, time or TimeSelection(), selection or EventSelection(), binsz, **options)


@pytest.fixture(scope="module")
def steady():
    """Ten events a second for 100 s, with good time T5."""
    t = T0 + np.arange(1000) / 10 + 0.01
    return opened(t, words(np.arange(1000) % 5, np.arange(1000) % 8), gti=T5 + T0)


def test_t5_partly_covered_bins_have_their_exposure(steady):
    source = run([steady])
    curve = light_curve(source)
    assert len(curve.time) == 69
    at = {int(t - T0): (f, v) for t, f, v in zip(curve.time, curve.fracexp, curve.value, strict=True)}
    assert [at[s][0] for s in (2, 3, 20, 30, 45, 50)] == [0.5, 1, 0.25, 0.5, 0.5, 0.5]
    assert at[20][1] == pytest.approx(3 / 0.25)
    assert curve.ontime == 66.25
    assert spectrum(source, ChannelSelection()).exposure == 66.25


def test_t5_as_the_reference_books_it(steady):
    source = run([steady], selection=EventSelection(first_bin_defect=True))
    curve = light_curve(source)
    fracexp = {int(t - T0): f for t, f in zip(curve.time, curve.fracexp, strict=True)}
    assert len(curve.time) == 68
    assert 20 not in fracexp
    assert fracexp[30] == 0.75
    assert (curve.ontime, source.counts.sum()) == (66.25, run([steady]).counts.sum())
    late = opened([T0 + 90.5], [words(0, 0)], gti=T5 + T0)
    curve = light_curve(run([late], selection=EventSelection(first_bin_defect=True)))
    assert (curve.time[curve.value > 0] - T0).tolist() == [90]


def test_rows_without_a_time_are_counted_in_all_pieces():
    time = np.array([np.nan, np.inf, 1.5, np.nan, np.nan, 2.5, np.nan]) + T0
    file = opened(time, np.full(7, words(0, 0)))
    assert [len(piece) for piece in file.pieces(4)] == [1, 1]
    assert file.undated == 5
    assert "in 5 rows; they are left out" in file.remarks[0]


def test_events_of_a_bin_without_exposure_go_to_the_nearest_that_has_some():
    gaps, whole = np.array([3, 7, 8, 20]), np.arange(3, 9)
    asked = np.array([1, 3, 4, 5, 6, 7, 9, 13, 14, 15, 20, 30])
    assert EventBins(gaps, np.ones(4), gaps, None).index(asked).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 3]
    assert EventBins(whole, np.ones(6), whole, None).index(asked).tolist() == [0, 0, 1, 2, 3, 4, *[5] * 6]
    booked = EventBins(gaps, np.ones(4), gaps, np.array([5, 1, 2, 3]))
    assert booked.index(np.array([3, 4, 8])).tolist() == [5, 5, 2]


def test_bins_ascend_whichever_file_they_are_of():
    """The second file fills the gap in the first one's good time, whole bins and halves of two."""
    t = T0 + np.arange(30) + 0.25
    first = opened(t, np.full(30, words(0, 0)), gti=np.array([[0, 10.0], [20.0, 30]]) + T0, stop=T0 + 30)
    for gap in ([[10.0, 20.0]], [[10.0, 20.0], [29.5, 31.0]]):
        second = opened(t + 0.125, np.full(30, words(0, 0)), gti=np.array(gap) + T0, stop=T0 + 31, name="b")
        found = run([first, second])
        assert found.bins.tolist() == list(range(1, 32 if len(gap) > 1 else 31))
        assert found.exposure[:30].tolist() == [1.0] * 30
        assert found.counts[:30].tolist() == [1] * 30


def test_contiguous_files_share_a_bin_only_in_the_reference():
    t = np.arange(100) + 0.5
    first = opened(T0 + t, np.full(100, words(0, 0)))
    second = opened(T0 + 100 + t, np.full(100, words(0, 0)), start=T0 + 100)
    curve = light_curve(run([second, first]))
    assert (len(curve.time), set(curve.value)) == (200, {1.0})
    defect = light_curve(run([second, first], selection=EventSelection(first_bin_defect=True)))
    assert (len(defect.time), defect.fracexp.max(), defect.ontime) == (199, 2.0, 200.0)
    far = opened(T0 + 300 + t, np.full(100, words(0, 0)), start=T0 + 300)
    assert len(light_curve(run([first, far], selection=EventSelection(first_bin_defect=True))).time) == 200


@pytest.mark.parametrize(("short", "exposure"), [(5e-7, 1.0), (2e-6, 1 - 2e-6)])
def test_the_reference_takes_a_bin_as_whole_that_is_short_by_less_than_a_millionth(short, exposure):
    file = opened([T0 + 1], [words(0, 0)], gti=np.array([[T0, T0 + 5 - short]]))
    made = run([file], selection=EventSelection(first_bin_defect=True))
    assert made.exposure[:-1].tolist() == [1.0] * 4
    assert made.exposure[-1] == pytest.approx(exposure, abs=1e-7)
    assert (made.exposure[-1] == 1.0) == (short < 1e-6)


gtis = st.lists(st.integers(0, 800), min_size=2, max_size=12, unique=True).map(
    lambda e: intervals.make(np.sort(np.array(e[: len(e) // 2 * 2])).reshape(-1, 2) / 8 + T0)
)


@given(gti=gtis, binsz=st.sampled_from([0.125, 1.0, 1.5, 7.0, 0.1, 300.0]))
@settings(max_examples=60)
def test_exposure_is_the_length_of_good_time_in_each_bin(gti, binsz):
    file = opened(gti[:, 0], np.full(len(gti), words(1, 2)), gti=gti)
    source = run([file], binsz)
    edges = T0 + (source.bins - 1) * binsz
    naive = [intervals.total(intervals.intersection(gti, [[e, e + binsz]])) for e in edges]
    assert source.exposure == pytest.approx(np.array(naive), abs=2e-7)
    assert source.ontime == pytest.approx(intervals.total(gti), abs=1e-6)
    assert source.counts.sum() == len(gti)
    defect = run([file], binsz, selection=EventSelection(first_bin_defect=True))
    assert defect.ontime == pytest.approx(intervals.total(gti), abs=1e-5)
    assert defect.counts.sum() == len(gti)


events = st.lists(st.tuples(st.floats(-5, 105), st.integers(0, 255)), min_size=1, max_size=60)


@given(rows=events, gti=gtis, chunk=st.integers(1, 70), ordered=st.booleans())
@settings(max_examples=60)
def test_the_size_of_pieces_does_not_matter(rows, gti, chunk, ordered):
    time, word = np.array(rows).T
    order = np.argsort(time) if ordered else slice(None)
    file = opened(T0 + time[order], word[order], gti=gti)
    selection = EventSelection(ChannelSelection(chint="2-5,12"), parse_bit_mask("Event == bx0xxxxxx"))
    whole, pieces = run([file], selection=selection), run([file], selection=selection, chunk=chunk)
    photon = (word >= 128) & intervals.contains(gti, T0 + time)
    expected = photon & (word.astype(int) & 0x40 == 0) & np.isin((word.astype(int) >> 1) & 7, [1, 2, 3, 6])
    assert whole.counts.sum() == pieces.counts.sum() == expected.sum()
    for name in ("bins", "exposure", "counts", "channel_counts"):
        assert np.array_equal(getattr(whole, name), getattr(pieces, name))


@pytest.mark.parametrize("compress", [False, True])
def test_a_file_read_in_pieces_gives_the_same(tmp_path, compress):
    data = event_file(T0 + np.arange(999) / 10, words(np.arange(999) % 5, np.arange(999) % 8), gti=T5 + T0)
    path = tmp_path / "FS4f"
    (tmp_path / ("FS4f.gz" if compress else "FS4f")).write_bytes(gzip.compress(data) if compress else data)
    whole = run([ScienceEvents.from_path(path)])
    streamed = stream_fits(path)
    assert streamed.file.primary.get("SIMPLE") is True
    assert len(streamed.file.tables[0]) == 0
    assert sum(len(piece) for piece in streamed.pieces(100)) == 999
    events = ScienceEvents.from_path(path, whole=0) if not compress else ScienceEvents.from_path(f"{path}.gz", whole=0)
    pieces = run([events], chunk=77)
    for name in ("bins", "exposure", "counts", "channel_counts", "cpix"):
        assert np.array_equal(getattr(whole, name), getattr(pieces, name))


def test_a_cut_file_is_named(tmp_path):
    data = event_file(T0 + np.arange(2000.0) / 20, np.full(2000, words(0, 0)))
    for name, cut in (("cut", data[:9000]), ("cut.gz", gzip.compress(data)[:-900]), ("not", b"x" * 2880)):
        (tmp_path / name).write_bytes(cut)
        with pytest.raises(DataError, match=f"{tmp_path / name}.*(cut|damaged|expected)"):
            run([ScienceEvents.from_path(tmp_path / name, whole=0)])


def test_markers_are_dropped_unless_they_are_asked_for():
    file = opened(T0 + np.arange(10) + 0.5, [0b0001_0000, *[int(words(2, 3))] * 9])
    assert run([file]).counts.sum() == 9
    assert run([file], selection=EventSelection(markers=True)).counts.sum() == 10
    masked = EventSelection(mask=parse_bit_mask("Event == b1xxxxxxx"), markers=True)
    assert run([file], selection=masked).counts.sum() == 9


def test_channels_and_groups():
    file = opened(T0 + np.arange(8) + 0.5, words(0, np.arange(8)))
    chosen = ChannelSelection(chint="2-9")
    source = run([file], selection=EventSelection(chosen))
    assert spectrum(source, chosen).value.tolist() == [0, 1, 1, 1, 0, 0, 0, 0]
    assert source.counts.sum() == 3
    grouped = ChannelSelection(chbin="0-3,4-20")
    pha = spectrum(run([file], selection=EventSelection(grouped)), grouped)
    assert (pha.value.tolist(), pha.exposure, pha.cpix) == ([3, 5], 100.0, "0-3,4-20")


def test_time_selection_and_timezero():
    t = T0 + np.arange(100) + 0.5
    file = opened(t, np.full(100, words(0, 0)), timezero=3.375)
    common = TimeSelection(common=[np.array([[T0 + 13.625, T0 + 23.625]]), np.array([[T0 + 3, T0 + 20.0]])])
    source = run([file], time=common)
    assert source.counts.sum() == 7
    assert source.ontime == 6.375
    assert source.time[0] == T0 + 13.375
    with pytest.raises(NoGoodTime):
        run([file], time=TimeSelection(common=[np.empty((0, 2))]))


def test_no_overlap_gives_an_empty_spectrum_and_no_light_curve():
    file = opened([T0 + 1], words([0], [0]))
    source = run([file], time=TimeSelection(common=[np.array([[1.0, 2.0]])]))
    assert (spectrum(source, ChannelSelection()).exposure, source.counts.sum()) == (0, 0)
    with pytest.raises(NoGoodTime):
        light_curve(source)


def test_large_counts_are_rejected_as_in_the_reference():
    file = opened(T0 + np.array([0.1, 0.2, 0.3, 5.5]), words([0] * 4, [0] * 4))
    source = run([file])
    assert light_curve(source, Mode.SUM, Rejection(mlcinten=2, counts_too=True)).value.sum() == 1
    assert light_curve(source, Mode.SUM, Rejection(mlcinten=2)).value.sum() == 4
    pha = spectrum(source, ChannelSelection(), Mode.SUM, Rejection(mspinten=3, tnull=-1.0))
    assert (pha.value[0], pha.error[0], pha.value[1]) == (-1, -1, 0)


def test_bins_of_the_resolution():
    file = opened([T0 + 0.5], words([0], [0]), timedel=0.25)
    assert run([file], 8.0, multiple=True).grid.binsz == 2.0
    assert run([file], None).grid.binsz == 1.0
    with pytest.raises(ConfigError, match=r"binsz is 0\.1; the times of se"):
        run([file], 0.1)


def test_files_with_other_channels_are_refused():
    other = opened([T0 + 200], [0x80], start=T0 + 200, tevtb="(M[1]{1},C[0:127]{7})", name="other")
    with pytest.raises(DataError, match="other: its channels"):
        run([opened([T0 + 1], [0x80]), other])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tevtb": None}, "TEVTB2: its event words .* hold no channel"),
        ({"tevtb": "what is this"}, "can't be read from 'WHATISTHIS'"),
        ({"tevtb": "(M[1]{1},C[0:255]{8})"}, "described with 9 bits, but the column has 8"),
    ],
)
def test_an_unknown_descriptor_is_named_with_its_file(change, message):
    with pytest.raises(DataError, match=f"FS4f.*{message}"):
        opened([T0], [0x80], name="FS4f", **change)


def test_products_name_the_channels_in_parentheses():
    source = run([opened([T0 + 1], words([0], [0]), cards=[("RA_PNT", 10.5), ("DEC_PNT", -20.25)])])
    header = open_fits(light_curve_file(light_curve(source)), "lc").tables[0].header
    assert (header["CPIX"], header["MAXCHAN"]) == ("(0~1,2,3,4~9,10,11,12,13~20)", 20)
    assert (header["RA"], header["DEC"], header["ROWID1"]) == (10.5, -20.25, "Event")
    pha = open_fits(spectrum_file(spectrum(source, ChannelSelection())), "pha").tables[0].header
    assert (pha["CPIX1"], pha["EXPOSURE"], pha["DETCHANS"]) == ("(0~1,2,3,4~9,10,11,12,13~20)", 100.0, 8)
