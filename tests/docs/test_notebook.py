"""The code of the pages on notebooks, and README's, on a simulated archive."""

import pytest

from rossi.simulate import simulate_archive
from tests.docs.pages import DOCS, ROOT, STEPS, execute, program

PAGE = DOCS / "howto" / "notebook.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the archive that the page names, as much of it as the page reads."""
    made = tmp_path_factory.mktemp("notebook")
    simulate_archive(made / "archive", observations=1, seed=1)
    return made


def test_the_page(folder):
    done = execute(folder, program(PAGE).replace("--observations 6", "--observations 1"))
    assert done.returncode == 0, done.stderr
    assert "<LightCurve SIM X-1, 20101-01-01-00 PCA channels 5-10, " in done.stdout
    assert {path.name for path in folder.glob("*.png")} == {"curve.png", "spectrum.png"}


def test_readme_has_the_same_in_short(folder):
    code = [code for _, code, _ in STEPS.findall((ROOT / "README.md").read_text()) if code]
    (block,) = [block for block in code if "import rossi\n" in block]
    (named,) = [code for _, code, _ in STEPS.findall(PAGE.read_text()) if "own_calibration = {" in code]
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
