"""Dead time against the vectors of the specification (annex A), which the original task computed."""

import re

import numpy as np
import pytest

from rossi.errors import ConfigError, DataError
from rossi.fits.columns import append_columns
from rossi.fits.edit import select_columns, select_rows
from rossi.fits.reader import FitsFile
from rossi.fits.table import Table
from rossi.fits.writer import Column
from rossi.hexte.correction import correct, parse_detectors
from rossi.hexte.counters import event_frames
from rossi.hexte.deadtime import dead_time
from rossi.hexte.fraction import Detectors, bin_fractions, interval_fractions
from rossi.hexte.housekeeping import Housekeeping, check_cluster
from rossi.hexte.science import Cluster
from tests.rossi.hexte.synthetic import T, archive, coefficients, curve, events, housekeeping, spectrum

F = T // 16
ROWIDS = [f"SpecDet{d}" for d in range(4)]
ON = [(T + 3, T + 19), (T + 35, T + 51)]
LIVE = np.array([3000000, 3100000, 3200000, 3300000])


def hk(time=None, cluster=Cluster.A, **changed):
    time = T + 16 * np.arange(-1, 7) if time is None else time
    return Housekeeping.from_table(housekeeping(time, **changed).table(), cluster)


def test_a_rate_that_is_undefined_counts_as_none():
    made = hk(T + 16 * np.arange(3), null=-1, ctUldD1=[7, -1, 9], ctVetoD0=3)
    assert made.uld.tolist() == [[200, 7, 220, 230], [200, 0, 220, 230], [200, 9, 220, 230]]


@pytest.fixture
def a1():
    live = [LIVE, LIVE + 1700000, LIVE + 10000, LIVE + 1710000]
    science = archive(T + 16 * np.arange(4), [0, 1, 0, 5], [4000, 3000, 4100, 3100], live)
    return dead_time(science.table(), hk(), coefficients().table())


@pytest.fixture
def a2():
    time = T + np.array([1, 2, 3, 4, 5, 6, 33, 34, 35.0])
    live = [-1, 3000000, 3000000, 3100000, 3200000, 3300000, 4000000, 4100000, 4200000]
    science = events(time, live, [1] * 6 + [66] * 3, [0, 0, 0, 1, 2, 3, 0, 1, 2])
    rates = {"ctUldD0": [200, 200, 200, 260, 200], "ctXuldD0": [120, 120, 120, 100, 120]}
    return dead_time(science.table(), hk(T + np.array([-16, 0, 16, 48, 64]), code=2, **rates), coefficients().table())


def test_frames_of_the_archive_mode(a1):
    expected = [
        [4035453.1035628123, 3957195.1285603126, 4045786.6300745313, 4458262.318686739],
        [5476589.82767211, 5442896.346420235, 5534339.972555899, 5868696.739015054],
        [4045403.9515628126, 3967145.976560313, 4055737.4780745315, 4468213.166686738],
        [5486540.675672109, 5452847.194420234, 5544290.820555898, 5878647.587015053],
        [4760996.889617461, 4705021.161490274, 4795038.725315215, 5168454.952850896],
    ]
    assert a1.at(F - 1 + np.arange(5)).tolist() == expected
    assert a1.at(np.array([F - 500, F + 500])).tolist() == [expected[4]] * 2
    assert a1.remarks == ()


@pytest.mark.parametrize(
    ("rows", "intervals", "exposure", "detnam"),
    [
        (ROWIDS, ON, 16.249, "PWA"),
        (ROWIDS, [(T + 19, T + 35), (T + 51, T + 67)], 10.693, "PWA"),
        ([ROWIDS[0], ROWIDS[1], ROWIDS[3]], ON, 16.149, "PWA013"),
    ],
)
def test_exposure_of_spectra(a1, rows, intervals, exposure, detnam):
    done = correct(spectrum(rows, intervals, 32.0), a1)
    header = done.table.header
    assert (header["EXPOSURE"], header["OLDEXP"], header["DEADAPP"]) == (exposure, 32.0, True)
    assert header["DETNAM"] == detnam
    assert done.table.column("COUNTS").tolist() == list(range(64))


