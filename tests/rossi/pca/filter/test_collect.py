"""Collecting and interpolating: the rules of fcollect, on files made for each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.errors import ConfigError, DataError
from rossi.fits.writer import Column
from rossi.pca.filter import build_filter_file
from rossi.pca.filter.collect import between
from tests.rossi.pca.filter.material import START, index, master, observation, opened, samples, steps

HOUSEKEEPING = steps(START - 8, 8, 40)


def table(files, breakdown=None, **options):
    return opened(build_filter_file(files, breakdown, **options)).table("XTE_MKF")


def switched(value, at=11):
    return np.where(np.arange(40) >= at, value, 0)


def test_grid_and_header():
    made = table(observation())
    assert np.array_equal(made.column("Time"), START + 16.0 * np.arange(20))
    header = made.header
    assert (header["TSTART"], header["TSTOP"], header["TIMEDEL"], header["TIMEPIXR"]) == (1000.0, 1304.0, 16.0, 0)
    assert (header["TIMEZERO"], header["TIMESYS"], header["MJDREFI"]) == (3.375, "TT", 49353)
    assert len(table({"FMI": master(stop=START + 31)})) == 2
    assert len(table({"FMI": master(stop=START + 32)})) == 3
    assert np.array_equal(table({"FMI": master(stop=START + 5)}, step=2.0).column("Time"), [1000, 1002, 1004])


def test_flags_are_cut_off_and_the_command_lags():
    house = samples(HOUSEKEEPING, hvXEon=("B", switched(1)), cmdhvXE=("B", switched(7)), evXEgood=("J", -switched(99)))
    made = table(observation(pca={"PCU0Hk": house}))
    assert list(made.column("hvXEon_PCU0")[:8]) == [0, 0, 0, 0, 0, 1, 1, 1]
    assert list(made.column("cmdhvXE_PCU0")[:8]) == [0, 0, 0, 0, 0, 0, 7, 7]
    assert list(made.column("evXEgood_PCU0")[4:6]) == [0, -99]
    assert made.info("cmdhvXE_PCU0").null == 255 and made.info("evXEgood_PCU0").null == 2147483647
    assert "hvXErly_PCU0" not in made and "cmdhvXE_PCU1" not in made
    assert made.null("PCU0_ON").all() and made.null("NUM_PCU_ON").all()


def test_whole_numbers_are_cut_off_towards_zero():
    house = samples(HOUSEKEEPING + 4, evXEgood=("J", np.arange(40) % 2 * 99 - 49), hvXEon=("B", np.arange(40) % 2))
    made = table(observation(pca={"PCU0Hk": house}))
    assert set(made.column("evXEgood_PCU0")) == {0}  # between -49 and 50 is 0.5
    assert set(made.column("hvXEon_PCU0")) == {0}  # between 0 and 1 is 0.5


def test_undefined_behind_the_last_sample():
    short = samples(HOUSEKEEPING[:-2], hvXEon=("B", switched(1)[:-2]), evXEgood=("J", switched(1)[:-2]))
    made = table(observation(pca={"PCU0Hk": short}))
    assert list(made.column("hvXEon_PCU0")[-2:]) == [1, 255]
    assert list(made.column("evXEgood_PCU0")[-2:]) == [1, 2147483647]


def test_sixteen_bit_integers_become_single_precision():
    house = samples(HOUSEKEEPING + 4, hvXEon=(Column("hvXEon", "I", "V", zero=32768), switched(40001)))
    made = table(observation(pca={"PCU0Hk": house}))
    info = made.info("hvXEon_PCU0")
    assert (info.code, info.null, info.zero, info.unit) == ("E", None, 0.0, "V")
    assert made.column("hvXEon_PCU0")[5] == np.float32(20000.5)


def test_counters_are_not_continued_over_holes():
    time = np.r_[steps(START + 3, 16, 4), steps(START + 3 + 48 + 316, 16, 4)]
    made = table(observation(pca={"EA8Data": samples(time, VpX1LCntPcu0=10.0 * np.arange(8))}))
    assert np.isnan(made.column("VpX1LCntPcu0")[[0, 4, 10]]).all()
    assert list(made.column("VpX1LCntPcu0")[1:4]) == [8.125, 18.125, 28.125]


def test_a_gap_of_128_s_is_bridged_and_a_longer_one_is_not():
    for gap, bridged in ((128.0, True), (128.5, False)):
        made = table(observation(acs={21: samples([START, START + gap], ACSALTITUDE=("E", [500, 600]))}))
        assert np.isfinite(made.column("ACSALTITUDE")[1:8]).all() == bridged
    made = table(observation(acs={21: samples([START, START + 300.0], [("MAX_GAP", 300.0)], ACSALTITUDE=[0.0, 300.0])}))
    assert made.column("ACSALTITUDE")[2] == 32.0


def test_longitude_runs_through_360():
    degrees = (350 + np.arange(40)) % 360
    made = table(observation(acs={17: samples(HOUSEKEEPING, ACSEARTHLON=("E", degrees), ACSEARTHLAT=("E", degrees))}))
    assert list(made.column("ACSEARTHLON")[:8]) == [351, 353, 355, 357, 359, 1, 3, 5]
    late = samples(HOUSEKEEPING + 4, ACSEARTHLON=("E", degrees))
    assert list(table(observation(acs={17: late})).column("ACSEARTHLON")[3:6]) == [356.5, 358.5, 0.5]
    slow = samples(HOUSEKEEPING + 4, ACSEARTHLON=("E", (350 + np.arange(40) / 2) % 360))
    assert list(table(observation(acs={17: slow})).column("ACSEARTHLON")[3:6]) == [353.25, 354.25, 355.25]


def test_undefined_samples():
    values = np.arange(40.0)
    values[[4, 9, 10]] = np.nan  # at START + 24, 64 and 72
    made = table(observation(acs={21: samples(HOUSEKEEPING, ACSALTITUDE=values)}))
    assert list(made.column("ACSALTITUDE")[:4]) == [1.0, 3.0, 5.0, 7.0]  # START + 32: a sample's own time
    assert np.isnan(made.column("ACSALTITUDE")[4])
    shifted = table(observation(acs={21: samples(HOUSEKEEPING + 4, ACSALTITUDE=values)}))
    assert list(np.isnan(shifted.column("ACSALTITUDE")[:7])) == [False, False, True, False, True, True, False]
    flags = Column("hvXEon", "B", null=9)
    house = samples(
        HOUSEKEEPING, hvXEon=(flags, np.full(40, 9)), cmdhvXE=(Column("cmdhvXE", "B", null=9), np.full(40, 9))
    )
    made = table(observation(pca={"PCU0Hk": house}))
    assert made.null("hvXEon_PCU0").all() and made.null("cmdhvXE_PCU0").all()


def test_several_files_and_missing_ones():
    files = observation()
    names = ["acs/FH15_1-2", "acs/FH15_1-2", "acs/FH15_3-4", "acs/FH15_5-6", "acs/FH0e_1-2", ""]
    files["FIAC_0-1"] = index({"AppId_021": names, "AppId_014": ["acs/FH0e_7-8"] + [""] * 5})
    files["acs/FH15_1-2"] = samples(steps(START, 8, 4), ACSALTITUDE=steps(0, 8, 4))
    files["acs/FH15_5-6"] = samples(steps(START + 32, 8, 30), ACSALTITUDE=steps(32, 8, 30))
    made = table(files)
    assert np.array_equal(made.column("ACSALTITUDE")[:17], 16.0 * np.arange(17))
    assert np.isnan(made.column("ACSESTQ1")).all() and made.info("ACSESTQ1").code == "E"
    assert "ACSSUNX" not in made and np.isnan(made.column("SUN_RA")).all()


def test_vectors_and_columns_that_a_file_lacks_are_left_out():
    vector = samples(HOUSEKEEPING, ACSALTITUDE=("2E", np.zeros((40, 2))))
    assert "ACSALTITUDE" not in table(observation(acs={21: vector}))
    files = observation(acs={21: samples(HOUSEKEEPING, ACSALTITUDE=np.zeros(40))})
    files["FIAC_0-1"] = index({"AppId_021": ["acs/FH15_0-1", "acs/FH15_2-3"]})
    files["acs/FH15_2-3"] = samples(HOUSEKEEPING, other=np.zeros(40))
    assert "ACSALTITUDE" not in table(files)


def test_breakdown_history():
    history = opened(
        samples([0.0, 5000.0], [("MAX_GAP", 1e7)], TIME_SINCE_BRK0=("J", [0, 5000]), TIME_SINCE_BRK=[0.0, 1.0])
    )
    made = table(observation(), history)
    assert made.column("TIME_SINCE_BRK0")[0] == 1000 and made.column("TIME_SINCE_BRK")[0] == 0.2
    assert "TIME_SINCE_BRK1" not in made and "TIME_SINCE_BRK" not in table(observation())
    other = opened(samples([0.0, 5000.0], START=[0.0, 1.0]))
    assert not [name for name in table(observation(), other).infos if name.startswith("TIME_SINCE_BRK")]


def test_one_sample_is_no_line():
    made = table(observation(acs={21: samples([float(START)], ACSALTITUDE=[1.0])}))
    assert np.isnan(made.column("ACSALTITUDE")).all()


def slowly(time, x, y, max_gap):
    """Interpolate step by step, as the rules are written."""
    i, found = 0, []
    for t in time:
        if t < x[0] or t > x[-1]:
            found.append(np.nan)
            continue
        while x[i] < t:
            i += 1
        i = max(i, 1)
        gap = x[i] - x[i - 1]
        found.append(np.nan if gap > max_gap else y[i - 1] + (t - x[i - 1]) * (y[i] - y[i - 1]) / gap)
    return np.array(found)


@given(st.lists(st.integers(0, 60), min_size=2, max_size=30, unique=True), st.integers(1, 20))
def test_files_in_any_order(x, max_gap):
    x, time = np.array(x, float), np.arange(0.0, 61.0, 2.5)
    if x[0] > x[-1]:  # then nothing is inside
        assert np.isnan(between(time, x, max_gap).line(x)).all()
        return
    y = np.sin(x)
    assert np.array_equal(between(time, x, max_gap).line(y), slowly(time, x, y, max_gap), equal_nan=True)


@pytest.mark.parametrize("step", [0.0, -16.0, float("nan")])
def test_steps_that_make_no_sense(step):
    with pytest.raises(ConfigError, match="above 0"):
        build_filter_file(observation(), None, step)


def test_stop_before_start():
    with pytest.raises(DataError, match="before StartMET"):
        build_filter_file({"FMI": master(stop=START - 1)}, None)
