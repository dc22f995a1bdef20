"""Golden cases of responses: the recorded commands are repeated, and products compared within the cases' tolerances."""

import gzip
import json
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np

from rossi.fits.reader import open_fits, read_bytes
from rossi.fits.table import Table
from rossi.ftools.lookup import find
from rossi.ftools.task import call, read_words
from rossi.spectra.response_file import read_response

#: Where the data files of the cases' CALDB lie in it.
_CALDB = (
    ("input/e2c/pca_e2c_e05v03.fits", "pca/bcf"),
    ("input/coll/sim_p?coll.fits", "pca/bcf"),
    ("input/hexte/sim_pwa*", "hexte/bcf"),
    ("input/coll/sim_pwa_coll.fits", "hexte/bcf"),
)
#: Threshold of storing: an element this near to it may be there or not.
_THRESHOLD, _NEAR = 1e-6, 1e-4


def lay_out(case: Path, work: Path) -> dict:
    """Put the inputs in place, unpacked, with a CALDB if there is one; return the manifest."""
    for folder in ("input", "caldb"):
        for packed in (case / folder).rglob("*"):
            if packed.is_file():
                to = work / packed.relative_to(case)
                to.parent.mkdir(parents=True, exist_ok=True)
                data = packed.read_bytes()
                to.with_suffix("" if packed.suffix == ".gz" else packed.suffix).write_bytes(
                    gzip.decompress(data) if packed.suffix == ".gz" else data
                )
    tree = work / "caldb/tree/data/xte"
    for pattern, to in _CALDB if tree.is_dir() else ():
        (tree / to).mkdir(parents=True, exist_ok=True)
        for found in work.glob(pattern):
            shutil.copyfile(found, tree / to / found.name)
    return json.loads((case / "manifest.json").read_text())


def prepare(command: str, golden: Path, work: Path) -> None:
    """Carry out a command of the shell's, which brings other golden files or writes a text."""
    script = command.replace("<golden>", shlex.quote(str(golden)))
    subprocess.run(["sh", "-c", script], cwd=work, check=True, capture_output=True)


def run(command: str, compat: bool = True) -> str:
    """Carry out a command as recorded, as the original does where that is asked for; return what it said."""
    name, *words = shlex.split(command)
    task = find(name)
    parameters = read_words(task, words)
    if compat and "compat" in task.parameters.declared():
        parameters["compat"] = True
    result = call(name, parameters)
    assert result.returncode == 0, (command, result.stdout)
    return result.stdout


def differences(expected: Path, made: Path) -> list[str]:
    """Return in what two products differ by more than the tolerances."""
    data = read_bytes(expected)
    file = open_fits(data, expected.name)
    names = [table.name for table in file.tables]
    if "SPECRESP MATRIX" in names:
        return _matrices(data, read_bytes(made))
    found = open_fits(read_bytes(made), made.name)
    if "SPECRESP" in names:
        return _columns(file.table("SPECRESP"), found.table("SPECRESP"), 1e-6)
    return [line for table in file.tables for line in _columns(table, found.table(table.name), 1e-9)]


def _columns(expected: Table, made: Table, tolerance: float) -> list[str]:
    told = [] if set(expected.infos) == set(made.infos) else [f"columns {list(expected.infos)}, {list(made.infos)}"]
    for name in set(expected.infos) & set(made.infos):
        a, b = expected.column(name), made.column(name)
        if a.dtype.kind in "US":
            told += [name] if (a != b).any() else []
        elif not np.allclose(a, b, rtol=tolerance, atol=0, equal_nan=True):
            told.append(f"{name}: {np.nanmax(np.abs(a - b))}")
    return told


def _matrices(expected: bytes, made: bytes) -> list[str]:
    (a, _), (b, _) = read_response(expected, "expected"), read_response(made, "made")
    if a.matrix.shape != b.matrix.shape:
        return [f"shape {a.matrix.shape}, {b.matrix.shape}"]
    off, rows = np.abs(a.matrix - b.matrix), a.matrix.max(1, keepdims=True)
    told = [] if off.max() <= 1e-5 * a.matrix.max() else [f"matrix: {off.max() / a.matrix.max():.1e} of the peak"]
    told += (
        [] if (off <= 3e-4 * rows).all() else [f"matrix: {(off / np.maximum(rows, 1e-30)).max():.1e} of a row's peak"]
    )
    other = (a.matrix > 0) != (b.matrix > 0)
    if (np.abs(np.maximum(a.matrix, b.matrix)[other] - _THRESHOLD) > _NEAR * _THRESHOLD).any():
        told.append(f"{other.sum()} elements are stored in one of them only")
    for name in ("energ_lo", "energ_hi", "e_min", "e_max"):
        if not np.allclose(getattr(a, name), getattr(b, name), rtol=1e-6, atol=2e-5 if name[:2] == "e_" else 0):
            told.append(name)
    return told
