"""How long a million events take to become a light curve and a spectrum, against what stingray takes to load the file.

    python -m tests.benchmarks.bench_events [--events 1000000] [--repeat 10]

The reference is stingray's EventList.read of the same file. It is made here: an hour of E_125us_64M_0_1s words, PCUID
and PHA decoded (stingray needs them), plain, on local disk. Both sides take turns in one warm process, which keeps the
memory that it frees, as those of a worker do.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rossi.extract.channels import ChannelSelection
from rossi.extract.decode import decode_events
from rossi.extract.events import EventSelection, ScienceEvents, accumulate_events
from rossi.extract.lightcurve import light_curve
from rossi.extract.products import light_curve_file, spectrum_file
from rossi.extract.selection import TimeSelection
from rossi.extract.spectrum import spectrum
from rossi.fits.declarations import STDGTI
from rossi.fits.reader import open_fits
from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu
from services.engines.native.allocation import keep_freed_memory
from tests.benchmarks.table import Row, apart, least, peak, script

START, LENGTH = 116417236.0, 3600.0
WORD = "(M[1]{1},D[0:4]{3},C[0:63]{6},T[0.0:0.0078125;0.0001220703125]{6})^(M[1]{8},S[LostEvents0]{8})"


def event_file(number: int) -> bytes:
    """Return an event file: random times, PCUs and channels."""
    random = np.random.default_rng(1)
    ticks = np.sort(random.integers(0, int(LENGTH) * 8192, number))
    words = 0x8000 | random.integers(0, 5, number) << 12 | random.integers(0, 64, number) << 6 | ticks % 64
    cards = [("TSTART", START), ("TSTOP", START + LENGTH), ("TIMEZERO", 3.37843167), ("TIMEDEL", 2.0**-13)]
    cards += [
        ("MJDREFI", 49353),
        ("MJDREFF", 6.96574074e-4),
        ("TIMESYS", "TT"),
        ("TIMEUNIT", "s"),
        ("TIMEREF", "LOCAL"),
    ]
    cards += [
        ("TELESCOP", "XTE"),
        ("INSTRUME", "PCA"),
        ("HDUCLASS", "OGIP"),
        ("HDUCLAS1", "EVENTS"),
        ("OBJECT", "TEST"),
    ]
    cards += [("DATAMODE", "E_125us_64M_0_1s")]
    columns = [
        (Column("Time", "D", "s"), START + ticks / 8192),
        (Column("Event", "16X", keywords=(("TEVTB", WORD),)), words.astype(">u2").view("u1").reshape(-1, 2)),
    ]
    gti = [(STDGTI[0], np.array([START])), (STDGTI[1], np.array([START + LENGTH]))]
    gti_cards = [("TIMEZERO", 3.37843167), ("HDUCLAS1", "GTI")]
    return fits_bytes(primary_hdu(), [table_hdu("XTE_SE", columns, cards), table_hdu("GTI", gti, gti_cards)])


def extract(path: Path, binsz: float, whole: int = 1 << 30) -> int:
    """Make a light curve and a spectrum of channels 5-40, from the file to the bytes of the products."""
    selection = EventSelection(ChannelSelection(chmin=5, chmax=40))
    source = accumulate_events([ScienceEvents.from_path(path, whole=whole)], TimeSelection(), selection, binsz)
    curve = light_curve_file(light_curve(source))
    return len(curve) + len(spectrum_file(spectrum(source, selection.channels)))


def rows(events: int = 1_000_000, repeat: int = 10) -> Iterator[Row]:
    """Return what light curves with a spectrum take, from the file to the bytes of the products."""
    from stingray import EventList

    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.fits"
        path.write_bytes(decode_events(open_fits(event_file(events), "events.fits")))
        works = {
            "1 s bins": lambda: extract(path, 1.0),
            "1 s bins, file read in pieces": lambda: extract(path, 1.0, whole=0),
            "1/128 s bins (460,800 of them)": lambda: extract(path, 2.0**-7),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded, *took = least(repeat, lambda: EventList.read(str(path), fmt="hea"), *works.values())
        for what, seconds in zip(works, took, strict=True):
            yield Row(f"{events} events: {what}", seconds, "s CPU", "stingray loads them", loaded, 10)
        yield Row(f"{events} events: memory", apart(alone, path), "MB", "allowed", 300, 1)


def alone(path: Path) -> float:
    """Return the memory of a process that makes them alone [MB]."""
    keep_freed_memory()
    extract(path, 2.0**-7)
    return peak()


if __name__ == "__main__":
    script(rows)
