"""The catalogue, asked with pyvo, at a service that speaks the protocol."""

import io
import re

import numpy as np
import pyarrow.parquet
import pytest
from astropy.config import set_temp_cache
from astropy.table import Table

from rossi.errors import ConfigError
from services.query.adql import Selection
from services.query.catalogue import look_up
from services.query.config import ListSource, QueryConfig
from services.query.paging import all_rows
from services.query.registry import KNOWN
from services.query.stage import look, run_query
from services.query.tap import _RETRY, Answer, Catalogue
from services.query.worklist import read_obsids
from services.storage import StoreError, open_archive, open_store
from services.storage.outputs import fetch_outputs
from tests.servers.rows import accepted, made_rows, real_rows
from tests.servers.tap import TapServer, serving
from tests.services.conftest import ROWS

MADE = made_rows(ROWS)


@pytest.fixture(autouse=True)
def _again_at_once(monkeypatch):
    """Requests are repeated without a pause."""
    monkeypatch.setattr("services.query.tap._RETRY", _RETRY.new(backoff_factor=0.0))


def find(server, **config):
    return look_up(QueryConfig(service=server.url, **config))


def codes(work):
    return [caveat.code for caveat in work.caveats]


def test_tables_and_columns(tap):
    with Catalogue(tap.url) as catalogue:
        assert catalogue.tables("xte") == {"xtemaster": "XTE Master Catalog."}
        assert catalogue.tables("suza") == {}
        assert ("ra", "deg", "Right ascension.") in catalogue.columns("public.XTEMASTER")
        with pytest.raises(ConfigError, match="no table 'xtemister'"):
            catalogue.columns("xtemister")


@pytest.mark.parametrize(
    "criteria",
    [
        {"ra": 161.265, "dec": -59.6845},
        {"ra": "10:45:03.6", "dec": "-59:41:04.2", "radius": "6arcmin"},
        {"ra": "10h45m03.6s", "dec": "-59d41m04.2s", "radius": 0.02},
        {"name": "161.265 -59.6845"},
        {"targets": ["eta  car"]},
        {"targets": ["ETA_CAR"]},
    ],
)
def test_of_one_source(tap, criteria):
    work = find(tap, **criteria)
    assert list(work.obsids) == [row["obsid"] for row in MADE if row["target_name"] == "ETA_CAR"]
    assert codes(work) == ["unobserved"]
    assert work.caveats[0].message.startswith("Left out of the catalogue's rows: 1 without an ObsID")


@pytest.mark.parametrize(
    ("criteria", "chosen"),
    [
        ({}, lambda row: True),
        ({"proposals": [30100, 10100]}, lambda row: row["prnb"] in (30100, 10100)),
        ({"obsids": [MADE[3]["obsid"], MADE[300]["obsid"]]}, lambda row: row in (MADE[3], MADE[300])),
        ({"obsids": [row["obsid"] for row in MADE]}, lambda row: True),
        ({"start": "2001-01-01", "stop": "2002-01-01"}, lambda row: 51910 <= row["time"] < 52275),
        ({"start": 0.0, "stop": 31536000.0}, lambda row: row["time"] < 49718.0),
        ({"targets": ["Eta Car"], "stop": "1999-01-01"}, lambda row: row["dec"] == -59.6845 and row["time"] < 51179),
        ({"adql": "SELECT TOP 3 obsid, time FROM xtemaster WHERE exposure > 0 ORDER BY time"}, lambda r: r in MADE[:3]),
        ({"targets": ["no' such \" thing"]}, lambda row: False),
    ],
)
def test_criteria(tap, criteria, chosen):
    assert set(find(tap, **criteria).obsids) == {row["obsid"] for row in MADE if chosen(row)}


def test_rows_are_those_of_the_catalogue(tap):
    row = find(tap, obsids=[MADE[10]["obsid"]]).rows[0]
    made = MADE[10]
    assert (row.target_name, row.cycle, row.prnb) == ("ETA_CAR", made["cycle"], made["prnb"])
    assert (row.exposure, row.ra, row.dec) == (made["exposure"], made["ra"], made["dec"])
    assert row.time == pytest.approx(made["time"] + 62.184 / 86400, abs=1e-8)  # TT of 1996


