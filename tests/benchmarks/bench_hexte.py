"""How long HEXTE event lists of 10 ks take to become net light curves and spectra, as a ratio to reading them.

    python -m tests.benchmarks.bench_hexte [--events 3000000] [--repeat 7]

The reference is decompressing the same two files and taking their columns (Time, LiveTime, ClstrPosition, Event) as
native numbers, by rossi's own reader. What is measured beside it: both clusters split by position, a light curve and a
spectrum of each, corrected for dead time, the net light curve, all products as FITS bytes. Memory is that of a process
that streams lists four times as long from disk, against what a worker may have.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rossi.extract.events import ScienceEvents
from rossi.fits.edit import as_hdu
from rossi.fits.reader import open_fits
from rossi.fits.table import Table
from rossi.fits.writer import fits_bytes
from rossi.hexte.cluster import curves_of, spectra_of, spectrum_files
from rossi.hexte.counting import Correction, EventPart, Request, count_events
from rossi.hexte.housekeeping import Housekeeping
from rossi.hexte.reduction import DetectorBand, reduce_counts
from rossi.hexte.science import Cluster
from rossi.timeseries.writing import write_light_curve
from tests.benchmarks.table import Row, apart, least, peak, script
from tests.rossi.hexte.synthetic import T, coefficients, events, housekeeping

DWELL, LENGTH = 32.0, 10_000


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
        request = Request({"band": DetectorBand(15, 240)}, DWELL, cluster.detectors_of_spectra)
        parts = reduce_counts(count_events([EventPart(science, good=good)], request, correction), request.bands)
        curves = curves_of(parts, "band", DWELL, 1)
        assert curves.source and curves.background and curves.net
        files = [write_light_curve(c) for c in (curves.source, curves.background, curves.net)]
        size += sum(map(len, [*files, *spectrum_files(spectra_of(parts)[0], "x").values()]))
    return size


def streamed(folder: Path) -> float:
    """Reduce lists on disk; return the most memory that it took [MB]."""
    reduce([ScienceEvents.from_path(path) for path in sorted(folder.iterdir())], 4 * LENGTH)
    return peak()


def rows(events: int = 3_000_000, repeat: int = 7) -> Iterator[Row]:
    """Return time and memory."""
    lists = [event_list(events // 2, cluster) for cluster in (0, 1)]
    reading, whole = least(
        repeat,
        lambda: read(lists),
        lambda: reduce([ScienceEvents.from_file(open_fits(data, "list")) for data in lists]),
        warm=1,
    )
    yield Row(f"HEXTE, {events} events: all products", whole, "s CPU", "reading them", reading)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for cluster in (0, 1):
            (folder / f"FS5{cluster}.gz").write_bytes(event_list(2 * events, cluster, 4 * LENGTH))
        yield Row(f"HEXTE, {4 * events} events: memory", apart(streamed, folder), "MB", "allowed", 300, 1)


if __name__ == "__main__":
    script(rows)
