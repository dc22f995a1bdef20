"""The sources of a work list."""

import pytest

from rossi.sources import Rule
from rossi.sources.listed import read_places
from services.query.config import QueryConfig
from services.query.sources import printed, rule_of, sources_of
from services.query.worklist import WorkList, WorkRow

ROWS = (
    WorkRow("GX_339-4", 2, 20402, "20402-01-01-00", 50600.0, 1000.0, 255.7, -48.79),
    WorkRow("GX 339-4", 4, 40108, "40108-01-01-00", 51300.0, 500.0, 255.71, -48.79),
    WorkRow("CRAB", 4, 40090, "40090-01-01-00S", 51301.0, 500.0, 83.63, 22.01),
)


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        ({}, Rule()),
        ({"targets": ("CRAB",)}, Rule()),
        ({"name": " Eta Car "}, Rule(only="Eta Car")),
        ({"ra": "10:45:03.6", "dec": "-59:41:04"}, Rule(only="J1045-5941")),
    ],
)
def test_a_query_of_one_source_gets_one(asked: dict, rule: Rule) -> None:
    assert rule_of(QueryConfig(**asked)) == rule


def test_sources_are_printed() -> None:
    text = printed(*sources_of(WorkList(ROWS), Rule()))
    assert text.splitlines()[-2:] == [
        "name ra dec observations exposure first last names",
        'GX_339-4 255.703333 -48.79 2 1500.0 50600.0 51300.0 "GX 339-4; GX_339-4"',
    ]
    (place,) = read_places(text.encode(), "sources.ecsv")  # and can be a table of sources
    assert (place.name, place.ra, place.dec) == ("GX_339-4", 255.703333, -48.79)
    assert printed(*sources_of(WorkList(()), Rule())).splitlines()[-1].startswith("name ra dec")
