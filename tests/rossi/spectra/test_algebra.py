"""Arithmetic on spectra: the specification's numbers, and what single precision does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rossi.errors import ConfigError, DataError
from rossi.fits.header import Header
from rossi.fits.reader import open_fits
from rossi.spectra.algebra import Errors, Formula, Units, combine, common_areascal, exposure_of, stated_errors
from rossi.spectra.pha import Spectrum, read_pha
from rossi.spectra.product import nearest
from rossi.spectra.summing import RunningSum, sum_file, sum_spectra


def spectrum(counts, exposure=1000.0, *, name="a", errors=True, quantity="COUNTS", **more) -> Spectrum:
    counts = np.array(counts, float)
    n = len(counts)
    known = {
        "name": name,
        "channel": np.arange(n),
        "value": counts,
        "error": np.sqrt(np.abs(counts)) if errors else None,
        "systematic": np.zeros(n),
        "quality": np.zeros(n, int),
        "exposure": exposure,
        "areascal": 1.0,
        "quantity": quantity,
        "intervals": np.array([[0.0, exposure]]),
        "header": Header([("TSTART", 0.0), ("TSTOP", exposure)]),
        "gti_header": Header(),
    }
    return Spectrum(**known | more)


def test_the_reference_cuts_off_fractions():
    a, b = spectrum([100, 25.7, 0], 1000.123), spectrum([10, 2.2, 5], 500.5, name="b")
    formula = Formula("a+b")
    result = combine(formula, {"a": a, "b": b}, compat="heasoft")
    np.testing.assert_array_equal(nearest(result.value), [110, 27, 5])
    np.testing.assert_allclose(result.error, [10.488089, 5.282045, 2.236068], rtol=1e-6)
    assert exposure_of(formula, {"a": a, "b": b}, compat="heasoft") == pytest.approx(1500.623, rel=1e-7)
    assert exposure_of(Formula("a-b"), {"a": a, "b": b}) == pytest.approx(499.623)
    right = combine(formula, {"a": a, "b": b})
    np.testing.assert_allclose(right.value, [110, 27.9, 5], rtol=1e-15)


def test_sums_lose_half_counts_only_in_compat():
    files = [spectrum([6.5], name=str(n)) for n in range(13)]
    kept, lost = sum_spectra(files), sum_spectra(files, compat="heasoft")
    assert (kept.value[0], nearest(lost.value)[0]) == (84.5, 78)
    assert kept.error[0] == pytest.approx(lost.error[0], rel=1e-6) == pytest.approx(np.sqrt(84.5))
    assert kept.exposure == pytest.approx(lost.exposure) == 13000


def test_single_precision_limits_counts():
    pair = {"a": spectrum([16777217], 1.0), "b": spectrum([100], 1.0, name="b")}
    assert combine(Formula("a+b"), pair, compat="heasoft").value[0] == 16777316
    assert combine(Formula("a+b"), pair).value[0] == 16777317


def test_without_exposure_counts_are_no_rates():
    empty = {"a": spectrum([7.0], 0.0)}
    assert combine(Formula("a"), empty).value[0] == 7
    for asked in ({"units": Units.RATE}, {"compat": "heasoft"}):  # which goes by way of rates
        with pytest.raises(DataError, match="EXPOSURE is 0"):
            combine(Formula("a"), empty, **asked)


@pytest.mark.parametrize("compat", [None, "heasoft"])
def test_errors_of_each_operation(compat):
    pair = {"a": spectrum([100.0]), "b": spectrum([25.0], name="b")}

    def calculated(text):
        result = combine(Formula(text), pair, compat=compat)
        return result.value[0], result.error[0]

    assert calculated("a-b") == pytest.approx((75, np.sqrt(125)), rel=1e-6)
    assert calculated("a*b") == pytest.approx((2500, 2500 * np.sqrt(0.01 + 0.04)), rel=1e-6)
    assert calculated("a/b") == pytest.approx((4, 4 * np.sqrt(0.01 + 0.04)), rel=1e-6)
    assert calculated("2*(a - b)/4") == pytest.approx((37.5, np.sqrt(125) / 2), rel=1e-6)
    assert calculated("-0.5*a+b") == pytest.approx((-25, np.sqrt(25 + 25)), rel=1e-6)


def test_division_by_zero_is_marked():
    pair = {"a": spectrum([100, 9, 7]), "b": spectrum([0, 3, 0], name="b", quality=np.array([0, 2, 2]))}
    result = combine(Formula("a/b"), pair, divzero=-99)
    np.testing.assert_array_equal(result.value, [-99, 3, -99])
    np.testing.assert_array_equal(result.quality, [5, 5, 5])
    assert result.error[0] == 0


@pytest.mark.parametrize("errors", [True, False])
@pytest.mark.parametrize(
    ("units", "value", "parts"),
    [(Units.COUNTS, 150, (10, 50)), (Units.RATE, 0.6, (0.01, 0.5)), (Units.FORMAL, 100.5, (10, 0.5))],
)
def test_units(units, value, parts, errors):
    """100 counts in 1000 s and 0.5 counts/s for 100 s, the latter with an error of 0.5 counts/s or Poisson's."""
    rates = spectrum([0.5], 100.0, name="b", quantity="RATE", error=np.array([0.5]) if errors else None)
    made = combine(Formula("a+b"), {"a": spectrum([100.0], errors=errors), "b": rates}, units)
    second = parts[1] if errors else parts[1] * np.sqrt(50) / 50
    assert (made.value[0], made.error[0]) == pytest.approx((value, np.hypot(parts[0], second)))


