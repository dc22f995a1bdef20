"""Functions and operators of expressions, all of them: numbers of arguments, types, NULLs, and values."""

import math
from itertools import product

import numpy as np
import pytest

from rossi.errors import ConfigError, DataError
from rossi.expression import Scene, compile_expression, evaluate, functions, scene
from rossi.expression.operand import Operand
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu

#: What arguments functions take: numbers, whole numbers, texts, logical values.
SIGNATURES = {
    **dict.fromkeys(("SQRT", "EXP", "LOG", "LOG10", "SIN", "COS", "TAN", "SINH", "COSH", "TANH"), "n"),
    **dict.fromkeys(("ARCSIN", "ASIN", "ARCCOS", "ACOS", "ARCTAN", "ATAN", "FLOOR", "CEIL", "ROUND", "ABS"), "n"),
    **dict.fromkeys(("AVERAGE", "MEDIAN", "STDDEV", "SEQDIFF", "RANDOMP"), "n"),
    **dict.fromkeys(("ARCTAN2", "ATAN2", "SETNULL"), "nn"),
    **{"ANGSEP": "nnnn", "NEAR": "nnn", "CIRCLE": "nnnnn", "BOX": "nnnnnnn", "ELLIPSE": "nnnnnnn"},
    **{"STRSTR": "ss", "STRMID": "sii"},
}
#: How many arguments those take that look at no type, or at several.
COUNTS = {
    **dict.fromkeys(("ISNULL", "SUM", "NELEM", "NVALID", "ACCUM", "NAXIS", "ELEMENTNUM"), (1,)),
    **dict.fromkeys(("DEFNULL", "NAXES", "AXISELEM", "ARRAY"), (2,)),
    **{"GTIFILTER": (0, 1, 2, 4), "GTIFIND": (0, 1, 2, 4), "GTIOVERLAP": (3, 5), "REGFILTER": (1, 3, 4)},
    **dict.fromkeys(("RANDOM", "RANDOMN"), (0, 1)),
    **dict.fromkeys(("MIN", "MAX"), (1, 2, 3, 4, 5, 6, 7, 8)),
}
RIGHT = {"n": "1", "i": "1", "s": "'a'", "l": "T"}
WRONG = {"n": ("'a'", "T", "b1"), "i": ("1.5", "'a'", "T", "b1"), "s": ("1", "T", "b1"), "l": ("1", "1.5", "'a'", "b1")}
NULL = {"n": "#NULL", "i": "#NULL", "s": "#SNULL", "l": "(#NULL > 1)"}
#: Operators, with the types of what stands for 0, 1, 2.
OPERATORS = {
    **{f"{{0}} {sign} {{1}}": "nn" for sign in ("-", "*", "/", "%", "^", "**", "~", ".lt.", ">=", "<", "<=", ">")},
    **{f"{{0}} {sign} {{1}}": "ii" for sign in ("^^", "&", "|")},
    **{"{0} = {1}:{2}": "nnn", "-{0}": "n", "+{0}": "n", "{0} && {1}": "ll", "{0} || {1}": "ll", "! ({0})": "l"},
}
FORMS = OPERATORS | {
    f"{name}({','.join(f'{{{n}}}' for n in range(len(kinds)))})": kinds for name, kinds in SIGNATURES.items()
}


@pytest.fixture(scope="module")
def table():
    columns = [(Column("N", "J", null=-9), np.array([-3, 4, -9])), (Column("A", "D"), np.array([0.5, 2.0, np.nan]))]
    return open_fits(fits_bytes(primary_hdu(), [table_hdu("X", columns)]), "x.fits").table()


def value(text, table):
    """Return what a constant expression gives, None if it is NULL."""
    found = compile_expression(text).evaluate(table)
    return None if found.null.all() else found.values.ravel()[0].item()


def refused(text, table):
    try:
        compile_expression(text).evaluate(Scene(table))
    except (ConfigError, DataError) as error:
        return str(error)
    return ""


def test_how_many_arguments_functions_take(table):
    counts = {name: (len(kinds),) for name, kinds in SIGNATURES.items()} | COUNTS
    assert set(counts) == {*functions.names(), *scene.FUNCTIONS}
    for name, taken in counts.items():
        kind = SIGNATURES.get(name, "n")[0]
        calls = [f"{name}({','.join([RIGHT[kind]] * n)})" for n in range(10)]
        found = [n for n, call in enumerate(calls) if "argument(s)" not in refused(call, table)]
        assert (name, found) == (name, list(taken))
    assert "RANDOM in the filter expression takes 0 or 1 argument(s), but 2 are given" in refused("RANDOM(1,1)", table)


