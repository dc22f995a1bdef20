import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.errors import ConfigError, DataError
from rossi.expression import Scene, compile_expression
from rossi.fits.edit import select_rows
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu

NAN = np.nan


GAPS = np.array([[0, 1, 2], [3, NAN, 5], [NAN, NAN, NAN], [9, 8, -7], [1, 1, 1], [2.5, NAN, NAN]])


@pytest.fixture(scope="module")
def file():
    columns = [
        (Column("ELV", "E"), np.array([-5, 3, 10, 13, NAN, 0.1])),
        (Column("NUM", "B", null=255), np.array([0, 1, 2, 3, 255, 5])),
        (Column("GOOD", "L"), np.array([ord("T"), ord("F"), ord("T"), 0, ord("T"), ord("F")], "u1")),
        (Column("UNS", "I", zero=32768), np.array([0, 1, 2, 40000, 4, 5])),
        (Column("VEC", "2J"), np.arange(12).reshape(6, 2)),
        (Column("TRIPLE", "3J"), np.arange(18).reshape(6, 3)),
        (Column("NAME", "4A"), np.array(["a", "b", "c", "a", "d", "e"])),
        (Column("odd-name", "D"), np.arange(6.0)),
        (Column("TIME", "D"), np.arange(10.0, 70.0, 10.0)),
        (Column("X", "D"), np.arange(6.0)),
        (Column("Y", "D"), np.array([0, 1, 1, -3, NAN, 2])),
        (Column("GAPS", "3E"), GAPS),
        (Column("MAT", "6I"), np.arange(36).reshape(6, 6)),
        (
            Column("FLAGS", "3L"),
            np.array([[84, 70, 0], [84, 84, 84], [70, 70, 70], [0, 0, 0], [84, 70, 84], [0, 84, 0]]),
        ),
        (Column("BIT8", "8X"), np.array([[0x05], [0xFF], [0x00], [0x80], [0x13], [0x55]], "u1")),
        (Column("BIT3", "3X"), np.array([[0xA0], [0xE0], [0x00], [0x80], [0x60], [0x20]], "u1")),
        (Column("TEXT", "8A"), np.array(["a", "bc", "Crab", "", "d e", "Crab1"])),
        (Column("BIG", "K"), np.array([1 << 40, 3, 12, 3, 7, -5])),
    ]
    cards = [("TIMEDEL", 16.0), ("OBJECT", "SIM"), ("TDIM13", "(3,2)"), ("TIMEZERO", 2.0)]
    good = [(Column("TSTART", "D"), np.array([17.0, 47.0])), (Column("TSTOP", "D"), np.array([32.0, 57.0]))]
    return open_fits(
        fits_bytes(primary_hdu(), [table_hdu("XTE_MKF", columns, cards), table_hdu("MYGTI", good)]), "x.xfl"
    )


