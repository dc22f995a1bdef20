"""The code of docs/howto/notebook.md runs, as it stands there, on a simulated archive."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rossi.simulate import simulate_archive

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "howto" / "notebook.md"
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: What the script leaves for the test, behind the page's own code.
LEAVE = "np.savez('result.npz', own=own, standard=standard, failed=len(failed), first=curves[0])\n"


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the page's blocks as one program in a folder."""
    return execute(folder, "\n".join(CODE.findall(PAGE.read_text())) + LEAVE)


def execute(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder."""
    (folder / "notebook.py").write_text(code)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg", "MPLCONFIGDIR": str(folder)}
    command = [sys.executable, "-W", "error", "notebook.py"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """A folder in which the page was run, and the truth about its archive."""
    folder = tmp_path_factory.mktemp("notebook")
    truth = simulate_archive(folder / "archive", observations=3, seed=1)
    done = run(folder)
    assert done.returncode == 0, done.stderr
    return folder, truth, done.stdout


def test_all_observations_are_extracted(notebook):
    folder, truth, said = notebook
    assert f"{len(truth.observations)} observations, the first is" in said
    assert "AO2/P20402/20402-01-45-03/" in said
    assert f"{len(truth.observations)} light curves; 0 observations failed" in said
    drawn = {"curve.png", "spectrum.png", "standard-products.png", "own-channels.png"}
    assert {path.name for path in folder.glob("*.png")} == drawn
    assert not list(folder.glob("tmp.*"))


def test_rates_are_those_of_the_simulated_source(notebook):
    folder, truth, _ = notebook
    own = np.load(folder / "result.npz")["own"]
    assert (np.diff(own["TIME"]) > 0).all()
    for observation in truth.observations:
        here = own[(own["TIME"] > observation.start - 100) & (own["TIME"] < observation.stop + 100)]
        here = here[here["LiveTime"] > 0]
        rate, error = here["RATE"].mean(), np.sqrt((here["ERROR"] ** 2).sum()) / len(here)
        on = [pcu.pcu for pcu in observation.pcus]
        expected = np.mean([observation.band.source[pcu] for pcu in on])
        assert rate == pytest.approx(expected, rel=0.02, abs=5 * error)


def test_the_front_door_gives_the_same_rates(notebook):
    _, truth, said = notebook
    rates = {obsid: float(rate) for obsid, rate in re.findall(r"^(\S+): (\S+) \+- \S+ count/s/PCU in", said, re.M)}
    assert rates.keys() == {observation.obsid for observation in truth.observations}
    for observation in truth.observations:
        expected = np.mean([observation.band.source[pcu.pcu] for pcu in observation.pcus])
        assert rates[observation.obsid] == pytest.approx(expected, rel=0.03)
    assert "0 failed: {}" in said
    assert "<LightCurve SIM X-1, 20101-01-01-00 PCA channels 5-10, " in said


def test_readme_has_the_same_in_short(notebook):
    folder, _, _ = notebook
    (block,) = [block for block in CODE.findall((ROOT / "README.md").read_text()) if "import rossi\n" in block]
    (named,) = [block for block in CODE.findall(PAGE.read_text()) if "own_calibration = {" in block]
    named = named.partition("result = ")[0]
    for word, here in (
        ("20402-01-45-03", "20101-01-01-00"),
        ("/data/rxte", "archive"),
        ('"$CALDB"', "own_calibration"),
    ):
        assert word in block
        block = block.replace(word, here)
    done = execute(folder, named + block)
    assert done.returncode == 0, done.stderr


def test_a_bad_observation_does_not_stop_the_others(tmp_path):
    truth = simulate_archive(tmp_path / "archive", observations=3, seed=1)
    last = sorted(observation.obsid for observation in truth.observations)[-1]
    (broken,) = (tmp_path / "archive").glob(f"AO*/P*/{last}/pca/FH5b*")
    broken.unlink()
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 light curves; 1 observations failed" in done.stdout
    assert f"1 failed: {{'{last}': " in done.stdout
    assert last in done.stdout
