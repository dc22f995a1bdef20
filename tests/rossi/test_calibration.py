import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.calibration import (
    CalibrationEntry,
    CalibrationQuery,
    Validity,
    calendar_mjd,
    header_start,
    read_index,
    select,
)
from rossi.calibration_roles import DATA_SETS, Role, find_files
from rossi.errors import DataError
from rossi.fits.header import Header
from rossi.fits.reader import read_fits


def entry(name, reference, detector="PCU0", quality=0, codename="MODEL", xno=0, telescope="XTE"):
    return CalibrationEntry(telescope, "PCA", detector, "data", name, xno, codename, reference, quality)


def names(entries, **query):
    return [
        e.file for e in select(entries, CalibrationQuery(**({"codename": "MODEL", "stop": query["start"]} | query)))
    ]


INDEX = [
    entry("old", 50000.0),
    entry("new", 51000.0),
    entry("new2", 51000.0, "PCU1"),
    entry("bad", 51500.0, quality=5),
    entry("other", 51500.0, codename="SAA"),
    entry("late", 52000.0),
]


def test_the_newest_set_that_holds_at_the_start():
    assert names(INDEX, start=49999.0) == []
    assert names(INDEX, start=50000.0) == ["old"]
    assert names(INDEX, start=51900.0) == ["new", "new2"]
    assert names(INDEX, start=51900.0, stop=52000.0) == ["new", "new2", "late"]
    assert names([entry("a", 50000.0, telescope="ROSAT")], start=51900.0) == []


def test_detector():
    assert names(INDEX, start=51900.0, detector="PCU1") == ["new2"]
    assert names(INDEX, start=51900.0, detector="ALL") == []
    assert names([entry("any", 1.0, "NONE")], start=2.0, detector="PCU3") == ["any"]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 1))), st.integers(0, 60), st.integers(0, 20))
def test_what_is_selected(rows, start, length):
    entries = [entry(str(n), float(ref), quality=quality) for n, (ref, quality) in enumerate(rows)]
    found = select(entries, CalibrationQuery("MODEL", float(start), float(start + length)))
    good = [e.reference_time for e in entries if e.quality == 0 and e.reference_time <= start]
    assert bool(found) == bool(good)
    assert [e for e in entries if e in found] == list(found)
    assert all(e.quality == 0 and max(good) <= e.reference_time <= start + length for e in found)


def test_files_of_a_role():
    rows = [("a", 0, 50000.0), ("a", 2, 50000.0), ("b", 1, 50000.0), ("c", 1, 52000.0)]
    models = [entry(name, start, codename="PCA_BKGD_MODEL", xno=xno) for name, xno, start in rows]
    assert find_files(models, Role.MODEL, 51000.0) == {"data/a": (0, 2), "data/b": (1,)}
    assert find_files(models, Role.MODEL, 52000.0) == {"data/c": (1,)}
    assert find_files(models, Role.SAA, 52000.0) == {}
    saa = [entry(name, start, codename="PCA_SAA_HIST_DATA", xno=xno) for name, xno, start in rows]
    assert find_files(saa, Role.SAA, 51000.0) == {"data/a": (0,)}


def test_each_detector_has_its_own_collimator_and_all_tables_of_energies_count():
    coll = [entry(f"coll{pcu}_{year}", reference, f"PCU{pcu}", codename="COLLRESP", xno=1)
            for pcu in range(2) for year, reference in ((96, 50000.0), (98, 50900.0))]  # fmt: skip
    coll.append(entry("coll1_99", 51300.0, "PCU1", codename="COLLRESP", xno=1))
    assert find_files(coll, Role.COLLIMATORS, 51000.0) == {"data/coll0_98": (1,), "data/coll1_98": (1,)}
    assert find_files(coll, Role.COLLIMATORS, 52000.0) == {"data/coll0_98": (1,), "data/coll1_99": (1,)}
    assert find_files(coll, Role.COLLIMATORS, 49000.0) == {}
    hexte = [CalibrationEntry("XTE", "HEXTE", f"PWA{n}", "d", f"{name}{n}", 1, name, 50000.0, 0)
             for n in range(2) for name in ("MATRIX", "EFF_AREA", "COLLRESP")]  # fmt: skip
    for role in (Role.HEXTE_MATRIX, Role.HEXTE_AREA, Role.HEXTE_COLLIMATORS):
        assert len(find_files(hexte, role, 51000.0)) == 2
    laws = [replace(entry("e2c", 50000.0 + n, f"PCU{n % 5}", codename="E2C_PARM", xno=n), boundaries="METHOD(3)")
            for n in range(1, 11)]  # fmt: skip
    laws.append(entry("old", 50000.0, codename="E2C_PARM", xno=1))
    assert find_files(laws, Role.ENERGY_TO_CHANNEL, 50001.0) == {"data/e2c": tuple(range(1, 11))}