@pytest.fixture(scope="module")
def table(file):
    return file.tables[0]


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
        ("abs(#DEG * 180 - #PI) < 1e-9", "111111"),
        (".NOT. NUM < 2", "001101"),  # NOT before a number means the comparison
        ("! NUM + 1 == 2 && T", "101101"),
        ("!GOOD == T", "010001"),
        ("GOOD || NUM = 3:5 && ELV > 12", "101110"),
        ("ISNULL(BIG / 2 > 1 ? #NULL : 1)", "111110"),  # 64-bit columns are real
        ("!((-NUM)^0.5 > 1)", "111101"),  # out of its domain a power is no number, but not NULL
        ("7.5 % 2 == 1.5 && 5 % 0.1 < 1e-9", "111111"),
        ("0x1F + 0o17 + 0b101 == 51", "111111"),
        # bits
        ("BIT8 == b101", "100000"),  # leading zeros may be left out
        ("BIT8 != bxxxxxxx1", "001100"),
        ("BIT8 == h5x", "000001"),
        ("BIT8 == o5", "100000"),
        ("BIT8 > b10", "110111"),
        ("BIT8 <= bx00000xx", "001100"),
        ("(BIT8 & b1) == b1", "110011"),
        ("(!BIT8) == b11111010", "100000"),
        ("(BIT3 | b010) == b111", "110000"),
        ("BIT3 + BIT3 == b101101", "100000"),
        ("BIT8[8] == b1 && !BIT3 == b010", "100000"),
        ("BIT8{1} == BIT8", "000000"),
        ("(NUM & 1) == 1 && (NUM | 4) == 5", "010001"),
        ("(NUM ^^ 2) == 0", "001000"),
        ("2 * NUM | 1 == 6", "001100"),  # & and | bind more tightly than *
        ("SUM(BIT8) == 3", "000010"),
        ("MIN(BIT3) == b1", "010000"),
        ("MAX(BIT3) == b1", "110111"),
        ("ACCUM(BIT3) == 5", "011000"),  # bits that are set: 2, 3, 0, 1, 2, 1
        # vectors
        ("SUM(VEC) == 9", "001000"),
        ("SUM(GAPS) == 8 || SUM(GAPS) == 2.5", "010001"),
        ("ISNULL(SUM(GAPS)) && NVALID(GAPS) == 0", "001000"),
        ("AVERAGE(GAPS) == 4", "010000"),
        ("MEDIAN(GAPS) == 3 || MEDIAN(GAPS) == 8", "010100"),  # of an even number, the lower one
        ("MEDIAN({4,3,1,2}) == 2", "111111"),
        ("abs(STDDEV(GAPS) - 2^0.5) < 1e-12", "010000"),
        ("STDDEV(GAPS) == 0", "001011"),  # of fewer than two elements
        ("MIN(GAPS) == -7 || MAX(GAPS) == 2", "100100"),
        ("MIN(GAPS) < -1e30 || MAX(GAPS) > 1e30", "000000"),
        ("NELEM(GAPS) == 3 && NELEM(TEXT) == 8 && NELEM(BIT3) == 3", "111111"),
        ("SUM(FLAGS) == 1", "100001"),
        ("SUM(GAPS > 1) == NELEM(GAPS)", "000000"),
        ("SUM(VEC == {2,3}) == 2", "010000"),
        ("(VEC + 1)[2] == 6", "001000"),
        ("VEC{1}[1] == 4", "010000"),
        ("MAT[1,2] == 9 || MAT[2][3] == 17", "011000"),
        ("VEC[#ROW - #ROW + 1] == 4", "001000"),
        ("NAXIS(MAT) == 2 && NAXES(MAT,1) == 3 && NAXES(VEC,2) == 1", "111111"),
        ("SUM(ELEMENTNUM(MAT)) == 21 && SUM(AXISELEM(MAT,2)) == 9", "111111"),
        ("SUM(ARRAY(NUM,{2,2})) == 12", "000100"),
        ("NUM[1] == +2 && ISNULL(NUM[1] + #NULL)", "001000"),  # a single value is a vector of one element
        ("SUM(AXISELEM(VEC,2)) == 2 && AXISELEM(NUM,1) == 1 && NAXES(MAT,0) == 2", "111111"),
        ("ACCUM(3) == 3 && SEQDIFF(3) == 0 && 9223372036854775808 / 2 == 2.0^62", "111111"),
        # over the rows
        ("ACCUM(NUM) == 6", "000110"),  # NULL counts as 0
        ("SEQDIFF(NUM) == 1", "011100"),
        ("ISNULL(SEQDIFF(NUM))", "000011"),
        ("MAX(ACCUM(VEC)) == 15", "001000"),
        ("SUM(SEQDIFF(VEC)) == 1", "100000"),
        ("ACCUM(NUM > 1) == 2", "000110"),
        # numbers that make no number
        ("SETNULL(3, NUM) == 3 || ISNULL(SETNULL(3, NUM))", "000110"),
        ("DEFNULL(#NULL, 3) == 3", "111111"),
        # strings
        ("STRSTR(TEXT, 'ra') == 2", "001001"),
        ("ISNULL(STRSTR(TEXT, 'ra'))", "110110"),
        ("ISNULL(STRSTR(TEXT, #SNULL))", "111111"),
        ("SUM(b1x1) == 2", "111111"),
        ("STRMID(TEXT, 2, 2) == 'ra'", "001001"),
        ("TEXT + 'x' == 'bcx' || TEXT > 'd'", "010010"),
        # positions
        ("ANGSEP(X, 0, 0, 0) ~ 3", "000100"),
        ("abs(ANGSEP(0, 89, 180 + 0 * X, 89) - 2) < 1e-9", "111111"),
        ("CIRCLE(1, 1, 1, X, Y)", "011000"),  # the edge belongs to it
        ("BOX(1, 1, 2, 4, 30, X, Y)", "011000"),
        ("ELLIPSE(1, 1, 2, 1, 30, X, Y)", "111000"),
        # good time: TIMEZERO of both tables counts, both ends belong to it
        ("GTIFILTER()", "011010"),
        ("GTIFILTER('', TIME + 5)", "110110"),
        ("GTIFILTER('[MYGTI]', TIME, 'TSTART', '*STOP*') && GTIFILTER('+2')", "011010"),
        ("GTIFIND() == 2 || GTIFIND('', TIME) < 0", "100111"),
        ("GTIOVERLAP('', TIME, TIME + 10) == 5", "100110"),
        ("RANDOM() >= 0 && RANDOM(NUM) < 1 && RANDOMP(1e6) > 9e5 && abs(RANDOMN()) < 9", "111111"),
        ("ISNULL(RANDOMP(NUM - 3))", "111010"),
    ],
)
def test_reference_language(file, table, text, expected):
    if expected is None:
        with pytest.raises(DataError, match=r"x\.xfl\[XTE_MKF\].*NUM_"):
            compile_expression(text).select(table)
        return
    assert "".join("01"[int(b)] for b in compile_expression(text).select(Scene(table, file))) == expected


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
        ("MAT[1,2,3] > 1", "MAT, which has 2 axes"),
        ("VEC[1.5] > 1", "must be a whole number"),
        ("TIMEDEL[1] > 4", "TIMEDEL, which is a single value"),
        ("7 / 0 > 1", "divides a constant by zero"),
        ("log(0) > 1", "LOG.*not defined for 0"),
        ("BIT8 == 5", "one type"),
        ("BIT8 && T", "logical"),
        ("NUM & 1.5", "whole numbers"),
        ("ISNULL(BIT8)", "ISNULL needs"),
        ("SETNULL(NUM, 3) > 1", "takes a constant"),
        ("SEQDIFF(GOOD) == 1", "SEQDIFF needs numbers"),
        ("SUM(ARRAY(1, 100000)) > 1", "1 to 65536 elements"),
        ("SUM(ARRAY(VEC, 2)) > 1", "a single value, and constants"),
        ("NAXES(MAT, NUM) > 1", "a constant whole number"),
        ("GTIFILTER(TIME)", "in quotes"),
        ("GTIFILTER('other.gti')", "can't be read by name here"),
        ("REGFILTER('a.reg')", "can't be read by name here"),
    ],
)
def test_mistakes_are_explained(file, table, text, words):
    with pytest.raises(ConfigError, match=words):
        compile_expression(text).select(Scene(table, file))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("GTIFILTER('[NONE]')", r"x\.xfl: GTIFILTER looks for an extension NONE; found XTE_MKF, MYGTI"),
        ("GTIFILTER('', TIME, 'BEGIN', 'END')", r"x\.xfl\[MYGTI\]: GTIFILTER looks for a column BEGIN"),
        ("GTIFILTER('other.gti')", r"other\.gti: not a FITS file"),
    ],
)
def test_good_time_that_is_missing_is_named(file, table, text, words):
    with pytest.raises(DataError, match=words):
        compile_expression(text).select(Scene(table, file, lambda name: b"no FITS"))


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("#PI", ()),
        ("{7}", ()),
        ("{NUM}", (6,)),
        ("NUM", (6,)),
        ("MAT * 2", (6, 6)),
        ("{1,2}", (6, 2)),
        ("MAT[2]", (6, 3)),
        ("b01x", (6, 3)),
    ],
)
def test_values_and_nulls_have_one_shape(table, text, shape):
    result = compile_expression(text).evaluate(table)
    assert (result.values.shape, result.null.shape) == (shape, shape)


