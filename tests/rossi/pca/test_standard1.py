"""Dead time of Standard1 data, and light curves from them."""

import numpy as np
import pytest

from rossi.errors import ConfigError, DataError, NoGoodTime
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.lightcurve import Mode
from rossi.extract.selection import TimeSelection
from rossi.fits.reader import open_fits, read_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.lightcurve import DeadTime, PreparedArray
from rossi.pca.standard1 import prepare_standard1, standard1_samples
from rossi.pca.standard1_lightcurve import Standard1Request, standard1_light_curve
from rossi.pca.standard1_table import standard1_file
from rossi.pca.standard2 import PCUS

ALL = TimeSelection()


def standard1(n_row=2, start=1000.0, timedel=128.0, step=0.125, kind="TOTAL", **counts):
    """A Standard1 file; every sample holds the given counts, xenon is that of each PCU."""
    columns = [(Column("Time", "D", "s"), start + 128.0 * np.arange(n_row))]
    axis = (("TDDES", "D[0] & E[X1L^X1R] & C[0~255]"), ("1CTYP", "TIME"), *((("1CDLT", step),) if step else ()))
    names = [(f"XeCntPcu{p}", counts.get("xenon", 0)) for p in PCUS]
    names += [(name, counts.get(name, 0)) for name in ("RemainingCnt", "VLECnt", "VpCnt")]
    for name, value in names:
        columns.append((Column(name, "1024I", "count", zero=32768, keywords=axis), np.full((n_row, 1024), value)))
    cards = [("TIMEDEL", timedel), ("DATAMODE", "Standard1b"), ("HDUCLAS2", kind), ("TIMESYS", "TT"), ("TIMEZERO", 3.0)]
    cards += [("TSTART", start), ("TSTOP", start + 128.0 * n_row), ("TDDES", "O[XTE] & I[PCA]"), ("OBJECT", "T")]
    return open_fits(fits_bytes(primary_hdu(), [table_hdu("XTE_SA", columns, cards)]), "std1")


def on(pcu, time=(0.0, 1e9), state=(True, True), vle=(1, 1)):
    return Housekeeping(pcu, np.array(time, float), np.array(state), np.array(vle))


def samples(file, housekeeping, rules=None, breakdowns=None):
    return standard1_samples(file.tables[0], housekeeping, breakdowns, rules or BadRowRules())


def test_a_transition_of_any_pcu_makes_all_bad_for_24_seconds_around():
    switch = on(4, (0.0, 1064.0, 1e9), (True, False, False), (1, 1, 1))
    found = samples(standard1(), [on(2), switch])
    bad = found.time[found.pcus[2].bad]
    assert (bad.min(), bad.max()) == (1064 - 24, 1064 + 24)  # ends belong to it
    assert found.pcus[4].bad[:, :].sum() == (found.time >= 1064 - 24).sum()
    kept = samples(standard1(), [on(2), switch], BadRowRules(transition=False))
    assert not kept.pcus[2].bad.any()
    assert found.number_on[0, 0] == 2
    assert found.number_on[1, 0] == 1


def test_shares_follow_the_weights():
    found = samples(standard1(VLECnt=100, VpCnt=10, RemainingCnt=30), [on(0), on(1), on(3)])
    total = np.float32(0.95 + 1.0 + 0.93)
    assert found.vle_detectors[0, 0] == total
    assert found.vle_per_pcu[0, 0] == np.float32(100 / float(total))
    assert found.pcus[0].vle_counts[0, 0] == np.float32(float(np.float32(100 / float(total))) * 0.95)
    assert found.pcus[3].propane_counts[0, 0] == np.float32(10 / 3)
    assert found.pcus[1].remaining_counts[0, 0] == 10
    assert found.pcus[2].vle_counts.sum() == 0


def test_without_propane_weights_differ_and_the_pcu_is_bad():
    found = samples(standard1(start=409622400.0 - 128, VLECnt=100, VpCnt=10), [on(0), on(1), on(2)])
    assert found.pcus[0].bad.all()
    assert [found.pcus[1].bad[row].all() for row in (0, 1)] == [False, True]
    assert found.vle_detectors[:, 0] == pytest.approx([1.27 + 1.0 + 1.0001, 1.27 + 1.17 + 1.0001], rel=1e-7)
    assert found.number_with_propane[:, 0].tolist() == [2, 1]
    assert found.pcus[2].propane_counts[:, 0].tolist() == [5, 10]
    kept = samples(standard1(start=409622400.0), [on(0), on(1)], BadRowRules(propane=False))
    assert not kept.pcus[1].bad.any()