def test_hexte_files_are_those_of_the_observation_or_as_the_tasks_ask():
    """hxtdead asks for 1995 to 1999, hextebackest for 2006 to now."""
    names = [("HKCONV", "PWA", 50082.0), ("HKCONV", "PWB", 50082.0), ("HKCONV", "PWA", 51600.0)]
    names += [("CORR_COEFF", "PWA", 53000.0), ("CORR_COEFF", "PWA", 54000.0)]
    index = [
        CalibrationEntry("XTE", "HEXTE", detector, "d", f"{name}{n}", 1, name, reference, 0)
        for n, (name, detector, reference) in enumerate(names)
    ]
    roles = (Role.DEAD_TIME_A, Role.DEAD_TIME_B, Role.BACKGROUND_A)
    expected = {None: ["0", "1", "3"], 50100.0: ["0", "1"], 52000.0: ["2", "1"], 55000.0: ["2", "1", "4"]}
    for start, numbers in expected.items():
        found = [path[-1] for role in roles for path in find_files(index, role, start)]
        assert found == numbers, start


def test_messages_say_when():
    assert CalibrationQuery("X", 54561.0, 54561.0 + 28864 / 86400).when == "2008-04-05 00:00:00 to 2008-04-05 08:01:04"
    assert CalibrationQuery("X", 54561.0, np.inf).when == "2008-04-05 00:00:00 to now"
    header = Header([("DATE-OBS", "2008-04-05T08:01:04")])
    assert header_start(header, "x") == 54561.0 + 28864 / 86400
    header.append("TIME-OBS", "09:00:00")
    assert header_start(header, "x") == 54561.375


def test_answers_of_the_original_tool(golden):
    folder = golden / "caldb"
    entries = read_index(read_fits(folder / "tree/data/xte/pca/caldb.indx").table(hdu=1))
    queries = json.loads((folder / "queries.json").read_text())["queries"]
    for query in queries:
        at = calendar_mjd(query["date"], query["time"], "query")
        found = select(entries, CalibrationQuery(query["codename"], at, at, query["detector"]))
        assert [[e.path, e.extension] for e in found] == query["selected"], query
    assert len(queries) > 25


def test_dates():
    assert calendar_mjd("2000-05-13", "12:00:00", "x") == 51677.5
    assert calendar_mjd("13/05/00", "00:00:00", "x") == 51677.0
    assert calendar_mjd("13/05/97", "00:00:00", "x") == calendar_mjd("1997-05-13T11:22:33", "00:00:00", "x")
    for day, clock in (("2000-5-13", "00:00:00"), ("2000-02-30", "00:00:00"), ("2000-05-13", "noon")):
        with pytest.raises(DataError, match=r"x: .*is no date and time"):
            calendar_mjd(day, clock, "x")


def test_validity_includes_both_ends():
    dates = [("CVSD0001", "2000-05-13"), ("CVED0001", "2000-05-14")]
    validity = Validity.of(Header(dates), "x")
    assert [mjd in validity for mjd in (51676.99, 51677.0, 51678.999, 51679.0)] == [False, True, True, False]
    exact = Validity.of(Header([*dates, ("CVST0001", "06:00:00"), ("CVET0001", "06:00:00")]), "x")
    assert [mjd in exact for mjd in (51677.24, 51677.25, 51678.25, 51678.26)] == [False, True, True, False]
    assert 1.0 in Validity.of(Header(), "x")


def mjd(*day):
    return float((date(*day) - date(1858, 11, 17)).days)


@pytest.mark.parametrize(
    ("role", "of", "asked", "count"),
    [
        (Role.MODEL, ("PCA", "PCA_BKGD_MODEL", "-"), (0, 0), "extensions"),
        (Role.SAA, ("PCA", "PCA_SAA_HIST_DATA", "-"), (0, 0), ""),
        (Role.BREAKDOWN, ("PCA", "STDGTI", "ALL"), (0, 0), ""),
        (Role.BREAKDOWN_HISTORY, ("PCA", "PCA_BREAKDOWN_HIST", "-"), (0, 0), ""),
        (Role.DEAD_TIME_A, ("HEXTE", "HKCONV", "PWA"), (mjd(1995, 12, 31), mjd(1999, 12, 31)), ""),
        (Role.DEAD_TIME_B, ("HEXTE", "HKCONV", "PWB"), (mjd(1995, 12, 31), mjd(1999, 12, 31)), ""),
        (Role.BACKGROUND_A, ("HEXTE", "CORR_COEFF", "-"), (mjd(2006, 7, 13), np.inf), ""),
        (Role.ENERGY_TO_CHANNEL, ("PCA", "E2C_PARM", "-"), (0, 0), "extensions optional whole"),
        (Role.COLLIMATORS, ("PCA", "COLLRESP", "-"), (0, 0), "each extensions optional"),
        (Role.HEXTE_MATRIX, ("HEXTE", "MATRIX", "-"), (0, 0), "each extensions optional"),
        (Role.HEXTE_AREA, ("HEXTE", "EFF_AREA", "-"), (0, 0), "each extensions optional"),
        (Role.HEXTE_COLLIMATORS, ("HEXTE", "COLLRESP", "-"), (0, 0), "each extensions optional"),
        (Role.CLOCK, ("PCA", "tdc.dat", "-"), (0, 0), ""),
    ],
)
def test_how_each_kind_of_file_is_asked_for(role, of, asked, count):
    """Of an observation by its date, of the tasks by dates of their own."""
    told = DATA_SETS[role]
    assert told.query(51000.0) == CalibrationQuery(of[1], 51000.0, 51000.0, of[2], instrument=of[0])
    assert told.query(None) == CalibrationQuery(of[1], *asked, of[2], instrument=of[0])
    assert " ".join(flag for flag in ("each", "extensions", "optional", "whole") if getattr(told, flag)) == count