def test_good_time_needs_a_time(file):
    with pytest.raises(DataError, match=r"x\.xfl\[MYGTI\]: GTIFILTER looks for a column TIME"):
        compile_expression("GTIFILTER()").select(Scene(file.tables[1], file))


@pytest.mark.parametrize(
    ("text", "values"),
    [  # 15 to 30 and 45 to 55 are good, rows are at 10, 20 ... 60
        ("GTIOVERLAP('', TIME, TIME + 10)", [5, 10, 0, 5, 5, 0]),
        ("GTIOVERLAP('', TIME - 100, TIME + 100)", [25] * 6),
        ("GTIOVERLAP('', TIME, TIME)", [0] * 6),
        ("GTIOVERLAP('', TIME, TIME - 10)", [0] * 6),
        ("GTIOVERLAP('', 20, TIME + 0 * TIME, 'TSTART', 'TSTOP')", [0, 0, 10, 10, 15, 20]),
        ("GTIFIND('', TIME)", [-1, 1, 1, -1, 2, -1]),
        ("GTIFIND('', {15, 30.1, 55})", [1, -1, 2]),
        ("GTIFIND('', 45)", 2),
    ],
)
def test_good_time_that_overlaps(file, table, text, values):
    found = compile_expression(text).evaluate(Scene(table, file)).values
    assert (found[0] if found.ndim > 1 else found).tolist() == values


