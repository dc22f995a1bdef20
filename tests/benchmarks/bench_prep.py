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
from collections.abc import Callable, Sequence
from pathlib import Path

from rossi.extract.channels import ChannelSelection
from rossi.extract.selection import TimeSelection
from rossi.fits.reader import open_fits
from rossi.gti import from_rows
from rossi.maketime import good_time
from rossi.pca.background.estimate import estimate_background
from rossi.pca.background.model import read_model
from rossi.pca.deadtime import BadRowRules
from rossi.pca.filter import build_filter_file
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.lightcurve import PreparedArray, Request, light_curves, pca_light_curve_file
from rossi.pca.prepare import prepare_background, prepare_standard2
from rossi.pca.standard2 import PCUS, parse_layers
from services.calibration.config import Role
from services.contract import File
from services.contract.extraction import PCA_RECIPE
from services.engines.native.pca_extract import pca_extract
from services.engines.native.pca_prep import pca_prep
from services.pca_extract.stage import PcaExtractConfig
from services.pca_prep.stage import STAGE, PcaPrepConfig

HEASOFT = 1.73
BANDS = tuple((5 + 6 * n, 10 + 6 * n) for n in range(10))
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


def chain(raw: dict[str, tuple[File, ...]], bands: Sequence[tuple[int, int]]) -> list[bytes]:
    """Reduce an observation without files in between; return the light curves as files."""
    opened = {f.name: open_fits(f.data, f.name) for name in ("std2", "housekeeping") for f in raw[name]}
    model = read_model(raw["model"][0].data, raw["model"][0].name)
    saa, breakdown = (open_fits(raw[role][0].data, raw[role][0].name) for role in ("saa", "breakdown"))
    files = {
        f.name: opened.get(f.name, f.data)
        for name in ("index", "spacecraft", "std2", "housekeeping")
        for f in raw[name]
    }
    filter_file = open_fits(build_filter_file(files, breakdown), "filter file")
    rows = good_time(filter_file.tables[0], PCA_RECIPE, 0.5, 0.5, "Time")
    gti = from_rows(rows, filter_file.tables[0].header, "filter file")
    state = [Housekeeping.from_file(opened[f.name]) for f in raw["housekeeping"]]
    data, background = [], []
    for item in raw["std2"]:
        prepared = prepare_standard2(opened[item.name], state, breakdown, BadRowRules())
        estimate = estimate_background(opened[item.name], filter_file, [model], saa).to_file()
        data.append(PreparedArray(prepared))
        background.append(PreparedArray(prepare_background(estimate, prepared, BadRowRules())))
    requests = [Request(PCUS, parse_layers("ALL"), ChannelSelection(chmin=a, chmax=b)) for a, b in bands]
    curves = light_curves(data, background, TimeSelection(common=[gti]), requests)
    return [pca_light_curve_file(curve) for curve in curves]


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
    one = median(lambda: chain(raw, BANDS[:1]), arguments.repeat)
    ten = median(lambda: chain(raw, BANDS), arguments.repeat)
    config = PcaExtractConfig(spectra=False)
    staged = median(lambda: pca_extract(config, pca_prep(PcaPrepConfig(), raw).files), arguments.repeat)
    print(f"preparation with background and one light curve: {HEASOFT / one:.0f} times as fast as HEASoft")
    print(f"the same as stages, products compressed in between: {HEASOFT / staged:.0f} times")
    print(f"ten bands take {ten / one:.2f} times as long as one")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