def test_types_are_looked_at_one_by_one(table):
    for form, kinds in FORMS.items():
        right = [RIGHT[kind] for kind in kinds]
        assert (form, refused(form.format(*right), table)) == (form, "")
        for at, kind in enumerate(kinds):
            for wrong in WRONG[kind]:
                given = form.format(*right[:at], wrong, *right[at + 1 :])
                bits_are_fine = form in ("{0} & {1}", "{0} | {1}") or "! " in form
                assert refused(given, table) or (bits_are_fine and wrong == "b1"), given
    for form in ("{0} + {1}", "{0} == {1}", "{0} != {1}", "T ? {0} : {1}", "DEFNULL({0}, {1})"):
        for one, other in product(("n", "l", "s"), repeat=2):
            alike = one == other or (form.startswith("T ?") and {one, other} == {"n", "l"})
            given = form.format(RIGHT[one], RIGHT[other])
            assert bool(refused(given, table)) is not (alike and not (one == "l" and "+" in form)), given
    refusing = """1 ? 1 : 2; T ? b1 : b1; {T, 1}; {'a', 'b'}; T < F; T ~ T; SUM('a'); ACCUM('a'); MIN(T); MIN('a');
        MIN(1, 'a'); MIN('a', 1); MAX(1, 2, T); MAX(1, b1); (int) 'a'; (double) b1; NVALID(T); NVALID(b1); ISNULL(b1);
        DEFNULL(b1, b1); ARRAY('a', 2); ARRAY(1, 2.); NAXES(1, 1.); AXISELEM(1, {1,2}); b1 ^^ b1"""
    taking = "(int) T; (double) 1; {T, F}; {1, 1.5}; 'a' < 'b'; NVALID('a'); b1 + b1; ARRAY(T, 2); MAX(b1); T ? 1. : 2"
    assert [text for text in refusing.split(";") if not refused(text.strip(), table)] == []
    assert [text for text in taking.split(";") if refused(text.strip(), table)] == []


def test_what_is_undefined_makes_the_result_undefined(table):
    kept = ("SETNULL({0},{1})", "STDDEV({0})", "{0} && {1}", "{0} || {1}")
    for form, kinds in FORMS.items():
        if form in kept:
            continue
        right = [RIGHT[kind] for kind in kinds]
        for which in {*((n,) for n in range(len(kinds))), tuple(range(len(kinds)))}:
            given = form.format(
                *(NULL[k] if n in which else r for n, (k, r) in enumerate(zip(kinds, right, strict=True)))
            )
            assert (given, value(given, table)) == (given, None)
    assert [value(f"{name}(#NULL, #NULL)", table) for name in ("MIN", "MAX", "DEFNULL")] == [None] * 3
    assert [value(f"{name}({two})", table) for name in ("MIN", "MAX") for two in ("#NULL,2", "2,#NULL")] == [2] * 4
    assert value("#NULL > 1 ? 1 : 2", table) is value("T ? #NULL : 2", table) is value("F ? 1 : #NULL", table) is None
    assert (value("T ? 1 : #NULL", table), value("F ? #NULL : 2", table)) == (1, 2)


def test_values_of_functions(table):
    given = (-2.5, -1.0, -0.75, -0.5, 0.0, 0.3, 0.5, 1.0, 1.5, 2.5)
    alike = {"ARCSIN": "asin", "ARCCOS": "acos", "ARCTAN": "atan", "ABS": "fabs"}
    for name in [name for name, kinds in SIGNATURES.items() if kinds == "n"][:20]:
        exact = {"ROUND": lambda x: math.floor(x + 0.5)}.get(name) or getattr(math, alike.get(name, name.lower()))
        for number in given:
            try:
                expected = exact(number)
            except ValueError:
                assert f"{name} in the filter expression is not defined for {number}" in refused(
                    f"{name}({number})", table
                )
                continue
            assert value(f"{name}({number})", table) == pytest.approx(expected, abs=1e-15), (name, number)
    assert [value(f"ROUND({x})", table) for x in (2.5, -2.5, 1.4, 1.6)] == [3, -2, 1, 2]
    result = compile_expression("SQRT(N) + LOG(N) + ARCSIN(A)").evaluate(table)
    assert result.null.tolist() == [True, True, True]
    assert compile_expression("SQRT(N)").evaluate(table).null.tolist() == [True, False, True]
    assert value("ARCTAN2(1, -2)", table) == math.atan2(1, -2)


