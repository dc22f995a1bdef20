"""Pages of the documentation run as they stand: their commands and their code, one after the other, as one program.

PYTHONPATH=. python -m tests.docs.pages    # runs the tutorials anew and renews their figures in docs/images
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from tests import forks
from tests.conftest import LONG

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
#: A block of code, one that needs sherpa, or a command; what stands in ```sh needs a network or a cluster.
STEPS = re.compile(r"^```python( sherpa)?\n(.*?)^```$|^    (rossi .*?)$", re.MULTILINE | re.DOTALL)
#: The figures of the tutorials, by what their pages call them.
FIGURES = {
    "eta-carinae": {
        "out/rxte-light-curves.png": "mission",
        "means.png": "means",
        "own-channels.png": "own",
    },
    "hexte": {"hexte-curve.png": "hexte-curve", "hexte-spectrum.png": "hexte-spectrum"},
    "transient": {"transient-spectra.png": "transient-spectra", "transient-fits.png": "transient-fits"},
}
_WIDTH = 900
_RUN = """\
import shlex
import sys
import warnings
from pathlib import Path

warnings.simplefilter("error")

from tests import forks
from tests.flows.support import Rossi


def command(line):
    words, rossi = shlex.split(line, comments=True)[1:], Rossi(Path.cwd(), Path.cwd() / "prefect")
    done = rossi(*words) if {long} else forks.run("tests.docs.plain", words, Path.cwd(), rossi._variables() | {more})
    print(done.stdout, done.stderr)
    if done.returncode:
        sys.exit(f"{line} ended with {done.returncode}: {done.stderr}")


"""


def program(page: Path, *, drawn: bool = False) -> str:
    """Return a page's steps as a program, of which those that need sherpa are left out where that is not there.

    Unless they are to be `drawn`, figures of merges are left out, too.
    """
    has_sherpa = find_spec("sherpa") is not None
    steps = []
    for sherpa, code, line in STEPS.findall(page.read_text()):
        if line:
            steps.append(f"command({line!r})\n")
        elif has_sherpa or not sherpa:
            steps.append(code)
    more = {} if drawn else {forks.UNDRAWN: "1"}
    return "\n".join([_RUN.replace("{long}", str(LONG)).replace("{more}", str(more)), *steps])


def execute(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder: in the long form by an interpreter, else in a fork, which has everything imported."""
    page = folder / "page.py"
    page.write_text(code)
    given = [str(Path(path).resolve()) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    paths = os.pathsep.join([str(ROOT), *given])
    environment = os.environ | {
        "PYTHONPATH": paths,
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(folder),
        forks.ADDRESS: forks.address(),
    }
    if not LONG:
        return forks.run(str(page), (), folder, environment)
    return subprocess.run(
        [sys.executable, "-W", "error", page],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def draw() -> None:
    """Run the tutorials, and put their figures into the documentation, no wider than they are shown."""
    for page, figures in FIGURES.items():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            done = execute(folder, program(DOCS / "tutorials" / f"{page}.md", drawn=True))
            print(done.stdout)
            if done.returncode:
                sys.exit(done.stderr)
            for made, called in figures.items():
                with Image.open(folder / made) as image:
                    image.thumbnail((_WIDTH, 2 * _WIDTH))
                    image.convert("RGB").save(DOCS / "images" / f"tutorial-{called}.png", optimize=True)


if __name__ == "__main__":
    draw()
