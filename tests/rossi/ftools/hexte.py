"""Repeating the recorded calls of the HEXTE golden cases; each starts from the expected products of those before it."""

import gzip
import json
import shlex
from collections.abc import Iterator
from pathlib import Path

from rossi.ftools.task import call

CASES = ("a_archive16", "b_archive32_gaps", "c_event_dx1f_a", "d_event_dx0f_b", "e_staring_a")


def unpack(source: Path, target: Path) -> None:
    data = source.read_bytes()
    target.write_bytes(gzip.decompress(data) if source.suffix == ".gz" and target.suffix != ".gz" else data)


def replayed(shared: Path, case: str, task: str, work: Path) -> Iterator[tuple[Path, Path]]:
    """Repeat the calls of a task in a folder; yield each golden file with what was made. The caller is in `work`."""
    folder = shared / "data/golden/hexte" / case
    manifest = json.loads((folder / "expected/manifest.json").read_text())
    steps = {step["n"]: step for step in manifest["steps"] if step["task"] == task}
    for step in steps.values():
        made = [name for name, entry in manifest["products"].items() if entry["step"] == step["n"]]
        for entry in (manifest["products"][name] for name in made):
            for name in entry["inputs"]:
                unpack(folder / name, work / Path(name).name.removesuffix(".gz"))
        for source in (folder / "expected").rglob("*.list"):
            unpack(source, work / source.name)
        parameters = dict(word.split("=", 1) for word in shlex.split(step["command"])[1:])
        result = call(task, parameters | {"clobber": "yes"})
        assert result.returncode == 0, result.stdout
        for name in made:
            yield folder / "expected" / name, work / Path(name).name.removesuffix(".gz")
