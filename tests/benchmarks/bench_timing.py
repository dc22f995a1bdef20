"""How long ten million events take: to the barycentre, into a screened list, into a fast light curve of two bands.

    python -m tests.benchmarks.bench_timing [--events 10000000] [--repeat 3]

The reference is reading the same event file into memory and converting its times and words. Events are GoodXenon's, of
an hour, made here; the orbit is a circle. Processor seconds, and the largest error of interpolated delays.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rossi.extract.events import CHUNK, ScienceEvents
from rossi.fits.declarations import EVENT_TIME, STDGTI
from rossi.fits.reader import read_fits
from rossi.fits.writer import fits_bytes, primary_hdu, table_hdu
from rossi.timing.barycentre import Barycentre, Direction, path_delay
from rossi.timing.choice import Wish, choose
from rossi.timing.ephemeris import de405
from rossi.timing.events import screened_events
from rossi.timing.fastcurve import fast_light_curve
from rossi.timing.modes import configuration, modes_of
from rossi.timing.orbit import Orbit
from rossi.timing.xenon_file import EVENT_WORD
from tests.benchmarks.table import Row, least, script

START, LENGTH = 203000000.0, 3600.0


def event_file(number: int) -> bytes:
    """Return an event file of merged GoodXenon."""
    random = np.random.default_rng(1)
    ticks = np.sort(random.integers(0, int(LENGTH) << 20, number))
    words = np.column_stack(
        [np.full(number, 0x80), random.integers(0, 2, number) * 64 + 1, random.integers(0, 200, number)]
    ).astype(np.uint8)
    cards = [("TSTART", START), ("TSTOP", START + LENGTH), ("TIMEZERO", 3.375), ("TIMEDEL", 2.0**-20)]
    cards += [("TIMESYS", "TT"), ("DATAMODE", "GoodXenon_2s")]
    events = table_hdu("XTE_SE", [(EVENT_TIME, START + ticks / 2**20), (EVENT_WORD, words)], cards)
    good = table_hdu("GTI", list(zip(STDGTI, ([START], [START + LENGTH]), strict=True)), cards)
    return fits_bytes(primary_hdu(), [events, good])


def circle() -> Orbit:
    """Return a circular orbit of 5770 s, a row a minute."""
    when = START - 600 + 60.0 * np.arange(100)
    phase = 2 * np.pi * (when - START) / 5770
    zero, radius = np.zeros(len(when)), 6.958e6
    place = radius * np.column_stack((np.cos(phase), np.sin(phase), zero))
    speed = radius * 2 * np.pi / 5770 * np.column_stack((-np.sin(phase), np.cos(phase), zero))
    return Orbit(("a circle",), when, place, speed, 63.0)


def rows(events: int = 10_000_000, repeat: int = 3) -> Iterator[Row]:
    """Return times, and the error of delays."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "gx.evt")
        path.write_bytes(event_file(events))

        def read() -> None:
            science = ScienceEvents.from_file(read_fits(path))
            for piece in science.pieces(CHUNK):
                science.times(piece)
                science.words(piece)

        science = ScienceEvents.from_file(read_fits(path))
        met = science.times(science.table)
        barycentre = Barycentre(Direction(83.63, 22.01), circle(), de405())
        modes = modes_of([configuration(read_fits(path).table().header, str(path))])
        bands = [choose(modes, Wish(2.0**-10, *band)) for band in ((0, 255), (5, 20))]
        works = {
            "to the barycentre": lambda: barycentre.delay(met),
            "a screened list": lambda: screened_events([science]),
            "a fast light curve, two bands of 1 ms": lambda: fast_light_curve(bands, read_fits),
        }
        whole, *took = least(repeat, read, *works.values(), warm=1)
        for what, seconds in zip(works, took, strict=True):
            yield Row(f"{events} events: {what}", seconds, "s CPU", "reading them", whole)
        some = met[:: max(1, len(met) // 20000)]
        exact = path_delay(some, circle().at(some), barycentre.direction.unit("ICRS"), de405())
        off = float(np.abs(barycentre.delay(some) - exact).max() * 1e9)
        yield Row("error of interpolated delays", off, "ns")


if __name__ == "__main__":
    script(rows)
