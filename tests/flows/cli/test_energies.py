"""``rossi energies``: energies of channels, channels of bands."""

import pytest
from typer.testing import CliRunner

from flows.cli import app, main
from rossi.errors import RossiError


@pytest.fixture
def shown(monkeypatch):
    """Return a function that runs the command, without a CALDB, and returns the lines of its output."""
    monkeypatch.delenv("CALDB", raising=False)

    def run(*arguments):
        result = CliRunner().invoke(app, ["energies", *arguments])
        if result.exception is not None:
            raise result.exception
        assert result.stderr.startswith("Energy-to-channel table: e05v03 (built in)")
        return result.stdout.splitlines()

    return run


def test_energies_of_all_bins(shown):
    lines = shown("--date", "2001-01-15", "--pcu", "2")
    assert lines[:2] == ["Day 2001-01-15, gain epoch 5", "  bin  channels     E_MIN     E_MAX"]
    assert len(lines) == 2 + 129
    assert lines[2 + 1].split() == ["1", "5", "2.054", "2.467"]
    assert lines[2 + 128].split() == ["128", "250-255", "112.587", "115.579"]
    assert len(shown("--epoch", "5", "--channels")) == 2 + 256


def test_channels_of_a_band_when(shown):
    lines = shown("2-9keV")
    rows = [line.split() for line in lines[1:]]
    assert [row[:5] for row in rows[:4]] == [
        ["1", "1996-01-01", "1996-03-21", "7-33", "3-29"],
        ["2", "1996-03-21", "1996-04-15", "6-28", "2-24"],
        ["3", "1996-04-15", "1999-03-22", "6-24", "2-20"],
        ["4", "1999-03-22", "2000-05-13", "5-21", "1-17"],
    ]
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "5", "5"]
    assert rows[2][5:] == ["2.13-2.15", "8.90-9.06"]
    assert [line.split()[0] for line in shown("2-9keV", "--epoch", "5")[1:]] == ["5", "5"]
    day = shown("2-10keV", "--date", "2001-01-15", "--channels")
    assert day[1].split() == ["5", "2001-01-15", "5-23", "5-23", "2.05", "9.95"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give a band"),
        (("--epoch", "5", "--date", "2001-01-15"), "--epoch or --date, not both"),
        (("nine",), "'nine' is no band of energies"),
        (("2-9keV", "--date", "yesterday"), "'yesterday' '00:00:00' is no date"),
        (("2-9keV", "--date", "1995-12-31"), "no law of PCU 2"),
        (("2-9keV", "--table", "none.fits"), r"none\.fits: can't be read"),
    ],
)
def test_mistakes(shown, arguments, words):
    with pytest.raises(RossiError, match=words):
        shown(*arguments)


def test_a_mistake_is_a_sentence(capsys):
    with pytest.raises(SystemExit) as end:
        main(["energies", "9-2keV"])
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (21, "")
    assert "a band of 9 to 2 keV; rising numbers from 0 on were expected." in err
