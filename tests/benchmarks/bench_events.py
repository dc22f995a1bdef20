"""How long a million events take to become a light curve and a spectrum, as a ratio to loading the file.

    python tests/benchmarks/bench_events.py [--repeat 10] [--python /path/to/python/with/stingray]

The reference is stingray's EventList.read of the same file. It is not installed with rossi; in a folder of its own

    python -m venv /tmp/stingray && /tmp/stingray/bin/pip install stingray

and give /tmp/stingray/bin/python as --python (by default this Python is tried). The file is made here: an hour of
E_125us_64M_0_1s words with PCUID and PHA decoded (stingray needs them), plain, on local disk. Both sides run in warm
processes; medians.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
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

START, LENGTH = 116417236.0, 3600.0
WORD = "(M[1]{1},D[0:4]{3},C[0:63]{6},T[0.0:0.0078125;0.0001220703125]{6})^(M[1]{8},S[LostEvents0]{8})"

#: What the other Python runs: the median of `repeat` loads after two to warm up.
STINGRAY = """
import statistics, sys, time, warnings
warnings.simplefilter("ignore")
from stingray import EventList
def load(path):
    start = time.perf_counter()
    assert len(EventList.read(path, fmt="hea").time)
    return time.perf_counter() - start
print(statistics.median([load(sys.argv[1]) for _ in range(int(sys.argv[2]) + 2)][2:]))
"""


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


def median(run: Callable[[], object], repeat: int) -> float:
    """Return the median time of a call after two to warm up [s]."""
    times = []
    for _ in range(repeat + 2):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--events", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.fits"
        path.write_bytes(decode_events(open_fits(event_file(arguments.events), "events.fits")))
        took = {
            "1 s bins": median(lambda: extract(path, 1.0), arguments.repeat),
            "1 s bins, file read in pieces": median(lambda: extract(path, 1.0, whole=0), arguments.repeat),
            "1/128 s bins (460 800 of them)": median(lambda: extract(path, 2.0**-7), arguments.repeat),
        }
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        command = [arguments.python, "-c", STINGRAY, str(path), str(arguments.repeat)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(f"{arguments.events} events; at most {memory:.0f} MB of memory, making the file included")
    if done.returncode:
        print("stingray can't be run by this Python; see --help. Times in seconds:")
    reference = 1.0 if done.returncode else float(done.stdout.split()[-1])
    for case, seconds in took.items():
        print(f"{case:36s} {seconds / reference:6.3f}")


if __name__ == "__main__":
    main()
