"""How long HEXTE event lists of 10 ks take to become net light curves and spectra, as a ratio to reading them.

    python tests/benchmarks/bench_hexte.py [--events 3000000] [--repeat 7]

The reference is decompressing the same two files and taking their columns (Time, LiveTime, ClstrPosition, Event) as
native numbers, by rossi's own reader. What is measured beside it: both clusters split by position, a light curve and a
spectrum of each, corrected for dead time, the net light curve, all products as FITS bytes. The second reference is the
chain of FTOOLS itself (hxtback, extractor, hxtdead, rebinlc, lcmath): 0.5 s or more for a science file of 600 s, nearly
all of it process starts. The last line is the peak memory of a process that streams lists four times as long from disk.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rossi.extract.array import ScienceArray
from rossi.extract.events import ScienceEvents
from rossi.fits.edit import as_hdu
from rossi.fits.reader import open_fits
from rossi.fits.table import Table
from rossi.fits.writer import fits_bytes
from rossi.hexte.cluster import curves_of, spectra_of, spectrum_files
from rossi.hexte.housekeeping import Housekeeping
from rossi.hexte.reduction import Correction, DetectorBand, Request, reduce_archive, reduce_events
from rossi.hexte.rocking import Position, split
from rossi.hexte.science import Cluster
from rossi.timeseries.writing import write_light_curve
from tests.rossi.hexte.synthetic import T, archive, coefficients, events, housekeeping

DWELL, LENGTH = 32.0, 10_000
#: The least that the chain of FTOOLS takes for a science file [s].
FTOOLS = 0.5


def event_list(number: int, cluster: int, length: int = LENGTH) -> bytes:
    """Return a gzip-compressed event list of one cluster; the two rock in antiphase."""
    random = np.random.default_rng(cluster)
    time_ = np.sort(random.uniform(0, length, number)) + T
    code = np.array([1, 2, 1, 32], np.uint8)[(((time_ - T) // DWELL).astype(int) + cluster) % 4]
    detector = random.integers(0, 4, number)
    live = 3_000_000 + 100_000 * detector + (time_ % 16 * 1000).astype(int)
    file = events(time_, live, code, detector, random.integers(0, 256, number), cluster=cluster)
    table = file.table()
    rows = table.rows.copy()
    words = rows["f4"]
    words[:, 0], words[:, 2:4] = random.integers(0, 255, number), random.integers(0, 255, (number, 2))
    noisy = Table(table.header, rows, table.source, table.structure)
    return fits_bytes(file.primary, [as_hdu(noisy), as_hdu(file.tables[1])], compress=True)


def read(lists: list[bytes]) -> None:
    """Take the columns of the lists."""
    for data in lists:
        table = open_fits(data, "list").table()
        for name in ("Time", "LiveTime", "ClstrPosition", "Event"):
            table.column(name)


def reduce(lists: list[ScienceEvents], length: int = LENGTH) -> int:
    """Reduce the lists; return the size of all products."""
    size = 0
    for number, (science, cluster) in enumerate(zip(lists, Cluster, strict=True)):
        hk = housekeeping(T + 16 * np.arange(-2, length // 16 + 2), code=2, apid=83 + 6 * number).table()
        known = coefficients(cluster.value.lower()).table()
        correction = Correction(Housekeeping.from_table(hk, cluster), known)
        good = np.array([[T + 100.0, T + 0.4 * length], [T + 0.5 * length, T + length]])
        request = Request({"band": DetectorBand(15, 240)}, DWELL, cluster.detectors_of_spectra, good)
        parts = reduce_events(science, request, correction)
        curves = curves_of(parts, "band", DWELL)
        assert curves.source and curves.background and curves.net
        files = [write_light_curve(c) for c in (curves.source, curves.background, curves.net)]
        size += sum(map(len, [*files, *spectrum_files(spectra_of(parts)[0], "x").values()]))
    return size


def archive_file(length: int = 608) -> bytes:
    """Return an archive-mode science file of ten minutes."""
    i = np.arange(length // 16)
    live = np.where(i // 2 % 2 == 0, 3_000_000, 4_000_000)[:, None] + 100_000 * np.arange(4)
    spectra = np.random.default_rng(1).poisson(2.0, (4, len(i), 64))
    file = archive(T + 16 * i, np.array([0, 1, 0, 5])[i // 2 % 4], spectra.sum((0, 2)), live, spectra)
    return fits_bytes(file.primary, [as_hdu(table) for table in file.tables], compress=True)


def reduce_archive_file(data: bytes, hk: bytes) -> int:
    """Reduce an archive-mode file from compressed bytes to products as bytes."""
    file = open_fits(data, "archive")
    correction = Correction(Housekeeping.from_table(open_fits(hk, "hk").table()), coefficients().table())
    request = Request({"band": DetectorBand(15, 61)}, DWELL)
    parts = [
        reduce_archive(ScienceArray.from_file(s.opened(s.table.source)), s.position, request, correction)
        for s in split(file, tuple(Position)[:3])
    ]
    found = [part for part in parts if part]
    curves = curves_of(found, "band", DWELL)
    assert curves.source and curves.background and curves.net
    files = [write_light_curve(c) for c in (curves.source, curves.background, curves.net)]
    return sum(map(len, [*files, *spectrum_files(spectra_of(found)[0], "x").values()]))


def median(work: Callable[[], object], repeat: int) -> float:
    """Return the median time after one run to warm up [s]."""
    work()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Print the ratio, and the memory of long lists."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=3_000_000)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--stream", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stream:
        paths = sorted(given.stream.iterdir())
        reduce([ScienceEvents.from_path(path) for path in paths], 4 * LENGTH)
        # not getrusage: that counts the parent's memory at the fork too
        (line,) = (x for x in Path("/proc/self/status").read_text().split("\n") if x.startswith("VmHWM"))
        print(int(line.split()[1]) // 1024)
        return
    lists = [event_list(given.events // 2, cluster) for cluster in (0, 1)]
    reading = median(lambda: read(lists), given.repeat)
    whole = median(lambda: reduce([ScienceEvents.from_file(open_fits(data, "list")) for data in lists]), given.repeat)
    print(f"{given.events} events: reduced in {whole / reading:.2f} of the time of reading them (with the reading)")
    one, hk = archive_file(), housekeeping(T + 16 * np.arange(-2, 42), code=2)
    hk_bytes = fits_bytes(hk.primary, [as_hdu(table) for table in hk.tables], compress=True)
    seconds = median(lambda: reduce_archive_file(one, hk_bytes), 5 * given.repeat)
    print(f"an archive-mode file of ten minutes: {FTOOLS / seconds:.0f} times as fast as the chain of FTOOLS")
    with tempfile.TemporaryDirectory() as folder:
        for cluster in (0, 1):
            (Path(folder) / f"FS5{cluster}.gz").write_bytes(event_list(2 * given.events, cluster, 4 * LENGTH))
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
        command = [sys.executable, __file__, "--stream", folder]
        peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        print(f"{4 * given.events} events ({size:.0f} MB compressed) streamed: peak memory {peak} MB")


if __name__ == "__main__":
    main()
