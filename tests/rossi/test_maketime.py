import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi import ftools
from rossi.errors import DataError
from rossi.fits.reader import open_fits, read_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.gti import from_table, total
from rossi.maketime import OUT_OF_ORDER, find_good_time, good_time, gti_file, intervals

T = np.array([0, 16, 32, 48, 64, 80, 200, 216, 232, 248, 264, 280.0])
G = np.array([1, 1, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1], bool)
BACK_T = np.array([0, 16, 32, 48, 20, 36, 52, 52, 68, 84.0])
BACK_G = np.array([0, 1, 1, 0, 1, 1, 0, 1, 0, 1], bool)


@pytest.mark.parametrize(
    ("time", "good", "prefr", "postfr", "expected"),
    [  # results of the original task
        (T, G, 0, 1, [[0, 32], [48, 216], [232, 248], [264, 280]]),
        (T, G, 0.5, 0.5, [[0, 24], [40, 208], [224, 240], [256, 280]]),
        (BACK_T, BACK_G, 0, 1, [[16, 48], [20, 52], [52, 68]]),
        (BACK_T, BACK_G, 0.25, 0.75, [[12, 44], [20, 48], [52, 64], [80, 84]]),
        (T, np.ones(12, bool), 0, 1, [[0, 280]]),
        ([5.0], [True], 0, 1, []),
        ([], [], 0, 1, []),
    ],
)
def test_reference_cases(time, good, prefr, postfr, expected):
    assert intervals(time, good, prefr, postfr).tolist() == expected


def slow(t, g, prefr, postfr):
    """The rule row by row."""
    rows, i, n = [], 0, len(t)
    while i < n:
        if not g[i]:
            i += 1
            continue
        start = t[i] if i == 0 or t[i - 1] > t[i] else t[i] - prefr * (t[i] - t[i - 1])
        j = i + 1
        while j < n and g[j] and t[j] >= t[j - 1]:
            j += 1
        if j == n:
            stop = t[-1]
        elif t[j] <= t[j - 1]:
            stop = t[j - 1]
        else:
            stop = t[j - 1] + postfr * (t[j] - t[j - 1])
        if stop != start:
            rows.append([start, stop])
        i = j
    return rows


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=30), st.sampled_from([0, 0.25, 0.5, 1]))
def test_same_as_row_by_row(rows, fraction):
    t, g = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows], bool)
    assert intervals(t, g, fraction, 1 - fraction).tolist() == slow(t, g, fraction, 1 - fraction)


def test_undefined_time_is_named():
    table = table_hdu(
        "XTE_MKF", [(Column("Time", "D"), np.array([0, np.nan, np.nan])), (Column("ELV", "E"), np.ones(3))]
    )
    table = open_fits(fits_bytes(primary_hdu(), [table]), "x.xfl").tables[0]
    with pytest.raises(DataError, match=r"x\.xfl\[XTE_MKF\]: Time is undefined in row 2"):
        good_time(table, "ELV > 0", time="Time")


def test_good_time_and_regions_of_other_files(tmp_path):
    columns = [(Column("Time", "D"), np.arange(6.0)), (Column("RA", "E"), np.array([83, 83.2, 84, 85, 83.1, 83.1]))]
    columns.append((Column("DEC", "E"), np.full(6, 22.0)))
    own = table_hdu("STDGTI", [(Column("START", "D"), np.zeros(1)), (Column("STOP", "D"), np.full(1, 4.0))])
    (tmp_path / "x.xfl").write_bytes(fits_bytes(primary_hdu(), [table_hdu("XTE_MKF", columns), own]))
    other = table_hdu("STDGTI", [(Column("START", "D"), np.full(1, 4.0)), (Column("STOP", "D"), np.full(1, 9.0))])
    (tmp_path / "good.gti").write_bytes(fits_bytes(primary_hdu(), [other]))
    (tmp_path / "source.reg").write_text("circle(83.0,22.0,0.5)\n")
    where = f"REGFILTER('{tmp_path}/source.reg', RA, DEC)"
    for expression, expected in (
        (f"GTIFILTER() && {where}", [[0, 2], [4, 5]]),
        (f"GTIFILTER('{tmp_path}/good.gti[STDGTI]') && {where}", [[4, 5]]),
    ):
        out = tmp_path / "out.gti"
        call = {"infile": f"{tmp_path}/x.xfl", "outfile": str(out), "expr": expression, "clobber": True}
        assert ftools.maketime(**call, prefr=0, postfr=1).returncode == 0
        table = read_fits(out).table("STDGTI")
        assert np.column_stack((table.column("START"), table.column("STOP"))).tolist() == expected


