"""What is said of files whose check sums do not hold."""

import gzip

import numpy as np
import pytest

from rossi.fits.checksum import checksum_problems, is_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu

RIGHT = fits_bytes(primary_hdu(), [table_hdu("RATE", [(Column("X", "J"), np.arange(1, 5))], [("OBJECT", "SIM")])])
#: The primary HDU, then the table's header; its data are the last block.
DATA = len(RIGHT) - 2880


def changed(at: int, new: bytes) -> bytes:
    return RIGHT[:at] + new + RIGHT[at + len(new) :]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (RIGHT, []),
        (gzip.compress(RIGHT), []),
        (changed(DATA + 3, b"\2"), ["f[HDU 1]: DATASUM is 10, but the data add up to 11; they are damaged."]),
        (changed(RIGHT.index(b"'SIM"), b"'SIN"), ["f[HDU 1]: CHECKSUM does not fit; the header is damaged."]),
        (RIGHT.replace(b"DATASUM ", b"DATASUN ", 1), ["f[HDU 0]: DATASUM missing."]),
        (RIGHT.replace(b"CHECKSUM", b"CHECKSIM"), [f"f[HDU {n}]: CHECKSUM missing." for n in (0, 1)]),
        (RIGHT[:-10], ["f: 10 bytes are missing at the end."]),
        (RIGHT + bytes(2880), ["f: 2880 bytes are left over at the end."]),
        (RIGHT + b"abc", ["HDU 2 does not begin with XTENSION at byte"]),
        (b"nonsense", ["f: not a FITS file (it begins with b'nonsense')."]),
        (b"<html>", ["f: not a FITS file (it begins with b'<html>')."]),
        (gzip.compress(RIGHT)[:-20], ["the gzip file ends too early"]),
    ],
)
def test_what_is_wrong_is_told(data, words):
    found = list(checksum_problems(data, "f"))
    assert len(found) == len(words)
    assert all(word in sentence for word, sentence in zip(words, found, strict=True)), found


def test_files_meant_to_be_fits():
    assert is_fits(RIGHT, "f") and is_fits(gzip.compress(RIGHT), "f.gz")
    assert is_fits(b"nonsense", "a.lc") and is_fits(b"nonsense", "a.rsp.gz")
    assert not is_fits(b"{}", "manifest.json")
