"""How long preparation with background and light curves take, against the tasks of HEASoft.

    python tests/benchmarks/bench_prep.py [--repeat 15]

The golden 1.2 ks case is reduced in memory, from its raw files to a net light curve: filter file, bad rows, dead time,
background, good time, extraction. Measured in one warm process, medians. The reference is what HEASoft 6.20's
pcaprepobsid, maketime and pcaextlc2 took for the same files, 1.73 s (one core, median of three).
"""

from __future__ import annotations

import argparse
import re
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from services.calibration.config import Role
from services.contract import File
from services.engines.native import pca_extract, pca_prep
from services.pca_extract.stage import Band, PcaExtractConfig
from services.pca_prep.stage import STAGE, PcaPrepConfig

HEASOFT = 1.73
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "golden" / "pca"


def inputs(case: Path) -> dict[str, tuple[File, ...]]:
    """Return the inputs of pca_prep, as the executor would find them."""
    root = next((case / "input").glob("AO*/P*/*"))
    files = {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}
    found = {}
    for declared in STAGE.inputs_for(PcaPrepConfig()):
        if declared.pattern:
            found[declared.name] = tuple(File(n, d) for n, d in files.items() if re.fullmatch(declared.pattern, n))
    calibration = {
        Role.MODEL: "sim_pca_bkgd_e03e05.mdl.gz",
        Role.SAA: "sim_saa_history.fits",
        Role.BREAKDOWN: "sim_pca_breakdown.fits.gz",
        Role.BREAKDOWN_HISTORY: "sim_pca_breakdown.fits.gz",
    }
    folder = case.parent / "calibration"
    return found | {role.value: (File(name, (folder / name).read_bytes()),) for role, name in calibration.items()}


def median(run: Callable[[], object], repeat: int) -> float:
    """Return the median time of a call [s], after three warm-up calls."""
    times = []
    for _ in range(repeat + 3):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times[3:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--case", type=Path, default=SHARED / "e3_all5")
    arguments = parser.parse_args()
    raw = inputs(arguments.case)
    prepared = pca_prep(PcaPrepConfig(), raw).files
    one = PcaExtractConfig()
    ten = PcaExtractConfig(bands=tuple(Band(chmin=5 + 6 * n, chmax=10 + 6 * n) for n in range(10)))
    prep = median(lambda: pca_prep(PcaPrepConfig(), raw), arguments.repeat)
    extract = median(lambda: pca_extract(one, prepared), arguments.repeat)
    many = median(lambda: pca_extract(ten, prepared), arguments.repeat)
    print(f"preparation and one light curve: {HEASOFT / (prep + extract):.0f} times as fast as HEASoft")
    whole = (prep + many) / (prep + extract)
    print(f"ten bands instead of one: {whole:.2f} times as long; extraction alone: {many / extract:.2f} times")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
