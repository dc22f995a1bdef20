"""Runs in a pod that may write to the archive: simulates it, and cuts the data of some observations in two."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path("/archive")


def main() -> None:
    """Simulate as many as the first argument says, poison as many as the second; prints the poisoned."""
    count, poisoned = map(int, sys.argv[1:])
    command = ["rossi", "simulate", "--out", str(ROOT), "--observations", str(count), "--seed", "5"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    folders = sorted(ROOT.glob("AO*/P*/*"))
    for folder in folders[:: len(folders) // poisoned][:poisoned]:
        data = min(folder.glob("pca/FS4a*"))
        data.write_bytes(data.read_bytes()[:20_000])
        print(folder.name)


main()