def test_systematic_errors_add_in_quadrature():
    one = {"a": spectrum([100.0], systematic=np.array([0.1]))}
    assert combine(Formula("a*1"), one).error[0] == pytest.approx(np.sqrt(200))


def test_names_with_operators_stand_in_quotes():
    assert Formula("'a-1.pha' + 2.5e1*b/c.pha").names == ["a-1.pha", "b", "c.pha"]
    assert Formula("1a.pha+x2").names == ["1a.pha", "x2"]
    assert Formula("a-b").names == ["a", "b"]


@pytest.mark.parametrize("text", ["a+", "'a", "3", "a**b", "(a", "a b", ""])
def test_what_is_no_expression(text):
    with pytest.raises(ConfigError, match="can't be read"):
        combine(Formula(text), {"a": spectrum([1]), "b": spectrum([1])})


def test_errors_of_the_result():
    value, error = np.array([100.0]), np.array([3.0])
    assert stated_errors(value, error, Errors.POISSON_0, 1, propagate=True) is None
    assert stated_errors(value, error, Errors.GAUSS, 1, propagate=False) is None
    assert stated_errors(value, error, Errors.GAUSS, 1, propagate=True)[0] == 3
    assert stated_errors(value, error, Errors.POISSON_1, 1, propagate=False)[0] == 1 + np.sqrt(100.75)
    assert stated_errors(value, error, Errors.POISSON_2, 1, propagate=False)[0] == np.sqrt(99.75)
    assert stated_errors(value / 4, error, Errors.POISSON_2, 4.0, propagate=False)[0] == np.sqrt(99.75) / 4
    assert Errors.POISSON_3.of(value)[0] == (1 + np.sqrt(100.75) + np.sqrt(99.75)) / 2
    poisson = {"a": spectrum([100.0], errors=False)}
    assert combine(Formula("a*1"), poisson).error[0] == 10


def test_spectra_must_fit_together():
    a = spectrum([1, 2])
    for other, said in (
        (spectrum([1], name="b"), "1 channels from [0]"),
        (spectrum([1, 2], name="b", channel=np.array([1, 2])), "2 channels from [1]"),
    ):
        whole = f"b: has {said}, but a has 2 from [0]; spectra of the same channels were expected."
        for call in (lambda b: combine(Formula("a+b"), {"a": a, "b": b}), lambda b: sum_spectra([a, b])):
            with pytest.raises(DataError) as error:
                call(other)
            assert str(error.value) == whole
    with pytest.raises(ConfigError, match="No spectrum"):
        sum_spectra([])


@pytest.mark.parametrize("compat", [None, "heasoft"])
def test_rates_are_summed_as_counts(compat):
    """0.5 and 0.0625 counts/s for 1000 s, with errors of 0.02 counts/s, and Poisson's: sqrt(500) counts."""
    rates = spectrum([0.5, 0.0625], name="b", quantity="RATE", error=np.array([0.02, 0.02]))
    total = sum_spectra([spectrum([7, 0]), rates], compat=compat)
    np.testing.assert_allclose(total.value, [507, 62.5], rtol=1e-7)
    np.testing.assert_allclose(total.error, np.hypot(np.sqrt([7, 0]), 20), rtol=1e-7)
    assert (total.exposure, total.is_rate) == (2000, False)
    poisson = spectrum([0.5, 0.0625], name="b", quantity="RATE", errors=False)
    np.testing.assert_allclose(sum_spectra([poisson, poisson], compat=compat).error[0], np.sqrt(1000), rtol=1e-7)
    nothing = spectrum([1], 0.0, name="c", quantity="RATE")
    with pytest.raises(DataError, match="c: EXPOSURE is 0 s"):
        sum_spectra([nothing], compat=compat)
    with pytest.raises(DataError, match="b: the spectrum is in RATE"):
        RunningSum().add(poisson)