def test_good_time_of_rows_out_of_order_is_sorted_and_joined(tmp_path):
    time = np.concatenate((np.arange(100.0, 200, 10), np.arange(150.0, 250, 10), np.arange(0.0, 50, 10)))
    table = table_hdu("XTE_MKF", [(Column("Time", "D", "s"), time), (Column("ELV", "E"), np.full(25, 20.0))])
    (tmp_path / "x.xfl").write_bytes(fits_bytes(primary_hdu(), [table]))
    parameters = {"infile": str(tmp_path / "x.xfl"), "expr": "ELV > 10", "time": "Time", "prefr": 0.5, "postfr": 0.5}
    made = ftools.maketime(outfile=str(tmp_path / "x.gti"), **parameters)
    assert made.returncode == 0, made.stdout
    assert "rows overlap or are out of time order" in made.stdout
    good = read_fits(tmp_path / "x.gti").table("STDGTI")
    assert np.column_stack((good.column("START"), good.column("STOP"))).tolist() == [[0, 40], [100, 240]]
    assert from_table(good).tolist() == [[0, 40], [100, 240]]
    found = find_good_time(read_fits(tmp_path / "x.xfl"), "ELV > 10", 0.5, 0.5)
    assert (found.gti.tolist(), [r.code for r in found.remarks]) == ([[0, 40], [100, 240]], ["good_time_joined"])


@pytest.mark.parametrize("name", ["xfl_overlap", "xfl_unsorted"])
def test_cases_give_good_time_that_is_read(golden, tmp_path, name):
    out = tmp_path / "x.gti"
    made = ftools.maketime(
        infile=str(golden.parent / f"cases/{name}.xfl.gz"), outfile=str(out), expr="ELV > 0", time="Time"
    )
    assert made.returncode == 0, made.stdout
    assert "sorted and joined" in made.stdout
    assert total(from_table(read_fits(out).table("STDGTI"))) > 0


def test_no_rows_are_no_good_time():
    assert intervals([], [], 0.5, 0.5).shape == (0, 2)


def test_the_file_says_where_its_intervals_were_joined():
    data = fits_bytes(primary_hdu(), [table_hdu("XTE_MKF", [(Column("Time", "D", "s"), np.arange(3.0))], [])])
    file = open_fits(data, "x.xfl")
    for rows, joined in (([[0, 10], [20, 30]], [[0, 10], [20, 30]]), ([[20, 30], [0, 22]], [[0, 30]])):
        made = open_fits(gti_file(file, file.table(), rows, "ELV > 10", 0.25, None), "x.gti").table("STDGTI")
        assert np.column_stack((made.column("START"), made.column("STOP"))).tolist() == joined
        said = ["good time of x.xfl", "Expression: ELV > 10", *([OUT_OF_ORDER] if len(joined) == 1 else [])]
        history = [image[8:].decode().strip() for keyword, image in made.header.images() if keyword == "HISTORY"]
        assert "".join(history).replace(" ", "") == "".join(said).replace(" ", "")  # lines are broken at 72 letters
        assert (made.header["PREFR"], made.header["POSTFR"]) == (0.25, 0.5)


@pytest.mark.parametrize(("names", "taken"), [(["XTE_MKF"], 0), (["OTHER"], 0), (["GTI", "XTE_MKF"], 1)])
def test_the_filter_files_table_is_known_by_its_name_or_alone(names, taken):
    tables = [
        table_hdu(
            name, [(Column("Time", "D", "s"), 100.0 * n + 16 * np.arange(3)), (Column("ELV", "E"), [20.0] * 3)], []
        )
        for n, name in enumerate(names)
    ]
    found = find_good_time(open_fits(fits_bytes(primary_hdu(), tables), "x.xfl"), "ELV > 10", 0.0, 0.0)
    assert found.gti.tolist() == [[100.0 * taken, 100.0 * taken + 32]]
