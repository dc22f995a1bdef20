"""How far energies and responses are from the golden ones: ``python -m tests.rossi.energy.tolerances``.

Prints the largest difference of each kind of product, of the cases that ship with the project, and of all where the
reference material is there (ROSSI_SHARED). Commands are carried out with ``compat=yes``.
"""

import os
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from rossi.fits.reader import open_fits, read_bytes
from rossi.spectra.response_file import read_response
from tests.conftest import _SHARED
from tests.rossi.energy import test_real
from tests.rossi.energy.replay import lay_out, prepare, run

_SHIPPED = Path(__file__).parents[2] / "golden" / "response"
#: Cases in which the original makes nothing.
_REFUSED = ("day_1", "day_20000513", "fail_", "edges")


def main() -> None:
    """Print the tables."""
    for folder in (_SHIPPED, _SHARED / "data/golden/response"):
        if folder.is_dir():
            print(f"{'cases of the project' if folder == _SHIPPED else 'all cases'}:")
            for kind, values in sorted(_measured(folder).items()):
                print(f"  {kind:<44} {len(values):4d} products  {max(values):.1e}")
    if _SHARED.is_dir():
        _real()


def _real() -> None:
    """Print how far responses are from those that the archive's users made of GRS 1915+105."""
    print(f"real responses of PCU 2, all layers, times {test_real.AREA} cm**2:")
    for obsid, date in test_real.OBSERVATIONS.items():
        real, ours = test_real.pair(_SHARED, obsid)
        edges = max(np.abs(ours.e_min - real.e_min).max(), np.abs(ours.e_max - real.e_max).max())
        some = real.energ_lo > 2
        mine, area = (r.matrix[some].astype(float).sum(1) for r in (ours, real))
        relative = np.abs(mine * test_real.AREA / area - 1)
        off = np.abs(ours.matrix * test_real.AREA - real.matrix).max(1) / real.matrix.max(1)
        told = (
            f"  {obsid} {date}: edges {edges:.1e} keV; area {mine.sum() * test_real.AREA / area.sum() - 1:.0e} in all, "
        )
        told += f"median {np.median(relative):.1e}, worst {relative.max():.1e} of an energy; "
        older = test_real.with_older_table(_SHARED, date)
        off_edges = ", ".join(f"{x:+.2f}" for x in (real.e_max - older.e_max)[list(test_real.BINS)])
        print(f"{told}element {off[some].max():.1e} of its row's peak (above 2 keV)")
        print(f"    minus those with e05v03: E_MAX of bins {', '.join(map(str, test_real.BINS))}: {off_edges} keV")


def _measured(folder: Path) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    manifest = lay_out(folder, Path(tempfile.mkdtemp()))
    for case, about in manifest["cases"].items():
        if case.startswith(_REFUSED):
            continue
        with tempfile.TemporaryDirectory() as name:
            work = Path(name)
            lay_out(folder, work)
            os.chdir(work)
            os.environ |= {
                key: str(work / manifest.get("environment", {}).get(key, "")) for key in ("CALDB", "CALDBCONFIG")
            }
            for line in about["commands"]:
                if line.startswith(("mkdir", "printf")):
                    prepare(line, folder.parent, work)
                else:
                    for command in line.split("; "):
                        run(command)
            for file in about["files"]:
                golden, made = folder / file["file"], work / file["written_as"]
                if golden.suffixes[0] != ".txt" and made.is_file():
                    _compare(case, golden, made, found)
            os.chdir("/")
    return found


def _compare(case: str, golden: Path, made: Path, found: dict[str, list[float]]) -> None:
    expected, file = open_fits(read_bytes(golden), golden.name), open_fits(read_bytes(made), made.name)
    names = [table.name for table in expected.tables]
    who = "HEXTE" if case == "hexte" else "PCA"
    if "SPECRESP MATRIX" in names:
        (a, _), (b, _) = (read_response(read_bytes(path), path.name) for path in (golden, made))
        found[f"{who} matrix, of its peak"].append(float(np.abs(a.matrix - b.matrix).max() / a.matrix.max()))
        rows = a.matrix.max(1) > 0
        found[f"{who} matrix, of a row's peak"].append(
            float((np.abs(a.matrix - b.matrix).max(1)[rows] / a.matrix.max(1)[rows]).max())
        )
        high = a.e_max > 1
        found[f"{who} channel edges above 1 keV, relative"].append(float(np.abs(b.e_max / a.e_max - 1)[high].max()))
    elif "SPECRESP" in names:
        a, b = (f.table("SPECRESP").column("SPECRESP").astype(float) for f in (expected, file))
        found[f"{who} effective area, relative"].append(float(np.abs(b / a - 1)[a > 0].max()))
    elif "RATE" in names:
        a, b = (f.table("RATE").column("RATE") for f in (expected, file))
        found["light curve behind the collimator, relative"].append(float(np.nanmax(np.abs(b / a - 1))))


if __name__ == "__main__":
    main()
