"""How long one PCA observation takes, as ratios to reading its bytes.

    python tests/benchmarks/bench_pca.py [--repeat 30]

One simulated observation of 2 ks lies gzipped on local disk. The reference decompresses the files that the chain needs
(with the same gunzip) and views the rows with `numpy.frombuffer`. Measured in one warm process, medians.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from astropy.io import fits

from rossi.archive import ObsID
from rossi.extract.channels import ChannelSelection
from rossi.extract.selection import TimeSelection
from rossi.fits.reader import gunzip, open_fits
from rossi.gti import from_rows
from rossi.maketime import good_time
from rossi.pca.deadtime import BadRowRules
from rossi.pca.housekeeping import Housekeeping
from rossi.pca.lightcurve import PreparedArray, Request, pca_light_curve, pca_light_curve_file
from rossi.pca.prepare import prepare_standard2
from rossi.pca.standard2 import PCUS, parse_layers
from rossi.simulate import ObservationSpec, PcuOn, simulate_observation
from services.contract.extraction import PCA_RECIPE
from services.execution.request import Shard
from services.execution.worker import run_observation
from services.storage import open_archive, open_store

OBSID = "20402-01-45-03"
#: What the chain does, as stages.
STAGES = {"pca_prep": {"background": "none", "filter_file": "archive"}, "pca_extract": {"spectra": False}}


def lay_out(folder: Path) -> list[Path]:
    """Write one observation of 2 ks; return the files that the chain reads."""
    pcus = tuple(PcuOn(pcu, -1e6, 1e6) for pcu in PCUS)
    spec = ObservationSpec(ObsID(OBSID), 116417056, duration=2000, flux=1.0, pcus=pcus)
    root = folder / ObsID(OBSID).path
    for name, data in simulate_observation(spec).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return [*sorted(root.glob("pca/FS4a*")), *sorted(root.glob("pca/FH5*")), *sorted(root.glob("stdprod/x*.xfl*"))]


def read_only(files: list[Path]) -> None:
    """The reference: decompress, find the rows, view them."""
    for path in files:
        data = gunzip(path.read_bytes(), path.name)
        at = data.index(b"XTENSION")
        header = data[at : data.index(b"END" + b" " * 77, at)]
        width, rows = (int(header[header.index(k) + 10 :][:20]) for k in (b"NAXIS1  =", b"NAXIS2  ="))
        np.frombuffer(data, f"V{width}", rows, at + -(-(len(header) + 80) // 2880) * 2880)


def chain(files: list[Path]) -> bytes:
    """Preparation without background and one light curve, from files to the bytes of the product."""
    opened = {path: open_fits(path.read_bytes(), path.name) for path in files}
    housekeeping = [Housekeeping.from_file(f) for p, f in opened.items() if p.name.startswith("FH5")]
    filter_file = next(f for p, f in opened.items() if ".xfl" in p.name)
    table = filter_file.tables[0]
    rows = good_time(table, PCA_RECIPE, 0.5, 0.5, "Time")
    gti = from_rows(rows, table.header, table.where)
    arrays = []
    for path, file in opened.items():
        if path.name.startswith("FS4a"):
            arrays.append(PreparedArray(prepare_standard2(file, housekeeping, None, BadRowRules())))
    request = Request(PCUS, parse_layers("ALL"), ChannelSelection(chmin=5, chmax=10))
    return pca_light_curve_file(pca_light_curve(arrays, None, TimeSelection(common=[gti]), request))


def astropy_read(files: list[Path]) -> None:
    """Open the same files with astropy and read the columns that the light curve needs."""
    for path in files:
        with fits.open(path) as hdus:
            data = hdus[1].data
            names = [n for n in data.columns.names if "SpecPcu" in n] or data.columns.names
            for name in names:
                np.asarray(data[name])


def stages(folder: Path, number: int) -> None:
    """The same through the stages, with a store on local disk."""
    shard = Shard(number=0, obsids=(OBSID,), stages=STAGES, archive=str(folder), store=str(folder))
    store = open_store(str(folder / f"store{number}"))
    result = run_observation(OBSID, shard, archive=open_archive(str(folder)), store=store)
    assert result.outcome == "succeeded", result


def medians(cases: dict[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Return the median time of each call [s]; the calls take turns, so that a busy moment meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(repeat + 3):
        for name, run in cases.items():
            start = time.perf_counter()
            run()
            if turn >= 3:  # the first turns warm up
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=30)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = lay_out(folder)
        numbers = iter(range(10**6))
        took = medians(
            {
                "gunzip and numpy.frombuffer": lambda: read_only(files),
                "preparation and one light curve": lambda: chain(files),
                "the same through stages and store": lambda: stages(folder, next(numbers)),
                "astropy, only reading the files": lambda: astropy_read(files),
            },
            repeat,
        )
        size = sum(p.stat().st_size for p in files)
        print(f"{len(files)} files, {size / 1e3:.0f} kB gzipped")
        for case, seconds in took.items():
            print(f"{case:36s} {seconds / took['gunzip and numpy.frombuffer']:6.1f}")


if __name__ == "__main__":
    main()
