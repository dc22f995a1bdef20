"""Screened event lists."""

import gc
import warnings
from dataclasses import replace

import numpy as np
import pytest

from rossi.energy.built_in import built_in_table
from rossi.energy.layers import CODES
from rossi.errors import ConfigError, DataError, NoGoodTime
from rossi.extract.channels import ChannelSelection
from rossi.fits.edit import select_rows
from rossi.fits.reader import open_fits, read_fits
from rossi.optional import load
from rossi.timing.energies import element_energies
from rossi.timing.events import Screening, open_events, screened_events

ZERO = 3.37842846


@pytest.fixture
def clean(timing_golden):
    """Merged events of a GoodXenon pair, and the table that xenon2fits made of it."""
    folder = timing_golden / "xenon"
    names = ("FS3b_200d0a32-200d0a3a", "FS37_200d0a32-200d0a3a")
    events, said = open_events([read_fits(folder / "input" / name) for name in names])
    assert said == []
    return events, read_fits(folder / "expected/clean_o.evt.gz").table()


def inside(table):
    """Which rows lie in the file's own good time: 1 to 5 s and 6 to 7.5 s after its begin."""
    time = table.column("TIME") - 537721650.0
    return ((time >= 1) & (time < 5)) | ((time >= 6) & (time < 7.5))


def test_photons_in_good_time(clean):
    events, golden = clean
    found, good = screened_events(events), inside(golden)
    assert np.array_equal(found.time, golden.column("TIME")[good] + ZERO)
    for values, column in ((found.pcu, "PCUID"), (found.pha, "PHA")):
        assert np.array_equal(values, golden.column(column)[good])
    anode = golden.column("ANODEID")[good]
    assert np.array_equal(found.anode, np.where(anode == 0, 255, anode))
    assert found.exposure == pytest.approx(5.5)
    assert found.resolution == 2.0**-20


def test_what_is_chosen(clean):
    events, golden = clean
    screening = Screening(
        good=np.array([[537721652.0, 537721653.0]]) + ZERO,
        pcus=(2, 3),
        anodes=(10, 11),
        channels=ChannelSelection(chmin=5, chmax=40),
    )
    found = screened_events(events, screening)
    time = golden.column("TIME") - 537721650.0
    wanted = (time >= 2) & (time < 3) & np.isin(golden.column("PCUID"), (2, 3))
    wanted &= np.isin(golden.column("ANODEID"), (10, 11))
    wanted &= (golden.column("PHA") >= 5) & (golden.column("PHA") <= 40)
    assert np.array_equal(found.time - ZERO, golden.column("TIME")[wanted])
    assert 10 < len(found.time) < 400
    with pytest.raises(NoGoodTime, match="no event lies in good time"):
        screened_events(events, Screening(good=np.array([[0.0, 1.0]])))
    with pytest.raises(ConfigError, match="of which the data have none"):
        screened_events(events, Screening(channels=ChannelSelection(chmin=300)))
    with pytest.raises(NoGoodTime, match="no event file"):
        screened_events([])


def test_a_moment_in_two_files_counts_once(clean):
    events, _ = clean
    once = screened_events(events)
    twice = screened_events([*events, *events])
    assert np.array_equal(once.time, twice.time)
    assert "each moment counts once" in twice.remarks[0]


def test_files_in_any_order_and_parts(clean, timing_golden):
    events, golden = clean
    merged = read_fits(timing_golden / "xenon/expected/clean_o.evt.gz")
    parts = []
    for low, high in ((4, 8), (0, 4)):
        time = golden.column("TIME") - 537721650.0
        table = select_rows(golden, (time >= low) & (time < high))
        table.header.set("TSTART", 537721650.0 + low)
        table.header.set("TSTOP", 537721650.0 + high)
        good = merged.tables[1].with_rows(merged.tables[1].rows, merged.tables[1].header.copy())
        good.header.set("TSTART", 537721650.0 + low)
        good.header.set("TSTOP", 537721650.0 + high)
        parts.append(type(merged)(f"part{low}", merged.primary, (table, good)))
    joined = screened_events(open_events(parts)[0])
    whole = screened_events(events)
    assert np.array_equal(joined.time, whole.time)
    assert joined.gti == pytest.approx(whole.gti)


def test_a_resolution_that_no_header_tells_is_not_known(clean):
    found = screened_events(clean[0])
    assert replace(found, header=found.header.without(("TIMEDEL",))).resolution == 0


def test_the_file(clean):
    events, _ = clean
    found = screened_events(events)
    file = open_fits(found.to_bytes(), "made")
    table, good = file.tables
    assert (table.name, good.name, table.header["TIMEZERO"], table.header["TIMESYS"]) == ("XTE_SE", "GTI", ZERO, "TT")
    assert table.column("TIME") + ZERO == pytest.approx(found.time, abs=1e-7)
    for name, values in (("PHA", found.pha), ("PCUID", found.pcu), ("ANODEID", found.anode)):
        assert np.array_equal(table.column(name), values)
    assert table.header["DATAMODE"] == "GoodXenon_2s"
    assert good.column("START") + ZERO == pytest.approx(found.gti[:, 0], abs=1e-7)


