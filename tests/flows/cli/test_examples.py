"""The examples of help and of the quick start, run as they are printed, but for how much is simulated."""

import re
import shlex
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from typer.main import get_command

from flows.cli import app
from tests.flows.support import ROOT, Rossi

#: Commands whose examples need nothing but the archive that the first of them makes, in this order.
_CHAIN = (
    *("simulate", "config", "campaign", "reduce", "validate", "status", "products", "verify", "retry", "energies"),
    *("releases", "publish", "prune"),
)


def examples(command: str = "") -> list[list[str]]:
    """Return the command lines that a help text prints, without `rossi`."""
    group = get_command(app)
    text = (group.commands[command] if command else group).help or ""
    return [shlex.split(line)[1:] for line in re.findall(r"`(rossi [^`]+)`", text)]


def shorter(example: list[str]) -> list[str]:
    """The same for two observations, of fast data one."""
    number = "1" if "--fast" in example else "2"
    return [number if before == "--observations" else word for before, word in pairwise(["", *example])]


@pytest.fixture
def rossi(tmp_path: Path, prefect_url: tuple[str, Path]) -> Rossi:
    """The command, in an empty folder."""
    return Rossi(tmp_path, tmp_path / "prefect", *prefect_url)


def test_examples_of_the_overview(rossi: Rossi, tmp_path: Path) -> None:
    demo, doctor = examples()
    assert (demo, doctor) == (["demo"], ["doctor"])  # what that looks at is in tests/flows/doctor
    done = replace(rossi, drawn=True)(*demo, "--observations", 1, "--no-open")
    assert done.returncode == 0, done.stderr
    assert "Reduce them with" not in done.stdout  # which `rossi simulate` says
    assert (tmp_path / "rossi-demo/report.html").is_file()


def test_examples_of_commands(rossi: Rossi, tmp_path: Path) -> None:
    for name in _CHAIN:
        for example in examples(name):
            done = rossi(*shorter(example))
            assert done.returncode == 0, (example, done.stderr)
        if name == "simulate":
            with (tmp_path / "archive/rossi.toml").open("a") as settings:
                settings.write('\n[campaign]\nexecutor = "inline"\n')  # sooner done
    assert (tmp_path / "out/report.html").is_file()
    assert list(tmp_path.glob("products/*/*.lc"))


@pytest.fixture
def own_run() -> list[list[str]]:
    """The command lines of the quick start's block about a run of one's own."""
    text = (ROOT / "docs" / "quickstart.md").read_text()
    block = text.partition("## Your own run")[2].partition("    rossi ")[1:]
    lines = "".join(block).partition("\n\n")[0].splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines]


def test_run_of_ones_own(rossi: Rossi, tmp_path: Path, own_run: list[list[str]]) -> None:
    assert rossi("simulate", "--out", "archive", "--observations", 2).returncode == 0
    places = {"/data/rxte": "archive", "/data/products": "store"}
    assert [line[0] for line in own_run] == [
        *("config", "query", "campaign", "status", "retry", "verify", "releases", "prune")
    ]
    for line in own_run:
        done = rossi(*(places.get(word, word) for word in line))
        assert done.returncode == 0, (line, done.stderr)
        if line[0] == "config":  # "edit it": the calibration that the archive came with
            written = tmp_path / "rossi.toml"
            calibration = (tmp_path / "archive/rossi.toml").read_text().partition("[calibration]")[2]
            text, _, rest = written.read_text().partition("[calibration]")
            section = rest.partition("\n[")
            settings = f"{text}[calibration]{calibration}\n[{section[2]}"
            assert 'executor = "local"' in settings
            written.write_text(settings.replace('executor = "local"', 'executor = "inline"'))  # sooner done
    assert (tmp_path / "out/report.html").is_file()