def test_a_resolved_name(tap, tmp_path):
    with set_temp_cache(tmp_path):  # astropy keeps answers by URL, and ports come again
        work = find(tap, name="Eta Car", resolver=f"{tap.root}/sesame/")
    assert len(work.rows) == ROWS // 10
    assert "GET /sesame/SNV" in tap.requests


def test_jobs_give_the_same(tap):
    assert find(tap, jobs=True, targets=["Eta Car"]) == find(tap, targets=["Eta Car"])
    assert "POST /tap/async" in tap.requests
    assert not tap.jobs


@pytest.mark.parametrize("jobs", [False, True])
def test_pages(tap, jobs):
    whole = find(tap)
    tap.queries.clear()
    assert find(tap, page_rows=150, jobs=jobs) == whole
    pages = [query for query in tap.queries if "ORDER BY time" in query]
    assert len(pages) > 2
    assert all(re.search(r"exposure > 0", query) for query in pages)


@pytest.mark.parametrize("honest", [True, False])
def test_what_is_cut_off_is_paged_finer(tap, honest):
    """Whether or not the service says that its answer is a random part."""
    whole = find(tap)
    tap.behaviour.limit, tap.behaviour.honest = 90, honest
    assert find(tap) == whole


def test_what_stays_cut_off_is_an_error():
    rows = [{**row, "time": 50000.0} for row in MADE[:50]]
    with serving(TapServer(rows)) as server:
        server.behaviour.limit = 20
        with pytest.raises(StoreError, match=r"counts 50 rows but gives 20; the answer is cut off"):
            find(server)


def test_own_query_that_is_cut_off_is_an_error(tap):
    tap.behaviour.limit = 90
    with pytest.raises(StoreError, match="cut off after 90 rows"):
        find(tap, adql="SELECT obsid FROM xtemaster")


def test_own_query_without_obsid(tap):
    with pytest.raises(ConfigError, match="no column obsid, only target_name"):
        find(tap, adql="SELECT target_name FROM xtemaster")


def test_rows_without_time_are_a_page():
    rows = [{**row, "time": None if n % 5 == 0 else row["time"]} for n, row in enumerate(MADE[:40])]
    with serving(TapServer(rows)) as server:
        work = find(server, page_rows=15)
    assert len(work.rows) == 40
    assert np.isnan(work.rows[-1].time)


def test_a_service_that_loses_rows_between_count_and_answer():
    class Losing:
        url = "test"

        def count(self, selection):
            return 10

        def span(self, selection):
            return 1.0, 1.0

        def ask(self, query, most=None):
            return Answer(Table({"obsid": ["x"] * 9}), whole=True)

    with pytest.raises(StoreError, match="counts 10 rows"):
        all_rows(Losing(), Selection("t"), 100)


def test_repeated_slewing_and_odd_rows():
    first = MADE[0]
    rows = [
        *MADE[:5],
        {**first, "exposure": 17.0},
        {**MADE[1], "obsid": MADE[1]["obsid"] + "S"},
        {**MADE[2], "obsid": "", "exposure": 100.0},
        {**MADE[3], "obsid": "20402-01-45-03", "cycle": 5},
        accepted(),
    ]
    with serving(TapServer(rows)) as server:
        work = find(server)
        assert len(work.rows) == 6
        assert codes(work) == ["unobserved", "repeated", "slews", "other_cycle"]
        assert " 2 without" in work.caveats[0].message
        assert work.rows[0].exposure == first["exposure"]
        assert len(find(server, slews=True).rows) == 7


def test_zero_rows(tap, tmp_path):
    config = QueryConfig(service=tap.url, ra=10, dec=10, radius="1arcsec")
    work, made = run_query(config, None, open_store(str(tmp_path)))
    key = made.manifest
    assert work.rows == ()
    (file,) = fetch_outputs(open_store(str(tmp_path)), key, "observations")
    assert len(Table.read(io.BytesIO(file.data), format="ascii.ecsv")) == 0


def test_asked_for_and_not_there(tap):
    work = find(tap, obsids=["20402-01-45-03", MADE[7]["obsid"]])
    assert work.obsids == (MADE[7]["obsid"], "20402-01-45-03")
    assert codes(work) == ["not_in_catalogue"]


