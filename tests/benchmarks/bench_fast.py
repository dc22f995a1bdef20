"""How long stage ``pca_fast`` takes for long observations, and how much memory.

    python -m tests.benchmarks.bench_fast [--events 10000000] [--orbits 1] [--pair]

An observation is made here: event files of an hour each, or with --pair GoodXenon's halves, which have to be merged,
Standard1 beside them, and a filter file. The reference for time is reading the events: their files into memory, times
and words converted, of a pair the two halves put together. Processor seconds; memory is the largest resident size of a
process that does the one thing alone, and that of a process that has loaded all that is needed and does nothing.
"""

from __future__ import annotations

import importlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rossi.extract.events import CHUNK
from rossi.fits import declarations as declared
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from rossi.product import File
from rossi.spooled import SpooledFile
from rossi.timing.modefiles import ModeFiles
from rossi.timing.xenon_file import EVENT_WORD
from services.engines.native.pca_fast import pca_fast
from services.pca_fast.stage import PcaFastConfig
from tests.benchmarks.table import Row, apart, peak, script

START, LENGTH, ORBIT, ZERO = 203000000, 3600, 5760, 3.375
PRODUCTS = ("fast", "events", "power", "bursts")


def cards(start: int, mode: str) -> list[tuple[str, Any]]:
    """Return what is in all headers."""
    return [
        *(("TSTART", float(start)), ("TSTOP", float(start + LENGTH)), ("TIMEZERO", ZERO), ("TIMESYS", "TT")),
        *(("TIMEUNIT", "s"), ("OBS_ID", "40101-01-01-00"), ("DATAMODE", mode), ("MJDREFI", 49353)),
        *(("MJDREFF", 0.000696574074), ("TELESCOP", "XTE"), ("INSTRUME", "PCA")),
    ]


def with_gti(table: Any, start: int, mode: str) -> bytes:
    """Return a file of a table and its good time."""
    good = list(zip(declared.STDGTI, ([float(start)], [float(start + LENGTH)]), strict=True))
    return fits_bytes(primary_hdu(), [table, table_hdu("GTI", good, cards(start, mode))], compress=True)


def photons(number: int, seed: int) -> Any:
    """Return ticks, PCUs, anodes and heights of events of an hour."""
    random = np.random.default_rng(seed)
    ticks = np.sort(random.integers(0, LENGTH << 20, number))
    return ticks, random.integers(0, 5, number), random.integers(0, 6, number), random.integers(0, 200, number)


def event_file(number: int, start: int) -> bytes:
    """Return an event file of merged GoodXenon."""
    ticks, pcu, anode, height = photons(number, start)
    word = (1 << 23) | (pcu << 14) | (1 << (8 + anode)) | height
    words = np.column_stack([(word >> shift) & 0xFF for shift in (16, 8, 0)]).astype(np.uint8)
    columns = [(declared.EVENT_TIME, start + ticks / 2**20), (EVENT_WORD, words)]
    header = [*cards(start, "GoodXenon_2s"), ("TIMEDEL", 2.0**-20)]
    return with_gti(table_hdu("XTE_SE", columns, header), start, "GoodXenon_2s")


