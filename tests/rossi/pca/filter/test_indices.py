"""Indices: which files they name, with gaps, blanks and NUL bytes."""

import gzip

import numpy as np
import pytest

from rossi.errors import DataError
from rossi.pca.filter import build_filter_file
from rossi.pca.filter.indices import read_indices, read_master
from tests.rossi.pca.filter.material import POSITION, START, index, master, observation, opened, samples, steps


def paths(cells, name="FIPC_0-1"):
    files = {"FMI": master(), name: index(cells)}
    return read_indices(files, read_master(files)).paths


def test_application_ids_of_columns():
    acs = {
        "ObsID": ["10001-01-01-00"] * 2,
        "AppId_014": ["", "acs/FH0e_1-2"],
        "AppId_015": ["", ""],
        "AppId_x": ["a", ""],
    }
    assert paths(acs, "FIAC_0-1") == {14: ("acs/FH0e_1-2",)}
    pca = {"EA1Data": ["", ""], "EA8Data": ["", "pca/FS4a_1-2"], "PCU3Hk": ["pca/FH5d_1-2", "pca/FH5e_1-2"]}
    assert paths(pca) == {74: ("pca/FS4a_1-2",), 93: ("pca/FH5d_1-2",)}
    assert paths({"EA3Data": ["pca/FS4f_1-2", "pca/FS4a_1-2"]}) == {79: ("pca/FS4f_1-2",)}
    assert paths({"ClAHk": ["hexte/FHfb_1-2"], "EA8Data": ["hexte/FSb0_1-2"]}, "FIHX_0-1") == {251: ("hexte/FHfb_1-2",)}
    assert paths({"EA8Data": ["stdprod/FS4a_1-2"]}, "FIST_0-1") == {}


def test_one_column_alone_is_no_endless_loop():
    assert paths({"EA8Data": ["pca/FS4a_1-2"]}) == {74: ("pca/FS4a_1-2",)}
    assert paths({"AppId_014": ["acs/FH0e_1-2"]}, "FIAC_0-1") == {14: ("acs/FH0e_1-2",)}


def test_nul_bytes_are_blanks():
    data = index({"AppId_014": ["X" * 12, "acs/FH0e_1-2"], "AppId_015": ["X" * 12, "X" * 12]})
    files = {"FMI": master(), "FIAC_0-1": data.replace(b"X" * 12, b"\0" * 12)}
    assert read_indices(files, read_master(files)).paths == {14: ("acs/FH0e_1-2",)}


def test_the_pca_wins_over_standard_products():
    files = {"FMI": master(), "FIST_0-1": index({"AppId_090": ["stdprod/FH5a_1-2"]})}
    assert read_indices(files, read_master(files)).paths == {90: ("stdprod/FH5a_1-2",)}
    files["FIPC_0-1"] = index({"PCU0Hk": ["pca/FH5a_1-2"]})
    assert read_indices(files, read_master(files)).paths == {90: ("pca/FH5a_1-2",)}


def test_position_is_that_of_the_first_index_that_has_all_of_it():
    files = {"FMI": master(), "FIST_0-1": index({"ObsID": [""]}, POSITION[:2])}
    assert read_indices(files, read_master(files)).position == {}
    files["FIAC_0-1"] = index({"ObsID": [""]})
    files["FIPC_0-1"] = index({"ObsID": [""]}, (("RA_OBJ", 1.0), ("DEC_OBJ", 2.0), ("EQUINOX", 2000.0)))
    assert read_indices(files, read_master(files)).position == dict(POSITION)
    primary = opened(build_filter_file(files, None)).primary
    assert [primary[key] for key, _ in POSITION] == [value for _, value in POSITION]


@pytest.mark.parametrize("value", ["", "unknown", None, True])
def test_a_position_that_is_none_is_taken_from_another_index(value):
    wrong = (("RA_OBJ", value), *POSITION[1:])
    files = {"FMI": master(), "FIPC_0-1": index({"ObsID": [""]}, wrong), "FIAC_0-1": index({"ObsID": [""]})}
    assert read_indices(files, read_master(files)).position == dict(POSITION)
    files["FIAC_0-1"] = index({"ObsID": [""]}, wrong)
    with pytest.raises(
        DataError, match=r"FIAC_0-1\[0\]: the position of the target is RA_OBJ .*no other index has them"
    ):
        read_indices(files, read_master(files))


def test_gzipped_files_and_folders():
    time = steps(START - 8, 8, 40)
    files = observation(acs={21: samples(time, ACSALTITUDE=time)})
    files["acs/FH15_0-1.gz"] = gzip.compress(files.pop("acs/FH15_0-1"))
    files["FIAC_0-1.gz"] = gzip.compress(files.pop("FIAC_0-1"))
    made = opened(build_filter_file(files, None)).table("XTE_MKF")
    assert np.array_equal(made.column("ACSALTITUDE"), made.column("Time"))
    moved = {"FMI": master(Std_Prod_Index_File="obs/FIST_0-1", ACS_Index_File="obs/FIAC_0-1")}
    moved |= {f"obs/{name}": content for name, content in files.items() if name != "FMI"}
    made = opened(build_filter_file(moved, None)).table("XTE_MKF")
    assert np.array_equal(made.column("ACSALTITUDE"), made.column("Time"))


def test_without_any_index_there_are_only_derived_columns_undefined():
    made = opened(build_filter_file({"FMI": master()}, None)).table("XTE_MKF")
    assert len(made.infos) == 39
    assert all(made.null(info.name).all() for info in made.infos.values() if info.name != "Time")


def test_about_the_observation():
    found = read_master({"FMI": master()})
    assert read_master({"FMI": master(User=123)}).user == "123"
    assert (found.begin, found.end) == (("1999-12-31", "23:59:00"), ("2000-01-01", "00:04:04"))
    primary = opened(build_filter_file({"FMI": master()}, None)).primary
    assert (primary["OBSERVER"], primary["OBJECT"], primary["OBS_ID"]) == ("SMITH", "SRC X-1", "10001-01-01-00")
    assert (primary["DATE-OBS"], primary["TIME-END"]) == ("1999-12-31", "00:04:04")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "FMI: the master index is missing"),
        ({"FMI": master(rows=2)}, r"FMI\[XTE_MI\]: 2 rows; .* one single ObsID"),
        ({"FMI": master(without=["TIMEZERO"])}, "TIMEZERO missing"),
        ({"FMI": master(StartDate="1999-12-31")}, "StartDate is '1999-12-31'"),
        ({"FMI": master(start="1000")}, "StartMET is 1000; a time of the mission was expected"),
        ({"FMI": master(start=[1000, 1001])}, r"StartMET is \[1000 1001\]; a time of the mission was expected"),
        ({"FMI": master(stop=10**9)}, "StopMET is 1000000000; a time of the mission was expected"),
        ({"FMI": master(), "FIPC_0-1": b"\x1f\x8b\x08\0"}, "FIPC_0-1: the gzip file"),
        ({"FMI": master(), "FIPC_0-1.gz": b"rubbish"}, "FIPC_0-1.gz: not a FITS file"),
    ],
)
def test_what_can_be_wrong(files, message):
    with pytest.raises(DataError, match=message):
        build_filter_file(files, None)


def test_a_damaged_file_is_named():
    files = observation(acs={21: samples(steps(START, 8, 40), ACSALTITUDE=np.zeros(40))})
    files["acs/FH15_0-1"] = files["acs/FH15_0-1"][:6000]
    with pytest.raises(DataError, match="acs/FH15_0-1"):
        build_filter_file(files, None)