def test_a_spectrum_without_exposure_adds_nothing():
    files = [spectrum([5]), spectrum([0], 0.0, name="b")]
    assert (sum_spectra(files).value[0], sum_spectra(files).exposure) == (5, 1000)
    for call in (
        lambda: sum_spectra(files, compat="heasoft"),
        lambda: combine(Formula("b*1"), {"b": files[1]}, Units.RATE),
    ):
        with pytest.raises(DataError, match="b: EXPOSURE is 0 s"):
            call()


def test_areascal():
    assert common_areascal([spectrum([1], areascal=1.0), spectrum([1], areascal=1.002)]) == pytest.approx(1.001)
    assert common_areascal([spectrum([1], areascal=199.0), spectrum([1], areascal=201.0)]) == 200  # 1 per cent
    with pytest.raises(ConfigError, match="AREASCAL differs"):
        common_areascal([spectrum([1], areascal=1.0), spectrum([1], areascal=2.0)])


@given(st.lists(st.lists(st.integers(0, 10_000), min_size=3, max_size=3), min_size=1, max_size=25))
def test_sums_conserve_whole_counts(rows):
    files = [spectrum(row, 100.0 + n, name=str(n)) for n, row in enumerate(rows)]
    for compat in (None, "heasoft"):
        total = sum_spectra(files, compat=compat)
        np.testing.assert_array_equal(nearest(total.value), np.sum(rows, axis=0))
        np.testing.assert_allclose(total.error, np.sqrt(np.sum(rows, axis=0)), rtol=1e-5)


@given(st.lists(st.lists(st.integers(0, 10_000), min_size=3, max_size=3), min_size=1, max_size=25), st.randoms())
def test_a_running_sum_is_the_sum(rows, random):
    def one(number, row):
        start = 1e8 + 1000.0 * number
        cards = [("TSTART", start), ("TSTOP", start + 500), ("INSTRUME", "HEXTE"), ("DETNAM", "PWA")]
        times = {"header": Header(cards), "intervals": np.array([[start, start + 500]])}
        return spectrum(row, 100.0 + number, name=f"{number}.pha", **times)

    files = [one(number, row) for number, row in enumerate(rows)]
    shuffled = list(files)
    random.shuffle(shuffled)
    running = RunningSum()
    for pha in shuffled:
        running.add(pha)
    made = [read_pha(open_fits(data, "sum")) for data in (running.file(backfile="bkg.pha"), sum_file(files))]
    assert running.count == len(rows)
    assert made[0].header["BACKFILE"] == "bkg.pha"
    assert [made[0].header[key] for key in ("TSTART", "TSTOP")] == [1e8, 1e8 + 1000.0 * len(rows) - 500]
    for name in ("value", "intervals", "quality"):
        np.testing.assert_array_equal(*(getattr(pha, name) for pha in made))
    for name in ("error", "exposure"):  # rounded in another order
        np.testing.assert_allclose(*(getattr(pha, name) for pha in made), rtol=1e-14)


def test_the_first_and_the_last_are_told_by_times_with_timezero():
    """From 100 to 200 s, and with 10 s of TIMEZERO from 105 to 195 s, though their files say 95 to 185."""

    def one(name, start, stop, zero):
        cards = [("TSTART", start), ("TSTOP", stop), ("TIMEZERO", zero), ("OBJECT", name), ("DATE-END", name)]
        return spectrum([1], name=name, header=Header(cards))

    files = [one("early", 100.0, 200.0, 0.0), one("within", 95.0, 185.0, 10.0)]
    late = one("late", 99.0, 191.0, 10.0)
    for some in (files, files[::-1]):
        total = read_pha(open_fits(sum_file(some), "sum")).header
        assert [total[keyword] for keyword in ("OBJECT", "TSTART", "DATE-END", "TSTOP")] == ["early", 100, "early", 200]
    total = read_pha(open_fits(sum_file([*files, late]), "sum")).header
    assert [total[keyword] for keyword in ("OBJECT", "TSTART", "DATE-END", "TSTOP")] == ["early", 100, "late", 191]


def test_a_running_sum_takes_nothing_that_does_not_fit():
    running = RunningSum()
    running.add(spectrum([1, 2]))
    for wrong, sentence in (
        (spectrum([1, 2, 3], name="b"), "b: has 3 channels"),
        (spectrum([1, 2], name="b", quantity="RATE"), "b: the spectrum is in RATE"),
        (spectrum([1, 2], name="b", intervals=None), "b: no extension with HDUCLAS1 = GTI"),
    ):
        with pytest.raises(DataError, match=sentence):
            running.add(wrong)
    assert (running.count, running.exposure) == (1, 1000)
