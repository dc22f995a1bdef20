import pytest
from astropy.io import fits

from rossi.fits.cards import card_image
from rossi.fits.declarations import TABLES
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