def test_published(tap, tmp_path):
    store = open_store(str(tmp_path))
    config = QueryConfig(service=tap.url, targets=["Eta Car"])
    work, made = run_query(config, None, store, "run")
    key = made.manifest
    files = {name: fetch_outputs(store, key, name)[0] for name in ("observations", "parquet", "figure")}
    table = Table.read(io.BytesIO(files["observations"].data), format="ascii.ecsv")
    other = pyarrow.parquet.read_table(io.BytesIO(files["parquet"].data))
    assert table.colnames == other.column_names
    for name in table.colnames:
        assert table[name].tolist() == other[name].to_pylist()
    assert table["target_name"][0] == "ETA_CAR"
    assert str(table["time"].unit) == "d"
    assert other.schema.field("exposure").metadata[b"unit"] == b"s"
    assert files["figure"].data.startswith(b"\x89PNG")
    for file in (files["observations"], files["parquet"]):
        assert read_obsids(file.data, file.name) == work.obsids
    assert run_query(config, None, store, "run")[1].manifest == key


@pytest.mark.parametrize(
    "data", [b"", b"# mine\n", b"target_name obsid\n", b"PAR1 and no more", b"# %ECSV 1.0\n# ---\nx\n1\n", b"\xff\xfe"]
)
def test_no_work_list(data):
    with pytest.raises(ConfigError, match="list"):
        read_obsids(data, "list.txt")


def test_plain_work_list():
    assert read_obsids(b"# mine\n20402-01-45-03\n\n20402-01-45-03\n", "list.txt") == ("20402-01-45-03",)


class TestBadAnswers:
    def test_no_network(self):
        with pytest.raises(StoreError, match=r"can't be reached \(Connection refused\); check the network"):
            look_up(QueryConfig(service="http://127.0.0.1:9/tap"))

    def test_service_down_for_a_moment(self, tap):
        tap.behaviour.unavailable = 2
        assert len(find(tap).rows) == ROWS

    @pytest.mark.parametrize("jobs", [False, True])
    def test_service_down(self, tap, jobs):
        tap.behaviour.unavailable = -1
        with pytest.raises(StoreError, match=r"down or busy \(it answers 503\)"):
            find(tap, jobs=jobs)

    @pytest.mark.parametrize("jobs", [False, True])
    def test_error_document(self, tap, jobs):
        with pytest.raises(ConfigError, match=r"finds fault with the query: .*no such column: wrong"):
            find(tap, adql="SELECT obsid FROM xtemaster WHERE wrong = 1", jobs=jobs)
        with pytest.raises(ConfigError, match=r"finds fault with the query: .*Syntax error"):
            find(tap, adql="SELECT SELECT", jobs=jobs)

    @pytest.mark.parametrize("text", ["<html>hello</html>", "", "<VOTABLE><RESOURCE>", "nonsense"])
    def test_nonsense(self, tap, text):
        tap.behaviour.instead = text or " "
        with pytest.raises(StoreError, match="can't be read"):
            find(tap)

    def test_wrong_address(self, tap):
        with pytest.raises(ConfigError, match=r"the service answers 404; check its address"):
            look_up(QueryConfig(service=tap.root))

    def test_table_without_a_column(self):
        columns = {"obsid": ("TEXT", "", ""), "time": ("REAL", "d", ""), "exposure": ("REAL", "s", "")}
        with serving(TapServer()) as server:
            server.add_table("xteslew", columns, [], "XTE Slews")
            with pytest.raises(ConfigError, match="table xteslew has no column target_name, cycle, prnb, ra, dec"):
                find(server, table="xteslew")

    @pytest.mark.parametrize("reserved", [{"time"}, {"time", "dec", "status", "exposure", "obsid", "prnb"}])
    @pytest.mark.parametrize(
        "criteria",
        [
            {"ra": 161.265, "dec": -59.6845},
            {"targets": ("eta car",)},
            {"proposals": (10100,), "start": 50000.0},
            {"obsids": ("10100-00-00-00",), "source": "catalogue"},
            {"ra": 161.265, "dec": -59.6845, "page_rows": 7},
        ],
    )
    def test_columns_that_are_words_of_the_language(self, tap, reserved, criteria):
        expected = find(tap, **criteria)
        tap.behaviour.reserved = frozenset(reserved)
        tap.queries.clear()
        assert find(tap, **criteria) == expected
        assert expected.rows or "obsids" in criteria
        assert len(tap.queries[0]) < len(tap.queries[1]) + 2  # one refusal, then all are quoted
        assert all('"time"' in query for query in tap.queries[2:] if "time" in query)

    def test_table_that_is_not_there(self, tap):
        with pytest.raises(ConfigError, match="no table 'xtemister'"):
            find(tap, table="xtemister")

    def test_column_of_another_kind(self, tap):
        with pytest.raises(ConfigError, match="numbers were expected"):
            find(tap, adql="SELECT obsid, target_name AS ra FROM xtemaster")


