import numpy as np
import pytest

from rossi.errors import DataError
from rossi.extract.array import ScienceArray
from rossi.extract.channels import ChannelSelection
from rossi.extract.selection import TimeSelection
from rossi.fits.reader import open_fits, read_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.pca.breakdown import read_breakdowns
from rossi.pca.deadtime import BadRowRules, background_rows, pcu_rows, row_totals
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.lightcurve import DeadTime, PreparedArray, Request, pca_light_curve, pca_light_curve_file
from rossi.pca.prepare import prepare_standard2
from rossi.pca.standard2 import PCUS, REMAINING, parse_layers, parse_pcus, spectrum_columns
from tests.golden.comparison import differences


def standard2(n_row=8, start=1000.0, **counts):
    """A Standard2 table with the given counters (of PCU 0) and no other events."""
    columns = [(Column("Time", "D", "s"), start + 16.0 * np.arange(n_row))]
    for pcu in PCUS:
        for name in spectrum_columns(pcu):
            spectrum = np.zeros((n_row, 129), int)
            if pcu == 0 and name.startswith("X1L"):
                spectrum[:, 3] = counts.get("xenon", 0)
            columns.append((Column(name, "129I", zero=32768), spectrum))
        propane = np.zeros((n_row, 33), int)
        propane[:, 0] = counts.get("propane", 0) if pcu == 0 else 0
        columns.append((Column(f"VpSpecPcu{pcu}", "33I", zero=32768), propane))
        for name in ("VLE", *REMAINING):
            value = counts.get(name, 0) if pcu == 0 else 0
            columns.append((Column(f"{name}CntPcu{pcu}", "I", zero=32768), np.full(n_row, value)))
    cards = [("TIMEDEL", 16.0), ("DATAMODE", "Standard2f"), ("HDUCLAS2", "TOTAL")]
    return open_fits(fits_bytes(primary_hdu(), [table_hdu("XTE_SA", columns, cards)]), "std2")


def housekeeping(pcu=0, time=(900.0, 2000.0), on=(True, True), vle=(1, 1)):
    return Housekeeping(pcu, np.array(time), np.array(on), np.array(vle))


def flags(values):
    return "".join("FT"[int(v)] for v in values)


def test_first_last_and_switching_rows_are_bad():
    table = standard2().tables[0]
    assert flags(pcu_rows(table, [housekeeping()], None, BadRowRules())[0].bad) == "TFFFFFFT"
    switch = housekeeping(time=(900.0, 1060.0, 2000.0), on=(True, False, False), vle=(1, 1, 1))
    assert flags(pcu_rows(table, [switch], None, BadRowRules())[0].bad) == "TFFTTTTT"
    kept = pcu_rows(table, [switch], None, BadRowRules(transition=False))[0]
    assert flags(kept.bad) == "FFFFTTTT"


def test_unknown_state_is_bad():
    table = standard2().tables[0]
    short = housekeeping(time=(1020.0, 1070.0), on=(True, True))
    rows = pcu_rows(table, [short], None, BadRowRules(transition=False))[0]
    # unknown before the first sample; after the last one only the first row is known
    assert flags(rows.on_unknown) == "TTFFFFTT"
    assert flags(rows.bad) == "TTFFFFTT"
    assert flags(pcu_rows(table, [], None, BadRowRules(transition=False))[0].bad) == "TTTTTTTT"


def test_live_time_of_known_counts():
    counts = {"xenon": 1600, "VLE": 320, "propane": 700, "VxL": 2500}
    rows = pcu_rows(standard2(**counts).tables[0], [housekeeping()], None, BadRowRules())[0]
    assert rows.live_time[1] == pytest.approx(15.9328, abs=1e-12)
    assert (rows.live_time[0], rows.on_time[0], rows.live_fraction[0], rows.xenon_counts[0]) == (0, 0, 0, 0)
    assert rows.live_fraction[1] == pytest.approx(15.9328 / 16)


@pytest.mark.parametrize(("setting", "seconds"), [(0, 12e-6), (1, 60e-6), (2, 150e-6), (3, 500e-6), (7, 500e-6)])
def test_vle_dead_time_follows_the_setting(setting, seconds):
    rows = pcu_rows(standard2(VLE=100).tables[0], [housekeeping(vle=(setting, setting))], None, BadRowRules())[0]
    assert rows.count_dead_time[1] == pytest.approx(100 * seconds)


@pytest.mark.parametrize(("pcu", "loss"), [(0, 201139200.0), (1, 409622400.0)])
def test_propane_loss(pcu, loss):
    table = standard2(start=loss - 16 * 4).tables[0]
    state = housekeeping(pcu, (loss - 1000, loss + 1000))
    assert flags(pcu_rows(table, [state], None, BadRowRules())[pcu].bad) == "TFFFTTTT"
    assert flags(pcu_rows(table, [state], None, BadRowRules(propane=False))[pcu].bad) == "TFFFFFFT"


def test_breakdown_intervals_are_closed():
    table = standard2().tables[0]
    good = {pcu: np.array([[0.0, 1032.0], [1064.0, 5000.0]]) for pcu in PCUS}
    rows = pcu_rows(table, [housekeeping()], good, BadRowRules(transition=False))[0]
    assert rows.breakdown is not None
    assert flags(rows.breakdown) == "FFFTFFFF"
    assert flags(rows.bad) == "FFFTFFFF"


