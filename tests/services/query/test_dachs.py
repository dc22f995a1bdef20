"""The catalogue's client on a real and strict TAP server, over 200,000 rows; ``make test-tap`` runs it."""

import tempfile
from pathlib import Path

import pytest

from rossi.errors import ConfigError
from rossi.met import mjd_to_met
from services.query.config import QueryConfig
from services.query.stage import look
from services.query.tap import Catalogue
from services.storage import StoreError
from tests.servers import dachs
from tests.servers.rows import accepted, made_rows

ROWS, NAMELESS = 200_000, 40
#: It takes minutes to take the rows in: make test-tap.
pytestmark = pytest.mark.dachs


@pytest.fixture(scope="module")
def rows():
    return made_rows(ROWS)


@pytest.fixture(scope="module")
def service(rows):
    if why := dachs.missing():
        pytest.fail(why)
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        Path(name).chmod(0o755)
        with dachs.serving_rows(Path(name), [*rows, *(accepted(93055 + n) for n in range(NAMELESS))]) as url:
            yield url


def find(service, **config):
    return look(QueryConfig(service=service, table="rossi.xtemaster", **config), None)


def test_its_list_of_columns_quotes_what_has_to_be(service):
    with Catalogue(service) as catalogue:
        names = [name for name, _, _ in catalogue.columns("rossi.xtemaster")]
    assert '"time"' in names
    assert "obsid" in names


def test_a_position(service, rows):
    found = find(service, ra=161.265, dec=-59.6845, radius="1arcsec")
    assert set(found.obsids) == {row["obsid"] for row in rows if row["target_name"] == "ETA_CAR"}
    assert f"{NAMELESS} without an ObsID" in found.caveats[0].message


@pytest.mark.parametrize("jobs", [False, True])
def test_dates_and_proposals(service, rows, jobs):
    prnb = rows[30_000]["prnb"]
    low, high = rows[29_000]["time"], rows[31_000]["time"]
    dates = {"start": float(mjd_to_met(low)), "stop": float(mjd_to_met(high))}
    found = find(service, proposals=(prnb,), jobs=jobs, **dates)
    expected = {row["obsid"] for row in rows if row["prnb"] == prnb and low + 0.01 < row["time"] < high - 0.01}
    assert expected <= set(found.obsids)
    assert len(set(found.obsids) - expected) < 10  # at the two ends: time scales


def test_targets_and_obsids(service, rows):
    asked = tuple(row["obsid"] for row in rows[:700])
    assert set(find(service, obsids=asked).obsids) == set(asked)
    named = find(service, targets=("src 13",))
    assert set(named.obsids) == {row["obsid"] for row in rows if row["target_name"] == "SRC 13"}


def test_all_pages(service, rows):
    found = find(service, source="catalogue")
    assert set(found.obsids) == {row["obsid"] for row in rows}


def test_overflow(service):
    with pytest.raises(StoreError, match="the answer is cut off after 20000 rows"):
        find(service, adql='SELECT obsid, "time" FROM rossi.xtemaster')


def test_a_query_that_it_does_not_take(service):
    with pytest.raises(ConfigError, match=r"finds fault with the query: .*Could not parse"):
        find(service, adql="SELECT obsid, time FROM rossi.xtemaster")