class TestNames:
    def test_not_resolved(self, tap):
        with pytest.raises(ConfigError, match="'No Such Star' is not known"):
            find(tap, name="No Such Star", resolver=f"{tap.root}/sesame/")

    def test_resolver_out_of_reach(self, tap):
        with pytest.raises(StoreError, match="no name resolver answers"):
            find(tap, name="Eta Car", resolver="http://127.0.0.1:9/")

    @pytest.mark.parametrize(
        ("criteria", "message"),
        [
            ({"ra": 10.0}, "dec is missing"),
            ({"ra": "ten", "dec": 3}, "right ascension 'ten' can't be read"),
            ({"ra": 10, "dec": 99}, "declination '99.0' is 99 degrees"),
            ({"ra": 10, "dec": 9, "radius": "0.1 parsec"}, "radius '0.1 parsec' can't be read"),
            ({"ra": 10, "dec": 9, "radius": 0}, "radius is 0"),
            ({"ra": 10, "dec": 9, "name": "Eta Car"}, "Both a name"),
        ],
    )
    def test_what_is_no_position(self, criteria, message):
        with pytest.raises(ConfigError, match=message):
            QueryConfig(**criteria).cone  # noqa: B018

    @pytest.mark.parametrize(
        "name", ["10:45:03.6 -59:41:04.2", "10h45m03.6s -59d41m04.2s", "161.265,-59.6845", "10 45 03.6 -59 41 04.2"]
    )
    def test_positions_in_one_text(self, name):
        cone = QueryConfig(name=name, radius="6arcmin").cone
        assert (cone.ra, cone.dec, cone.radius) == pytest.approx((161.265, -59.6845, 0.1))


class TestRegistry:
    def test_found(self, tap, monkeypatch):
        monkeypatch.setenv("IVOA_REGISTRY", tap.url)
        with Catalogue() as catalogue:
            assert catalogue.url == tap.url

    def test_known_address_where_it_does_not_answer(self, tap, monkeypatch):
        monkeypatch.setenv("IVOA_REGISTRY", "http://127.0.0.1:9/tap")
        with Catalogue() as catalogue:
            assert catalogue.url == KNOWN
        tap.behaviour.instead = "nonsense"
        monkeypatch.setenv("IVOA_REGISTRY", tap.url)
        with Catalogue() as catalogue:
            assert catalogue.url == KNOWN


class TestSource:
    def test_a_folder_is_looked_through(self, tmp_path):
        (tmp_path / "AO1").mkdir()
        assert look(QueryConfig(service="http://127.0.0.1:9/tap"), open_archive(str(tmp_path))).rows == ()

    def test_names_need_the_catalogue(self, tap, tmp_path):
        archive = open_archive(str(tmp_path))
        assert look(QueryConfig(service=tap.url, ra=161.265, dec=-59.6845), archive).rows
        assert look(QueryConfig(service=tap.url, source=ListSource.CATALOGUE), archive).rows
        with pytest.raises(ConfigError, match="only the catalogue knows"):
            look(QueryConfig(source=ListSource.ARCHIVE, name="Eta Car"), archive)

    def test_nothing_is_asked_for(self, tap):
        with pytest.raises(ConfigError, match="Which observations"):
            look(QueryConfig(service=tap.url), None)
        with pytest.raises(ConfigError, match="No archive"):
            look(QueryConfig(source=ListSource.ARCHIVE), None)


def test_real_rows(shared):
    """The rows of the real catalogue that are at hand: those without an ObsID are left out, all others are had."""
    rows = real_rows(shared / "data" / "real" / "catalogue")
    assert len(rows) > 40
    with serving(TapServer(rows)) as server:
        work = find(server)
        observed = {row["obsid"] for row in rows if row["obsid"] and (row["exposure"] or 0) > 0}
        assert set(work.obsids) == observed
        assert codes(work) == ["unobserved"]
        eta_car = find(server, ra=161.2648, dec=-59.6844)
        assert {row.target_name for row in eta_car.rows} == {"ETA_CAR"}
        assert {row.cycle for row in eta_car.rows} >= {1, 12, 13, 15}