@pytest.mark.parametrize(("vle", "remaining"), [(18, 142), (25, 197), (53, 419)])
def test_background_counts_that_a_vle_rate_implies(vle, remaining):
    data = standard2(VLE=vle)
    rows = pcu_rows(data.tables[0], [housekeeping()], None, BadRowRules())
    background = background_rows(data.tables[0], rows, BadRowRules())[0]
    assert background.remaining_counts[1:-1].tolist() == [remaining] * 6
    assert background.propane_counts.tolist() == [0] + [750] * 6 + [0]


@pytest.mark.parametrize(("form", "each", "number"), [("I", 32767, 70_000), ("I", -32768, 70_000), ("J", 2**31 - 1, 2)])
def test_totals_beyond_32_bits(form, each, number):
    column = Column("Counts", f"{number}{form}"), np.full((1, number), each)
    table = open_fits(fits_bytes(primary_hdu(), [table_hdu("XTE_SA", [column])]), "x").tables[0]
    assert row_totals(table, ("Counts",)).tolist() == [each * number]


def test_prepared_spectra_of_bad_rows_are_zero():
    for zero, first in ((True, 0), (False, 9)):
        prepared = prepare_standard2(standard2(xenon=9), [housekeeping()], None, BadRowRules(zero=zero))
        table = open_fits(prepared.to_bytes(), "dt").tables[0]
        assert table.column("X1LSpecPcu0").sum(axis=1).tolist() == [first] + [9] * 6 + [first]
        assert table.column("XeCntPcu0").tolist() == [first] + [9] * 6 + [first]


def test_prepared_data_give_the_same_light_curve_from_memory_and_from_their_file(golden):
    folder = next((golden / "e5_switch" / "input").glob("AO*/P*/*/pca"))
    state = [Housekeeping.from_file(read_fits(f)) for f in sorted(folder.glob("FH5*"))]
    prepared = prepare_standard2(read_fits(next(folder.glob("FS4a*"))), state, None, BadRowRules())
    from_file = ScienceArray.from_file(open_fits(prepared.to_bytes(), prepared.file.name))
    for dead_time in DeadTime:
        request = Request(
            (0, 2, 3), parse_layers("1-2"), ChannelSelection(chmin=5, chmax=40), 48.0, dead_time=dead_time
        )
        curves = [
            pca_light_curve([array], None, TimeSelection(), request) for array in (PreparedArray(prepared), from_file)
        ]
        first, second = (open_fits(pca_light_curve_file(curve), "lc") for curve in curves)
        assert differences(first, second) == []


def test_wrong_files_are_named(golden):
    folder = next((golden / "e5_switch" / "input").glob("AO*/P*/*"))
    standard1 = read_fits(next(folder.glob("pca/FS46*")))
    with pytest.raises(DataError, match="DATAMODE is 'Standard1b'; Standard2 was expected"):
        prepare_standard2(standard1, [], None, BadRowRules())
    with pytest.raises(DataError, match=r"TDDES is .*D\[0\] to D\[4\] was expected"):
        Housekeeping.from_file(standard1)


@pytest.mark.parametrize(
    ("text", "expected"), [("ALL", (0, 1, 2, 3, 4)), ("2", (2,)), ("0,2-3", (0, 2, 3)), ("1-3", (1, 2, 3))]
)
def test_pcu_lists(text, expected):
    assert parse_pcus(text) == expected


def test_layer_lists():
    assert parse_layers("1") == ("X1L", "X1R")
    assert parse_layers("x2r,1") == ("X1L", "X1R", "X2R")
    assert len(parse_layers("ALL")) == 6
    for wrong in ("LR1", "4", ""):
        with pytest.raises(ValueError, match="layerlist"):
            parse_layers(wrong)
    with pytest.raises(ValueError, match="pculist"):
        parse_pcus("7")


def test_columns_of_each_pcu_are_its_own():
    states = [housekeeping(pcu, vle=(pcu % 4, pcu % 4)) for pcu in (0, 1, 3, 4)]  # PCU 2 counts as off
    prepared = prepare_standard2(standard2(xenon=9, VLE=100), states, None, BadRowRules())
    table = open_fits(prepared.to_bytes(), "dt").tables[0]
    assert [table.column(f"VLEDescPcu{pcu}")[1] for pcu in PCUS] == [0, 1, 0, 3, 0]
    assert [flags(table.column(f"PCU{pcu}_ON")) for pcu in PCUS] == ["T" * 8, "T" * 8, "F" * 8, "T" * 8, "T" * 8]
    assert [table.column(f"XeCntPcu{pcu}")[1] for pcu in PCUS] == [9, 0, 0, 0, 0]
    for pcu in PCUS:
        rows = prepared.rows[pcu]
        for name, values in (("LiveTime", rows.live_time), ("OnTime", rows.on_time)):
            assert table.column(f"{name}Pcu{pcu}").tolist() == table.column(f"{name}Vect")[:, pcu].tolist()
            assert table.column(f"{name}Pcu{pcu}").tolist() == values.tolist()
        assert table.column(f"VLEDeadTimePcu{pcu}").tolist() == (rows.vle_counts * rows.vle_event_dead_time).tolist()
    assert table.column("NUM_PCU_ON").tolist() == [4] * 8


def test_breakdowns_are_in_the_clock_of_the_data():
    columns = [(Column("START", "D"), [100.0]), (Column("STOP", "D"), [200.0])]
    tables = [table_hdu(f"PCU{pcu}_GTI", columns, [("TIMEZERO", 3.0)]) for pcu in PCUS]
    file = open_fits(fits_bytes(primary_hdu(), tables), "breakdowns")
    assert read_breakdowns(file, 1.0)[2].tolist() == [[102.0, 202.0]]
