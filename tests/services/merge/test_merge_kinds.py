"""Merges of files that can't be one light curve, or not at all: nothing is mixed, lost or silent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rossi.errors import ConfigError
from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.timeseries.series import LightCurve, filled_intervals
from rossi.timeseries.writing import write_light_curve
from services.contract import ObservationResult, Outcome, Outputs, StageResult
from services.merge.config import MergeConfig
from services.merge.stage import LEFT_OUT, merge, merge_files
from tests.services.merge.made import named, product

CONFIG = MergeConfig(title="SIM")
KEYWORDS = {"HDUCLAS1": "LIGHTCURVE", "TELESCOP": "XTE", "INSTRUME": "PCA", "TIMESYS": "TT", "TIMEREF": "LOCAL"}
KEYWORDS |= {"OBJECT": "SIM X-1", "RA_OBJ": 245.0, "DEC_OBJ": 25.0, "BACKAPP": True, "MJDREFI": 49353}
KEYWORDS |= {"MJDREFF": 6.96574074e-4}


@pytest.fixture(autouse=True)
def _same_date(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("rossi.timeseries.layout", "services.merge.products", "services.merge.report"):
        monkeypatch.setattr(f"{module}.now", lambda: "2020-01-01T00:00:00")


def curve(number: int = 0, *, shift: float = 0.0, live: bool = False, rows: int = 10, **keywords: object) -> bytes:
    time = 1e8 + 1e5 * number + 16.0 * np.arange(rows) + shift
    rate = 5.0 + np.arange(rows) + shift
    header = Header(list((KEYWORDS | keywords).items()))
    extra = {"LiveTime": np.full(rows, 80.0)} if live else {}
    good = 1e8 + 1e5 * number + np.array([[0.0, 160.0]]) if not rows else filled_intervals(time, 16.0)
    return write_light_curve(
        LightCurve("x", time, rate, rate / 10, np.ones(rows), 16.0, good, header, Header([("TELESCOP", "XTE")]), extra)
    )


def tables(outputs: Outputs) -> dict[str, object]:
    return {file.name: open_fits(file.data, file.name).table("RATE") for file in outputs.files["light_curve"]}


def codes(outputs: Outputs) -> list[str]:
    return [caveat.code for caveat in outputs.caveats]


def test_each_kind_has_a_file_of_its_own() -> None:
    files = [
        ("a.lc", curve(0)),
        ("b.lc", curve(1)),
        ("bary.lc", curve(2, TIMESYS="TDB", TIMEREF="SOLARSYSTEM")),
        ("pcu.lc", curve(3, live=True)),
        ("hexte.lc", curve(4, INSTRUME="HEXTE")),
        ("crab.lc", curve(5, OBJECT="Crab", RA_OBJ=83.6)),
    ]
    outputs = merge_files(CONFIG, named(files))
    found = tables(outputs)
    assert {name: len(table) for name, table in found.items()} == {
        "sim_rate_pca_local_per-s_sim-x-1.lc": 20,
        "sim_rate_pca_barycentred_per-s_sim-x-1.lc": 10,
        "sim_rate_pca_local_per-pcu_sim-x-1.lc": 10,
        "sim_rate_hexte_local_per-s_sim-x-1.lc": 10,
        "sim_rate_pca_local_per-s_crab.lc": 10,
    }
    per_pcu = found["sim_rate_pca_local_per-pcu_sim-x-1.lc"]
    assert [per_pcu.info(name).unit for name in ("RATE", "ERROR", "LiveTime")] == ["count/s/PCU", "count/s/PCU", "s"]
    assert found["sim_rate_pca_barycentred_per-s_sim-x-1.lc"].header["TIMESYS"] == "TDB"
    bary = next(file for file in outputs.files["light_curve"] if "barycentred" in file.name)
    assert open_fits(bary.data, bary.name).primary["TIMESYS"] == "TDB"
    assert codes(outputs) == ["kinds_apart"]
    (caveat,) = outputs.caveats
    for word in ("instrument", "time system", "unit", "source", "bary.lc", "pcu.lc", "hexte.lc", "crab.lc"):
        assert word in caveat.message
    assert merge_files(CONFIG, named(files[::-1])).files["light_curve"] == outputs.files["light_curve"]


def test_other_places_are_refused_and_joined_when_forced() -> None:
    files = [("a.lc", curve(0)), ("near.lc", curve(2, RA_OBJ=245.2)), ("crab.lc", curve(5, OBJECT="Crab", RA_OBJ=83.6))]
    assert len(tables(merge_files(CONFIG, named(files[:2]), one_place=True))) == 1
    assert len(tables(merge_files(CONFIG, named(files)))) == 2
    for given in (files, files[::-1]):
        with pytest.raises(ConfigError) as refused:
            merge_files(CONFIG, named(given), one_place=True)
        assert str(refused.value) == (
            "a.lc is of SIM X-1 at RA 245.000, Dec +25.000, crab.lc is of Crab at RA 83.600, Dec +25.000, 126.86 deg "
            "from it; light curves of one source, within 0.2 deg, were expected. Merge those of each source by "
            "themselves, or join them all with --force."
        )
    files = [files[0], files[2]]
    forced = merge_files(CONFIG.model_copy(update={"force": True}), named(files), one_place=True)
    assert {name: len(table) for name, table in tables(forced).items()} == {"sim_rate.lc": 20}
    assert codes(forced) == ["objects_joined"]
    (header,) = (table.header for table in tables(forced).values())
    assert not {"OBJECT", "RA_OBJ", "DEC_OBJ"} & set(header)


def test_a_merged_curve_says_of_what_it_is() -> None:
    obsids = ["10408-01-01-00", "20402-01-45-03", "40703-01-02-00"]
    # HEXTE's data modes cut a band at different channels.
    keywords = [{"RA_OBJ": 245.1, "MAXCHAN": 11, "MINCHAN": 5}, {"OBJECT": "sim_x-1", "MINCHAN": 4, "MAXCHAN": 10}, {}]
    files = [
        (f"{obsid}_pwa_ch5-10.lc", curve(n, rows=10 + 10 * n, INSTRUME="HEXTE", **more))
        for n, (obsid, more) in enumerate(zip(obsids, keywords, strict=True))
    ]
    (made,) = merge_files(CONFIG, named(files[:2][::-1])).files["light_curve"]
    merged = open_fits(made.data, made.name)
    header = merged.table("RATE").header
    assert [header[name] for name in ("OBJECT", "MINCHAN", "MAXCHAN")] == ["SIM X-1", 4, 11]
    # Ten rows 0.1 deg east, twenty at the source.
    assert header["RA_OBJ"] == pytest.approx(245.1 - 2 / 3 * 0.1, abs=2e-6)
    assert header["DEC_OBJ"] == pytest.approx(25.0, abs=1e-5)
    assert [merged.primary[name] for name in ("OBJECT", "RA_OBJ")] == ["SIM X-1", header["RA_OBJ"]]
    observations = merged.table("OBSERVATIONS")
    assert [str(text).strip() for text in observations.column("OBJECT")] == ["SIM X-1", "sim_x-1"]
    # One position, to the digit; and a band's name tells channels where no file does.
    (made,) = merge_files(CONFIG, named(files[2:])).files["light_curve"]
    header = open_fits(made.data, made.name).table("RATE").header
    names = ("OBJECT", "RA_OBJ", "DEC_OBJ", "MINCHAN", "MAXCHAN")
    assert [header[name] for name in names] == ["SIM X-1", 245.0, 25.0, 5, 10]


def test_each_moment_counts_once() -> None:
    whole = curve(0, rows=20)
    outputs = merge_files(
        CONFIG, named([("a.lc", whole), ("renamed.lc", whole), ("part.lc", curve(0, rows=10, shift=5.0))])
    )
    (table,) = tables(outputs).values()
    assert (len(table), table.header["ONTIME"]) == (20, 320.0)
    assert codes(outputs) == ["duplicate_rows", "overlapping_files"]
    np.testing.assert_array_equal(table.column("FRACEXP"), 1)


def test_a_curve_without_rows_adds_nothing_and_is_told() -> None:
    outputs = merge_files(CONFIG, named([("a.lc", curve(0)), ("empty.lc", curve(3, rows=0))]))
    (table,) = tables(outputs).values()
    assert (len(table), table.header["ONTIME"]) == (10, 160.0)
    assert [c.message for c in outputs.caveats] == ["empty.lc: the light curve has no row."]


def test_files_that_are_not_read_are_named() -> None:
    outputs = merge_files(CONFIG, named([("a.lc", curve(0)), ("b.lc", b"text")]), unread={"c.lc": "c.lc: is a folder."})
    assert [c.message.partition(":")[0] for c in outputs.caveats if c.code == LEFT_OUT] == ["b.lc", "c.lc"]
    assert outputs.summary["failed"] == 2
    assert len(tables(outputs)) == 1


def test_what_a_file_does_not_tell_is_said() -> None:
    silent = curve(1).replace(b"INSTRUME= 'PCA     '", b"XNSTRUME= 'PCA     '")
    outputs = merge_files(CONFIG, named([("a.lc", curve(0)), ("silent.lc", silent)]))
    assert len(tables(outputs)) == 1
    assert codes(outputs) == ["kind_assumed"]
    assert "silent.lc: no keyword tells the instrument" in outputs.caveats[0].message


def test_a_curve_that_names_no_source_is_told() -> None:
    nameless = curve(1)
    for keyword in (b"OBJECT  =", b"RA_OBJ  =", b"DEC_OBJ ="):
        assert keyword in nameless
        nameless = nameless.replace(keyword, b"X" + keyword[1:])
    outputs = merge_files(CONFIG, named([("a.lc", curve(0)), ("nameless.lc", nameless)]))
    assert len(tables(outputs)) == 1
    assert "nameless.lc: no keyword tells the source (OBJECT, RA, DEC)" in outputs.caveats[0].message


def test_a_campaign_keeps_sources_apart_by_position() -> None:
    obsids = ["10408-01-01-00", "20402-01-45-03", "40703-01-02-00", "90001-01-01-00"]
    headers = [{}, {"OBJECT": "SIM X-1 (ANOTHER NAME)"}, {"OBJECT": "OTHER", "RA_OBJ": 10.0}, {"BACKAPP": False}]
    results = [
        ObservationResult.of(o, [StageResult(stage="pca_extract", obsid=o, outcome=Outcome.SUCCEEDED)]) for o in obsids
    ]
    curves = {
        o: (product(f"{o}_ch5-10.lc", curve(n, live=True, **more)),)
        for n, (o, more) in enumerate(zip(obsids, headers, strict=True))
    }
    outputs = merge(CONFIG, obsids, results, curves)
    assert {name: len(table) for name, table in tables(outputs).items()} == {
        "sim_ch5-10_net_sim-x-1.lc": 20,
        "sim_ch5-10_net_other.lc": 10,
        "sim_ch5-10_total_sim-x-1.lc": 10,
    }
    assert codes(outputs) == ["objects_joined", "kinds_apart"]
    assert outputs.summary["bands"]["ch5-10_net_other"] == {"rows": 10, "unit": "count/s/PCU"}


@pytest.mark.parametrize(
    ("name", "rows", "said"),
    [
        ("v10_barycentred", {"barycentred": 129, "local": 126}, ["kinds_apart"]),
        ("v13_rate1_rate3", {"": 126}, [LEFT_OUT]),
        ("v18_zero_rows", {"": 126}, ["empty_curve"]),
        ("v19_vla_extra", {"": 255}, ["curve_read"]),
        ("v22_extra_first", {"": 255}, []),
        ("v25_no_error", {"": 126}, [LEFT_OUT]),
        ("v31_per_pcu", {"per-pcu": 129, "per-s": 126}, ["kinds_apart"]),
        ("v33_other_object", {"other-x-1": 129, "sim-x-1": 126}, ["kinds_apart"]),
        ("v37_timedel_column", {"": 255}, []),
        ("v40_nan_time", {"": 254}, ["curve_read"]),
    ],
)
def test_cases_beside_a_good_curve(golden: Path, name: str, rows: dict[str, int], said: list[str]) -> None:
    folder = golden.parent / "cases"
    files = [(p.name, p.read_bytes()) for p in (folder / "base_b.lc.gz", folder / f"{name}.lc.gz")]
    outputs = merge_files(CONFIG, named(files))
    found = {n.removeprefix("sim_ch0-255").removesuffix(".lc").strip("_"): len(t) for n, t in tables(outputs).items()}
    assert found == rows
    assert codes(outputs) == said
    if not rows.keys() - {""} and rows[""] == 126:
        assert next(iter(tables(outputs).values())).header["ONTIME"] == 2016.0


def test_a_case_of_another_place_is_refused(golden: Path) -> None:
    files = [
        (name, (golden.parent / "cases" / name).read_bytes()) for name in ("base_b.lc.gz", "v33_other_object.lc.gz")
    ]
    with pytest.raises(ConfigError, match=r"v33_other_object.lc.gz is of OTHER X-1 at RA 10.000, Dec \+25.000"):
        merge_files(CONFIG, named(files), one_place=True)
