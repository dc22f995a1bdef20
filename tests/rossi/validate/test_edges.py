"""Comparisons at the edges of what is allowed, and what their sentences and tables say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rossi.validate.reasons import with_reasons
from rossi.validate.table import COLUMNS, joined, read_ecsv, table_of, to_ecsv
from rossi.validate.verdict import Comparison, Samples, Verdict, compare, not_compared, shift_of

NAN = float("nan")
ONES = np.ones(4)


def of(value: list[float], error: list[float], x: list[float] | None = None, **more: float) -> Samples:
    return Samples(np.arange(float(len(value))) if x is None else np.array(x), np.array(value), np.array(error), **more)


@pytest.mark.parametrize(
    ("archive", "error", "rossi", "verdict"),
    [
        ([100.0, 100.0], [1.0, 1.0], [100.0009, 100.0], Verdict.SAME),  # a hundred thousandth of itself
        ([100.0, 100.0], [1.0, 1.0], [100.0011, 100.0], Verdict.WITHIN),
        ([0.0, 100.0], [1.0, 1.0], [0.9e-5, 100.0], Verdict.SAME),  # of its error, where it is 0
        ([0.0, 100.0], [1.0, 1.0], [1.1e-5, 100.0], Verdict.WITHIN),
        ([0.0] * 4, [1.0] * 4, [1.49] * 4, Verdict.WITHIN),  # the sum is 2.98 deviations off
        ([0.0] * 4, [1.0] * 4, [1.51] * 4, Verdict.DIFFERS),
        ([0.0] * 4, [1.0] * 4, [-1.51] * 4, Verdict.DIFFERS),
        ([0.0] * 100, [1.0] * 100, [4.9, -4.9] + [0.0] * 98, Verdict.WITHIN),  # a single one 5 off
        ([0.0] * 100, [1.0] * 100, [5.1, -5.1] + [0.0] * 98, Verdict.DIFFERS),
        ([0.0] * 2, [1.0] * 2, [2.49, -2.49], Verdict.WITHIN),  # 1 + 3 / sqrt(2 * 2) times the errors
        ([0.0] * 2, [1.0] * 2, [2.51, -2.51], Verdict.DIFFERS),
        ([1.0, 2.0], [0.0, 0.0], [1.0, 2.0], Verdict.SAME),
        ([1.0, 2.0], [0.0, 0.0], [1.0, 2.1], Verdict.DIFFERS),  # without an error nothing is within it
        ([1.0, 2.0], [0.0, 1.0], [1.5, 2.0], Verdict.WITHIN),
    ],
)
def test_how_far_is_too_far(archive: list[float], error: list[float], rossi: list[float], verdict: Verdict) -> None:
    found = compare("p", "spectrum", of(archive, error), of(rossi, error), "count/s")
    assert found.verdict is verdict
    assert (found.compared, found.only_archive, found.only_rossi) == (len(archive), 0, 0)


def test_what_is_told_of_differences() -> None:
    archive, own = of([10.0, 20.0, 30.0], [2.0, 1.0, 2.0]), of([11.0, 17.0, 30.0], [9.0, 9.0, 9.0])
    found = compare("p", "spectrum", archive, own, "count/s")
    assert (found.largest, found.at, found.unit) == (-3.0, 1.0, "count/s")
    assert found.ratio == pytest.approx(58 / 60)
    assert found.significance == pytest.approx(-2 / 3)  # of the archive's errors: 4 + 1 + 4
    assert found.pulls == pytest.approx(((0.5 - 3) / 3, np.sqrt((0.25 + 9) / 3)))
    nothing = compare("p", "spectrum", of([0.0, 0.0], [1.0, 1.0]), of([0.0, 1.0], [1.0, 1.0]), "")
    assert np.isnan(nothing.ratio)
    assert compare("p", "spectrum", of([1.0, 1.0], [0.0, 0.0]), of([2.0, 2.0], [0.0, 0.0]), "").significance == 0


@pytest.mark.parametrize(
    ("rows", "lost", "verdict"),
    [
        (100, 0, Verdict.SAME),
        (100, 5, Verdict.SAME),
        (100, 6, Verdict.DIFFERS),
        (2, 1, Verdict.SAME),
        (3, 2, Verdict.DIFFERS),
    ],
)
def test_how_many_rows_may_be_of_one_alone(rows: int, lost: int, verdict: Verdict) -> None:
    """One in twenty of those of both, and one more: 0.05 * 95 + 1 is 5.75."""
    whole, part = of([1.0] * rows, [1.0] * rows), of([1.0] * (rows - lost), [1.0] * (rows - lost))
    for one, other, found in (
        (whole, part, compare("p", "spectrum", whole, part, "")),
        (part, whole, compare("p", "spectrum", part, whole, "")),
    ):
        assert (found.verdict, found.compared) == (verdict, rows - lost)
        assert max(found.only_archive, found.only_rossi) == lost
        assert (found.only_archive > 0) is (lost > 0 and len(one.x) > len(other.x))


@pytest.mark.parametrize(
    ("archive", "rossi", "reasons"),
    [(1000.0, 1000.99, ()), (1000.0, 998.9, ("The archive's exposure is 1000 s, rossi's 999 s.",)), (1000.0, NAN, ())],
)
def test_exposures_a_thousandth_apart(archive: float, rossi: float, reasons: tuple[str, ...]) -> None:
    one, other = (of([1.0], [1.0], exposure=seconds) for seconds in (archive, rossi))
    assert compare("p", "spectrum", one, other, "").reasons == reasons


@pytest.mark.parametrize(
    ("shift", "found"),
    [(0.009, 0), (0.011, 0.011), (-0.011, -0.011), (7.9, 7.9), (8.0, 8.0), (8.1, -7.9), (15.995, 0), (16.0, 0)],
)
def test_shifts_are_within_half_a_row(shift: float, found: float) -> None:
    rossi = 16.0 * np.arange(10)
    assert shift_of(rossi + shift, rossi, 16.0) == pytest.approx(found, abs=1e-9)
    assert shift_of(rossi + 1000.0, rossi[:0], 16.0) == 0


def test_most_rows_that_coincide_are_no_shift() -> None:
    rossi = 16.0 * np.arange(10)
    late = 16.0 * np.arange(20) + 3.0
    for coincide, shift in ((5, 3.0), (6, 0.0)):  # of the ten of rossi's
        archive = np.sort(np.r_[rossi[:coincide], late])
        assert shift_of(archive, rossi, 16.0) == pytest.approx(shift)
        assert shift_of(rossi, archive, 16.0) == pytest.approx(0)
    assert shift_of(np.r_[rossi[:1] + 5], rossi, 16.0) == pytest.approx(5)


@pytest.mark.parametrize(("away", "same"), [(0.0099, True), (0.0101, False)])
def test_rows_of_the_same_time(away: float, same: bool) -> None:
    archive, own = of([1.0, 2.0, 3.0], [1.0] * 3, [0.0, 16.0, 32.0]), of([2.0], [1.0], [16.0 + away])
    found = compare("p", "spectrum", archive, own, "")
    assert (found.compared, found.only_archive, found.only_rossi) == ((1, 2, 0) if same else (0, 3, 1))
    back = compare("p", "spectrum", own, archive, "")
    assert (back.compared, back.only_archive, back.only_rossi) == ((1, 0, 2) if same else (0, 1, 3))
    for at in (0, 2):  # the first and the last of several, each alone
        alone = of([archive.value[at]], [1.0], [archive.x[at] - away])
        assert compare("p", "spectrum", archive, alone, "").compared == int(same)


def test_nothing_can_be_compared_where_rossi_leaves_all_out() -> None:
    archive = of([1.0, 2.0], [1.0, 1.0], [0.0, 16.0])
    for left_out, verdict, bad in (
        ([16.0, 0.0], Verdict.NOT_COMPARED, 2),
        ([0.0], Verdict.DIFFERS, 1),
        ([], Verdict.DIFFERS, 0),
    ):
        own = Samples(np.empty(0), np.empty(0), np.empty(0), left_out=np.array(left_out, float))
        found = compare("p", "light curve", archive, own, "count/s", 16.0)
        assert (found.verdict, found.only_archive) == (verdict, 2 - bad)
        assert found.reasons[0] == "They have no row in common."
        assert (f"rossi leaves out {bad} of its rows, in which a PCU was switched, off, or bad." in found.reasons) is (
            bad > 0
        )
    empty = compare("p", "light curve", of([], []), of([], []), "count/s", 16.0)
    assert empty.verdict is Verdict.DIFFERS


def test_what_counts_as_fine() -> None:
    for verdict in Verdict:
        one = Comparison("p", "column", verdict)
        assert (one.is_fine, replace(one, explained=True).is_fine) == (verdict is not Verdict.DIFFERS, True)
    assert not_compared("p", "spectrum", "Why.").because("And.", "So.").reasons == ("Why.", "And.", "So.")


def test_nothing_is_told_of_what_was_not_compared() -> None:
    found = not_compared("p", "spectrum", "Why.")
    told = {name: getattr(found, name) for name in Comparison.__slots__}
    nothing = {name: value for name, value in told.items() if value in (0, "", (), (0.0, 0.0), False, None)}
    assert set(told) - set(nothing) == {"product", "what", "verdict", "reasons", "ratio", "at", "exposures"}
    assert np.isnan([found.ratio, found.at, *found.exposures]).all()
    assert np.isnan(of([1.0], [1.0]).exposure) and len(of([1.0], [1.0]).left_out) == 0


def test_the_table_has_what_comparisons_have() -> None:
    one = Comparison(
        *(
            "xp1_n2a.lc",
            "light curve",
            Verdict.DIFFERS,
            "RATE",
            "count/s",
            7,
            3,
            2,
            1.5,
            -2.5,
            (0.25, 1.25),
            -4.0,
            16.0,
        ),
        *(8.0, (100.0, 90.0), ("One.", "Two.")),
    )
    table = read_ecsv(to_ecsv(joined([table_of("1-2", [one]), table_of("3-4", [not_compared("p", "number", "No.")])])))
    assert table.colnames == [name for name, _, _ in COLUMNS]
    assert list(table[0]) == [
        *("1-2", "xp1_n2a.lc", "light curve", "RATE", "differs", False, "count/s", 7, 3, 2, 1.5, -2.5, 0.25, 1.25),
        *(-4.0, 16.0, 8.0, 100.0, 90.0, "One. Two."),
    ]
    assert (table["obsid"][1], table["fine"][1], table["unit"][1], len(table)) == ("3-4", True, "", 2)
    assert [table[name].description for name in ("shift", "largest")] == [
        *("by which the archive's times are later [s]", "largest difference, rossi minus archive"),
    ]
    assert len(joined([])) == len(table_of("1", ())) == 0


def test_reasons_are_told_where_something_differs() -> None:
    names = ("xp20402014503_s2.pha", "xp20402014503_b2.pha", "xp20402014503_n2a.lc", "FP.xfl")
    D, S, N = Verdict.DIFFERS, Verdict.SAME, Verdict.NOT_COMPARED

    def told(*verdicts: Verdict, made: str = "M") -> list[str]:
        some = [Comparison(name, "w", verdict) for name, verdict in zip(names, verdicts, strict=True)]
        return [" ".join(one.reasons) for one in with_reasons(some, made)]

    model = "Source and background agree where they are together, so it is another version of the background model (M)."
    assert told(S, D, D, D) == ["", model, model, ""]
    assert told(S, S, D, S) == ["", "", "Made by M.", ""]
    assert told(D, D, S, S) == ["Made by M.", "Made by M.", "", ""]
    assert told(N, D, D, S) == ["", "Made by M.", "Made by M.", ""]
    assert told(S, N, D, S, made="") == [""] * 4
    hexte = with_reasons([Comparison(f"xh20402014503_{end}.pha", "w", v) for end, v in (("s0", S), ("b0", D))], "M")
    assert "so it is another background (M)." in hexte[1].reasons[0]
