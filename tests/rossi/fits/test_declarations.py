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
