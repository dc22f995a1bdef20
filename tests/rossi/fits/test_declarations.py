import pytest
from astropy.io import fits

from rossi.fits.cards import card_image
from rossi.fits.declarations import ANODEID, OF_PCU, PCUID, PHA, TABLES
from rossi.fits.reader import read_fits


def test_golden_light_curves_have_the_declared_columns(golden):
    files = sorted((golden / "e5_switch" / "expected" / "lc").glob("*.gz"))
    assert files
    for path in files:
        table = read_fits(path).tables[0]
        declared = {c.name: c for c in TABLES[table.name]}
        for info in table.infos.values():
            assert info.unit == declared[info.name].unit


@pytest.mark.parametrize("table", TABLES)
def test_meanings_are_whole_in_files(table):
    for column in TABLES[table]:
        ttype = fits.Card.fromstring(card_image(*column.cards(1)[0]))
        assert (ttype.value, ttype.comment) == (column.name, column.meaning)


def test_there_are_five_pcus_and_no_anode_255():
    assert [column.name for column in OF_PCU] == [f"ExposurePcu{pcu}" for pcu in (0, 1, 2, 3, 4)]
    assert [column.null for column in (PCUID, ANODEID, PHA)] == [255] * 3  # the highest of eight bits
