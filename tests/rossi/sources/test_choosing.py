"""Sources by the names that people give."""

import pytest

from rossi.errors import ConfigError
from rossi.sources import Source, choose

SOURCES = (
    Source("Eta Car", "eta-car", 161.2, -59.7, "Eta Car", names=("ETA_CAR", "HD 93308")),
    Source("NOVA", "nova", 10.0, 0.0, "NOVA", names=("NOVA", "X")),
    Source("NOVA @ J1745-2900", "nova-j1745-2900", 266.4, -29.0, "NOVA", names=("NOVA", "X")),
    Source("FOO", "foo", target="FOO", into="BAR"),
    Source("BAR", "bar", 50.0, 5.0, "BAR", into="eta car"),
)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["eta_car", "ETA-CAR"], ["Eta Car"]),
        (["hd93308", "Nova"], ["Eta Car", "NOVA"]),
        (["nova @ j1745-2900"], ["NOVA @ J1745-2900"]),
        (["nova-j1745-2900"], ["NOVA @ J1745-2900"]),
        (["foo"], ["Eta Car"]),
        ([], []),
    ],
)
def test_names_that_are_known(names: list[str], expected: list[str]) -> None:
    assert [source.name for source in choose(SOURCES, names)] == expected


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x", "2 sources were observed as 'x': NOVA, NOVA @ J1745-2900; name one of them."),
        ("Eta Carr", "No source is called 'Eta Carr'; did you mean Eta Car?"),
        ("???", "No source is called '???'; `rossi query --group` lists those of a work list."),
    ],
)
def test_names_that_are_not(name: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        choose(SOURCES, [name])
    assert str(error.value) == said


def test_five_of_many_sources_are_named() -> None:
    many = [Source(f"S{n}", f"s{n}", 10.0 * n, 0.0, "S", names=("Q",)) for n in range(6)]
    with pytest.raises(ConfigError, match="6 sources were observed as 'q': S0, S1, S2, S3, S4; name one of them"):
        choose(many, ["q"])
