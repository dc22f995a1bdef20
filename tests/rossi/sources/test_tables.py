"""Tables of sources and observations, and what other programs read of them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from astropy.table import Table

from rossi.errors import ConfigError
from rossi.exchange import from_parquet
from rossi.sources import Observations, group
from rossi.sources.listed import read_places
from rossi.sources.measured import BandRates, Measured, SourceRates, ratio
from rossi.sources.tables import files, observations_table, renewed, sources_of, sources_table
from rossi.timeseries.variability import fractional_variability

NAN = float("nan")
PAGE = Path(__file__).resolve().parents[3] / "docs" / "howto" / "sources.md"
#: MJD in gain epochs 3, 5, 5, 4, 5.
TIME = np.array([50600.0, 52000.0, 53000.0, 51400.0, NAN])
OBSERVATIONS = Observations(
    [f"10001-01-0{n}-00" for n in range(5)],
    ["Eta Car", "ETA_CAR", "η Car", "Crab; Tau X-1", "Terzan 5"],
    np.array([161.2, 161.3, 161.2, 83.63, NAN]),
    np.array([-59.68, -59.68, -59.68, 22.01, NAN]),
    TIME,
    np.array([1000.0, 3000.0, NAN, 500.0, 100.0]),
)
SOFT = BandRates(
    np.array([8.0, 12.0, NAN, 2500.0, NAN]),
    np.array([2.0, 2.0, NAN, 1.0, NAN]) / np.sqrt(2),
    np.array([1.0, 1, 0, 1, 0]),
)
HARD = BandRates(np.array([2.0, 4.0, NAN, NAN, NAN]), np.full(5, 0.5), np.array([1.0, 1, 1, 0, 0]))
MEASURED = Measured(
    {"ch5-10": SOFT, "ch11-20": HARD}, ["succeeded"] * 2 + ["failed"] * 2 + ["no_work"], ("ch11-20", "ch5-10")
)
FOUND = group(OBSERVATIONS)


def test_a_source_a_row() -> None:
    table = sources_table(FOUND, OBSERVATIONS, MEASURED)
    assert table["name"].tolist() == ["Eta Car", "Crab; Tau X-1", "Terzan 5"]
    assert table["observations"].tolist() == [3, 1, 1]
    assert table["exposure"].tolist() == [4000.0, 500.0, 100.0]
    assert table["failures"].tolist() == [1, 1, 0]
    assert (table["first"][0], table["last"][0]) == (50600.0, 53000.0)
    assert np.isnan([table["first"][2], table["ra"][2], table["fvar_ch5-10"][1], table["hardness"][1]]).all()
    # 3000 of 4000 s were 0.1 deg further east.
    assert table["ra"][0] == pytest.approx(161.275, abs=1e-6)
    assert table["anchor_ra"][0] == 161.2
    assert table["names"][0] == "ETA_CAR; Eta Car; η Car"
    # Mean 10, S^2 = 8, mean of squared errors 2.
    assert table["rate_ch5-10"][0] == pytest.approx(10)
    assert table["error_ch5-10"][0] == pytest.approx(1)
    assert table["fvar_ch5-10"][0] == pytest.approx(np.sqrt(0.06))
    assert table["hardness"][0] == pytest.approx(0.3)
    assert table["hardness_error"][0] == pytest.approx(np.hypot(np.sqrt(0.5) / 2, 0.3) / 10)
    assert all(table[name].description for name in table.colnames)
    assert [str(table[name].unit) for name in ("ra", "exposure", "first", "rate_ch5-10")] == ["deg", "s", "d", "ct / s"]


@pytest.mark.parametrize(
    ("hard", "soft", "expected"),
    [
        ((3.0, 0.6), (4.0, 0.2), (0.75, np.hypot(0.6, 0.75 * 0.2) / 4)),
        ((3.0, 0.6), (0.5, 0.2), (6.0, np.hypot(0.6, 6.0 * 0.2) / 0.5)),
        ((3.0, 0.6), (0.0, 0.2), (NAN, NAN)),
        ((3.0, 0.6), (-4.0, 0.2), (NAN, NAN)),
        ((NAN, NAN), (4.0, 0.2), (NAN, NAN)),
    ],
)
def test_hardness(hard: tuple, soft: tuple, expected: tuple) -> None:
    rates = [SourceRates(*pair, fractional_variability(np.empty(0), np.empty(0))) for pair in (hard, soft)]
    np.testing.assert_allclose(ratio(*rates), expected)


def test_means_of_positions_are_told_to_a_milliarcsecond() -> None:
    one = Observations(["10001-01-01-00"], ["A"], *(np.array([x]) for x in (10.123456789, -0.987654321, NAN, 1.0)))
    table = sources_table(group(one), one)
    assert (table["ra"][0], table["dec"][0]) == (10.123457, -0.987654)
    assert (table["anchor_ra"][0], table["anchor_dec"][0]) == (10.123456789, -0.987654321)


def test_what_columns_are_measured_in() -> None:
    units = dict.fromkeys(("ra", "dec", "anchor_ra", "anchor_dec"), "deg")
    units |= dict.fromkeys(("since", "first", "last"), "d") | {"exposure": "s"}
    units |= {f"{what}_{band}": "ct / s" for what in ("rate", "error") for band in ("ch5-10", "ch11-20")}
    table = sources_table(FOUND, OBSERVATIONS, MEASURED)
    assert {name: str(table[name].unit) for name in table.colnames if table[name].unit} == units
    each = observations_table(FOUND, OBSERVATIONS, MEASURED)
    assert [str(each[name].unit) for name in ("ra", "dec", "time", "exposure")] == ["deg", "deg", "d", "s"]
    assert [str(each[f"{name}_ch5-10"].unit) for name in ("rate", "error", "exposure")] == ["ct / s", "ct / s", "s"]


def test_an_observation_a_row() -> None:
    table = observations_table(FOUND, OBSERVATIONS, MEASURED)
    assert table["source"].tolist() == ["Eta Car"] * 3 + ["Crab; Tau X-1", "Terzan 5"]
    assert table["epoch"].tolist() == [3, 5, 5, 4, 0]
    assert table["outcome"].tolist() == MEASURED.outcome
    assert all(table[name].description for name in table.colnames)


def test_the_next_run_takes_the_table_up() -> None:
    written = files(FOUND, OBSERVATIONS, MEASURED)
    for table in (
        Table.read(written["sources.ecsv"].decode(), format="ascii.ecsv"),
        from_parquet(written["sources.parquet"], "sources.parquet"),
    ):
        again = sources_of(table)
        assert [(s.name, s.slug, s.target, s.names[:1], s.into) for s in again] == [
            ("Eta Car", "eta-car", "Eta Car", ("ETA_CAR",), ""),
            ("Crab; Tau X-1", "crab-tau-x-1", "Crab; Tau X-1", ("Crab",), ""),
            ("Terzan 5", "terzan-5", "Terzan 5", ("Terzan 5",), ""),
        ]
        np.testing.assert_array_equal(
            [(s.ra, s.dec, s.since) for s in again][:2], [(161.2, -59.68, 50600), (83.63, 22.01, 51400)]
        )
        found = group(OBSERVATIONS, yesterday=again)
        assert [found.of(row).name for row in range(5)] == [FOUND.of(row).name for row in range(5)]
    with pytest.raises(ConfigError, match="slug, anchor_ra"):
        sources_of(Table({"name": ["a"]}))


def read_by_rossi(data: bytes) -> Table:
    return from_parquet(data, "observations.parquet")


def read_by_astropy(data: bytes) -> Table:
    return Table.read(io.BytesIO(data), format="parquet")


@pytest.mark.parametrize("read", [read_by_rossi, read_by_astropy])
def test_parquet_is_read_with_units(read: Callable[[bytes], Table]) -> None:
    data = files(FOUND, OBSERVATIONS, MEASURED)["observations.parquet"]
    table = read(data)
    expected = observations_table(FOUND, OBSERVATIONS, MEASURED)
    assert table.colnames == expected.colnames
    for name in table.colnames:
        np.testing.assert_array_equal(np.asarray(table[name]), np.asarray(expected[name]))
        assert (table[name].unit, table[name].description) == (expected[name].unit, expected[name].description)


def test_parquet_tells_what_is_not_known() -> None:
    data = files(FOUND, OBSERVATIONS, MEASURED)["observations.parquet"]
    arrow = pyarrow.parquet.read_table(io.BytesIO(data))
    assert arrow["rate_ch5-10"].null_count == 2  # no comparison is true of what is not known
    assert arrow.schema.field("rate_ch5-10").metadata == {b"unit": b"ct / s", b"description": b"Mean rate in ch5-10"}


def test_rows_of_a_run_take_the_place_of_those_before() -> None:
    before = Table({"slug": ["a", "b", "c", "d"], "rate": [1.0, 2.0, 3.0, 4.0], "old": [True, True, True, True]})
    now = Table({"slug": ["e", "c", "a"], "rate": [50.0, 30.0, 10.0], "note": ["x", "y", "z"], "number": [7, 8, 9]})
    made = renewed(before, now, "slug", ["a", "b", "e"])  # b is no source any more; c was not of this run
    assert made.colnames == ["slug", "rate", "old", "note", "number"]
    assert [tuple(row) for row in made] == [
        ("a", 10.0, False, "z", 9),
        ("c", 3.0, True, "", 0),
        ("d", 4.0, True, "", 0),
        ("e", 50.0, False, "x", 7),
    ]
    assert np.isnan(renewed(Table({"slug": ["c"]}), now, "slug", ["e"])["rate"][0])
    assert renewed(None, now, "slug", ["c", "e"])["slug"].tolist() == ["e", "c"]
    told = Table({"slug": ["c"], "rate": [3.0]}, units={"rate": "ct / s"}, descriptions={"rate": "a rate"})
    kept = renewed(told, Table({"slug": ["e"]}), "slug", ["e"])
    assert (str(kept["rate"].unit), kept["rate"].description, kept["slug"].unit) == ("ct / s", "a rate", None)
    held = Table({"source": ["a", "a", "b"], "obsid": ["1", "2", "3"]})
    moved = Table({"source": ["b", "b"], "obsid": ["2", "3"]})  # 2 went from one source to the other
    both = renewed(held, moved, "source", ["b"], unique="obsid")
    assert [tuple(row) for row in both] == [("a", "1"), ("b", "2"), ("b", "3")]


def test_tables_of_nothing() -> None:
    nothing = Observations([], [], *np.empty((4, 0)))
    written = files(group(nothing), nothing)
    for name in ("sources.parquet", "observations.parquet"):
        assert len(from_parquet(written[name], name)) == 0
    with pytest.raises(ConfigError, match=r"x\.parquet: this is no Parquet file"):
        from_parquet(b"PAR1", "x.parquet")
    assert sources_of(Table.read(written["sources.ecsv"].decode(), format="ascii.ecsv")) == ()


def rows_of(found: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a table of pyarrow, DuckDB, pandas or astropy."""
    if isinstance(found, pyarrow.Table):
        return [tuple(row.values()) for row in found.to_pylist()]
    if isinstance(found, Table):
        return [tuple(row) for row in found]
    return found.fetchall() if hasattr(found, "fetchall") else list(found.itertuples(index=False, name=None))