def test_rates_of_spectra_grow_as_the_exposure_shrinks(a1):
    rate = np.arange(64) / 32
    columns = [(Column("CHANNEL", "I"), np.arange(64)), (Column("RATE", "D"), rate), (Column("STAT_ERR", "D"), rate)]
    done = correct(spectrum(ROWIDS, ON, 32.0, columns, HDUCLAS3="RATE"), a1)
    before, after = done.exposure
    assert done.table.column("RATE") == pytest.approx(rate * before / after, rel=1e-6)
    assert done.table.column("STAT_ERR").tolist() == done.table.column("RATE").tolist()


def test_good_time_of_a_spectrum_is_in_its_last_extension(a1):
    wrong, right = spectrum(ROWIDS, [(T + 19, T + 35)], 32.0), spectrum(ROWIDS, ON, 32.0)
    file = FitsFile("three", right.primary, (right.tables[0], wrong.tables[1], right.tables[1]))
    assert correct(file, a1).table.header["EXPOSURE"] == 16.249


@pytest.mark.parametrize(("kind", "exposure"), [("COUNT", 15.781), ("RATE", 15.781)])
def test_type_two_spectra_are_corrected_detector_by_detector(a1, kind, exposure):
    value = "COUNTS" if kind == "COUNT" else "RATE"
    ones = np.ones((2, 64))
    columns = [(Column("SPEC_NUM", "I"), [1, 2]), (Column("CHANNEL", "64I"), np.tile(np.arange(64), (2, 1)))]
    columns += [(Column(value, "64D"), ones), (Column("STAT_ERR", "64D"), ones)]
    columns.append((Column("ROWID", "20A"), ["SpecDet0", "SpecDet3"]))
    file = spectrum(ROWIDS, ON, 32.0, columns, HDUCLAS3="TYPE:II", HDUCLAS4=kind)
    table = correct(file, a1).table
    assert table.header["EXPOSURE"] == exposure
    assert "DETNAM" not in table.header
    factors = table.column(value)[:, 0]
    if kind == "RATE":
        assert 1 / factors.mean() < 0.5
        assert (1 / factors).sum() * 16 == pytest.approx(15.780543, abs=1e-3)
    else:
        assert factors.tolist() == [1, 1]


@pytest.mark.parametrize("kind", [{"HDUCLAS4": "COUNT"}, {}])
@pytest.mark.parametrize("detectors", [(0,), (3, 0, 1)])
def test_the_exposure_of_type_two_spectra_is_the_mean_of_their_detectors(a1, detectors, kind):
    n = len(detectors)
    columns = [(Column("CHANNEL", "64I"), np.tile(np.arange(64), (n, 1))), (Column("COUNTS", "64D"), np.ones((n, 64)))]
    columns.append((Column("ROWID", "20A"), [ROWIDS[d] for d in detectors]))
    made = correct(spectrum(ROWIDS, ON, 32.0, columns, HDUCLAS3="TYPE:II", **kind), a1)
    each = [correct(spectrum([ROWIDS[d]], ON, 32.0), a1, (d,)).exposure[1] for d in detectors]
    assert made.exposure == (32.0, pytest.approx(np.mean(each), rel=1e-6))


def test_light_curve(a1):
    done = correct(curve(ROWIDS, [T + 3, T + 35], [100.0, 50.0], [2.5, 1.75], 16.0), a1)
    assert list(done.table.infos) == ["TIME", "RATE", "ERROR", "FRACEXP", "DEADC"]
    assert done.table.column("DEADC").tolist() == [0.49163988771690115, 0.492826121237409]
    assert done.table.column("RATE").tolist() == [196.7109487620684, 98.58551887962095]
    assert done.table.column("ERROR").tolist() == [4.91777371905171, 3.450493160786733]
    assert "OLDEXP" not in done.table.header


