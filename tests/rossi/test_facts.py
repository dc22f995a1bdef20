"""How values show themselves."""

import math

import pytest

from rossi.facts import counted, measured, some_of


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (3.84255, 0.33380, ("3.84", "0.33")),
        (15.05309, 0.04817, ("15.053", "0.048")),
        (4.3466, 0.2996, ("4.35", "0.30")),
        (42.0, 0.0999, ("42.00", "0.10")),
        (911.4, 12.34, ("911", "12")),
        (91234.0, 1234.0, ("91200", "1200")),
        (-0.0021, 0.00095, ("-0.00210", "0.00095")),
        (62.86782, 0.0, ("62.87", "0")),
        (62.86782, math.nan, ("62.87", "nan")),
    ],
)
def test_a_value_has_as_many_decimals_as_its_error(value: float, error: float, shown: tuple[str, str]) -> None:
    assert measured(value, error) == shown


def test_numbers_of_things() -> None:
    assert [counted(number, "file") for number in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
    assert counted(1) == "1 observation"


def test_names_are_told_up_to_a_number_and_then_counted() -> None:
    assert some_of([], 2) == ""
    assert some_of(["a", "b"], 2) == "a, b"
    assert some_of(["a", "b", "c", "d", "e"], 2) == "a, b and 3 more"
    assert some_of([str(number) for number in range(23)]).endswith("18, 19 and 3 more")
