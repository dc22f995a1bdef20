"""``rossi energies``: energies of channels, channels of bands."""

import re
import shlex
import tomllib
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from flows.cli import app, main
from flows.core.settings import make_settings
from rossi.errors import RossiError
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from tests.flows.support import ROOT


@pytest.fixture
def shown(monkeypatch):
    """Return a function that runs the command, without a CALDB, and returns the lines of its output."""
    monkeypatch.delenv("CALDB", raising=False)

    def run(*arguments):
        result = CliRunner().invoke(app, ["energies", *arguments])
        if result.exception is not None:
            raise result.exception
        assert result.stderr.startswith(("Energy-to-channel table: e05v03 (built in)", "HEXTE's channels: nominal"))
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


def test_energies_of_channels_in_each_epoch(shown):
    """Bins that overlap count as a whole; the numbers are those of the table of all bins."""
    rows = [line.split() for line in shown("5-10")[1:]]
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "5"]
    assert rows[2] == ["3", "1997-09-09", "5-10", "1-6", "1.78", "3.93"]
    assert [line.split()[2:4] for line in shown("55-60", "--epoch", "3")[1:]] == [["54-61", "50-53"]]
    every = [line.split() for line in shown("--date", "2001-01-15")[2:]]
    (one,) = [line.split() for line in shown("5-10", "--date", "2001-01-15")[1:]]
    assert [float(text) for text in one[4:]] == pytest.approx([float(every[1][2]), float(every[6][3])], abs=0.005)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give a band"),
        (("--epoch", "5", "--date", "2001-01-15"), "--epoch or --date, not both"),
        (("nine",), "nine: it should look like 2-9keV"),
        (("10-5",), "10-5: chmin 10 is above chmax 5"),
        (("2-9keV", "--date", "yesterday"), "'yesterday' '00:00:00' is no date"),
        (("2-9keV", "--date", "1995-12-31"), "no law of PCU 2"),
        (("2-9keV", "--table", "none.fits"), r"none\.fits: can't be read"),
    ],
)
def test_mistakes(shown, arguments, words):
    with pytest.raises(RossiError, match=words):
        shown(*arguments)


PAGE = ROOT / "docs" / "howto" / "energies.md"


def test_commands_of_the_page(shown):
    """As docs/howto/energies.md prints them."""
    lines = re.findall(r"^    rossi energies (.*)$", PAGE.read_text(), flags=re.MULTILINE)
    assert len(lines) == 6
    for line in lines:
        assert len(shown(*shlex.split(line, comments=True))) > 1


def test_settings_of_the_page():
    """The file that docs/howto/energies.md shows."""
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert len(blocks) == 3
    settings, *others = [make_settings(tomllib.loads(block), "docs/howto/energies.md") for block in blocks]
    assert [one.merge.normalise for one in others] == ["crab", "none"]
    assert others[1].merge.colours[0] == ("5-8keV", "2-5keV")
    assert [band.name for band in settings.pca_extract.bands] == ["2-9keV", "9-20keV", "2-20keV", "ch5-10"]
    assert settings.hexte_dead.bands[0].name == "15-60keV"


def test_code_of_the_page(tmp_path, monkeypatch):
    """As it stands there, one block after the other, on a spectrum as the page's command would make it."""
    monkeypatch.chdir(tmp_path)
    channels = [(Column("CHANNEL", "I"), np.arange(256)), (Column("COUNTS", "D", "count"), np.full(256, 30.0))]
    cards = [("INSTRUME", "PCA"), ("EXPOSURE", 1000.0), ("HDUCLASS", "OGIP"), ("HDUCLAS1", "SPECTRUM")]
    Path("src.pha").write_bytes(fits_bytes(primary_hdu(), [table_hdu("SPECTRUM", channels, cards)]))
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    for block in blocks:
        exec(block, names)
    assert len(blocks) == 3
    assert (names["band"].first, names["band"].last, len(names["by_epoch"])) == (5, 21, 25)
    assert 2e6 < names["counts"].sum() < 2.6e6
    assert names["spectrum"].header["RESPFILE"] == "src.rsp"


def test_a_mistake_is_a_sentence(capsys):
    with pytest.raises(SystemExit) as end:
        main(["energies", "9-2keV"])
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (21, "")
    assert err.strip() == "9-2keV: a band of 9 to 2 keV; rising numbers from 0 on were expected."


def test_hexte(capsys):
    """Bins of the archive mode are 2 keV wide at 15 keV; of two edges alike the higher one counts."""
    with pytest.raises(SystemExit, match="0"):
        main(["energies", "15-60keV", "--hexte"])
    out, err = capsys.readouterr()
    assert out.splitlines()[1:] == ["16-59       16.000    60.000"]
    assert "nominal, 1 keV a channel" in err
    with pytest.raises(SystemExit, match="21"):
        main(["energies", "15-60keV", "--hexte", "--epoch", "3"])
    assert "--epoch is about the PCA" in capsys.readouterr().err
