"""The real services: the HEASARC's catalogue, public bucket and web server, and the resolver of names.

Off by default, as all else works without a network: ``pytest -m network``.
"""

import pytest

from rossi.archive import FILE_PATTERNS, ObsID
from services.query.catalogue import look_up
from services.query.config import QueryConfig
from services.query.registry import KNOWN
from services.query.standard_products import collect
from services.query.tap import Catalogue
from services.storage import open_archive

pytestmark = [pytest.mark.network, pytest.mark.filterwarnings("default")]

#: A short observation of Eta Car.
OBSID = "10004-01-40-00"
BUCKET, WEB = "s3://nasa-heasarc", "https://heasarc.gsfc.nasa.gov/FTP"


def test_registry_and_tables():
    with Catalogue() as catalogue:
        assert "heasarc" in catalogue.url
        assert "xtemaster" in catalogue.tables("xte")


def test_columns():
    with Catalogue(KNOWN) as catalogue:
        names = [name for name, _, _ in catalogue.columns("xtemaster")]
    assert {"target_name", "cycle", "prnb", "obsid", "time", "exposure", "ra", "dec"} <= set(names)


def test_eta_car_by_name():
    work = look_up(QueryConfig(name="Eta Car"))
    assert len(work.rows) > 1000
    assert OBSID in work.obsids


def test_eta_car_as_it_is_spelled():
    assert OBSID in look_up(QueryConfig(targets=["Eta Car"])).obsids


def test_pages_are_whole():
    one = look_up(QueryConfig(service=KNOWN, start="1996-01-01", stop="1997-01-01"))
    many = look_up(QueryConfig(service=KNOWN, start="1996-01-01", stop="1997-01-01", page_rows=500))
    assert set(one.obsids) == set(many.obsids)


@pytest.mark.parametrize("url", [BUCKET, WEB])
def test_archive(url):
    archive = open_archive(url)
    folder = ObsID(OBSID).path
    listing = archive.list(f"{folder}pca")
    std2 = [file for file in listing if file.path.rpartition("/")[2].startswith("FS4a_")]
    assert std2
    (data, *_) = archive.fetch_many(archive.identify(std2))
    assert data[:2] in (b"\x1f\x8b", b"SI")
    assert FILE_PATTERNS["std2"]


@pytest.mark.parametrize("url", [BUCKET, WEB])
def test_standard_products(url):
    collected = collect(open_archive(url), [OBSID], ["n2a"])
    assert collected.found["n2a"] == 1