def test_live_time_of_known_counts():
    file = standard1(xenon=12, VLECnt=4, VpCnt=6, RemainingCnt=20)
    for setting, vle in ((0, 12e-6), (1, 60e-6), (2, 150e-6), (3, 500e-6), (7, 500e-6)):
        pcu = samples(file, [on(1, vle=(setting, setting))]).pcus[1]
        assert pcu.live_time.dtype == np.float32
        assert pcu.live_time[0, 0] == pytest.approx(0.125 - (12 + 6 + 20) * 1e-5 - 4 * vle, abs=1e-8)
        assert pcu.live_fraction[0, 0] == pytest.approx(pcu.live_time[0, 0] / 0.125)


def test_unknown_state_and_breakdowns_are_bad():
    found = samples(standard1(), [on(2, (1064.0, 1128.0), (True, True))])
    assert found.time[~found.pcus[2].bad].max() == 1128.0
    assert found.time[~found.pcus[2].bad].min() == 1064.0
    good = dict.fromkeys(PCUS, np.array([[900.0, 1000.0]]))
    broken = samples(standard1(xenon=5), [on(2)], breakdowns=good).pcus[2]
    assert broken.bad.all(axis=1).tolist() == [False, True]  # the row's time decides; ends are good
    assert broken.xenon_counts.sum(axis=1).tolist() == [5 * 1024, 0]
    assert samples(standard1(xenon=5), [on(2)], BadRowRules(zero=False), good).pcus[2].xenon_counts.sum() == 5 * 2048


def test_the_sample_length_does_not_rest_on_timedel():
    for timedel, step in ((128.0, 0.125), (128.0, None), (0.125, 0.125)):
        assert samples(standard1(timedel=timedel, step=step), [on(2)]).time[0, 8] == 1001.0


def test_other_data_are_refused():
    with pytest.raises(DataError, match=r"std1.*HDUCLAS2 'BACKGROUND'; Standard1 and TOTAL were expected"):
        prepare_standard1(standard1(kind="BACKGROUND"), [], None, BadRowRules())


@pytest.fixture(scope="module")
def prepared():
    file = standard1(n_row=4, xenon=25, VLECnt=20, VpCnt=60, RemainingCnt=200)
    hk = [*(on(p) for p in (0, 1, 2)), on(3, (0, 1200, 1e9), (True, False, False), (1, 1, 1))]
    return prepare_standard1(file, hk, None, BadRowRules())


@pytest.mark.parametrize("dead_time", list(DeadTime))
@pytest.mark.parametrize(("mode", "binsz"), [(Mode.RATE, 0.125), (Mode.RATE, 16.0), (Mode.SUM, 3.0)])
def test_in_memory_and_from_a_file_are_the_same(prepared, dead_time, mode, binsz):
    request = Standard1Request((1, 2, 3), binsz=binsz, mode=mode, dead_time=dead_time)
    file = ScienceArray.from_file(open_fits(standard1_file(prepared), "std1"))
    a, b = (standard1_light_curve([array], None, ALL, request) for array in (file, PreparedArray(prepared)))
    for name in ("time", "value", "error", "fracexp"):
        assert np.array_equal(getattr(a.curve, name), getattr(b.curve, name), equal_nan=True)
    assert (a.exposure is None) == (dead_time == DeadTime.NONE)


def test_rate_is_counts_over_live_time(prepared):
    curve = standard1_light_curve([PreparedArray(prepared)], None, ALL, Standard1Request((1, 3), binsz=1.0))
    pcus = [prepared.rows[n] for n in (1, 3)]
    live = sum(p.live_time.astype(float) for p in pcus).reshape(-1, 8).sum(axis=1)
    counts = sum(p.xenon_counts for p in pcus).reshape(-1, 8).sum(axis=1)
    assert curve.exposure == pytest.approx(live, rel=1e-12)
    good = live > 0
    assert curve.curve.value[good] == pytest.approx(counts[good] / live[good], rel=1e-9)
    assert np.isnan(curve.curve.value[~good]).all()
    assert (~good).sum() == 48  # 24 s before and after the switching
    assert curve.curve.time[0] == 1003.0


def background_file(rate=16.0, n_row=32, live=8.0):
    """Prepared model background whose PCU 1 counts `rate` a second, rising by 1 a row."""
    columns = [(Column("Time", "D", "s"), 1000.0 + 16.0 * np.arange(n_row))]
    for anode in ("X1L", "X1R", "X2L", "X2R", "X3L", "X3R"):
        values = np.zeros((n_row, 2))
        values[:, 0] = (rate + np.arange(n_row)) * live if anode == "X1L" else 0
        axis = (("1CTYP", "CHANNEL"), ("1CPIX", "0:1"))
        columns.append((Column(f"{anode}SpecPcu1", "2D", "count", keywords=axis), values))
    columns.append((Column("LiveTimePcu1", "D", "s"), np.where(np.arange(n_row) % 8 == 7, 0.0, live)))
    cards = [
        ("TIMEDEL", 16.0),
        ("TSTART", 1000.0),
        ("TSTOP", 1000.0 + 16.0 * n_row),
        ("TIMESYS", "TT"),
        ("TIMEZERO", 3.0),
    ]
    return ScienceArray.from_file(open_fits(fits_bytes(primary_hdu(), [table_hdu("XTE_SA", columns, cards)]), "bkg"))