def test_good_time_with_an_undefined_end_is_refused(table):
    for name in ("TSTART", "TSTOP"):
        edges = {"TSTART": np.array([17.0, 47.0]), "TSTOP": np.array([32.0, 57.0])}
        edges[name][1] = NAN
        good = table_hdu("MYGTI", [(Column(key, "D"), values) for key, values in edges.items()])
        other = open_fits(fits_bytes(primary_hdu(), [good]), "g.gti")
        with pytest.raises(DataError, match=rf"g.gti\[MYGTI\]: {name} is undefined in a row"):
            compile_expression("GTIFILTER()").select(Scene(table, other))


def test_random_numbers_are_distributed_as_they_should(table):
    """Ten thousand numbers: the mean is within five standard deviations of the mean."""
    text = "ARRAY(TIME - TIME, 10000)"
    for function, mean, deviation, least, most in (
        (f"RANDOM({text})", 0.5, 12**-0.5, 0, 1),
        (f"RANDOMN({text})", 0.0, 1.0, -9, 9),
        (f"RANDOMP({text} + 3)", 3.0, 3**0.5, 0, 99),
    ):
        values = compile_expression(function).evaluate(table).values
        assert values.shape == (6, 10000)
        assert values.mean() == pytest.approx(mean, abs=5 * deviation / 60000**0.5)
        assert values.std() == pytest.approx(deviation, rel=0.02)
        assert least <= values.min() and values.max() <= most
        assert not np.array_equal(values[0], values[1])
    assert compile_expression("RANDOMP(1e30)").evaluate(table).values.min() == pytest.approx(1e18, rel=1e-6)


def test_random_numbers_can_be_made_again(table):
    draw = compile_expression("RANDOM() + RANDOMN() + RANDOMP(NUM)")
    assert np.array_equal(draw.evaluate(table).values, draw.evaluate(table).values)


@pytest.mark.parametrize(
    "text",
    ["BIT8 == b1", "SUM(GAPS) > 1", "ACCUM(NUM) > 1", "MEDIAN(VEC) == {1}", "GTIFILTER()", "STRMID(TEXT, 1, 2) == 'a'"],
)
def test_a_table_without_rows(file, table, text):
    empty = select_rows(table, np.zeros(6, bool))
    assert compile_expression(text).select(Scene(empty, file)).shape == (0,)


@pytest.mark.parametrize(
    ("regions", "expected"),
    [  # for the points (0,0) (1,1) (2,1) (3,-3) (4,NULL) (5,2)
        ("circle(1,1,1)", "011000"),
        (
            "# Region file format: DS9\nglobal color=green\nimage\ncircle(2,1,1.5) # text={a}\n-circle(2,1,0.5)",
            "010000",
        ),
        ("physical; box(2,1,2,4,30); -ellipse(2,1,1,0.5,10)", "010000"),
        ("polygon(0,0,4,0,4,2,0,2)", "111000"),
        ("-circle(1,1,1)", "100101"),
        ("-circle(1,1,1)\ncircle(2,1,0.5)", "101101"),
        ("circle(2,1,1)\n-circle(2,1,0.5)\ncircle(2,1,0.2)", "011000"),
        ("-circle(1,1,1)\nbox(0,0,9,9)\n-box(3,-3,1,1)", "111101"),  # what is cut out first is not cut again
        ("annulus(2,1,0.5,1.5)", "010000"),
        ("point(2,1)\npoint(2.5,-3.5)", "001000"),  # a point ends before its upper edge
        ("line(0,0,3,3)", "110000"),
        ("rectangle(0,0,2,2,45)", "110000"),  # the corners of the turned rectangle
        ("diamond(2,1,2,2)", "011000"),
        ("pie(1,0,300,90)", "011101"),
        ("elliptannulus(2,1,0.5,0.5,2,1.5,0,0)", "010000"),
        ("box(2,1,1,1,2,2,0)", "010000"),
    ],
)
def test_regions(table, regions, expected):
    scene = Scene(table, read=lambda name: regions.encode())
    for text in ("REGFILTER('a.reg')", "regfilter('a.reg', X + 0, Y)"):
        assert "".join("01"[int(b)] for b in compile_expression(text).select(scene)) == expected


@pytest.mark.parametrize(
    ("regions", "words"),
    [
        ("fk5\ncircle(1,1,1)", "on the sky"),
        ("circle(0:00:04,1:00:00,1)", "no plain number"),
        ("circle(1,1)", "CIRCLE has 2 numbers"),
        ("blob(1,1)", "blob is no shape"),
        ("circle 1 1 1", "is no region"),
        ("# nothing", "no region in the file"),
    ],
)
def test_regions_that_can_not_be_read(table, regions, words):
    with pytest.raises(DataError, match=words):
        compile_expression("REGFILTER('a.reg')").select(Scene(table, read=lambda name: regions.encode()))


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