@pytest.mark.parametrize(("number", "bits"), [(1, 1), (2, 1), (3, 2), (64, 6), (65, 7), (256, 8)])
def test_elements_have_the_bits_that_they_need(clean, number, bits):
    found = replace(screened_events(clean[0]), bounds=np.zeros((number, 2), int), cpix="X")
    table = open_fits(found.to_bytes(), "made").table()
    assert table.header["TEVTB2"] == f"(S[Zero]{{{16 - bits}}},C[X]{{{bits}}})"


def test_each_anode_has_the_law_of_its_layer_and_side():
    """PCU 2 on a day of 2001, by the table that rossi carries; propane and what is no PCU have none."""
    table, mjd = built_in_table(), 51910.0
    energies = element_energies(table, np.array([[30, 31]]), mjd)
    for anode, code in {10: "L1", 11: "R1", 20: "L2", 21: "R2", 30: "L3", 31: "R3", 255: "LR1"}.items():
        lower, upper = table.law(2, CODES[code], mjd).edges()
        found = energies.of(*(np.array([one], np.uint8) for one in (2, anode, 0)))
        assert found == pytest.approx([(lower[30] + upper[31]) / 2], rel=1e-6)
    assert np.isnan(energies.of(*(np.array(one, np.uint8) for one in ([2, 5, 255], [12, 10, 10], [0, 0, 0])))).all()


def test_stingray_reads_it_as_it_reads_the_archives_file(shared, tmp_path, subtests):
    for name in ("GX_B1509-58_short.evt", "SE_93087-01-02-11_E_125us_64M.evt.gz"):
        with subtests.test(name, what="events"):
            events_are_read(shared, tmp_path, name)
        with subtests.test(name, what="energies"):
            energies_are_read(shared, tmp_path, name)


def read_by_stingray(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        events = load("stingray", "timing", "Event lists").EventList.read(str(path), fmt="ogip")
        gc.collect()  # the file that it leaves open
    return events


def events_are_read(shared, tmp_path, name):
    path = shared / "data/real/pca" / name
    found = screened_events(open_events([read_fits(path)])[0])
    (tmp_path / "screened.evt").write_bytes(found.to_bytes())
    ours, theirs = read_by_stingray(tmp_path / "screened.evt"), read_by_stingray(path)
    tick = theirs.dt / 2  # stingray moves times, which are those of the begin of ticks, to their middle
    good = (theirs.time - tick >= found.gti[0, 0]) & (theirs.time - tick < found.gti[-1, 1])
    assert np.array_equal(ours.time, theirs.time[good])
    assert np.array_equal(ours.pi, theirs.pi[good])
    assert np.array_equal(ours.detector_id, theirs.detector_id[good])
    assert ours.gti == pytest.approx(theirs.gti)
    assert np.array_equal(found.to_stingray().pi, ours.pi)


def energies_are_read(shared, tmp_path, name):
    found = screened_events(open_events([read_fits(shared / "data/real/pca" / name)])[0])
    energies = element_energies(built_in_table(), found.bounds, 53000.0)
    (tmp_path / "screened.evt").write_bytes(found.to_bytes(energies))
    made = read_by_stingray(tmp_path / "screened.evt")
    assert made.energy == pytest.approx(energies.of(found.pcu, found.anode, found.pha))
    assert np.isfinite(made.energy[found.anode != 255]).all()
    one = int(np.flatnonzero(np.diff(found.bounds[found.pha])[:, 0] == 0)[0])  # an element of one channel
    pcu, anode = int(found.pcu[one]), int(found.anode[one])
    code = {10: "L1", 11: "R1", 20: "L2", 21: "R2", 30: "L3", 31: "R3", 255: "LR1"}[anode]
    lower, upper = built_in_table().law(pcu, CODES[code], 53000.0).edges()
    channel = found.bounds[found.pha[one], 0]
    assert made.energy[one] == pytest.approx((lower[channel] + upper[channel]) / 2)
    nowhere = np.array([255, 0], np.uint8), np.array([10, 99], np.uint8), np.array([1, 1], np.uint8)
    assert np.isnan(energies.of(*nowhere)).all()


def test_modes_that_do_not_tell(timing_golden):
    events = open_events([read_fits(timing_golden / "binned/input/FS4f_c1987f0-c198808.gz")])[0]
    assert set(screened_events(events, Screening(pcus=(2,))).pcu) == {2}
    with pytest.raises(ConfigError, match="E_16us_16B_36_1s do not tell their layer"):
        screened_events(events, Screening(anodes=(10,)))
    other = open_events([read_fits(timing_golden / "xenon/expected/se_gx0.gz")])[0]
    with pytest.raises(DataError, match="differ from those of"):
        screened_events([*events, *other])