def test_background_is_interpolated_between_good_rows(prepared):
    data, time = [PreparedArray(prepared)], TimeSelection(common=[np.array([[1103.0, 1163.0]])])
    request = Standard1Request((1,), binsz=2.0)
    raw = standard1_light_curve(data, None, time, request)
    net = standard1_light_curve(data, [background_file()], time, request)
    expected = 16 + (raw.curve.time + 1 - 1003 - 8) / 16
    assert net.background == pytest.approx(expected)
    assert net.curve.value == pytest.approx(raw.curve.value - expected)
    assert net.curve.error == pytest.approx(np.hypot(raw.curve.error, net.background_error))
    counts = standard1_light_curve(data, [background_file()], time, Standard1Request((1,), binsz=2.0, mode=Mode.SUM))
    assert counts.background == pytest.approx(expected * counts.exposure)


def test_mistakes_are_explained(prepared):
    with pytest.raises(ConfigError, match=r"binsz is 0\.1; the data have 0\.125 s samples"):
        Standard1Request((1,), binsz=0.1)
    with pytest.raises(ConfigError, match="neither channels nor layers"):
        Standard1Request((1,), channels=ChannelSelection(chmin=5))
    with pytest.raises(ConfigError, match="deadcorrtype is NONE, but"):
        standard1_light_curve(
            [PreparedArray(prepared)], [background_file()], ALL, Standard1Request((1,), dead_time=DeadTime.NONE)
        )
    with pytest.raises(NoGoodTime, match="bkg: no background row"):
        standard1_light_curve([PreparedArray(prepared)], [background_file(live=0.0)], ALL, Standard1Request((1,)))


def golden_columns_are_equal(case, number):
    folder = next((case / "input").glob("AO*/P*/*/pca"))
    housekeeping = [Housekeeping.from_file(read_fits(path)) for path in sorted(folder.glob("FH5*"))]
    breakdown = read_fits(case.parent / "calibration/sim_pca_breakdown.fits.gz")
    data = read_fits(next(folder.glob("FS46*")))
    made = open_fits(standard1_file(prepare_standard1(data, housekeeping, breakdown, BadRowRules())), "dt").tables[0]
    expected = read_fits(case / "expected/std1/FS46_dt_columns.fits.gz").tables[0]
    assert len(expected.infos) == number
    assert len(made.infos) == 118
    for name, info in expected.infos.items():
        a, b, other = expected.column(name), made.column(name), made.info(name)
        assert a.dtype == b.dtype
        assert np.array_equal(a, b), name
        assert (info.unit, info.code, info.repeat, info.zero) == (other.unit, other.code, other.repeat, other.zero)


def test_columns_have_the_references_names_and_places(golden):
    folder = next((golden / "e5_switch/input").glob("AO*/P*/*/pca"))
    housekeeping = [Housekeeping.from_file(read_fits(path)) for path in sorted(folder.glob("FH5*"))]
    data = prepare_standard1(read_fits(next(folder.glob("FS46*"))), housekeeping, None, BadRowRules())
    made = open_fits(standard1_file(data), "dt").tables[0]
    names = [info.name for info in made.infos.values()]
    first = names.index("SUBTIME")
    assert names[first + 1 : first + 5] == ["VLEDescPcu0", "PCU0_ON", "BadTransitionPcu0", "VLEDescPcu1"]
    assert names[first + 22 : first + 32] == [
        *(f"VLERateWtFactPcu{n}" for n in range(5)),
        *("NUM_PCU_ON", "SUM_VLE_PCU", "VLECntPerPcu", "NUM_PROPANE_ON", "EventDeadTime"),
    ]
    assert made.header["TDIM" + str(made.info("LiveTimeVect").number)] == "(1024,5)"
    compat = open_fits(standard1_file(data, compat=True), "dt").tables[0]
    assert compat.header["TDIM" + str(compat.info("LiveTimeVect").number)] == "(5,1024)"
    for of_all, of_one in (("LiveTimeVect", "LiveTimePcu"), ("OnTimeVect", "OnTimePcu")):
        for pcu in range(5):
            block = made.column(of_all)[:, 1024 * pcu : 1024 * (pcu + 1)]
            np.testing.assert_array_equal(block, made.column(f"{of_one}{pcu}"))


@pytest.mark.parametrize(("name", "number"), [("e5_switch", 11), ("e3_all5", 7)])
def test_golden_columns_are_equal_to_the_last_bit(golden, name, number):
    golden_columns_are_equal(golden / name, number)
