import gzip
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from rossi.errors import DataError
from rossi.fits.reader import locate, open_fits, read_bytes, read_fits, split_hdu
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from tests.conftest import LONG
from tests.rossi.fits.test_variable import check_response


def assert_same_as_astropy(path):
    ours = read_fits(path)
    with fits.open(path) as theirs:
        tables = [hdu for hdu in theirs if isinstance(hdu, fits.BinTableHDU)]
        assert len(tables) == len(ours.tables)
        for a, b in zip(tables, ours.tables, strict=True):
            for name in a.columns.names:
                x, y = np.asarray(a.data[name]), b.column(name)
                if a.columns[name].format.endswith("X"):
                    y = np.unpackbits(y.reshape(len(b), -1), axis=1)[:, : x.shape[1]].astype(bool)
                assert np.array_equal(
                    np.char.strip(x) if x.dtype.kind == "U" else x, y, equal_nan=x.dtype.kind == "f"
                ), name
            for key, value in a.header.items():
                if key not in ("", "COMMENT", "HISTORY", "CONTINUE") and not isinstance(value, fits.card.Undefined):
                    assert b.header[key] == value


def test_golden_files_read_as_astropy_reads_them(golden):
    where = golden if LONG else golden / "e5_switch"
    files = [f for f in where.rglob("*") if f.suffix in {".gz", ".fits", ".gti", ".lc", ".xfl"} or "FI" in f.name]
    assert len(files) > (40 if LONG else 15)
    for path in files:
        assert_same_as_astropy(path)


def test_real_files_read_as_astropy_reads_them(shared):
    for name in (
        "SE_93087-01-02-11_E_125us_64M.evt.gz",
        "GX_B1509-58_short.evt",
        "FPorbit_Day6223",
        "xp1007701_e2_n2a.lc",
    ):
        assert_same_as_astropy(shared / "data/real/pca" / name)
    responses = [shared / "data/real/pca/PCU2_response.rsp.gz", *(shared / "data/real/pca/grs1915").glob("*.rsp")]
    assert len(responses) > 3
    for path in responses:
        check_response(path)


@pytest.fixture(scope="module")
def whole(golden):
    path = next((golden / "e5_switch").rglob("FH5a*"))
    return gzip.decompress(path.read_bytes())


@settings(max_examples=40)
@given(st.data())
def test_a_cut_file_is_refused(whole, data):
    # the last block's padding is no data, and zeros behind the data look the same
    cut = data.draw(st.integers(1, len(whole) - 2880))
    with pytest.raises(DataError, match=r"FH5a.*(cut|not a FITS file|no END card)"):
        for table in open_fits(whole[:cut], "FH5a").tables:
            table.column("Time")
        raise DataError("FH5a: cut at an HDU's end, which only the index of HDUs can tell")


def test_damaged_gzip_is_refused(whole):
    zipped = gzip.compress(whole)
    for cut in (3, 100, len(zipped) // 2, len(zipped) - 4):
        with pytest.raises(DataError, match=r"f\.gz.*fetch the file again"):
            open_fits(zipped[:cut], "f.gz")
    broken = bytearray(zipped)
    broken[len(broken) // 2] ^= 0x55
    with pytest.raises(DataError, match=r"f\.gz"):
        open_fits(bytes(broken), "f.gz")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"<html>no such file</html>", "not a FITS file"), (b"none", "not a FITS file")],
)
def test_other_content_is_refused(content, words):
    with pytest.raises(DataError, match=words):
        open_fits(content, "f")


def test_missing_parts_are_named(whole, tmp_path):
    file = open_fits(whole, "FH5a")
    with pytest.raises(DataError, match="extension PCU0_GTI is missing; found XTE_HK"):
        file.table("PCU0_GTI")
    with pytest.raises(DataError, match=r"FH5a\[XTE_HK\]: column NOSUCH is missing; the table has Time"):
        file.table(hdu=1).column("NOSUCH")
    with pytest.raises(DataError, match=r"none.*No such file"):
        read_fits(tmp_path / "none")


def test_gz_is_found_under_the_plain_name(golden):
    path = next((golden / "e5_switch").rglob("FH5a*.gz"))
    assert len(read_fits(path.with_suffix("")).tables) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.fits", ("a.fits", None)),
        ("a.fits+1", ("a.fits", 1)),
        ("a.fits[2]", ("a.fits", 2)),
        ("dir/a.fits[STDGTI]", ("dir/a.fits", "STDGTI")),
        ("a.fits[ RATE ]", ("a.fits", "RATE")),
        ("GRS1915+105.lc", ("GRS1915+105.lc", None)),
        ("a.fits[col X]", ("a.fits", "col X")),
        ("a.fits[X > 3]", ("a.fits[X > 3]", None)),
        ("[2]", ("", 2)),
    ],
)
def test_extended_names(text, expected):
    assert split_hdu(text) == expected


def test_a_named_table_comes_first(tmp_path):
    tables = [table_hdu(name, [(Column("A", "J"), np.array([n]))]) for n, name in enumerate(("ONE", "TWO", "THREE"))]
    (tmp_path / "a.fits").write_bytes(fits_bytes(primary_hdu(), tables))
    (tmp_path / "z.fits.gz").write_bytes(gzip.compress(fits_bytes(primary_hdu(), tables)))
    (tmp_path / "GX339-4+2").write_bytes(fits_bytes(primary_hdu(), tables))
    for name, first in {"a.fits": "ONE", "a.fits+1": "ONE", "a.fits[0]": "ONE", "a.fits[two]": "TWO"}.items():
        assert read_fits(tmp_path / name).tables[0].name == first
    assert [t.name for t in read_fits(tmp_path / "z.fits[3]").tables] == ["THREE", "ONE", "TWO"]
    assert read_fits(tmp_path / "z.fits+2").name == str(tmp_path / "z.fits")
    assert [t.name for t in read_fits(tmp_path / "GX339-4+2").tables] == ["ONE", "TWO", "THREE"]
    assert locate(tmp_path / "GX339-4+2") == (tmp_path / "GX339-4+2", None)
    with pytest.raises(DataError, match="extension FOUR is missing; found ONE, TWO, THREE"):
        read_fits(tmp_path / "a.fits[FOUR]")
    with pytest.raises(DataError, match=r"b\.fits\+1: can't be read"):
        read_bytes(tmp_path / "b.fits+1")


def test_pipes_and_devices_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.fits")
    for endless in (tmp_path / "pipe.fits", Path("/dev/zero")):
        with pytest.raises(DataError, match="it is a pipe or a device, a file was expected"):
            read_fits(endless)


def test_the_output_of_a_command_is_read(golden):
    packed = next(golden.rglob("*.lc.gz"))
    with subprocess.Popen(["gunzip", "-c", str(packed)], stdout=subprocess.PIPE) as command:
        assert command.stdout is not None
        assert read_bytes(f"/dev/fd/{command.stdout.fileno()}") == gzip.decompress(packed.read_bytes())
