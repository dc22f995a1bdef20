"""Header values that FITS can't hold, and those of a header that are not what they should be."""

import numpy as np
import pytest

from rossi.fits.header import Header


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, float("inf")])
def test_numbers_that_are_none_become_undefined(value):
    header = Header([("RA_OBJ", value, "[deg]")])
    assert header.get("RA_OBJ", "undefined") == "undefined"
    assert header.image("RA_OBJ").startswith(b"RA_OBJ  =  ")


def test_letters_that_headers_do_not_have():
    header = Header([("OBJECT", "Cyg X−1\n", "naïve\0")])
    assert header["OBJECT"] == "Cyg X?1?"
    assert header.image("OBJECT").isascii()


@pytest.mark.parametrize(
    ("text", "known"),
    [("1.5", 1.5), ("7", 7), ("1E400", None), ("''", None), ("'1.5'", None), ("T", None), ("", None), ("1E-400", 0)],
)
def test_what_is_a_number(text, known):
    header = Header.from_block(f"RA_OBJ  = {text:>20}".ljust(80).encode() + b"END".ljust(80))
    assert header.known("RA_OBJ") == known
    assert header.known("DEC_OBJ") is None


def test_logicals_and_what_stands_for_them():
    block = b"".join(
        f"{key:<8}= {value:>20}".ljust(80).encode()
        for key, value in (("A", "T"), ("B", "'T'"), ("C", "F"), ("D", "'F'"), ("E", "1.5"))
    )
    header = Header.from_block(block + b"END".ljust(80))
    assert [key for key in "ABCDEF" if header.is_true(key)] == ["A", "B"]