@pytest.mark.parametrize(
    ("detectors", "fraction", "rate", "detnam"),
    [
        ((0, 1, 3), 0.581521709917332, 238.9610222796637, "PWA013"),
        ((0, 1, 2), 0.3761457622491413, 160.2938538343885, "PWA01"),  # divided by three columns all the same
    ],
)
def test_long_bins_and_detectors_that_differ_from_the_columns(a1, detectors, fraction, rate, detnam):
    file = curve([ROWIDS[0], ROWIDS[1], ROWIDS[3]], [T + 3], [100.0], [2.5], 64.0)
    done = correct(file, a1, detectors)
    assert (done.table.column("DEADC")[0], done.table.column("RATE")[0]) == (fraction, rate)
    assert done.table.header["DETNAM"] == detnam


def test_bins_that_begin_inside_a_frame(a1):
    done = correct(curve(["TimSerCnt"], [T + 10], [100.0], [1.0], 20.0), a1)
    assert done.table.column("DEADC")[0] == 0.5871326124224898
    assert done.table.column("RATE")[0] == 242.2085226608662


def test_a_single_column_has_its_own_detector_whatever_is_asked_for(a1):
    done = correct(curve(["SpecDet3"], [T + 3], [100.0], [1.0], 16.0), a1, (0,))
    assert done.table.column("DEADC")[0] == 4458262.318686739 / 8388608


def test_counts_keep_their_values(a1):
    file = curve(ROWIDS, [T + 3], [100.0], [2.5], 16.0, HDUCLAS3="COUNT")
    done = correct(file, a1)
    assert done.table.column("RATE")[0] == 100
    assert done.table.column("DEADC")[0] == 0.49163988771690115


def test_events_carry_counters_over(a2):
    expected = [
        [4037415.2514028125, 3959159.2424803125, 4047750.743994531, 4460226.432606738],
        [0, 0, 0, 0],
        [4841239.127212236, 4854296.402450273, 4942075.256515215, 5481591.908337634],
        [2959551.4595383494, 2937818.5483101956, 2996608.666836582, 3313939.4469814575],
    ]
    assert a2.at(F + np.arange(4)).tolist() == expected
    assert correct(spectrum(["Event"], ON, 32.0), a2).table.header["EXPOSURE"] == 14.536
    (remark,) = a2.remarks
    assert remark.code == "housekeeping_interpolated"
    assert f"{F + 2}" in remark.message


@pytest.mark.parametrize("cut", range(1, 9))
def test_pieces_of_an_event_list_give_the_same_frames(cut):
    time = T + np.array([1, 2, 3, 17, 18, 33, 33.5, 34, 49.0])
    live = [-1, 5, 6, 7, 8, -1, 9, -1, 10]
    table = events(time, live, [1, 2, 2, 1, 2, 32, 1, 1, 8], [0, 1, 1, 2, 3, 0, 0, 1, 2]).table()
    parts = [
        Table(table.header, rows, table.source, table.structure)
        for rows in (table.rows[:cut], table.rows[cut : cut + 2], table.rows[cut + 2 :])
    ]
    whole, joined = event_frames([table], T, T + 48), event_frames(parts, T, T + 48)
    for name in ("number", "on_source", "live", "events"):
        assert getattr(whole, name).tolist() == getattr(joined, name).tolist()
    assert whole.number.tolist() == [F, F + 1, F + 2]
    assert whole.on_source.tolist() == [True, True, False]  # the first row of a frame decides
    assert whole.live[0].tolist() == [-1, 6, -1, -1]  # the last value counts
    assert whole.events[0].tolist() == [0, 2, 0, 0]


def test_the_last_row_of_coefficients_that_holds_counts():
    science = archive([T + 16], [0], [4000], [LIVE]).table()
    one = dead_time(science, hk(), coefficients(rows=[(0, 1e9, 2.0)]).table())
    last = dead_time(science, hk(), coefficients(rows=[(0, 1e9, 1.0), (0, 1e9, 2.0), (T, 1e9, 3.0)]).table())
    assert last.dead.tolist() == one.dead.tolist()


def test_no_coefficients_are_said():
    science = archive([T + 16], [0], [4000], [LIVE]).table()
    dead = dead_time(science, hk(), coefficients(rows=[(0, T, 1.0), (T, 1e9, 1.0)]).table())
    assert [r.code for r in dead.remarks] == ["no_coefficients"]
    assert "no row holds" in dead.remarks[0].message


