"""What two measurements of the same say of each other."""

from __future__ import annotations

import numpy as np
import pytest

from rossi.validate.verdict import Samples, Verdict, compare, shift_of

TIME = 16.0 * np.arange(100)
RNG = np.random.default_rng(1)
COUNTS = RNG.poisson(1600.0, len(TIME)).astype(float)


def samples(value: np.ndarray, x: np.ndarray = TIME, left_out: tuple[float, ...] = ()) -> Samples:
    return Samples(x, value / 16, np.sqrt(COUNTS[: len(x)]) / 16, 16.0 * len(x), np.array(left_out))


def test_single_precision_is_the_same() -> None:
    found = compare(
        "p", "light curve", samples(COUNTS.astype(np.float32).astype(float)), samples(COUNTS), "count/s", 16
    )
    assert (found.verdict, found.compared, found.ratio) == (Verdict.SAME, 100, pytest.approx(1))


@pytest.mark.parametrize(
    ("part", "verdict"), [(0.001, Verdict.WITHIN), (0.0074, Verdict.WITHIN), (0.0076, Verdict.DIFFERS)]
)
def test_what_all_rows_say_together(part: float, verdict: Verdict) -> None:
    """160,000 counts tell 0.75 per cent: three standard deviations of their sum."""
    assert COUNTS.sum() == pytest.approx(160_000, rel=0.01)
    found = compare("p", "light curve", samples(COUNTS * (1 - part)), samples(COUNTS), "count/s", 16)
    assert found.verdict is verdict
    assert found.significance == pytest.approx(part * np.sqrt(COUNTS.sum()), rel=1e-3)
    assert found.ratio == pytest.approx(1 / (1 - part))
    assert found.pulls[0] == pytest.approx(part * np.sqrt(1600), rel=0.05)


def test_one_row_alone_and_scatter() -> None:
    outlier = COUNTS.copy()
    outlier[7] += 6 * np.sqrt(outlier[7])
    found = compare("p", "light curve", samples(outlier), samples(COUNTS), "count/s", 16)
    assert (found.verdict, found.at) == (Verdict.DIFFERS, TIME[7])
    assert found.largest == pytest.approx(-6 * np.sqrt(COUNTS[7]) / 16)
    other = np.random.default_rng(2).poisson(1600.0, len(TIME)).astype(float)  # of the same source, but other photons
    assert compare("p", "light curve", samples(other), samples(COUNTS), "count/s", 16).verdict is Verdict.DIFFERS


@pytest.mark.parametrize("shift", [8.0, 0.5, -3.0, 1.0])
def test_a_shift_within_a_row(shift: float) -> None:
    found = compare("p", "light curve", samples(COUNTS, TIME + shift), samples(COUNTS), "count/s", 16)
    assert found.shift == pytest.approx(shift)
    assert (found.verdict, found.compared, found.largest) == (Verdict.DIFFERS, 100, 0)
    assert f"{shift:g} s later" in found.reasons[0]


def test_clock_corrections_are_no_shift() -> None:
    assert shift_of(TIME + 1e-4, TIME, 16.0) == 0
    assert shift_of(np.empty(0), TIME, 16.0) == 0


def test_rows_of_one_alone() -> None:
    few = samples(COUNTS[2:], TIME[2:])
    few = Samples(few.x, few.value, np.sqrt(COUNTS[2:]) / 16)
    found = compare("p", "light curve", few, samples(COUNTS), "count/s", 16)
    assert (found.verdict, found.only_archive, found.only_rossi) == (Verdict.SAME, 0, 2)
    assert found.reasons == ("rossi has 2 rows more.",)
    half = Samples(TIME[:50], COUNTS[:50] / 16, np.sqrt(COUNTS[:50]) / 16)
    assert compare("p", "light curve", half, samples(COUNTS), "count/s", 16).verdict is Verdict.DIFFERS


def test_rows_that_rossi_leaves_out_are_counted_apart() -> None:
    own = Samples(TIME[10:], COUNTS[10:] / 16, np.sqrt(COUNTS[10:]) / 16, left_out=TIME[:10])
    found = compare("p", "light curve", samples(COUNTS), own, "count/s", 16)
    assert (found.verdict, found.only_archive, found.compared) == (Verdict.SAME, 0, 90)
    assert "leaves out 10 of its rows" in found.reasons[0]
    nothing = Samples(np.empty(0), np.empty(0), np.empty(0), left_out=TIME)
    assert compare("p", "light curve", samples(COUNTS), nothing, "count/s", 16).verdict is Verdict.NOT_COMPARED


def test_nothing_in_common() -> None:
    found = compare("p", "spectrum", samples(COUNTS), Samples(TIME + 5000, COUNTS, COUNTS), "count/s")
    assert (found.verdict, found.compared) == (Verdict.DIFFERS, 0)
    assert found.reasons[0] == "They have no row in common."


def test_exposures_of_spectra_are_told() -> None:
    channels = np.arange(3.0)
    archive, own = (Samples(channels, np.ones(3), np.ones(3), seconds) for seconds in (1744.0, 1696.0))
    found = compare("p", "spectrum", archive, own, "count/s")
    assert (found.verdict, found.exposures) == (Verdict.SAME, (1744, 1696))
    assert found.reasons == ("The archive's exposure is 1744 s, rossi's 1696 s.",)
    assert compare("p", "spectrum", archive, archive, "count/s").reasons == ()
