"""Repeating the recorded calls of the HEXTE golden cases; each starts from the expected products of those before it."""

import gzip
import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from rossi.ftools.task import run
from tests.rossi.hexte.synthetic import coefficients, write

CASES = ("a_archive16", "b_archive32_gaps", "c_event_dx1f_a", "d_event_dx0f_b", "e_staring_a")
#: Where they lie.
GOLDEN = Path(__file__).parents[2] / "golden/hexte"


def unpack(source: Path, target: Path) -> None:
    data = source.read_bytes()
    target.write_bytes(gzip.decompress(data) if source.suffix == ".gz" and target.suffix != ".gz" else data)


def provide(folder: Path, name: str, work: Path) -> None:
    """Put an input of a call into the working folder, as it is and uncompressed; coefficients are made from numbers."""
    plain = Path(name).name
    if plain.startswith("hxtdead_97jul2_"):
        write(coefficients(plain[15:18], rows=[(71861504, 999999999, 1.0)]), work / plain)
    else:
        unpack(folder / name, work / plain.removesuffix(".gz"))
        shutil.copyfile(folder / name, work / plain)


def replayed(folder: Path, task: str, work: Path) -> Iterator[tuple[Path, Path]]:
    """Repeat the calls of a task in a folder; yield each golden file with what was made. The caller is in `work`."""
    manifest = json.loads((folder / "expected/manifest.json").read_text())
    steps = {step["n"]: step for step in manifest["steps"] if step["task"] == task}
    for step in steps.values():
        made = [name for name, entry in manifest["products"].items() if entry["step"] == step["n"]]
        for entry in (manifest["products"][name] for name in made):
            for name in entry["inputs"]:
                provide(folder, name, work)
        for source in (folder / "expected").rglob("*.list"):
            unpack(source, work / source.name)
        if made:
            words = shlex.split(step["command"])[1:]
            assert run(task, words if task.startswith("hxt") else [*words, "clobber=yes"]) == 0, words
        for name in made:
            if "reference_defect" not in manifest["products"][name]:
                yield folder / "expected" / name, work / Path(name).name.removesuffix(".gz")