def test_early_processing_has_counters_one_row_late():
    live = [LIVE, LIVE + 100000]
    science = archive(T + 16 * np.arange(2), [0, 0], [4000, 4000], live, CREATOR="XFF - Revision: 5.3.0")
    dead = dead_time(science.table(), hk(), coefficients().table())
    right = dead_time(archive([T + 16], [0], [4000], [LIVE]).table(), hk(), coefficients().table())
    assert dead.dead[0].tolist() == [0, 0, 0, 0]
    assert dead.dead[1].tolist() == right.dead[0].tolist()
    assert [r.code for r in dead.remarks] == ["early_processing"]
    science = archive(T + 16 * np.arange(2), [0, 0], [4000, 4000], live, CREATOR="XFF - Revision: 5.3.1")
    assert dead_time(science.table(), hk(), coefficients().table()).remarks == ()


def test_early_event_lists_without_all_counters_are_refused():
    science = events([T + 1.0], [100], [1], [0], CREATOR="XFF - Revision: 5.0.9")
    with pytest.raises(DataError, match="detector 0 only"):
        dead_time(science.table(), hk(), coefficients().table())
    later = events([T + 1.0], [100], [1], [0], CREATOR="XFF - Revision: 5.1.0")
    assert dead_time(later.table(), hk(), coefficients().table()).has == (0,)
    whole = events(T + np.arange(1.0, 5), [100] * 4, [1] * 4, [0, 1, 2, 3], CREATOR="XFF - Revision: 5.0.9")
    assert dead_time(whole.table(), hk(), coefficients().table()).has == (0, 1, 2, 3)


@pytest.mark.parametrize(("after", "codes"), [(-0.002, []), (0.0, []), (0.002, ["detector_2"])])
def test_detector_2_of_cluster_b_is_pointed_out(monkeypatch, after, codes):
    """Good time that ends at the loss, in the spacecraft's clock, has it still."""
    science = archive([T + 16], [0], [4000], [LIVE], cluster=1).table()
    dead = dead_time(science, hk(apid=89, cluster=Cluster.B), coefficients("pwb").table())
    monkeypatch.setattr("rossi.hexte.correction.DETECTOR_2_LOST", T + 35 + dead.offset - dead.zero - after)
    done = correct(spectrum(ROWIDS, [(T + 19, T + 35)], 16.0), dead)
    assert [r.code for r in done.remarks] == codes
    assert correct(spectrum(ROWIDS, [(T + 19, T + 35)], 16.0), dead, (0, 1, 3)).remarks == ()


def test_a_detector_that_is_off_is_left_out():
    science = archive([T + 16], [0], [4000], [LIVE * [1, 1, 0, 1]]).table()
    done = correct(spectrum(ROWIDS, [(T + 19, T + 35)], 16.0), dead_time(science, hk(), coefficients().table()))
    assert done.detectors == (0, 1, 3)
    assert done.table.header["DETNAM"] == "PWA013"
    assert [r.code for r in done.remarks] == ["detector_off"]