_SINE, _COS = ({angle: function(math.radians(angle)) for angle in (20, 30, 50)} for function in (math.sin, math.cos))
_COSINE = _SINE[20] * _SINE[50] + _COS[20] * _COS[50] * _COS[30]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SUM(3) + AVERAGE(4) + MEDIAN(5) + MIN(6) + MAX(7)", 25),
        ("STDDEV(3) + NVALID(3) + NELEM(3) + NAXIS(3) + ELEMENTNUM(3)", 4),
        ("NVALID(#NULL) + ACCUM(#NULL)", 0),
        ("SUM({1,2,3}) * NELEM({1,2,3})", 18),
        ("{7}", 7),
        ("STDDEV({1,2,3,4,10})", math.sqrt(12.5)),  # mean 4; 9 + 4 + 1 + 0 + 36 = 50, over 4
        ("MEDIAN({5,1,4,2,3})", 3),
        ("MEDIAN({2,1})", 1),
        ("MIN(3, 1, 2) + 10 * MAX(3, 1, 2)", 31),
        ("-7 / -2 * 100 + (-7 % -2) + 7 / -2 * 10 + (7 % -2)", 3 * 100 - 1 - 3 * 10 + 1),
        ("10 + 7 % 4", 1),  # + and % bind alike
        ("-7.5 % 2", -1.5),
        ("5 & 3 | 8 ^^ 1", 8),  # from left to right: (1 | 8) ^^ 1
        ("(int) -2.9 + (int) 2.9 + (int) T", 1),
        ("(float) 1 / 2 + (double) F", 0.5),
        ("2 ** -1.0", 0.5),
        ("123456789012345678", 123456789012345678),
        ("999999999999999999", 999999999999999999),
        ("9007199254740993 - 9007199254740992", 1),
        ("0xFFFFFFFFFFFF + 0b1111 + 0o7", (1 << 48) - 1 + 15 + 7),
        ("0b" + "1" * 40, (1 << 40) - 1),
        ("1.5d2 + .5e1 + 2.", 157),
        ("#E", math.e),
        ("STRSTR('abcabc', 'ca') + STRSTR('abc', 'a')", 4),
        ("STRMID('abcdef', 1, 2) + STRMID('abcdef', 5, 9)", "abef"),
        ("STRMID('abcdef', 3, -1)", ""),
        ("STRMID('abcdef', 0, 2)", None),
        ("NEAR(1, 4, 3.01) ? 1 : 0", 1),
        ("NEAR(1, 4, 3) || 1 ~ 1.0000002 ? 1 : 0", 0),
        ("1 ~ 1.00000005 ? 1 : 0", 1),
        ("SETNULL(3, 3)", None),
        ("SETNULL(2, 3)", 3),
        ("ANGSEP(10, 20, 40, 50)", math.degrees(math.acos(_COSINE))),
        ("SUM(ARRAY(1, 65536))", 65536),
        ("SUM(ARRAY(2, {3,4,5}))", 120),
        ("NAXES(ARRAY(2, {3,4,5}), 1) * 100 + NAXES(ARRAY(2, {3,4,5}), 2) * 10 + NAXES(ARRAY(2, {3,4,5}), 3)", 345),
        ("ELEMENTNUM(ARRAY(2, {3,4}))[2,3]", 8),
        ("AXISELEM(ARRAY(2, {3,4}), 1)[2,3] * 10 + AXISELEM(ARRAY(2, {3,4}), 2)[2,3]", 23),
        ("AXISELEM({1,2}, 0)[2] + AXISELEM({1,2}, 2)[2] + AXISELEM({1,2}, 1)[2]", 4),
    ],
)
def test_values_of_constants(table, text, expected):
    assert value(text, table) == (pytest.approx(expected, rel=1e-6) if isinstance(expected, float) else expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SUM(ARRAY(1, 0))", "1 to 65536"),
        ("SUM(ARRAY(1, {-2,-2}))", "1 to 65536"),
        ("SUM(ARRAY(1, 65537))", "1 to 65536"),
        ("SUM(ARRAY({1,2}, 2))", "a single value"),
        ("SUM(ARRAY(1, N))", "a single value, and constants"),
        ("{1,2}[0]", r"the vector\[0\], but the vector has 2 element"),
        ("{1,2}[3]", r"the vector\[3\]"),
        ("{1,2}[#ROW - 1]", r"the vector\[0\]"),  # with 0, 1, 2
        ("{1,2}[#ROW]", r"the vector\[3\]"),
        ("ARRAY(1, {2,3})[2,4]", r"\[4\], but the vector has 3"),
        ("ARRAY(1, {2,3})[3,3]", r"\[3\], but the vector has 2"),
        ("ARRAY(1, {2,3,4})[1,1]", "gives 2 indices .* 3 axes"),
        ("{1,2} + {1,2,3}", "vectors of 2 and 3 elements"),
        ("ARRAY(1, {2,3}) + ARRAY(1, {3,2})", "vectors of 2x3 and 3x2"),
    ],
)
def test_vectors_that_can_not_be(table, text, words):
    with pytest.raises(ConfigError, match=words):
        compile_expression(text).evaluate(table)


