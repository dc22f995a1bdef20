"""Names of sources made to do harm: they stay text in tables, headers, figures, pages and file names."""

import io
import re

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.fits.writer import fits_bytes, primary_hdu
from services.contract import Caveat, Outcome
from services.merge.config import MergeConfig
from services.merge.stage import merge
from services.query.stage import QueryConfig, look, outputs
from services.query.worklist import WorkRow, in_order, read_rows
from services.storage import open_archive
from tests.servers.rows import made_rows
from tests.servers.tap import TapServer, serving
from tests.services.merge.test_merge import campaign, result
from tests.services.query.test_query_stage import add

EVIL = [
    *("a\nb", "a\r\nb", "=1+1", '=HYPERLINK("http://x")', "x\"y'z", "<script>alert(1)</script>", "| a | b |", "$x^$"),
    *(
        "é ü",
        "../../etc/passwd",
        "a\tb",
        "# c",
        "\x1b[31mred",
        "x\u2028y",
        "\x85z",
        "`rm`",
        "[a](javascript:b)",
        "a & b",
    ),
    *("x" * 300, "--", "nan", "1e5"),
]


def seen(name):
    return "".join(one if one.isprintable() else " " for one in name).strip()


def of(name, number):
    """Return an observation without good time of a source of this name."""
    obsid = f"50001-02-{number:02d}-00"
    said = Caveat(code="x", message=name)
    return result(obsid, Outcome.NO_WORK, f"No good time in {name}.", caveats=(said,), summary={"target": name})


@pytest.mark.parametrize("title", ["<script>alert(1)</script> é\n../x", "$x^$ | `a`"])
def test_a_merge(title):
    asked, results, files = campaign()
    evil = [of(name, number) for number, name in enumerate(EVIL)]
    made = merge(MergeConfig(title=title), [*asked, *(one.obsid for one in evil)], [*results, *evil], files)
    text = made.files["observations"][0].data.decode()
    table = Table.read(text, format="ascii.ecsv", fill_values=[])
    names = {row["obsid"]: row["target_name"] for row in table}
    assert [names[one.obsid] for one in evil] == [seen(name) for name in EVIL]
    assert len([line for line in text.splitlines() if not line.startswith("#")]) == len(table) + 1  # a line each
    page = made.files["report"][0].data.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    for file in (file for group in made.files.values() for file in group):
        assert re.fullmatch("[a-z0-9][a-z0-9_.-]*", file.name)
    with fits.open(io.BytesIO(made.files["light_curve"][0].data)) as written:
        written.verify("exception")
        assert written[0].header["TITLE"] == title.replace("é", "?").replace("\n", "?")


@pytest.mark.parametrize("name", EVIL)
def test_a_header(name):
    data = fits_bytes(primary_hdu([("OBJECT", name)]))
    assert open_fits(data, "x").primary["OBJECT"] == "".join(one if " " <= one <= "~" else "?" for one in name).rstrip()


@pytest.mark.parametrize(("raw", "read"), [(b"a\nb", "a?b"), (b"Eta\xe9", "Eta?"), (b"\x1b[31m", "?[31m")])
def test_a_header_that_breaks_the_standard(raw, read):
    block = fits_bytes(primary_hdu([("OBJECT", "x" * len(raw)), ("NUMBER", 1)])).replace(b"x" * len(raw), raw)
    header = open_fits(block, "x").primary
    assert header["OBJECT"] == read
    copy = Header()
    copy.copy_from(header, ("OBJECT",))
    assert copy["OBJECT"] == read


def test_a_work_list():
    import pyarrow.parquet

    names = [seen(name) for name in EVIL]
    rows = [WorkRow(name, 2, 20402, f"20402-01-{n:02}-00", 5e4 + n, 1.0, 2.0, 3.0) for n, name in enumerate(names)]
    work = in_order(rows, ())
    for row in work.rows:  # alone, too: what a column is depends on all that is in it
        assert read_rows(in_order([row], ()).to_ecsv()) == [row]
    assert read_rows(work.to_ecsv()) == list(work.rows) == rows
    made = outputs(work)
    table = pyarrow.parquet.read_table(pyarrow.BufferReader(made.files["parquet"][0].data))
    assert table["target_name"].to_pylist() == names


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "=1+1", '"x" <b>'])
def test_where_names_come_in(name, tmp_path):
    add(tmp_path, "20402-01-45-03", source=name)
    (row,) = look(QueryConfig(), open_archive(str(tmp_path))).rows
    assert row.target_name == seen(name)
    found = [made | {"target_name": name} for made in made_rows(3)]
    if name.isprintable():
        with serving(TapServer(found)) as server:
            rows = look(QueryConfig(source="catalogue", service=server.url), None).rows
        assert {row.target_name for row in rows} == {seen(name)}
    assert np.isfinite(row.time)
