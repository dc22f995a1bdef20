from pathlib import Path

from rossi.fits.declarations import TABLES, documentation
from rossi.fits.reader import read_fits


def test_the_documentation_lists_the_columns_as_declared():
    page = Path(__file__).resolve().parents[3] / "docs" / "products.md"
    assert page.read_text().endswith(documentation()), "write docs/products.md again from declarations.documentation()"


def test_golden_light_curves_have_the_declared_columns(golden):
    files = sorted((golden / "e5_switch" / "expected" / "lc").glob("*.gz"))
    assert files
    for path in files:
        table = read_fits(path).tables[0]
        declared = {c.name: c for c in TABLES[table.name]}
        for info in table.infos.values():
            assert info.unit == declared[info.name].unit
