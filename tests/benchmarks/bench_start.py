"""How long commands take from shell to shell, as a ratio to the import of numpy, which all of them need.

    python tests/benchmarks/bench_start.py [--repeat 9]

The task is `maketime` on a filter file of 6000 rows; `--help` is that of the command `rossi`. The least of all turns.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from rossi.fits.writer import Column, fits_bytes, primary_hdu, table_hdu


def filter_file(path: Path) -> None:
    """Write a filter file."""
    seconds = np.arange(0.0, 96000.0, 16.0)
    columns = [(Column("Time", "D", "s"), seconds), (Column("ELV", "D", "deg"), 30 * np.sin(seconds / 900))]
    table = table_hdu("XTE_PCA", columns, [("TIMEZERO", 0.0), ("TELESCOP", "XTE"), ("INSTRUME", "PCA")])
    path.write_bytes(fits_bytes(primary_hdu(), [table]))


def took(command: list[str]) -> float:
    """Return how long a command took [s]."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=9, help="turns")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        filter_file(Path(folder, "x.xfl"))
        rossi = [sys.executable, "-m", "flows.cli"]
        maketime = [f"infile={folder}/x.xfl", f"outfile=!{folder}/good.gti", "expr=ELV > 10", "time=Time"]
        commands = {
            "python, nothing": [sys.executable, "-c", "pass"],
            "import numpy": [sys.executable, "-c", "import numpy"],
            "import astropy.io.fits": [sys.executable, "-c", "import astropy.io.fits"],
            "rossi --help": [*rossi, "--help"],
            "rossi ftool maketime": [*rossi, "ftool", "maketime", *maketime],
        }
        turns = [[took(command) for command in commands.values()] for _ in range(arguments.repeat)]
    least = dict(zip(commands, map(min, zip(*turns, strict=True)), strict=True))
    for name, seconds in least.items():
        print(f"{name:<24} {seconds:6.3f} s   {seconds / least['import numpy']:5.2f} numpy")


if __name__ == "__main__":
    main()