def test_what_can_not_be_corrected_is_refused(a1, a2):
    twice = correct(spectrum(ROWIDS, ON, 32.0), a1).table
    file = spectrum(ROWIDS, ON, 32.0)
    with pytest.raises(DataError, match="corrected already"):
        correct(FitsFile(file.name, file.primary, (twice, file.tables[1])), a1)
    with pytest.raises(DataError, match="HDUCLAS1 is EVENTS"):
        correct(spectrum(ROWIDS, ON, 32.0, HDUCLAS1="EVENTS"), a1)
    with pytest.raises(DataError, match="ROWID1 is 'X1LSpecPcu0'"):
        correct(spectrum(["X1LSpecPcu0"], ON, 32.0), a1)
    for width in (0.0, 86401.0):
        with pytest.raises(DataError, match=f"TIMEDEL is {width:g} s; up to 86400 s were expected"):
            correct(curve(ROWIDS, [T + 3], [1.0], [1.0], width), a1)
    assert len(correct(curve(ROWIDS, [T + 3], [1.0], [1.0], 86400.0), a1).table) == 1
    for column in ("RATE2", "COUNTS2"):
        several = curve(ROWIDS, [T + 3], [1.0], [1.0], 16.0)
        both = append_columns(several.table(), [(Column(column, "D"), np.ones(1))])
        with pytest.raises(DataError, match="it holds several light curves"):
            correct(FitsFile(several.name, several.primary, (both,)), a1)
    for missing in ("START", "STOP"):
        file = spectrum(ROWIDS, ON, 32.0)
        good = file.tables[1]
        bare = select_columns(good, [name for name in ("START", "STOP") if name != missing])
        with pytest.raises(DataError, match=r"should hold its good time .START, STOP."):
            correct(FitsFile(file.name, file.primary, (file.tables[0], bare)), a1)
    for spans in ([(T, T + 8.64e6 + 1)], [(T + 16, T)]):
        with pytest.raises(DataError, match="can't be good time of an observation"):
            correct(spectrum(ROWIDS, spans, 32.0), a1)
    assert correct(spectrum(ROWIDS, [(T, T + 8.64e6), (T, T)], 32.0), a1).table.header["DEADAPP"] is True
    with pytest.raises(DataError, match="HDUCLAS3 is MEAN"):
        correct(curve(ROWIDS, [T + 3], [1.0], [1.0], 16.0, HDUCLAS3="MEAN"), a1)
    with pytest.raises(DataError, match="type II spectrum of events"):
        correct(spectrum(["Event"], ON, 32.0, HDUCLAS3="TYPE:II", HDUCLAS4="COUNT"), a2)


@pytest.mark.parametrize(
    ("text", "detectors"), [("-", (0, 1, 2, 3)), (" ", (0, 1, 2, 3)), ("310", (0, 1, 3)), ("2", (2,))]
)
def test_detectors_that_are_asked_for(text, detectors):
    assert parse_detectors(text) == detectors
    for wrong in ("4", "01230", "0,1", "all"):
        with pytest.raises(ConfigError, match="one to four of the digits 0, 1, 2, 3"):
            parse_detectors(wrong)


def test_what_does_not_belong_together_is_refused():
    science = archive([T + 16], [0], [4000], [LIVE]).table()
    for cluster, other, said in (
        (Cluster.A, 89, "cluster A (APPID 83, FH53) was expected, as the science file is cluster A's."),
        (Cluster.B, 83, "cluster B (APPID 89, FH59) was expected, as the science file is cluster B's."),
    ):
        with pytest.raises(DataError, match=re.escape(f"APPID is {other}; the housekeeping of {said}")):
            hk(apid=other, cluster=cluster)
    check_cluster(housekeeping([T], apid=89).table(), None)
    with pytest.raises(DataError, match=r"column pwa0co0 is missing.*cluster A"):
        dead_time(science, hk(), coefficients("pwb").table())
    with pytest.raises(DataError, match="no time in common"):
        dead_time(science, hk(T + 16 * np.arange(100, 110)), coefficients().table())
    with pytest.raises(DataError, match=r"TDDES is 'O\[XTE\]'"):
        dead_time(archive([T + 16], [0], [1], [LIVE], TDDES="O[XTE]").table(), hk(), coefficients().table())
    with pytest.raises(DataError, match="CREATOR is 'me'"):
        dead_time(archive([T + 16], [0], [1], [LIVE], CREATOR="me").table(), hk(), coefficients().table())
    for frames in ([32, 16, 0], [16, 0, 32], [0, 48, 16]):
        with pytest.raises(DataError, match="does not run forward"):
            hk(T + np.array(frames))
    with pytest.raises(DataError, match="no rows"):
        Housekeeping.from_table(select_rows(housekeeping([T]).table(), np.zeros(1, bool)), Cluster.A)


def test_an_interval_across_frames_has_the_dead_time_of_both(a1):
    four = Detectors((0, 1, 2, 3), 4)
    start = 16.0 * (F + 1)
    spans = ((start - 8, start + 8), (start - 8, start), (start, start + 8))
    whole, *halves = interval_fractions([np.array([span]) for span in spans], [a1] * 3, four)
    assert halves[0] != halves[1]
    assert whole == pytest.approx(np.mean(halves))