def test_whole_numbers_have_64_bits(table):
    edge = 1 << 63
    kinds = [Operand.constant(number).kind.name for number in (edge - 1, edge, -edge, -edge - 1)]
    assert kinds == ["INTEGER", "REAL", "INTEGER", "REAL"]
    assert value("0xFFFFFFFFFFFFFFFF", table) == 2.0**64
    assert value("0x7FFFFFFFFFFFFFFF", table) == edge - 1


def test_null_of_vectors_and_constants(table):
    null = compile_expression("{N, A, 1}").evaluate(table)
    assert null.values.tolist()[:2] == [[-3, 0.5, 1], [4, 2, 1]]
    assert null.null.tolist() == [[False] * 3, [False] * 3, [True, True, False]]
    assert compile_expression("{N}").evaluate(table).null.tolist() == [False, False, True]
    assert value("{#NULL}", table) is None
    shifted = compile_expression("N{1}").evaluate(table)
    assert (shifted.values[:1].tolist(), shifted.null.tolist()) == ([4], [False, True, True])
    far = compile_expression("ISNULL(N{-99}) && ISNULL(N{99}) && N{0} == N").select(table)
    assert far.tolist() == [True, True, False]


def test_elements_of_which_one_index_is_undefined(table):
    found = compile_expression("ARRAY(#ROW, {2,3})[1, SETNULL(2, #ROW)]").evaluate(table)
    assert (found.values[[0, 2]].tolist(), found.null.tolist()) == ([1, 3], [False, True, False])


def test_bits_one_by_one(table):
    """What a mask does not care about stays so in AND, and gives way in OR: as CFITSIO has it."""

    def bits(text):
        return "".join("01x"[bit] for bit in compile_expression(text).evaluate(table).values[0])

    assert bits("b01x01x01x & b000111xxx") == "00x01xxxx"
    assert bits("b01x01x01x | b000111xxx") == "01011101x"
    assert bits("!b01x") == "10x"
    assert bits("o7x & b111111") == "111xxx"
    assert bits("hAx") == "1010xxxx"
    assert bits("b1 + b0x") == "10x"
    assert bits("b11 | b1000") == "1011"  # the shorter one begins with zeros


def test_bits_are_ordered_as_numbers():
    a, b = np.divmod(np.arange(64, dtype="u1"), 8)
    columns = [(Column(name, "3X"), (values << 5)[:, None].astype("u1")) for name, values in (("A", a), ("B", b))]
    table = open_fits(fits_bytes(primary_hdu(), [table_hdu("X", columns)]), "x.fits").table()
    signs = {"==": a == b, "!=": a != b, "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}
    for sign, expected in signs.items():
        assert (sign, compile_expression(f"A {sign} B").select(table).tolist()) == (sign, expected.tolist())
    assert np.array_equal(compile_expression("A >= b10").select(table), a >= 2)
    assert np.array_equal(compile_expression("A == bx1x").select(table), a & 2 > 0)


def test_how_long_and_how_deep_expressions_may_be(table):
    for few, many in (("T" + " " * 9_999, "T" + " " * 10_000), ("T" + " && T" * 119, "T" + " && T" * 120)):
        assert compile_expression(few).select(table).all()
        with pytest.raises(ConfigError, match=r"10000 are the most|more than 120 deep"):
            compile_expression(many)
    with pytest.raises(
        ConfigError, match=f"has 10001 characters, 10000 are the most that is taken; it begins with '{'T' * 60}'"
    ):
        compile_expression("T" * 10_001)
    with pytest.raises(ConfigError, match=f"calls {'F' * 100}, which is not known; known functions are ABS, ACCUM"):
        compile_expression(f"{'F' * 101}(1)").evaluate(table)
    assert evaluate.shown("x" * 300) == repr("x" * 300)
    assert evaluate.shown("x" * 301) == repr("x" * 300 + "...")
    with pytest.raises(ConfigError, match="at character 7: 'abcdefghijkl';"):
        compile_expression("N > 4 abcdefghijklmnop")
    for length, error in ((68, DataError), (69, ConfigError)):  # as long as text can be in a card
        with pytest.raises(error):
            compile_expression("A" * length + " > 1").select(table)
