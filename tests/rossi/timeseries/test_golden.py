"""rebinlc and lcmath against the reference's products, and the join of real standard products."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rossi.fits.reader import open_fits
from rossi.timeseries.arithmetic import Terms, add, subtract
from rossi.timeseries.join import join
from rossi.timeseries.reading import read_light_curve
from rossi.timeseries.rebin import rebin
from rossi.timeseries.series import LightCurve
from rossi.timeseries.writing import write_light_curve

PCA_CASES = ("e3_all5", "e3_split_nulls", "e5_switch")
HEXTE_CASES = ("a_archive16", "b_archive32_gaps", "c_event_dx1f_a", "d_event_dx0f_b", "e_staring_a")
REAL = ("xp1007701_e2_n2a.lc", "xp2007601_e3_n2a.lc", "xp4004101_e5_n2a.lc")
KEYWORDS = ["TELESCOP", "INSTRUME", "OBJECT", "HDUCLAS1", "HDUCLAS2", "HDUCLAS3", "TIMESYS", "MJDREFI", "MJDREFF"]
KEYWORDS += [
    "TSTARTI",
    "TSTARTF",
    "TSTOPI",
    "TSTOPF",
    "TIMEZERI",
    "TIMEDEL",
    "TIMEPIXR",
    "BACKAPP",
    "DEADAPP",
    "VIGNAPP",
]


def load(path: Path) -> LightCurve:
    if not path.exists():
        path = path.with_name(path.name + ".gz")
    data = path.read_bytes()
    return read_light_curve(data, path.name, quantity=open_fits(data, path.name).tables[0].name)


def assert_product_equal(made: bytes, expected: Path) -> None:
    """Compare as float32 products are compared: columns to 2e-6, times to 1e-6 s, keywords alike."""
    if not expected.exists():
        expected = expected.with_name(expected.name + ".gz")
    want, *intervals = open_fits(expected.read_bytes(), expected.name).tables
    have = open_fits(made, "made").table(want.name)
    for gti in intervals:  # rebinlc leaves them out
        for name in ("START", "STOP"):
            np.testing.assert_allclose(
                open_fits(made, "made").table(gti.name).column(name), gti.column(name), rtol=0, atol=1e-6
            )
    assert len(have) == len(want)
    for name in ("TIME", want.name, "ERROR", "FRACEXP"):
        tolerance = {"rtol": 0, "atol": 1e-6} if name == "TIME" else {"rtol": 2e-6, "atol": 1e-6}
        np.testing.assert_allclose(have.column(name), want.column(name), **tolerance, err_msg=name)
    for keyword in KEYWORDS:
        if keyword in want.header:
            assert have.header.get(keyword) == pytest.approx(want.header[keyword]), keyword


def made_by(task: str, parameters: dict[str, str], folder: Path, compat: str | None) -> bytes:
    """Do what a task of the reference did."""
    source = load(folder / parameters["infile"])
    if task == "rebinlc":
        return write_light_curve(rebin(source, int(parameters["multiple"])), form="E")
    terms = Terms(float(parameters["multi"]), float(parameters["multb"]), error_mode=int(parameters.get("err_mode", 1)))
    combine = add if parameters["addsubr"] == "yes" else subtract
    return write_light_curve(combine(source, load(folder / parameters["bgfile"]), terms, compat=compat), form="E")


@pytest.mark.parametrize("case", PCA_CASES)
@pytest.mark.parametrize("name", ["arith_net", "arith_scaled", "arith_rebin3", "arith_rebin_std1"])
@pytest.mark.parametrize("compat", [None, "heasoft"])
def test_pca_curves_equal_rebinlc_and_lcmath(golden: Path, case: str, name: str, compat: str | None) -> None:
    folder = golden / case
    call = next(c for c in json.loads((folder / "plan.json").read_text())["steps"] if c["name"] == name)
    made = made_by(call["task"], call["parameters"], folder / "expected", compat)
    assert_product_equal(made, folder / "expected" / call["outputs"][0])


@pytest.mark.parametrize("case", HEXTE_CASES)
def test_hexte_curves_equal_rebinlc_and_lcmath(golden: Path, tmp_path: Path, case: str) -> None:
    folder = golden.parent / "hexte" / case
    products = json.loads((folder / "expected/manifest.json").read_text())["products"]
    calls = {path: call for path, call in products.items() if call.get("task") in ("rebinlc", "lcmath")}
    assert len(calls) >= 3
    for path, call in calls.items():
        for name in call["inputs"]:
            (tmp_path / Path(name).name).write_bytes((folder / name).read_bytes())
        assert_product_equal(made_by(call["task"], call["parameters"], tmp_path, "heasoft"), folder / "expected" / path)


def test_three_real_files_join_to_one_sorted_curve(shared: Path) -> None:
    curves = [load(shared / "data/real/pca" / name) for name in REAL]
    joined = join(curves[::-1])
    assert len(joined.series) == 6055 + 3486 + 10288
    assert (np.diff(joined.series.time) > 0).all()
    assert (joined.duplicates, joined.overlaps, joined.nulls) == (0, 0, 0)
    np.testing.assert_array_equal(joined.series.rate, np.concatenate([c.rate for c in curves]))
    assert joined.series.header.get("OBJECT") == "X2127+119"
    again = join([*curves, curves[1]])
    assert (len(again.series), again.duplicates) == (len(joined.series), 3486)
