"""After how long a run's process counts as gone, and how durations are said."""

from __future__ import annotations

import pytest

from flows.prefect import signs_of_life
from flows.prefect.signs_of_life import VARIABLE, duration
from rossi.errors import ConfigError


@pytest.mark.parametrize(("text", "seconds"), [(None, 180), ("1", 1), ("2.5", 2.5), ("86400", 86_400), (" 60 ", 60)])
def test_silence_is_three_minutes_or_what_the_variable_says(
    monkeypatch: pytest.MonkeyPatch, text: str | None, seconds: float
) -> None:
    if text is None:
        monkeypatch.delenv(VARIABLE, raising=False)
    else:
        monkeypatch.setenv(VARIABLE, text)
    assert signs_of_life._silence() == seconds


@pytest.mark.parametrize("text", ["", "three minutes", "0", "0.99", "-5", "86401", "nan", "inf"])
def test_a_silence_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(ConfigError) as error:
        signs_of_life._silence()
    assert str(error.value) == (
        f"ROSSI_SILENCE is {text!r}; expected are seconds from 1 to 86400, such as 180. Unset or mend it."
    )


def test_several_signs_and_looks_fit_into_a_silence() -> None:
    """One that is lost or late ends nothing."""
    assert signs_of_life.SILENCE == 6 * signs_of_life.LIFE == 12 * signs_of_life.LOOK


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (180, "3 min"),
        (7199, "120 min"),
        (7200, "2.0 h"),
        (86_400, "24.0 h"),
    ],
)
def test_durations_are_said_for_people(seconds: float, said: str) -> None:
    assert duration(seconds) == said
