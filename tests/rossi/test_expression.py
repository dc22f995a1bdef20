import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.errors import ConfigError, DataError
from rossi.expression import compile_expression
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu

NAN = np.nan


@pytest.fixture(scope="module")
def table():
    columns = [
        (Column("ELV", "E"), np.array([-5, 3, 10, 13, NAN, 0.1])),
        (Column("NUM", "B", null=255), np.array([0, 1, 2, 3, 255, 5])),
        (Column("GOOD", "L"), np.array([ord("T"), ord("F"), ord("T"), 0, ord("T"), ord("F")], "u1")),
        (Column("UNS", "I", zero=32768), np.array([0, 1, 2, 40000, 4, 5])),
        (Column("VEC", "2J"), np.arange(12).reshape(6, 2)),
        (Column("TRIPLE", "3J"), np.arange(18).reshape(6, 3)),
        (Column("NAME", "4A"), np.array(["a", "b", "c", "a", "d", "e"])),
        (Column("odd-name", "D"), np.arange(6.0)),
    ]
    cards = [("TIMEDEL", 16.0), ("OBJECT", "SIM")]
    return open_fits(fits_bytes(primary_hdu(), [table_hdu("XTE_MKF", columns, cards)]), "x.xfl").tables[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ELV > 4", "001100"),
        ("ELV <= 10", "111001"),  # NULL fulfils neither this
        ("ELV > 10", "000100"),  # nor this
        ("ELV > 0.1", "011101"),  # the single-precision value is above the double 0.1
        (".NOT. ISNULL(ELV) && ELV .gt. 0", "011101"),
        ("!ISNULL(ELV)", "111101"),
        ("ISNULL(NUM)", "000010"),
        ("ISNULL(GOOD)", "000100"),
        ("NUM == 5 || GOOD", "101011"),
        ("GOOD .eq. T", "101010"),
        ("GOOD == F .or. (NUM=2:3)", "011101"),
        ("T || GOOD", "111111"),  # T || NULL is T
        ("(F && GOOD) == F", "111111"),  # F && NULL is F
        ("!GOOD", "010001"),
        ("ELV=10:13", "001100"),
        ("NUM < 2.AND.ELV<1e1", "110000"),
        ("NUM{1} > NUM", "111000"),
        ("NUM{-1} == 1", "001000"),
        ("ISNULL(NUM{-1})", "100001"),
        ("#ROW <= 2", "110000"),
        ("VEC[2] == 5", "001000"),
        ("NAME == 'a'", "100100"),
        ("$odd-name$ >= 4", "000011"),
        ("UNS == 40000", "000100"),
        ("UNS - 1 < 0", "100000"),
        ("TIMEDEL == 16 && OBJECT == 'SIM'", "111111"),
        ("7/2 == 3 && -7/2 == -3 && -7%3 == -1 && 7/2. == 3.5", "111111"),
        ("2**3**2 == 512 && 2+3*2 == 8 && -2^2 == 4", "111111"),
        ("1/NUM == 0", "001101"),  # division by zero is NULL
        ("NEAR(NUM,3,1)", "000100"),  # strict
        ("NUM ~ 3", "000100"),
        ("ELV > 5 ? GOOD : NUM == 1", "011000"),
        ("DEFNULL(NUM, 7) == 7", "000010"),
        ("min(NUM, 2) == 2 && max(1, NUM) < 5", "001110"),
        ("abs(ELV) == 5 || sqrt(NUM) > 2.2", "100001"),
        ("(int) 3.7 == 3 && (double)7/2 == 3.5", "111111"),
        ("(ELV = 0:20) && (NUM < 3 || NUM > 4)", "011001"),
        ("max(VEC - NUM) > 3", "000101"),  # a value a row meets each element of the row
        ("max(VEC{1} - VEC) == 2", "111110"),
        ("min(NUM > 2 ? VEC : NUM) == 6", "000100"),
        ("num_ == 1 || NUM == 1", None),
    ],
)
def test_reference_language(table, text, expected):
    if expected is None:
        with pytest.raises(DataError, match=r"x\.xfl\[XTE_MKF\].*NUM_"):
            compile_expression(text).select(table)
        return
    assert "".join("01"[int(b)] for b in compile_expression(text).select(table)) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ELV >", "can't be read"),
        ("ELV >> 3", "at character 6"),
        ("ELV > 4 .And. T", "can't be read"),  # dotted words are all upper or all lower case
        ("", "can't be read"),
        ("GOOD == 1", "one type"),
        ("NUM > 1 || 1", "logical"),
        ("ELV", "gives a real; a condition is needed"),
        ("FROB(ELV) > 1", "FROB.*known functions are"),
        ("NEAR(ELV, 1) ", "takes 3"),
        ("VEC > 1", "choose an element"),
        ("VEC[3] > 1", r"VEC\[3\].*2 element"),
        ("NAME > 4", "one type"),
        ("VEC > TRIPLE", "vectors of 2 and 3 elements"),
        ("TIMEDEL{1} > 4", "TIMEDEL is a keyword"),
    ],
)
def test_mistakes_are_explained(table, text, words):
    with pytest.raises(ConfigError, match=words):
        compile_expression(text).select(table)


TRI = {"T": True, "F": False, "N": None}


@given(st.sampled_from("TFN"), st.sampled_from("TFN"))
def test_three_valued_logic(a, b):
    column = {"T": ord("T"), "F": ord("F"), "N": 0}
    columns = [(Column(name, "L"), np.array([column[v]], "u1")) for name, v in (("A", a), ("B", b))]
    row = open_fits(fits_bytes(primary_hdu(), [table_hdu("X", columns)]), "x").tables[0]
    x, y = TRI[a], TRI[b]
    both = False if x is False or y is False else (None if x is None or y is None else True)
    either = True if x is True or y is True else (None if x is None or y is None else False)
    for text, expected in (("A && B", both), ("A || B", either)):
        result = compile_expression(text).evaluate(row)
        null = bool(np.broadcast_to(result.null, (1,))[0])
        assert (None if null else bool(result.values[0])) is expected
