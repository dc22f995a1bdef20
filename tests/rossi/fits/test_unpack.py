"""Files packed in the ways that archives and mirrors use."""

import base64
import bz2
import lzma

import pytest

from rossi.errors import DataError
from rossi.fits.reader import open_fits
from rossi.fits.unzip import ANY_RATIO, unpack
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu

TEXT = b"".join(b"%d RXTE light curve %d\n" % (n, n * n) for n in range(60))
#: TEXT as compress(1) packs it.
COMPRESSED = base64.b64decode(
    "H52QMEBIwUKlCAg2ac6goQNiTB05dsqAgKEghkCCBhEqZOgQosQYCmRcLHgw4cKGDyOCoKFgxsiMJjmmlJhDAY2XJTei9Agihg0F"
    "NXBqPNlRpYwaCmwIjblT5YyfN5bqLCqRRk0cUonOBGGDZY6sMnniABkj4ECSQ8OqLEsxhsWzMKdujSGDrEi4ObXyjEGDZQyXeNM2"
    "/WijJl+wg3vm+BkjaGCmVEHIOFpR6WO5PI8yjnpZr1EchrF2Vitxhgy/X0cnfgpShlmMeUmvhEGxLuLIfVvfhS0YNw6WMgDzhry1"
    "hoyap28Xv/HzqHKeNijLsDwcs0obzENyru5Z4o3jIUVzl33jd8jU4xP/BjnjNVriPHPQbvk2feTF7He/t/4RxumWwu3XXU8wgNbS"
    "TapF5lYNP83gmH1zTYbUU8+tdVyD2wko21+FtSSehonx1VdL6IGooHEg0eBeXAP6NB8N9Zk4lw1j2aQfixsyxxINAeIY4m819VXh"
    "Rzk8ZdODMmbmH1I0UJekUW79REOGPkY2GQxBfljlVsHBsGOJW2amIkg1rBhbYkfNV0OMYRplAwxk3nimlTd4CVSPc3KJA5ZAIQhh"
    "Zjn4BBSSbZa2JFBOFgrCDBwCRWWePJlmFVBaQurUUyzVAKalpdFQIw=="
)
PACKED = {"compress": COMPRESSED, "bzip2": bz2.compress(TEXT), "xz": lzma.compress(TEXT)}


@pytest.mark.parametrize("kind", PACKED)
def test_content_is_the_same(kind):
    assert unpack(PACKED[kind], "x") == TEXT


def test_other_files_are_returned_as_they_are():
    assert unpack(TEXT, "x") == TEXT
    assert unpack(b"", "x") == b""


@pytest.mark.parametrize("kind", ["bzip2", "xz"])
@pytest.mark.parametrize("size", [12, 100, -3])
def test_what_is_cut_is_refused(kind, size):
    with pytest.raises(DataError, match=f"x: the {kind} file is cut or damaged"):
        unpack(PACKED[kind][:size], "x")


@pytest.mark.parametrize("size", [50, 200])
def test_what_is_cut_of_compress_is_a_beginning(size):
    """It has no end that could be missing; the FITS file in it tells."""
    part = unpack(COMPRESSED[:size], "x")
    assert size < len(part) < len(TEXT) and TEXT.startswith(part)


def test_damage_of_compress_is_refused_with_a_sentence():
    with pytest.raises(DataError, match=r"x: the compress \(.Z\) file is cut or damaged"):
        unpack(COMPRESSED[:3] + b"\xff" * 40, "x")


@pytest.mark.parametrize("packed", [bz2.compress, lzma.compress])
def test_a_small_file_does_not_fill_the_memory(packed):
    with pytest.raises(DataError, match="holds more than"):
        unpack(packed(bytes(ANY_RATIO + 1)), "x")


def test_fits_files_are_opened():
    data = fits_bytes(primary_hdu(), [table_hdu("RATE", [(Column("TIME", "D"), [1.0, 2.0])], [])])
    for packed in (bz2.compress(data), lzma.compress(data)):
        assert open_fits(packed, "x").table("RATE").column("TIME").tolist() == [1, 2]