@pytest.mark.parametrize(
    "detectors", [Detectors((0, 1, 2, 3), 4), Detectors((1, 3), 3, divide_last=True), Detectors((2,), 1)]
)
def test_fractions_are_means_over_frames_weighted_by_what_lies_in_them(a2, detectors):
    """As a loop over frames has it; those without dead time don't count, those beyond the data have the mean."""
    random = np.random.default_rng(5)
    edges = T + np.sort(random.uniform(-40, 100, (6, 4)), axis=1)
    spans = [each.reshape(2, 2) for each in edges]

    def summed(intervals):
        weighted = seconds = 0.0
        for start, stop in intervals:
            for frame in range(int(start // 16), int(stop // 16) + 1):
                dead = a2.dead[frame - a2.first] if 0 <= frame - a2.first < len(a2.dead) else a2.mean
                mean = sum(dead[d] for d in detectors.used) / detectors.divisor
                length = min(stop, 16 * frame + 16) - max(start, 16 * frame)
                if mean > 0 and length > 0:
                    weighted, seconds = weighted + mean * length, seconds + length
        return weighted / seconds / 2**23 if seconds else 0.0

    found = interval_fractions(spans, [a2] * len(spans), detectors)
    assert found == pytest.approx([summed(span) for span in spans], rel=1e-12)
    start = T - 40 + 7.5 * np.arange(18)
    (bins,) = bin_fractions([start], 7.5, [a2], detectors)
    assert bins == pytest.approx([summed([(each, each + 7.5)]) for each in start], rel=1e-12)
    assert interval_fractions([np.array([[T + 16.0, T + 32.0]])], [a2], detectors) == [0.0]  # a frame without data


def test_curves_of_single_detectors_are_divided_behind_the_sum_over_time(a1):
    """Which rounds differently: by three in each frame, or once."""
    start = T - 10 + 37.0 * np.arange(40) / 17
    each, once = (
        bin_fractions([a1.shifted(start)], 61.0, [a1], Detectors((0, 1, 3), 3, divide_last=last))[0].tolist()
        for last in (False, True)
    )
    assert each != once
    columns = [ROWIDS[0], ROWIDS[1], ROWIDS[3]]
    values = np.ones(len(start))
    assert correct(curve(columns, start, values, values, 61.0), a1).table.column("DEADC").tolist() == once
    joint = correct(curve(["TimSerCnt"], start, values, values, 61.0), a1, (0, 1, 3)).table.column("DEADC").tolist()
    assert joint == each


def test_a_product_may_end_with_the_housekeeping(a1):
    first, last = (time - a1.offset + a1.zero for time in a1.span)
    assert a1.beyond(first, last - 1) is None and a1.beyond(first, last) is None
    assert a1.beyond(first - 0.0009, last + 0.0009) is None
    for start, stop in ((first - 0.0011, last), (first, last + 0.0011)):
        assert a1.beyond(start, stop).code == "housekeeping_short"
    said = f"from {T - 17}.000 to {T + 212}.000 s, the housekeeping from {T - 16}.000 to {T + 112}.000 s;"
    assert said in a1.beyond(first - 1, last + 100).message


def test_products_that_are_looked_at_together_have_the_fractions_that_each_has_alone(a1, a2):
    three, spans = Detectors((0, 1, 2), 3), [np.array([[T, T + 8.0], [T + 9, T + 70]]), np.array([[T + 3.0, T + 40]])]
    assert interval_fractions(spans, [a1, a2], three) == [
        interval_fractions([span], [dead], three)[0] for span, dead in zip(spans, (a1, a2), strict=True)
    ]
    starts = [T + 8.0 * np.arange(5), T + 8.0 * np.arange(-1, 2)]
    together = bin_fractions(starts, 8.0, [a1, a2], three)
    assert [len(each) for each in together] == [5, 3]
    for each, start, dead in zip(together, starts, (a1, a2), strict=True):
        assert each.tolist() == bin_fractions([start], 8.0, [dead], three)[0].tolist()
        assert (each > 0).any()