@pytest.mark.parametrize("program", ["pyarrow", "duckdb", "pandas", "astropy"])
def test_the_query_of_the_documentation(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (code,) = [text for text in examples if re.match(rf"(import|from) {program}\b", text)]
    (tmp_path / "observations.parquet").write_bytes(files(FOUND, OBSERVATIONS, MEASURED)["observations.parquet"])
    monkeypatch.chdir(tmp_path)
    left: dict[str, Any] = {}
    exec(code, left)
    assert rows_of(left["bright"]) == [("10001-01-01-00", "Eta Car", 12.0)]


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (Measured({"a": SOFT}, ["failed"]), "1 outcomes were given"),
        (Measured({"a": BandRates(*np.zeros((3, 2)))}), "2 rates of a were given"),
        (Measured({"a": SOFT}, hardness=("b", "a")), "Hardness of b: the bands are a"),
    ],
)
def test_what_does_not_fit_is_refused(measured: Measured, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        sources_table(FOUND, OBSERVATIONS, measured)


def ecsv(*lines: str, columns: str = "name:string ra:float64 dec:float64") -> bytes:
    described = [
        f"# - {{name: {name}, datatype: {kind}}}" for name, _, kind in (c.partition(":") for c in columns.split())
    ]
    head = ["# %ECSV 1.0", "# ---", "# datatype:", *described, "# schema: astropy-2.0"]
    return "\n".join([*head, " ".join(c.partition(":")[0] for c in columns.split()), *lines]).encode()


def test_a_table_that_somebody_wrote() -> None:
    places = read_places(ecsv('"Eta Car" 161.26 -59.68', "Crab 83.63 22.01"), "mine.ecsv")
    assert [(p.name, p.ra, p.dec) for p in places] == [("Eta Car", 161.26, -59.68), ("Crab", 83.63, 22.01)]
    assert all(np.isnan(place.radius) for place in places)
    (place,) = read_places(
        ecsv("A 1.0 2.0 6.0", columns="name:string ra:float64 dec:float64 radius:float64").replace(
            b"radius, datatype", b"radius, unit: arcmin, datatype"
        ),
        "mine.ecsv",
    )
    assert (place.name, place.ra, place.dec, place.radius) == ("A", 1.0, 2.0, pytest.approx(0.1))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"name,ra,dec\n", "mine.ecsv: this is no ECSV table"),
        (b"\xff\xfe", "mine.ecsv: this is no ECSV table"),
        (ecsv("A 1.0", columns="name:string ra:float64"), "mine.ecsv: the columns dec are missing"),
        (ecsv(), "mine.ecsv: the table has no row"),
        (ecsv("A x 1.0", columns="name:string ra:string dec:float64"), "mine.ecsv: column ra holds no angles"),
    ],
)
def test_a_table_that_can_not_be_used(data: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_places(data, "mine.ecsv")