def halves(number: int, start: int) -> list[bytes]:
    """Return the two files of a pair, with partitions of 2 s."""
    ticks, pcu, anode, height = photons(number, start)
    partition, inside = ticks >> 21, ticks & ((1 << 21) - 1)
    interval, rest = inside >> 13, inside & 8191
    marks = np.tile(np.arange(257), LENGTH // 2)  # one at the begin, one for each 1/128 s behind it
    mark_partition = np.repeat(np.arange(LENGTH // 2), 257)
    order = np.lexsort(
        (
            np.r_[np.arange(number) + 1, np.zeros(len(marks))],
            np.r_[interval * 2 + 1, marks * 2],
            np.r_[partition, mark_partition],
        )
    )
    last = marks == 256
    made = []
    for role, words in (
        (1, 0x8000 | pcu << 12 | anode << 9 | height << 1 | rest >> 12),
        (2, 0x8000 | pcu << 12 | rest & 4095),
    ):
        every = np.r_[words, np.where(last, 0x7F7F, 0x7FF8)][order]
        count = np.bincount(np.r_[partition, mark_partition], minlength=LENGTH // 2)
        rows = -(-count // 256)
        cells = np.zeros((rows.sum(), 256), np.int64)
        at = np.repeat(np.cumsum(rows) * 256 - rows * 256 - (np.cumsum(count) - count), count) + np.arange(len(every))
        cells.ravel()[at] = every
        first = np.repeat(np.arange(LENGTH // 2), rows)
        sequence = np.arange(len(first)) - np.repeat(np.cumsum(rows) - rows, rows) + 1
        zero = np.zeros(len(first), np.int64)
        columns = [
            *((Column("Time", "D", "s"), start + 2.0 * first), (Column("EventCnt", "J"), count[first])),
            *((Column("LostEvents", "J"), zero), (Column("Spillage", "B"), zero), (Column("TriggerFlags", "B"), zero)),
            *((Column("PartRowSeq", "I"), sequence), (Column("EventList", "256I", zero=32768), cells)),
        ]
        mode = f"GoodXenon{role}_2s"
        made.append(with_gti(table_hdu("XTE_SA", columns, [*cards(start, mode), ("DELTAT", 2.0)]), start, mode))
    return made


def standard1(start: int) -> bytes:
    """Return a Standard1 file."""
    random, rows = np.random.default_rng(start), LENGTH // 128
    columns: list[tuple[Column, Any]] = [(Column("Time", "D", "s"), start + 128.0 * np.arange(rows))]
    names = [*(f"XeCntPcu{n}" for n in range(5)), "RemainingCnt", "VLECnt", "VpCnt"]
    for name, mean in zip(names, (*[70] * 5, 300, 60, 40), strict=True):
        keywords = (("1CTYP", "TIME"), ("1CDLT", 0.125), ("TDDES", "D[0] & E[X1L^X1R^X2L^X2R^X3L^X3R] & C[0~255]"))
        columns.append((Column(name, "1024I", "count", keywords=keywords), random.poisson(mean, (rows, 1024))))
    header = [*cards(start, "Standard1b"), ("HDUCLAS2", "TOTAL"), ("TIMEDEL", 128.0), ("TDDES", "O[XTE] & I[PCA]")]
    return with_gti(table_hdu("XTE_SA", columns, header), start, "Standard1b")


def housekeeping(pcu: int, stop: int) -> bytes:
    """Return the state of a PCU that is always on."""
    when = np.arange(START - 64, stop, 8.0)
    names = ("cmdhvXE", "hvXEon", "hvXErly", "dsVle")
    columns = [
        (Column("Time", "D", "s"), when),
        *((Column(name, "B"), np.full(len(when), 1 + (name == "dsVle"))) for name in names),
    ]
    header = [("TDDES", f"D[{pcu}]"), ("TIMESYS", "TT"), ("TIMEZERO", ZERO)]
    return fits_bytes(primary_hdu(), [table_hdu("XTE_HK", columns, header)])


def filter_file(stop: int) -> bytes:
    """Return a filter file in which all is good."""
    when = np.arange(START - 64, stop, 16.0)
    columns = [(Column("Time", "D", "s"), when), (Column("ELV", "E"), np.full(len(when), 50.0))]
    columns += [(Column("OFFSET", "E"), np.zeros(len(when))), (Column("NUM_PCU_ON", "B"), np.full(len(when), 5))]
    columns += [(Column(f"PCU{n}_ON", "B", null=255), np.ones(len(when))) for n in range(5)]
    return fits_bytes(primary_hdu(), [table_hdu("XTE_MKF", columns, [("TIMEZERO", ZERO), ("TIMESYS", "TT")])])


def prepared(stop: int) -> bytes:
    """Return as much of prepared Standard2 data as is looked at: what observation it is."""
    return fits_bytes(primary_hdu(), [table_hdu("XTE_SA", [], [("OBS_ID", "40101-01-01-00"), ("OBJECT", "X")], 0)])


def observe(folder: Path, events: int, orbits: int, pair: bool) -> None:
    """Write the inputs of the stage."""
    stop = START + ORBIT * orbits
    for orbit in range(orbits):
        start = START + ORBIT * orbit
        made = halves(events // orbits, start) if pair else [event_file(events // orbits, start)]
        for number, data in enumerate(made):
            (folder / f"science-pca_FS3{number}_{start:x}.gz").write_bytes(data)
        (folder / f"std1-pca_FS46_{start:x}.gz").write_bytes(standard1(start))
    for pcu in range(5):
        (folder / f"housekeeping-pca_FH5{pcu}").write_bytes(housekeeping(pcu, stop))
    (folder / "filter_file-x.xfl").write_bytes(filter_file(stop))
    (folder / "std2_dt-FS4a").write_bytes(prepared(stop))


def inputs_in(folder: Path) -> dict[str, tuple[File, ...]]:
    """Return the stage's inputs, those that are kept on disk as they are."""
    found: dict[str, list[File]] = {}
    for path in sorted(folder.iterdir()):
        name, _, rest = path.name.partition("-")
        kind = SpooledFile if name in ("science", "std1") else File
        found.setdefault(name, []).append(kind(rest, path.read_bytes()))
    return {name: tuple(files) for name, files in found.items()}


def work(folder: Path, what: str) -> tuple[float, float]:
    """Do one thing; return processor seconds and the most memory [MB]."""
    inputs = inputs_in(folder)
    begun = time.process_time()
    if what == "reading":
        held = ModeFiles(inputs["science"])
        for file in held.events(held.modes[0])[0]:
            for piece in file.pieces(CHUNK):
                file.times(piece)
                file.words(piece)
    elif what != "nothing":
        if what == "power":  # what is loaded once does not count
            importlib.import_module("stingray")
        begun = time.process_time()
        pca_fast(PcaFastConfig(products=(what,), expression="ELV > 10", binsz=2.0**-7), inputs)
    else:
        importlib.import_module("stingray")
        importlib.import_module("rossi.plot.power")
    return time.process_time() - begun, peak()


def rows(events: int = 10_000_000, orbits: int = 1, pair: bool = False) -> Iterator[Row]:
    """Return times and memory."""
    kind = f"{events} events, {'a GoodXenon pair' if pair else 'merged'}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        observe(folder, events, orbits, pair)
        _, loaded = apart(work, folder, "nothing")
        reading, _ = apart(work, folder, "reading")
        for what in PRODUCTS:
            seconds, memory = apart(work, folder, what)
            yield Row(f"{kind}: {what}", seconds, "s CPU", "reading them", reading, 1 / 3)
            yield Row(f"{kind}: {what}, memory", memory, "MB", "allowed", 300, 1)
        yield Row("fast data: memory with everything loaded, nothing done", loaded, "MB")


if __name__ == "__main__":
    script(rows)
